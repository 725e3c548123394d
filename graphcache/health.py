"""What is wrong in a cache: named queries, what no root reaches, and what was said at each load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies
from graphcache.answers import LOAD_DEPENDENCIES, Answer, reads
from graphcache.errors import NotKnownError, not_known
from graphcache.queries import load_library
from graphcache.stores.base import Store
from graphcache.tables import Tables
from graphcache.tables.columns import SEPARATOR, flat
from graphcache.words import counted

__all__ = ["Finding", "check"]

QUERIES = ("holes", "dangling-dependencies", "in-no-stack", "not-in-root")
"""Named queries of which every row is something wrong."""
_OF_ALL = {"in-no-stack": "Stack", "not-in-root": "Release"}
"""What a graph must have for a query to mean anything."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that may be wrong."""

    name: str
    question: str
    answer: Answer | None
    """What was found of it; None if that is not known."""
    shown_by: str
    """The command that shows it all."""
    note: str = ""
    """What is not known of it, or why it is not asked."""

    @property
    def is_wrong(self) -> bool:
        """Whether anything was found."""
        return self.answer is not None and bool(self.answer.rows)


def check(store: Store) -> list[Finding]:
    """All that may be wrong, with what was found of it; an answer without rows is all well.

    What stands on dependencies is not known where those of no spec are, as in a graph of pages.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         found = check(store)
    >>> [finding.name for finding in found if finding.is_wrong]
    ['warnings']
    >>> [finding.name for finding in found if finding.answer is None]
    ['holes', 'dangling-dependencies', 'not-reached']
    """
    found = [_by_query(store, name) for name in QUERIES]
    reached = "Which specs of a stack does none of its roots need?"
    command = "graphcache check --format json"
    try:
        answer = not_reached(store.part(not_reached.reads))
        found.append(Finding("not-reached", reached, answer, command, _note(answer)))
    except NotKnownError as problem:
        found.append(Finding("not-reached", reached, None, command, problem.at_shell))
    said = "What was warned of when the files were read?"
    found.append(Finding("warnings", said, warnings(store), command))
    said = "What was rejected when the files were read, and is not in the graph?"
    answer = rejects(store)
    found.append(Finding("rejects", said, answer, command, _note(answer)))
    return found


def _by_query(store: Store, name: str) -> Finding:
    query = load_library()[name]
    command = f"graphcache query {name}"
    label = _OF_ALL.get(name)
    if label and not store.query(f"MATCH (n:{label}) RETURN n.name LIMIT 1").rows:
        nothing = Answer([column.name for column in query.columns], [])
        return Finding(name, query.question, nothing, command, f"the graph has no {label.lower()}s")
    try:
        answer = query.run(store)
    except NotKnownError as problem:
        return Finding(name, query.question, None, command, problem.at_shell)
    return Finding(name, query.question, answer, command, _note(answer))


def _note(answer: Answer) -> str:
    return " ".join(answer.notes)


@reads({"Spec": ("name", "dependencies_known"), **NEEDS, "IN_STACK": ("root", "releases")})
def not_reached(tables: Tables) -> Answer:
    """The specs of each stack that none of its roots needs, where the stack names roots.

    A stack is passed over where it is not known of all that its roots need what that needs: any
    spec may be among it. So are specs that are in no release whose roots a source tells.

    Raises:
        NotKnownError: no dependencies are known, no source tells a root of any stack, or all stacks
            are passed over.
    """
    graph = Dependencies(tables)
    notes = graph.notes()
    edges = tables.edges["IN_STACK"]
    if edges.num_rows and not pc.any(pc.is_valid(edges["root"])).as_py():
        raise not_known("no source tells the roots of any stack; lock files do: load them")
    rows, passed_over, untold = [], [], 0
    stacks = pc.unique(edges["to"].filter(pc.fill_null(edges["root"], False))).to_pylist()
    for stack in sorted(stacks):
        of_stack = edges.filter(pc.equal(edges["to"], stack))
        told = _of_told_roots(of_stack)
        untold += pc.sum(pc.invert(told)).as_py()
        roots = graph.rows(of_stack["from"].filter(pc.fill_null(of_stack["root"], False)))
        needed = graph.needed(roots).found
        if np.any(needed & graph.unknown):
            passed_over.append(stack)
            continue
        reached = pa.array(needed).take(pa.array(graph.rows(of_stack["from"])))
        members = of_stack["from"].filter(pc.and_not(told, reached))
        at = graph.rows(members)
        rows += [
            (stack, spec_hash, name)
            for spec_hash, name in zip(members.to_pylist(), graph.column("name", at), strict=True)
        ]
    if passed_over:
        what = f"all that the roots of {', '.join(passed_over)} need is not known"
        if len(passed_over) == len(stacks):
            raise not_known(f"{what}; {LOAD_DEPENDENCIES},")
        notes = [*notes, f"{what[0].upper()}{what[1:]}."]
    if untold:
        specs = counted(untold, "spec is", "specs are")
        notes = [*notes, f"{specs} in releases of stacks whose roots no source tells."]
    return Answer(["stack", "hash", "package"], sorted(rows), notes=notes)


def _of_told_roots(of_stack: pa.Table) -> pa.Array:
    """Of each spec of a stack whether a source tells the roots of it in one of its releases.

    A lock file says of all that it lists whether it is a root. What is in several releases may be
    told by the lock file of either; what is in one alone was told by that one's.
    """
    says = pc.is_valid(of_stack["root"])
    texts = pc.binary_join(flat(of_stack["releases"]), SEPARATOR)
    told = set(pc.unique(texts.filter(flat(says))).to_pylist())
    alone = {text for text in told if SEPARATOR not in text} or told
    if "" in alone:  # which no release has a part in
        return pa.array([True] * of_stack.num_rows, pa.bool_())
    releases = {release for text in alone for release in text.split(SEPARATOR)}
    among = [t for t in pc.unique(texts).to_pylist() if releases & {*t.split(SEPARATOR)}]
    return pc.or_(flat(says), pc.is_in(texts, pa.array(among, pa.string())))


def warnings(store: Store) -> Answer:
    """What each load warned of, such as files that say two things of one hash."""
    rows = [(load.time, text) for load in store.describe().loads for text in load.warnings]
    return Answer(["time", "warning"], rows)


def rejects(store: Store) -> Answer:
    """What each load rejected, by place; of more than a load keeps, a note says how many."""
    loads = store.describe().loads
    rows = [(load.time, text) for load in loads for text in load.rejected]
    more = sum(load.rejects for load in loads) - len(rows)
    notes = [f"{counted(more, 'more reject')}: only the first of each load are kept."]
    return Answer(["time", "rejected"], rows, notes=notes if more else [])
