"""What of a cache could go, and what Spack is told to keep."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Mask, Rows
from graphcache.analysis.memberships import specs_in
from graphcache.answers import LOAD_DEPENDENCIES, Answer, reads
from graphcache.errors import UsageError, not_known
from graphcache.spack.deptypes import ALL, DEPTYPES, parse_deptypes
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

COLUMNS = ["could_go", "name", "version", "size"]
_READS = {
    "Spec": ("name", "version", "label", "size", "in_buildcache", "dependencies_known"),
    **NEEDS,
    "DEPENDS_ON": ("types",),
    "IN_STACK": ("releases", "root"),
    "IN_RELEASE": (),
}


@reads(_READS)
def prune_plan(
    tables: Tables,
    releases: str | Iterable[str] = (),
    stacks: str | Iterable[str] = (),
    deptype: str | Iterable[str] = ALL,
) -> Answer:
    """The specs of the cache that nothing kept needs; deletes nothing.

    Kept is what is in one of the releases or stacks, with all that it needs, and what a spliced
    spec was spliced from. With a `deptype` such as `link,run` it is only the roots of these, with
    what they need by dependencies of these types: stacks also hold what builds the rest.

    A spec is named `NAME@VERSION/HASH`, and not by its hash alone, which Spack would take for one
    to keep: for those there is `keeplist`. The biggest stand first; those of one
    size, and of which it is not known, in the order of names, versions and hashes.

    Raises:
        UsageError: nothing to keep is named, a name is not in the graph, or there is no such type
            of dependencies.
        NotKnownError: of some spec to keep, or that one needs, it is not known what it needs; of
            no spec it is known that the cache holds it; or which specs are roots is asked for, and
            not known.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/develop", release="develop")
    >>> prune_plan(tables, stacks=["io", "solvers"]).rows[0]
    ('autoconf@2.72/ko4xunvlg4rd2rvvbsnis6m76qzr6rer', 'autoconf', '2.72', None)
    """
    return could_go(what_is_kept(tables, releases, stacks, deptype))


@reads(_READS)
def keeplist(
    tables: Tables,
    releases: str | Iterable[str] = (),
    stacks: str | Iterable[str] = (),
    deptype: str | Iterable[str] = ALL,
) -> list[str]:
    """The hashes that `spack buildcache prune --keeplist` is to keep, in order.

    What is kept is what `prune_plan` keeps, also where the cache is not known to hold it. Spack
    deletes every binary that the list does not name.

    Raises:
        UsageError: as `prune_plan` does.
        NotKnownError: as `prune_plan` does.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/develop", release="develop")
    >>> len(keeplist(tables, stacks=["io", "solvers"]))
    453
    """
    return to_keep(what_is_kept(tables, releases, stacks, deptype))


class Kept(NamedTuple):
    """What is kept of a graph."""

    graph: Dependencies
    needed: Mask
    """Of each spec whether it is kept."""
    notes: list[str]
    """What is not known of that."""


@reads(_READS)
def what_is_kept(
    tables: Tables,
    releases: str | Iterable[str] = (),
    stacks: str | Iterable[str] = (),
    deptype: str | Iterable[str] = ALL,
) -> Kept:
    """What `prune_plan` and `keeplist` are both made of, by `could_go` and `to_keep`.

    Raises:
        UsageError: as `prune_plan` does.
        NotKnownError: as `prune_plan` does.
    """
    graph = Dependencies(tables)
    types = parse_deptypes(deptype)
    kept_of = specs_in if types == DEPTYPES else _roots_in
    kept = [kept_of(tables, "release", release) for release in _names(releases)]
    kept += [kept_of(tables, "stack", stack) for stack in _names(stacks)]
    if not kept:
        raise UsageError("expected a release or a stack to keep: else all could go")
    followed = graph if types == DEPTYPES else graph.of_types(types)
    needed = followed.needed(np.concatenate(kept)).found
    _require_known(graph, np.flatnonzero(needed & graph.unknown))
    notes = []
    if types != DEPTYPES:
        count = int((graph.untold() & needed[graph.starts]).sum())
        which = counted(count, "dependency is", "dependencies are")
        notes = [f"The type of {which} not known: what they lead to is kept."] if count else []
    _require_held(graph)
    return Kept(graph, needed, notes)


def could_go(kept: Kept) -> Answer:
    """What the cache holds and is not kept, as `prune_plan` gives it."""
    graph, needed, notes = kept
    held = pc.fill_null(graph.specs["in_buildcache"], False).to_numpy()
    gone = np.flatnonzero(held & ~needed)
    columns = [graph.column(name, gone) for name in ("hash", "name", "version", "size")]
    rows = [
        (f"{name}@{version or ''}/{hash_}", name, version, size)
        for hash_, name, version, size in zip(*columns, strict=True)
    ]
    rows.sort(key=lambda row: (-(row[3] or 0), row[1], version_key(row[2]), row[0]))
    if not rows:
        notes = [*notes, "What is kept needs all that the cache holds."]
    return Answer(COLUMNS, rows, notes=[*notes, *_notes_on_holding(graph, needed)])


def to_keep(kept: Kept) -> list[str]:
    """The hashes that are kept, as `keeplist` gives them."""
    return sorted(kept.graph.column("hash", np.flatnonzero(kept.needed)))


def _roots_in(tables: Tables, kind: str, name: str) -> Rows:
    """The roots of a stack, or of all stacks of a release.

    Raises:
        NotKnownError: one of these does not say which of its specs are, or a spec is in none.
    """
    members, graph = specs_in(tables, kind, name), Dependencies(tables)
    edges = tables.edges["IN_STACK"]
    if kind == "stack":
        edges = edges.filter(pc.equal(edges["to"], name))
    else:
        lists = edges["releases"].combine_chunks()
        of_release = pc.equal(pc.list_flatten(lists), name)
        edges = edges.take(pc.list_parent_indices(lists).filter(of_release))
    told = edges["to"].filter(pc.is_valid(edges["root"]))
    of_told = edges["from"].filter(pc.is_in(edges["to"], pc.unique(told)))
    if len(np.setdiff1d(members, graph.rows(of_told))):
        raise not_known(
            f"which specs of {kind} {name} are roots is not known, and what these need is to be "
            "kept: keep dependencies of all types, or load its lock files,"
        )
    return graph.rows(edges["from"].filter(pc.fill_null(edges["root"], False)))


def _names(given: str | Iterable[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _require_known(graph: Dependencies, unknown: Rows) -> None:
    """Refuse where what is kept may need anything."""
    if len(unknown):
        specs = "spec that is kept" if len(unknown) == 1 else "specs that are kept"
        raise not_known(
            f"the dependencies of {len(unknown):,} {specs} are not known, such as "
            f"{graph.shown(int(unknown[0]))}: what could go may be needed; {LOAD_DEPENDENCIES},"
        )


def _require_held(graph: Dependencies) -> None:
    """Refuse where nobody could tell what would go."""
    if not pc.any(graph.specs["in_buildcache"]).as_py():
        raise not_known(
            "of no spec it is known that the cache holds it, and so what could go is not known: "
            "load the index or pages of the cache,"
        )


def _notes_on_holding(graph: Dependencies, needed: Mask) -> list[str]:
    """How much more may be in the cache, and would go."""
    holding = graph.specs["in_buildcache"]
    count = int((pc.is_null(holding).to_numpy() & ~needed).sum())
    if not count:
        return []
    specs, them = ("spec", "it") if count == 1 else ("specs", "them")
    more = f"{count:,} more {specs} that nothing kept needs"
    return [f"Of {more}, it is not known whether the cache holds {them}."]
