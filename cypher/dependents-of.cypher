// Theme: dependencies
// Title: Dependents of a package
// Question: What needs a package directly, or a version of it, and where is that held?
// Example: --package zlib-ng --version 2.2.5
// Parameter: package (spec): the package that is needed, or a spec of it such as zlib-ng@2.2:
// Parameter: version (version, default ""): only this version of it; any if empty
// Column: dependent (text): the package that needs it
// Column: specs (integer): its specs that do
// Column: needs (list of versions): the versions that they need
// Column: stacks (list of text): stacks that hold one of these specs
// Column: releases (list of text): releases that hold one of them
MATCH (s:Spec)-[:DEPENDS_ON]->(o:Spec {name: $package})
WHERE (size($hashes) = 0 OR o.hash IN $hashes)
  AND ($version = '' OR o.version = $version)
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
RETURN s.name AS dependent, count(DISTINCT s.hash) AS specs,
       collect(DISTINCT o.version) AS needs, collect(DISTINCT k.name) AS stacks,
       collect(DISTINCT r.name) AS releases
ORDER BY specs DESC, dependent
