"""The graph for networkx, and back: nothing lost, and what does not fit is refused in words."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import networkx as nx
import pytest
from conftest import tries
from graphs import Graph, any_text, graphs, small_graph, small_tables, values
from hypothesis import given
from hypothesis import strategies as st

from graphcache import GraphError, Tables
from graphcache.schema import node_type
from graphcache.tables.columns import ARROW_TYPES, property_type

ZLIB = ("Package", "zlib")


def naive(tables: Tables) -> Graph[tuple[str, str]]:
    """The graph as networkx's own functions make it, row by row."""
    graph: Graph[tuple[str, str]] = nx.MultiDiGraph()
    for name, table in tables.nodes.items():
        key = node_type(name).key
        for row in table.to_pylist():
            properties = {n: value for n, value in row.items() if value is not None}
            if name != "Spec":
                properties = {"label": row[key]} | properties
            graph.add_node((name, row[key]), type=name, **properties)
    for name, table in tables.edges.items():
        start, end = ENDS[name]
        for row in table.to_pylist():
            ends = (start, row.pop("from")), (end, row.pop("to"))
            properties = {n: value for n, value in row.items() if value is not None}
            graph.add_edge(*ends, key=name, **properties)
    return graph


ENDS = {
    "OF_PACKAGE": ("Spec", "Package"),
    "BUILT_WITH": ("Spec", "Compiler"),
    "FOR_TARGET": ("Spec", "Target"),
    "IN_STACK": ("Spec", "Stack"),
    "IN_RELEASE": ("Spec", "Release"),
    "DEPENDS_ON": ("Spec", "Spec"),
    "SPLICED_FROM": ("Spec", "Spec"),
    "EXTENDS": ("Target", "Target"),
}


def assert_same(found: Any, wanted: Any) -> None:
    """Equal in all that networkx keeps, with the order of nodes and neighbours, and types."""
    assert nx.utils.graphs_equal(found, wanted)
    assert list(found.nodes) == list(wanted.nodes)
    assert list(found.edges) == list(wanted.edges)
    for start, end, key in wanted.edges:
        # Both directions are one dict, so that a change of either is seen by both.
        assert found._succ[start][end] is found._pred[end][start]
        assert found._succ[start][end][key] is found.edges[start, end, key]
    pairs = [(found.nodes[n], wanted.nodes[n]) for n in wanted.nodes]
    pairs += [(found.edges[e], wanted.edges[e]) for e in wanted.edges]
    for one, other in pairs:
        assert {n: type(v) for n, v in one.items()} == {n: type(v) for n, v in other.items()}


# There --------------------------------------------------------------------------------------------


def test_real_pages_are_what_networkx_would_make_of_them(examples: Tables) -> None:
    graph = examples.to_networkx()
    assert type(graph) is nx.MultiDiGraph
    assert_same(graph, naive(examples))


