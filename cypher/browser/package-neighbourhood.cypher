//A package and where its specs are
MATCH (p:Package {name: 'py-pdm-backend'})<-[a:OF_PACKAGE]-(s:Spec)-[b:IN_STACK]->(k:Stack)
RETURN p, a, s, b, k
LIMIT 100
