"""Analysis: held against networkx and plain loops, on random graphs and on real lock files."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import networkx as nx
import numpy as np
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

import graphcache.analysis
from graphcache import Tables, UsageError, build_store, open_store, read
from graphcache.analysis import (
    adoption,
    centrality,
    churn,
    coverage,
    dependents,
    duplicate_bytes,
    half_life,
    impact,
    package_graph,
    prune_plan,
    rebuilds,
    splits,
    stack_clusters,
    stack_combinations,
    stack_similarity,
    unify,
    why,
)
from graphcache.analysis.changes import Diff, diff
from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.differing.spec_diff import SpecDiff, diff_specs
from graphcache.analysis.sides import kind_of, side
from graphcache.answers import Answer, Selection
from graphcache.health import not_reached
from graphcache.schema import all_types
from graphcache.spack.versions import version_key
from graphcache.tables.columns import key_columns

DATA = Path(__file__).parent / "data/spack"
RADIUSS, TOOLS = DATA / "radiuss.v6.spack.lock.gz", DATA / "developer-tools.v6.spack.lock.gz"
SITE = Path(__file__).parents[1] / "examples/site"
SOLVERS, IO = (SITE / f"develop/{stack}/index.json.gz" for stack in ("solvers", "io"))
MY_ENV = SITE / "my-env/spack.lock.gz"
LETTERS = "abcdefgh"

Json = dict[str, Any]
Edges = dict[str, list[str]]


def spec(letter: str, needs: list[str], **values: Any) -> Json:
    """A spec of package and hash `letter`, with dependencies of all kinds."""
    kind = {"deptypes": ["link"], "virtuals": []}
    return {
        "name": letter,
        "version": "1.2",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "namespace": "builtin",
        "dependencies": [{"name": n, "hash": n * 32, "parameters": kind} for n in needs],
        "hash": letter * 32,
        **values,
    }


def graph_of(document: Json, stack: str | None = None, release: str | None = None) -> Tables:
    """The graph of one document."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_text(json.dumps(document))
        return read(path, stack=stack, release=release)[0]


def lock_of(edges: Edges, roots: list[str]) -> Tables:
    """An environment `env` with these specs."""
    document = {
        "_meta": {"lockfile-version": 6},
        "roots": [{"hash": root * 32} for root in roots],
        "concrete_specs": {key * 32: spec(key, needs) for key, needs in edges.items()},
    }
    return graph_of(document, "env", "develop")


@st.composite
def environments(draw: st.DrawFn) -> tuple[Edges, list[str]]:
    """Any few specs and their dependencies, cycles among them, and some roots."""
    names = LETTERS[: draw(st.integers(1, len(LETTERS)))]
    needs = st.lists(st.sampled_from(names), unique=True, max_size=4)
    edges = {name: draw(needs) for name in names}
    return edges, draw(st.lists(st.sampled_from(names), unique=True))


def networkx_of(edges: Edges) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(edges)
    graph.add_edges_from((start, end) for start, ends in edges.items() for end in ends)
    return graph


@pytest.mark.slow
@tries(80)
@given(environments())
def test_reach_and_paths_are_those_of_networkx(drawn: tuple[Edges, list[str]]) -> None:
    edges, roots = drawn
    graph = Dependencies(lock_of(edges, roots))
    expected = networkx_of(edges)
    for row, name in enumerate(edges):
        assert graph.hash(row) == name * 32
        below, above = graph.needed(np.array([row])), graph.needing(np.array([row]))
        assert graph.column("name", below.rows) == sorted({name} | nx.descendants(expected, name))
        assert graph.column("name", above.rows) == sorted({name} | nx.ancestors(expected, name))
        for end in below.rows.tolist():
            path = [list(edges)[step] for step in below.path(end)][::-1]
            assert path in list(nx.all_shortest_paths(expected, name, list(edges)[end]))


@pytest.mark.slow
@tries(40)
@given(environments())
def test_why_finds_every_root(drawn: tuple[Edges, list[str]]) -> None:
    edges, roots = drawn
    tables, expected = lock_of(edges, roots), networkx_of(edges)
    for name in edges:
        answer = why(tables, [f"/{name * 5}"])
        found = {row["package"]: row["length"] for row in answer.to_dicts()}
        assert found == {
            root: nx.shortest_path_length(expected, root, name)
            for root in roots
            if nx.has_path(expected, root, name)
        }
        for row in answer.to_dicts():
            assert (row["stacks"], len(row["path"])) == (["env"], row["length"] + 1)
            assert (row["path"][0], row["path"][-1]) == (row["root"], row["spec"])


