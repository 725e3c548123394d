"""What every store does, on both Neo4j servers, and what they alone have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from store_contract import StoreContract, assert_gives

from graphcache import QueryError, Tables, UsageError, open_store, read
from graphcache.analysis import find
from graphcache.queries import load_library
from graphcache.stores import Store
from neo4j_server.fixtures import Server, empty
from neo4j_server.pushing import assert_on, opened, put


@pytest.fixture(scope="module")
def given(example_pages: Path, legacy_pages: Path) -> Tables:
    return read(example_pages, legacy_pages)[0]


@pytest.fixture(scope="module")
def store(neo4j_server: Server, given: Tables) -> Iterator[Store]:
    empty(neo4j_server)
    put(neo4j_server, given)
    assert_on(neo4j_server, given)
    with opened(neo4j_server) as there:
        yield there


class TestContract(StoreContract):
    """A Neo4j server."""


def test_a_push_is_its_only_load(store: Store) -> None:
    assert [load.command for load in store.describe().loads] == ["push"]


def test_it_is_asked_what_the_commands_ask(
    store: Store, neo4j_server: Server, given: Tables
) -> None:
    """By way of `graphcache.open_store`, which adds that to what keeps the graph."""
    with open_store(neo4j_server.uri, password=neo4j_server.password) as there:
        assert there.find("rocblas") == find(given, "rocblas")
        assert there.run("releases") == load_library()["releases"].run(store)
        with pytest.raises(UsageError, match="stack='e4': no such stack in the graph"):
            there.find("rocblas", stack="e4")
    assert repr(there) == f"<Store {neo4j_server.uri}: not open>"


@pytest.mark.parametrize(
    "value", [[], [1, "a", None], timedelta(days=3, seconds=5, microseconds=7)], ids=repr
)
def test_more_parameters_come_back_as_they_went(store: Store, value: Any) -> None:
    assert_gives(store, "$x", value, x=value)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("localdatetime('2025-03-30T12:30:00')", datetime(2025, 3, 30, 12, 30)),
        ("duration('P3D')", timedelta(days=3)),
        ("duration('P1M')", "P1M"),
        ("[date('2025-03-30'), null]", [date(2025, 3, 30), None]),
        ("{a: 1, c: date('2025-03-30')}", {"a": 1, "c": date(2025, 3, 30)}),
    ],
)
def test_values_of_its_own_are_plain_python(store: Store, expression: str, value: Any) -> None:
    assert_gives(store, expression, value)


def test_a_parameter_that_it_does_not_take_is_refused(store: Store) -> None:
    with pytest.raises(QueryError, match=r"^a parameter can't be sent: "):
        store.query("RETURN $x", {"x": object()})
