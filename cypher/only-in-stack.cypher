// Theme: stacks
// Title: Only in a stack
// Question: Which specs would be gone from the cache if this stack were dropped?
// Example: --stack e4s
// Parameter: stack (stack): the stack
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): specs that no other stack holds
// Column: versions (list of versions): their versions
MATCH (s:Spec)-[x:IN_STACK]->(:Stack {name: $stack})
WHERE $release = '' OR $release IN x.releases
OPTIONAL MATCH (s)-[y:IN_STACK]->(o:Stack)
WHERE o.name <> $stack AND ($release = '' OR $release IN y.releases)
WITH s.name AS package, s.version AS version, s.hash AS hash, count(o) AS others
WHERE others = 0
RETURN package, count(*) AS specs, collect(DISTINCT version) AS versions
ORDER BY specs DESC, package
