"""What `find` and `usable` say beside the specs that they list."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from graphcache import Tables
from graphcache.analysis.finding import usable
from graphcache.errors import NotKnownError
from graphcache.schema import edge_type, node_type
from graphcache.tables.columns import conform, sort_table


def hash_of(key: str) -> str:
    return key.ljust(32, "a")


def graph(*specs: dict[str, Any]) -> Tables:
    """A graph of specs for x86_64_v3, of which each has a key of its own."""
    rows = [
        {"name": "zlib", "version": "1.3", "os": "debian12", "in_buildcache": None}
        | {"hash": hash_of(spec["key"]), "dependencies_known": True, "variants": ["+pic"]}
        | {name: value for name, value in spec.items() if name != "key"}
        for spec in specs
    ]
    targets = [{"from": row["hash"], "to": "x86_64_v3"} for row in rows]
    made = Tables.empty()
    type_, edge = node_type("Spec"), edge_type("FOR_TARGET")
    nodes = {"Spec": sort_table(conform(pa.Table.from_pylist(rows), type_), type_)}
    edges = {"FOR_TARGET": sort_table(conform(pa.Table.from_pylist(targets), edge), edge)}
    return Tables(made.nodes | nodes, made.edges | edges)


# What the cache holds -----------------------------------------------------------------------------


def test_where_nothing_tells_what_the_cache_holds_no_answer_is_given() -> None:
    tables = graph({"key": "b"}, {"key": "c"}, {"key": "d", "name": "hdf5", "in_buildcache": True})
    with pytest.raises(NotKnownError) as caught:
        usable(tables, "zlib", "zen4")
    assert "is not known of 2 specs" in str(caught.value)
    assert "load the index or pages of the cache" in str(caught.value)
    assert len(usable(tables, "zlib hdf5", "zen4").rows) == 1


@pytest.mark.parametrize(
    ("held", "rows", "notes"),
    [
        ([True, False], 1, []),
        ([False, False], 0, ["none: no zlib in the graph is held by the cache"]),
        (
            [True, None],
            1,
            ["1 spec may fit too: no source tells whether they are held by the cache"],
        ),
        (
            [False, None],
            0,
            ["1 spec may fit too: no source tells whether they are held by the cache"],
        ),
    ],
)
def test_what_may_be_held_is_counted(held: list[bool | None], rows: int, notes: list[str]) -> None:
    keys = zip("bc", held, strict=True)
    tables = graph(*({"key": key, "in_buildcache": value} for key, value in keys))
    answer = usable(tables, "zlib", "zen4")
    assert (len(answer.rows), answer.notes) == (rows, notes)
