// Theme: builds
// Title: Redundant builds
// Question: Which packages are built again and again in the same configuration?
// Example: --release develop --limit 10
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: package (text): the package
// Column: specs (integer): its specs
// Column: configurations (integer): distinct configurations among them
// Column: redundant (integer): specs that repeat a configuration: specs - configurations
// Column: most (integer): specs of the configuration that is repeated most
MATCH (s:Spec)
WHERE s.version IS NOT NULL
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
WITH s.name AS package, s.configuration AS configuration, count(*) AS builds
WITH package, sum(builds) AS specs, count(*) AS configurations, max(builds) AS most
WHERE specs > configurations
RETURN package, specs, configurations, specs - configurations AS redundant, most
ORDER BY redundant DESC, package
