//The configuration that is rebuilt most, with its stacks
MATCH (s:Spec)
WITH s.configuration AS configuration, count(*) AS builds
ORDER BY builds DESC, configuration
LIMIT 1
MATCH (s:Spec {configuration: configuration})-[b:IN_STACK]->(k:Stack)
RETURN s, b, k
