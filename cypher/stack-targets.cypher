// Theme: stacks
// Title: Stacks by target
// Question: For which operating systems and targets does each stack build, and how much?
// Example: --release develop
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: stack (text): the stack
// Column: os (text): operating system
// Column: target (text): target
// Column: specs (integer): specs of the stack for them
// Column: packages (integer): distinct packages among them
MATCH (t:Target)<-[:FOR_TARGET]-(s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
RETURN k.name AS stack, s.os AS os, t.name AS target, count(*) AS specs,
       count(DISTINCT s.name) AS packages
ORDER BY stack, specs DESC, os, target
