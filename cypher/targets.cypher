// Theme: targets
// Title: Targets
// Question: How much is there for each target?
// Example: --release develop
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: target (text): the target
// Column: family (text): the root of its lattice, such as x86_64; empty if archspec has it not
// Column: vendor (text): its vendor; empty if archspec has it not
// Column: specs (integer): specs for it
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
RETURN t.name AS target, coalesce(t.family, '') AS family, coalesce(t.vendor, '') AS vendor,
       count(*) AS specs, count(DISTINCT s.name) AS packages
ORDER BY specs DESC, target
