"""Where what depends on some specs is: by stack and release, as `impact` counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

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

    stack: str | None
    """None where no stack holds them in the release."""
    release: str | None
    """None where they are in no release."""
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
        self._types = types
        self._following = Following(self._graph, types)
        of_target = members(tables, "FOR_TARGET")
        self._target_names = of_target.names
        self._targets = np.full(self._graph.specs.num_rows, -1)
        self._targets[of_target.specs] = of_target.groups
        self._columns: dict[str, list[Any]] = {}
        self._tables = tables
        self._roots = roots_by_stack(tables, self._graph)
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
            touched = self._touched_by(rows)
            self._touched |= touched.all
            rebuilt = touched.all  # where link and run are followed, that is all that needs them
            if self._is_known and self._types != ("link", "run"):
                rebuilt = self._graph.needing(rows).found
            self._found[key] = [
                self._place(stack, release, here, touched, rebuilt)
                for (stack, release), here in self._places.of(touched.all | rebuilt)
            ]
        return self._found[key]

    def _touched_by(self, rows: Rows) -> Touched:
        if self._is_known:
            return self._following.touched(rows)
        itself = np.zeros(self._graph.specs.num_rows, bool)
        none = itself.copy()
        itself[rows] = True
        return Touched(itself, none, none, none)

    def _place(
        self, stack: str, release: str, here: Rows, touched: Touched, rebuilt: Mask
    ) -> Place:
        own = here[touched.itself[here]]
        used = here[~touched.build_only[here]]
        direct, transitive, build_only = (
            int(way[here].sum()) for way in (touched.direct, touched.transitive, touched.build_only)
        )
        known = self._is_known
        versions = set(self._values("version", own)) - {None}
        dependents = used[~touched.itself[used]]
        return Place(
            stack or None,
            release or None,
            self._values("hash", own),
            sorted(versions, key=version_key),
            self._targets_of(own),
            self._roots_among(stack, used) if known else None,
            len(own),
            direct if known else None,
            transitive if known else None,
            build_only if known else None,
            int(rebuilt[here].sum()) if known else None,
            sorted(set(self._values("name", dependents))),
        )

    def _roots_among(self, stack: str, rows: Rows) -> list[str]:
        if stack not in self._roots:
            return []
        return sorted(set(self._values("name", rows[self._roots[stack][rows]])))

    def _targets_of(self, rows: Rows) -> list[str]:
        found = set(self._targets[rows].tolist()) - {-1}
        return [self._target_names[at] for at in sorted(found)]

    def _values(self, name: str, rows: Rows) -> list[Any]:
        """A property of the specs in the rows; the whole column is made a list once."""
        if name not in self._columns:
            self._columns[name] = self._graph.specs[name].to_pylist()
        column = self._columns[name]
        return [column[row] for row in rows.tolist()]


_NOTHING_KNOWN = (
    "What depends on them is not known: no source tells what any spec needs. Load the index, lock "
    "files or spec files of the same cache, by 'graphcache update PATH...'"
)


def roots_by_stack(tables: Tables, graph: Dependencies) -> dict[str, Mask]:
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
