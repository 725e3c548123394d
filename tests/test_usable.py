"""Which binaries Spack takes on a machine: its own answers, and what is said beside them.

The rows of `data/truth/usable/truth.csv`, and the changed locks below, are answers of Spack's
concretizer; `docs/truth.md` says how they were obtained.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from command_line import run, succeed

import graphcache
from graphcache import Tables
from graphcache.analysis import usable
from graphcache.analysis.machines.machine import macos_name, musl_version, this_libc
from graphcache.errors import UsageError
from graphcache.kinds import look_up, names
from graphcache.spack.libc import Libc, parse_libc

TRUTH = Path(__file__).parent / "data/truth"
ROWS = list(csv.DictReader((TRUTH / "usable/truth.csv").read_text().splitlines()))
FAMILIES = list(csv.DictReader((TRUTH / "usable/families.csv").read_text().splitlines()))

Nodes = dict[str, dict[str, Any]]


def lock(name: str) -> Nodes:
    """The specs of a lock, by hash."""
    with gzip.open(TRUTH / f"{name}.spack.lock.gz") as file:
        nodes: Nodes = json.load(file)["concrete_specs"]
    return nodes


def cache_of(
    nodes: Nodes, folder: Path, left_out: Iterable[str] = (), version: str = "8"
) -> Tables:
    """The graph of the index of a cache that holds the specs, but for some packages."""
    tables, report = graphcache.read(index_of(nodes, folder, left_out, version))
    assert not report.rejects
    return tables


def index_of(nodes: Nodes, folder: Path, left_out: Iterable[str] = (), version: str = "8") -> Path:
    installs = {
        hash_: {
            "spec": {**node, "hash": hash_},
            "in_buildcache": "external" not in node and node["name"] not in left_out,
        }
        for hash_, node in nodes.items()
    }
    path = folder / "index.json"
    path.write_text(json.dumps({"database": {"version": version, "installs": installs}}))
    return path


def spack_takes(tables: Tables, package: str, target: str, libc: str | Libc) -> bool:
    """Whether the one binary of a package is taken; with the reasons, if it is not."""
    listed = usable(tables, package, target, libc=libc).to_dicts()
    (row,) = usable(tables, package, target, libc=libc, every=True).to_dicts()
    taken = not row["why_not"]
    assert len(listed) == taken
    assert (row["paste"] is not None) == taken
    return taken


# Spack's answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['binary']} on {row['host_os']}")
def test_what_spack_reused_is_usable_and_nothing_else(row: dict[str, str], tmp_path: Path) -> None:
    tables = cache_of(lock(f"usable/{row['binary']}"), tmp_path)
    taken = spack_takes(tables, "zlib-ng", row["host_target"], f"glibc@{row['host_glibc']}")
    assert taken == (row["spack"] == "reused")


@pytest.mark.parametrize(
    "row", FAMILIES, ids=lambda row: f"{row['binary']} on {row['host_target']} {row['host_libc']}"
)
def test_what_spack_reused_of_musl_and_of_other_families(
    row: dict[str, str], tmp_path: Path
) -> None:
    tables = cache_of(lock(f"usable/{row['binary']}"), tmp_path)
    libc = parse_libc(row["host_libc"])._replace(path=row["host_path"])
    assert spack_takes(tables, "zlib-ng", row["host_target"], libc) == (row["spack"] == "reused")


def nodes_of(nodes: Nodes, package: str) -> list[dict[str, Any]]:
    return [node for node in nodes.values() if node["name"] == package]


def on_libc(*packages: str, version: str = "2.39") -> Callable[[Nodes], None]:
    """Build packages on another glibc."""

    def change(nodes: Nodes) -> None:
        ((old, libc),) = [(h, node) for h, node in nodes.items() if node["name"] == "glibc"]
        new = "n" * 32
        nodes[new] = {**libc, "version": version, "hash": new}
        for edge in edges(nodes, packages):
            if edge["hash"] == old:
                edge["hash"] = new

    return change


def edges(nodes: Nodes, packages: Iterable[str]) -> list[dict[str, Any]]:
    return [
        edge
        for package in packages
        for node in nodes_of(nodes, package)
        for edge in node.get("dependencies", ())
    ]


def without(package: str, *needed: str) -> Callable[[Nodes], None]:
    """Let a package not need others."""

    def change(nodes: Nodes) -> None:
        for node in nodes_of(nodes, package):
            node["dependencies"] = [e for e in node["dependencies"] if e["name"] not in needed]

    return change


def unchanged(_: Nodes) -> None:
    """Leave all as it is."""


def no_libc(nodes: Nodes) -> None:
    for package in ("zlib-ng", "gcc-runtime"):
        without(package, "glibc")(nodes)


JAMMY = Libc("glibc", "2.35", "/usr")
FOCAL, NOBLE = "usable/ubuntu20.04-x86_64_v3", "usable/ubuntu24.04-x86_64_v3"


@pytest.mark.parametrize(
    ("changed", "left_out", "host", "taken"),
    [
        pytest.param((FOCAL, unchanged), (), JAMMY._replace(path="/"), False, id="another place"),
        pytest.param((FOCAL, unchanged), (), Libc("musl", "1.2.5"), False, id="another library"),
        pytest.param((FOCAL, on_libc("gcc-runtime")), (), JAMMY, True, id="newer for the runtime"),
        pytest.param((FOCAL, on_libc("gmake")), (), JAMMY, True, id="newer for a build tool"),
        pytest.param((NOBLE, no_libc), (), JAMMY, True, id="no library named"),
        pytest.param(
            (NOBLE, without("zlib-ng", "glibc")), (), JAMMY, True, id="only the runtime's"
        ),
        pytest.param((FOCAL, unchanged), ("gcc-runtime",), JAMMY, True, id="runtime not held"),
        pytest.param((FOCAL, without("zlib-ng", "gcc-runtime")), (), JAMMY, False, id="no runtime"),
    ],
)
def test_what_spack_asks_of_a_binary(
    changed: tuple[str, Callable[[Nodes], None]],
    left_out: tuple[str, ...],
    host: Libc,
    taken: bool,
    tmp_path: Path,
) -> None:
    name, change = changed
    nodes = lock(name)
    change(nodes)
    assert spack_takes(cache_of(nodes, tmp_path, left_out), "zlib-ng", "zen3", host) == taken


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "left_out", "taken"),
    [
        pytest.param(unchanged, (), True, id="as it was"),
        pytest.param(on_libc("zlib-ng"), (), False, id="newer for what it is linked to"),
        pytest.param(on_libc("perl"), (), True, id="newer for what built it"),
        pytest.param(unchanged, ("zlib-ng",), False, id="linked to what is not held"),
        pytest.param(unchanged, ("perl",), True, id="built by what is not held"),
    ],
)
def test_what_spack_asks_of_what_a_binary_needs(
    change: Callable[[Nodes], None], left_out: tuple[str, ...], taken: bool, tmp_path: Path
) -> None:
    nodes = lock("base")
    change(nodes)
    tables = cache_of(nodes, tmp_path, left_out)
    assert spack_takes(tables, "openssl", "zen3", Libc("glibc", "2.36", "/usr")) == taken


def in_form_4(nodes: Nodes, compiler: str, left_out: Iterable[str]) -> Nodes:
    """The specs as a Spack before 1.0 writes them: they name their compiler, and need none."""
    gone = {"gcc", "compiler-wrapper", *left_out}
    name, version = compiler.split("@")
    return {
        hash_: {
            **{key: value for key, value in node.items() if key != "annotations"},
            "compiler": {"name": name, "version": version},
            "dependencies": [e for e in node.get("dependencies", ()) if e["name"] not in gone],
        }
        for hash_, node in nodes.items()
        if node["name"] not in gone
    }


@pytest.mark.parametrize(
    ("name", "compiler", "left_out", "taken"),
    [
        pytest.param(FOCAL, "gcc@9.4.0", (), True, id="older library"),
        pytest.param(NOBLE, "gcc@9.4.0", (), False, id="newer library"),
        pytest.param(FOCAL, "gcc@9.4.0", ("gcc-runtime",), True, id="no runtime"),
        pytest.param(NOBLE, "gcc@9.4.0", ("gcc-runtime", "glibc"), True, id="no library named"),
        pytest.param(FOCAL, "oneapi@2024.1", (), True, id="another compiler"),
    ],
)
def test_what_spack_asks_of_specs_of_before_1_0(
    name: str, compiler: str, left_out: tuple[str, ...], taken: bool, tmp_path: Path
) -> None:
    """The runtime is asked only where a compiler is needed, which in form 4 it is not."""
    tables = cache_of(in_form_4(lock(name), compiler, left_out), tmp_path, version="7")
    assert set(tables.nodes["Spec"]["original_specfile_version"].to_pylist()) == {4}
    assert spack_takes(tables, "zlib-ng", "zen3", JAMMY) == taken


def test_what_is_linked_to_an_external_says_so(tmp_path: Path) -> None:
    """Spack took curl where packages.yaml had that openssl, and refused it elsewhere."""
    nodes = lock("ext_openssl")
    answer = usable(cache_of(nodes, tmp_path), "curl", "zen3", libc="glibc@2.36")
    (row,), (node,) = answer.to_dicts(), nodes_of(nodes, "openssl")
    assert row["externals"] == [f"openssl@3.0.17/{node['hash'][:7]} /usr"]
    assert answer.notes == [
        "1 binary is taken by Spack only where packages.yaml has the same externals, which they "
        "are linked to or need to run"
    ]


# Why not ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "libc", "package", "reasons"),
    [
        ("zen3", "glibc@2.36", "curl", []),
        ("x86_64_v2", "glibc@2.31", "zlib-ng", ["for x86_64_v3", "built on glibc@2.36"]),
        ("zen3", "glibc@2.36", "gcc", ["an external, which is no binary"]),
        (
            "zen3",
            "glibc@2.36",
            "compiler-wrapper",
            ["a compiler wrapper, which Spack never takes from a cache"],
        ),
    ],
)
def test_why_a_binary_is_not_taken(
    target: str, libc: str, package: str, reasons: list[str], tmp_path: Path
) -> None:
    answer = usable(cache_of(lock("base"), tmp_path), package, target, libc=libc, every=True)
    assert [row["why_not"] for row in answer.to_dicts()] == [reasons]


def test_the_dependency_is_named_that_does_not_fit(tmp_path: Path) -> None:
    nodes = lock("base")
    on_libc("zlib-ng")(nodes)
    tables = cache_of(nodes, tmp_path, ["bzip2"])
    listed = {
        row["name"]: row["why_not"]
        for row in usable(tables, "curl perl", "zen3", libc="glibc@2.36", every=True).to_dicts()
    }
    (zlib,) = nodes_of(nodes, "zlib-ng")
    (bzip2,) = nodes_of(nodes, "bzip2")
    assert listed == {
        "curl": [f"it needs zlib-ng@2.3.3/{zlib['hash'][:7]}: built on glibc@2.39"],
        "perl": [f"it needs bzip2@1.0.8/{bzip2['hash'][:7]}, of which the cache holds no binary"],
    }


# A system, where no library is known --------------------------------------------------------------


@pytest.mark.parametrize(
    ("built", "host", "taken"),
    [
        ("sonoma", "sonoma", True),
        ("sonoma", "sequoia", True),
        ("bigsur", "tahoe", True),
        ("sequoia", "sonoma", False),
    ],
)
def test_a_macos_takes_what_is_for_an_older_one(
    built: str, host: str, taken: bool, tmp_path: Path
) -> None:
    nodes = lock(FOCAL)
    no_libc(nodes)
    for node in nodes.values():
        node["arch"] = {"platform": "darwin", "platform_os": built, "target": "m1"}
    tables = cache_of(nodes, tmp_path)
    assert len(usable(tables, "zlib-ng", "m2", host).rows) == taken
    assert usable(tables, "zlib-ng", "m2", libc="glibc@2.39").rows == []


def test_for_a_system_alone_the_library_to_ask_for_is_told(tmp_path: Path) -> None:
    nodes = lock(FOCAL) | lock(NOBLE)
    answer = usable(cache_of(nodes, tmp_path), "zlib-ng", "zen3", "ubuntu24.04")
    assert [row["os"] for row in answer.to_dicts()] == ["ubuntu24.04"]
    assert answer.notes == [
        "1 binary is left out, being for other operating systems: on Linux Spack asks for the "
        "machine's C library (libc) instead, here glibc@2.39"
    ]


def test_what_nobody_tells_the_library_of_is_taken_by_system() -> None:
    tables, _ = graphcache.read("examples/pages")
    jammy = usable(tables, "rocblas@6:", "zen4", "ubuntu22.04", libc="glibc@2.35")
    assert {row["os"] for row in jammy.to_dicts()} == {"ubuntu22.04"}
    assert jammy.notes == [
        "Of 2 binaries it is not known what they need, and so not on which C library they were "
        "built: taken by os=ubuntu22.04"
    ]
    every = usable(tables, "rocblas@6:", "zen4", libc="glibc@2.35")
    assert len(every.rows) > len(jammy.rows)
    assert every.notes[0].endswith("taken whatever system they are for")


# The machine --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "glibc", "2.35", "glibc@", "glibc@2.3+x", "bionic@1", "@2"])
def test_what_is_no_library_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected a C library, as glibc@2\.35"):
        parse_libc(text)


def test_a_version_of_which_only_git_knows_the_place_is_not_decided() -> None:
    assert Libc("glibc", "2.35").runs(Libc("glibc", "git.abc")) is None


def test_this_machine_has_the_library_that_its_python_runs_by() -> None:
    libc = this_libc()
    assert libc is not None
    assert libc.name in ("glibc", "musl")
    assert libc.path in ("/", "/usr")
    assert libc.runs(libc)


def test_musl_tells_its_version() -> None:
    assert musl_version("musl libc (x86_64)\nVersion 1.2.5\nDynamic Program Loader\n") == "1.2.5"
    assert musl_version("ld.so (GNU libc)\nVersion 2.36\n") is None


def test_a_macos_that_spack_has_no_name_for_is_an_error() -> None:
    with pytest.raises(UsageError, match="macOS 99: say os"):
        macos_name("99")


# The command --------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder with a store of one binary of zlib-ng, for ubuntu20.04."""
    succeed("build", index_of(lock(FOCAL), tmp_path), "--quiet", cwd=tmp_path)
    return tmp_path


