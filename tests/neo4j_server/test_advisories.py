"""Advisories on a server: nodes beside the graph, which come and go with a push."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run, start, succeed

from graphcache import build_store, update_store
from neo4j_server.fixtures import Server
from neo4j_server.pushing import ask, login

ROOT = Path(__file__).parents[2]
SITE = ROOT / "examples/site"
ADVISORIES = ROOT / "examples/advisories"
TOUCHED = """
MATCH (a:Advisory:GraphCacheAdvisory)-[e:AFFECTS]->(s:Spec:GraphCacheSpec)
RETURN a.id, s.hash, e.verdict, e.match ORDER BY a.id, s.hash
"""
Rows = list[list[str]]


@pytest.fixture
def server(neo4j_526: Server) -> Iterator[Server]:
    """A server without a node."""
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")
    yield neo4j_526
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("advised") / "graphcache.lbug"
    build_store(path, SITE / "2026-09", release="2026-09")
    update_store(path, SITE / "2026-10", release="2026-10")
    return path


def told(store: Path, *advisories: Path) -> Rows:
    """What the command says of a store."""
    ended = run("advisories", *advisories, "--format", "json", "--store", store, cwd=store.parent)
    rows = json.loads(ended.out)
    found = {
        (row["advisory"], spec["hash"], row["verdict"], row["match"])
        for row in rows
        for spec in row["specs"]
    }
    return sorted(map(list, found))


def pushed(server: Server, store: Path, *advisories: Path, prune: bool = False) -> str:
    options = [text for path in advisories for text in ("--advisories", path)]
    command = ("push", server.uri, "--store", store, *options, *(["--prune"] if prune else []))
    return succeed(*command, cwd=store.parent, env=login(server))


def test_what_advisories_touch_is_on_the_server_until_a_push_lacks_them(
    server: Server, store: Path
) -> None:
    said = pushed(server, store, ADVISORIES)
    rows = told(store, ADVISORIES)
    count = len({row[0] for row in rows})
    assert count > 1
    assert f"{server.uri}: {count} advisories touch something of it\n" in said
    assert ask(server, TOUCHED) == rows
    # They are no part of the graph, and a push of what is there finds it so.
    env = login(server)
    assert "the same as" in succeed(
        "verify", server.uri, "--store", store, cwd=store.parent, env=env
    )
    one = ADVISORIES / "CVE-2025-9086.json"
    said = pushed(server, store, one)
    assert "nothing to do, the graph is there already" in said
    assert f"removed {count - 1} advisor" in said
    assert ask(server, TOUCHED) == told(store, one)
    said = pushed(server, store)
    assert "removed 1 advisory of an earlier push\n" in said
    assert ask(server, "MATCH (a:Advisory) RETURN count(a)") == [[0]]


def test_a_spec_that_goes_takes_the_edge_with_it(
    server: Server, store: Path, tmp_path: Path
) -> None:
    pushed(server, store, ADVISORIES)
    later = tmp_path / "later.lbug"
    build_store(later, SITE / "2026-10", release="2026-10")
    pushed(server, later, ADVISORIES, prune=True)
    assert ask(server, TOUCHED) == told(later, ADVISORIES)
    env = login(server)
    said = succeed("verify", server.uri, "--store", later, cwd=tmp_path, env=env)
    assert "the same as" in said


def test_two_loads_at_once_wait_for_each_other(server: Server, store: Path) -> None:
    """So what is there afterwards is what one of them said, whole."""
    pushed(server, store)
    loads = [ADVISORIES / "CVE-2025-9086.json", ADVISORIES / "CVE-2026-28387.json"]
    command = ("push", server.uri, "--store", store, "--advisories")
    for process in [start(*command, one, cwd=store.parent, env=login(server)) for one in loads]:
        ended = process.end()
        assert (ended.code, ended.err) == (0, "")
    assert ask(server, TOUCHED) in [told(store, one) for one in loads]


def test_nodes_of_others_that_are_called_so_stay(server: Server, store: Path) -> None:
    ask(server, "CREATE (:Advisory {id: 'mine'})-[:AFFECTS]->(:Spec {hash: 'theirs'})")
    pushed(server, store, ADVISORIES)
    assert ask(server, TOUCHED) == told(store, ADVISORIES)
    pushed(server, store)
    left = ask(server, "MATCH (a:Advisory)-[:AFFECTS]->(s) RETURN a.id, s.hash")
    assert left == [["mine", "theirs"]]


def test_the_graph_is_asked_through_them(server: Server, store: Path) -> None:
    """As the how-to shows it."""
    pushed(server, store, ADVISORIES)
    page = (ROOT / "docs/how-to/cve.md").read_text()
    cypher = page.partition("```cypher\n")[2].partition("```")[0]
    rows = {tuple(row) for row in ask(server, cypher)}
    found = json.loads(
        run("advisories", ADVISORIES, "--format", "json", "--store", store, cwd=store.parent).out
    )
    held = {(row["advisory"], row["stack"], row["release"]) for row in found if row["stack"]}
    assert {row[:3] for row in rows} == held


def test_what_was_not_read_is_listed(server: Server, store: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "good.json").write_text((ADVISORIES / "CVE-2025-9086.json").read_text())
    command = ("push", server.uri, "--store", store, "--advisories", tmp_path)
    ended = run(*command, cwd=tmp_path, env=login(server))
    assert ended.code == 3
    assert "not read: " in ended.err
    assert "bad.json" in ended.err
    refused = run(*command, "--dry-run", cwd=tmp_path, env=login(server))
    assert refused.code == 2
    assert "--dry-run tells nothing of advisories: 'graphcache advisories' does" in refused.err
