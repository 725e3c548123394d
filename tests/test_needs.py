"""What needs a spec, by the types of dependencies; and what nothing that is kept needs."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import (
    NotKnownError,
    Tables,
    UsageError,
    build_store,
    open_store,
    read,
    update_store,
)
from graphcache.analysis import find, impact, keeplist, prune_plan, why
from graphcache.analysis.reasons import by_package
from graphcache.spack.deptypes import DEPTYPES

Json = dict[str, Any]
Needs = dict[str, dict[str, list[str]]]
"""By the letter of a spec, what it needs, with the types."""

SITE = Path(__file__).parents[1] / "examples/site"
LETTERS = "abcdefg"


def key(letter: str) -> str:
    """The hash of a spec."""
    return letter * 32


def spec(letter: str, needs: dict[str, list[str]], **values: Any) -> Json:
    return {
        "name": letter,
        "version": "1.2",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "namespace": "builtin",
        "dependencies": [
            {"name": n, "hash": key(n), "parameters": {"deptypes": types, "virtuals": []}}
            for n, types in needs.items()
        ],
        "hash": key(letter),
        **values,
    }


def lock_of(needs: Needs, folder: Path, roots: str = "", name: str = "env") -> Tables:
    document = {
        "_meta": {"lockfile-version": 6},
        "roots": [{"hash": key(root)} for root in roots],
        "concrete_specs": {key(letter): spec(letter, below) for letter, below in needs.items()},
    }
    path = folder / f"{name}.spack.lock"
    path.write_text(json.dumps(document))
    return read(path, release="develop")[0]


def index_of(needs: Needs, not_held: str = "") -> Json:
    installs = {
        key(letter): {"spec": spec(letter, below), "in_buildcache": letter not in not_held}
        for letter, below in needs.items()
    }
    return {"database": {"version": "8", "installs": installs}}


@st.composite
def needs_of_all_types(draw: st.DrawFn) -> Needs:
    """Any few specs and their dependencies of all types, cycles among them."""
    letters = LETTERS[: draw(st.integers(1, len(LETTERS)))]
    types = st.lists(st.sampled_from(DEPTYPES), unique=True, min_size=1).map(sorted)
    return {x: draw(st.dictionaries(st.sampled_from(letters), types, max_size=4)) for x in letters}


def above(needs: Needs, letter: str, types: tuple[str, ...]) -> set[str]:
    """What needs a spec by dependencies of these types, with itself; by networkx."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(needs)
    graph.add_edges_from(
        (start, end)
        for start, ends in needs.items()
        for end, of_edge in ends.items()
        if set(of_edge) & set(types)
    )
    return {letter} | nx.ancestors(graph, letter)


# impact -------------------------------------------------------------------------------------------


@pytest.mark.slow
@tries(60)
@given(needs_of_all_types(), st.lists(st.sampled_from(DEPTYPES), unique=True, min_size=1))
def test_impact_is_that_of_networkx(
    tmp_path_factory: pytest.TempPathFactory, needs: Needs, types: list[str]
) -> None:
    tables = lock_of(needs, tmp_path_factory.mktemp("lock"))
    for letter in needs:
        reached = above(needs, letter, tuple(types))
        carried = above(needs, letter, ("link", "run"))
        widest = above(needs, letter, DEPTYPES) if set(types) <= {"link", "run"} else reached
        used = reached & carried
        direct = {x for x in used if set(needs[x].get(letter, ())) & set(types)} - {letter}
        [row] = impact(tables, letter, deptype=types).to_dicts()
        assert row == {
            "stack": "env",
            "release": "develop",
            "specs": len(used),
            "packages": len(used),
            "self": 1,
            "direct": len(direct),
            "transitive": len(used - direct) - 1,
            "build_only": len(widest - carried),
        }


CHAIN: Needs = {
    "a": {},
    "b": {"a": ["build", "link"]},
    "c": {"b": ["run"]},
    "d": {"a": ["build"]},
    "e": {"d": ["link"], "b": ["test"]},
    "f": {"a": ["test"]},
}
"""a is in b and c; d, e and f need it for a build or test alone, f only for a test."""


@pytest.mark.parametrize(
    ("deptype", "counts"),
    [
        ("all", (3, 3, 1, 1, 1, 3)),
        ("link,run", (3, 3, 1, 1, 1, 3)),
        ("link", (2, 2, 1, 1, 0, 3)),
        # As in Spack, no other dependencies are followed than those of a type that is named.
        ("build", (2, 2, 1, 1, 0, 1)),
        ("test", (1, 1, 1, 0, 0, 1)),
        ("build,test", (2, 2, 1, 1, 0, 3)),
    ],
)
def test_impact_counts_apart_what_only_builds_with_it(
    deptype: str, counts: tuple[int, ...], tmp_path: Path
) -> None:
    tables = lock_of(CHAIN, tmp_path)
    assert impact(tables, "a", deptype=deptype).rows == [("env", "develop", *counts)]


