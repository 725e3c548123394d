"""`graphcache serve` on a Neo4j server: its pages are those of the file that was pushed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import Served, serving

from graphcache import Store, build_store, open_store
from neo4j_server.fixtures import Server, empty
from neo4j_server.pushing import login, put

SOLVERS = Path(__file__).parents[2] / "examples/site/develop/solvers"


@pytest.fixture(scope="module")
def file(example_pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with stacks and releases of pages, and dependencies of an index."""
    path = tmp_path_factory.mktemp("served") / "store.lbug"
    build_store(path, example_pages, SOLVERS, stack="hpc", release="r")
    return path


@pytest.fixture(scope="module")
def both(file: Path, neo4j_server: Server) -> Iterator[tuple[Served, Served, Store]]:
    """The pages of the file and of the server, and the store."""
    with open_store(file) as store:
        empty(neo4j_server)
        put(neo4j_server, store.tables())
        options = ("--store", neo4j_server.uri)
        with (
            serving("--store", file, cwd=file.parent) as on_file,
            serving(*options, cwd=file.parent, env=login(neo4j_server)) as on_server,
        ):
            yield on_file, on_server, store


def test_the_pages_are_the_same(both: tuple[Served, Served, Store]) -> None:
    on_file, on_server, store = both
    [[hash_]] = store.query(
        "MATCH (:Spec)-[:DEPENDS_ON]->(s:Spec)-[:DEPENDS_ON]->(:Spec) "
        "RETURN s.hash ORDER BY s.hash LIMIT 1"
    ).rows
    for path in (
        "/search?q=py",
        "/search?q=7",
        "/search?q=rockblas",
        f"/search?q={hash_}",
        f"/spec/{hash_[:20]}",
        "/package?name=py-pdm-backend",
        "/package?name=py-pdm-backend&release=r&target=aarch64&stack=hpc&page=2",
        "/package?name=nothing",
        f"/spec/{hash_}",
        "/spec/nothing",
        "/stack?name=hpc",
        "/stack?name=e4s&release=r",
        "/queries",
        "/query/usable-specs?package=rocblas&target=zen4",
        "/query/only-in-stack",
        "/query/stacks?format=csv",
        "/query/stacks?format=json&limit=1",
        "/graph?package=rocblas",
        f"/graph?hash={hash_}",
        "/graph?stack=nothing",
    ):
        found, expected = on_server.ask(path), on_file.ask(path)
        assert found.status == expected.status < 500, path
        assert found.headers.get("location") == expected.headers.get("location")
        assert found.text == expected.text, path


def test_home_tells_of_the_push(both: tuple[Served, Served, Store]) -> None:
    on_file, on_server, _ = both
    captions = ("Specs by release", "Specs by stack, in any release")
    for caption in captions:
        assert on_server.page("/").tables[caption] == on_file.page("/").tables[caption]
    [load] = on_server.page("/").tables["What the store was made from"]
    assert load[1] == "push"


def test_what_the_server_refuses_is_told(both: tuple[Served, Served, Store]) -> None:
    reply = both[1].ask(f"/query/package?package=a&format=json&limit={'9' * 30}")
    assert reply.status == 400
    assert "limit" in json.loads(reply.text)["error"]
