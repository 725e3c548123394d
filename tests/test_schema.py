"""What is derived from the one declaration fits together, and a digest is of all content."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import ladybug
import pyarrow as pa
import pytest
from conftest import tries
from graphs import any_text, graphs, small_graph, small_tables, values
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables
from graphcache.schema import (
    EDGE_TYPES,
    NODE_TYPES,
    EdgeType,
    NodeType,
    PropertyType,
    all_types,
    edge_type,
    node_type,
    quote,
)
from graphcache.stores.neo4j.constraints import constraints, own_label
from graphcache.stores.statements import EMBEDDED_TYPES, MACROS
from graphcache.tables.columns import (
    ARROW_TYPES,
    arrow_schema,
    conform,
    digest_table,
    extra_columns,
    key_columns,
    property_type,
    sort_table,
)
from graphcache.views.schema import schema_as_cypher, schema_as_json, schema_as_text, type_pattern

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(params=all_types(), ids=lambda type_: type_.name)
def type_(request: pytest.FixtureRequest) -> NodeType | EdgeType:
    """Every type."""
    found: NodeType | EdgeType = request.param
    return found


# The declaration ----------------------------------------------------------------------------------


def test_names_are_unique_and_plain(type_: NodeType | EdgeType) -> None:
    names = [one.name for one in all_types()]
    assert names.count(type_.name) == 1
    plain = r"[A-Z][A-Za-z]+" if isinstance(type_, NodeType) else r"[A-Z]+(_[A-Z]+)*"
    assert re.fullmatch(plain, type_.name)
    properties = [p.name for p in type_.properties]
    assert len(set(properties)) == len(properties)
    # `type` is the type of a node in networkx, `from` and `to` are the ends of an edge.
    assert {"type", "from", "to", "id", "source", "target", "key"}.isdisjoint(properties)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in properties)
    assert all(p.doc for p in type_.properties)
    assert type_.doc.endswith(".")


@pytest.mark.parametrize("one", NODE_TYPES, ids=lambda one: one.name)
def test_a_node_has_a_key_that_is_text(one: NodeType) -> None:
    assert node_type(one.name) is one
    assert (one.properties[0].name, one.properties[0].type) == (one.key, "text")
    assert own_label(one.name) not in {other.name for other in all_types()}


@pytest.mark.parametrize("one", EDGE_TYPES, ids=lambda one: one.name)
def test_an_edge_leads_from_a_type_to_a_type(one: EdgeType) -> None:
    assert edge_type(one.name) is one
    assert node_type(one.start)
    assert node_type(one.end)


def test_an_unknown_name_is_no_type() -> None:
    for find in (node_type, edge_type):
        with pytest.raises(KeyError):
            find("Nothing")


# What is derived from it --------------------------------------------------------------------------


def test_the_arrow_schema_has_every_property(type_: NodeType | EdgeType) -> None:
    schema = arrow_schema(type_)
    ends = ["from", "to"] if isinstance(type_, EdgeType) else []
    assert schema.names == [*ends, *(p.name for p in type_.properties)]
    assert [schema.field(end).type for end in ends] == [pa.string()] * len(ends)
    for one in type_.properties:
        assert property_type(schema.field(one.name).type) == one.type
    assert key_columns(type_) == schema.names[: len(ends) or 1]


def test_a_declared_type_is_one_that_every_store_has() -> None:
    assert set(get_args(PropertyType)) <= ARROW_TYPES.keys()
    assert ARROW_TYPES.keys() == EMBEDDED_TYPES.keys()
    assert len({str(arrow_type) for arrow_type in ARROW_TYPES.values()}) == len(ARROW_TYPES)


def test_the_embedded_store_takes_the_cypher_and_says_the_same_of_it() -> None:
    connection = ladybug.Connection(ladybug.Database(":memory:"))
    for statement in schema_as_cypher().split("\n"):
        connection.execute(statement)
    for one in all_types():
        answer = connection.execute(f"CALL table_info('{one.name}') RETURN name, type")
        assert isinstance(answer, ladybug.QueryResult)
        wanted = [[p.name, EMBEDDED_TYPES[p.type]] for p in one.properties]
        assert answer.get_all() == wanted
    for macro in MACROS:
        connection.execute(macro)


def test_neo4j_gets_a_constraint_for_every_key() -> None:
    made = "\n".join(constraints())
    for one in NODE_TYPES:
        assert f"FOR (n:{quote(own_label(one.name))}) REQUIRE n.{quote(one.key)} IS UNIQUE" in made
        assert f"FOR (n:{quote(one.name)}) ON (n.{quote(one.key)})" in made
    names = re.findall(r"^CREATE (?:CONSTRAINT|INDEX) (`\w+`) IF NOT EXISTS FOR \(n:", made, re.M)
    assert len(set(names)) == len(names) == len(constraints())


def test_the_schema_as_json_is_the_declaration() -> None:
    found = json.loads(schema_as_json())
    assert list(found) == ["nodes", "edges"]
    plain = json.loads(json.dumps([asdict(one) for one in all_types()]))
    assert [{k: v for k, v in one.items() if k != "key"} for one in found["nodes"]] + found[
        "edges"
    ] == plain
    assert [one["key"] for one in found["nodes"]] == [one.key for one in NODE_TYPES]


def test_text_and_documentation_have_every_type_and_property(type_: NodeType | EdgeType) -> None:
    pattern = type_pattern(type_)
    text, page = schema_as_text(), (DOCS / "schema.md").read_text()
    [block] = [one for one in text.split("\n\n") if one.startswith(f"{pattern}  ")]
    lines = [f"    {p.name}: {p.type}, {p.doc}" for p in type_.properties]
    assert block.split("\n") == [f"{pattern}  {type_.doc}", *lines]
    assert pattern in page
    for one in type_.properties:
        assert re.search(rf"^\| `?{one.name}`? \| {one.type} \| .*{re.escape(one.doc)}", page, re.M)


# Tables -------------------------------------------------------------------------------------------


def test_the_tables_of_real_pages_have_the_schema(examples: Tables) -> None:
    for one in all_types():
        table = examples.by_type()[one.name]
        assert table.schema.equals(arrow_schema(one))
        assert extra_columns(table, one) == []
        keys = list(zip(*(table[name].to_pylist() for name in key_columns(one)), strict=True))
        assert keys == sorted(set(keys))
        assert not any(None in key for key in keys)


def test_conform_orders_columns_and_fills_those_that_are_not_there() -> None:
    table = pa.table({"z": [1], "root": [True], "to": ["b"], "from": ["a"], "a": ["x"]})
    found = conform(table, edge_type("IN_STACK"))
    assert found.column_names == ["from", "to", "releases", "root", "a", "z"]
    assert found.to_pylist() == [
        {"from": "a", "to": "b", "releases": None, "root": True, "a": "x", "z": 1}
    ]
    assert extra_columns(found, edge_type("IN_STACK")) == ["a", "z"]


# Digests ------------------------------------------------------------------------------------------

ROWS: dict[str, list[Any]] = {
    "text": [None, "", "a", "ab", "b", "\x00", "aa"],
    "integer": [None, 0, 1, -1, 2**63 - 1, -(2**63)],
    "boolean": [None, False, True],
    "number": [None, 0.0, 1.0, -1.5, float("inf")],
    "list of text": [None, [], [""], ["", ""], ["a"], ["a", "b"], ["ab"], ["b", "a"], [None]],
    "list of integers": [None, [], [0], [0, 0], [1], [1, 0], [None]],
    "list of numbers": [None, [], [0.0], [0.0, 0.0], [1.5], [None]],
}


def column_digest(kind: str, rows: list[Any], chunks: int = 1) -> str:
    """The digest of a table with these rows, cut into chunks."""
    size = -(-len(rows) // chunks) or 1
    arrow_type = ARROW_TYPES[kind]
    parts = [pa.array(rows[at : at + size], arrow_type) for at in range(0, len(rows), size)]
    return digest_table("T", pa.table({"c": pa.chunked_array(parts, arrow_type)}))


@pytest.mark.parametrize("kind", ARROW_TYPES)
def test_any_two_columns_that_differ_have_other_digests(kind: str) -> None:
    """All columns of up to two rows that can be made of values that are easily confused."""
    columns: list[list[Any]] = [[], *([a] for a in ROWS[kind])]
    columns += [[a, b] for a in ROWS[kind] for b in ROWS[kind]]
    found = [column_digest(kind, rows) for rows in columns]
    assert len(set(found)) == len(columns)


def test_every_type_has_its_own_digest_of_the_same_values() -> None:
    rows: list[Any]
    for rows in ([], [None], [None, None]):
        assert len({column_digest(kind, rows) for kind in ARROW_TYPES}) == len(ARROW_TYPES)


@tries(60)
@given(data=st.data(), kind=st.sampled_from(list(ARROW_TYPES)), chunks=st.integers(1, 4))
def test_how_arrow_holds_a_column_does_not_count(data: Any, kind: str, chunks: int) -> None:
    rows = data.draw(st.lists(st.none() | values(kind, any_text), max_size=8))
    wanted = column_digest(kind, rows)
    assert column_digest(kind, rows, chunks) == wanted
    # A slice out of the middle of a longer column, with other rows before and behind.
    longer = pa.table({"c": pa.array([*ROWS[kind], *rows, *ROWS[kind]], ARROW_TYPES[kind])})
    assert digest_table("T", longer.slice(len(ROWS[kind]), len(rows))) == wanted


def test_what_lies_under_a_null_does_not_count() -> None:
    hidden = pa.array(["secret", "b"], mask=pa.array([True, False]).to_numpy(zero_copy_only=False))
    items = pa.array(["a", "b", "c"])
    lists = pa.ListArray.from_arrays(
        pa.array([0, 2, 3], pa.int32()), items, mask=pa.array([True, False])
    )
    for array, rows in ((hidden, [None, "b"]), (lists, [None, ["c"]])):
        assert array.to_pylist() == rows
        plain = pa.table({"c": pa.array(rows, array.type)})
        assert digest_table("T", pa.table({"c": array})) == digest_table("T", plain)


def test_the_digest_is_what_its_documentation_says() -> None:
    """By hand, so that a store of today is known by the versions to come."""
    table = pa.table({"k": ["a", None], "n": [1, None], "l": [["x"], []]})
    fed = [
        b"graphcache tables 1\nT 2\n",
        b"\nk text\n" + b"\1\0\0\0\xff\xff\xff\xff" + b"a",
        b"\nn integer\n" + b"\0\1" + b"\1" + b"\0" * 15,
        b"\nl list of text\n" + b"\1\0\0\0\0\0\0\0" + b"\1\0\0\0" + b"x",
    ]
    assert digest_table("T", table) == hashlib.sha256(b"".join(fed)).hexdigest()
    [*_, last] = Tables.empty().digests().values()
    assert len(last) == 64
    joined = "".join(small_tables().digests().values())
    assert small_tables().digest() == hashlib.sha256(joined.encode()).hexdigest()


@pytest.mark.slow
@tries(40)
@given(graph=graphs(), seed=st.integers(0, 100))
def test_the_order_of_rows_does_not_count(graph: Any, seed: int) -> None:
    tables = Tables.from_networkx(graph)
    shuffled = {}
    for one in all_types():
        table = tables.by_type()[one.name]
        order = list(range(table.num_rows))
        random.Random(seed).shuffle(order)  # noqa: S311
        shuffled[one.name] = sort_table(table.take(pa.array(order, pa.int64())), one)
    digests = {name: digest_table(name, table) for name, table in shuffled.items()}
    assert digests == tables.digests()


def changed_graphs() -> Iterator[tuple[str, Any]]:
    """The small graph with one thing changed, in every way there is, and what that is."""
    for node in small_graph():
        graph: Any = small_graph()
        graph.remove_node(node)
        yield f"without {node}", graph
        graph = small_graph()
        graph.add_node((node[0], "new"))
        yield f"another {node[0]}", graph
        yield from changed_properties("nodes", node)
    for edge in small_graph().edges:
        graph = small_graph()
        graph.remove_edge(*edge)
        yield f"without {edge}", graph
        yield from changed_properties("edges", edge)


def changed_properties(view: str, place: Any) -> Iterator[tuple[str, Any]]:
    """The small graph with one property of a node or edge changed, or another one added."""
    unchanged = getattr(small_graph(), view)[place]
    for name, value in [*unchanged.items(), ("another", None)]:
        for other in near(value):
            graph = small_graph()
            getattr(graph, view)[place][name] = other
            yield f"{place} {name}: {value!r} → {other!r}", graph


def near(value: Any) -> list[Any]:
    """Values that are nearly the same."""
    if value is None:
        return [1, "", []]
    if isinstance(value, bool):
        return [None, not value]
    if isinstance(value, int | float):
        return [None, value + 1]
    if isinstance(value, str):
        return [None, "", f"{value} "]
    return [None, [], value[1:], value * 2] if value else [None, [""]]


@pytest.mark.slow
def test_any_one_change_changes_the_digest() -> None:
    unchanged = small_tables().digest()
    same = [
        what
        for what, graph in changed_graphs()
        if Tables.from_networkx(graph).digest() == unchanged
    ]
    assert same == []
    assert len(list(changed_graphs())) > 100


@pytest.mark.slow
def test_an_edge_that_points_elsewhere_changes_the_digest() -> None:
    graph = small_graph()
    start, end = ("Spec", "b" * 32), ("Spec", "a" * 32)
    properties = dict(graph.edges[start, end, "DEPENDS_ON"])
    graph.remove_edge(start, end, "DEPENDS_ON")
    graph.add_edge(end, start, "DEPENDS_ON", **properties)
    turned = Tables.from_networkx(graph)
    assert turned.digest() != small_tables().digest()
    same = [n for n, d in turned.digests().items() if d == small_tables().digests()[n]]
    assert set(turned.digests()) - set(same) == {"DEPENDS_ON"}