@pytest.mark.slow
def test_impact_of_stacks_and_releases() -> None:
    tables, _ = read(SITE / "2026-09", release="2026-09")
    every = impact(tables, "openssl@:3.5")
    assert [row[:2] for row in every.rows] == [(s, "2026-09") for s in ("io", "solvers", "tools")]
    assert impact(tables, "openssl@:3.5", stack="io").rows == every.rows[:1]
    assert impact(tables, "openssl@:3.5", release="2026-09").rows == every.rows
    none = impact(tables, "rust", "io", "2026-09")
    assert none.rows == []
    assert none.notes == ["Nothing in stack io in release 2026-09 is rust, or depends on it."]


@pytest.mark.slow
def test_impact_by_stack_and_release_is_what_a_loop_counts(tmp_path: Path) -> None:
    """Of specs in a stack of one release, in other releases without one, and nowhere."""
    store, index = tmp_path / "store.lbug", tmp_path / "index.json"
    index.write_text(json.dumps(index_of(CHAIN, not_held="c")))
    build_store(store, index, stack="io", release="v1")
    update_store(store, index, stack="tools", release="v1")
    index.write_text(json.dumps(index_of(CHAIN, not_held="cd")))
    update_store(store, index, stack="io", release="v2")
    update_store(store, index, release="v3")
    with open_store(store) as opened:
        tables = opened.tables()
    places: dict[str, set[tuple[str, str]]] = {key(x): set() for x in CHAIN}
    for edge in tables.edges["IN_STACK"].to_pylist():
        places[edge["from"]] |= {(edge["to"], release) for release in edge["releases"]}
    for edge in tables.edges["IN_RELEASE"].to_pylist():
        if all(release != edge["to"] for _, release in places[edge["from"]]):
            places[edge["from"]].add(("", edge["to"]))
    expected = Counter(place for held in places.values() for place in held or {("", "")})
    assert {("io", "v2"), ("", "v3"), ("", "")} < set(expected)
    rows = impact(tables, "a").to_dicts()
    assert [(row["stack"], row["release"]) for row in rows] == sorted(expected)
    for row in rows:
        assert row["specs"] + row["build_only"] == expected[row["stack"], row["release"]]


def test_a_type_that_nobody_tells_may_be_any(tmp_path: Path) -> None:
    needs: Needs = {"a": {}, "b": {"a": []}, "c": {"b": ["build"]}}
    tables = lock_of(needs, tmp_path, roots="c")
    answer = impact(tables, "a", deptype="link")
    assert answer.rows == [("env", "develop", 2, 2, 1, 1, 0, 1)]
    assert answer.notes == [
        "The type of 1 dependency is not known: each counts as one that is followed."
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lnik", "lnik: no such dependency type in Spack. Did you mean link?"),
        ("link,all", "link,all: expected all alone, or some of build"),
        ("link,", "an empty name: no such dependency type in Spack, which has build, link, run, "),
        ([], "an empty name: no such dependency type in Spack"),
    ],
)
def test_what_is_no_type_of_dependencies(given: str | list[str], said: str, tmp_path: Path) -> None:
    tables = lock_of(CHAIN, tmp_path)
    with pytest.raises(UsageError) as caught:
        impact(tables, "a", deptype=given)
    assert str(caught.value).startswith(said)
    with pytest.raises(UsageError) as caught:
        prune_plan(tables, stacks="env", deptype=given)
    assert str(caught.value).startswith(said)


# why ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_roots_of_one_package_stand_together() -> None:
    tables, _ = read(SITE / "2026-09", SITE / "develop", release="all")
    answer = why(tables, "zlib-ng glibc")
    for hash_ in {row[0] for row in answer.rows}:
        rows = [row for row in answer.to_dicts() if row["hash"] == hash_]
        packages = [row["package"] for row in rows]
        changes = sum(a != b for a, b in pairwise(packages))
        assert changes == len(set(packages)) - 1
        first = [
            row["length"] for at, row in enumerate(rows) if row["package"] not in packages[:at]
        ]
        assert first == sorted(first)
    grouped = by_package(answer)
    pairs = {(row["spec"], row["package"]) for row in answer.to_dicts()}
    assert len(grouped.rows) == len(pairs) < len(answer.rows)
    assert sum(row["roots"] for row in grouped.to_dicts()) == len(answer.rows)
    for row in grouped.to_dicts():
        same = [
            r
            for r in answer.to_dicts()
            if (r["spec"], r["package"]) == (row["path"][-1], row["package"])
        ]
        assert len(row["path"]) == min(len(r["path"]) for r in same)
        assert row["stacks"] == sorted({s for r in same for s in r["stacks"]})


