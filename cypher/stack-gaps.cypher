// Theme: stacks
// Title: Stacks that the cache holds in part
// Question: Of which stacks does the cache not hold all, and how much is missing?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): a stack of which something is missing
// Column: specs (integer): its specs, but for external ones
// Column: held (integer): specs of which the cache holds a binary
// Column: missing (integer): the others
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE NOT coalesce(s.external, false) AND ($release = '' OR $release IN x.releases)
WITH k.name AS stack, count(*) AS specs,
     sum(CASE WHEN s.in_buildcache THEN 1 ELSE 0 END) AS held
WHERE held < specs
RETURN stack, specs, held, specs - held AS missing
ORDER BY missing DESC, stack
