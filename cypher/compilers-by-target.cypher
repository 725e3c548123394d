// Theme: compilers
// Title: Compilers by target
// Question: Which compilers build for which targets?
// Example: --release develop
// Order: target, specs desc, compiler
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: target (text): the target
// Column: compiler (compiler): the compiler; empty where no source says
// Column: specs (integer): specs built so
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
OPTIONAL MATCH (s)-[:BUILT_WITH]->(c:Compiler)
RETURN t.name AS target, coalesce(c.spec, '') AS compiler,
       count(DISTINCT s.hash) AS specs, count(DISTINCT s.name) AS packages
ORDER BY target, specs DESC, compiler
