"""Why a spec is in a cache: the roots that need it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows
from graphcache.analysis.matching.matcher import READS
from graphcache.analysis.matching.names import meant
from graphcache.analysis.memberships import ends_by_spec
from graphcache.answers import LOAD_DEPENDENCIES, Answer, reads
from graphcache.errors import not_known
from graphcache.tables import Tables
from graphcache.words import counted

COLUMNS = ["hash", "spec", "package", "root", "stacks", "length", "path"]


@reads({**NEEDS, **READS, "Spec": (*READS["Spec"], "label"), "IN_STACK": ("root",)})
def why(tables: Tables, specs: str | Iterable[str]) -> Answer:
    """The roots that need each spec, and a shortest path from each root down to it.

    One row per spec and root: the `package` of the root, the root, the stacks that hold it, and
    the path as `NAME@VERSION/HASH7`, of `length` dependencies. The roots of one package follow one
    another, that with the shortest path first; so do the packages.

    A root is what a stack lists as one; where no stack that holds a spec says so of any, it is a
    spec that no other needs. Where nobody tells what any spec of a stack needs, its roots are not
    known. `specs` are words as `find` takes them, `/HASH` among them.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several.
        NotKnownError: of none of the specs it is known which roots need it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> [row["package"] for row in why(tables, ["/bu5ehkv"]).to_dicts()][:2]
    ['lbann', 'ascent']
    """
    graph = Dependencies(tables)
    roots, perhaps = roots_of(tables, graph)
    stacks = ends_by_spec(tables, "IN_STACK", graph.specs["hash"])
    rows: list[tuple[Any, ...]] = []
    unknown: list[int] = []
    wanted, notes = meant(tables, specs)
    for row in wanted.tolist():
        reach = graph.needing(np.array([row]))
        needing = roots[reach.found[roots]]
        of_row = []
        for root, package in zip(needing.tolist(), graph.column("name", needing), strict=True):
            path = [graph.shown(step) for step in reach.path(root)]
            in_stacks = stacks.get(graph.hash(root), [])
            shown = graph.hash(row), path[-1], package, path[0], in_stacks, len(path) - 1, path
            of_row.append(shown)
        rows += _shortest_first(of_row)
        if not len(needing):
            if reach.found[perhaps].any():
                unknown.append(row)
            else:
                notes.append(f"No root needs {graph.shown(row)}.")
    notes = [*graph.notes(), *notes, *_notes_on_roots(graph, unknown, wanted)]
    return Answer(COLUMNS, rows, notes=notes)


def _shortest_first(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The rows of one spec by package; those with the shortest paths first."""
    of_package: dict[str, list[tuple[Any, ...]]] = {}
    for row in sorted(rows, key=lambda row: (row[5], row[2], row[3])):
        of_package.setdefault(row[2], []).append(row)
    return [row for same in of_package.values() for row in same]


def by_package(answer: Answer) -> Answer:
    """What `why` answers, with one row per spec and package of roots: how many, and one path.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> by_package(why(tables, ["/bu5ehkv"])).rows[0]
    ('lbann', 1, ['radiuss.v6'], ['lbann@0.104/kxutamr', 'zlib-ng@2.3.2/bu5ehkv'])
    """
    rows = []
    for _, same in groupby(answer.rows, key=lambda row: (row[0], row[2])):
        roots = list(same)
        stacks = sorted({stack for root in roots for stack in root[4]})
        rows.append((roots[0][2], len(roots), stacks, roots[0][6]))
    return replace(answer, columns=["package", "roots", "stacks", "path"], rows=rows)


def _notes_on_roots(graph: Dependencies, unknown: list[int], wanted: Rows) -> list[str]:
    """Of how many specs the roots are not known; refuse where that is all that was asked for."""
    if not unknown:
        return []
    which = f"the roots of {counted(len(unknown), 'spec')} are not known, such as those of "
    why = f"{which}{graph.shown(unknown[0])}: of no spec of its stacks it is known what it needs"
    if len(unknown) == len(wanted):
        raise not_known(f"{why}; {LOAD_DEPENDENCIES},")
    return [f"{why[0].upper()}{why[1:]}."]


def roots_of(tables: Tables, graph: Dependencies) -> tuple[Rows, Rows]:
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
