//A package: one spec of each configuration, with its stacks, compiler and target
WITH 'py-ml-dtypes' AS package
MATCH (p:Package {name: package})<-[:OF_PACKAGE]-(every:Spec)
WITH p, every.configuration AS configuration, min(every.hash) AS hash
ORDER BY configuration LIMIT 20
MATCH (p)<-[a:OF_PACKAGE]-(s:Spec {hash: hash})-[b:IN_STACK]->(k:Stack), (s)-[c:FOR_TARGET]->(t:Target)
OPTIONAL MATCH (s)-[d:BUILT_WITH]->(m:Compiler)
RETURN p, a, s, b, k, c, t, d, m
