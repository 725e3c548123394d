"""Graphs for tests: a small one with every type, and any that Hypothesis can think of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
from hypothesis import strategies as st

from graphcache import Tables
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType
from graphcache.stores.base import HELD_FILES, Load
from graphcache.stores.embedded.places import store_lock
from graphcache.stores.embedded.write import write_store

Graph = nx.MultiDiGraph  # its nodes are (TYPE, KEY)

NASTY = [
    'a "quoted" word',
    "it's",
    "back\\slash\\",
    "`tick`",
    "two\nlines",
    "carriage\rreturn\r\n",
    "tab\t",
    " spaces ",
    "<a href='x'>&amp;</a>",
    "]]>",
    "a,b;c|d",
    "../../etc/passwd",
    "null",
    "true",
    "0",
    "{}",
    "[",
    "$rows",
    "//",
    ":param",
    "é\u2028\u2029\u0085\u00a0\ufeff",
    "\U0001f600\u200b",
]
"""Texts that something in the way might take for more than text."""

_CONTROL = "".join(map(chr, (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)))
"""Characters that XML has no way to write."""

any_text = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
xml_text = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=_CONTROL), max_size=8
)
csv_text = st.sampled_from(NASTY) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x1f"), max_size=8
)
"""Without the character that stands between the items of a list."""

ADDED = {
    "added text": "text",
    "added_integer": "integer",
    "added-boolean": "boolean",
    "added`list": "list of text",
    "zahl ü": "number",
    "integers": "list of integers",
    "numbers": "list of numbers",
}
"""Properties that a script might add, with their types; the names are not easy either."""


def values(type_: str, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of a property of that type."""
    integers = st.integers(-(2**63), 2**63 - 1)
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    known: dict[str, st.SearchStrategy[Any]] = {
        "text": text,
        "integer": integers,
        "boolean": st.booleans(),
        "number": numbers,
        "list of text": st.lists(text, max_size=3),
        "list of integers": st.lists(integers, max_size=3),
        "list of numbers": st.lists(numbers, max_size=3),
    }
    return known[type_]


def _properties(
    type_: NodeType | EdgeType, text: st.SearchStrategy[str]
) -> st.SearchStrategy[dict[str, Any]]:
    declared = type_.properties[1:] if isinstance(type_, NodeType) else type_.properties
    types = {p.name: p.type for p in declared} | ADDED
    optional = {name: values(kind, text) for name, kind in types.items()}
    return st.fixed_dictionaries({}, optional=optional)


@st.composite
def graphs(draw: st.DrawFn, text: st.SearchStrategy[str] = any_text) -> Graph[tuple[str, str]]:
    """Graphs in the form of `to_networkx`, made by `add_node` and `add_edge`."""
    graph: Graph[tuple[str, str]] = nx.MultiDiGraph()
    keys = {t.name: draw(st.lists(text.filter(bool), max_size=3, unique=True)) for t in NODE_TYPES}
    for node_type in NODE_TYPES:
        for key in keys[node_type.name]:
            # What `to_networkx` says of every node; a Spec has a label of its own or none.
            said = {"type": node_type.name, node_type.key: key}
            if node_type.name != "Spec":
                said["label"] = key
            properties = draw(_properties(node_type, text))
            graph.add_node((node_type.name, key), **said, **properties)
    for type_ in EDGE_TYPES:
        ends = [(a, b) for a in keys[type_.start] for b in keys[type_.end]]
        for start, end in draw(st.lists(st.sampled_from(ends), unique=True)) if ends else []:
            properties = draw(_properties(type_, text))
            graph.add_edge((type_.start, start), (type_.end, end), type_.name, **properties)
    return graph


def small_graph() -> Graph[tuple[str, str]]:
    """A graph with every type of node, edge and property, and with what a script added."""
    graph: Graph[tuple[str, str]] = nx.MultiDiGraph()
    zlib, cmake = ("Spec", "a" * 32), ("Spec", "b" * 32)
    package, stack = ("Package", "zlib"), ("Stack", "e4s & co")
    compiler, target = ("Compiler", "gcc@13.2.0"), ("Target", "x86_64_v3")
    release, family = ("Release", "develop-2025-03-30"), ("Target", "x86_64")
    graph.add_node(
        zlib,
        name="zlib",
        version="1.3",
        label="1.3/aaaaaaa",
        variants=["+pic", "cflags=-O2 -g", "patches:=a,b"],
        size=12345,
        in_buildcache=True,
        derived=False,
    )
    graph.add_node(cmake, name='say "cmake"', variants=[], external=True, weight=0.5)
    graph.add_node(package, note="two\nlines <&> 'quoted' \\ ü\u2028\U0001f600")
    graph.add_node(compiler, name="gcc", version="13.2.0")
    graph.add_node(target, family="x86_64", generation=3)
    graph.add_node(release, date="2025-03-30")
    graph.add_nodes_from([stack, family])
    graph.add_edge(zlib, package, "OF_PACKAGE")
    graph.add_edge(zlib, compiler, "BUILT_WITH", languages=["c", "cxx"])
    graph.add_edge(zlib, target, "FOR_TARGET")
    graph.add_edge(zlib, stack, "IN_STACK", releases=["develop", release[1]], root=True)
    graph.add_edge(zlib, release, "IN_RELEASE", root=False)
    graph.add_edge(cmake, zlib, "DEPENDS_ON", types=["build"], virtuals=[], scores=[1.5, 2.0])
    graph.add_edge(cmake, zlib, "SPLICED_FROM")
    graph.add_edge(target, family, "EXTENDS")
    return graph


def put_store(
    path: Path,
    tables: Tables,
    sources: Sequence[str] = ("a test",),
    warnings: Sequence[str] = (),
) -> None:
    """Put an embedded store of tables in place, as if a build had made them of these sources."""
    digest = tables.digest()
    load = Load(Load.now(), "build", "0", [*sources], 1, 0, 1, 0, digest, [*warnings])
    with store_lock(path):
        write_store(path, tables, [load], HELD_FILES.empty_table())


def small_tables() -> Tables:
    """The tables of the small graph."""
    return Tables.from_networkx(small_graph())
