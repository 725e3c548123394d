"""What a change to a spec touches: who needs it, itself or through others, and what for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Mask, Rows, Runs
from graphcache.analysis.matching.matcher import READS
from graphcache.analysis.matching.names import meant, require
from graphcache.answers import Answer, reads
from graphcache.spack.deptypes import ALL, DEPTYPES, parse_deptypes
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, decoded_pairs, firsts
from graphcache.words import counted

_CARRYING = ("link", "run")
"""Dependencies of these types are there when a spec is used; the others made or tested it."""
COLUMNS = [
    *("stack", "release", "specs", "packages"),
    *("self", "direct", "transitive", "build_only"),
]


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
    only those are followed; by `build` alone, what needs one only for a test is not reached. A
    spliced spec needs the one that it was spliced from.

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
    touched = Following(graph, types).touched(wanted)
    notes = [*graph.notes(), *notes, *notes_on_types(graph, touched.all)]
    rows = [
        (*place, *touched.counted(members, graph))
        for place, members in Places(tables, graph).of(touched.all)
        if stack in (None, place[0]) and release in (None, place[1])
    ]
    if not rows and len(wanted):
        places = [f"stack {stack}"] * (stack is not None) + [f"release {release}"] * bool(release)
        said = f"Nothing in {' in '.join(places)} is {_words(specs)}, or depends on it."
        notes = [*notes, said]
    return Answer(COLUMNS, rows, notes=notes)


@dataclass(frozen=True)
class Touched:
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


class Following:
    """Dependencies of some types, along which it is asked what is touched; once for many specs."""

    def __init__(self, graph: Dependencies, types: tuple[str, ...]) -> None:
        self._graph = graph
        self._carried = graph.of_types(_CARRYING)
        self._followed = graph if types == DEPTYPES else self._carried
        if set(types) not in (set(DEPTYPES), set(_CARRYING)):
            self._followed = graph.of_types(types)
        self._only_carried = set(types) <= set(_CARRYING)

    def touched(self, wanted: Rows) -> Touched:
        """What is touched by a change to the specs in the rows."""
        carried = self._carried.needing(wanted).found
        alike = self._followed is self._carried
        reached = carried if alike else self._followed.needing(wanted).found
        any_type = self._graph.needing(wanted).found if self._only_carried else reached
        itself = np.zeros(len(reached), bool)
        itself[wanted] = True
        used = reached & carried & ~itself
        direct = used & self._followed.needing_directly(wanted)
        return Touched(itself, direct, used & ~direct, any_type & ~carried)


def notes_on_types(graph: Dependencies, touched: Mask) -> list[str]:
    """Of how many dependencies among what is touched the types are not known."""
    among = touched[graph.starts] & touched[graph.ends]
    count = int((graph.untold() & among).sum())
    if not count:
        return []
    which = counted(count, "dependency is", "dependencies are")
    return [f"The type of {which} not known: each counts as one that is followed."]


class Places:
    """Each spec with the stacks and releases that it is in; once for many questions.

    A spec that no stack holds in a release it is in is there without a stack.
    """

    def __init__(self, tables: Tables, graph: Dependencies) -> None:
        names = (["", *tables.nodes[type_]["name"].to_pylist()] for type_ in ("Stack", "Release"))
        self._stacks, self._releases = names
        rows, of_stack, of_release = _in_stacks(tables, graph, self._stacks, self._releases)
        size = len(self._releases)
        edges = tables.edges["IN_RELEASE"]
        alone = np.stack([graph.rows(edges["from"]), _places_of(edges["to"], self._releases)])
        held = np.isin(coded_pairs(alone[0], alone[1], size), coded_pairs(rows, of_release, size))
        alone = alone[:, ~held]
        everywhere = np.arange(graph.specs.num_rows)
        nowhere = np.setdiff1d(everywhere, np.concatenate([rows, alone[0]]))
        none = np.zeros(alone.shape[1] + len(nowhere), np.int64)
        rows = np.concatenate([rows, alone[0], nowhere])
        of_release = np.concatenate([of_release, alone[1], none[: len(nowhere)]])
        places = coded_pairs(np.concatenate([of_stack, none]), of_release, size)
        order = np.argsort(rows, kind="stable")
        self._places, self._of_spec = places[order], Runs(rows, graph.specs.num_rows)

    def of(self, chosen: Mask) -> list[tuple[tuple[str, str], Rows]]:
        """The chosen rows of each stack in each release, by these names, sorted."""
        rows = np.flatnonzero(chosen)
        which, pairs = self._of_spec.of(rows)
        rows, places = rows[which], self._places[pairs]
        order = np.argsort(places, kind="stable")
        places = places[order]
        first = np.flatnonzero(firsts(places))
        of_stack, of_release = decoded_pairs(places[first], len(self._releases))
        ends = [*first[1:], len(order)]
        return [
            ((self._stacks[stack], self._releases[release]), rows[order[start:end]])
            for stack, release, start, end in zip(of_stack, of_release, first, ends, strict=False)
        ]


def _in_stacks(
    tables: Tables, graph: Dependencies, stacks: list[str], releases: list[str]
) -> tuple[Rows, Rows, Rows]:
    """Each spec with each stack and release that it is in, by their positions among the names."""
    edges = tables.edges["IN_STACK"]
    lists = edges["releases"].combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    # One that is in no release that is known is there once.
    which = np.repeat(np.arange(len(lengths)), np.maximum(lengths, 1))
    of_release = np.zeros(len(which), np.int64)
    of_release[lengths[which] > 0] = _places_of(pc.list_flatten(lists), releases)
    return graph.rows(edges["from"])[which], _places_of(edges["to"], stacks)[which], of_release


def _places_of(column: pa.ChunkedArray, names: list[str]) -> Rows:
    found: Rows = pc.index_in(column, pa.array(names, pa.string())).to_numpy().astype(np.int64)
    return found


def _words(specs: str | Iterable[str]) -> str:
    return specs if isinstance(specs, str) else " ".join(specs)
