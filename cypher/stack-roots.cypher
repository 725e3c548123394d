// Theme: stacks
// Title: Roots of a stack
// Question: What does the environment of a stack ask for by name, and does the cache hold it?
// Example: --stack io
// Order: package, version, hash
// Told: IN_STACK.root by lock files
// Parameter: stack (stack): the stack
// Column: package (text): the package
// Column: version (version): its version
// Column: hash (text): hash of the root
// Column: held (boolean): whether the cache holds a binary of it; null if no source says
MATCH (s:Spec)-[x:IN_STACK]->(:Stack {name: $stack})
WHERE x.root
RETURN s.name AS package, s.version AS version, s.hash AS hash, s.in_buildcache AS held
ORDER BY package, version, hash