@pytest.mark.slow
@tries(60)
@given(graph=graphs())
def test_any_graph_is_what_networkx_would_make_of_it(graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    assert_same(tables.to_networkx(), naive(tables))


def test_nodes_have_typed_ids_a_type_and_a_label() -> None:
    graph = small_tables().to_networkx()
    assert graph.nodes["Compiler", "gcc@13.2.0"] == {
        "type": "Compiler",
        "label": "gcc@13.2.0",
        "spec": "gcc@13.2.0",
        "name": "gcc",
        "version": "13.2.0",
    }
    spec = graph.nodes["Spec", "a" * 32]
    assert (spec["type"], spec["label"], spec["derived"]) == ("Spec", "1.3/aaaaaaa", False)
    assert "label" not in graph.nodes["Spec", "b" * 32]
    edge = graph.edges[("Spec", "a" * 32), ("Stack", "e4s & co"), "IN_STACK"]
    assert edge == {"releases": ["develop", "develop-2025-03-30"], "root": True}


def test_a_graph_can_be_changed_without_changing_the_tables() -> None:
    tables = small_tables()
    digest = tables.digest()
    graph = tables.to_networkx()
    graph.nodes["Spec", "a" * 32]["variants"].append("+more")
    graph.add_edge(("Spec", "b" * 32), ZLIB, "OF_PACKAGE")
    graph.remove_node(("Stack", "e4s & co"))
    assert tables.digest() == digest
    assert_same(tables.to_networkx(), naive(tables))
    # And it goes on as a graph that networkx made.
    assert graph.in_degree(ZLIB) == 2
    assert not list(graph.successors(("Release", "develop-2025-03-30")))


@pytest.mark.slow
def test_algorithms_run_on_it(examples: Tables) -> None:
    graph = examples.to_networkx()
    counts = examples.node_counts()
    by_hand = {
        ("Package", name): examples.nodes["Spec"]["name"].to_pylist().count(name)
        for name in examples.nodes["Package"]["name"].to_pylist()
    }
    assert {node: graph.in_degree(node) for node in by_hand} == by_hand
    assert nx.is_directed_acyclic_graph(graph)
    assert sum(map(len, nx.weakly_connected_components(graph))) == sum(counts.values())
    lattice: Graph[tuple[str, str]] = nx.MultiDiGraph()
    lattice.add_edges_from(edge for edge in graph.edges if edge[2] == "EXTENDS")
    runs_there = nx.descendants(lattice, ("Target", "x86_64_v3"))
    assert runs_there == {("Target", name) for name in ("x86_64", "x86_64_v2")}
    assert nx.shortest_path_length(
        graph.to_undirected(), ("Package", "rocblas"), ("Target", "x86_64")
    ) in {2, 3, 4}
    assert nx.utils.graphs_equal(copy.deepcopy(graph), graph)


# And back -----------------------------------------------------------------------------------------


def test_real_pages_come_back(examples: Tables) -> None:
    found = Tables.from_networkx(examples.to_networkx())
    assert found == examples
    assert found.digest() == examples.digest()


@pytest.mark.slow
@tries(60)
@given(graph=graphs())
def test_any_graph_comes_back(graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    found = tables.to_networkx()
    assert nx.utils.graphs_equal(found, graph)
    assert Tables.from_networkx(found) == tables


def test_the_order_in_which_a_script_added_things_does_not_count() -> None:
    graph = small_graph()
    turned: Graph[tuple[str, str]] = nx.MultiDiGraph()
    for node in reversed(list(graph)):
        turned.add_node(node, **dict(reversed(graph.nodes[node].items())))
    for start, end, key in reversed(list(graph.edges)):
        turned.add_edge(start, end, key, **graph.edges[start, end, key])
    assert Tables.from_networkx(turned).digest() == small_tables().digest()


@pytest.mark.slow
@tries(60)
@given(data=st.data(), kind=st.sampled_from(list(ARROW_TYPES)), name=any_text)
def test_a_property_that_a_script_adds_is_kept(data: Any, kind: str, name: str) -> None:
    taken = ("type", "label", "name", "from", "to", "note", "root", "releases")
    name = f"{name}." if name in taken else name
    graph = small_tables().to_networkx()
    value = data.draw(values(kind, any_text))
    edge = (("Spec", "a" * 32), ("Stack", "e4s & co"), "IN_STACK")
    graph.nodes[ZLIB][name] = value
    graph.edges[edge][name] = value
    tables = Tables.from_networkx(graph)
    assert nx.utils.graphs_equal(tables.to_networkx(), graph)
    table = tables.nodes["Package"]
    # An empty list does not tell of what: it is one of text.
    wanted = "list of text" if value == [] else kind
    assert property_type(table.schema.field(name).type) == wanted
    assert table.column_names[-2:] == sorted(["note", name])


def test_a_property_of_some_nodes_is_null_for_the_others() -> None:
    graph = small_tables().to_networkx()
    graph.nodes["Target", "x86_64"]["cores"] = 8
    targets = Tables.from_networkx(graph).nodes["Target"]
    assert targets["cores"].to_pylist() == [8, None]
    assert "cores" not in Tables.from_networkx(graph).to_networkx().nodes["Target", "x86_64_v3"]


def test_none_is_null_and_a_property_that_is_nowhere_set_is_no_property() -> None:
    graph = small_tables().to_networkx()
    for node in graph:
        graph.nodes[node]["nothing"] = None
    assert Tables.from_networkx(graph) == small_tables()


def test_integers_and_numbers_of_one_property_are_numbers() -> None:
    graph = small_tables().to_networkx()
    graph.nodes["Target", "x86_64"]["speed"] = 1
    graph.nodes["Target", "x86_64_v3"]["speed"] = 1.5
    targets = Tables.from_networkx(graph).nodes["Target"]
    assert targets["speed"].to_pylist() == [1.0, 1.5]


# What does not fit --------------------------------------------------------------------------------

SPEC = ("Spec", "a" * 32)
TYPES = "Package, Spec, Stack, Compiler, Target, Release"


@pytest.mark.parametrize(
    ("node", "properties", "message"),
    [
        ("zlib", {}, f"node 'zlib': expected (TYPE, KEY) with TYPE one of {TYPES}"),
        (("Pack", "a"), {}, f"node ('Pack', 'a'): expected (TYPE, KEY) with TYPE one of {TYPES}"),
        (("Spec",), {}, f"node ('Spec',): expected (TYPE, KEY) with TYPE one of {TYPES}"),
        (("Spec", 1), {}, f"node ('Spec', 1): expected (TYPE, KEY) with TYPE one of {TYPES}"),
        (("Spec", None), {}, f"node ('Spec', None): expected (TYPE, KEY) with TYPE one of {TYPES}"),
        (
            ("Package", "a"),
            {"name": "b"},
            "node ('Package', 'a'): expected the name 'a', found 'b'",
        ),
        (SPEC, {"type": "Stack"}, f"node {SPEC}: expected the type 'Spec', found 'Stack'"),
        (SPEC, {"size": "big"}, "Spec.size: expected integer, found values of type str"),
        (SPEC, {"size": 2**63}, "Spec.size: expected integer, found values of type int"),
        (SPEC, {"size": 1.5}, "Spec.size: expected integer, found values of type float"),
        (SPEC, {"size": Decimal(1)}, "Spec.size: expected integer, found values of type Decimal"),
        (SPEC, {"size": True}, "Spec.size: expected integer, found values of type bool"),
        (SPEC, {"derived": 1}, "Spec.derived: expected boolean, found values of type int"),
        (SPEC, {"derived": "yes"}, "Spec.derived: expected boolean, found values of type str"),
        (SPEC, {"version": 1}, "Spec.version: expected text, found values of type int"),
        (SPEC, {"version": b"1"}, "Spec.version: expected text, found values of type bytes"),
        (
            SPEC,
            {"variants": "+x"},
            "Spec.variants: expected list of text, found values of type str",
        ),
        (
            SPEC,
            {"variants": [1]},
            "Spec.variants: expected list of text, found values of type list",
        ),
        (
            SPEC,
            {"variants": {"+x"}},
            "Spec.variants: expected list of text, found values of type set",
        ),
        (
            SPEC,
            {"os": "a\ud800"},
            "Spec.os: expected text that UTF-8 can write, found 'a\\ud800'",
        ),
        (
            SPEC,
            {"new": {"a": 1}},
            "Spec.new: expected one of text, integer, boolean, list of text, number, list of "
            "integers, list of numbers, found values of type dict",
        ),
        (
            SPEC,
            {"new": [["a"]]},
            "Spec.new: expected one of text, integer, boolean, list of text, number, list of "
            "integers, list of numbers, found values of type list",
        ),
        (
            SPEC,
            {"new": [1, "a"]},
            "Spec.new: expected one of text, integer, boolean, list of text, number, list of "
            "integers, list of numbers, found values of type list",
        ),
    ],
)
def test_a_node_that_does_not_fit_is_named(
    node: Any, properties: dict[str, Any], message: str
) -> None:
    graph = small_graph()
    graph.add_node(node, **properties)
    with pytest.raises(GraphError) as caught:
        Tables.from_networkx(graph)
    assert str(caught.value) == message


KEYS = "OF_PACKAGE, BUILT_WITH, FOR_TARGET, IN_STACK, IN_RELEASE, DEPENDS_ON, SPLICED_FROM, EXTENDS"


@pytest.mark.parametrize(
    ("end", "key", "properties", "message"),
    [
        (ZLIB, None, {}, f"expected a key of {KEYS}, found 0"),
        (ZLIB, "PACKAGE", {}, f"expected a key of {KEYS}, found 'PACKAGE'"),
        (ZLIB, ("OF_PACKAGE",), {}, f"expected a key of {KEYS}, found ('OF_PACKAGE',)"),
        (ZLIB, "IN_STACK", {}, "IN_STACK goes from Spec to Stack"),
        (("Stack", "e4s & co"), "EXTENDS", {}, "EXTENDS goes from Target to Target"),
        (SPEC, "DEPENDS_ON", {"from": 1}, "no property can be called 'from' or 'to'"),
        (SPEC, "DEPENDS_ON", {"to": "x"}, "no property can be called 'from' or 'to'"),
    ],
)
def test_an_edge_that_does_not_fit_is_named(
    end: Any, key: Any, properties: dict[str, Any], message: str
) -> None:
    graph = small_graph()
    if graph.has_edge(SPEC, end):
        graph.remove_edge(SPEC, end)
    graph.add_edge(SPEC, end, key, **properties)
    with pytest.raises(GraphError) as caught:
        Tables.from_networkx(graph)
    assert str(caught.value) == f"edge {SPEC} → {end}: {message}"


def test_values_of_several_types_are_refused() -> None:
    graph = small_graph()
    graph.nodes["Target", "x86_64"]["new"] = 1
    graph.nodes["Target", "x86_64_v3"]["new"] = "a"
    with pytest.raises(
        GraphError, match=r"Target\.new: expected one of .* found values of type int, s"
    ):
        Tables.from_networkx(graph)


@pytest.mark.parametrize("name", [1, None, ("a",)])
def test_a_name_of_a_property_is_text(name: Any) -> None:
    graph = small_graph()
    graph.nodes[ZLIB][name] = 1
    with pytest.raises(GraphError, match="Package: property names are text, found"):
        Tables.from_networkx(graph)


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph])
def test_another_kind_of_graph_is_refused(kind: Any) -> None:
    with pytest.raises(
        GraphError, match=rf"expected a networkx.MultiDiGraph, found a {kind.__name__}"
    ):
        Tables.from_networkx(kind())


@pytest.mark.slow
@tries(80)
@given(data=st.data())
def test_no_value_at_all_ends_in_another_exception(data: Any) -> None:
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    anything = st.recursive(
        scalars | st.dates() | st.complex_numbers() | st.decimals() | st.builds(object),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            | st.frozensets(scalars, max_size=2)
        ),
        max_leaves=4,
    )
    graph = small_graph()
    for node in data.draw(st.lists(st.sampled_from(list(graph.nodes)), min_size=1, max_size=3)):
        name = data.draw(st.sampled_from(["new", "size", "version", "variants", "label", "type"]))
        graph.nodes[node][name] = data.draw(anything)
    try:
        tables = Tables.from_networkx(graph)
    except GraphError as error:
        assert str(error)  # noqa: PT017
    else:
        assert Tables.from_networkx(tables.to_networkx()).digest() == tables.digest()
