"""Why a spec is in a cache, what a change to it touches, and what could go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows
from graphcache.analysis.finding import meant
from graphcache.analysis.matching import READS
from graphcache.analysis.memberships import ends_by_spec, specs_in
from graphcache.analysis.names import require
from graphcache.answers import LOAD_DEPENDENCIES, Answer, reads
from graphcache.errors import NotKnownError, UsageError
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join
from graphcache.words import counted


@reads({**NEEDS, **READS, "Spec": (*READS["Spec"], "label"), "IN_STACK": ("root",)})
def why(tables: Tables, specs: str | Iterable[str]) -> Answer:
    """The roots that need each spec, and a shortest path from each root down to it.

    A root is what a stack lists as one; where no stack that holds a spec says so of any, it is a
    spec that no other needs. Where nobody tells what any spec of a stack needs, its roots are not
    known. `specs` are words as `find` takes them, `/HASH` among them.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several.
        NotKnownError: of none of the specs it is known which roots need it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> why(tables, ["/bu5ehkv"]).rows[0][5]
    ['lbann@0.104/kxutamr', 'zlib-ng@2.3.2/bu5ehkv']
    """
    graph = Dependencies(tables)
    roots, perhaps = _roots(tables, graph)
    columns = ["hash", "spec", "root", "stacks", "length", "path"]
    stacks = ends_by_spec(tables, "IN_STACK", graph.specs["hash"])
    rows: list[tuple[Any, ...]] = []
    unknown: list[int] = []
    wanted, notes = meant(tables, specs)
    for row in wanted.tolist():
        reach = graph.needing(np.array([row]))
        for root in roots[reach.found[roots]].tolist():
            path = reach.path(root)
            rows.append(
                (
                    graph.hash(row),
                    _shown(graph, row),
                    _shown(graph, root),
                    stacks.get(graph.hash(root), []),
                    len(path) - 1,
                    [_shown(graph, step) for step in path],
                )
            )
        if not reach.found[roots].any():
            if reach.found[perhaps].any():
                unknown.append(row)
            else:
                notes.append(f"No root needs {_shown(graph, row)}.")
    rows.sort(key=lambda row: (row[0], row[4], row[2]))
    return Answer(
        columns, rows, notes=[*graph.notes(), *notes, *_notes_on_roots(graph, unknown, wanted)]
    )


def _notes_on_roots(graph: Dependencies, unknown: list[int], wanted: Rows) -> list[str]:
    """Of how many specs the roots are not known; refuse where that is all that was asked for."""
    if not unknown:
        return []
    which = f"the roots of {counted(len(unknown), 'spec')} are not known, such as those of "
    why = f"{which}{_shown(graph, unknown[0])}: of no spec of its stacks it is known what it needs"
    if len(unknown) == len(wanted):
        raise NotKnownError(f"{why}; {LOAD_DEPENDENCIES}")
    return [f"{why[0].upper()}{why[1:]}."]


@reads(
    {
        **NEEDS,
        **READS,
        "Stack": (),
        "IN_STACK": ("releases",),
        "IN_RELEASE": (),
    }
)
def impact(tables: Tables, specs: str | Iterable[str], stack: str | None = None) -> Answer:
    """How much depends on the specs that are as is asked, by stack and release, with themselves.

    `specs` are words as `find` takes them. What is in no stack or no release counts under an empty
    name.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> impact(tables, "hdf5").rows
    [('radiuss.v6', '', 7, 6)]
    """
    graph = Dependencies(tables)
    wanted, notes = meant(tables, specs)
    touched = graph.needing(wanted).rows
    names = tables.nodes["Stack"]["name"].to_pylist()
    if stack is not None:
        require(stack, names, "stack")
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, place in _places(tables, graph, touched):
        found[place].append(row)
    places = {place: np.array(members) for place, members in sorted(found.items())}
    rows = [
        (*place, len(members), len(set(graph.column("name", members))))
        for place, members in places.items()
        if stack in (None, place[0])
    ]
    notes = [*graph.notes(), *notes]
    if not rows and len(wanted):
        notes = [*notes, f"Nothing in stack {stack} is {_words(specs)}, or depends on it."]
    return Answer(["stack", "release", "specs", "packages"], rows, notes=notes)


@reads(
    {
        "Spec": ("name", "version", "label", "size", "in_buildcache", "dependencies_known"),
        **NEEDS,
        "IN_STACK": (),
        "IN_RELEASE": (),
    }
)
def prune_plan(tables: Tables, releases: Iterable[str], stacks: Iterable[str] = ()) -> Answer:
    """The specs of the cache that nothing kept needs; deletes nothing.

    Kept is what is in one of the releases or stacks, with all that it needs, of whatever type.

    Raises:
        UsageError: nothing to keep is named, or a name is not in the graph.
        NotKnownError: of some spec to keep, or that one needs, it is not known what it needs.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/develop", release="develop")
    >>> prune_plan(tables, [], ["io", "solvers"]).rows[0][1:]
    ('py-traitlets', '5.14.3', None)
    """
    graph = Dependencies(tables)
    kept = [specs_in(tables, "release", release) for release in releases]
    kept += [specs_in(tables, "stack", stack) for stack in stacks]
    if not kept:
        raise UsageError("expected a release or a stack to keep: else all could go")
    needed = graph.needed(np.concatenate(kept)).found
    _require_known(graph, np.flatnonzero(needed & graph.unknown))
    held = pc.fill_null(graph.specs["in_buildcache"], False).to_numpy()
    gone = np.flatnonzero(held & ~needed)
    columns = ["hash", "name", "version", "size"]
    rows = list(zip(*(graph.column(name, gone) for name in columns), strict=True))
    nothing = "What is kept needs all that the cache holds."
    if not held.any():
        nothing = "Of no spec it is known that the cache holds it."
    return Answer(columns, rows, notes=[] if rows else [nothing])


def _require_known(graph: Dependencies, unknown: Rows) -> None:
    """Refuse where what is kept may need anything."""
    if len(unknown):
        specs = "spec that is kept" if len(unknown) == 1 else "specs that are kept"
        raise NotKnownError(
            f"the dependencies of {len(unknown):,} {specs} are not known, such as "
            f"{_shown(graph, int(unknown[0]))}: what could go may be needed; {LOAD_DEPENDENCIES}"
        )


def _roots(tables: Tables, graph: Dependencies) -> tuple[Rows, Rows]:
    """The roots; and what nothing needs as far as is known, which may be little.

    That nothing needs a spec says nothing where nobody tells what any spec of its stacks needs.
    """
    edges = tables.edges["IN_STACK"]
    listed = graph.rows(edges["from"].filter(pc.fill_null(edges["root"], False)))
    says = pc.unique(edges["to"].filter(pc.is_valid(edges["root"])))
    in_such_a_stack = graph.rows(edges["from"].filter(pc.is_in(edges["to"], says)))
    top = np.setdiff1d(graph.not_needed(), in_such_a_stack)
    known = pa.array(~graph.unknown[graph.rows(edges["from"])])
    told = pc.unique(edges["to"].filter(known))
    of_told = graph.rows(edges["from"].filter(pc.is_in(edges["to"], told)))
    perhaps = np.setdiff1d(top[graph.unknown[top]], of_told)
    return np.union1d(listed, np.setdiff1d(top, perhaps)), np.setdiff1d(perhaps, listed)


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


def _shown(graph: Dependencies, row: int) -> str:
    """A spec as a person writes it: `zlib@1.3.1/abcdefg`."""
    row_ = np.array([row])
    return f"{graph.column('name', row_)[0]}@{graph.column('label', row_)[0]}"


def _words(specs: str | Iterable[str]) -> str:
    return specs if isinstance(specs, str) else " ".join(specs)
