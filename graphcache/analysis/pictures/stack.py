"""A stack: its packages, which of them are roots, and what each root brings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.names import require
from graphcache.analysis.memberships import specs_in
from graphcache.analysis.pictures.shown import READS, Graph, back_edges, kind_of, note_on_needs
from graphcache.analysis.reasons import roots_of
from graphcache.answers import reads
from graphcache.tables import Tables

DRAWN = 40
"""Packages that layers show at most."""


@dataclass(frozen=True, slots=True)
class PackageShown:
    """A package of a stack."""

    name: str
    specs: int
    """Its specs in the stack."""
    is_root: bool
    users: int
    """Packages of the stack that need one of them themselves."""
    needs: int = 0
    """Of a root, the specs of the stack that its specs need, with themselves."""
    brings: int = 0
    """Those that no other root needs."""
    brought: tuple[str, ...] = ()
    """The packages of those."""


@dataclass(frozen=True, slots=True)
class StackPicture:
    """The packages of a stack."""

    name: str
    release: str | None
    releases: list[tuple[str, int]]
    """In which releases it is, with the specs of each."""
    specs: int
    packages: list[PackageShown]
    """Those that most others need first."""
    roots: list[PackageShown]
    """Those that bring most first; empty if it is not known which they are."""
    edges: dict[tuple[str, str], str]
    """Which package needs which, and what for; without circles, and only where few are drawn."""
    several: int
    """Specs that several roots need."""
    note: str


@reads(READS)
def stack_picture(tables: Tables, name: str, release: str | None = None) -> StackPicture:
    """What there is to see of a stack, in one release or in all.

    Raises:
        UsageError: there is no such stack or release, and the message names what is near.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09/io")
    >>> picture = stack_picture(tables, "io")
    >>> [(root.name, root.needs, root.brings) for root in picture.roots[:2]]
    [('py-xarray', 140, 50), ('adios2', 115, 25)]
    """
    require(name, tables.nodes["Stack"]["name"].to_pylist(), "stack")
    graph = Graph(tables)
    releases = _releases(tables, name)
    if release is not None:
        require(release, [one for one, _ in releases], "release", f"stack {name}")
    rows = specs_in(tables, "stack", name, release)
    names = dict(zip(rows.tolist(), graph.names(rows), strict=True))
    counts = Counter(names.values())
    edges = graph.among(rows)
    pairs: dict[tuple[str, str], set[str]] = {}
    for edge in edges:
        pairs.setdefault((names[edge.start], names[edge.end]), set()).update(edge.types)
    pairs = {pair: types for pair, types in pairs.items() if pair[0] != pair[1]}
    users = Counter(end for _, end in pairs)
    roots, several = _roots(graph, tables, rows, names)
    packages = [
        roots.get(one) or PackageShown(one, specs, False, users[one])
        for one, specs in counts.items()
    ]
    packages = [
        PackageShown(p.name, counts[p.name], p.is_root, users[p.name], p.needs, p.brings, p.brought)
        for p in packages
    ]
    circling = _circling(pairs) if len(counts) <= DRAWN else set(pairs)
    return StackPicture(
        name,
        release,
        releases,
        len(rows),
        sorted(packages, key=lambda p: (-p.users, -p.specs, p.name)),
        sorted((p for p in packages if p.is_root), key=lambda p: (-p.brings, -p.needs, p.name)),
        {pair: kind_of(types) for pair, types in pairs.items() if pair not in circling},
        several,
        note_on_needs(graph.without_known_needs(rows), len(rows)),
    )


def _releases(tables: Tables, name: str) -> list[tuple[str, int]]:
    edges = tables.edges["IN_STACK"]
    found = edges.filter(pc.equal(edges["to"], name))["releases"].combine_chunks()
    counts = Counter(pc.list_flatten(found).to_pylist())
    return sorted(counts.items())


def _circling(pairs: dict[tuple[str, str], set[str]]) -> set[tuple[str, str]]:
    """Edges without which no package needs itself: two specs of each may need one another's."""
    numbers = {name: at for at, name in enumerate(sorted({end for pair in pairs for end in pair}))}
    back = back_edges((numbers[a], numbers[b]) for a, b in pairs)
    return {(a, b) for a, b in pairs if (numbers[a], numbers[b]) in back}


def _roots(
    graph: Graph, tables: Tables, rows: Rows, names: dict[int, str]
) -> tuple[dict[str, PackageShown], int]:
    """The packages of roots, with what they need and bring; and what several of them need."""
    listed = _listed(graph, tables, rows)
    by_package: dict[str, list[int]] = {}
    for row in listed.tolist():
        by_package.setdefault(names[row], []).append(row)
    inside = np.zeros(len(graph), bool)
    inside[rows] = True
    reached = {
        name: graph.needs.needed(np.array(same)).found & inside for name, same in by_package.items()
    }
    times = np.zeros(len(graph), np.int64)
    for found in reached.values():
        times += found
    shown = {}
    for name, found in reached.items():
        own = np.flatnonzero(found & (times == 1))
        brought = tuple(sorted({names[row] for row in own.tolist()} - {name}))
        shown[name] = PackageShown(name, 0, True, 0, int(found.sum()), len(own), brought)
    return shown, int((times > 1).sum())


def _listed(graph: Graph, tables: Tables, rows: Rows) -> Rows:
    """The roots among the rows: those that an environment lists, else those that none needs."""
    if not graph.knows_needs:
        return rows[:0]
    roots, _ = roots_of(tables, graph.needs)
    return np.intersect1d(roots, rows)
