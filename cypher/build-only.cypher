// Theme: dependencies
// Title: Needed only to build
// Question: Which packages are needed only to build or test others, never to link or run?
// Example: --limit 10
// Told: DEPENDS_ON.types by indexes, lock files and spec files
// Column: package (text): the package
// Column: specs (integer): its specs that are needed
// Column: uses (integer): how often a spec needs one of them
MATCH (:Spec)-[d:DEPENDS_ON]->(o:Spec)
// By the node and not by its properties, which takes half of the time.
WITH o, count(*) AS times,
     sum(CASE WHEN d.types IS NULL OR 'link' IN d.types OR 'run' IN d.types
              THEN 1 ELSE 0 END) AS lasting
WITH o.name AS package, count(*) AS specs, sum(times) AS uses, sum(lasting) AS lasting
WHERE lasting = 0
RETURN package, specs, uses
ORDER BY uses DESC, package
