// Theme: stacks
// Title: Packages of a single stack
// Question: Which packages does only one stack build?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: stack (text): the only stack that has it
// Column: specs (integer): its specs there
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
WITH s.name AS package, count(DISTINCT k.name) AS stacks, min(k.name) AS stack, count(*) AS specs
WHERE stacks = 1
RETURN package, stack, specs
ORDER BY specs DESC, package
