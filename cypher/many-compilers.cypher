// Theme: compilers
// Title: Packages of several compilers
// Question: Which packages are built with more than one compiler, or versions of one?
// Example: --limit 10
// Told: BUILT_WITH by indexes, lock files, spec files and some pages
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: compilers (integer): number of compilers
// Column: specs (integer): specs of which the compiler is known
// Column: names (list of compilers): the compilers
MATCH (s:Spec)-[:BUILT_WITH]->(c:Compiler)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
WITH s.name AS package, count(DISTINCT c.spec) AS compilers, count(DISTINCT s.hash) AS specs,
     collect(DISTINCT c.spec) AS names
WHERE compilers > 1
RETURN package, compilers, specs, names
ORDER BY compilers DESC, specs DESC, package
