"""What is wrong in a cache: named queries, what no root reaches, and what was said at each load."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies
from graphcache.answers import Answer, reads
from graphcache.queries import load_library
from graphcache.stores.base import Store
from graphcache.tables import Tables

QUERIES = ("holes", "dangling-dependencies", "in-no-stack", "not-in-root")
"""Named queries of which every row is something wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that may be wrong."""

    name: str
    question: str
    answer: Answer
    shown_by: str
    """The command that shows it all."""


def check(store: Store) -> list[Finding]:
    """All that may be wrong, with what was found of it; an answer without rows is all well.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         [found.name for found in check(store) if found.answer.rows]
    ['warnings']
    """
    library = load_library()
    found = [
        Finding(name, library[name].question, library[name].run(store), f"graphcache query {name}")
        for name in QUERIES
    ]
    reached = "Which specs of a stack does none of its roots need?"
    command = "graphcache check --format json"
    found.append(
        Finding("not-reached", reached, not_reached(store.part(not_reached.reads)), command)
    )
    said = "What was warned of when the files were read?"
    found.append(Finding("warnings", said, warnings(store), command))
    return found


@reads({"Spec": ("name",), **NEEDS, "IN_STACK": ("root",)})
def not_reached(tables: Tables) -> Answer:
    """The specs of each stack that none of its roots needs, where the stack names roots."""
    graph = Dependencies(tables)
    edges = tables.edges["IN_STACK"]
    rows = []
    for stack in pc.unique(edges["to"].filter(pc.fill_null(edges["root"], False))).to_pylist():
        of_stack = edges.filter(pc.equal(edges["to"], stack))
        roots = graph.rows(of_stack["from"].filter(pc.fill_null(of_stack["root"], False)))
        needed = pa.array(graph.needed(roots).found)
        members = of_stack["from"].filter(
            pc.invert(needed.take(pa.array(graph.rows(of_stack["from"]))))
        )
        at = graph.rows(members)
        rows += [
            (stack, spec_hash, name)
            for spec_hash, name in zip(members.to_pylist(), graph.column("name", at), strict=True)
        ]
    return Answer(["stack", "hash", "package"], sorted(rows))


def warnings(store: Store) -> Answer:
    """What each load warned of, such as files that say two things of one hash."""
    rows = [(load.time, text) for load in store.describe().loads for text in load.warnings]
    return Answer(["time", "warning"], rows)
