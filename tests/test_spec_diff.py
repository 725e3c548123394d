"""In what two specs differ: each kind of difference alone, and on locks with known changes."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import oracle
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables, UsageError, read
from graphcache.analysis.differing.spec_diff import DEEPEST, Difference, SpecDiff, diff_specs
from graphcache.analysis.differing.spec_pairs import Change
from graphcache.analysis.sides import kind_of

SITE = Path(__file__).parents[1] / "examples/site"
TRUTH = Path(__file__).parent / "data/truth"

Json = dict[str, Any]
Edge = tuple[str, list[str], list[str]]
"""The number of a spec that is needed, dependency types and virtuals."""


# Small graphs -------------------------------------------------------------------------------------


def key(number: str) -> str:
    """A hash that begins with a name, and with digits that a hash has: `zlib1` has `zlib2aa…`."""
    return f"{number.replace('-', '').translate(str.maketrans('123456', '234567')):a<32}"


def spec(number: str, *needs: str | Edge, **values: Any) -> Json:
    """A spec in form 5, of the package that its number begins with, and what it needs."""
    edges = [(need, ["link"], []) if isinstance(need, str) else need for need in needs]
    return {
        "name": number.rstrip("0123456789"),
        "version": "1.2",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v3"},
        "namespace": "builtin",
        "package_hash": "recipe",
        "parameters": {"shared": True, "libs": ["a", "b"], "cflags": []},
        "dependencies": [
            {
                "name": need.rstrip("0123456789"),
                "hash": key(need),
                "parameters": {"deptypes": types, "virtuals": virtuals},
            }
            for need, types, virtuals in edges
        ],
        "hash": key(number),
        **values,
    }


def graph_of(folder: Path, *specs: Json) -> Tables:
    """The graph of a lock file with these specs, of which the first is the root."""
    document = {
        "_meta": {"file-type": "spack-lockfile", "lockfile-version": 6, "specfile-version": 5},
        "roots": [{"hash": specs[0]["hash"], "spec": specs[0]["name"]}],
        "concrete_specs": {one["hash"]: one for one in specs},
    }
    path = folder / "spack.lock"
    path.write_text(json.dumps(document))
    tables, report = read(path)
    assert not report.rejects
    return tables


def compared(folder: Path, *specs: Json, left: str = "app1", right: str = "app2") -> SpecDiff:
    """Two of the specs, compared."""
    return diff_specs(graph_of(folder, *specs), f"/{key(left)}", f"/{key(right)}")


def own(found: SpecDiff) -> dict[str, list[tuple[str, Any, Any]]]:
    """The lowest differences, by package."""
    return {
        one.right.package: [(change.what, change.left, change.right) for change in one.own]
        for one in found.lowest()
    }


def every(found: SpecDiff) -> list[Difference]:
    return [one for _, one in found.walk()]


# Settings -----------------------------------------------------------------------------------------

ARCH = {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v3"}
SETTINGS: dict[str, tuple[Json, tuple[str, Any, Any]]] = {
    "version": ({"version": "1.10"}, ("version", "1.2", "1.10")),
    "os": ({"arch": ARCH | {"platform_os": "rhel9"}}, ("os", "debian12", "rhel9")),
    "platform": ({"arch": ARCH | {"platform": "darwin"}}, ("platform", "linux", "darwin")),
    "target": ({"arch": ARCH | {"target": "zen4"}}, ("target", "x86_64_v3", "zen4")),
    "namespace": ({"namespace": "site"}, ("namespace", "builtin", "site")),
    "external": (
        {"external": {"path": "/usr", "module": None}},
        ("external", False, True),
    ),
    "recipe": ({"package_hash": "edited"}, ("package_hash", "recipe", "edited")),
    "flags": (
        {"parameters": {"shared": True, "libs": ["a", "b"], "cflags": ["-O3"]}},
        ("flags", [], ["cflags=-O3"]),
    ),
    "boolean": (
        {"parameters": {"shared": False, "libs": ["a", "b"]}},
        ("variant shared", "+shared", "~shared"),
    ),
    "value": (
        {"parameters": {"shared": True, "libs": ["a"]}},
        ("variant libs", "libs=a,b", "libs=a"),
    ),
    "one side": ({"parameters": {"shared": True}}, ("variant libs", "libs=a,b", None)),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_told_with_both_values(name: str, tmp_path: Path) -> None:
    values, change = SETTINGS[name]
    found = compared(tmp_path, spec("app1"), spec("app2", **values))
    assert own(found) == {"app": [change]}
    assert found


def test_a_spec_does_not_differ_from_itself(tmp_path: Path) -> None:
    found = compared(tmp_path, spec("app1", "zlib1"), spec("zlib1"), right="app1")
    assert not found
    assert (found.tree, found.lowest(), str(found.left)) == (None, [], "app@1.2/app2aaa")


@pytest.mark.slow
def test_an_external_elsewhere_is_told_with_both_places(tmp_path: Path) -> None:
    def at(path: str) -> Json:
        return {"external": {"path": path, "module": ["tools", "app"]}}

    specs = spec("app1", **at("/usr")), spec("app2", **at("/opt")), spec("app3", "zlib1")
    found = compared(tmp_path, *specs, spec("zlib1"))
    assert own(found) == {"app": [("external_path", "/usr", "/opt")]}
    found = compared(tmp_path, *specs, spec("zlib1"), left="app3", right="app2")
    assert own(found) == {"app": [("external", False, True)]}
    assert {(c.what, c.left, c.follows) for c in every(found)[0].changes[1:]} == {
        ("external_path", None, "external"),
        ("external_modules", None, "external"),
        ("dependency zlib", f"zlib@1.2/{key('zlib1')}", "external"),
    }


def test_the_recipe_follows_the_version_and_the_variants(tmp_path: Path) -> None:
    """The hash of a recipe is that of what it says for this version and these variants."""
    found = compared(tmp_path, spec("app1"), spec("app2", version="1.3", package_hash="other"))
    assert own(found) == {"app": [("version", "1.2", "1.3")]}
    assert every(found)[0].changes[1] == Change("package_hash", "recipe", "other", "version")


def test_where_nothing_known_differs_it_says_what_may(tmp_path: Path) -> None:
    found = compared(tmp_path, spec("app1"), spec("app2"))
    assert [one.unexplained for one in found.lowest()] == ["nothing that sources tell"]
    assert own(found) == {"app": []}
    specs = spec("app1"), spec("app2")
    for one in specs:
        del one["package_hash"]
    found = compared(tmp_path, *specs)
    assert [one.unexplained for one in found.lowest()] == ["recipe not known"]


def test_what_only_one_side_tells_is_no_difference(tmp_path: Path) -> None:
    without = spec("app2")
    del without["namespace"]
    found = compared(tmp_path, spec("app1"), without)
    assert own(found) == {"app": []}
    assert every(found)[0].unknown["namespace"] == "right"


@pytest.mark.parametrize("form", [4, 5])
def test_a_compiler_is_a_setting_where_it_is_no_dependency(form: int, tmp_path: Path) -> None:
    """In form 5 a change of the compiler is one difference, however many specs it built."""
    sides = [("1", "12.1"), ("2", "13.1")]
    if form == 4:
        specs = [
            spec(name, *needs, compiler={"name": "gcc", "version": version})
            for n, version in sides
            for name, needs in ((f"app{n}", [f"zlib{n}"]), (f"zlib{n}", []))
        ]
    else:
        specs = [
            one
            for n, version in sides
            for gcc in [(f"gcc{n}", ["build"], ["c"])]
            for one in (
                spec(f"app{n}", f"zlib{n}", gcc),
                spec(f"zlib{n}", gcc, f"gcc-runtime{n}"),
                spec(f"gcc-runtime{n}", (f"gcc{n}", ["build"], []), version=version),
                spec(f"gcc{n}", version=version),
            )
        ]
    found = compared(tmp_path, *specs)
    change = {4: ("compiler", "gcc@12.1", "gcc@13.1"), 5: ("version", "12.1", "13.1")}[form]
    assert own(found) == {{4: "app", 5: "gcc"}[form]: [change]}
    followed = {c.follows for one in every(found) for c in one.changes if c.follows}
    assert followed == {{4: "compiler of app", 5: "version of gcc"}[form]}


def test_another_compiler_is_one_difference_with_its_runtime(tmp_path: Path) -> None:
    specs = [spec("gcc1"), spec("llvm2"), spec("gcc-runtime1", ("gcc1", ["build"], []))]
    for number, compiler, *runtime in ("1", "gcc1", "gcc-runtime1"), ("2", "llvm2"):
        needs: list[str | Edge] = [(compiler, ["build"], ["c", "cxx"]), *runtime]
        specs += [spec(f"app{number}", f"zlib{number}", *needs), spec(f"zlib{number}", *needs)]
    found = compared(tmp_path, *specs)
    assert own(found) == {"llvm": [("provider of c, cxx", "gcc@1.2", "llvm@1.2")]}
    runtime_gone = f"gcc-runtime@1.2/{key('gcc-runtime1')}"
    assert [one.changes for one in every(found) if one.right.package in ("app", "zlib")] == [
        (Change("dependency gcc-runtime", runtime_gone, None, "provider of c, cxx"),)
    ] * 2


def test_a_compiler_is_the_same_in_both_forms(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        spec("app1", "docs1", compiler={"name": "gcc", "version": "12.1"}),
        spec("docs1", compiler={"name": "gcc", "version": "12.1"}),
        spec("app2", "docs2", ("gcc2", ["build"], ["c"]), package_hash="edited"),
        *(spec("docs2", package_hash="edited"), spec("gcc2", version="12.1")),
    )
    assert own(found) == {
        "app": [("package_hash", "recipe", "edited")],
        "docs": [("package_hash", "recipe", "edited")],
    }
    assert [one.unknown for one in every(found)] == [{}, {"compiler": "right"}]


def test_the_same_target_below_is_no_difference_of_its_own(tmp_path: Path) -> None:
    new = {"arch": ARCH | {"target": "zen4"}}
    found = compared(
        tmp_path,
        *(spec("app1", "zlib1", "cmake1"), spec("zlib1"), spec("cmake1")),
        *(spec("app2", "zlib2", "cmake2", **new), spec("zlib2", **new)),
        spec("cmake2", arch=ARCH | {"target": "zen5"}),
    )
    assert own(found) == {
        "app": [("target", "x86_64_v3", "zen4")],
        "cmake": [("target", "x86_64_v3", "zen5")],
    }


# Dependencies -------------------------------------------------------------------------------------


def test_what_is_met_by_many_ways_is_told_once_where_it_is_nearest(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spec("app1", "curl1", "zlib1"), spec("curl1", "ssl1"), spec("ssl1", "zlib1")),
        *(spec("app2", "curl2", "zlib2"), spec("curl2", "ssl2"), spec("ssl2", "zlib2")),
        *(spec("zlib1"), spec("zlib2", version="1.3")),
    )
    assert own(found) == {"zlib": [("version", "1.2", "1.3")]}
    assert [path for path, _ in found.walk()] == [
        ("app",),
        ("app", "curl"),
        ("app", "zlib"),
        ("app", "curl", "ssl"),
    ]
    assert [one.told for one in every(found)] == [(), (), (), ("zlib",)]


def test_a_spec_that_differs_itself_counts_whatever_lies_below(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spec("app1", "curl1"), spec("app2", "curl2")),
        *(spec("curl1", "zlib1"), spec("curl2", "zlib2", version="1.10")),
        *(spec("zlib1"), spec("zlib2", version="1.3")),
    )
    assert own(found) == {
        "curl": [("version", "1.2", "1.10")],
        "zlib": [("version", "1.2", "1.3")],
    }


@pytest.mark.parametrize("way", [1, -1])
def test_another_provider_of_a_virtual_is_one_difference(way: int, tmp_path: Path) -> None:
    numbers = ["1", "2"][::way]
    specs = [
        *(spec("app1", ("ng1", ["link"], ["zlib-api"]), "ssl1"), spec("ng1")),
        *(spec("app2", ("zlib2", ["link"], ["zlib-api"]), "ssl2"), spec("zlib2", version="1.3")),
        *(spec("ssl1", ("ng1", ["link"], ["zlib-api"])),),
        *(spec("ssl2", ("zlib2", ["link"], ["zlib-api"])),),
    ]
    found = compared(tmp_path, *specs, left=f"app{numbers[0]}", right=f"app{numbers[1]}")
    sides = ["ng@1.2", "zlib@1.3"][::way]
    assert own(found) == {
        ["zlib", "ng"][way < 0]: [("provider of zlib-api", *sides)],
    }
    assert len(every(found)) == 3


def test_one_package_may_give_way_to_several(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        spec("app1", ("openblas1", ["link"], ["blas", "lapack"])),
        spec("app2", ("blis2", ["link"], ["blas"]), ("flame2", ["link"], ["lapack"])),
        *(spec("openblas1"), spec("blis2"), spec("flame2")),
    )
    assert own(found) == {
        "blis": [("provider of blas", "openblas@1.2", "blis@1.2")],
        "flame": [("provider of lapack", "openblas@1.2", "flame@1.2")],
    }


def test_below_another_provider_what_both_need_is_compared(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        spec("app1", ("mpich1", ["link"], ["mpi"])),
        spec("app2", ("openmpi2", ["link"], ["mpi"])),
        *(spec("mpich1", "hwloc1", "numactl1"), spec("openmpi2", "hwloc2", "pmix2")),
        *(spec("hwloc1"), spec("hwloc2", version="2.9"), spec("numactl1"), spec("pmix2")),
    )
    assert own(found) == {
        "openmpi": [("provider of mpi", "mpich@1.2", "openmpi@1.2")],
        "hwloc": [("version", "1.2", "2.9")],
    }


def test_two_dependencies_on_one_package_are_both_compared(tmp_path: Path) -> None:
    """Spack may take one python to build and another one to run."""
    found = compared(
        tmp_path,
        spec("app1", ("python1", ["build"], []), ("python2", ["link", "run"], [])),
        spec("app2", ("python3", ["build"], []), ("python2", ["link", "run"], [])),
        spec("python1", version="3.10.1"),
        spec("python2", version="3.12"),
        spec("python3", version="3.10.2"),
    )
    assert own(found) == {"python": [("version", "3.10.1", "3.10.2")]}


def test_one_spec_may_stand_against_two(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        spec("app1", ("python1", ["build", "run"], [])),
        spec("app2", ("python1", ["run"], []), ("python2", ["build"], [])),
        *(spec("python1", version="3.12"), spec("python2", version="3.10")),
    )
    assert own(found) == {"python": [("version", "3.12", "3.10")]}
    assert not found.tree or not found.tree.changes


def test_what_only_one_needs_follows_from_its_own_settings(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spec("app1", "hdf5"), spec("app2", "hdf6")),
        spec("hdf5", "aec1", name="hdf"),
        spec("hdf6", name="hdf", parameters={"shared": False, "libs": ["a", "b"]}),
        spec("aec1"),
    )
    assert own(found) == {"hdf": [("variant shared", "+shared", "~shared")]}
    assert every(found)[1].changes[1:] == (
        Change("dependency aec", f"aec@1.2/{key('aec1')}", None, follows="variant shared"),
    )


def test_what_only_one_needs_is_a_difference_where_nothing_else_is(tmp_path: Path) -> None:
    found = compared(tmp_path, spec("app1"), spec("app2", "aec1"), spec("aec1"))
    assert own(found) == {"app": [("dependency aec", None, f"aec@1.2/{key('aec1')}")]}


def test_how_a_dependency_is_needed_is_compared(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        spec("app1", ("zlib1", ["build"], ["zlib-api"])),
        spec("app2", ("zlib1", ["build", "run"], [])),
        spec("zlib1"),
    )
    assert own(found) == {
        "app": [
            ("types of zlib", ["build"], ["build", "run"]),
            ("virtuals of zlib", ["zlib-api"], []),
        ]
    }


def test_specs_of_two_packages_are_compared_by_what_both_need(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spec("app1", "zlib1"), spec("tool2", "zlib2")),
        *(spec("zlib1"), spec("zlib2", version="1.3")),
        right="tool2",
    )
    assert own(found) == {
        "tool": [("package", "app@1.2", "tool@1.2")],
        "zlib": [("version", "1.2", "1.3")],
    }


def spliced(number: str, build: str, *needs: str) -> Json:
    """A spec made of the binary of another one, with other dependencies."""
    build_spec = {"name": "app", "hash": key(build)}
    return spec(number, *needs, build_spec=build_spec)


def test_a_spliced_spec_is_compared_with_what_it_was_built_as(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spliced("app1", "app2", "zlib1"), spec("app2", "zlib2")),
        *(spec("zlib1"), spec("zlib2", version="1.3")),
    )
    assert own(found) == {
        "app": [("spliced_from", key("app2"), None)],
        "zlib": [("version", "1.2", "1.3")],
    }


def test_the_builds_of_two_spliced_specs_are_compared_in_turn(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spliced("app1", "app3", "zlib1"), spliced("app2", "app4", "zlib1")),
        *(spec("app3", "zlib3"), spec("app4", "zlib4")),
        *(spec("zlib1"), spec("zlib3", version="1.3"), spec("zlib4", version="1.4")),
    )
    assert own(found) == {"zlib": [("version", "1.3", "1.4")]}
    assert [path for path, _ in found.walk()] == [
        ("app",),
        ("app", "app"),
        ("app", "app", "zlib"),
    ]


# Graphs that no sound data has --------------------------------------------------------------------


def test_cycles_are_walked_once(tmp_path: Path) -> None:
    found = compared(
        tmp_path,
        *(spec("app1", "lib1"), spec("lib1", "app1", "lib1")),
        *(spec("app2", "lib2"), spec("lib2", "app2", "lib2")),
    )
    assert [(one.right.package, one.told) for one in every(found)] == [
        ("app", ()),
        ("lib", ("app", "lib")),
    ]
    # Nothing in them differs, and they have other hashes all the same.
    assert [one.unexplained for one in found.lowest()] == ["nothing that sources tell"] * 2


@pytest.mark.slow
def test_what_is_too_far_down_is_counted(tmp_path: Path) -> None:
    names = [f"p{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(DEEPEST + 20)]
    specs = [
        spec(f"{name}{side}", *([f"{below}{side}"] if below else []))
        for side in "12"
        for name, below in zip(names, [*names[1:], None], strict=True)
    ]
    found = compared(tmp_path, *specs, left=f"{names[0]}1", right=f"{names[0]}2")
    assert len(every(found)) == DEEPEST + 1
    assert found.left_out == 1


@st.composite
def two_sided(draw: st.DrawFn) -> list[Json]:
    """Specs of few packages, several of each, that need any specs of packages behind their own."""
    letters = "abcdef"[: draw(st.integers(2, 6))]
    specs = []
    for at, letter in enumerate(letters):
        for n in "123":
            chosen = [draw(st.sampled_from([None, "1", "2", "3"])) for _ in letters[at + 1 :]]
            needs = [f"{b}{m}" for b, m in zip(letters[at + 1 :], chosen, strict=True) if m]
            specs.append(spec(f"{letter}{n}", *needs, version=draw(st.sampled_from(["1", "2"]))))
    return specs


def naive(specs: Iterable[Json], left: str, right: str) -> set[tuple[str, str]]:
    """All pairs that are met on the way down and are not the same, by plain recursion."""
    of = {one["hash"]: {d["name"]: d["hash"] for d in one["dependencies"]} for one in specs}
    found = {(left, right)}
    for name in of[left].keys() & of[right].keys():
        if of[left][name] != of[right][name]:
            found |= naive(specs, of[left][name], of[right][name])
    return found


@pytest.mark.slow
@tries(100)
@given(two_sided())
def test_the_pairs_are_those_of_plain_recursion_each_once(
    tmp_path_factory: pytest.TempPathFactory, specs: list[Json]
) -> None:
    tables = graph_of(tmp_path_factory.mktemp("made"), *specs)
    by_hash = {one["hash"]: one for one in specs}
    there, back = (diff_specs(tables, key(a), key(b)) for a, b in (("a1", "a2"), ("a2", "a1")))
    pairs = [(one.left.hash, one.right.hash) for one in every(there)]
    assert sorted(pairs) == sorted(naive(specs, key("a1"), key("a2")))
    for (a, b), one in zip(pairs, every(there), strict=True):
        differs = by_hash[a]["version"] != by_hash[b]["version"]
        assert any(change.what == "version" for change in one.own) == differs
        sides = [{d["name"] for d in by_hash[h]["dependencies"]} for h in (a, b)]
        alone = {c.what for c in one.changes if c.what.startswith("dependency ")}
        assert alone == {f"dependency {name}" for name in sides[0] ^ sides[1]}
    assert sorted((right, left) for left, right in pairs) == sorted(
        (one.left.hash, one.right.hash) for one in every(back)
    )


# Real locks ---------------------------------------------------------------------------------------


def roots(path: Path) -> dict[str, str]:
    """The roots of a lock file, by the package that was asked for."""
    document = json.loads(gzip.decompress(path.read_bytes()))
    specs = document["concrete_specs"]
    return {specs[root["hash"]]["name"]: root["hash"] for root in document["roots"]}


def lowest_of_roots(before: Path, after: Path) -> dict[str, set[str]]:
    """What the roots of two lock files differ in, by package."""
    tables, _ = read(before, after)
    old, new = roots(before), roots(after)
    found: dict[str, set[str]] = {}
    for name in old.keys() & new.keys():
        for one in diff_specs(tables, f"{name}/{old[name]}", f"{name}/{new[name]}").lowest():
            said = {change.what for change in one.own} or {str(one.unexplained)}
            found.setdefault(one.right.package, set()).update(said)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("zlibng", {"zlib-ng": {"version"}}),
        ("openssl", {"openssl": {"version"}}),
        ("perl", {"perl": {"version"}}),
        ("recipe_zlibng", {"zlib-ng": {"package_hash"}}),
    ],
)
def test_the_one_change_of_a_lock_is_named(change: str, expected: dict[str, set[str]]) -> None:
    paths = (TRUTH / f"{name}.spack.lock.gz" for name in ("base", change))
    assert lowest_of_roots(*paths) == expected


SITE_CHANGES = {
    "io": {
        "zlib-ng": {"version"},
        "openssl": {"version"},
        "cmake": {"version"},
        "curl": {"version"},
        "hdf5": {"variant szip"},
        "hwloc": {"package_hash"},
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("stack", SITE_CHANGES)
def test_the_changes_of_the_site_are_all_named(stack: str) -> None:
    before, after = (
        SITE / f"{release}/{stack}/spack.lock.gz" for release in ("2026-09", "2026-10")
    )
    assert lowest_of_roots(before, after) == SITE_CHANGES[stack]


def test_pages_tell_no_dependencies() -> None:
    tables, _ = read(Path(__file__).parents[1] / "examples/pages")
    found = diff_specs(tables, "/6zzrwog", "rocblas@6.1.2/m5jut4q")
    assert found.tree
    assert found.tree.unknown["dependencies"] == "both"
    assert found.tree.unexplained == "dependencies not known; recipe or flags, not told apart"


@pytest.mark.slow
def test_what_is_known_is_compared_where_one_side_has_no_dependencies(tmp_path: Path) -> None:
    """The mirror of the left spec says all, and a page only what it was built as."""
    record = oracle.record(key("app2"), versions=["1.3"], os="debian12", compiler="none")
    record["variants"] = ["+shared", "libs:=a,b"]
    (tmp_path / "page").write_text(oracle.page_text("app", records=[record]))
    (tmp_path / "lock").mkdir()
    graph_of(tmp_path / "lock", spec("app1", "zlib1"), spec("zlib1"))
    tables, _ = read(tmp_path / "page", tmp_path / "lock/spack.lock")
    found = diff_specs(tables, key("app1"), key("app2"))
    assert own(found) == {"app": [("version", "1.2", "1.3")]}
    assert found.tree
    assert found.tree.unknown["dependencies"] == "right"


def test_a_text_that_means_no_spec_is_refused(tmp_path: Path) -> None:
    tables = graph_of(tmp_path, spec("app1"), spec("app2"))
    with pytest.raises(UsageError, match="app: expected one spec, found 2"):
        diff_specs(tables, "/app", "/app2")
    with pytest.raises(UsageError, match="zlib: no such package"):
        diff_specs(tables, "/app2", "zlib/app3")


def test_what_is_exactly_a_name_is_no_hash(tmp_path: Path) -> None:
    (tmp_path / "page").write_text(oracle.page_text("app", "a2", [oracle.record("a2" * 16)]))
    tables, _ = read(tmp_path / "page")
    assert kind_of(["a2", "a2"], tables) == "release"
    assert kind_of(["/a2", "app/a2a"], tables) == "spec"
    assert kind_of(["a2a", "a2a2"], tables) == "spec"
    with pytest.raises(
        UsageError, match=r"^expected two of a kind: a2 is a release, /a2 is a spec"
    ):
        kind_of(["a2", "/a2"], tables)


def test_a_spec_is_told_from_a_release_and_a_stack(tmp_path: Path) -> None:
    tables = graph_of(tmp_path, spec("app1"), spec("app2"))
    assert kind_of(["/app2", "app@1.2/app3"], tables) == "spec"
    assert kind_of(["app2", "/whatever"], tables) == "spec"
    with pytest.raises(
        UsageError, match=r"^app4: no such release, stack or hash in the graph, whi"
    ):
        kind_of(["app4", "app4"], tables)
    with pytest.raises(UsageError, match=r"^/srv/old\.lbug: no such release, stack or hash"):
        kind_of(["/srv/old.lbug", "/app2"], tables)
