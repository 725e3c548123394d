//Specs that two stacks share
MATCH (a:Stack {name: 'ml-linux-x86_64-cpu'})<-[x:IN_STACK]-(s:Spec)-[y:IN_STACK]->(b:Stack {name: 'ml-linux-x86_64-cuda'})
RETURN a, x, s, y, b
LIMIT 100
