// Theme: packages
// Title: Packages by a part of the name
// Question: Which packages have these letters in their name?
// Example: --part py-
// Parameter: part (text): what the name contains; all packages if empty
// Column: package (text): the package
// Column: specs (integer): its specs
// Column: versions (list of versions): their versions
// Column: releases (list of text): releases that hold one of them
MATCH (s:Spec)
WHERE $part = '' OR s.name CONTAINS $part
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
RETURN s.name AS package, count(DISTINCT s.hash) AS specs,
       collect(DISTINCT s.version) AS versions, collect(DISTINCT r.name) AS releases
ORDER BY package
