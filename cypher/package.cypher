// Theme: packages
// Title: All about a package
// Question: Which versions of a package does each release hold, built how, and for whom?
// Example: --package rocblas
// Order: release, version
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Column: release (text): release, empty for specs that are in none
// Column: version (version): version of the package
// Column: specs (integer): specs
// Column: configurations (integer): distinct configurations among them
// Column: oss (list of text): operating systems
// Column: targets (list of text): targets
// Column: compilers (list of compilers): compilers, where a source says
// Column: stacks (list of text): stacks that hold a spec of this version, in any release
MATCH (s:Spec {name: $package})-[:FOR_TARGET]->(t:Target)
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
OPTIONAL MATCH (s)-[:BUILT_WITH]->(c:Compiler)
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
RETURN coalesce(r.name, '') AS release, s.version AS version,
       count(DISTINCT s.hash) AS specs, count(DISTINCT s.configuration) AS configurations,
       collect(DISTINCT s.os) AS oss, collect(DISTINCT t.name) AS targets,
       collect(DISTINCT c.spec) AS compilers, collect(DISTINCT k.name) AS stacks
ORDER BY release, version
