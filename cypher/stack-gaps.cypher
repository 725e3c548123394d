// Theme: stacks
// Title: Stacks that the cache holds in part
// Question: Of which stacks is not all known to be held by the cache, and how much is missing?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): a stack of which something is missing, or may be
// Column: specs (integer): its specs, but for external ones
// Column: held (integer): specs of which the cache holds a binary
// Column: missing (integer): specs of which it holds none
// Column: unknown (integer): the others, of which no source says whether it holds one
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE NOT coalesce(s.external, false) AND ($release = '' OR $release IN x.releases)
WITH k.name AS stack, count(*) AS specs,
     sum(CASE WHEN s.in_buildcache THEN 1 ELSE 0 END) AS held, count(s.in_buildcache) AS known
WHERE held < specs
RETURN stack, specs, held, known - held AS missing, specs - known AS unknown
ORDER BY missing DESC, unknown DESC, stack
