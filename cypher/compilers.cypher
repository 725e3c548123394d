// Theme: compilers
// Title: Compilers
// Question: How much does each compiler build, and for which targets?
// Example: --release develop
// Order: specs desc, compiler
// Told: BUILT_WITH by indexes, lock files, spec files and some pages
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: compiler (compiler): the compiler
// Column: specs (integer): specs that it built
// Column: packages (integer): distinct packages among them
// Column: oss (list of text): operating systems
// Column: targets (list of text): targets
MATCH (c:Compiler)<-[:BUILT_WITH]-(s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
RETURN c.spec AS compiler, count(*) AS specs, count(DISTINCT s.name) AS packages,
       collect(DISTINCT s.os) AS oss, collect(DISTINCT t.name) AS targets
ORDER BY specs DESC, compiler
