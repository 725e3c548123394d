// Theme: releases
// Title: Releases
// Question: How much is in each release?
// Example: --limit 10
// Column: release (text): the release
// Column: date (text): YYYY-MM-DD, empty where its name has none
// Column: specs (integer): its specs
// Column: packages (integer): distinct packages among them
// Column: configurations (integer): distinct configurations among them
// Column: targets (integer): distinct targets
MATCH (t:Target)<-[:FOR_TARGET]-(s:Spec)-[:IN_RELEASE]->(r:Release)
RETURN r.name AS release, coalesce(r.date, '') AS date, count(*) AS specs,
       count(DISTINCT s.name) AS packages, count(DISTINCT s.configuration) AS configurations,
       count(DISTINCT t.name) AS targets
ORDER BY release
