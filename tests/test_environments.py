"""What of an environment a cache holds, what Spack could take beside that, and what differs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import run, succeed
from test_usable import TRUTH, cache_of, lock

from graphcache import Tables, read
from graphcache.analysis import coverage, usable
from graphcache.errors import UsageError
from graphcache.spack.libc import Libc

SITE = Path(__file__).parents[1] / "examples/site"
MY_ENV = SITE / "my-env/spack.lock.gz"


@pytest.fixture(scope="module")
def my_env() -> Tables:
    return read(MY_ENV)[0]


@pytest.fixture(scope="module")
def develop() -> Tables:
    return read(SITE / "develop")[0]


def environment(name: str) -> Tables:
    return read(TRUTH / f"{name}.spack.lock.gz")[0]


def by_package(answer: Any) -> dict[str, dict[str, Any]]:
    return {row["package"]: row for row in answer.to_dicts()}


# What could be taken ------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_could_be_taken_is_the_same_and_usable(my_env: Tables, develop: Tables) -> None:
    rows = coverage(my_env, develop, reuse=True).to_dicts()
    assert sum(row["held"] for row in rows) == 36
    taken = [row for row in rows if row["reuse"] and not row["held"]]
    assert len(taken) == 16
    specs = {s["hash"]: s for t in (my_env, develop) for s in t.nodes["Spec"].to_pylist()}
    listed = usable(develop, "@:", "x86_64_v3", libc=Libc("glibc", "2.34", "/usr"))
    fitting = {row["hash"] for row in listed.to_dicts()}
    for row in taken:
        mine, other = specs[row["hash"]], specs[row["reuse"]]
        assert (mine["name"], mine["version"]) == (other["name"], other["version"])
        assert set(mine["variants"]) <= set(other["variants"])
        assert row["reuse"] in fitting
        assert row["nearest"] == row["reuse"]
        assert row["below"]
    alike = {
        (s["name"], s["version"], tuple(s["variants"])): s["hash"]
        for s in develop.nodes["Spec"].to_pylist()
        if s["hash"] in fitting
    }
    for row in rows:
        mine = specs[row["hash"]]
        if row["reuse"] is None:
            assert (mine["name"], mine["version"], tuple(mine["variants"])) not in alike


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "libc", "taken"),
    [
        (None, None, 52),
        ("zen4", None, 52),
        ("x86_64", None, 36),
        (None, "glibc@2.28", 36),
        (None, "glibc@2.39", 52),
        (None, "musl@1.2.5", 36),
    ],
)
def test_what_could_be_taken_is_for_the_machine(
    target: str | None, libc: str | None, taken: int, my_env: Tables, develop: Tables
) -> None:
    rows = coverage(my_env, develop, reuse=True, target=target, libc=libc).to_dicts()
    assert sum(row["reuse"] is not None for row in rows) == taken


@pytest.mark.slow
def test_what_has_other_flags_is_not_taken(tmp_path: Path) -> None:
    """Flags that the environment asks for have to be there; others do no harm."""
    asked = coverage(environment("base"), cache_of(flagged(lock("base")), tmp_path), reuse=True)
    assert by_package(asked)["zlib-ng"]["reuse"] == "f" * 32
    lacking = cache_of(lock("base"), tmp_path)
    (tmp_path / "flags.spack.lock").write_text(lock_text(flagged(lock("base"))))
    row = by_package(coverage(read(tmp_path / "flags.spack.lock")[0], lacking, reuse=True))[
        "zlib-ng"
    ]
    assert row["reuse"] is None
    assert row["differs"] == ["flags: cflags=-O3 -> none"]


def flagged(nodes: dict[str, Any]) -> dict[str, Any]:
    """The specs with zlib-ng built with another flag, and so of another hash."""
    ((old, node),) = [(h, node) for h, node in nodes.items() if node["name"] == "zlib-ng"]
    text = json.dumps(
        {**nodes, old: {**node, "parameters": node["parameters"] | {"cflags": ["-O3"]}}}
    )
    found: dict[str, Any] = json.loads(text.replace(old, "f" * 32))
    return found


def lock_text(nodes: dict[str, Any]) -> str:
    roots = [{"hash": h, "spec": n["name"]} for h, n in nodes.items() if n["name"] == "curl"]
    meta = {"file-type": "spack-lockfile", "lockfile-version": 6, "specfile-version": 5}
    return json.dumps({"_meta": meta, "roots": roots, "concrete_specs": nodes})


# What differs -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_changed_recipe_is_told_apart_from_a_changed_dependency(tmp_path: Path) -> None:
    cache = cache_of(lock("base"), tmp_path)
    rows = by_package(coverage(environment("recipe_zlibng"), cache, reuse=True))
    changed = {name: row for name, row in rows.items() if not row["held"]}
    assert len(changed) == 13
    recipe = changed["zlib-ng"]["differs"]
    assert [text.partition(":")[0] for text in recipe] == ["recipe"]
    for name, row in changed.items():
        assert row["reuse"]
        if name != "zlib-ng":
            assert (row["differs"], row["below"]) == ([], [f"zlib-ng {recipe[0]}"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "package", "change"),
    [("zlibng", "zlib-ng", "2.2.4 -> 2.3.3"), ("perl", "perl", "5.40.2 -> 5.42.0")],
)
def test_the_dependency_is_told_that_makes_the_difference(
    name: str, package: str, change: str, tmp_path: Path
) -> None:
    rows = by_package(coverage(environment(name), cache_of(lock("base"), tmp_path)))
    changed = {name: row for name, row in rows.items() if not row["held"]}
    assert changed.pop(package)["differs"] == [f"version: {change}"]
    assert changed
    for row in changed.values():
        assert [text for text in row["below"] if text.startswith(f"{package} version: {change}")]
        assert row["differs"] == []


# Only some specs ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_only_the_specs_that_are_asked_for_are_held_against_the_cache(
    my_env: Tables, develop: Tables
) -> None:
    every = coverage(my_env, develop).rows
    some = coverage(my_env, develop, specs="hdf5~mpi py-h5py")
    assert some.rows == [row for row in every if row[0] in ("hdf5", "py-h5py")]
    none = coverage(my_env, develop, specs="hdf5+mpi")
    assert (none.rows, none.notes) == ([], ["No spec of the environment is as is asked."])
    with pytest.raises(UsageError, match="Did you mean hdf5"):
        coverage(my_env, develop, specs="hdf6")


# The command --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    succeed("build", SITE / "develop", "--release", "develop", "--quiet", cwd=folder)
    return folder


@pytest.mark.slow
def test_the_share_that_could_be_taken_is_told_and_the_exit_code_is_of_what_is_held(
    site: Path,
) -> None:
    asked = ("coverage", MY_ENV, "--reuse", "--format", "jsonl")
    ended = run(*asked, "--fail-under", "64", cwd=site)
    assert ended.code == 1
    assert ended.err.splitlines()[1:] == [
        "36 of 57 specs are held: 63.2 %",
        "52 of 57 could be taken by Spack, which decides for all specs together",
    ]
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert sum(row["reuse"] is not None for row in rows) == 52
    some = run(*asked, "--spec", "python", "--spec", "hdf5", cwd=site)
    assert some.err.splitlines()[0] == "0 of 2 specs are held: 0.0 %"


@pytest.mark.slow
def test_a_machine_without_reuse_is_an_error(site: Path) -> None:
    ended = run("coverage", MY_ENV, "--libc", "glibc@2.35", cwd=site)
    assert (ended.code, ended.out) == (2, "")
    assert "target and libc tell for which machine reuse is asked" in ended.err
