//Specs that two stacks share
WITH 'ml-linux-x86_64-cpu' AS one, 'ml-linux-x86_64-cuda' AS other
MATCH (k:Stack {name: one})<-[a:IN_STACK]-(s:Spec)-[b:IN_STACK]->(l:Stack {name: other}), (s)-[c:OF_PACKAGE]->(p:Package)
RETURN k, a, s, b, l, c, p
ORDER BY s.hash LIMIT 25
