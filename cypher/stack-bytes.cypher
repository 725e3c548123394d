// Theme: stacks
// Title: Bytes of each stack
// Question: How much space do the binaries of each stack take?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): the stack
// Column: specs (integer): its specs that the cache may hold
// Column: unknown (integer): specs among them of which the size is not known
// Column: bytes (integer): bytes of their binaries; null if no size is known
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE coalesce(s.in_buildcache, true) AND NOT coalesce(s.external, false)
  AND ($release = '' OR $release IN x.releases)
WITH k.name AS stack, count(*) AS specs, count(s.size) AS sized, sum(s.size) AS taken
RETURN stack, specs, specs - sized AS unknown, CASE WHEN sized > 0 THEN taken END AS bytes
ORDER BY coalesce(bytes, -1) DESC, stack
