"""Questions to a lake: each answers as the query or verb of its name does of a store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest
from command_line import run
from lakes import ROOT

import graphcache
from graphcache.analysis import impact, why
from graphcache.answers import Answer
from graphcache.errors import GraphcacheError, LakeError, UsageError
from graphcache.lake import reaching
from graphcache.lake.adding import add
from graphcache.lake.asking import ask
from graphcache.lake.joining import join_lake
from graphcache.lake.slicing import build_slice
from graphcache.queries import load_library

pytestmark = pytest.mark.slow

SITE = ROOT / "examples/site"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake of a site's indexes and of pages, and a store of the same content."""
    folder = tmp_path_factory.mktemp("asking")
    for release in ("2026-09", "2026-10"):
        add(folder / "lake", SITE / release, release=release)
    add(folder / "lake", ROOT / "examples/pages")
    join_lake(folder / "lake")
    build_slice(folder / "store.lbug", folder / "lake")
    return folder


ASKED: list[tuple[str, dict[str, str]]] = [
    ("redundant-builds", {}),
    ("redundant-builds", {"release": "2026-09"}),
    ("stack-overlap", {}),
    ("stack-overlap", {"release": "develop"}),
    ("releases-diff", {"old": "2026-09", "new": "2026-10"}),
    ("releases-diff", {"old": "2026-10", "new": "develop"}),
    ("lifetimes", {}),
]


@pytest.mark.parametrize(("name", "values"), ASKED)
def test_a_query_answers_as_that_of_a_store(
    name: str, values: dict[str, str], folder: Path
) -> None:
    found = ask(folder / "lake", name, values.values())
    with graphcache.open_store(folder / "store.lbug") as store:
        expected = load_library()[name].run(store, values)
    assert found == expected
    assert found.rows
    few = ask(folder / "lake", name, values.values(), limit=1)
    assert few.rows == expected.rows[:1]
    assert few.more == (len(expected.rows) > 1)


def outcome(call: Callable[[], Answer]) -> Answer | str:
    try:
        return call()
    except GraphcacheError as error:
        return str(error)


@pytest.mark.parametrize(
    "words",
    [
        ["zlib-ng"],
        ["hdf5+mpi ^zlib-ng"],
        ["python@3.11:", "hdf5"],
        ["+mpi"],
        ["rocblas"],  # of which pages alone tell
        ["zlip-ng"],
        ["zlib-ng os=os2"],
        ["/zzzz"],
    ],
    ids=" ".join,
)
def test_impact_and_why_answer_as_of_a_store(words: list[str], folder: Path) -> None:
    with graphcache.open_store(folder / "store.lbug") as store:
        whole = store.tables()
    expected = [
        outcome(lambda: impact(whole, words)),
        outcome(lambda: impact(whole, words, None, "2026-09", "link,run")),
        outcome(lambda: why(whole, words)),
    ]
    lake = folder / "lake"
    assert expected == [
        outcome(lambda: reaching.impact(lake, words)),
        outcome(lambda: reaching.impact(lake, words, None, "2026-09", "link,run")),
        outcome(lambda: reaching.why(lake, words)),
    ]


def node(spec_hash: str, name: str, *needs: str) -> dict[str, object]:
    link = {"deptypes": ["link"], "virtuals": []}
    return {
        "name": name,
        "version": "1",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "parameters": {},
        "dependencies": [{"name": "n", "hash": need, "parameters": link} for need in needs],
        "hash": spec_hash,
    }


def test_a_cycle_has_an_end(tmp_path: Path) -> None:
    a, b, c = (letter * 32 for letter in "abc")
    nodes = [node(a, "a", b), node(b, "b", c), node(c, "c", a)]
    installs = {one["hash"]: {"spec": one, "in_buildcache": True} for one in nodes}
    index = json.dumps({"database": {"version": "8", "installs": installs}})
    file = tmp_path / "index.json"
    file.write_text(index)
    add(tmp_path / "lake", file, release="r", stack="s")
    join_lake(tmp_path / "lake")
    (row,) = reaching.impact(tmp_path / "lake", "a").to_dicts()
    assert (row["self"], row["direct"], row["transitive"]) == (1, 1, 1)


def test_too_little_memory_for_an_answer_is_said(folder: Path) -> None:
    with (
        patch.object(reaching, "_PER_SPEC", 10**9),
        pytest.raises(LakeError, match=r"the answer stands on [\d,]+ specs.* by --memory"),
    ):
        reaching.impact(folder / "lake", "zlib-ng")


def test_a_release_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no such release in .*Did you mean develop"):
        ask(folder / "lake", "redundant-builds", ["develp"])


def test_the_commands(folder: Path) -> None:
    def query(name: str, *more: str) -> str:
        ended = run("lake", "query", name, "lake", *more, cwd=folder)
        assert ended.code == 0
        return ended.out

    assert query("lifetimes").splitlines()[0] == "releases,specs,packages"
    assert len(query("redundant-builds", "--limit", "2").splitlines()) == 3
    assert query("stack-overlap", "--release", "2026-09").startswith("stack,other,")
    assert query("releases-diff", "--old", "2026-09", "--new", "2026-10").startswith("package,")
    assert query("impact", "zlib-ng", "--stack", "io").count("\nio,") == 2
    assert "hdf5@" in query("why", "zlib-ng", "--format", "table")
    ended = run("lake", "query", "lifetimes", "nothing", cwd=folder)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: nothing: expected a lake, found no graphcache-lake.json")
