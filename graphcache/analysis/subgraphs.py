"""The part of a graph that tells something when drawn: around a node, or of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.matching.names import selection_for, the_spec
from graphcache.answers import Answer, Selection
from graphcache.errors import QueryError, UsageError, no_such, what_to_do
from graphcache.schema import NODE_TYPES, node_type
from graphcache.stores.base import Store
from graphcache.stores.neighbourhood import Keys, induced, joined, neighbours
from graphcache.tables import Tables

if TYPE_CHECKING:
    import networkx as nx

    NodeId = tuple[str, str]
    Graph = nx.MultiDiGraph[NodeId]

KINDS = {"package": "Package", "hash": "Spec", "stack": "Stack"}
"""What a subgraph may be around: as a user says it, and the node type."""

_MORE_THAN_A_NAME = re.compile(r"[@+~%^=/]")
"""What a spec has in it that the name of a package or stack has not."""

SAME_ROW = "SAME_ROW"
"""The type of an edge between two nodes that a row of an answer names and no edge joins."""

_OVERVIEW: Selection = {
    **{type_.name: () for type_ in NODE_TYPES if type_.name != "Spec"},
    **dict.fromkeys(("OF_PACKAGE", "BUILT_WITH", "FOR_TARGET", "IN_STACK", "IN_RELEASE"), ()),
    "DEPENDS_ON": (),
}
"""What `overview` reads of the graph."""


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A part of a graph, to be drawn.

    The graph has the form of `Tables.to_networkx`, with two things more. A node that stands for
    several specs has their number as `specs`; an edge that stands for several has it too. A node
    of type `Configuration` stands for the specs that share its key.
    """

    graph: Graph
    title: str
    focus: NodeId | None = None
    """The node that it is around."""
    notes: tuple[str, ...] = ()
    """Sentences on what is not as in the graph: what is counted, folded or left out."""


def find_node(store: Store, name: str, kind: str | None = None) -> NodeId:
    """The package, stack or spec that a name stands for.

    A spec is written as `names.the_spec` reads it; of a hash that has no `/`, a package or stack
    of that name goes before it.

    Raises:
        UsageError: there is none such, or several are.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         find_node(store, "rocblas")
    ('Package', 'rocblas')
    """
    if kind == "hash":
        return "Spec", _spec(store, name)
    kinds = [kind] if kind else ["package", "stack"]
    names = {k: store.table(node_type(KINDS[k]), ())["name"].to_pylist() for k in kinds}
    found = [k for k in kinds if name in names[k]]
    if len(found) > 1:
        raise what_to_do(
            UsageError,
            f"{name}: both a package and a stack: say which by ",
            python="kind='package' or kind='stack'",
            at_shell="--as package or --as stack",
        )
    if found:
        return KINDS[found[0]], name
    if kind is None and _MORE_THAN_A_NAME.search(name):
        return "Spec", _spec(store, name)
    if kind is None and name:
        specs = store.part({"Spec": ("name", "version")}).nodes["Spec"]
        begins = specs.filter(pc.starts_with(specs["hash"], name))
        if begins.num_rows:
            return "Spec", _spec(store, f"/{name}")
    wanted = kind or "package, stack or hash"
    raise no_such(wanted, name, [known for k in kinds for known in names[k]])


def _spec(store: Store, text: str) -> str:
    """The hash of the one spec that a text means."""
    packages = store.table(node_type("Package"), ())["name"].to_pylist()
    if _MORE_THAN_A_NAME.search(text):
        return the_spec(store.part(selection_for(text, packages)), text)
    return the_spec(store.part(selection_for(f"/{text}", packages)), f"/{text}")


def around(store: Store, node: NodeId) -> Subgraph:
    """What there is to see around a node that `find_node` gave.

    A package: its specs, what they are in, for and built with, and what they need themselves. A
    spec: the same, with what needs it. A stack: its specs with their packages, compilers, targets
    and releases. All edges between these nodes are there.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         len(around(store, find_node(store, "rocblas")).graph)
    12
    """
    type_name, key = node
    keys = _CHOICES[type_name](store, key)
    graph = induced(store, keys).to_networkx()
    return Subgraph(graph, _title(graph, node), node)


def _title(graph: Graph, node: NodeId) -> str:
    attributes = graph.nodes[node]
    if node[0] != "Spec":
        return f"{node[0]} {node[1]}"
    return f"Spec {attributes.get('name')}@{attributes.get('version')}/{node[1][:7]}"


def _around_package(store: Store, name: str) -> Keys:
    specs = neighbours(store, {"Package": {name}}, outward=False)
    return joined({"Package": {name}}, specs, neighbours(store, specs, inward=False))


def _around_spec(store: Store, hash_: str) -> Keys:
    return joined({"Spec": {hash_}}, neighbours(store, {"Spec": {hash_}}))


def _around_stack(store: Store, name: str) -> Keys:
    specs = neighbours(store, {"Stack": {name}}, outward=False)
    # Neither other stacks nor specs that are not of the stack.
    others = {k: v for k, v in neighbours(store, specs, inward=False).items() if k not in _OF_STACK}
    return joined({"Stack": {name}}, specs, others)


_OF_STACK = ("Spec", "Stack")
_CHOICES = {"Package": _around_package, "Spec": _around_spec, "Stack": _around_stack}


