"""A database that holds other data too: it is never touched, and never taken for graphcache's."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from served import serving

from graphcache import Tables, open_store, read
from graphcache.stores.neo4j.foreign import labels_counted
from graphcache.stores.neo4j.statements import Counted, all_counted, count_each
from neo4j_server.fixtures import Server, driver_of
from neo4j_server.pushing import ask, assert_on, everything, login, opened, put

FOREIGN = """
CREATE (p:Package {name: 'rocblas', price: 3}), (s:Spec {hash: 'mine', name: 'rocblas'}),
  (t:Target {name: 'x86_64_v3'}), (r:Release {name: 'develop'}), (m:Person {name: 'develop'})
CREATE (s)-[:OF_PACKAGE {since: 2020}]->(p), (s)-[:FOR_TARGET]->(t), (m)-[:LIKES]->(p)
CREATE (t)-[:EXTENDS]->(t), (s)-[:DEPENDS_ON]->(s), (s)-[:IN_RELEASE]->(r)
"""
DRAWN = """
MATCH (spec:GraphCacheSpec) WITH spec ORDER BY spec.hash LIMIT 3
MATCH (person:Person), (package:Package {price: 3}), (own:GraphCachePackage {name: spec.name})
CREATE (person)-[:LIKES]->(spec), (spec)-[:SEEN_BY]->(person), (spec)-[:OF_PACKAGE]->(package)
CREATE (person)-[:IN_STACK]->(own), (package)-[:OF_PACKAGE]->(own)
SET spec.my_note = 'keep', spec:Favourite
"""


@pytest.fixture(scope="module")
def pages(example_pages: Path, legacy_pages: Path) -> Tables:
    return read(example_pages, legacy_pages)[0]


@pytest.fixture
def shared(neo4j_526: Server) -> Server:
    """A server with data of somebody else, of the same labels, types and keys."""
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")
    ask(neo4j_526, FOREIGN)
    return neo4j_526


def fewer(pages: Tables) -> Tables:
    """A graph without the specs and the package that others have drawn edges to."""
    graph = pages.to_networkx()
    graph.remove_nodes_from(sorted(node for node in graph if node[0] == "Spec")[:50])
    graph.remove_node(("Package", "rocblas"))
    return Tables.from_networkx(graph)


def test_foreign_data_outlives_pushes_and_prunes(shared: Server, pages: Tables) -> None:
    nodes, edges = everything(shared)
    for tables, options in (
        (pages, {}),
        (fewer(pages), {"prune": True}),
        (pages, {"full": True}),
        (Tables.empty(), {"prune": True}),
    ):
        put(shared, tables, **options)
        after_nodes, after_edges = everything(shared)
        assert [node for node in nodes if node not in after_nodes] == []
        assert [edge for edge in edges if edge not in after_edges] == []
    assert everything(shared) == (nodes, edges)


def test_foreign_data_is_not_counted_compared_or_read(shared: Server, pages: Tables) -> None:
    put(shared, pages)
    ask(shared, DRAWN)
    with opened(shared) as store:
        assert store.counts() == pages.node_counts() | pages.edge_counts()
        assert store.describe().digest == store.tables().digest() == pages.digest()
        near = store.tables(around="rocblas", hops=1)
    assert near.node_counts()["Spec"] == 4
    assert put(shared, pages).unchanged
    assert put(shared, pages, prune=True).unchanged


def test_what_somebody_put_on_our_nodes_stays(shared: Server, pages: Tables) -> None:
    put(shared, pages)
    ask(shared, DRAWN)
    before = everything(shared)
    put(shared, pages, full=True, prune=True)
    assert everything(shared) == before
    assert ask(shared, "MATCH (n:Favourite {my_note: 'keep'}) RETURN count(n)") == [[3]]
    assert ask(shared, "MATCH (:Person)-[e:LIKES]->(:Favourite) RETURN count(e)") == [[3]]


def test_an_edge_of_ours_is_missed_beside_foreign_ones(shared: Server, pages: Tables) -> None:
    put(shared, pages)
    ask(shared, DRAWN)
    ask(shared, "MATCH (:Favourite)-[e:OF_PACKAGE]->(:GraphCachePackage) DELETE e")
    assert not put(shared, pages).unchanged
    with opened(shared) as store:
        assert store.tables().digest() == pages.digest()


def test_a_pruned_node_that_somebody_drew_an_edge_to_becomes_theirs(
    shared: Server, pages: Tables
) -> None:
    put(shared, pages)
    ask(shared, DRAWN)
    others = "MATCH (n)-[e]->(m) WHERE type(e) IN ['LIKES', 'SEEN_BY'] OR n:Person OR m.price = 3 "
    pattern = others + "RETURN elementId(e), elementId(n), elementId(m), properties(e) ORDER BY 1"
    before = ask(shared, pattern)
    put(shared, fewer(pages), prune=True)
    assert ask(shared, pattern) == before
    left = ask(shared, "MATCH (n:Favourite) RETURN labels(n), n.my_note, n.graphcache_digest")
    assert [(sorted(labels), note, digest) for labels, note, digest in left] == [
        (["Favourite", "Spec"], "keep", None)
    ] * 3
    assert_on(shared, fewer(pages))
    put(shared, pages)
    assert ask(shared, pattern) == before
    assert_on(shared, pages)


# What is said of it -------------------------------------------------------------------------------

WARNING = (
    "{uri}: nodes that graphcache did not put there have its labels ({counts}), so the answer may "
    "hold them too: push to a database of its own, or ask in Cypher by {own}"
)
ALL = {"Package": 1, "Spec": 1, "Target": 1, "Release": 1}


def warning(server: Server, *labels: str) -> str:
    """What is said where nodes of others have these labels, of each one."""
    counts = ", ".join(f"{ALL[label]} {label}" for label in labels)
    own = ", ".join(f"GraphCache{label}" for label in labels)
    return WARNING.format(uri=server.uri, counts=counts, own=own)


def test_a_store_says_which_labels_others_have(shared: Server, pages: Tables) -> None:
    put(shared, pages)
    with opened(shared) as store:
        assert store.foreign() == warning(shared, *ALL)
        assert store.foreign("MATCH (s:Spec)-->(t:`Target`) RETURN s") == warning(
            shared, "Spec", "Target"
        )
        assert store.foreign("MATCH (s:GraphCacheSpec) RETURN s") is None
        ask(shared, "MATCH (n) WHERE n:Person OR n.price = 3 OR n.hash = 'mine' DETACH DELETE n")
        assert store.foreign() == warning(shared, "Target", "Release")
        ask(shared, "MATCH (n:Release|Target) WHERE n.graphcache_digest IS NULL DETACH DELETE n")
        assert store.foreign() is None


@pytest.mark.parametrize("counted", [labels_counted(), all_counted()], ids=["labels", "all"])
def test_the_counts_come_from_the_servers_statistics(
    counted: list[Counted], shared: Server
) -> None:
    explained = f"EXPLAIN {count_each(counted)}"
    with driver_of(shared) as driver:
        plan = driver.execute_query(explained, database_="neo4j").summary.plan
    assert plan is not None
    found = Counter(operators(plan))
    assert found.keys() - {"ProduceResults", "Apply"} <= {
        "NodeCountFromCountStore",
        "RelationshipCountFromCountStore",
    }
    assert found["NodeCountFromCountStore"] == sum("->" not in one for _, one in counted)
    assert found["RelationshipCountFromCountStore"] == sum("->" in one for _, one in counted)


def operators(plan: dict[str, Any]) -> Iterator[str]:
    """What the server does for a statement."""
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


@pytest.fixture(scope="module")
def beside(neo4j_526: Server, pages: Tables) -> Server:
    """A server with the graph, and data of somebody else beside it, which no test changes."""
    ask(neo4j_526, "MATCH (n) DETACH DELETE n")
    ask(neo4j_526, FOREIGN)
    put(neo4j_526, pages)
    return neo4j_526


@pytest.mark.parametrize(
    ("command", "labels"),
    [
        ("query stacks", ["Spec"]),
        ("query package --package rocblas", ["Spec", "Target", "Release"]),
        ("query -c 'MATCH (p:Package) RETURN count(*)'", ["Package"]),
        ("query -c 'MATCH (p:GraphCachePackage) RETURN count(*)'", []),
        ("usable rocblas --target zen4", []),
        ("check", ["Spec", "Release"]),
        ("plot compilers", ["Spec", "Target", "Release"]),
        ("view --query stacks -o -", ["Spec"]),
        ("view rocblas -o -", []),
        ("stats", []),
    ],
)
def test_a_command_says_once_what_may_be_in_its_answer(
    command: str, labels: list[str], beside: Server, tmp_path: Path
) -> None:
    ended = run(*shlex.split(command), "--store", beside.uri, cwd=tmp_path, env=login(beside))
    said = [line for line in ended.err.splitlines() if line.startswith("Warning: ")]
    assert said == ([f"Warning: {warning(beside, *labels)}"] if labels else [])
    assert ended.err.startswith("".join(said))
    assert ended.out
    assert "did not put there" not in ended.out


def test_a_page_says_what_may_be_on_it(beside: Server, tmp_path: Path) -> None:
    with serving("--store", beside.uri, cwd=tmp_path, env=login(beside)) as served:
        for path in ("/", "/package?name=rocblas", "/stack?name=e4s", "/search?q=py"):
            assert warning(beside, *ALL) in served.page(path).text
        assert warning(beside, "Spec") in served.page("/query/stacks").text
        assert "its labels" not in served.page("/queries").text
        assert "its labels" not in served.ask("/query/stacks?format=csv").text


@pytest.mark.slow
def test_a_file_holds_nothing_else(example_store: Path) -> None:
    with open_store(example_store) as store:
        assert store.foreign() is None
