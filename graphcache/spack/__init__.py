"""The texts that Spack writes: compilers, variants, targets, specs. No input or output."""