@pytest.mark.slow
def test_all_lists_what_is_not_taken_with_the_reason(store: Path) -> None:
    asked = ("usable", "zlib-ng", "--target", "zen3", "--libc", "glibc@2.28")
    assert run(*asked, "--format", "table", cwd=store).out == ""
    lines = run(*asked, "--all", "--format", "table", cwd=store).out.splitlines()
    assert lines[1].startswith("oojwi6e zlib-ng@2.3.3 ")
    assert lines[2] == "    not here: built on glibc@2.31"
    refused = run(*asked, "--all", "--paste", cwd=store)
    assert refused.out == ""


@pytest.mark.slow
def test_the_library_is_this_machines_if_nothing_else_is_said(store: Path) -> None:
    ended = run("usable", "zlib-ng", "--target", "zen3", "--format", "jsonl", cwd=store)
    assert ended.err.splitlines()[0] == f"for zen3, {this_libc()}; of this machine: {this_libc()}"
    of_system = run("usable", "zlib-ng", "--target", "zen3", "--os", "ubuntu20.04", cwd=store)
    assert of_system.err == ""


def test_the_libraries_of_the_graph_are_offered(store: Path) -> None:
    with graphcache.open_store(store / "graphcache.lbug") as opened:
        assert names(opened, "libc", "gl", most=3) == ["glibc@2.31"]
        assert look_up(opened, "libc", "glibc@2.31") == "glibc@2.31"
        with pytest.raises(UsageError, match=r"glibc@2\.32: no such C library in the graph"):
            look_up(opened, "libc", "glibc@2.32")
