// Theme: dependencies
// Title: Where a package is held
// Question: Which stacks hold a package or a spec of it, in which release and for which target, and how much has it in it?
// Example: --package curl
// Told: DEPENDS_ON.types by indexes, lock files and spec files
// Parameter: package (spec): the package, or a spec of it such as openssl@=3.4.4,=3.6.1, as an advisory means it
// Column: stack (text): the stack
// Column: release (text): the release; empty where the stack is in none
// Column: target (text): the target that the specs are for
// Column: versions (list of versions): the versions of the specs
// Column: specs (integer): the specs
// Column: needed_by (integer): specs anywhere that need one of them themselves, to be linked or run
MATCH (s:Spec {name: $package})-[i:IN_STACK]->(k:Stack), (s)-[:FOR_TARGET]->(t:Target)
WHERE size($hashes) = 0 OR s.hash IN $hashes
WITH s, k, t, CASE WHEN size(i.releases) = 0 THEN [''] ELSE i.releases END AS releases
UNWIND releases AS release
OPTIONAL MATCH (d:Spec)-[e:DEPENDS_ON]->(s)
WHERE any(type IN e.types WHERE type = 'link' OR type = 'run')
RETURN k.name AS stack, release, t.name AS target, collect(DISTINCT s.version) AS versions,
       count(DISTINCT s.hash) AS specs, count(DISTINCT d.hash) AS needed_by
ORDER BY stack, release, target
