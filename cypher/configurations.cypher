// Theme: builds
// Title: Configurations of a package
// Question: In which distinct configurations is a package built, and which specs repeat each?
// Example: --package rocblas
// Order: specs desc, configuration, compiler
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: configuration (text): digest of what the columns up to `variants` show
// Column: version (version): version of the package
// Column: platform (text): platform
// Column: os (text): operating system
// Column: target (text): target
// Column: compiler (compiler): compiler, empty where no source says
// Column: variants (list of text): variants
// Column: specs (integer): specs of this configuration
// Column: hashes (list of text): their hashes
MATCH (s:Spec {name: $package})-[:FOR_TARGET]->(t:Target)
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
OPTIONAL MATCH (s)-[:BUILT_WITH]->(c:Compiler)
WITH s.configuration AS configuration, s.version AS version, s.platform AS platform, s.os AS os,
     t.name AS target, coalesce(c.spec, '') AS compiler, s.variants AS variants, s.hash AS hash
RETURN configuration, version, platform, os, target, compiler, variants,
       count(DISTINCT hash) AS specs, collect(DISTINCT hash) AS hashes
ORDER BY specs DESC, configuration, compiler
