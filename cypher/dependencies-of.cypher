// Theme: dependencies
// Title: Dependencies of a package
// Question: What does a package need directly, in which versions and what for?
// Example: --package hdf5
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: dependency (text): the package that is needed
// Column: versions (list of versions): its versions
// Column: specs (integer): specs of the package that need it
// Column: build (integer): those of them that need it to build
// Column: link (integer): those that link with it
// Column: run (integer): those that need it to run
MATCH (s:Spec {name: $package})-[d:DEPENDS_ON]->(o:Spec)
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
RETURN o.name AS dependency, collect(DISTINCT o.version) AS versions,
       count(DISTINCT s.hash) AS specs,
       count(DISTINCT CASE WHEN 'build' IN d.types THEN s.hash ELSE null END) AS build,
       count(DISTINCT CASE WHEN 'link' IN d.types THEN s.hash ELSE null END) AS link,
       count(DISTINCT CASE WHEN 'run' IN d.types THEN s.hash ELSE null END) AS run
ORDER BY specs DESC, dependency
