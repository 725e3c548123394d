"""What pictures say of specs: their captions, marks, and for what one needs another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import networkx as nx
import numpy as np
import pyarrow as pa

from graphcache.analysis.dependencies import Dependencies, Rows
from graphcache.analysis.matching import matcher
from graphcache.analysis.matching.names import the_spec
from graphcache.analysis.memberships import ends_by_spec
from graphcache.answers import LOAD_DEPENDENCIES, Selection
from graphcache.tables import Tables
from graphcache.words import counted

READS: Selection = {
    **matcher.READS,
    "Spec": (*matcher.READS["Spec"], "configuration", "in_buildcache", "label"),
    "Package": (),
    "Stack": (),
    "Release": (),
    "OF_PACKAGE": (),
    "IN_STACK": ("releases", "root"),
    "IN_RELEASE": (),
    "DEPENDS_ON": ("types", "virtuals"),
    "SPLICED_FROM": (),
}
"""What of a graph the pictures show, and what is read to find the spec that a text means."""

Kind = Literal["link", "run", "build", "test", "unknown"]
"""For what a spec needs another: the first of these that applies."""
_KINDS: tuple[Kind, ...] = ("link", "run", "build", "test")


def kind_of(types: Collection[str] | None) -> Kind:
    """For what a dependency of these types is there, the most lasting first.

    >>> kind_of(["build", "link"]), kind_of(["build"]), kind_of(None)
    ('link', 'build', 'unknown')
    """
    return next((kind for kind in _KINDS if kind in (types or ())), "unknown")


class SpecShown(NamedTuple):
    """A spec in a picture."""

    hash: str
    name: str
    version: str | None
    mark: str
    """`external`, `not held` by the cache, or nothing to say."""
    compilers: tuple[str, ...] = ()
    os: str | None = None
    target: str | None = None
    variants: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()

    @property
    def caption(self) -> str:
        """The spec as a person writes it: `zlib@1.3.1/abcdefg`."""
        return f"{self.at_version}/{self.hash[:7]}"

    @property
    def at_version(self) -> str:
        """The spec without its hash: `zlib@1.3.1`."""
        return self.name if self.version is None else f"{self.name}@{self.version}"


class Graph:
    """The specs of a graph and who needs whom, as pictures ask for them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.needs = Dependencies(tables)
        self._specs = self.needs.specs
        edges = tables.edges["DEPENDS_ON"]
        self._types, self._virtuals = edges["types"], edges["virtuals"]

    def __len__(self) -> int:
        return int(self._specs.num_rows)

    def row_of(self, text: str) -> int:
        """The one spec that a text means.

        Raises:
            UsageError: as `the_spec` does.
        """
        return self.row_of_hash(the_spec(self.tables, text))

    def row_of_hash(self, hash_: str) -> int:
        """The spec of a hash, which there is."""
        [row] = self.needs.rows(pa.array([hash_]))
        return int(row)

    def rows_of(self, package: str) -> Rows:
        """The specs of a package."""
        of = self.tables.edges["OF_PACKAGE"]
        chosen = of.filter(pa.compute.equal(of["to"], package))
        return np.sort(self.needs.rows(chosen["from"]))

    def shown(self, rows: Iterable[int]) -> list[SpecShown]:
        """The specs in the rows, in that order, as short as a box is."""
        wanted = np.fromiter(rows, np.int64)
        columns = ("hash", "name", "version", "external", "in_buildcache")
        found = self._specs.select(columns).take(pa.array(wanted)).to_pylist()
        return [SpecShown(s["hash"], s["name"] or "", s["version"], _mark(s)) for s in found]

    def described(self, rows: Rows) -> list[SpecShown]:
        """The same with all that a table says of them."""
        chosen = self._specs.take(pa.array(rows)).to_pylist()
        hashes = self._specs["hash"].take(pa.array(rows))
        ends = {
            edge: ends_by_spec(self.tables, edge, hashes)
            for edge in ("BUILT_WITH", "FOR_TARGET", "IN_STACK", "IN_RELEASE")
        }
        return [
            SpecShown(
                s["hash"],
                s["name"] or "",
                s["version"],
                _mark(s),
                tuple(ends["BUILT_WITH"].get(s["hash"], ())),
                s["os"],
                next(iter(ends["FOR_TARGET"].get(s["hash"], ())), None),
                tuple(s["variants"] or ()),
                tuple(ends["IN_STACK"].get(s["hash"], ())),
                tuple(ends["IN_RELEASE"].get(s["hash"], ())),
            )
            for s in chosen
        ]

    def names(self, rows: Rows) -> list[str]:
        """The packages of the specs in the rows."""
        return [name or "" for name in self.needs.column("name", rows)]

    def edges(self, chosen: Any) -> Iterator[Edge]:
        """The dependencies at some places of the table, as a mask or as positions."""
        at = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        types = self._types.take(pa.array(at)).to_pylist()
        virtuals = self._virtuals.take(pa.array(at)).to_pylist()
        starts, ends = self.needs.starts[at].tolist(), self.needs.ends[at].tolist()
        for start, end, type_, virtual in zip(starts, ends, types, virtuals, strict=True):
            yield Edge(start, end, tuple(sorted(type_ or ())), tuple(sorted(virtual or ())))

    def among(self, rows: Rows) -> list[Edge]:
        """The dependencies between the rows; none of a spec on itself, and none in a circle."""
        inside = np.zeros(len(self), bool)
        inside[rows] = True
        starts, ends = self.needs.starts, self.needs.ends
        found = list(self.edges(inside[starts] & inside[ends] & (starts != ends)))
        circling = back_edges((edge.start, edge.end) for edge in found)
        return [edge for edge in found if (edge.start, edge.end) not in circling]

    def without_known_needs(self, rows: Rows) -> int:
        """Of how many of the specs nobody tells what they need."""
        return int(self.needs.unknown[rows].sum())

    @property
    def knows_needs(self) -> bool:
        """Whether there is any spec of which it is known what it needs."""
        return bool(len(self.needs.starts)) or not bool(self.needs.unknown.all())


