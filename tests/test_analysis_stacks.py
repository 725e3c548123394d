"""What stacks share, which belong together, what hangs on packages: against plain loops."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from conftest import tries
from held import Spec, any_specs, configuration, in_stacks, tables_of
from hypothesis import given
from test_analysis import RADIUSS, SOLVERS, environments, lock_of, networkx_of

from graphcache import Tables, UsageError, read
from graphcache.analysis import (
    centrality,
    dependents,
    package_graph,
    stack_clusters,
    stack_combinations,
    stack_similarity,
)
from graphcache.analysis.stacks import By

KEYS: dict[By, Any] = {
    "packages": lambda spec: spec["name"],
    "configurations": lambda spec: spec.get("configuration") or configuration(spec),
    "specs": lambda spec: spec["hash"],
}
Held = tuple[Tables, list[Spec]]


def sets_of(specs: list[Spec], by: By, release: str | None) -> dict[str, set[Any]]:
    held = in_stacks(specs, release)
    return {stack: {KEYS[by](spec) for spec in held[stack]} for stack in sorted(held)}


def check_similarity(tables: Tables, specs: list[Spec], by: By, release: str | None) -> None:
    sets = sets_of(specs, by, release)
    expected = []
    for (stack, one), (other, two) in combinations(sets.items(), 2):
        jaccard = len(one & two) / len(one | two)
        expected.append((stack, other, len(one & two), len(one - two), len(two - one), jaccard))
    expected.sort(key=lambda row: (-row[5], -row[2], row[0], row[1]))
    assert stack_similarity(tables, by, release).rows == expected


def check_combinations(tables: Tables, specs: list[Spec], by: By, release: str | None) -> None:
    stacks_of: dict[Any, list[str]] = {}
    for stack, things in sets_of(specs, by, release).items():
        for thing in things:
            stacks_of.setdefault(thing, []).append(stack)
    counts = Counter(tuple(stacks) for stacks in stacks_of.values())
    expected = [(list(stacks), count) for stacks, count in counts.items()]
    expected.sort(key=lambda row: (-row[1], len(row[0]), row[0]))
    assert stack_combinations(tables, by, release).rows == expected


@pytest.mark.parametrize("release", [None, "develop"])
@pytest.mark.parametrize("by", KEYS)
def test_what_stacks_share(held: Held, by: By, release: str | None) -> None:
    check_similarity(*held, by, release)
    check_combinations(*held, by, release)


@pytest.mark.slow
@tries(60)
@given(any_specs())
def test_what_any_stacks_share(specs: list[Spec]) -> None:
    tables = tables_of(specs)
    releases = {release for spec in specs for release in spec["releases"]}
    for by in KEYS:
        for release in (None, *releases):
            check_similarity(tables, specs, by, release)
            check_combinations(tables, specs, by, release)


def test_three_ways_to_share_are_three_answers(held: Held) -> None:
    answers = [stack_similarity(held[0], by).rows for by in KEYS]
    assert all(a != b for a, b in combinations(answers, 2))


# Clusters -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", KEYS)
def test_clusters_are_a_partition_that_pays(held: Held, by: By) -> None:
    tables, specs = held
    sets = sets_of(specs, by, None)
    rows = stack_clusters(tables, by).rows
    assert sorted((stack, size) for _, stack, size in rows) == [
        (stack, len(things)) for stack, things in sets.items()
    ]
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(sets)
    for (stack, one), (other, two) in combinations(sets.items(), 2):
        if one & two:
            graph.add_edge(stack, other, weight=len(one & two) / len(one | two))
    clusters: dict[int, set[str]] = {}
    for number, stack, _ in rows:
        clusters.setdefault(number, set()).add(stack)
    sizes = [len(clusters[number]) for number in range(1, len(clusters) + 1)]
    assert sizes == sorted(sizes, reverse=True)
    # No stack alone, nor all in one, is a better partition.
    found = nx.community.modularity(graph, clusters.values())
    for other_way in ([{stack} for stack in sets], [set(sets)]):
        assert found >= nx.community.modularity(graph, other_way) - 1e-12


@pytest.mark.process
def test_clusters_are_the_same_in_every_process(tmp_path: Path) -> None:
    code = (
        "import sys, graphcache, graphcache.analysis as a; "
        "print(a.stack_clusters(graphcache.read(sys.argv[1])[0], 'specs').rows)"
    )
    pages = Path(__file__).parents[1] / "examples/pages"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code, pages],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_resolution_makes_more_clusters(examples: Tables) -> None:
    numbers = [
        max(row[0] for row in stack_clusters(examples, "packages", resolution=r).rows)
        for r in (0.1, 1.0, 5.0)
    ]
    assert numbers == sorted(numbers)
    assert numbers[0] < numbers[-1]


def test_what_cannot_be_compared(examples: Tables) -> None:
    wrong: Any = "variants"
    for ask in (stack_similarity, stack_clusters, stack_combinations):
        with pytest.raises(UsageError, match="none: no such release in the graph, which has"):
            ask(examples, "specs", "none")
        with pytest.raises(UsageError, match="an empty name: no such release in the graph"):
            ask(examples, "specs", "")
        with pytest.raises(UsageError, match="variants: expected one of packages, configurations"):
            ask(examples, wrong)
        assert ask(Tables.empty(), "specs").rows == []


# What hangs on packages ---------------------------------------------------------------------------


def naive_dependents(specs: nx.DiGraph[str], package: dict[str, str]) -> list[Any]:
    """By networkx, one package after the other."""
    rows = []
    for name in set(package.values()):
        own = {spec for spec in specs if package[spec] == name}
        above = set().union(*(nx.ancestors(specs, spec) for spec in own)) - own
        rows.append((name, len(own), len(above), len({package[spec] for spec in above})))
    return sorted(rows, key=lambda row: (-row[2], -row[3], row[0]))


def naive_package_graph(specs: nx.DiGraph[str], package: dict[str, str]) -> dict[Any, int]:
    return Counter((package[a], package[b]) for a, b in specs.edges if package[a] != package[b])


def real_graph(path: Path) -> tuple[nx.DiGraph[str], dict[str, str]]:
    """The specs of a lock file or an index, and the package of each."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    nodes = document.get("concrete_specs")
    if nodes is None:
        nodes = {h: node["spec"] for h, node in document["database"]["installs"].items()}
    graph: nx.DiGraph[str] = nx.DiGraph()
    package = {}
    for spec_hash, node in nodes.items():
        package[spec_hash] = node["name"]
        graph.add_node(spec_hash)
        for needed in node.get("dependencies", []):
            graph.add_edge(spec_hash, needed["hash"])
            package[needed["hash"]] = needed["name"]
    return graph, package


