"""A database that holds other data too: it is never touched, and never taken for graphcache's."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcache import Tables, read
from neo4j_server.fixtures import Server
from neo4j_server.pushing import ask, assert_on, everything, opened, put

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
