"""Which specs of a graph are as an abstract spec asks, by Spack's own rules.

What is asked of a spec itself is answered in `spec_columns.py`; here is what is asked of its
dependencies. Where a source does not tell them, as pages do not, the answer is that nobody can say.

Source: for what Spack's documentation leaves open, the answers of Spack 1.2.0.dev0 to many thousand
pairs of a spec and a constraint; `docs/specs.md` has the figures.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Dependencies, Neighbours, Rows
from graphcache.analysis.matching.named_compilers import NamedCompilers
from graphcache.analysis.matching.spec_columns import Mask, SpecColumns, Truth, by_column
from graphcache.answers import Selection
from graphcache.errors import UsageError
from graphcache.kinds import VIRTUALS_TOLD
from graphcache.spack.compilers import LANGUAGES
from graphcache.spack.specs import AbstractSpec, Dependency, Variant
from graphcache.tables import Tables
from graphcache.tables.arrays import distinct
from graphcache.tables.columns import flat

READS: Selection = {
    "Spec": (
        "name",
        "version",
        "namespace",
        "variants",
        "flags",
        "platform",
        "os",
        "external",
        "dependencies_known",
        "original_specfile_version",
    ),
    "FOR_TARGET": (),
    "BUILT_WITH": (),
    "DEPENDS_ON": ("types", "virtuals"),
}
"""What `Matcher` reads of a graph."""

_COMPILERS_NEEDED = 5
"""The form of specs from which on compilers are dependencies."""
_FAR = np.iinfo(np.int64).max
"""The distance of what is not reached."""


class Matcher:
    """The graph, prepared for questions on which specs fit.

    >>> import graphcache
    >>> from graphcache.spack.spec_parser import parse_spec
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> int(Matcher(tables).match(parse_spec("hdf5+mpi %gcc ^zlib-ng@2:")).sure.sum())
    2
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._columns = SpecColumns(tables)
        self._graph = Dependencies(tables)
        self.specs = tables.nodes["Spec"]

    def values(self, column: str) -> list[str]:
        """The texts that a column has, sorted; of `target` the targets that specs are for."""
        return self._columns.targets if column == "target" else self._columns.values(column)

    def variant_names(self, package: str) -> list[str]:
        """The variants that the specs of a package have, or any specs for no name, sorted."""
        return self._columns.variant_names(self._named(package))

    def may_have_variant(self, name: str, package: str) -> bool:
        """Whether some spec of a package, or any for no name, may have a variant."""
        return bool((self._columns.has_variant(name).may & self._named(package)).any())

    def _named(self, package: str) -> Mask:
        return self._columns.named(package) if package else self._columns.all().sure

    @cached_property
    def packages(self) -> list[str]:
        """The packages of all specs, sorted."""
        return self._columns.values("name")

    @cached_property
    def compilers(self) -> NamedCompilers:
        """The compilers that specs name."""
        return NamedCompilers(self._tables, self.packages)

    def has_package(self, name: str) -> bool:
        """Whether some spec is of a package, or needs another one to provide that."""
        return name in self.packages or name in self.provided

    def match(self, spec: AbstractSpec) -> Truth:
        """Which specs are as is asked.

        Raises:
            UsageError: it is asked for what packages provide, such as `mpi`, as if it were one; or
                for something that graphcache refuses.
        """
        found = self._columns.all()
        for _, part in self.parts(spec):
            found = found & part
        return found

    def parts(self, spec: AbstractSpec) -> list[tuple[str, Truth]]:
        """Each demand as text, and which specs are as it asks; an empty one where none is."""
        found = [(spec.name, Truth.known(self._of_package(spec.name)))] if spec.name else []
        found += [(str(one), self._node(one)) for one in spec.demands()]
        found += [(str(edge), self._needs(edge, spec.name)) for edge in spec.dependencies]
        return found or [("", self._columns.all())]

    @cached_property
    def provided(self) -> set[str]:
        """What specs need others to provide, and is no package: `mpi`, `c`."""
        texts = pc.drop_null(pc.unique(self._virtuals)).to_pylist()
        found = {name for text in texts for name in text.split(",") if name}
        return (found | LANGUAGES) - set(self.packages)

    def _of_package(self, name: str) -> Mask:
        self.refuse_provided(name)
        return self._columns.named(name)

    def refuse_provided(self, name: str) -> None:
        """Refuse the name of what packages provide, such as `mpi`, as if it were a package's.

        Raises:
            UsageError: it is; the message names packages that provide it.
        """
        if name in self.provided:
            rows = distinct(self._graph.ends[self._providing(name).sure])
            by = sorted(set(self._graph.column("name", rows)))
            such = f", such as {', '.join(by)}" if by else ""
            raise UsageError(
                f"{name}: no package, but what packages provide, and only their recipes say which "
                f"do. Expected a package{such}"
            )

    def _node(self, spec: AbstractSpec) -> Truth:
        """Which specs are as is asked but for their packages and dependencies."""
        found = self._columns.alone(spec)
        for variant in spec.variants:
            if variant.propagated:
                found = found & self._everywhere(variant)
        return found

    def _everywhere(self, variant: Variant) -> Truth:
        """Of which specs nothing that they need, whatever for, has the variant in another way."""
        other = ~self._columns.variant(variant)
        to_all = Neighbours(self._graph.ends, self._graph.starts, self._columns.size)
        found = self._reached(other.sure, to_all)
        return ~Truth(found, self._reached(other.may | ~self._told, to_all))

    # What a spec needs

    def _needs(self, edge: Dependency, root: str) -> Truth:
        """Which specs need what is asked for; `root` is the package that they are to be of."""
        found = self._below(root, edge) if edge.direct else self._anywhere(edge)
        if edge.when is not None:
            found = ~self.match(edge.when) | found
        for below in edge.spec.dependencies:
            if below.when is not None:
                raise UsageError(
                    f"{edge} {below}: when= is read only of what the spec needs itself"
                )
            found = found & self._below(edge.spec.name, below)
        return found

    def _anywhere(self, edge: Dependency) -> Truth:
        """Which specs are linked to it, need it to run, or need it themselves to be built."""
        candidates = self._called(edge.spec.name)
        found = self._exists(candidates & self._provider(edge.spec))
        for virtual in edge.virtuals:
            found = found & self._exists(candidates & self._called(virtual))
        return found

    def _below(self, parent: str, edge: Dependency) -> Truth:
        """Of which specs the dependency of that name has the dependency itself.

        Spack takes for the parent the first dependency of its name, and so the spec itself where
        no other is, unless parent and dependency have one name.
        """
        found = self._direct(edge)
        return self._first(parent, found) if parent and parent != edge.spec.name else found

    def _direct(self, edge: Dependency) -> Truth:
        """Which specs need it themselves."""
        name = edge.spec.name
        wanted = {*edge.virtuals, name} if name in self.provided else {*edge.virtuals}
        chosen = self._all_edges if name in self.provided else self._called(name)
        if wanted:
            provided = ~self._all_edges
            for virtual in wanted:
                provided = provided | self._providing(virtual)
            chosen = chosen & provided
        for type_ in edge.types:
            chosen = chosen & self._typed(type_)
        chosen = chosen & self._provider(edge.spec)
        found = Truth(self._starts(chosen.sure), self._starts(chosen.may) | ~self._told)
        named = Truth.known(self._named_compiler)
        return (named & self.compilers.match(edge.spec)) | (~named & found)

    def _provider(self, spec: AbstractSpec) -> Truth:
        """Of each edge, whether its end is as is asked, but for the package."""
        if spec.name not in self.provided:
            return self._node(spec).take(self._graph.ends)
        # Of what is provided, Spack asks for the version alone, which only the recipe tells.
        found = self._columns.alone(AbstractSpec(hash=spec.hash)).take(self._graph.ends)
        never = np.zeros(len(found.sure), bool)
        return found if spec.versions is None else Truth(never, found.may)

    # Edges: of each whether something is true of it

    @property
    def _all_edges(self) -> Truth:
        return Truth.known(np.ones(len(self._graph.ends), bool))

    def _called(self, name: str) -> Truth:
        """Whether its end is of the package, or provides it; any end for no name."""
        if not name:
            return self._all_edges
        return Truth.known(self._columns.named(name)[self._graph.ends]) | self._providing(name)

    def _providing(self, virtual: str) -> Truth:
        """Whether its end is to provide something."""
        if virtual not in self.provided:
            return ~self._all_edges
        return by_column(self._virtuals, lambda text: virtual in text.split(","))

    @cached_property
    def _virtuals(self) -> pa.Array:
        """What the ends are to provide, as texts; null where a form of specs does not tell."""
        texts = _joined(self._tables.edges["DEPENDS_ON"]["virtuals"])
        silent = pc.and_(
            pc.equal(texts, ""), pa.array((self._form < VIRTUALS_TOLD)[self._graph.starts])
        )
        return pc.if_else(silent, None, texts)

    def _typed(self, *types: str) -> Truth:
        """Whether it is of one of the types."""
        return by_column(self._types, lambda text: not set(types).isdisjoint(text.split(",")))

    @cached_property
    def _types(self) -> pa.Array:
        texts = _joined(self._tables.edges["DEPENDS_ON"]["types"])
        return pc.if_else(pc.equal(texts, ""), None, texts)

    # From edges to specs

    def _starts(self, edges: Mask) -> Mask:
        """The specs from which one of the edges goes out."""
        found = np.zeros(self._columns.size, bool)
        found[self._graph.starts[edges]] = True
        return found

    def _exists(self, edges: Truth) -> Truth:
        """Which specs have one of the edges among those that Spack looks through for a `^`."""
        linked, built = self._typed("link", "run").sure, self._typed("build").sure
        sure, may = (
            self._reached(self._starts(mask & linked), self._linking) | self._starts(mask & built)
            for mask in (edges.sure, edges.may)
        )
        return Truth(sure, may | self._unsure)

    def _first(self, name: str, fits: Truth) -> Truth:
        """Of which specs the first dependency of a name fits, by Spack's order.

        What they need themselves to be built or tested goes before what they are linked to; of
        that, the nearest goes first, and a spec is nearest to itself.
        """
        sure: Mask = self._rank(name, fits.sure) < self._rank(name, ~fits.sure)
        nearest = self._rank(name, fits.may)
        may: Mask = (nearest < _FAR) & (nearest <= self._rank(name, ~fits.may))
        # Of a Spack that had specs name their compiler, none needs another spec of its package.
        itself = self._columns.named(name) & self._named_compiler
        unsure = self._unsure & ~itself
        sure, may = np.where(itself, fits.sure, sure), np.where(itself, fits.may, may)
        return Truth(sure & ~unsure, may | unsure)

    def _rank(self, name: str, wanted: Mask) -> Rows:
        """How near the nearest dependency of a name is that is among the wanted."""
        ends = self._graph.ends
        called = self._called(name).sure & wanted[ends]
        linked = self._starts(called & self._typed("link", "run").sure)
        found = self._distances(self._columns.named(name) & wanted, linked, self._linking)
        found[found < _FAR] += 1
        found[self._starts(called & self._typed("build", "test").sure)] = 0
        return found

    @cached_property
    def _linking(self) -> Neighbours:
        """From each spec to those that are linked to it or need it to run."""
        linked = self._typed("link", "run").sure
        return Neighbours(self._graph.ends[linked], self._graph.starts[linked], self._columns.size)

    def _reached(self, specs: Mask, neighbours: Neighbours) -> Mask:
        """The specs, and all that lie behind them."""
        nowhere = np.zeros(self._columns.size, bool)
        found: Mask = self._distances(specs, nowhere, neighbours) < _FAR
        return found

    def _distances(self, here: Mask, near: Mask, neighbours: Neighbours) -> Rows:
        """The steps from those that are here to each spec; those near are one step away."""
        found = np.full(self._columns.size, _FAR)
        border, steps = np.flatnonzero(here), 0
        while len(border) or steps == 0:
            found[border] = steps
            steps += 1
            ends = neighbours.of(border)[1]
            if steps == 1:
                ends = np.concatenate([ends, np.flatnonzero(near)])
            border = distinct(ends[found[ends] == _FAR])
        return found

    # What sources tell

    @cached_property
    def _told(self) -> Mask:
        """Of which specs the dependencies are known."""
        known: Mask = pc.fill_null(self.specs["dependencies_known"], False).to_numpy()
        return known

    def told_below(self, package: str) -> bool:
        """Whether it is known of specs of a package what they and all below them need.

        No name stands for any specs.
        """
        to_all = Neighbours(self._graph.ends, self._graph.starts, self._columns.size)
        return not (self._reached(~self._told, to_all) & self._named(package)).any()

    @cached_property
    def virtuals_told(self) -> bool:
        """Whether of each dependency it is told what it provides."""
        return not self._virtuals.null_count

    @cached_property
    def _unsure(self) -> Mask:
        """Which specs are linked to something whose dependencies, or their types, nobody told."""
        untyped = self._starts(self._typed("").unknown)
        return self._reached(untyped | ~self._told, self._linking)

    @cached_property
    def _form(self) -> Rows:
        """The form in which Spack concretized a spec; where it is not known, the newest."""
        column = self.specs["original_specfile_version"]
        form: Rows = pc.fill_null(column, _COMPILERS_NEEDED).to_numpy()
        return form

    @cached_property
    def _named_compiler(self) -> Mask:
        """Which specs name their compiler, which then is none of their dependencies."""
        specs = self.specs
        needs_nothing = self._told & ~self._starts(self._all_edges.sure)
        external = pc.fill_null(specs["external"], False).to_numpy() & needs_nothing
        told_by_pages = pc.is_null(specs["original_specfile_version"]).to_numpy() & ~self._told
        told_by_pages &= self.compilers.known
        old: Mask = (self._form < _COMPILERS_NEEDED) | external | told_by_pages
        return old


def _joined(lists: Any) -> pa.Array:
    """The texts of each list as one text."""
    return pc.binary_join(flat(lists), ",")
