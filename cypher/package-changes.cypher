// Theme: releases
// Title: Packages that came and went
// Question: Which packages are new in a release, and which are gone, by an earlier one?
// Example: --old 2026-10 --new develop
// Parameter: old (release): the earlier release
// Parameter: new (release): the later release
// Column: package (text): the package
// Column: change (text): new or gone
// Column: specs (integer): its specs in the release that has it
MATCH (s:Spec)-[:IN_RELEASE]->(r:Release)
WHERE r.name = $old OR r.name = $new
WITH s.name AS package, sum(CASE WHEN r.name = $old THEN 1 ELSE 0 END) AS olds,
     sum(CASE WHEN r.name = $new THEN 1 ELSE 0 END) AS news
WHERE olds = 0 OR news = 0
RETURN package, CASE WHEN olds = 0 THEN 'new' ELSE 'gone' END AS change, olds + news AS specs
ORDER BY change DESC, package
