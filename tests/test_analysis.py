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
from graphcache.analysis.sides import kind_of, side
from graphcache.analysis.spec_diff import SpecDiff, diff_specs
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
TRUTH = Path(__file__).parent / "data/truth"
CURL, HDF5 = {"tools": 51, "io": 53, "solvers": 30}, {"io": 10, "solvers": 2}
"""How many rebuilds these two are below, as counted in the lock files without graphcache."""
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
    assert answer.notes == ["1 spec may fit too: no source tells whether they are @1.2"]
    assert impact(tables, "zlib").rows == [("", "", 2, 1, 2, 0, 0, 0)]


def test_answers_list_versions_as_spack_orders_them() -> None:
    tables = of_versions("develop", "1.10", "1.9")
    [row] = splits(tables, "zlib").rows
    assert row[:2] == ("version", ["1.9", "1.10", "develop"])


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


# Rebuilds -----------------------------------------------------------------------------------------


def naive_causes(tables: Tables, a: str, b: str) -> set[str]:
    """The lowest differences of two specs, by plain recursion."""
    names = {s["hash"]: s for s in tables.nodes["Spec"].to_pylist()}
    edges = tables.edges["DEPENDS_ON"].to_pylist()
    mine, others = (
        {names[e["to"]]["name"]: e["to"] for e in edges if e["from"] == s} for s in (a, b)
    )
    found = {f"{names[a]['name']}: with or without {n}" for n in mine.keys() ^ others.keys()}
    for name in mine.keys() & others.keys():
        if mine[name] != others[name]:
            found |= naive_causes(tables, mine[name], others[name])
    if found:
        return found
    versions = sorted({names[a]["version"], names[b]["version"]})
    if len(versions) == 2:
        return {f"{names[a]['name']}: {' and '.join(versions)}"}
    same = names[a]["configuration"] == names[b]["configuration"]
    what = "its recipe, patches or flags" if same else "variants, compiler, os or target"
    return {f"{names[a]['name']}: {what}"}


def command(first: str, other: str) -> str:
    """What says in what two specs differ."""
    return f"graphcache diff /{first} /{other}"


def test_causes_of_real_rebuilds_are_those_of_plain_recursion() -> None:
    tables, _ = read(DATA / "mirrors", SITE / "2026-09/tools")
    groups: dict[str, list[str]] = {}
    for one in tables.nodes["Spec"].to_pylist():
        groups.setdefault(one["configuration"], []).append(one["hash"])
    expected: Counter[str] = Counter()
    for first, *others in groups.values():
        for other in others:
            expected.update(naive_causes(tables, first, other))
    assert {row[0]: row[1] for row in rebuilds(tables).rows} == expected
    assert expected


@pytest.mark.parametrize(("stack", "again"), [("tools", 107), ("io", 121), ("solvers", 77)])
def test_the_causes_of_the_sites_rebuilds_are_those_that_were_made(stack: str, again: int) -> None:
    """zlib-ng was exchanged below every rebuild from 2026-09 to 2026-10, and curl without need."""
    tables, _ = read(SITE / "2026-09" / stack, SITE / "2026-10" / stack)
    causes = {row[0]: row[1] for row in rebuilds(tables).rows}
    expected = {"zlib-ng: 2.2.5 and 2.3.3": again, "curl: with or without perl": CURL[stack]}
    if stack in HDF5:
        expected["hdf5: with or without libaec"] = HDF5[stack]
    assert causes == expected


@pytest.mark.parametrize(
    ("change", "cause", "again"),
    [
        ("zlibng", "zlib-ng: 2.2.4 and 2.3.3", 12),
        ("openssl", "openssl: 3.4.4 and 3.6.1", 4),
        ("perl", "perl: 5.40.2 and 5.42.0", 9),
        ("recipe_zlibng", "zlib-ng: its recipe, patches or flags", 13),
    ],
)
def test_the_one_thing_that_changed_is_the_cause(change: str, cause: str, again: int) -> None:
    tables, _ = read(*(TRUTH / f"{name}.spack.lock.gz" for name in ("base", change)))
    assert [row[:2] for row in rebuilds(tables).rows] == [(cause, again)]


