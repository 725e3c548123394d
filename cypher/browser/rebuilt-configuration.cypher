//The configuration that is built most often, and the stacks that hold its builds
MATCH (every:Spec)
WITH every.configuration AS configuration, count(*) AS builds
ORDER BY builds DESC, configuration LIMIT 1
MATCH (s:Spec {configuration: configuration})-[a:OF_PACKAGE]->(p:Package), (s)-[b:IN_STACK]->(k:Stack)
RETURN p, a, s, b, k
