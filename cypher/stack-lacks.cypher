// Theme: stacks
// Title: Packages that another stack lacks
// Question: Which packages of one stack does another stack not have?
// Example: --stack io --other tools
// Parameter: stack (stack): the stack that has them
// Parameter: other (stack): the stack that lacks them
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs in the stack that has it
// Column: versions (list of versions): their versions
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE (k.name = $stack OR k.name = $other) AND ($release = '' OR $release IN x.releases)
WITH s.name AS package, sum(CASE WHEN k.name = $stack THEN 1 ELSE 0 END) AS specs,
     sum(CASE WHEN k.name = $other THEN 1 ELSE 0 END) AS others,
     collect(DISTINCT s.version) AS versions
WHERE others = 0
RETURN package, specs, versions
ORDER BY specs DESC, package
