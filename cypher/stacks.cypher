// Theme: stacks
// Title: Stacks
// Question: How much is in each stack?
// Example: --release develop
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): the stack
// Column: specs (integer): its specs
// Column: packages (integer): distinct packages among them
// Column: configurations (integer): distinct configurations among them
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
RETURN k.name AS stack, count(*) AS specs, count(DISTINCT s.name) AS packages,
       count(DISTINCT s.configuration) AS configurations
ORDER BY specs DESC, stack
