// Theme: compilers
// Title: Languages
// Question: Which compilers compile C, C++ and Fortran, and for how many specs?
// Example: --limit 10
// Order: language, specs desc, compiler
// Told: BUILT_WITH.languages by indexes, lock files and spec files of Spack 1
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: language (text): c, cxx or fortran
// Column: compiler (compiler): the compiler
// Column: specs (integer): specs of which it compiled this language
// Column: packages (integer): distinct packages among them
MATCH (s:Spec)-[b:BUILT_WITH]->(c:Compiler)
WHERE $release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) }
UNWIND b.languages AS language
RETURN language, c.spec AS compiler, count(*) AS specs, count(DISTINCT s.name) AS packages
ORDER BY language, specs DESC, compiler
