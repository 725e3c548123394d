"""The compiler of a spec that names one, held against what is asked of it.

Specs of pages, and of the forms in which a compiler was no dependency, name theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.matching.spec_columns import Mask, Truth, by_column
from graphcache.errors import UsageError
from graphcache.spack.compilers import split_compiler
from graphcache.spack.specs import COMPILERS, AbstractSpec
from graphcache.spack.versions import parse_version
from graphcache.tables import Tables
from graphcache.tables.columns import flat, look_up


class NamedCompilers:
    """The compiler of each spec of a graph, the first where the graph has several.

    Whether the spec names it, or has it as a dependency, `Matcher` tells.

    >>> import graphcache
    >>> from graphcache.spack.spec_parser import parse_spec
    >>> tables, _ = graphcache.read("examples/pages")
    >>> named = NamedCompilers(tables, tables.nodes["Package"]["name"].to_pylist())
    >>> sorted(named.used)
    ['apple-clang', 'gcc', 'oneapi']
    >>> int(named.match(parse_spec("gcc@12:")).sure.sum())
    73
    """

    def __init__(self, tables: Tables, packages: Sequence[str]) -> None:
        self._hashes = flat(tables.nodes["Spec"]["hash"])
        self._edges = tables.edges["BUILT_WITH"]
        self._packages = packages

    @cached_property
    def used(self) -> set[str]:
        """The names of all compilers of specs."""
        return {split_compiler(text)[0] for text in pc.unique(self._edges["to"]).to_pylist()}

    @cached_property
    def names(self) -> set[str]:
        """Names that are those of compilers, and of nothing that they provide."""
        return self.used | {"gcc", *COMPILERS, *COMPILERS.values()}

    @cached_property
    def _of_specs(self) -> pa.Array:
        """The compiler of each spec, null where there is none."""
        return look_up(self._hashes, self._edges["from"], flat(self._edges["to"]))

    @cached_property
    def known(self) -> Mask:
        """Which specs have one."""
        known: Mask = pc.is_valid(self._of_specs).to_numpy(False)
        return known

    def match(self, wanted: AbstractSpec) -> Truth:
        """Of which specs the compiler is as asked: as Spack has it, of none where there is none."""
        fits = by_column(self._of_specs, lambda text: self._fits(text, wanted))
        return fits & Truth.known(self.known)

    def _fits(self, text: str, wanted: AbstractSpec) -> bool | None:
        """Whether a compiler is as is asked; None where only a recipe says."""
        name, version = split_compiler(text)
        if wanted.name and wanted.name not in (*self._packages, *self.names):
            return None  # it may be what the compiler provides
        # It has no variants, and so none that is another than what all are to have.
        everywhere = tuple(variant for variant in wanted.variants if variant.propagated)
        known = AbstractSpec(
            versions=wanted.versions, namespace=wanted.namespace, variants=everywhere
        )
        if wanted.demands() != known.demands():
            return False
        if wanted.name not in ("", name, COMPILERS.get(name)):
            return False
        try:
            if wanted.versions is None:
                fits = True
            else:
                fits = version is not None and parse_version(version) in wanted.versions
        except UsageError:
            return None
        # Spack 1 does not know an old name again, but a user does.
        return None if fits and wanted.name not in ("", name) else fits
