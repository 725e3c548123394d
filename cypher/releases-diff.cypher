// Theme: releases
// Title: What changed between two releases
// Question: Which packages were added, removed or rebuilt from one release to another?
// Example: --old 2026-09 --new 2026-10
// Parameter: old (release): the earlier release
// Parameter: new (release): the later release
// Column: package (text): a package of which something changed
// Column: added (integer): specs of the new release in configurations that the old one lacks
// Column: removed (integer): specs of the old release in configurations that the new one lacks
// Column: rebuilt (integer): specs only the new release has, in configurations that both have
// Column: kept (integer): specs that both hold
MATCH (s:Spec)-[:IN_RELEASE]->(r:Release)
WHERE r.name = $old OR r.name = $new
WITH s.name AS package, s.configuration AS configuration, s.hash AS hash,
     max(CASE WHEN r.name = $old THEN 1 ELSE 0 END) AS in_old,
     max(CASE WHEN r.name = $new THEN 1 ELSE 0 END) AS in_new
WITH package, configuration, sum(in_old) AS olds, sum(in_new) AS news,
     sum(in_old * in_new) AS both
WITH package, sum(CASE WHEN olds = 0 THEN news ELSE 0 END) AS added,
     sum(CASE WHEN news = 0 THEN olds ELSE 0 END) AS removed,
     sum(CASE WHEN olds > 0 THEN news - both ELSE 0 END) AS rebuilt, sum(both) AS kept
WHERE added > 0 OR removed > 0 OR rebuilt > 0
RETURN package, added, removed, rebuilt, kept
ORDER BY package
