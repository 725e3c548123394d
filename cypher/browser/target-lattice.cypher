//The targets: an arrow leads to what a CPU runs too
MATCH (t:Target)-[e:EXTENDS]->(u:Target)
RETURN t, e, u
