// Theme: builds
// Title: Bytes of each package
// Question: How much space does each package take, and how much of it is repeated builds?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs of which the size is known
// Column: bytes (integer): bytes of their binaries
// Column: repeated (integer): bytes beyond the largest binary of each configuration
MATCH (s:Spec)
WHERE s.size IS NOT NULL
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
WITH s.name AS package, s.configuration AS configuration, count(*) AS builds,
     sum(s.size) AS taken, max(s.size) AS largest
RETURN package, sum(builds) AS specs, sum(taken) AS bytes, sum(taken - largest) AS repeated
ORDER BY bytes DESC, package
