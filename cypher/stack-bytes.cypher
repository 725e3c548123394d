// Theme: stacks
// Title: Bytes of each stack
// Question: How much space do the binaries of each stack take?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): a stack of which at least one size is known
// Column: specs (integer): its specs
// Column: sized (integer): specs of which the size is known
// Column: bytes (integer): bytes of their binaries
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
WITH k.name AS stack, count(*) AS specs, count(s.size) AS sized, sum(s.size) AS bytes
WHERE sized > 0
RETURN stack, specs, sized, bytes
ORDER BY bytes DESC, stack
