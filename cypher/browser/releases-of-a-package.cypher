//A package in its releases, with compilers and targets
WITH 'rocblas' AS package
MATCH (p:Package {name: package})<-[a:OF_PACKAGE]-(s:Spec)-[b:IN_RELEASE]->(r:Release)
WITH p, a, s, b, r ORDER BY r.name, s.hash LIMIT 30
OPTIONAL MATCH (s)-[c:BUILT_WITH]->(m:Compiler)
OPTIONAL MATCH (s)-[d:FOR_TARGET]->(t:Target)
RETURN p, a, s, b, r, c, m, d, t
