"""Churn, half-life, adoption, splits and duplicate bytes: held against plain loops."""

from __future__ import annotations

import math
from collections import Counter
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import oracle
import pytest
from archspec.cpu import TARGETS
from conftest import tries
from held import RELEASES, Spec, any_specs, configuration, in_release, tables_of
from hypothesis import given
from hypothesis import strategies as st
from test_spack_files import loaded, plain_compilers, plain_specs

from graphcache import Tables, UsageError, read
from graphcache.analysis import adoption, churn, duplicate_bytes, half_life, splits
from graphcache.analysis.memberships import natural_key, releases_in_order
from graphcache.analysis.releases import Trait
from graphcache.queries import load_library
from graphcache.stores import open_store

DATA = Path(__file__).parent / "data/spack"
SITE = Path(__file__).parents[1] / "examples/site"
Held = tuple[Tables, list[Spec]]


# Releases in their order --------------------------------------------------------------------------


def test_releases_are_in_the_order_in_which_they_came() -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for name in ("v10", "develop-2025-13-45", "v9", *RELEASES):
        date = name.partition("-")[2]
        graph.add_node(("Release", name), **({"date": date} if date else {}))
    undated = ["develop-2025-13-45", "v0.9", "v0.10", "v9", "v10"]
    assert releases_in_order(Tables.from_networkx(graph)) == undated + RELEASES[2:]


@given(st.lists(st.integers(0, 10**6).map(str) | st.text(max_size=6)))
def test_natural_order_is_that_of_numbers(texts: list[str]) -> None:
    ordered = sorted(texts, key=natural_key)
    numbers = [int(text) for text in ordered if text.isascii() and text.isdigit()]
    assert numbers == sorted(numbers)
    natural_key("9" * 10_000)


def test_an_unknown_release_is_refused(examples: Tables) -> None:
    for ask in (churn, half_life, lambda tables, names: adoption(tables, "target", names)):
        with pytest.raises(UsageError, match="none: no such release in the graph, which has"):
            ask(examples, ["develop", "none"])
    with pytest.raises(UsageError, match="none: no such release"):
        duplicate_bytes(examples, "none")


# Churn --------------------------------------------------------------------------------------------


def naive_churn(specs: list[Spec], releases: list[str], key: Any) -> list[Any]:
    rows = []
    for old, new in pairwise(releases):
        before = {spec["hash"]: key(spec) for spec in in_release(specs, old)}
        after = {spec["hash"]: key(spec) for spec in in_release(specs, new)}
        kept = before.keys() & after.keys()
        added = [h for h, built in after.items() if built not in before.values()]
        removed = [h for h, built in before.items() if built not in after.values()]
        rebuilt = [h for h, k in after.items() if h not in kept and k in before.values()]
        counts = (len(before), len(after), len(kept), len(added), len(removed), len(rebuilt))
        rows.append((old, new, *counts, len(kept) / len(before) if before else None))
    return rows


def test_churn(held: Held) -> None:
    tables, specs = held
    order = releases_in_order(tables)
    assert set(order) == {release for spec in specs for release in spec["releases"]}
    assert churn(tables).rows == naive_churn(specs, order, configuration)
    backwards = order[::-1]
    assert churn(tables, backwards).rows == naive_churn(specs, backwards, configuration)


@pytest.mark.slow
@tries(60)
@given(any_specs(), st.lists(st.sampled_from(RELEASES)))
def test_any_churn(specs: list[Spec], chosen: list[str]) -> None:
    tables = tables_of(specs)
    held = {release for spec in specs for release in spec["releases"]}
    chosen = [release for release in chosen if release in held]
    rows = churn(tables, chosen).rows
    assert rows == naive_churn(specs, chosen, lambda spec: spec["configuration"])
    for _, _, old, new, kept, added, removed, rebuilt, _ in rows:
        assert kept + added + rebuilt == new
        assert kept + removed <= old


