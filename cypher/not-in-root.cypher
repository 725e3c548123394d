// Theme: health
// Title: Not in root
// Question: Which stacks have specs that the union index of their release does not list?
// Example: --limit 10
// Told: IN_RELEASE.root by pages of 2023 and later
// Column: release (text): the release
// Column: stack (text): the stack
// Column: specs (integer): specs of the stack in this release that `root` misses
MATCH (r:Release)<-[i:IN_RELEASE]-(s:Spec)-[m:IN_STACK]->(k:Stack)
WHERE i.root = false AND r.name IN m.releases
RETURN r.name AS release, k.name AS stack, count(DISTINCT s.hash) AS specs
ORDER BY specs DESC, release, stack
