// Theme: targets
// Title: Usable packages
// Question: Of which packages does the cache hold a binary that runs on my machine?
// Example: --target zen2 --os ubuntu22.04
// Told: Spec.in_buildcache by pages, indexes and mirrors
// Parameter: target (target): the machine's CPU, such as zen4: all that it can run counts
// Parameter: os (os, default ""): only this operating system, such as ubuntu22.04; any if empty
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): specs that run there
// Column: versions (list of versions): their versions
// Column: targets (list of text): the targets that they are built for
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE s.in_buildcache AND t.name IN $target AND ($os = '' OR s.os = $os)
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
RETURN s.name AS package, count(*) AS specs, collect(DISTINCT s.version) AS versions,
       collect(DISTINCT t.name) AS targets
ORDER BY package