@pytest.mark.slow
def test_churn_is_that_of_the_named_query(example_store: Path, examples: Tables) -> None:
    old, new = "develop-2025-03-23", "develop-2025-03-30"
    with open_store(example_store) as store:
        rows = load_library()["releases-diff"].run(store, {"old": old, "new": new}).rows
    (step,) = churn(examples, [old, new]).rows
    added, removed, rebuilt, kept = (sum(row[at] for row in rows) for at in range(1, 5))
    assert (added, removed, rebuilt, kept) == (step[5], step[6], step[7], step[4])


# Half-life ----------------------------------------------------------------------------------------


def test_half_life(held: Held) -> None:
    tables, specs = held
    steps = naive_churn(specs, releases_in_order(tables), configuration)
    at_risk, kept = sum(step[2] for step in steps), sum(step[4] for step in steps)
    ((number, risk, gone, share, life, _),) = half_life(tables).rows
    assert (number, risk, gone) == (len(steps), at_risk, at_risk - kept)
    assert share == pytest.approx(kept / at_risk)
    assert life == pytest.approx(math.log(2) / -math.log(share) if share else 0)


def series(*releases: tuple[str, int, int]) -> Tables:
    """Releases, each with specs of these numbers, from the first to before the last."""
    specs = [
        {"hash": f"{n:032}", "name": "p", "configuration": "c", "target": "zen2", "stacks": {}}
        | {"releases": [name for name, first, last in releases if first <= n < last]}
        for n in range(1000)
    ]
    return tables_of(specs)


@pytest.mark.parametrize(
    ("releases", "life", "days"),
    [
        # Half of 64 is gone each week, and replaced: half-life of one step of 7 days.
        ([("d-2025-01-01", 0, 64), ("d-2025-01-08", 32, 96), ("d-2025-01-15", 64, 128)], 1, 7),
        # Three quarters are gone each day: half a step.
        ([("d-2025-01-01", 0, 64), ("d-2025-01-02", 48, 112)], 0.5, 0.5),
        ([("v1", 0, 64), ("v2", 32, 64)], 1, None),
        ([("d-2025-01-01", 0, 64), ("d-2025-01-02", 0, 64)], None, None),
        ([("d-2025-01-01", 0, 64), ("d-2025-01-02", 64, 99)], 0, 0),
    ],
)
def test_half_life_of_known_series(
    releases: list[tuple[str, int, int]], life: float | None, days: float | None
) -> None:
    ((*_, found, found_days),) = half_life(series(*releases)).rows
    assert (found, found_days) == (pytest.approx(life), pytest.approx(days))


def test_half_life_counts_what_is_still_alive() -> None:
    """100 live for two steps in which each loses a tenth: s is 0.9, though most never ended."""
    tables = series(("v1", 0, 100), ("v2", 10, 100), ("v3", 19, 100))
    ((steps, at_risk, gone, share, life, _),) = half_life(tables).rows
    assert (steps, at_risk, gone, share) == (2, 190, 19, pytest.approx(0.9))
    assert share**life == pytest.approx(0.5)


def test_half_life_where_dates_do_not_rise() -> None:
    tables = series(("d-2025-01-08", 0, 64), ("d-2025-01-01", 32, 64))
    assert half_life(tables, ["d-2025-01-08", "d-2025-01-01"]).rows[0][4:] == (1.0, None)


def test_one_release_has_no_churn() -> None:
    tables = series(("v1", 0, 64))
    assert churn(tables).rows == half_life(tables).rows == half_life(Tables.empty()).rows == []


# Adoption -----------------------------------------------------------------------------------------


def naive_values(spec: Spec, by: Trait) -> str:
    target = TARGETS.get(spec["target"])
    values = {
        "compiler": spec["compiler"] or "",
        "compiler_name": (spec["compiler"] or "").partition("@")[0],
        "target": spec["target"],
        "family": target.family.name if target else spec["target"],
    }
    return str(values[by])


