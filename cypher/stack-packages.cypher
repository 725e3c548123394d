// Theme: stacks
// Title: Packages of a stack
// Question: What does a stack hold, in which versions and for which targets?
// Example: --stack e4s
// Parameter: stack (stack): the stack
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs in the stack
// Column: configurations (integer): distinct configurations among them
// Column: versions (list of versions): their versions
// Column: targets (list of text): their targets
MATCH (t:Target)<-[:FOR_TARGET]-(s:Spec)-[x:IN_STACK]->(:Stack {name: $stack})
WHERE $release = '' OR $release IN x.releases
RETURN s.name AS package, count(*) AS specs, count(DISTINCT s.configuration) AS configurations,
       collect(DISTINCT s.version) AS versions, collect(DISTINCT t.name) AS targets
ORDER BY package
