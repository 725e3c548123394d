// Theme: releases
// Title: Lifetimes of specs
// Question: Through how many releases are specs kept?
// Example: --limit 10
// Column: releases (integer): number of releases
// Column: specs (integer): specs that so many releases hold
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[:IN_RELEASE]->(:Release)
WITH s.hash AS hash, s.name AS package, count(*) AS releases
RETURN releases, count(*) AS specs, count(DISTINCT package) AS packages
ORDER BY releases