def of_versions(*versions: str, **values: Any) -> Tables:
    """An index of one package in these versions, which nothing else tells apart."""
    keys = [f"{letter}2" * 16 for letter, _ in zip(LETTERS, versions, strict=False)]
    specs = zip(keys, versions, strict=True)
    installs = {k: {"spec": spec("zlib", [], hash=k, version=v, **values)} for k, v in specs}
    return graph_of({"database": {"version": "8", "installs": installs}})


@pytest.mark.parametrize(
    ("asked", "specs"),
    [
        ("zlib", 6),
        ("zlib@:", 6),
        ("zlib@1.2", 2),
        ("zlib@=1.2.9", 1),
        ("zlib@1.2:1.3", 4),
        ("zlib@1.2.13:", 5),
        ("zlib@1.2.9,develop", 2),
        ("zlib @ =1.2.9 , 1.10: ", 3),
        ("zlib@git.v1.3=1.3", 1),
    ],
)
def test_impact_takes_the_versions_that_spack_takes(asked: str, specs: int) -> None:
    tables = of_versions("1.2.9", "1.2.13", "1.3.1", "git.v1.3=1.3", "1.10", "develop")
    assert impact(tables, asked).rows == [("", "", specs, 1, specs, 0, 0, 0)]


@pytest.mark.parametrize("asked", ["zlib@1.4:", "zlib@=1.2"])
def test_impact_of_nothing_says_which_versions_there_are(asked: str) -> None:
    answer = impact(of_versions("1.2.13", "1.2.9"), asked)
    assert answer.rows == []
    versions = asked.removeprefix("zlib")
    assert answer.notes == [f"none: no zlib in the graph is {versions}; there are 1.2.9, 1.2.13"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("zlip@1.2", "zlip: no such package in the graph. Did you mean zlib?"),
        ("zlib@1.3:1.1", "zlib@1.3:1.1: 1.3:1.1: expected the lower version before the colon"),
        ("zlib@git.main", "zlib@git.main: git.main: which version a git reference stands for is "),
    ],
)
def test_impact_names_what_it_cannot_look_for(asked: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        impact(of_versions("1.2.13", "1.2.9"), asked)
    assert str(caught.value).startswith(said)


def test_impact_says_where_a_version_is_in_doubt() -> None:
    tables = of_versions("1.2.13", "git.main")
    answer = impact(tables, "zlib@1.2")
    assert answer.rows == [("", "", 1, 1, 1, 0, 0, 0)]
    assert answer.notes == ["1 spec may fit too: no source tells whether it is @1.2"]
    assert impact(tables, "zlib").rows == [("", "", 2, 1, 2, 0, 0, 0)]


def test_answers_list_versions_as_spack_orders_them() -> None:
    tables = of_versions("develop", "1.10", "1.9")
    [row] = splits(tables, "zlib").rows
    assert row[:2] == ("version", ["1.9", "1.10", "develop"])


@pytest.mark.slow
def test_coverage_of_a_real_environment() -> None:
    environment, cache = read(MY_ENV)[0], read(SITE / "develop")[0]
    answer = coverage(environment, cache)
    held = {s["hash"] for s in cache.nodes["Spec"].to_pylist() if s["in_buildcache"]}
    wanted = {s["hash"]: s for s in environment.nodes["Spec"].to_pylist() if not s["external"]}
    assert {row[2]: row[3] for row in answer.rows} == {key: key in held for key in wanted}
    assert Counter(row[3] for row in answer.rows) == {True: 36, False: 21}
    order = [(row[3], row[0], version_key(row[1]), row[2]) for row in answer.rows]
    assert order == sorted(order)
    for package, _, spec_hash, is_held, nearest, differs, below in answer.rows:
        assert wanted[spec_hash]["name"] == package
        assert (nearest is None) == (is_held or differs == ["no spec of this package"])
        assert bool(differs or below) == (not is_held)
        assert nearest is None or nearest in held


def test_coverage_says_what_differs() -> None:
    mine = {"a": ["b"], "b": []}
    environment = lock_of(mine, ["a"])
    other = spec("a", ["c"], version="1.3", parameters={"mpi": True}, hash="z" * 32)
    installs = {
        "z" * 32: {"spec": other, "in_buildcache": True},
        "c" * 32: {"spec": spec("c", []), "in_buildcache": True},
        "b" * 32: {"spec": spec("b", []), "in_buildcache": True},
    }
    cache = graph_of({"database": {"version": "8", "installs": installs}})
    assert coverage(environment, cache).rows == [
        ("a", "1.2", "a" * 32, False, "z" * 32,
         ["version: 1.2 -> 1.3", "variants: none -> +mpi"], []),
        ("b", "1.2", "b" * 32, True, None, [], []),
    ]  # fmt: skip


# What a command reads of a store ------------------------------------------------------------------


@pytest.mark.slow
def test_a_part_of_a_store_is_enough_for_each_question(tmp_path: Path) -> None:
    build_store(tmp_path / "store", RADIUSS, SOLVERS, stack="env", release="develop")
    questions: list[tuple[Selection, Callable[[Tables], Answer | Diff | SpecDiff | str]]] = [
        (why.reads, lambda tables: why(tables, ["bu5ehkv"])),
        (impact.reads, lambda tables: impact(tables, "zlib-ng@2", deptype="link")),
        (prune_plan.reads, lambda tables: prune_plan(tables, ["develop"], ["env"], "link,run")),
        (coverage.reads, lambda tables: coverage(tables, tables)),
        (kind_of.reads, lambda tables: kind_of(["env"], tables)),
        ({**side.reads, **diff.reads}, lambda tables: diff(side(tables, "stack", "env"), tables)),
        (diff_specs.reads, lambda tables: diff_specs(tables, "/25ncath", "/m4zmpdy")),
        (not_reached.reads, not_reached),
        (rebuilds.reads, rebuilds),
        (rebuilds.reads, lambda tables: rebuilds(tables, stack="env")),
        (rebuilds.reads, lambda tables: rebuilds(tables, what_if=["zlib-ng", "mpi=openmpi"])),
        (unify.reads, lambda tables: unify(tables, ["env"], "develop", max_pins=2)),
        (dependents.reads, dependents),
        (package_graph.reads, lambda tables: centrality(package_graph(tables), sample=10)),
        (stack_similarity.reads, lambda tables: stack_similarity(tables, "configurations")),
        (stack_clusters.reads, lambda tables: stack_clusters(tables, "packages")),
        (stack_combinations.reads, lambda t: stack_combinations(t, "specs", "develop")),
        (churn.reads, churn),
        (half_life.reads, half_life),
        (adoption.reads, lambda tables: adoption(tables, "compiler_name")),
        (adoption.reads, lambda tables: adoption(tables, "family")),
        (splits.reads, lambda t: splits(t, "hdf5", "develop")),
        (duplicate_bytes.reads, lambda t: duplicate_bytes(t, "develop")),
    ]
    with open_store(tmp_path / "store") as store:
        whole = store.tables()
        for reads, ask in questions:
            part = store.part(reads)
            assert ask(part) == ask(whole)
            for type_ in all_types():
                table = part.by_type()[type_.name]
                full = whole.by_type()[type_.name]
                names = [*key_columns(type_), *reads.get(type_.name, ())]
                wanted = full.select(names) if type_.name in reads else full.select(names)[:0]
                assert table.select(names).equals(wanted)
                assert table.schema == full.schema
                rest = set(table.column_names) - set(names)
                assert all(table[name].null_count == table.num_rows for name in rest)


@pytest.mark.parametrize("options", [{"package": "none"}, {"stack": "none"}])
def test_rebuilds_of_what_is_not_there(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="none: no "):
        rebuilds(lock_of({"a": []}, []), **options)


def test_every_public_function_says_what_it_does_and_reads() -> None:
    assert sorted(set(graphcache.analysis.__all__)) == graphcache.analysis.__all__
    properties = {
        type_.name: {declared.name for declared in type_.properties} for type_ in all_types()
    }
    for name in graphcache.analysis.__all__:
        function = getattr(graphcache.analysis, name)
        assert inspect.isfunction(function)
        assert function.__name__ == name
        assert ">>> " in (function.__doc__ or "")
        first = next(iter(inspect.signature(function).parameters.values()))
        reads: Selection | None = getattr(function, "reads", None)
        # Others take a store, or a part of a graph that is there already.
        assert (reads is not None) == (first.annotation == "Tables")
        assert all(set(read) <= properties[type_] for type_, read in (reads or {}).items())


def test_no_module_has_the_name_of_a_function() -> None:
    found = pkgutil.walk_packages(graphcache.analysis.__path__, "graphcache.analysis.")
    names = [module.name for module in found]
    assert not {name.rpartition(".")[2] for name in names} & set(graphcache.analysis.__all__)
    for name in names:
        # What a module has under its own name, its package would have in the module's place.
        home, _, last = name.rpartition(".")
        module = importlib.import_module(name)
        assert getattr(importlib.import_module(home), last) is module
        assert not hasattr(module, last) or inspect.ismodule(getattr(module, last))
