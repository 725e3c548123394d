// Theme: dependencies
// Title: Providers of virtual packages
// Question: Which packages provide mpi, blas and other virtual packages?
// Example: --virtual mpi
// Told: DEPENDS_ON.virtuals by indexes, lock files and spec files of Spack 0.21 and later
// Parameter: virtual (virtual, default ""): only this virtual package; all of them if empty
// Column: provided (text): the virtual package
// Column: package (text): a package that provides it to a spec
// Column: versions (list of versions): its versions that do
// Column: uses (integer): how often a spec gets it so
MATCH (:Spec)-[d:DEPENDS_ON]->(o:Spec)
UNWIND d.virtuals AS provided
WITH provided, o.name AS package, o.version AS version, count(*) AS times
WHERE $virtual = '' OR provided = $virtual
RETURN provided, package, collect(version) AS versions, sum(times) AS uses
ORDER BY provided, uses DESC, package
