// Theme: targets
// Title: Platforms
// Question: For which operating systems and targets is there something, and how much?
// Example: --release develop
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: platform (text): platform
// Column: os (text): operating system
// Column: target (text): target
// Column: specs (integer): specs for them
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
RETURN s.platform AS platform, s.os AS os, t.name AS target, count(*) AS specs,
       count(DISTINCT s.name) AS packages
ORDER BY specs DESC, platform, os, target
