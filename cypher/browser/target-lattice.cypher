//The targets, and what runs what
MATCH (t:Target)-[e:EXTENDS]->(u:Target)
RETURN t, e, u