def of_answer(store: Store, answer: Answer, title: str) -> Subgraph:
    """The nodes that an answer names, and the edges between them.

    A column names nodes if its name ends in that of a node type, in the singular or plural, or in
    `hash` or `hashes`: `package`, `stacks`, `other_stack`. Where no edge of the graph joins the
    first node of a row to another node of it, one of type `SAME_ROW` does.

    Raises:
        QueryError: the answer names no node of the graph.
    """
    if not answer.rows:
        raise QueryError(f"{title}: the answer has no row, so there is nothing to show")
    rows = [list(_named(answer.columns, row)) for row in answer.rows]
    if not any(rows):
        raise QueryError(
            f"{title}: the answer names no nodes: expected a column such as package, hash, stack, "
            f"compiler, target or release with names in it, found {', '.join(answer.columns)}"
        )
    keys: Keys = {}
    for type_name, key in (node for row in rows for node in row):
        keys.setdefault(type_name, set()).add(key)
    graph = induced(store, keys).to_networkx()
    if not graph:
        raise QueryError(f"{title}: nothing that the answer names is a node of the graph")
    for row in rows:
        _join_row(graph, [node for node in row if node in graph])
    return Subgraph(graph, title)


def _named(columns: Sequence[str], row: Sequence[Any]) -> Iterator[NodeId]:
    for column, value in zip(columns, row, strict=True):
        type_name = _COLUMNS.get(column.split("_")[-1].lower())
        if type_name is not None:
            for key in value if isinstance(value, list) else [value]:
                if isinstance(key, str) and key:
                    yield type_name, key


_COLUMNS = {"hash": "Spec", "hashes": "Spec"} | {
    name: type_.name
    for type_ in NODE_TYPES
    if type_.name != "Spec"
    for name in (type_.name.lower(), f"{type_.name.lower()}s")
}


def _join_row(graph: Graph, nodes: list[NodeId]) -> None:
    for other in nodes[1:]:
        first = nodes[0]
        if first != other and not (graph.has_edge(first, other) or graph.has_edge(other, first)):
            graph.add_edge(first, other, SAME_ROW)


def overview(store: Store) -> Subgraph:
    """The whole store, its specs folded into their packages.

    A package is joined to its stacks and to the packages that it needs, a stack to its compilers,
    targets and releases; a package in no stack is joined to these itself. The edges say how many
    specs join both ends. Targets that nothing is built for are left out.
    """
    tables = store.part(_OVERVIEW)
    used = pc.is_in(tables.nodes["Target"]["name"], tables.edges["FOR_TARGET"]["to"])
    nodes = {**tables.nodes, "Target": tables.nodes["Target"].filter(used)}
    found = Tables(nodes, Tables.empty().edges).to_networkx()
    for name, count in _specs_by_end(tables.edges["OF_PACKAGE"]):
        found.nodes["Package", name]["specs"] = count
    packages, stacks = _ends(tables, "OF_PACKAGE"), _ends(tables, "IN_STACK")
    _add(found, "Package", packages, "IN_STACK", stacks)
    stackless = packages.filter(
        pc.invert(pc.is_in(packages["end"], _joined(packages, stacks)["start"]))
    )
    for edge in ("BUILT_WITH", "FOR_TARGET", "IN_RELEASE"):
        _add(found, "Stack", stacks, edge, _ends(tables, edge))
        _add(found, "Package", stackless, edge, _ends(tables, edge))
    _add_needs(found, tables, packages)
    note = (
        "Specs are folded into their packages. The number beside a neighbour counts the specs "
        "that join both. Compilers, targets and releases are joined to stacks, and to packages "
        "that are in no stack."
    )
    return Subgraph(found, "The whole store", None, (note,))


_ENDS = {"BUILT_WITH": "Compiler", "FOR_TARGET": "Target", "IN_RELEASE": "Release"}
_ENDS["IN_STACK"] = "Stack"


def _ends(tables: Tables, edge: str) -> pa.Table:
    """Each spec with what an edge type joins it to."""
    return tables.edges[edge].select(["from", "to"]).rename_columns(["spec", "end"])


def _joined(left: pa.Table, right: pa.Table) -> pa.Table:
    """What is joined by specs: the two ends, and how many specs there are that have both."""
    left = left.rename_columns(["spec", "start"])
    pairs = left.join(right, "spec", join_type="inner", use_threads=False)
    counts = pairs.group_by(["start", "end"], use_threads=False).aggregate([([], "count_all")])
    return counts.sort_by([("start", "ascending"), ("end", "ascending")])


def _specs_by_end(edges: pa.Table) -> Iterator[tuple[str, int]]:
    counts = edges.group_by("to", use_threads=False).aggregate([([], "count_all")])
    return zip(counts["to"].to_pylist(), counts["count_all"].to_pylist(), strict=True)


def _add(graph: Graph, start: str, left: pa.Table, edge: str, right: pa.Table) -> None:
    for row in _joined(left, right).to_pylist():
        ends = (start, row["start"]), (_ENDS[edge], row["end"])
        graph.add_edge(*ends, edge, specs=row["count_all"])


def _add_needs(graph: Graph, tables: Tables, packages: pa.Table) -> None:
    """The edges from package to package: how many specs of one need a spec of the other."""
    needs = _ends(tables, "DEPENDS_ON").rename_columns(["needing", "spec"])
    needed = needs.join(packages, "spec", join_type="inner", use_threads=False)
    once = needed.group_by(["needing", "end"], use_threads=False).aggregate([])
    for row in _joined(packages, once.rename_columns(["spec", "end"])).to_pylist():
        if row["start"] != row["end"]:
            ends = ("Package", row["start"]), ("Package", row["end"])
            graph.add_edge(*ends, "DEPENDS_ON", specs=row["count_all"])
