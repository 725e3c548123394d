// Theme: dependencies
// Title: Several versions in one stack
// Question: Which packages do the specs of one stack link with or run in several versions?
// Example: --stack io
// Parameter: stack (stack, default ""): only this stack; each of them if empty
// Column: stack (text): the stack
// Column: package (text): the package that is needed in several versions
// Column: versions (list of versions): the versions
// Column: uses (integer): how often a spec of the stack needs one of them
MATCH (k:Stack)<-[:IN_STACK]-(s:Spec)-[d:DEPENDS_ON]->(o:Spec)
WHERE ($stack = '' OR k.name = $stack) AND ('link' IN d.types OR 'run' IN d.types)
WITH k.name AS stack, o.name AS package, o.version AS version, count(*) AS times
WITH stack, package, count(version) AS different, collect(version) AS versions,
     sum(times) AS uses
WHERE different > 1
RETURN stack, package, versions, uses
ORDER BY stack, uses DESC, package
