"""What every store does, on both Neo4j servers; `test_stores` holds the embedded one to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graphcache import QueryError, Store, Tables, read
from neo4j_server.fixtures import Server, clear
from neo4j_server.pushing import assert_on, opened, put


@pytest.fixture(scope="module")
def given(example_pages: Path, legacy_pages: Path) -> Tables:
    return read(example_pages, legacy_pages)[0]


@pytest.fixture(scope="module")
def store(neo4j_server: Server, given: Tables) -> Iterator[Store]:
    clear(neo4j_server)
    put(neo4j_server, given)
    assert_on(neo4j_server, given)
    with opened(neo4j_server) as there:
        yield there


def test_what_goes_in_comes_out(store: Store, given: Tables) -> None:
    assert store.tables().digest() == given.digest()
    found, expected = store.to_networkx(), given.to_networkx()
    assert dict(found.nodes(data=True)) == dict(expected.nodes(data=True))
    assert sorted(found.edges(keys=True)) == sorted(expected.edges(keys=True))


def test_describe(store: Store, given: Tables) -> None:
    said = store.describe()
    assert (said.nodes, said.edges) == (given.node_counts(), given.edge_counts())
    assert said.digest == given.digest()
    assert said.releases == {
        "develop": 211,
        "develop-2025-03-23": 2,
        "develop-2025-03-30": 2,
        "v0.18.0": 1,
    }
    assert [load.command for load in said.loads] == ["push"]


def test_columns_and_rows_are_in_order(store: Store) -> None:
    answer = store.query("MATCH (r:Release) RETURN r.name, r.date AS day ORDER BY r.name DESC")
    assert answer.columns == ["r.name", "day"]
    assert answer.rows == [
        ("v0.18.0", None),
        ("develop-2025-03-30", "2025-03-30"),
        ("develop-2025-03-23", "2025-03-23"),
        ("develop", None),
    ]
    assert not answer.more


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text with ' \" ` \\ $x \n é 中 😀",
        0,
        -(2**63),
        2**63 - 1,
        1.5,
        -1e300,
        True,
        False,
        None,
        ["a", "b"],
        [],
        [[1], [2, 3]],
        [1, "a", None],
        {"a": 1, "b": "x"},
        date(2025, 3, 30),
        datetime(2025, 3, 30, 12, 30),
        timedelta(days=3, seconds=5, microseconds=7),
    ],
    ids=repr,
)
def test_a_parameter_comes_back_as_it_went(store: Store, value: Any) -> None:
    ((found,),) = store.query("RETURN $x AS x", {"x": value}).rows
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(1)", 1),
        ("sum(1.5)", 1.5),
        ("avg(2)", 2.0),
        ("count(*)", 1),
        ("sum(9007199254740993)", 2**53 + 1),
        ("date('2025-03-30')", date(2025, 3, 30)),
        ("localdatetime('2025-03-30T12:30:00')", datetime(2025, 3, 30, 12, 30)),
        ("duration('P3D')", timedelta(days=3)),
        ("duration('P1M')", "P1M"),
        ("[date('2025-03-30'), null]", [date(2025, 3, 30), None]),
        ("{a: 1, b: [true], c: date('2025-03-30')}", {"a": 1, "b": [True], "c": date(2025, 3, 30)}),
    ],
)
def test_values_are_plain_python(store: Store, expression: str, value: Any) -> None:
    ((found,),) = store.query(f"RETURN {expression} AS x").rows
    assert found == value
    assert type(found) is type(value)


def test_nodes_edges_and_paths_are_dicts(store: Store) -> None:
    """As of the embedded store: without what graphcache notes on a node for itself."""
    path = "MATCH p = (s:Spec)-[x:IN_RELEASE]->(r:Release {date: $day}) RETURN r, x, p, type(x)"
    release, edge, walk, kind = store.query(path, {"day": "2025-03-23"}).rows[0]
    assert release == {"_LABEL": "Release", "name": "develop-2025-03-23", "date": "2025-03-23"}
    assert edge == {"_LABEL": "IN_RELEASE", "root": True}
    assert kind == "IN_RELEASE"
    assert walk.keys() == {"_NODES", "_RELS"}
    assert walk["_NODES"][1] == release
    assert walk["_RELS"] == [edge]
    spec = walk["_NODES"][0]
    assert (spec["name"], spec["_LABEL"], spec["derived"]) == ("rocblas", "Spec", False)
    assert not [name for name in spec if name.startswith("graphcache")]


def test_a_limit_cuts_and_says_so(store: Store) -> None:
    for limit, rows, more in ((0, 0, True), (3, 3, True), (218, 218, False), (500, 218, False)):
        answer = store.query("MATCH (s:Spec) RETURN s.hash ORDER BY s.hash", limit=limit)
        assert (len(answer.rows), answer.more) == (rows, more)
    none = store.query("MATCH (s:Spec) WHERE s.name = '' RETURN s.hash", limit=0)
    assert (none.rows, none.more) == ([], False)


@pytest.mark.parametrize("value", [object(), 2**200])
def test_a_parameter_that_no_store_takes_is_refused(store: Store, value: Any) -> None:
    with pytest.raises(QueryError, match=r"^a parameter can't be sent: "):
        store.query("RETURN $x", {"x": value})
    assert store.query("RETURN 1").rows == [(1,)]


def test_several_threads_can_ask(store: Store) -> None:
    found: list[list[tuple[Any, ...]]] = []

    def ask() -> None:
        for _ in range(10):
            found.append(store.query("MATCH (s:Spec) RETURN count(*), min(s.hash)").rows)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(found) == 40
    assert all(rows == found[0] for rows in found)
