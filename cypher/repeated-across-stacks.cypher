// Theme: builds
// Title: Configurations that stacks repeat
// Question: Which configurations are built more than once, for more than one stack?
// Example: --limit 10
// Order: specs desc, package, version, configuration
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: configuration (text): digest that the specs share
// Column: package (text): the package
// Column: version (version): its version
// Column: specs (integer): specs of this configuration
// Column: stacks (list of text): stacks that hold one of them
MATCH (s:Spec)-[x:IN_STACK]->(k:Stack)
WHERE $release = '' OR $release IN x.releases
WITH s.configuration AS configuration, s.name AS package, s.version AS version,
     count(DISTINCT s.hash) AS specs, count(DISTINCT k.name) AS holders,
     collect(DISTINCT k.name) AS stacks
WHERE specs > 1 AND holders > 1
RETURN configuration, package, version, specs, stacks
ORDER BY specs DESC, package, version, configuration
