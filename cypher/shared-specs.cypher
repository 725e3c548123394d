// Theme: builds
// Title: Specs that stacks share
// Question: Which specs do several stacks share, so that one build serves them all?
// Example: --limit 10
// Order: stacks desc, package, version, hash
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: hash (text): hash of the spec
// Column: package (text): its package
// Column: version (version): its version
// Column: stacks (integer): number of stacks that hold it
// Column: names (list of text): the stacks
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
WITH s.hash AS hash, s.name AS package, s.version AS version, count(*) AS stacks,
     collect(k.name) AS names
WHERE stacks > 1
RETURN hash, package, version, stacks, names
ORDER BY stacks DESC, package, version, hash
