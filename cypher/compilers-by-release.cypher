// Theme: compilers
// Title: Compilers by release
// Question: Which compilers does each release use, and how much is built by each?
// Example: --limit 10
// Order: release, specs desc, compiler
// Column: release (text): the release
// Column: compiler (compiler): the compiler; empty where no source says
// Column: specs (integer): specs of the release that it built
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[:IN_RELEASE]->(r:Release)
OPTIONAL MATCH (s)-[:BUILT_WITH]->(c:Compiler)
RETURN r.name AS release, coalesce(c.spec, '') AS compiler, count(*) AS specs,
       count(DISTINCT s.name) AS packages
ORDER BY release, specs DESC, compiler
