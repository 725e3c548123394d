// Theme: health
// Title: Dangling dependencies
// Question: What is needed that no index, lock file or spec file describes?
// Example: --limit 10
// Column: hash (text): hash of the spec that is only named
// Column: package (text): its package
// Column: needed_by (integer): specs that need it themselves
MATCH (s:Spec)-[:DEPENDS_ON|SPLICED_FROM]->(d:Spec)
WHERE d.version IS NULL
RETURN d.hash AS hash, d.name AS package, count(DISTINCT s.hash) AS needed_by
ORDER BY needed_by DESC, hash
