// Theme: dependencies
// Title: Most needed packages
// Question: Which packages do most others need directly?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package that is needed
// Column: dependents (integer): packages that need it
// Column: uses (integer): how often a spec of theirs needs one of it
MATCH (s:Spec)-[:DEPENDS_ON]->(o:Spec)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
WITH o.name AS package, s.name AS dependent, count(*) AS times
RETURN package, count(*) AS dependents, sum(times) AS uses
ORDER BY dependents DESC, uses DESC, package
