"""`query NAME --explain`: what it prints, run as it stands, gives the query's own answer."""

from __future__ import annotations

import json
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from command_line import run, succeed
from conftest import tries
from hypothesis import example, given
from hypothesis import strategies as st
from neo4j_server.pushing import login
from query_data import STORES, Given, embedded, on_server

from graphcache import QueryError, UsageError
from graphcache.cli.main import cli
from graphcache.queries import load_library, parse_query
from graphcache.stores import Store
from graphcache.stores.embedded.store import EmbeddedStore
from graphcache.stores.literals import fill_in, literal

LIBRARY = load_library()
SOURCES = runpy.run_path(str(Path(__file__).parents[1] / "docs/reference.py"))["EXAMPLE_SOURCES"]
NO_SUCH_DATA = {"dangling-dependencies", "in-no-stack", "not-in-root"}
HEAD = "// Title: T\n// Question: Q?\n// Column: x (text): an x\n"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """An embedded store of what docs/queries.md has its answers from."""
    with embedded(Given(SOURCES, []), tmp_path_factory.mktemp("store")) as store:
        assert isinstance(store, EmbeddedStore)
        yield store


@pytest.fixture(scope="module", params=STORES)
def place(
    own: EmbeddedStore, request: pytest.FixtureRequest
) -> Iterator[tuple[Store, dict[str, str]]]:
    """Each kind of store with the same, and how a command opens it."""
    if request.param == "embedded":
        yield own, {"GRAPHCACHE_STORE": str(own.path)}
        return
    server = request.getfixturevalue(request.param)
    with on_server(Given(SOURCES, []), server) as store:
        yield store, {**login(server), "GRAPHCACHE_STORE": server.uri}


# Literals -----------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(
    TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.lists(TEXTS, max_size=4)
)
HARD = ["", "'", "\\", "\\'", "\\u00e9", "\\\\u", "a\nb\r\n\t", "\x00\x1b\x7f\x85", "é\u2028", "😀"]


@given(st.lists(VALUES, min_size=1, max_size=40))
@example([*HARD, HARD, [], True, -(2**63), 2**63 - 1])
@tries(30)
def test_a_literal_is_the_value(place: tuple[Store, Any], values: list[Any]) -> None:
    columns = ", ".join(f"{literal(value)} AS x{number}" for number, value in enumerate(values))
    assert place[0].query(f"RETURN {columns}").rows == [tuple(values)]


@given(TEXTS)
@example("$x // '; RETURN 1")
def test_a_literal_is_one_line_that_a_terminal_shows(text: str) -> None:
    written = literal(text)
    assert all(c.isprintable() or c > "\uffff" for c in written)


# Statements ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cypher", "filled"),
    [
        ("RETURN $x AS x", "RETURN 'v' AS x"),
        ("RETURN '$x', \"$x\", `$x`, $x", "RETURN '$x', \"$x\", `$x`, 'v'"),
        ("RETURN $x // $x\n, /* $x */ $y", "RETURN 'v' // $x\n, /* $x */ ['a']"),
        ("RETURN 'it\\'s $x', $x", "RETURN 'it\\'s $x', 'v'"),
        ("RETURN $xx + $x;", "RETURN 7 + 'v'"),
        ("RETURN ';' + $x ; // done;", "RETURN ';' + 'v'  // done;"),
    ],
)
def test_only_parameters_are_replaced(cypher: str, filled: str) -> None:
    assert fill_in(cypher, {"x": "v", "xx": 7, "y": ["a"]}) == filled


def test_a_value_is_not_read_again() -> None:
    assert fill_in("RETURN $a, $b", {"a": "$b", "b": "$a"}) == "RETURN '$b', '$a'"


def test_a_limit_is_the_last_clause(place: tuple[Store, Any]) -> None:
    filled = fill_in("UNWIND [1, 2, 3] AS x RETURN x ORDER BY x // LIMIT 1", {}, 2)
    assert place[0].query(filled).rows == [(1,), (2,)]
    assert place[0].query(fill_in("RETURN 1 AS x;", {}, 0)).rows == []


@pytest.mark.parametrize(
    "cypher",
    [
        "RETURN 1 AS x LIMIT 5",
        "RETURN 1 AS x limit 5 ; // end",
        "RETURN 1 AS x UNION RETURN 2 AS x",
    ],
)
def test_a_limit_that_can_not_be_added_is_refused(cypher: str) -> None:
    assert fill_in(cypher, {}).startswith("RETURN 1 AS x")
    with pytest.raises(UsageError, match="leave the limit out"):
        fill_in(cypher, {}, 3)


def test_a_parameter_that_no_header_names_is_said() -> None:
    query = parse_query("q", f"{HEAD}RETURN $x AS x", "q.cypher")
    with pytest.raises(QueryError, match=r"needs \$x"):
        query.explain()


# The command --------------------------------------------------------------------------------------


def asked(words: list[str], env: dict[str, str]) -> str:
    """What `graphcache query` prints, in this process, which is quick."""
    ended = CliRunner().invoke(cli, ["query", *words], env=env, catch_exceptions=False)
    assert (ended.exit_code, ended.stderr.startswith("Error")) == (0, False), ended.stderr
    return ended.stdout


def rows(printed: str) -> list[list[Any]]:
    """Rows of JSON; a named query sorts its lists, a statement of the user's does not."""
    return [
        [sorted(value) if isinstance(value, list) else value for value in row.values()]
        for row in json.loads(printed)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_what_is_printed_gives_the_same_answer(
    name: str, own: EmbeddedStore, place: tuple[Store, dict[str, str]]
) -> None:
    """On servers that of the embedded store, as `test_queries` holds the query's own to be."""
    words = [name, *shlex.split(LIBRARY[name].example or "")]
    statement = asked([*words, "--explain"], {"GRAPHCACHE_STORE": "/nowhere"})
    assert "$" not in statement
    whole = rows(asked([*words, "--format", "json"], {"GRAPHCACHE_STORE": str(own.path)}))
    assert rows(asked(["-c", statement, "--format", "json"], place[1])) == whole
    assert bool(whole) == (name not in NO_SUCH_DATA)


def test_it_opens_no_store(tmp_path: Path) -> None:
    words = ("query", "usable-specs", "--package", "it's", "--target", "zen", "--limit", "3")
    printed = succeed(*words, "--explain", "--store", "nowhere.lbug", cwd=tmp_path)
    assert "{name: 'it\\'s'}" in printed
    assert "t.name IN ['x86_64', 'x86_64_v2', 'x86_64_v3', 'zen'] " in printed
    assert printed.endswith("\nLIMIT 3\n")
    ended = run(
        "query", "usable-specs", "--package", "x", "--target", "?", "--explain", cwd=tmp_path
    )
    assert (ended.code, ended.out) == (2, "")
