// Theme: packages
// Title: Package repositories
// Question: Which package repositories do the specs come from?
// Example: --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: namespace (text): the repository's namespace; empty where no source says
// Column: specs (integer): specs from it
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)
WHERE s.version IS NOT NULL
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
RETURN coalesce(s.namespace, '') AS namespace, count(*) AS specs,
       count(DISTINCT s.name) AS packages
ORDER BY specs DESC, namespace
