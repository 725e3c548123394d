"""All that is compared of specs, as integers in arrays: equal ones stand for equal values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.analysis.dependencies import Dependencies, Rows, Runs
from graphcache.analysis.differing.spec_pairs import PROPERTIES
from graphcache.analysis.memberships import codes
from graphcache.spack.compilers import LANGUAGES
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, codes_of_bytes, numbers
from graphcache.tables.columns import SEPARATOR, flat


class SpecCodes:
    """How each spec is built and what it needs itself; a spec is its row in the Spec table."""

    def __init__(self, tables: Tables, graph: Dependencies) -> None:
        specs = tables.nodes["Spec"]
        self.size = max(specs.num_rows, 1)
        self.package, self.names = codes(pc.fill_null(specs["name"], ""))
        self.known = pc.fill_null(specs["dependencies_known"], False).to_numpy()
        self._needs(tables.edges["DEPENDS_ON"], graph)
        self._compilers(tables.edges["BUILT_WITH"], graph)
        self._made_of = np.full(specs.num_rows, -1)
        spliced = tables.edges["SPLICED_FROM"]
        self._made_of[graph.rows(spliced["from"])] = graph.rows(spliced["to"])
        self.settings: NDArray[np.int64] = np.stack(
            [
                *(_codes(specs[name]) for name in PROPERTIES),
                _codes(_joined_ends(tables.edges["FOR_TARGET"], graph)),
                np.minimum(self._made_of, 0),
                _codes(_joined_ends(tables.edges["BUILT_WITH"], graph)),
            ],
            axis=1,
        )
        """A row for each spec with a number for each setting, the last one for the compiler; -1
        where it is not known."""
        self.version = self.settings[:, PROPERTIES.index("version")]

    def _needs(self, edges: pa.Table, graph: Dependencies) -> None:
        """The dependencies of each spec together, by package."""
        types, self._types = _lists(edges["types"])
        virtuals, self._virtuals = _lists(edges["virtuals"])
        by_package = coded_pairs(graph.starts, self.package[graph.ends], len(self.names))
        # No two are equal; of 2**24 specs and 2**15 packages all are below 2**63.
        order = np.argsort(coded_pairs(by_package, graph.ends, self.size))
        self.runs = Runs(graph.starts, self.size)
        self.ends = graph.ends[order]
        """Of each dependency what is needed."""
        self.kinds = coded_pairs(types, virtuals, len(self._virtuals))[order]
        """Of each dependency for what it is needed, as a number for `kind`."""
        self.shapes = self._shapes(graph.starts)
        """Of each spec a number: equal ones need the same packages, each once, for the same."""
        of_language = np.array([bool(LANGUAGES & set(v or ())) for v in self._virtuals], bool)
        self.compiles = np.zeros(self.size, bool)
        """Of each spec whether others are compiled with it."""
        self.compiles[graph.ends[of_language[virtuals]]] = True

    def _shapes(self, starts: Rows) -> Rows:
        packages = self.package[self.ends]
        shapes = self.runs.codes(np.column_stack([packages, self.kinds]))
        twice = starts[1:][(packages[1:] == packages[:-1]) & (starts[1:] == starts[:-1])]
        shapes[twice] = -1 - twice
        return shapes

    def _compilers(self, edges: pa.Table, graph: Dependencies) -> None:
        """Which specs are compilers, and which tell theirs among what they need, as in form 5."""
        compilers = pc.unique(edges["to"])
        self._width = len(compilers) + 1  # so that a pair with -1, no compiler, is no other
        at_version = pc.binary_join_element_wise(
            *(graph.specs[n] for n in ("name", "version")), "@"
        )
        self._as_compiler = _integers(pc.index_in(at_version, compilers))
        compiling = self._as_compiler[graph.ends] >= 0
        needed = coded_pairs(
            graph.starts[compiling], self._as_compiler[graph.ends[compiling]], self._width
        )
        starts = graph.rows(edges["from"])
        ends = _integers(pc.index_in(edges["to"], compilers))
        self._built_with = coded_pairs(starts, ends, self._width)
        self.tells_compilers = np.ones(self.size, bool)
        self.tells_compilers[starts[~np.isin(self._built_with, needed)]] = False
        names = {str(compiler).partition("@")[0] for compiler in compilers.to_pylist()}
        self.is_compiler = np.array([name in names for name in self.names], bool)[self.package]

    def builds(self, compilers: Rows, specs: Rows) -> NDArray[np.bool_]:
        """Whether specs are said to be built with compilers, which are specs too; by twos."""
        compiler = self._as_compiler[compilers]
        found: NDArray[np.bool_] = np.isin(
            coded_pairs(specs, compiler, self._width), self._built_with
        )
        return found & (compiler >= 0)

    def kind(self, code: int) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """The types and virtuals of a kind of dependency; None where no source tells them."""
        types, virtuals = divmod(code, len(self._virtuals))
        return self._types[types], self._virtuals[virtuals]

    def made_of(self, a: Rows, b: Rows) -> tuple[Rows, Rows, Rows]:
        """The pairs in which both are spliced from others that differ, by position; the others."""
        mine, theirs = self._made_of[a], self._made_of[b]
        at = np.flatnonzero((mine >= 0) & (theirs >= 0) & (mine != theirs))
        return at, mine[at], theirs[at]


def _codes(column: Any) -> Rows:
    """A number for each distinct value; -1 for null."""
    column = flat(column)
    if pa.types.is_list(column.type):
        column = pc.binary_join(column, SEPARATOR)
    return codes(pa.chunked_array([column]))[0]


def _lists(column: Any) -> tuple[Rows, list[tuple[str, ...] | None]]:
    """Each list as a position among the distinct ones."""
    column = flat(column)
    words = column.values.dictionary_encode()
    places = numbers(column.offsets).astype(np.int64)
    found = codes_of_bytes(numbers(words.indices), places * words.indices.type.byte_width)
    if column.null_count:  # else it would be an empty list
        found[numbers(column.is_null().cast(pa.uint8())) > 0] = found.max() + 1
    one_of_each = np.zeros(found.max(initial=-1) + 1, np.int64)
    one_of_each[found] = np.arange(len(found))
    lists = column.take(pa.array(one_of_each)).to_pylist()
    return found, [None if texts is None else tuple(texts) for texts in lists]


def _joined_ends(edges: pa.Table, graph: Dependencies) -> Any:
    """Of each spec the other ends of its edges, as one text; null where it has none."""
    counts = np.bincount(graph.rows(edges["from"]), minlength=graph.specs.num_rows)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, flat(edges["to"])), " ")
    return pc.if_else(pa.array(counts > 0), joined, None)


def _integers(column: Any) -> Rows:
    found: Rows = pc.fill_null(column, -1).to_numpy().astype(np.int64)
    return found
