"""`unify`: which builds become one where a package is held, as Spack did and recursion says."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables, UsageError, read
from graphcache.analysis import rebuilds, unify
from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.pins.build_graphs import build_graph
from graphcache.analysis.pins.candidates import joint_pins, pins_to_try
from graphcache.analysis.pins.graphs import AT, FIELDS, BuildGraph, Changes, Codes
from graphcache.analysis.pins.held_tables import with_choices
from graphcache.analysis.pins.holding import BUILT, Pin, hold
from graphcache.analysis.pins.identities import both_hows, identities_of, identities_then
from graphcache.analysis.pins.packages import Packages
from graphcache.analysis.pins.remaining import Builds
from graphcache.analysis.pins.trying import Trial
from graphcache.analysis.pins.unifying import requirement
from graphcache.tables.columns import is_sorted
from graphcache.views.packages_yaml import packages_yaml

TRUTH = Path(__file__).parent / "data/truth"
SITE = Path(__file__).parents[1] / "examples/site"


# As Spack did -------------------------------------------------------------------------------------

ZLIB_NG, OPENSSL = Pin("version", "zlib-ng", "2.3.3"), Pin("version", "openssl", "3.6.1")
CMAKE, CURL = Pin("version", "cmake", "3.31.11"), Pin("version", "curl", "8.20.0")
CHANGES: dict[str, tuple[int, list[Pin]]] = {
    "zlibng": (12, [ZLIB_NG]),
    "openssl": (4, [OPENSSL]),
    "cmake": (2, [CMAKE, CURL]),
    "gmake": (25, [Pin("version", "gmake", "4.4.1")]),
    "perl": (9, [Pin("version", "perl", "5.42.0")]),
    "ncurses_variant": (16, [Pin("variant", "ncurses", "+termlib")]),
    "openblas_variant": (1, [Pin("variant", "openblas", "threads=none")]),
    "bzip2": (14, [Pin("variant", "bzip2", "+shared"), Pin("variant", "bzip2", "~pic")]),
    "curl_variant": (3, [Pin("variant", "curl", "~libidn2")]),
    "mpich": (2, [Pin("provider", "openmpi", "mpi")]),
    "zlib": (12, [Pin("provider", "zlib-ng", "zlib-api")]),
    "target": (0, []),
    "os": (0, []),
    "gcc11": (1, [Pin("version", "gcc", "12.2.0")]),
    "ext_numactl": (3, [Pin("external", "numactl", BUILT)]),
    "ext_numactl2": (3, [Pin("external", "numactl", BUILT)]),
    "ext_openssl": (4, [Pin("external", "openssl", BUILT)]),
    "openmpi4": (2, [Pin("version", "openmpi", "5.0.8")]),
    "cflags": (13, [Pin("flags", "zlib-ng")]),
    "recipe_zlibng": (13, [Pin("recipe", "zlib-ng")]),
    "recipe_gmake": (26, [Pin("recipe", "gmake")]),
    "recipe_ncurses": (17, [Pin("recipe", "ncurses")]),
    "recipe_zlibng_openssl": (13, [Pin("recipe", "zlib-ng"), Pin("recipe", "openssl")]),
    "own_patch": (12, [Pin("recipe", "zlib-ng")]),
    "patch_numactl": (3, [Pin("recipe", "numactl")]),
    "ns_zlibng": (13, [Pin("namespace", "zlib-ng", "builtin")]),
    "deptype": (4, [Pin("recipe", "curl")]),
    "two_zlibng_openssl": (11, [ZLIB_NG, OPENSSL]),
    "two_zlibng_cmake": (10, [ZLIB_NG, CMAKE, CURL]),
}
"""Locks with known changes, against `base`: the pairs that look alike, and what to hold."""


@cache
def locks(*names: str) -> tuple[Tables, BuildGraph]:
    """The locks as one graph."""
    tables, report = read(*(TRUTH / f"{name}.spack.lock.gz" for name in names))
    assert not report.rejects
    graph = Dependencies(tables)
    return tables, build_graph(tables, graph, np.arange(graph.specs.num_rows))


def pairs(tables: Tables) -> list[list[int]]:
    """The rows that look alike, two by two."""
    found: dict[str, list[int]] = {}
    for row, configuration in enumerate(tables.nodes["Spec"]["configuration"].to_pylist()):
        found.setdefault(configuration, []).append(row)
    return [rows for rows in found.values() if len(rows) == 2]


def held(graph: BuildGraph, *pins: Pin) -> BuildGraph:
    """The graph with these packages held."""
    for pin in pins:
        graph = graph.with_changes(hold(Packages(graph), pin))
    return graph


def become_one(tables: Tables, graph: BuildGraph) -> list[list[int]]:
    """The pairs of builds that look alike which are one."""
    found = identities_of(graph)
    return [rows for rows in pairs(tables) if found[rows[0]] == found[rows[1]]]


@pytest.mark.parametrize("lock", CHANGES)
def test_holding_what_was_changed_makes_all_pairs_one(lock: str) -> None:
    count, pins = CHANGES[lock]
    tables, graph = locks("base", lock)
    assert len(pairs(tables)) == count
    assert become_one(tables, graph) == []
    assert become_one(tables, held(graph, *pins)) == pairs(tables)


@pytest.mark.parametrize("lock", CHANGES)
def test_holding_less_than_what_was_changed_leaves_pairs_apart(lock: str) -> None:
    _, pins = CHANGES[lock]
    tables, graph = locks("base", lock)
    needed = [pin for pin in pins if lock != "bzip2" or pin.value == "+shared"]
    for left_out in needed:
        rest = [pin for pin in needed if pin != left_out]
        assert len(become_one(tables, held(graph, *rest))) < len(pairs(tables))


@pytest.mark.slow
@pytest.mark.parametrize("lock", CHANGES)
def test_holding_anything_else_makes_no_pair_one(lock: str) -> None:
    _, pins = CHANGES[lock]
    tables, graph = locks("base", lock)
    changed = {pin.package for pin in pins} | {"zlib", "mpich"}
    for pin in pins_to_try(graph, np.zeros(len(graph.own), bool)):
        if pin.package not in changed:
            assert become_one(tables, held(graph, pin)) == []
    for name in {"perl", "zlib-ng", "curl", "gmake", "ncurses"} - changed:
        for pin in (Pin("recipe", name), Pin("external", name), Pin("external", name, BUILT)):
            assert become_one(tables, held(graph, pin)) == []


@pytest.mark.slow
def test_two_externals_become_one() -> None:
    tables, graph = locks("ext_numactl", "ext_numactl2")
    assert len(pairs(tables)) == 4
    assert become_one(tables, graph) == []
    assert become_one(tables, held(graph, Pin("external", "numactl"))) == pairs(tables)
    assert [row[:3] for row in unify(tables).rows] == [
        ("numactl", "external", "external at /opt/numactl for x86_64_v3")
    ]


@pytest.mark.parametrize("lock", [lock for lock in CHANGES if CHANGES[lock][0]])
def test_the_pins_of_two_locks_are_what_was_changed(lock: str) -> None:
    tables, graph = locks("base", lock)
    answer = unify(tables, max_pins=9)
    builds = int((~graph.external).sum())
    assert answer.rows[0][4] + answer.rows[0][6] == builds
    assert answer.rows[-1][6] == builds - sum(row[4] for row in answer.rows)
    # One provider less is more: what only the other one needs is needed no more.
    changed = {pin.package for pin in CHANGES[lock][1]} | {"mpi", "zlib-api"}
    changed |= {"hdf5"} if lock == "gcc11" else set()
    assert {row[0] for row in answer.rows} <= changed
    # With `base` alone there are 28 builds, and 22 where mpich provides mpi.
    assert answer.rows[-1][6] <= 28 + 2 * (lock == "curl_variant")


OTHERS = {
    "autoconf": ["autoconf"],
    "berkeley": ["berkeley-db"],
    "ext_perl": ["perl"],
    "lapack": ["blas,lapack"],
    "m4_variant": ["m4"],
    "pkgconf": ["pkgconf"],
    "pkgconfig": ["pkgconfig"],
    "two_zlibng_cflags": ["zlib-ng"],
}
"""Locks that were made when `unify` was written, and what was changed."""


@pytest.mark.parametrize("lock", OTHERS)
def test_the_pins_of_locks_made_afterwards_are_what_was_changed(lock: str) -> None:
    tables, _ = locks("others/base", f"others/{lock}")
    rows = unify(tables, max_pins=9).rows
    assert [row[0] for row in rows] == OTHERS[lock]
    # Where m4 has sigsegv, one more package is needed.
    assert rows[-1][6] == 33 + (lock == "m4_variant")


def test_settings_that_were_changed_together_are_held_together() -> None:
    (row,) = unify(locks("others/base", "others/two_zlibng_cflags")[0]).to_dicts()
    assert row["kind"] == "several"
    assert row["held_to"] == "@=2.3.3 without flags"
    assert row["instead_of"] == ["@=2.2.4 cflags=-O3"]
    assert row["require"] == "@=2.3.3"


STACKS: dict[str, tuple[int, list[str]]] = {
    "tools": (152, ["zlib-ng", "openssl", "curl", "cmake"]),
    "io": (170, ["zlib-ng", "openssl", "curl", "cmake", "hwloc", "hdf5"]),
}
"""Stacks of 2026-09 and 2026-10: how many builds each has in either, and what was changed."""


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_the_pins_of_two_releases_of_the_site_are_what_was_changed(stack: str) -> None:
    tables, _ = read(SITE / "2026-09" / stack, SITE / "2026-10" / stack)
    builds, changed = STACKS[stack]
    rows = unify(tables, max_pins=9).rows
    assert [row[0] for row in rows] == changed
    assert rows[-1][6] == builds


# Held by what a person writes ---------------------------------------------------------------------

WRITTEN = {
    "zlibng": "zlib-ng@2.3.3",
    "openssl": "openssl",
    "cmake": "cmake@3.31,curl@8.20.0",
    "openblas_variant": "openblas threads=none",
    "bzip2": "bzip2+shared~pic",
    "curl_variant": "curl ~libidn2",
    "mpich": "mpi=openmpi",
    "zlib": "zlib-api=zlib-ng",
    "gcc11": "gcc@12",
    "ext_openssl": "openssl@3.6.1",
    "openmpi4": "openmpi@5:",
    "cflags": "zlib-ng",
    "recipe_zlibng_openssl": "zlib-ng,openssl",
    "patch_numactl": "numactl",
    "ns_zlibng": "builtin.zlib-ng",
    "deptype": "curl",
    "two_zlibng_cmake": "zlib-ng@2.3.3,cmake@3.31.11,curl@8.20.0",
}


@pytest.mark.parametrize("lock", WRITTEN)
def test_no_rebuild_remains_where_what_was_changed_is_held(lock: str) -> None:
    tables, _ = locks("base", lock)
    answer = rebuilds(tables, what_if=[WRITTEN[lock]])
    assert answer.rows == []
    held, _ = with_choices(tables, [WRITTEN[lock]])
    graphs = (graph.nodes["Spec"]["external"].to_pylist() for graph in (tables, held))
    builds, remain = (len(external) - external.count(True) for external in graphs)
    alike = f"{CHANGES[lock][0]} looked like another one before, and 0 do then"
    assert answer.notes[-1] == f"Of {builds} builds {remain} remain: {alike}."


def test_what_else_was_changed_is_what_remains() -> None:
    tables, _ = locks("base", "two_zlibng_openssl")
    answer = rebuilds(tables, what_if=["zlib-ng@2.3.3"])
    assert answer.notes == [
        "zlib-ng is held to zlib-ng@2.3.3.",
        "Of 41 builds 33 remain: 11 looked like another one before, and 4 do then.",
    ]
    (row,) = answer.to_dicts()
    assert (row["cause"], row["builds"]) == ("openssl 3.4.4 → 3.6.1", 4)
    known = tables.nodes["Spec"]["hash"].to_pylist()
    assert {text[1:] for text in row["example"].split()[2:]} <= set(known)


@pytest.mark.slow
def test_causes_are_known_where_several_targets_and_compilers_are_held_one() -> None:
    tables, _ = read(*(SITE / release / "solvers" for release in ("2026-10", "develop")))
    for word in ("openmpi@5.0.10", "python", "zlib-ng"):
        held, _ = with_choices(tables, [word])
        edges = [table for table in held.edges.values() if table.num_rows]
        assert all(is_sorted([table["from"], table["to"]]) for table in edges)
        kinds = {row["kind"] for row in rebuilds(tables, what_if=word).to_dicts()}
        assert "not known" not in kinds


def test_what_is_so_already_changes_nothing() -> None:
    tables, _ = locks("base", "openssl")
    answer = rebuilds(tables, what_if="zlib-ng@2:")
    assert answer.notes == [
        "zlib-ng is held to zlib-ng@2:. All of it is so already.",
        "Of 33 builds 33 remain: 4 looked like another one before, and 4 do then.",
    ]


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("zlib-ng@2.3.3,zlib-ng@2.2.4", "zlib-ng@2.2.4: zlib-ng is held to another choice alr"),
        ("zlib-nq", "zlib-nq: no such package in the graph. Did you mean zlib-ng"),
        ("zlib-ng@9", "zlib-ng@9: no such spec in the graph, which has zlib-ng@2."),
        ("+pic", "+pic: expected the name of a package, as in zlib-ng@2.3.3"),
        ("zlib-ng%gcc", "zlib-ng%gcc: expected what a package is of itself"),
        ("mpi=openmpj", "openmpj: no such package in the graph. Did you mean openmpi"),
        ("mpi", "mpi: no package, but what packages provide"),
    ],
)
def test_what_nothing_is_as_can_not_be_held(word: str, error: str) -> None:
    tables, _ = locks("base", "zlibng")
    with pytest.raises(UsageError) as raised:
        rebuilds(tables, what_if=[word])
    assert str(raised.value).startswith(error)


# What is said of pins -----------------------------------------------------------------------------


def test_a_packages_yaml_requires_what_it_can_and_says_the_rest() -> None:
    pins = [
        ("zlib-ng", "version", "2.3.3", ["2.2.4"], 13, "@=2.3.3"),
        ("blas,lapack", "provider", "openblas", ["amdblis"], 4, "openblas"),
        ("hwloc", "recipe", "dy25ubw", ["czx4w5n"], 3, None),
        ("zlib-ng", "variant", "~opt", ["+opt"], 2, "~opt"),
        ("numactl", "external", BUILT, ["external at /usr"], 1, None),
        ("curl", "flags", "none", ["cflags=-O3"], 1, None),
    ]
    names = ("package", "kind", "held_to", "instead_of", "saves", "require")
    text = packages_yaml(dict(zip(names, pin, strict=True)) for pin in pins)
    assert yaml.safe_load(text) == {
        "packages": {
            "zlib-ng": {"require": ["@=2.3.3", "~opt"]},
            "blas": {"require": ["openblas"]},
            "lapack": {"require": ["openblas"]},
        }
    }
    comments = [line.strip() for line in text.splitlines() if "#" in line]
    assert comments[2:5] == [
        "# version 2.3.3 instead of 2.2.4: 13 builds less",
        "# variant ~opt instead of +opt: 2 builds less",
        "# provider openblas instead of amdblis: 4 builds less",
    ]
    assert [line.split(": ")[0] for line in comments[5:]] == ["# hwloc", "# numactl", "# curl"]


def test_where_nothing_can_be_required_the_packages_yaml_is_empty() -> None:
    assert yaml.safe_load(packages_yaml([])) == {"packages": {}}


def test_a_text_of_data_stays_in_its_comment() -> None:
    pin = {"package": "a", "kind": "version", "held_to": "1\npackages: {}", "instead_of": ["2"]}
    text = packages_yaml([{**pin, "saves": 1, "require": "@=1"}])
    assert yaml.safe_load(text) == {"packages": {"a": {"require": ["@=1"]}}}


@pytest.mark.parametrize(
    ("pin", "required"),
    [
        (Pin("version", "a", "git.main=1.2"), "@git.main=1.2"),
        (Pin("variant", "a", "api=v18,v19"), "api:=v18,v19"),
        (Pin("variant", "a", "x=two words"), "x:='two words'"),
        (Pin("flags", "a", "cflags='-O2 -g' ldflags=-s"), "cflags='-O2 -g' ldflags=-s"),
        (Pin("namespace", "a", "builtin"), "builtin.a"),
        (Pin("external", "a", BUILT), None),
    ],
)
def test_what_is_required_is_as_spack_reads_it(pin: Pin, required: str | None) -> None:
    assert requirement(pin) == required


@pytest.mark.slow
def test_the_bytes_are_those_of_the_builds_that_go() -> None:
    tables, _ = read(Path(__file__).parent / "data/spack/mirrors/v3")
    size = dict(
        zip(*(tables.nodes["Spec"][name].to_pylist() for name in ("hash", "size")), strict=True)
    )
    (row, *_) = unify(tables).to_dicts()
    assert 0 < row["bytes"] < sum(filter(None, size.values()))
    unknown = Tables(
        {
            **tables.nodes,
            "Spec": tables.nodes["Spec"].set_column(
                tables.nodes["Spec"].column_names.index("size"),
                "size",
                pa.nulls(len(size), pa.int64()),
            ),
        },
        tables.edges,
    )
    (other, *_) = unify(unknown).to_dicts()
    assert other == {**row, "bytes": None}


def test_where_there_is_nothing_to_hold_it_says_why() -> None:
    tables, _ = locks("base")
    answer = unify(tables)
    assert answer.rows == []
    assert answer.notes == ["None: no choice of one package makes fewer of the 28 builds."]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"stacks": ["bose"]}, "bose: no such stack in the graph. Did you mean base?"),
        ({"stacks": ["base", "x"]}, "x: no such stack in the graph, which has base"),
        ({"stacks": "bose"}, "bose: no such stack in the graph. Did you mean base?"),
        ({"release": "develop"}, "develop: no such release in the graph, which has none"),
        ({"max_pins": 0}, "max_pins: expected 1 or more, found 0"),
    ],
)
def test_a_stack_or_release_that_there_is_not_or_no_pin(
    options: dict[str, Any], error: str
) -> None:
    tables, _ = locks("base")
    with pytest.raises(UsageError) as raised:
        unify(tables, **options)
    assert str(raised.value) == error


# As plain recursion says --------------------------------------------------------------------------

_HOWS = [((types,), virtuals) for types in ("build", "link") for virtuals in ((), ("v",))]
_Edges = list[tuple[int, int, int]]


def small_graph(own: list[tuple[int, ...]], edges: _Edges) -> BuildGraph:
    """Builds with a name, a version and variants, of which one in a few is external."""
    codes = {name: Codes() for name in (*FIELDS, "how")}
    for name in {*FIELDS} - {"name"}:
        codes[name].code(None)
    for letter in "abcd":
        codes["name"].code(letter)
    for version in ("1", "2", "10"):
        codes["version"].code(version)
    for variants in (("+x", "y=1"), ("+x", "y=2"), ("y=2", "~x")):
        codes["variants"].code(variants)
    codes["external"].code(("/usr",))
    for how in _HOWS:
        codes["how"].code(how)
    matrix = np.zeros((len(own), len(FIELDS)), np.int64)
    for row, values in enumerate(own):
        for name, value in zip(("name", "version", "variants", "external"), values, strict=True):
            matrix[row, AT[name]] = value
    columns = np.array(edges, np.int64).reshape(-1, 3).T
    return BuildGraph.of(matrix, (columns[0], columns[1], columns[2]), codes)


settings: st.SearchStrategy[tuple[int, ...]] = st.tuples(
    st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.sampled_from([0, 0, 0, 1])
)


@st.composite
def build_graphs(draw: st.DrawFn) -> BuildGraph:
    """A few builds, in the order of which each may need those after it."""
    own = draw(st.lists(settings, min_size=1, max_size=9))
    edges = [
        (start, end, draw(st.integers(0, len(_HOWS) - 1)))
        for start in range(len(own))
        for end in draw(st.sets(st.integers(start + 1, len(own)), max_size=4))
        if end < len(own)
    ]
    return small_graph(own, edges)


def naive_identities(graph: BuildGraph) -> list[Any]:
    """Of each build all that it is, and all that it needs, written out."""
    hows = graph.codes["how"].values

    @cache
    def written(row: int) -> Any:
        found: dict[Any, list[Any]] = {}
        for end, how in graph.needs(row):
            found.setdefault(written(end), []).append(hows[how])
        needs = frozenset((below, both_hows(told)) for below, told in found.items())
        return tuple(graph.own[row].tolist()), needs

    return [written(row) for row in range(len(graph.own))]


def naive_reached(graph: BuildGraph, rows: list[int]) -> set[int]:
    """The rows and all that they need."""
    found: set[int] = set()
    waiting = list(rows)
    while waiting:
        row = waiting.pop()
        if row not in found:
            found.add(row)
            waiting += [end for end, _ in graph.needs(row)]
    return found


def alike(numbers: Any) -> list[int]:
    """Of each value where it is first, by which two lists that group alike are equal."""
    values = list(numbers)
    return [values.index(value) for value in values]


@tries(100)
@given(build_graphs())
def test_identities_are_those_of_plain_recursion(graph: BuildGraph) -> None:
    assert alike(identities_of(graph).tolist()) == alike(naive_identities(graph))


@st.composite
def changed_graphs(draw: st.DrawFn) -> tuple[BuildGraph, Changes]:
    """A graph, and some of its builds with other settings, or that need something else."""
    graph = draw(build_graphs())
    changes = Changes()
    rows = st.integers(0, len(graph.own) - 1)
    for row in draw(st.sets(rows, max_size=3)):
        _, version, variants, external = draw(settings)
        own = graph.own[row].copy()
        own[[AT["version"], AT["variants"], AT["external"]]] = version, variants, external
        changes.own[row] = own
    for row in draw(st.sets(rows, max_size=3)):
        ends = draw(st.sets(rows, max_size=3)) - {row}
        changes.needs[row] = [(end, draw(st.integers(0, len(_HOWS) - 1))) for end in ends]
    return graph, changes


@tries(150)
@given(changed_graphs())
def test_changed_identities_are_those_of_the_changed_graph(
    made: tuple[BuildGraph, Changes],
) -> None:
    graph, changes = made
    changed = graph.with_changes(changes)
    found = identities_then(graph, identities_of(graph), changes)
    if changed.has_circles:
        assert found is None
    else:
        assert found is not None
        assert found.tolist() == identities_of(changed).tolist()
        assert alike(found.tolist()) == alike(naive_identities(changed))


def all_builds(graph: BuildGraph) -> Builds:
    """The builds of a graph, of which all are chosen, and those that none needs are roots."""
    roots = np.setdiff1d(np.arange(len(graph.own)), graph.ends)
    every = np.ones(len(graph.own), bool)
    return Builds(graph, identities_of(graph), every, roots, every, every)


def naive_remain(graph: BuildGraph, roots: list[int]) -> int:
    """How many distinct builds the roots need."""
    written = naive_identities(graph)
    return len({written[r] for r in naive_reached(graph, roots) if not graph.external[r]})


@tries(150)
@given(changed_graphs())
def test_what_remains_is_what_plain_recursion_counts(made: tuple[BuildGraph, Changes]) -> None:
    graph, changes = made
    builds, changed = all_builds(graph), graph.with_changes(changes)
    assert builds.distinct == naive_remain(graph, builds.roots.tolist())
    remain = builds.remain(changes)
    if changed.has_circles:
        assert remain is None
        return
    assert remain == naive_remain(changed, builds.roots.tolist())
    assert builds.remain_at_least(changes) <= remain
    assert builds.then(changes).distinct == remain
    needed = naive_reached(changed, builds.roots.tolist())
    assert np.flatnonzero(builds.then(changes).needed).tolist() == sorted(needed)


def remaining(builds: Builds, pins: Iterable[Pin]) -> dict[Pin, int]:
    """By pin, how many builds remain; without those that would make a circle."""
    remain = {}
    for pin in pins:
        changed = builds.graph.with_changes(hold(Packages(builds.graph), pin))
        if not changed.has_circles:
            remain[pin] = naive_remain(changed, builds.roots.tolist())
    return remain


@pytest.mark.slow
@tries(60)
@given(build_graphs())
def test_the_best_pin_is_the_best_of_all_that_are_tried(graph: BuildGraph) -> None:
    builds, trial = all_builds(graph), Trial()
    for _ in range(3):  # what is known of the first is used for the next
        pins = pins_to_try(builds.graph, builds.to_build)
        remain = remaining(builds, pins)
        if min(remain.values(), default=builds.distinct) >= builds.distinct:
            remain = remaining(builds, joint_pins(builds.graph, pins))
        fewest = min(remain.values(), default=builds.distinct)
        best = trial.best(builds)
        if best is None:
            assert fewest >= builds.distinct
            return
        assert remain[best[0]] == fewest < builds.distinct
        builds = builds.then(best[1])
        assert builds.distinct == fewest
    assert trial.notes == []
