"""Where what depends on some specs is: by stack and release, as `impact` counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Mask, Rows
from graphcache.analysis.memberships import members
from graphcache.analysis.reasons import roots_of
from graphcache.analysis.touching import Following, Places, Touched, notes_on_types
from graphcache.answers import Selection
from graphcache.errors import NotKnownError
from graphcache.spack.versions import version_key
from graphcache.tables import Tables


@dataclass(frozen=True)
class Place:
    """What of some specs, and of all that depends on them, a stack holds in a release."""

    stack: str
    release: str
    specs: list[str]
    """The hashes of the specs themselves; none where only what depends on them is here."""
    versions: list[str]
    """Theirs, in Spack's order."""
    targets: list[str]
    """What they are built for."""
    roots: list[str] | None
    """The packages of the stack's roots that are such a spec or have one in them; None, as the four
    below, where nobody tells what specs need."""
    itself: int
    direct: int | None
    transitive: int | None
    build_only: int | None
    rebuild: int | None
    dependents: list[str]
    """The packages of what has one in it, without their own."""


class TouchedPlaces:
    """A graph, asked for what depends on specs where; what is asked twice is found once."""

    READS: ClassVar[Selection] = {
        **NEEDS,
        "Spec": ("name", "version", "dependencies_known"),
        "DEPENDS_ON": ("types",),
        "IN_STACK": ("releases", "root"),
        "IN_RELEASE": (),
        "FOR_TARGET": (),
        "Stack": (),
        "Release": (),
    }
    """What it reads of a graph."""

    def __init__(self, tables: Tables, types: tuple[str, ...]) -> None:
        self._graph = Dependencies(tables)
        self._places = Places(tables, self._graph)
        self._following = Following(self._graph, types)
        self._targets = members(tables, "FOR_TARGET")
        self._tables = tables
        self._roots = _roots_by_stack(tables, self._graph)
        self._found: dict[bytes, list[Place]] = {}
        self._touched = np.zeros(self._graph.specs.num_rows, bool)
        try:
            self._notes, self._is_known = self._graph.notes(), True
        except NotKnownError:
            self._notes, self._is_known = [_NOTHING_KNOWN], False

    @property
    def notes(self) -> list[str]:
        """What can't be known of all that was asked."""
        return [*self._notes, *notes_on_types(self._graph, self._touched)]

    def by(self, rows: Rows) -> list[Place]:
        """What specs touch, by stack and release, by these names; the specs are among it."""
        key = rows.tobytes()
        if key not in self._found:
            touched = self._following.touched(rows)
            self._touched |= touched.all
            rebuilt = self._graph.needing(rows).found
            self._found[key] = [
                self._place(stack, release, here, touched, rebuilt)
                for (stack, release), here in self._places.of(touched.all | rebuilt)
            ]
        return self._found[key]

    def _place(
        self, stack: str, release: str, here: Rows, touched: Touched, rebuilt: Mask
    ) -> Place:
        _, _, itself, *others = touched.counted(here, self._graph)
        used = here[~touched.build_only[here]]
        roots = used[self._roots.get(stack, np.zeros(len(touched.itself), bool))[used]]
        dependents = used[~touched.itself[used]]
        known = self._is_known
        counts = [count if known else None for count in (*others, int(rebuilt[here].sum()))]
        direct, transitive, build_only, rebuild = counts
        own = here[touched.itself[here]]
        versions = set(self._graph.column("version", own)) - {None}
        return Place(
            stack,
            release,
            self._graph.column("hash", own),
            sorted(versions, key=version_key),
            self._targets_of(own),
            sorted(set(self._graph.column("name", roots))) if known else None,
            itself,
            direct,
            transitive,
            build_only,
            rebuild,
            sorted(set(self._graph.column("name", dependents))),
        )

    def _targets_of(self, rows: Rows) -> list[str]:
        found = np.unique(self._targets.groups[np.isin(self._targets.specs, rows)])
        return [self._targets.names[at] for at in found.tolist()]


_NOTHING_KNOWN = (
    "What depends on them is not known: no source tells what any spec needs. Load the index, lock "
    "files or spec files of the same cache, by 'graphcache update PATH...'"
)


def _roots_by_stack(tables: Tables, graph: Dependencies) -> dict[str, Mask]:
    """Of each stack the specs that are its roots; where it does not say, what no other needs."""
    edges = tables.edges["IN_STACK"]
    all_roots, _ = roots_of(tables, graph)
    says = set(pc.unique(edges["to"].filter(pc.is_valid(edges["root"]))).to_pylist())
    found = {}
    for stack in pc.unique(edges["to"]).to_pylist():
        of_stack = edges.filter(pc.equal(edges["to"], stack))
        mask = np.zeros(graph.specs.num_rows, bool)
        if stack in says:
            of_stack = of_stack.filter(pc.fill_null(of_stack["root"], False))
        mask[graph.rows(of_stack["from"])] = True
        if stack not in says:
            mask[np.setdiff1d(np.flatnonzero(mask), all_roots)] = False
        found[stack] = mask
    return found
