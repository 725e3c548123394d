"""The texts that Spack writes: compilers, variants, targets, versions, specs. No I/O."""
