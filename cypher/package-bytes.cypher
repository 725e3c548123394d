// Theme: builds
// Title: Bytes of each package
// Question: How much space does each package take, and how much of it is repeated builds?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs that the cache may hold
// Column: unknown (integer): specs among them of which the size is not known
// Column: bytes (integer): bytes of their binaries; null if no size is known
// Column: repeated (integer): bytes beyond the largest of each configuration; null if no size is known
MATCH (s:Spec)
WHERE s.version IS NOT NULL AND coalesce(s.in_buildcache, true) AND NOT coalesce(s.external, false)
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
WITH s.name AS package, s.configuration AS configuration, count(*) AS builds,
     count(s.size) AS sized, sum(s.size) AS taken, max(s.size) AS largest
WITH package, sum(builds) AS specs, sum(sized) AS sized, sum(taken) AS taken,
     sum(coalesce(taken, 0) - coalesce(largest, 0)) AS beyond
RETURN package, specs, specs - sized AS unknown,
       CASE WHEN sized > 0 THEN taken END AS bytes, CASE WHEN sized > 0 THEN beyond END AS repeated
ORDER BY coalesce(bytes, -1) DESC, package
