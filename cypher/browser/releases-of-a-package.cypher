//A package in its releases
MATCH (p:Package {name: 'rocblas'})<-[a:OF_PACKAGE]-(s:Spec)-[b:IN_RELEASE]->(r:Release)
OPTIONAL MATCH (s)-[c:BUILT_WITH]->(k:Compiler)
OPTIONAL MATCH (s)-[d:FOR_TARGET]->(t:Target)
RETURN p, a, s, b, r, c, k, d, t
