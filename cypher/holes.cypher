// Theme: health
// Title: Holes
// Question: What do specs of the cache need that the cache does not hold?
// Example: --limit 10
// Order: needed_by desc, package, version, hash
// Told: Spec.in_buildcache by pages, indexes and mirrors
// Column: hash (text): hash of the spec that is missing
// Column: package (text): its package
// Column: version (version): its version
// Column: needed_by (integer): specs of the cache that need it themselves
// Column: stacks (integer): stacks that hold one of these specs, in any release
MATCH (s:Spec {in_buildcache: true})-[:DEPENDS_ON|SPLICED_FROM]->(d:Spec {in_buildcache: false})
WHERE NOT coalesce(d.external, false)
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
RETURN d.hash AS hash, d.name AS package, d.version AS version, count(DISTINCT s.hash) AS needed_by,
       count(DISTINCT k.name) AS stacks
ORDER BY needed_by DESC, package, version, hash
