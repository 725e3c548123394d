// Theme: targets
// Title: Orphan targets
// Question: For which targets do other releases have binaries, but this one has none?
// Example: --release 2026-10
// Parameter: release (release): the release, such as develop
// Column: target (text): the target
// Column: specs (integer): specs of other releases for it
// Column: packages (integer): distinct packages among them
// Column: releases (list of text): the releases that have them
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
WITH t.name AS target, count(DISTINCT s.hash) AS specs, count(DISTINCT s.name) AS packages,
     collect(DISTINCT r.name) AS releases,
     sum(CASE WHEN r.name = $release THEN 1 ELSE 0 END) AS here
WHERE here = 0
RETURN target, specs, packages, releases
ORDER BY specs DESC, target
