// Theme: health
// Title: Left behind
// Question: Which packages do other releases hold, but this one does not?
// Example: --release develop
// Parameter: release (release): the release, such as develop
// Column: package (text): the package
// Column: specs (integer): its specs in other releases
// Column: releases (list of text): the releases that hold it
MATCH (s:Spec)-[:IN_RELEASE]->(r:Release)
WITH s.name AS package, count(DISTINCT s.hash) AS specs, collect(DISTINCT r.name) AS releases,
     sum(CASE WHEN r.name = $release THEN 1 ELSE 0 END) AS here
WHERE here = 0
RETURN package, specs, releases
ORDER BY specs DESC, package
