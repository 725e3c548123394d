"""What `find` and `usable` say beside the specs that they list."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from graphcache import Tables
from graphcache.analysis.finding import find, marks
from graphcache.analysis.machines.binaries import check_os, usable
from graphcache.analysis.reasons import why
from graphcache.errors import NotKnownError, UsageError
from graphcache.schema import edge_type, node_type
from graphcache.tables.columns import conform, sort_table
from graphcache.views.specs import listing


def hash_of(key: str) -> str:
    return key.ljust(32, "a")


def graph(*specs: dict[str, Any]) -> Tables:
    """A graph of specs for x86_64_v3, of which each has a key of its own."""
    rows = [
        {
            "name": "zlib",
            "version": "1.3",
            "os": "debian12",
            "in_buildcache": None,
            "external": None,
        }
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
            ["1 spec may fit too: no source tells whether it is held by the cache"],
        ),
        (
            [False, None],
            0,
            ["1 spec may fit too: no source tells whether it is held by the cache"],
        ),
    ],
)
def test_what_may_be_held_is_counted(held: list[bool | None], rows: int, notes: list[str]) -> None:
    keys = zip("bc", held, strict=True)
    tables = graph(*({"key": key, "in_buildcache": value} for key, value in keys))
    answer = usable(tables, "zlib", "zen4")
    assert (len(answer.rows), answer.notes) == (rows, notes)


def test_marks_tell_apart_what_is_held() -> None:
    tables = graph(
        {"key": "b", "in_buildcache": True},
        {"key": "c", "in_buildcache": False},
        {"key": "d", "in_buildcache": False, "external": True},
        {"key": "e"},
    )
    found = marks(tables, map(hash_of, "bcde"))
    assert found == dict(zip(map(hash_of, "bcde"), ["[+]", " - ", "[e]", "[?]"], strict=True))
    lines = list(listing(find(tables, "zlib"), marks=found))[1:]
    assert lines[:2] == ["[+] baaaaaa zlib@1.3 +pic", " -  caaaaaa zlib@1.3 +pic"]
    assert marks(tables, map(hash_of, "be")) == {}
    assert list(listing(find(tables, "zlib")))[1] == "baaaaaa zlib@1.3 +pic"


# Operating systems --------------------------------------------------------------------------------

SYSTEMS = graph(
    {"key": "b", "in_buildcache": True},
    {"key": "c", "in_buildcache": True, "os": "ubuntu22.04"},
    {"key": "d", "in_buildcache": False, "os": "ubuntu22.04"},
)
LEFT_OUT = (
    "left out, being for other operating systems: on Linux Spack asks for the machine's C library"
)


def test_what_is_for_other_systems_is_counted() -> None:
    answer = usable(SYSTEMS, "zlib", "zen4", "debian12")
    assert [row[0] for row in answer.rows] == [hash_of("b")]
    assert [note[: len(LEFT_OUT) + 12] for note in answer.notes] == [f"1 binary is {LEFT_OUT}"]
    assert usable(SYSTEMS, "zlib", "zen4").notes == []


@pytest.mark.parametrize("os", ["almalinux8", "debian11"])
def test_of_a_system_that_the_graph_lacks_there_is_nothing(os: str) -> None:
    check_os(SYSTEMS, os)
    answer = usable(SYSTEMS, "zlib", "zen4", os)
    assert answer.rows == []
    none, others = answer.notes
    assert none == f"none: no zlib in the graph is os={os}; there are debian12, ubuntu22.04"
    assert others.startswith(f"2 binaries are {LEFT_OUT}")


@pytest.mark.parametrize("os", ["ubunto22.04", "ubuntu2204", "debain12", ""])
def test_a_misspelt_system_is_an_error(os: str) -> None:
    with pytest.raises(UsageError, match="no such operating system in the graph"):
        check_os(SYSTEMS, os)


def test_usable_takes_a_stack() -> None:
    with pytest.raises(UsageError, match="e4s: no such stack in the graph"):
        usable(SYSTEMS, "zlib", "zen4", stack="e4s")
    stacks = [{"from": hash_of("c"), "to": "io", "root": True}]
    edge, node = edge_type("IN_STACK"), node_type("Stack")
    held = {"IN_STACK": sort_table(conform(pa.Table.from_pylist(stacks), edge), edge)}
    named = {"Stack": conform(pa.Table.from_pylist([{"name": "io"}]), node)}
    tables = Tables(SYSTEMS.nodes | named, SYSTEMS.edges | held)
    assert [row[0] for row in usable(tables, "zlib", "zen4", stack="io").rows] == [hash_of("c")]


# Hashes, names and variants -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/zzzz", "/zzzz: no such spec in the graph, whose 3 specs have other hashes"),
        ("zlib/zzzz", "zlib/zzzz: no such spec in the graph, whose 3 specs have other hashes"),
        (
            "/baaz",
            "/baaz: no such spec in the graph. Hashes that begin with baa:\n  zlib@1.3/baaaaaa",
        ),
        (
            "zlib@1.2/baa",
            "zlib@1.2/baa: no such spec in the graph. The hash is of:\n  zlib@1.3/baa",
        ),
        ("zlib /caaaz", "Hashes that begin with caaa:\n  zlib@1.3/caaaaaa"),
    ],
)
def test_a_hash_of_no_spec_is_an_error(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(SYSTEMS, text)
    assert said in str(caught.value)
    with pytest.raises(UsageError):
        usable(SYSTEMS, text, "zen4")


def test_an_anonymous_spec_is_any() -> None:
    assert len(find(SYSTEMS, "@:").rows) == 3
    assert len(find(SYSTEMS, "zlib @:").rows) == 3
    assert len(why(SYSTEMS, "@:").rows) == 3
    assert find(Tables.empty(), "@:").notes == ["none: the graph has no spec"]
    said = usable(SYSTEMS, "@:", "zen4", "debian11").notes[0]
    assert said == "none: no spec in the graph is os=debian11; there are debian12, ubuntu22.04"
    said = usable(SYSTEMS, "@:", "core2").notes[0]
    assert said == "none: no spec in the graph is for a target that core2 runs"


VARIANTS = graph(
    {"key": "b", "variants": ["+pic", "~shared", "build_system=generic"]},
    {"key": "c", "name": "hdf5", "variants": ["+mpi"]},
)


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("zlib+picc", ["zlib has no variant picc. Did you mean pic?"]),
        ("zlib+pic~shard", ["zlib has no variant shard. Did you mean shared?"]),
        ("zlib build_sistem=x", ["zlib has no variant build_sistem. Did you mean build_system?"]),
        ("+sharedd", ["No spec has a variant sharedd. Did you mean shared?"]),
        ("zlib~pic", []),
        ("zlib+cuda", ["zlib has no variant cuda."]),
        ("zlib %hdf5+mpii", ["hdf5 has no variant mpii. Did you mean mpi?"]),
    ],
)
def test_a_misspelt_variant_is_answered_with_the_nearest(text: str, hints: list[str]) -> None:
    none, *others = find(VARIANTS, text).notes
    assert none.startswith("none: no ")
    assert others == hints
