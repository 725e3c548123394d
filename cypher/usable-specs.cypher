// Theme: targets
// Title: Usable specs
// Question: Which binaries of a package run on my machine?
// Example: --package rocblas --target zen4 --os ubuntu22.04
// Order: version desc, target desc, hash
// Told: Spec.in_buildcache by pages, indexes and mirrors
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Parameter: target (target): the machine's CPU, such as zen4: all that it can run counts
// Parameter: os (os, default ""): only this operating system, such as ubuntu22.04; any if empty. Spack asks for the C library on Linux: the command usable does too
// Column: version (version): version of the package
// Column: hash (text): hash of the spec
// Column: os (text): operating system
// Column: target (text): target it is built for
// Column: variants (list of text): variants
// Column: stacks (list of text): stacks that hold it
// Column: releases (list of text): releases that hold it
MATCH (s:Spec {name: $package})-[:FOR_TARGET]->(t:Target)
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
  AND s.in_buildcache AND t.name IN $target AND ($os = '' OR s.os = $os)
OPTIONAL MATCH (s)-[:IN_STACK]->(k:Stack)
OPTIONAL MATCH (s)-[:IN_RELEASE]->(r:Release)
RETURN s.version AS version, s.hash AS hash, s.os AS os, t.name AS target, s.variants AS variants,
       collect(DISTINCT k.name) AS stacks, collect(DISTINCT r.name) AS releases
ORDER BY version DESC, target DESC, hash
