"""A push on a real server: what is there afterwards, what is sent, and what is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import oracle
import pytest
from command_line import run, start, succeed
from conftest import tries
from graphs import Graph, graphs, small_graph, small_tables
from hypothesis import given
from hypothesis import strategies as st

from graphcache import StoreError, Tables, __version__, open_store, read, update_store
from graphcache.tables.compare import differences
from neo4j_server.fixtures import Server, clear
from neo4j_server.pushing import (
    ask,
    assert_on,
    built_store,
    everything,
    login,
    opened,
    own_graph,
    plain_graph,
    put,
    tables_on,
)

Steps = list[tuple["Graph[tuple[str, str]]", bool]]


@pytest.fixture(scope="module")
def pages(example_pages: Path, legacy_pages: Path) -> Tables:
    """The graph of the real pages."""
    return read(example_pages, legacy_pages)[0]


@pytest.fixture
def server(neo4j_526: Server) -> Server:
    """A server without a node; making constraints anew for each test would take longest."""
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")
    return neo4j_526


@pytest.fixture
def pushed(neo4j_526: Server, pages: Tables) -> Iterator[Server]:
    """A server with the graph of the real pages, which has not changed at the end.

    So it is there already for the next test that takes this.
    """
    if not put(neo4j_526, pages, prune=True).unchanged:
        ask(neo4j_526, "MATCH (n) DETACH DELETE n")
        put(neo4j_526, pages)
    yield neo4j_526
    assert_on(neo4j_526, pages)


# By the command line ------------------------------------------------------------------------------


def test_from_pages_to_a_server_and_on(
    server: Server, tmp_path: Path, example_pages: Path, legacy_pages: Path
) -> None:
    """Build, push, verify, update, push: as a user does it."""
    store = built_store(tmp_path, example_pages, legacy_pages)
    env = login(server)
    said = succeed("push", "--store", store, cwd=tmp_path, env=env)
    assert said.startswith(f"{server.uri}: sent 6 Package, 12 Stack, 8 Compiler, 16 Target, ")
    with open_store(store) as embedded:
        tables = embedded.tables()
    assert_on(server, tables)
    same = f"{server.uri}: the same as {store}, digest {tables.digest()}\n"
    assert succeed("verify", server.uri, "--store", store, cwd=tmp_path, env=env) == same
    again = succeed("push", "--store", store, cwd=tmp_path, env=env)
    assert again.startswith(f"{server.uri}: nothing to do, the graph is there already\n")

    page = tmp_path / "zlib.md"
    page.write_text(oracle.page_text("zlib", records=[oracle.record("a" * 32)]))
    update_store(store, page)
    differ = run("verify", server.uri, "--store", store, cwd=tmp_path, env=env)
    assert (differ.code, differ.err) == (1, "")
    assert "Package: missing on the server: zlib\n" in differ.out
    assert f"OF_PACKAGE: missing on the server: {'a' * 32} → zlib\n" in differ.out
    changed = succeed("push", "--store", store, cwd=tmp_path, env=env)
    assert changed.startswith(f"{server.uri}: sent 1 Package, 1 Spec\n")
    with open_store(store) as embedded:
        assert_on(server, embedded.tables())


def test_the_load_node_says_what_was_pushed(
    server: Server, tmp_path: Path, example_pages: Path
) -> None:
    store = built_store(tmp_path, example_pages)
    assert succeed("push", "--quiet", "--store", store, cwd=tmp_path, env=login(server)) == ""
    [[load]] = ask(server, "MATCH (l:GraphCacheLoad) RETURN properties(l)")
    with open_store(store) as embedded:
        description = embedded.describe()
    assert load["digest"] == description.digest
    assert (load["command"], load["version"]) == ("push", __version__)
    assert load["sources"] == [str(example_pages)]
    assert (load["files"], load["records"], load["rejects"], load["unchanged"]) == (6, 216, 0, 0)
    assert json.loads(load["counts"]) == description.nodes | description.edges
    assert abs((datetime.now().astimezone() - datetime.fromisoformat(load["time"])).days) < 1
    assert "unfinished" not in load
    with opened(server) as there:
        said = there.describe()
    assert (said.nodes, said.edges, said.digest, said.releases) == (
        description.nodes,
        description.edges,
        description.digest,
        description.releases,
    )
    assert [one.command for one in said.loads] == ["push"]


def counts_of(printed: str) -> dict[str, tuple[int, ...]]:
    """The table that --dry-run prints: created, changed, removed by type."""
    rows = [line.split() for line in printed.replace(",", "").splitlines()[2:]]
    return {row[0]: tuple(map(int, row[1:])) for row in rows}


@pytest.mark.parametrize("options", [[], ["--prune"]], ids=["push", "prune"])
def test_a_dry_run_writes_nothing_and_foretells_the_push(
    options: list[str], server: Server, pages: Tables, tmp_path: Path, example_pages: Path
) -> None:
    store = built_store(tmp_path, example_pages)
    graph = pages.to_networkx()
    for node in [n for n in graph if n[0] == "Spec"][:7]:
        graph.nodes[node]["version"] = "0"
    graph.remove_nodes_from([n for n in graph if n[0] == "Spec"][-5:])
    put(server, Tables.from_networkx(graph))
    before, first = everything(server), tables_on(server)
    env = login(server)
    printed = succeed("push", "--dry-run", *options, "--store", store, cwd=tmp_path, env=env)
    planned = counts_of(printed)
    assert everything(server) == before
    succeed("push", *options, "--store", store, cwd=tmp_path, env=login(server))
    second = tables_on(server)
    for name, change in differences(first, second).items():
        created, changed, removed = planned[name]
        assert (len(change.added), len(change.changed)) == (created, changed)
        assert len(change.removed) == (removed if options else 0)
    assert planned["Spec"][0] > 0 < planned["Spec"][1]
    assert planned["Spec"][2] > 0


def test_a_dry_run_on_an_empty_server_makes_not_even_a_constraint(
    neo4j_526: Server, tmp_path: Path, example_pages: Path
) -> None:
    server = neo4j_526
    clear(server)
    store = built_store(tmp_path, example_pages)
    said = succeed("push", "--dry-run", "--store", store, cwd=tmp_path, env=login(server))
    with open_store(store) as embedded:
        tables = embedded.tables()
    for name, count in (tables.node_counts() | tables.edge_counts()).items():
        assert counts_of(said)[name] == (count, 0, 0)
    assert ask(server, "SHOW CONSTRAINTS YIELD name RETURN name") == []
    assert ask(server, "MATCH (n) RETURN n") == []


# Again and again ----------------------------------------------------------------------------------


def test_nothing_is_sent_twice(pushed: Server, pages: Tables) -> None:
    assert put(pushed, pages).unchanged
    assert put(pushed, pages, prune=True).unchanged
    report = put(pushed, pages, full=True)
    assert not report.unchanged
    assert report.sent["Spec"] == 218


def test_only_what_changed_is_sent(server: Server, pages: Tables) -> None:
    put(server, pages)
    graph = pages.to_networkx()
    specs = [node for node in graph if node[0] == "Spec"]
    graph.nodes[specs[0]]["size"] = 1
    graph.remove_edge(specs[1], next(n for n in graph[specs[1]] if n[0] == "Stack"))
    graph.nodes["Package", "rocblas"]["note"] = "new"
    changed = Tables.from_networkx(graph)
    report = put(server, changed)
    # A new property of a type is sent with all nodes of it.
    assert {name: count for name, count in report.sent.items() if count} == {
        "Package": 6,
        "Spec": 2,
    }
    assert put(server, changed).unchanged
    assert not put(server, changed, prune=True).unchanged
    assert_on(server, changed)


REMOVALS = [
    "MATCH (:Spec)-[e:IN_STACK]->() WITH e LIMIT 5 DELETE e",
    "MATCH ()-[e:EXTENDS]->() DELETE e",
    "MATCH (n:Package) DETACH DELETE n",
    "MATCH (n:Spec) WITH n LIMIT 10 DETACH DELETE n",
    "MATCH (n:Target) WITH n LIMIT 3 DETACH DELETE n",
    "MATCH (n:GraphCacheRelease) REMOVE n:GraphCacheRelease WITH n DETACH DELETE n",
]


@pytest.mark.parametrize("statement", REMOVALS)
def test_what_somebody_deleted_is_noticed_and_mended(
    statement: str, pushed: Server, pages: Tables
) -> None:
    ask(pushed, statement)
    assert tables_on(pushed).digest() != pages.digest()
    assert not put(pushed, pages).unchanged


def test_an_edge_that_is_lost_is_noticed_beside_one_that_the_store_has_no_more(
    server: Server, pages: Tables
) -> None:
    put(server, pages)
    graph = pages.to_networkx()
    spec = next(node for node in graph if node[0] == "Spec")
    graph.remove_edge(spec, next(n for n in graph[spec] if n[0] == "Stack"))
    fewer = Tables.from_networkx(graph)
    put(server, fewer)
    one = "MATCH (n:Spec {hash: $hash})-[e:IN_RELEASE]->() DELETE e"
    ask(server, one, hash=spec[1])
    put(server, fewer)
    assert_on(server, pages)


CHANGES = [
    "MATCH (n:Spec) WITH n LIMIT 2 SET n.version = 'by hand'",
    "MATCH (n:Spec) WITH n LIMIT 2 SET n.size = 17",
    "MATCH (n:Target) WITH n LIMIT 1 REMOVE n.family",
    "MATCH (:Spec)-[e:IN_STACK]->() WITH e LIMIT 2 SET e.releases = ['by hand']",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_what_somebody_changed_is_found_and_mended_by_full(
    statement: str, pushed: Server, pages: Tables
) -> None:
    ask(pushed, statement)
    assert any(change.changed for change in differences(tables_on(pushed), pages).values())
    assert not put(pushed, pages, full=True).unchanged


@pytest.mark.parametrize("value", ["'text'", "[1.5, 2.5]", "date('2025-03-30')"])
def test_a_value_of_another_type_is_said_and_mended_by_full(
    value: str, pushed: Server, pages: Tables
) -> None:
    ask(pushed, f"MATCH (n:Spec) WITH n LIMIT 2 SET n.size = {value}")
    with pytest.raises(StoreError, match=r"size: expected integer, found .* push --full' sets"):
        tables_on(pushed)
    assert not put(pushed, pages, full=True).unchanged


def test_a_change_and_a_second_edge_are_said_by_verify(
    server: Server, tmp_path: Path, example_pages: Path
) -> None:
    store = built_store(tmp_path, example_pages)
    env = login(server)
    succeed("push", "--store", store, cwd=tmp_path, env=env)
    ask(server, "MATCH (a:Spec)-[:OF_PACKAGE]->(b) WITH a, b LIMIT 1 CREATE (a)-[:OF_PACKAGE]->(b)")
    ask(server, "MATCH (n:Target {name: 'x86_64'}) SET n.generation = 9")
    verified = run("verify", server.uri, "--store", store, cwd=tmp_path, env=env)
    assert (verified.code, verified.err) == (1, "")
    assert [line.rpartition(": ")[0] for line in verified.out.splitlines()] == [
        "Target: other properties on the server",
        "OF_PACKAGE: only on the server",
    ]
    succeed("push", "--prune", "--full", "--store", store, cwd=tmp_path, env=env)
    succeed("verify", server.uri, "--store", store, cwd=tmp_path, env=env)


def test_a_key_that_somebody_took_away_ends_in_no_traceback(pushed: Server, pages: Tables) -> None:
    ask(pushed, "MATCH (n:Stack) WITH n LIMIT 1 REMOVE n.name")
    with pytest.raises(StoreError, match="Stack None: name: expected text, found None, which gra"):
        tables_on(pushed)
    put(pushed, pages, prune=True)
    ask(pushed, "MATCH (n:Stack) WHERE n.name IS NULL DETACH DELETE n")
    put(pushed, pages)


def test_prune_removes_what_the_store_has_no_more(server: Server, pages: Tables) -> None:
    put(server, pages)
    graph = pages.to_networkx()
    graph.remove_node(("Package", "rocblas"))
    graph.remove_nodes_from([node for node in graph if node[0] == "Spec"][:100])
    graph.remove_edges_from([e for e in graph.edges(keys=True) if e[2] == "IN_STACK"][::3])
    fewer = Tables.from_networkx(graph)
    assert put(server, fewer).pruned == {}
    assert_on(server, pages)
    report = put(server, fewer, prune=True)
    assert {name: count for name, count in report.pruned.items() if count} == {
        "Package": 1,
        "Spec": 100,
    }
    assert_on(server, fewer)
    put(server, pages)
    assert_on(server, pages)


DEPENDENCIES_GONE = "MATCH (a)-[e]->(b) WHERE labels(a) = labels(b) DELETE e"


def without_dependencies() -> Tables:
    """The small graph, without edges between nodes of one type."""
    graph = small_graph()
    graph.remove_edges_from([e for e in graph.edges(keys=True) if e[0][0] == e[1][0]])
    return Tables.from_networkx(graph)


@pytest.mark.parametrize("prune", [True, False])
def test_dependencies_that_somebody_or_a_push_took_away_come_back(
    prune: bool, server: Server
) -> None:
    """A spec that had dependencies and has none is not taken for one that has them still."""
    tables, none = small_tables(), without_dependencies()
    put(server, tables)
    put(server, none, prune=prune)
    if not prune:
        ask(server, DEPENDENCIES_GONE)
        put(server, none)
    assert_on(server, none)
    put(server, tables)
    assert_on(server, tables)


@pytest.mark.parametrize("prune", [True, False])
def test_dependencies_that_somebody_took_away_come_back_after_a_graph_without_any(
    prune: bool, server: Server
) -> None:
    """A push of no dependency on a server without any leaves no digest of earlier ones."""
    tables = small_tables()
    put(server, tables)
    ask(server, DEPENDENCIES_GONE)
    put(server, without_dependencies(), prune=prune)
    put(server, tables)
    assert_on(server, tables)


@pytest.mark.parametrize("edges", ["DEPENDS_ON|SPLICED_FROM", "OF_PACKAGE|IN_STACK"])
def test_what_somebody_took_away_comes_back_after_a_push_of_something_else(
    edges: str, server: Server
) -> None:
    """Of two stores on a server, one is pushed when edges of the other are gone."""
    tables = small_tables()
    graph = small_graph()
    graph.remove_nodes_from([node for node in graph if node[0] == "Spec"])
    put(server, tables)
    ask(server, f"MATCH (:Spec)-[e:{edges}]->() DELETE e")
    put(server, Tables.from_networkx(graph))
    put(server, tables)
    assert_on(server, tables)


def test_an_empty_graph_prunes_all(server: Server, pages: Tables) -> None:
    put(server, pages)
    put(server, Tables.empty(), prune=True)
    assert own_graph(server) == ({}, {})
    assert_on(server, Tables.empty())


# What scripts add ---------------------------------------------------------------------------------


def test_properties_of_a_script_come_and_go(server: Server) -> None:
    tables = small_tables()
    put(server, tables)
    assert_on(server, tables)
    graph = small_graph()
    for _, attributes in graph.nodes(data=True):
        attributes.pop("weight", None)
    graph.nodes["Package", "zlib"]["note"] = 7  # of another type than before
    graph.nodes["Spec", "a" * 32].update(depth=1, score=2)
    for *_, attributes in graph.edges(data=True):
        if scores := attributes.pop("scores", None):
            attributes["marks"] = scores
    changed = Tables.from_networkx(graph)
    put(server, changed)
    assert_on(server, changed)
    assert put(server, changed).unchanged
    put(server, tables)
    assert_on(server, tables)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("words", ["x", None], "Package.words: expected lists without null, which Neo4j can't"),
        ("a\\u0060b", 1, "Package: Neo4j can't hold a property named 'a\\\\u0060b'"),
        ("graphcache_digest", 1, "Package: Neo4j can't hold a property named 'graphcache_digest'"),
    ],
)
def test_what_neo4j_cannot_hold_is_said_before_anything_is_sent(
    name: str, value: object, said: str, server: Server
) -> None:
    graph = small_graph()
    graph.nodes["Package", "zlib"][name] = value
    with pytest.raises(StoreError) as caught:
        put(server, Tables.from_networkx(graph))
    assert str(caught.value).startswith(said)
    assert ask(server, "MATCH (n) RETURN n") == []


@tries(4)
@given(steps=st.lists(st.tuples(graphs(), st.booleans()), min_size=1, max_size=3))
def test_any_graphs_one_after_another(neo4j_526: Server, steps: Steps) -> None:
    """With prune the server has the graph; without, it keeps what it had besides."""
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")
    nodes: dict[tuple[str, str], Any] = {}
    edges: dict[tuple[str, str, str], Any] = {}
    for graph, prune in steps:
        tables = Tables.from_networkx(graph)
        put(neo4j_526, tables, prune=prune)
        new_nodes, new_edges = plain_graph(tables)
        nodes = new_nodes if prune else nodes | new_nodes
        edges = new_edges if prune else edges | new_edges
        assert own_graph(neo4j_526) == (nodes, edges)
        if prune:
            assert_on(neo4j_526, tables)


# Two at once --------------------------------------------------------------------------------------


def test_two_pushes_at_once_wait_for_each_other(
    neo4j_526: Server, pages: Tables, tmp_path: Path, example_pages: Path, legacy_pages: Path
) -> None:
    """Of two graphs, each with what the other has not; on a server without a constraint."""
    server = neo4j_526
    clear(server)
    both = []
    for name, folder in (("examples", example_pages), ("legacy", legacy_pages)):
        (tmp_path / name).mkdir()
        store = built_store(tmp_path / name, folder)
        both.append(start("push", "--full", "--store", store, cwd=tmp_path, env=login(server)))
    for process in both:
        ended = process.end()
        assert (ended.code, ended.err) == (0, "")
        assert f"{server.uri}: sent " in ended.out
    assert own_graph(server) == plain_graph(pages)