# prune-plan ---------------------------------------------------------------------------------------

KEPT: Needs = {"a": {"b": ["link"], "e": ["build"]}, "b": {}, "e": {"f": ["run"]}, "f": {}}
CACHE: Needs = {**KEPT, "c": {"d": ["link"], "b": ["link"]}, "d": {}}


def cache(tmp_path: Path, **changes: Any) -> Tables:
    """A cache that holds all but d, and an environment that needs a, b, e and f."""
    (tmp_path / "index.json").write_text(json.dumps(index_of(CACHE, not_held="d")))
    lock_of({"a": KEPT["a"], "b": {}, "e": KEPT["e"], "f": {}}, tmp_path, roots="a")
    return read(tmp_path)[0]


def plan_of(letters: str) -> list[tuple[Any, ...]]:
    return [(f"{x}@1.2/{key(x)}", x, "1.2", None) for x in letters]


@pytest.mark.slow
def test_a_plan_keeps_what_anything_kept_needs(tmp_path: Path) -> None:
    tables = cache(tmp_path)
    assert prune_plan(tables, stacks=["env"]).rows == plan_of("c")
    assert keeplist(tables, stacks="env") == [key(x) for x in "abef"]
    for ask in (prune_plan, keeplist):
        with pytest.raises(UsageError, match="expected a release or a stack to keep"):
            ask(tables, [])
        for releases, stacks, why_not in (("v1", "env", "v1: no such"), ([], "x", "x: no such")):
            with pytest.raises(UsageError, match=why_not):
                ask(tables, releases, stacks)


@pytest.mark.slow
def test_a_plan_is_no_keeplist() -> None:
    """Spack takes lines of 32 characters, behind slashes or not, and deletes all other specs."""
    tables, _ = read(SITE / "develop", release="develop")
    rows = prune_plan(tables, stacks="io").rows
    assert rows
    hashes = set(tables.nodes["Spec"]["hash"].to_pylist())
    for row in rows:
        assert all(len(str(value).strip().lstrip("/")) != 32 for value in row)
        assert row[0].rpartition("/")[2] in hashes
    # And what is listed can be looked for.
    assert [found[0] for found in find(tables, rows[0][0]).rows] == [rows[0][0].rpartition("/")[2]]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What a store has of a cache, and of an environment in it."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "index.json").write_text(json.dumps(index_of(CACHE)))
    build_store(folder / "store.lbug", folder / "index.json")
    lock_of(KEPT, folder, roots="a")
    update_store(folder / "store.lbug", folder / "env.spack.lock", release="develop")
    with open_store(folder / "store.lbug") as opened:
        return opened.tables()


@pytest.mark.parametrize(
    ("deptype", "kept"),
    [("all", "abef"), ("link,run", "ab"), ("build,run", "aef"), (("build", "link"), "abe")],
)
@pytest.mark.parametrize("place", [{"stacks": "env"}, {"releases": "develop"}])
def test_a_plan_keeps_what_roots_need_by_dependencies_of_some_types(
    deptype: str | tuple[str, ...], kept: str, place: dict[str, str], planned: Tables
) -> None:
    gone = "".join(sorted(set(CACHE) - set(kept)))
    assert prune_plan(planned, **place, deptype=deptype).rows == plan_of(gone)
    assert keeplist(planned, **place, deptype=deptype) == [key(x) for x in kept]


def test_roots_that_nobody_tells_are_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "index.json"
    path.write_text(json.dumps(index_of(CACHE)))
    tables, _ = read(path, stack="env", release="develop")
    assert prune_plan(tables, "develop").rows == []
    for place in ({"stacks": "env"}, {"releases": "develop"}):
        with pytest.raises(NotKnownError, match=r"which specs of .* are roots is not known, and "):
            prune_plan(tables, **place, deptype="link")
    tables, _ = read(path, release="develop")  # in no stack
    with pytest.raises(NotKnownError, match="which specs of release develop are roots"):
        prune_plan(tables, "develop", deptype="link")


def test_a_plan_is_refused_where_nobody_tells_what_the_cache_holds(tmp_path: Path) -> None:
    tables = lock_of(KEPT, tmp_path, roots="a")
    for ask in (prune_plan, keeplist):
        with pytest.raises(NotKnownError, match="of no spec it is known that the cache holds it, "):
            ask(tables, stacks="env")


@pytest.mark.slow
def test_a_plan_says_what_else_the_cache_may_hold(tmp_path: Path) -> None:
    cache(tmp_path)
    lock_of({"g": {}}, tmp_path, roots="g", name="other")
    answer = prune_plan(read(tmp_path)[0], stacks="env")
    assert answer.rows == plan_of("c")
    assert answer.notes == [
        "Of 1 more spec that nothing kept needs, it is not known whether the cache holds it."
    ]