@st.composite
def rebuilt(draw: st.DrawFn) -> Tables:
    """A few packages with several specs each, of few configurations, and any dependencies."""
    installs: Json = {}
    made: dict[str, list[str]] = {}
    for letter in LETTERS[: draw(st.integers(1, 6))]:
        hashes = [f"{letter}{n}" * 16 for n in "234"[: draw(st.integers(1, 3))]]
        for spec_hash in hashes:
            chosen = {b: draw(st.sampled_from([None, *of])) for b, of in made.items()}
            values = {
                "hash": spec_hash,
                "version": draw(st.sampled_from(["1", "2"])),
                "parameters": {"shared": draw(st.booleans())},
            }
            one = spec(letter, [], **values)
            one["dependencies"] = [{"name": b, "hash": h} for b, h in chosen.items() if h]
            installs[spec_hash] = {"spec": one, "in_buildcache": True}
        made[letter] = hashes
    return graph_of({"database": {"version": "8", "installs": installs}}, "env")


@tries(150)
@given(rebuilt(), st.sampled_from([None, "a", "env"]))
def test_rebuilds_are_those_of_plain_recursion(tables: Tables, only: str | None) -> None:
    groups: dict[str, list[str]] = {}
    name_of = {}
    for one in sorted(tables.nodes["Spec"].to_pylist(), key=lambda one: str(one["hash"])):
        name_of[one["hash"]] = one["name"]
        if only in (None, "env", one["name"]):
            groups.setdefault(one["configuration"], []).append(one["hash"])
    pairs: dict[str, list[tuple[str, str]]] = {}
    for first, *others in groups.values():
        for other in others:
            for cause in naive_causes(tables, first, other):
                pairs.setdefault(cause, []).append((first, other))
    expected = [
        (cause, len(of), len({name_of[first] for first, _ in of}), command(*min(of)))
        for cause, of in sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    package, stack = (only if only == value else None for value in ("a", "env"))
    assert rebuilds(tables, package, stack).rows == expected


def test_a_cause_has_the_lower_version_first() -> None:
    installs: dict[str, Any] = {}
    for n, version in ("2", "1.10"), ("3", "1.9"):
        below = spec("b", [], hash=f"b{n}" * 16, version=version)
        above = spec("a", [], hash=f"a{n}" * 16)
        above["dependencies"] = [{"name": "b", "hash": below["hash"]}]
        installs |= {one["hash"]: {"spec": one} for one in (below, above)}
    tables = graph_of({"database": {"version": "8", "installs": installs}})
    assert [row[0] for row in rebuilds(tables).rows] == ["b: 1.9 and 1.10"]


def test_a_cycle_of_dependencies_ends() -> None:
    tables = lock_of({"a": ["b"], "b": ["a"]}, [])
    assert rebuilds(tables).rows == []


def test_of_two_cycles_that_differ_each_spec_is_a_cause() -> None:
    installs = {}
    for n in "23":
        for letter, needed in ("a", "b"), ("b", "a"):
            one = spec(letter, [], hash=f"{letter}{n}" * 16)
            one["dependencies"] = [{"name": needed, "hash": f"{needed}{n}" * 16}]
            installs[one["hash"]] = {"spec": one}
    assert rebuilds(graph_of({"database": {"version": "8", "installs": installs}})).rows == [
        (f"{name}: its recipe, patches or flags", 1, 1, command(f"{name}2" * 16, f"{name}3" * 16))
        for name in "ab"
    ]


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
    modules = {module.name for module in pkgutil.iter_modules(graphcache.analysis.__path__)}
    assert not modules & set(graphcache.analysis.__all__)
    for name in sorted(modules):
        # What a module has under its own name, its package would have in the module's place.
        module = importlib.import_module(f"graphcache.analysis.{name}")
        assert getattr(graphcache.analysis, name) is module
        assert not hasattr(module, name)