@pytest.mark.parametrize("by", ["compiler", "compiler_name", "target", "family"])
def test_adoption(held: Held, by: Trait) -> None:
    tables, specs = held
    expected = []
    for release in releases_in_order(tables):
        of_release = in_release(specs, release)
        counts = Counter(naive_values(spec, by) for spec in of_release)
        for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            expected.append((release, value, count, count / len(of_release)))
    answer = adoption(tables, by)
    assert answer.columns == ["release", by, "specs", "share"]
    assert answer.rows == expected
    assert adoption(tables, by, ["develop"]).rows == [r for r in expected if r[0] == "develop"]


def test_a_spec_of_two_compilers_counts_for_each() -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    spec = ("Spec", "a")
    graph.add_edge(spec, ("Release", "v1"), "IN_RELEASE")
    for compiler in ("gcc@12", "gcc@13"):
        graph.add_node(("Compiler", compiler), name="gcc")
        graph.add_edge(spec, ("Compiler", compiler), "BUILT_WITH")
    tables = Tables.from_networkx(graph)
    found = adoption(tables, "compiler").rows
    assert found == [("v1", "gcc@12", 1, 1.0), ("v1", "gcc@13", 1, 1.0)]
    assert adoption(tables, "compiler_name").rows == [("v1", "gcc", 1, 1.0)]
    assert adoption(tables, "target").rows == [("v1", "", 1, 1.0)]


def test_adoption_of_something_else(examples: Tables) -> None:
    wrong: Any = "os"
    with pytest.raises(UsageError, match="os: expected one of compiler, compiler_name, target"):
        adoption(examples, wrong)


# What divides builds ------------------------------------------------------------------------------


def naive_splits(specs: list[Spec]) -> dict[str, tuple[set[str], int]]:
    """By setting its values, and how many configurations are alike but for it."""

    def settings_of(spec: Spec) -> dict[str, str]:
        found = {key: spec[key] or "" for key in ("version", "platform", "os", "target")}
        found["compiler"] = spec["compiler"] or ""
        for text in spec["variants"]:
            if text[0] in "+~":
                found[f"variant {text[1:]}"] = text[0]
            else:
                found[f"variant {text.partition('=')[0]}"] = text.partition("=")[2]
        return found

    builds = [settings_of(spec) for spec in specs]
    names = {name for build in builds for name in build}
    return {
        name: (
            {build.get(name, "") for build in builds},
            len({frozenset(b.items()) for b in builds})
            - len({frozenset((k, v) for k, v in b.items() if k != name) for b in builds}),
        )
        for name in names
    }


@pytest.mark.slow
def test_splits(held: Held) -> None:
    tables, specs = held
    for package in {spec["name"] for spec in specs}:
        for release in (None, "develop"):
            chosen = [spec for spec in in_release(specs, release) if spec["name"] == package]
            rows = splits(tables, package, release).rows
            expected = {k: v for k, v in naive_splits(chosen).items() if len(v[0]) > 1}
            assert {row[0]: (set(row[1]), row[3]) for row in rows} == expected
            assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True)
            configurations = len({configuration(spec) for spec in chosen})
            assert all(row[2] + row[3] == configurations for row in rows)


@pytest.mark.slow
def test_splits_of_a_real_index() -> None:
    """With hypre, which is built with and without Fortran, each for two targets."""
    index = SITE / "develop/solvers/index.json.gz"
    tables, _ = read(index, release="develop")
    rows = {row[0]: row for row in splits(tables, "hypre").rows}
    assert rows["variant fortran"][1:] == (["+", "~"], 2, 2)
    assert rows["target"][1:] == (["x86_64_v3", "x86_64_v4"], 2, 2)
    assert len(rows) == 2
    specs = plain_specs(
        {key: entry["spec"] for key, entry in loaded(index)["database"]["installs"].items()}
    )
    compilers = plain_compilers(specs)
    for package in {spec["name"] for spec in specs.values()}:
        builds = [
            {**spec, "compiler": next(iter(compilers.get(spec_hash, [None])))}
            for spec_hash, spec in specs.items()
            if spec["name"] == package
        ]
        expected = {k: v for k, v in naive_splits(builds).items() if len(v[0]) > 1}
        rows = {row[0]: row for row in splits(tables, package).rows}
        assert {name: (set(row[1]), row[3]) for name, row in rows.items()} == expected


