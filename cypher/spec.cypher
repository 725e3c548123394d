// Theme: builds
// Title: All about a spec
// Question: What is this hash, and where is it?
// Example: --hash /27m4hfs
// Parameter: hash (hash): the hash, or its beginning, such as /27m4hfs or zlib@1.2/27m
// Column: hash (text): the whole hash
// Column: package (text): the package
// Column: version (version): version of the package
// Column: platform (text): platform
// Column: os (text): operating system
// Column: target (text): target
// Column: compilers (list of compilers): compilers, where a source says
// Column: variants (list of text): variants
// Column: configuration (text): digest that specs of the same configuration share
// Column: same (integer): specs of the same configuration, this one among them
// Column: stacks (list of text): stacks that hold it
// Column: releases (list of text): releases that hold it
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE s.hash STARTS WITH $hash
MATCH (twin:Spec)
WHERE twin.configuration = s.configuration
WITH s, t.name AS target, count(*) AS same
OPTIONAL MATCH (s)-[:BUILT_WITH]->(c:Compiler)
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
RETURN s.hash AS hash, s.name AS package, s.version AS version, s.platform AS platform,
       s.os AS os, target, collect(DISTINCT c.spec) AS compilers, s.variants AS variants,
       s.configuration AS configuration, same, collect(DISTINCT k.name) AS stacks,
       collect(DISTINCT r.name) AS releases
ORDER BY hash
