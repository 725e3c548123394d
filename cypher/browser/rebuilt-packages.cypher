//Packages by the specs that their configurations do not need (a table)
MATCH (s:Spec)
WITH s.name AS package, count(*) AS specs, count(DISTINCT s.configuration) AS configurations
RETURN package, specs, configurations, specs - configurations AS redundant
ORDER BY redundant DESC, package LIMIT 25
