// Theme: packages
// Title: Variants of a package
// Question: Which variant settings is a package built with, and how often?
// Example: --package py-ml-dtypes
// Parameter: package (spec): the package, or a spec of it such as hdf5@1.14: +mpi
// Parameter: release (release, default ""): only this release; all of them if empty
// Column: variant (text): the setting
// Column: specs (integer): specs that have it
// Column: configurations (integer): distinct configurations among them
MATCH (s:Spec {name: $package})
WHERE (size($hashes) = 0 OR s.hash IN $hashes)
  AND ($release = '' OR EXISTS { MATCH (s)-[:IN_RELEASE]->(:Release {name: $release}) })
UNWIND s.variants AS variant
RETURN variant, count(DISTINCT s.hash) AS specs, count(DISTINCT s.configuration) AS configurations
ORDER BY specs DESC, variant