def test_what_is_only_named_is_no_build() -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for spec, version in {"a": "1.2", "b": "1.3", "c": None}.items():
        graph.add_node(("Spec", spec), name="zlib", **({"version": version} if version else {}))
    rows = splits(Tables.from_networkx(graph), "zlib").rows
    assert rows == [("version", ["1.2", "1.3"], 1, 1)]


def test_splits_of_what_is_not_there(examples: Tables) -> None:
    with pytest.raises(UsageError, match="none: no such package in the graph"):
        splits(examples, "none")
    with pytest.raises(UsageError, match="none: no such release in the graph"):
        splits(examples, "rocblas", "none")


# Duplicate bytes ----------------------------------------------------------------------------------


def naive_bytes(specs: list[Spec]) -> list[Any]:
    repeated = []
    for _, group in groupby(
        sorted(specs, key=lambda s: (repr(configuration(s)), s["hash"])), configuration
    ):
        repeated += list(group)[1:]
    rows = []
    for name in {spec["name"] for spec in repeated}:
        sizes = [spec["size"] for spec in repeated if spec["name"] == name]
        known = [size for size in sizes if size is not None]
        total = sum(known) if known else None
        rows.append((name, len(sizes), total, len(sizes) - len(known)))
    return sorted(rows, key=lambda row: (1 if row[2] is None else -row[2], -row[1], row[0]))


@pytest.mark.parametrize("release", [None, "develop"])
def test_duplicate_bytes(held: Held, release: str | None) -> None:
    tables, specs = held
    chosen = [spec for spec in in_release(specs, release) if spec["in_buildcache"]]
    assert duplicate_bytes(tables, release).rows == naive_bytes(chosen)


@pytest.mark.slow
def test_duplicate_bytes_of_what_is_held(tmp_path: Path) -> None:
    """A mirror tells sizes; its duplicates are those of `redundant-builds`."""
    tables, _ = read(DATA / "mirrors/v3", release="develop")
    rows = duplicate_bytes(tables).rows
    assert sum(row[2] or 0 for row in rows) > 0
    sizes = {s["hash"]: s for s in tables.nodes["Spec"].to_pylist() if s["in_buildcache"]}
    groups: dict[str, list[Any]] = {}
    for spec in sorted(sizes):
        groups.setdefault(sizes[spec]["configuration"], []).append(sizes[spec])
    again = [spec for group in groups.values() for spec in group[1:]]
    assert sum(row[1] for row in rows) == len(again)
    assert sum(row[2] or 0 for row in rows) == sum(spec["size"] or 0 for spec in again)


def test_what_has_no_binary_repeats_nothing() -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for spec, values in {
        "a": {"size": 10},
        "b": {"size": 20, "external": True},
        "c": {"size": 40, "in_buildcache": False},
        "d": {"size": 80, "in_buildcache": True},
        "e": {},
    }.items():
        graph.add_node(("Spec", spec), name="zlib", configuration="1", **values)
    assert duplicate_bytes(Tables.from_networkx(graph)).rows == [("zlib", 2, 80, 1)]
    assert duplicate_bytes(Tables.empty()).rows == []


def test_real_records_have_sizes_only_where_a_source_says(example_pages: Path) -> None:
    sizes = {spec["size"] for spec in oracle.specs(oracle.read_pages(example_pages))}
    assert sizes == {None}
