"""What every store does; the embedded one and both Neo4j servers are held to it.

A module that tests a store has a subclass of `StoreContract`, and fixtures `store` and `given`: a
store of the real pages, and the tables that went in.
"""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from graphcache import Tables, UsageError
from graphcache.stores import Store

SECONDS = 600.0
"""In which any of this is done, also on a slow machine that does much else."""


class StoreContract:
    """The tests."""

    def test_what_goes_in_comes_out(self, store: Store, given: Tables) -> None:
        assert store.tables().digest() == given.digest()
        found, expected = store.to_networkx(), given.to_networkx()
        assert dict(found.nodes(data=True)) == dict(expected.nodes(data=True))
        assert sorted(found.edges(keys=True)) == sorted(expected.edges(keys=True))

    def test_it_describes_itself(self, store: Store, given: Tables) -> None:
        said = store.describe()
        assert (said.nodes, said.edges) == (given.node_counts(), given.edge_counts())
        assert said.digest == given.digest()
        assert said.releases == {
            "develop": 211,
            "develop-2025-03-23": 2,
            "develop-2025-03-30": 2,
            "v0.18.0": 1,
        }

    def test_columns_and_rows_are_in_order(self, store: Store) -> None:
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
            [1, 2],
            [[1], [2, 3]],
            {"a": 1, "b": "x"},
            date(2025, 3, 30),
            datetime(2025, 3, 30, 12, 30),
            timedelta(days=3),
        ],
        ids=repr,
    )
    def test_a_parameter_comes_back_as_it_went(self, store: Store, value: Any) -> None:
        assert_gives(store, "$x", value, x=value)

    def test_an_empty_list_can_be_asked_for(self, store: Store) -> None:
        found = store.query("MATCH (p:Package) WHERE p.name IN $names RETURN p.name", {"names": []})
        assert found.rows == []

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (2**63, f"^x: expected an integer of 64 bits, found {2**63}$"),
            ([{"a": -(2**63) - 1}], "^x: expected an integer of 64 bits, found -9"),
            ({"\ud800": 1}, r"^x: expected text in UTF-8, found '\\ud800'$"),
        ],
        ids=["too large", "too small", "no UTF-8"],
    )
    def test_a_parameter_that_no_store_takes_is_refused(
        self, store: Store, value: Any, said: str
    ) -> None:
        with pytest.raises(UsageError, match=said):
            store.query("RETURN $x", {"x": value})
        assert store.query("RETURN 1").rows == [(1,)]

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            ("sum(1)", 1),
            ("sum(1.5)", 1.5),
            ("avg(2)", 2.0),
            ("count(*)", 1),
            ("sum(9007199254740993)", 2**53 + 1),
            ("date('2025-03-30')", date(2025, 3, 30)),
            ("['a', null]", ["a", None]),
            ("{a: 1, b: [true]}", {"a": 1, "b": [True]}),
            ("toString(12)", "12"),
            ("toInteger('12') + 1", 13),
            ("toFloat('1.5')", 1.5),
            ("split('a/b', '/')", ["a", "b"]),
            ("tail([1, 2, 3])", [2, 3]),
        ],
    )
    def test_values_are_plain_python(self, store: Store, expression: str, value: Any) -> None:
        assert_gives(store, expression, value)

    def test_nodes_edges_and_paths_are_dicts(self, store: Store) -> None:
        """Without what is null, and without what the store notes on a node for itself."""
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
        assert "namespace" not in spec
        assert not [name for name in spec if name.startswith("graphcache")]

    def test_a_limit_cuts_and_says_so(self, store: Store) -> None:
        for limit, rows, more in ((0, 0, True), (3, 3, True), (218, 218, False), (500, 218, False)):
            answer = store.query("MATCH (s:Spec) RETURN s.hash ORDER BY s.hash", limit=limit)
            assert (len(answer.rows), answer.more) == (rows, more)
        none = store.query("MATCH (s:Spec) WHERE s.name = '' RETURN s.hash", limit=0)
        assert (none.rows, none.more) == ([], False)

    def test_it_says_where_it_is_and_what_is_in_it(self, store: Store, given: Tables) -> None:
        counts = given.node_counts()
        assert repr(store) == (
            f"<Store {store.location}: {counts['Spec']} specs of {counts['Package']} packages, "
            f"{counts['Stack']} stacks, {counts['Release']} releases>"
        )

    def test_several_threads_can_ask(self, store: Store) -> None:
        found: list[list[tuple[Any, ...]]] = []

        def ask() -> None:
            for _ in range(10):
                found.append(store.query("MATCH (s:Spec) RETURN count(*), min(s.hash)").rows)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
        assert len(found) == 40
        assert all(rows == found[0] for rows in found)


def assert_gives(store: Store, expression: str, value: Any, **parameters: Any) -> None:
    """The expression is the value, of the same type."""
    ((found,),) = store.query(f"RETURN {expression} AS x", parameters).rows
    assert found == value
    assert type(found) is type(value)
