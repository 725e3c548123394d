// Theme: health
// Title: Compiler not known
// Question: Of which packages is the compiler known for some specs, and not for others?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs
// Column: unknown (integer): specs of which no source says the compiler
MATCH (s:Spec)
WHERE s.version IS NOT NULL
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
OPTIONAL MATCH (s)-[b:BUILT_WITH]->(:Compiler)
WITH s.name AS package, s.hash AS hash, count(b) AS compilers
WITH package, count(*) AS specs, sum(CASE WHEN compilers = 0 THEN 1 ELSE 0 END) AS unknown
WHERE unknown > 0 AND unknown < specs
RETURN package, specs, unknown
ORDER BY unknown DESC, package
