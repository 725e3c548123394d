// Theme: targets
// Title: Unusable packages
// Question: Of which packages does the cache hold binaries, but none that runs on my machine?
// Example: --target neoverse_v1
// Told: Spec.in_buildcache by pages, indexes and mirrors
// Parameter: target (target): the machine's CPU, such as zen4: all that it can run counts
// Parameter: os (os, default ""): only this operating system, such as ubuntu22.04; any if empty
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs, none of which runs there
// Column: oss (list of text): the operating systems that they are built for
// Column: targets (list of text): the targets that they are built for
MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
WHERE s.in_buildcache
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
WITH s.name AS package, count(*) AS specs, collect(DISTINCT s.os) AS oss,
     collect(DISTINCT t.name) AS targets,
     sum(CASE WHEN t.name IN $target AND ($os = '' OR s.os = $os) THEN 1 ELSE 0 END) AS usable
WHERE usable = 0
RETURN package, specs, oss, targets
ORDER BY specs DESC, package