@pytest.mark.slow
@pytest.mark.parametrize("path", [RADIUSS, SOLVERS], ids=["radiuss", "solvers"])
def test_dependents_of_real_packages(path: Path) -> None:
    tables, _ = read(path)
    expected = real_graph(path)
    assert dependents(tables).rows == naive_dependents(*expected)
    graph = package_graph(tables)
    assert {edge: graph.edges[edge]["specs"] for edge in graph.edges} == naive_package_graph(
        *expected
    )
    assert set(graph) == set(expected[1].values())


@pytest.mark.slow
@tries(60)
@given(environments())
def test_dependents_in_any_graph(drawn: tuple[dict[str, list[str]], list[str]]) -> None:
    edges, roots = drawn
    graph = networkx_of(edges)
    assert dependents(lock_of(edges, roots)).rows == naive_dependents(
        graph, {name: name for name in graph}
    )


def test_dependents_of_more_packages_than_bits() -> None:
    """A chain of 150 packages of two specs each: each needs all that follow."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for number in range(150):
        for build in "ab":
            graph.add_node(("Spec", f"{number:03}{build}"), name=f"p{number:03}")
            if number:
                start = ("Spec", f"{number - 1:03}{build}")
                graph.add_edge(start, ("Spec", f"{number:03}{build}"), "DEPENDS_ON")
    rows = dependents(Tables.from_networkx(graph)).rows
    assert rows == [(f"p{n:03}", 2, 2 * n, n) for n in reversed(range(150))]


def test_dependents_of_nothing() -> None:
    assert dependents(Tables.empty()).rows == []
    assert package_graph(Tables.empty()).number_of_nodes() == 0
    assert centrality(package_graph(Tables.empty())).rows == []


@pytest.mark.slow
def test_centrality_is_that_of_networkx() -> None:
    specs, package = real_graph(RADIUSS)
    expected: nx.DiGraph[str] = nx.DiGraph(list(naive_package_graph(specs, package)))
    expected.add_nodes_from(package.values())
    graph = package_graph(read(RADIUSS)[0])
    exact = {name: between for name, between, _ in centrality(graph, sample=None).rows}
    assert exact == pytest.approx(nx.betweenness_centrality(expected))
    ranks = {name: rank for name, _, rank in centrality(graph, sample=10).rows}
    assert ranks == pytest.approx(nx.pagerank(expected), abs=1e-5)
    assert list(ranks.values()) == sorted(ranks.values(), reverse=True)


@pytest.mark.slow
def test_betweenness_of_a_sample() -> None:
    graph = package_graph(read(RADIUSS)[0])
    some = centrality(graph, sample=100, seed=1)
    assert some == centrality(graph, sample=100, seed=1)
    assert some != centrality(graph, sample=100, seed=2)
    assert centrality(graph, sample=10_000).rows == centrality(graph, sample=None).rows
    exact = {row[0]: row[1] for row in centrality(graph, sample=None).rows}
    best = max(exact, key=lambda name: exact[name])
    assert max(some.rows, key=lambda row: row[1])[0] == best


@pytest.mark.process
def test_centrality_without_scipy() -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import networkx as nx, graphcache, graphcache.analysis as a\n"
        "try: a.centrality(nx.DiGraph([('a', 'b')]))\n"
        "except graphcache.UsageError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "PageRank needs scipy: pip install 'graphcache[analysis]'\n"
