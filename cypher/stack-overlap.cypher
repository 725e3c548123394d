// Theme: stacks
// Title: Stack overlap
// Question: Which stacks share specs, so that a change in one is felt in the other?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): one stack
// Column: other (text): another stack
// Column: shared (integer): specs that both hold
// Column: packages (integer): distinct packages among the shared specs
MATCH (k:Stack)<-[x:IN_STACK]-(s:Spec)-[y:IN_STACK]->(o:Stack)
WHERE k.name < o.name AND ($release = '' OR ($release IN x.releases AND $release IN y.releases))
RETURN k.name AS stack, o.name AS other, count(*) AS shared, count(DISTINCT s.name) AS packages
ORDER BY shared DESC, stack, other