class Edge(NamedTuple):
    """A dependency between two rows; without types where no source tells them."""

    start: int
    end: int
    types: tuple[str, ...]
    virtuals: tuple[str, ...]

    @property
    def kind(self) -> Kind:
        """For what it is there, the most lasting."""
        return kind_of(self.types)


def _mark(spec: dict[str, Any]) -> str:
    if spec["external"]:
        return "external"
    return "not held" if spec["in_buildcache"] is False else ""


def back_edges(edges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Edges without which there is no circle; sound data has none.

    >>> back_edges([(1, 2), (2, 3), (3, 1)])
    {(3, 1)}
    """
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from(sorted(edges))
    open_: set[int] = set()
    found = set()
    for start, end, step in nx.dfs_labeled_edges(graph):
        if step == "forward":
            open_.add(end)
        elif step == "reverse":
            open_.discard(end)
        elif end in open_:
            found.add((start, end))
    return found


@dataclass(frozen=True, slots=True)
class Use:
    """A package that needs, or is needed by, some specs."""

    name: str
    specs: tuple[SpecShown, ...]
    """Its specs that do, by version."""
    of: int
    """How many of the specs it is for."""
    types: tuple[str, ...]
    """For what, over all of them; empty where no source tells."""

    @property
    def kind(self) -> Kind:
        """For what, the most lasting."""
        return kind_of(self.types)

    @property
    def versions(self) -> list[str]:
        """The versions of its specs, each once."""
        return list(dict.fromkeys(spec.version or "" for spec in self.specs))


def uses(graph: Graph, edges: Iterable[Edge], *, inward: bool) -> list[Use]:
    """The edges by the package at their other end, the package with most specs first."""
    specs: dict[int, set[int]] = {}
    types: dict[int, set[str]] = {}
    for edge in edges:
        there, here = (edge.start, edge.end) if inward else (edge.end, edge.start)
        specs.setdefault(there, set()).add(here)
        types.setdefault(there, set()).update(edge.types)
    rows = sorted(specs)
    shown = dict(zip(rows, graph.shown(rows), strict=True))
    by_name: dict[str, list[int]] = {}
    for row in rows:
        by_name.setdefault(shown[row].name, []).append(row)
    found = [
        Use(
            name,
            tuple(sorted((shown[row] for row in same), key=_in_order)),
            len(set().union(*(specs[row] for row in same))),
            tuple(sorted(set().union(*(types[row] for row in same)))),
        )
        for name, same in by_name.items()
    ]
    weight = (lambda use: len(use.specs)) if inward else (lambda use: use.of)
    return sorted(found, key=lambda use: (-weight(use), use.name))


def _in_order(spec: SpecShown) -> tuple[Any, str]:
    from graphcache.spack.versions import version_key

    return version_key(spec.version or ""), spec.hash


def note_on_needs(unknown: int, specs: int) -> str:
    """What a picture can't show, as a sentence; empty where it shows all.

    >>> note_on_needs(1, 3), note_on_needs(0, 3)
    ('What 1 of 3 specs needs is not known.', '')
    """
    if not unknown:
        return ""
    if unknown == specs:
        one, them = ("it needs", "it") if specs == 1 else ("they need", "them")
        return f"What {one}, and what needs {them}, is not known: {LOAD_DEPENDENCIES}."
    need = "needs" if unknown == 1 else "need"
    return f"What {unknown:,} of {counted(specs, 'spec')} {need} is not known."
