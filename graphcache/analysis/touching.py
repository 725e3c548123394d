"""What a change to a spec touches: who needs it, itself or through others, and what for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows, untold
from graphcache.analysis.finding import meant
from graphcache.analysis.matching import READS
from graphcache.analysis.names import require
from graphcache.answers import Answer, reads
from graphcache.spack.deptypes import ALL, DEPTYPES, parse_deptypes
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join
from graphcache.words import counted

_CARRYING = ("link", "run")
"""Dependencies of these types are there when a spec is used; the others made or tested it."""
COLUMNS = [
    *("stack", "release", "specs", "packages"),
    *("self", "direct", "transitive", "build_only"),
]

Mask = NDArray[np.bool_]


@reads(
    {
        **NEEDS,
        **READS,
        "DEPENDS_ON": (*READS["DEPENDS_ON"], "types"),
        "Stack": (),
        "Release": (),
        "IN_STACK": ("releases",),
        "IN_RELEASE": (),
    }
)
def impact(
    tables: Tables,
    specs: str | Iterable[str],
    stack: str | None = None,
    release: str | None = None,
    deptype: str | Iterable[str] = ALL,
) -> Answer:
    """How much a change to the specs that are as is asked touches, by stack and release.

    `specs` are words as `find` takes them. `deptype` names the types of the dependencies that are
    followed, as for Spack: `link,run`, or `all`. What is in no stack or no release counts under an
    empty name.

    In a row, `self` are those that are as is asked, `direct` what needs one of them itself,
    `transitive` what does so through others; `specs` is all three, `packages` what they are of.
    Apart, in `build_only`, is what needs one for a build or test alone, so that nothing of it is
    there afterwards: no way of link and run dependencies leads to it. It is also counted where
    only those are followed. A spliced spec needs the one that it was spliced from.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several; or there is no such
            type of dependencies.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> impact(tables, "zlib-ng").to_dicts() == [
    ...     {"stack": "radiuss.v6", "release": "", "specs": 216, "packages": 166,
    ...      "self": 2, "direct": 51, "transitive": 163, "build_only": 47}
    ... ]
    True
    """
    types = parse_deptypes(deptype)
    graph = Dependencies(tables)
    wanted, notes = meant(tables, specs)
    for name, kind, type_ in ((stack, "stack", "Stack"), (release, "release", "Release")):
        if name is not None:
            require(name, tables.nodes[type_]["name"].to_pylist(), kind)
    touched = _touched(tables, graph, wanted, types)
    notes = [*graph.notes(), *notes, *_notes_on_types(tables, graph, touched.all)]
    rows = [
        (*place, *touched.counted(np.array(members), graph))
        for place, members in _by_place(tables, graph, np.flatnonzero(touched.all))
        if stack in (None, place[0]) and release in (None, place[1])
    ]
    if not rows and len(wanted):
        places = [f"stack {stack}"] * (stack is not None) + [f"release {release}"] * bool(release)
        said = f"Nothing in {' in '.join(places)} is {_words(specs)}, or depends on it."
        notes = [*notes, said]
    return Answer(COLUMNS, rows, notes=notes)


@dataclass(frozen=True)
class _Touched:
    """Of each spec whether it is touched in a way; no two ways are true of one."""

    itself: Mask
    direct: Mask
    transitive: Mask
    build_only: Mask

    @property
    def all(self) -> Mask:
        """Whether it is touched in any way."""
        return self.itself | self.direct | self.transitive | self.build_only

    def counted(self, rows: Rows, graph: Dependencies) -> tuple[int, ...]:
        """What a row of the answer says of some specs."""
        used = rows[~self.build_only[rows]]
        ways = (self.itself, self.direct, self.transitive, self.build_only)
        counts = (int(way[rows].sum()) for way in ways)
        return len(used), len(set(graph.column("name", used))), *counts


def _touched(tables: Tables, graph: Dependencies, wanted: Rows, types: tuple[str, ...]) -> _Touched:
    followed = Dependencies(tables, types) if types != DEPTYPES else graph
    carried = Dependencies(tables, _CARRYING).needing(wanted).found
    reached = followed.needing(wanted).found
    only_carried = set(types) <= set(_CARRYING)
    build_only = (graph.needing(wanted).found if only_carried else reached) & ~carried
    itself = np.zeros(len(reached), bool)
    itself[wanted] = True
    used = reached & carried & ~itself
    direct = used & followed.needing_directly(wanted)
    return _Touched(itself, direct, used & ~direct, build_only)


def _notes_on_types(tables: Tables, graph: Dependencies, touched: Mask) -> list[str]:
    """Of how many dependencies among what is touched the types are not known."""
    edges = tables.edges["DEPENDS_ON"]
    count = int((untold(edges["types"]) & touched[graph.starts] & touched[graph.ends]).sum())
    if not count:
        return []
    which = counted(count, "dependency is", "dependencies are")
    return [f"The type of {which} not known: each counts as one that is followed."]


def _by_place(
    tables: Tables, graph: Dependencies, rows: Rows
) -> list[tuple[tuple[str, str], list[int]]]:
    """The rows that each stack holds in each release, by these names."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, place in _places(tables, graph, rows):
        found[place].append(row)
    return sorted(found.items())


def _places(
    tables: Tables, graph: Dependencies, rows: Rows
) -> Iterable[tuple[int, tuple[str, str]]]:
    """Each of the rows with each stack and release that holds it."""
    chosen = pa.array([graph.hash(row) for row in rows.tolist()], pa.string())
    place_of: dict[str, list[tuple[str, str]]] = {h: [] for h in chosen.to_pylist()}
    for edge in _edges_of(tables, "IN_STACK", chosen):
        for release in edge["releases"] or [""]:
            place_of[edge["from"]].append((edge["to"], release))
    for edge in _edges_of(tables, "IN_RELEASE", chosen):
        if all(release != edge["to"] for _, release in place_of[edge["from"]]):
            place_of[edge["from"]].append(("", edge["to"]))
    for row, places in zip(rows.tolist(), place_of.values(), strict=True):
        for place in places or [("", "")]:
            yield row, place


def _edges_of(tables: Tables, name: str, hashes: pa.Array) -> list[dict[str, Any]]:
    edges = tables.edges[name]
    return list(semi_join(edges, edges["from"], hashes).to_pylist())


def _words(specs: str | Iterable[str]) -> str:
    return specs if isinstance(specs, str) else " ".join(specs)
