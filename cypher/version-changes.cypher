// Theme: releases
// Title: Versions that changed
// Question: Which packages moved to other versions from one release to another?
// Example: --old 2026-09 --new 2026-10
// Parameter: old (release): the earlier release
// Parameter: new (release): the later release
// Column: package (text): a package of both releases, of which some version differs
// Column: gone (list of versions): versions that only the old release has
// Column: kept (list of versions): versions that both have
// Column: come (list of versions): versions that only the new release has
MATCH (s:Spec)-[:IN_RELEASE]->(r:Release)
WHERE r.name = $old OR r.name = $new
WITH s.name AS package, s.version AS version,
     sum(CASE WHEN r.name = $old THEN 1 ELSE 0 END) AS olds,
     sum(CASE WHEN r.name = $new THEN 1 ELSE 0 END) AS news
WITH package, sum(olds) AS before, sum(news) AS since,
     collect(CASE WHEN news = 0 THEN version ELSE null END) AS gone,
     collect(CASE WHEN olds > 0 AND news > 0 THEN version ELSE null END) AS kept,
     collect(CASE WHEN olds = 0 THEN version ELSE null END) AS come
WHERE before > 0 AND since > 0 AND (size(gone) > 0 OR size(come) > 0)
RETURN package, gone, kept, come
ORDER BY package
