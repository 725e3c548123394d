// Theme: dependencies
// Title: External packages
// Question: What comes from the system rather than from Spack, and what needs it?
// Example: --limit 10
// Order: needed_by desc, package, version
// Told: Spec.external by indexes, lock files and spec files
// Column: package (text): the package
// Column: version (version): its version
// Column: specs (integer): specs of it that are external
// Column: needed_by (integer): specs that need one of them directly
MATCH (o:Spec {external: true})
OPTIONAL MATCH (s:Spec)-[:DEPENDS_ON]->(o)
RETURN o.name AS package, o.version AS version, count(DISTINCT o.hash) AS specs,
       count(DISTINCT s.hash) AS needed_by
ORDER BY needed_by DESC, package, version
