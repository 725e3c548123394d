// Theme: packages
// Title: Biggest packages
// Question: Which packages have the most specs, and how widely are they built?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs
// Column: configurations (integer): distinct configurations among them
// Column: versions (integer): distinct versions
// Column: targets (integer): distinct targets
// Column: stacks (integer): stacks that hold one of these specs, in any release
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
RETURN s.name AS package, count(DISTINCT s.hash) AS specs,
       count(DISTINCT s.configuration) AS configurations, count(DISTINCT s.version) AS versions,
       count(DISTINCT t.name) AS targets, count(DISTINCT k.name) AS stacks
ORDER BY specs DESC, package
