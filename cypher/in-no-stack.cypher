// Theme: health
// Title: In no stack
// Question: Which specs does the cache hold that are in no stack, and that none in a stack is spliced from?
// Example: --limit 10
// Order: package, version, hash
// Told: Spec.in_buildcache by pages, indexes and mirrors
// Column: hash (text): hash of the spec
// Column: package (text): its package
// Column: version (version): its version
// Column: releases (list of text): releases that hold it all the same
MATCH (s:Spec {in_buildcache: true})
WHERE NOT EXISTS { MATCH (s)-[:IN_STACK]->(:Stack) }
  AND NOT EXISTS { MATCH (s)<-[:SPLICED_FROM]-(:Spec)-[:IN_STACK]->(:Stack) }
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
RETURN s.hash AS hash, s.name AS package, s.version AS version,
       collect(DISTINCT r.name) AS releases
ORDER BY package, version, hash
