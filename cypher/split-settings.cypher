// Theme: packages
// Title: Settings that split a package
// Question: Which variant settings do only some builds of a package have?
// Example: --package rocblas
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: variant (text): the setting
// Column: specs (integer): specs that have it
// Column: others (integer): specs of the package that have it not
MATCH (s:Spec {name: $package})
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
  AND s.version IS NOT NULL
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
WITH collect(s.variants) AS builds, count(*) AS total
UNWIND builds AS variants
UNWIND variants AS variant
WITH variant, total, count(*) AS specs
WHERE specs < total
RETURN variant, specs, total - specs AS others
ORDER BY specs DESC, variant
