"""What help says, and what `build` and `update` read and say, on real pages and on small ones.

`golden/cli/help` is written anew by `make golden`.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import oracle
import pytest
from command_line import Argument, assert_golden, run, succeed

from graphcache import Tables, open_store
from graphcache.cli.lake import lake, lake_query
from graphcache.cli.plot import plot
from graphcache.queries import load_library

COMMANDS = (
    *(
        "advisories",
        "build",
        "check",
        "completion",
        "coverage",
        "diff",
        "export",
        "fetch",
        "find",
        "impact",
        "lake",
        "plot",
        "prune-plan",
        "push",
        "query",
    ),
    *("rebuilds", "sbom", "schema", "serve", "stats", "unify", "update", "usable", "verify"),
    *("view", "why"),
)
PLOTS = tuple(f"plot {name}" for name in plot.commands)
LAKE = (
    *(f"lake {name}" for name in lake.commands),
    *(f"lake query {name}" for name in lake_query.commands),
)
QUERIES = load_library()
HASHES = "MATCH (s:Spec) RETURN s.hash ORDER BY s.hash"
TWO = oracle.page_text("zlib", records=[oracle.record("a" * 32), oracle.record("b" * 32)])
BAD = oracle.page_text(
    "zlib",
    records=[oracle.record("a" * 32), oracle.record("zz"), oracle.record("c" * 32, os="")],
    meta="{}",
)
BAD_REJECTS = [
    'page.md:6: spec_details[1].hash: expected 32 characters of a-z2-7, found "zz"',
    'page.md:6: spec_details[2].os: expected text of 1 to 1,000 characters, found ""',
]


def digest_of(store: Path) -> str:
    with open_store(store) as opened:
        return opened.describe().digest


def column(store: Path, cypher: str) -> list[object]:
    """The first column of an answer."""
    with open_store(store) as opened:
        return [row[0] for row in opened.query(cypher).rows]


# Help ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["", *COMMANDS, *PLOTS, *LAKE, *(f"query {name}" for name in QUERIES)]
)
def test_golden_help(command: str, tmp_path: Path) -> None:
    printed = succeed(*command.split(), "--help", cwd=tmp_path)
    assert "\n  Example:\n    " in printed
    assert_golden(f"help/{command.replace(' ', '-') or 'graphcache'}.txt", printed)


def test_all_commands_are_held_here(tmp_path: Path) -> None:
    listed = succeed("--help", cwd=tmp_path).partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)


def test_short_help_and_version(tmp_path: Path) -> None:
    assert succeed("-h", cwd=tmp_path) == succeed("--help", cwd=tmp_path)
    assert succeed("--version", cwd=tmp_path).startswith("graphcache, version 0.")


# Build --------------------------------------------------------------------------------------------


def as_folder(pages: Path, _: Path) -> list[Argument]:
    return [pages]


def as_tar(pages: Path, folder: Path) -> list[Argument]:
    with tarfile.open(folder / "pages.tar.gz", "w:gz") as archive:
        archive.add(pages, "pages")
    return ["pages.tar.gz"]


def as_all_of_them(pages: Path, folder: Path) -> list[Argument]:
    first, second, third, *others = pages.iterdir()
    (folder / "some").mkdir()
    shutil.copy(second, folder / "some")
    with zipfile.ZipFile(folder / "third.zip", "w") as archive:
        archive.write(third, third.name)
    return [first, "third.zip", "some", *others]


@pytest.mark.slow
@pytest.mark.parametrize("given", [as_folder, as_tar, as_all_of_them])
def test_build_reads_whatever_holds_pages(
    given: Callable[[Path, Path], list[Argument]],
    example_pages: Path,
    examples: Tables,
    tmp_path: Path,
) -> None:
    ended = run("build", *given(example_pages, tmp_path), cwd=tmp_path)
    assert (ended.code, ended.out) == (0, "graphcache.lbug: 216 records of 6 files\n")
    (warning,) = ended.err.splitlines()
    assert warning.startswith("Warning: ")
    assert warning.endswith("with other records: the two are joined")
    assert digest_of(tmp_path / "graphcache.lbug") == examples.digest()


@pytest.mark.slow
def test_build_reads_standard_input(example_pages: Path, examples: Tables, tmp_path: Path) -> None:
    as_tar(example_pages, tmp_path)
    archive = (tmp_path / "pages.tar.gz").read_bytes()
    assert succeed("build", "-", "-q", cwd=tmp_path, given=archive) == ""
    assert digest_of(tmp_path / "graphcache.lbug") == examples.digest()


@pytest.mark.slow
def test_the_store_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    env = {"GRAPHCACHE_STORE": "by-environment"}
    said = succeed("build", "-", cwd=tmp_path, given=TWO.encode(), env=env)
    assert said == "by-environment: 2 records of 1 file\n"
    succeed("build", "-", "--store", "by-option", cwd=tmp_path, given=TWO.encode(), env=env)
    assert sorted(os.listdir(tmp_path)) == ["by-environment", "by-option"]


@pytest.mark.slow
def test_as_names_the_release(tmp_path: Path) -> None:
    (tmp_path / "rejects.jsonl").write_text("of an earlier build")
    options = ("--as", "mine of 2026", "--rejects", "rejects.jsonl")
    succeed("build", "-", *options, cwd=tmp_path, given=TWO.encode())
    found = column(tmp_path / "graphcache.lbug", "MATCH (r:Release) RETURN r.name")
    assert found == ["mine of 2026"]
    assert (tmp_path / "rejects.jsonl").read_text() == ""


# Update -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_update_replaces_a_page(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(TWO)
    succeed("build", "page.md", cwd=tmp_path)
    newer = oracle.page_text("zlib", records=[oracle.record("b" * 32), oracle.record("c" * 32)])
    (tmp_path / "page.md").write_text(newer)
    said = succeed("update", "page.md", cwd=tmp_path)
    assert said == "graphcache.lbug: 2 records of 1 file, 1 spec listed no more\n"
    assert column(tmp_path / "graphcache.lbug", HASHES) == ["b" * 32, "c" * 32]
    before = (tmp_path / "graphcache.lbug").read_bytes()
    said = succeed("update", "page.md", cwd=tmp_path)
    assert said == "graphcache.lbug: nothing new: 1 file unchanged\n"
    assert (tmp_path / "graphcache.lbug").read_bytes() == before
    (tmp_path / "page.md").write_text(BAD)
    ended = run("update", "page.md", "-q", cwd=tmp_path)
    assert (ended.code, ended.out, ended.err) == (3, "", "")
    hashes = column(tmp_path / "graphcache.lbug", HASHES)
    assert hashes == ["a" * 32, "b" * 32, "c" * 32], "a page with rejects removes nothing"


# Rejects ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_rejects_are_said_and_listed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(BAD)
    ended = run("build", "page.md", "--rejects", "rejects.jsonl", cwd=tmp_path)
    assert (ended.code, ended.out) == (3, "graphcache.lbug: 1 record of 1 file, 2 rejects\n")
    assert ended.err.splitlines() == [f"Rejected: {reject}" for reject in BAD_REJECTS]
    listed = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    expected = [
        {"file": "page.md", "line": 6, "field": field, "why": why, "record": True}
        for field, why in (reject.split(": ", 2)[1:] for reject in BAD_REJECTS)
    ]
    assert listed == expected
    assert column(tmp_path / "graphcache.lbug", HASHES) == ["a" * 32]


@pytest.mark.slow
def test_a_build_of_nothing_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(TWO)
    succeed("build", "page.md", cwd=tmp_path)
    before = (tmp_path / "graphcache.lbug").read_bytes()
    (tmp_path / "page.md").write_text("")
    for command in ("build", "update"):
        ended = run(command, "page.md", "--rejects", "rejects.jsonl", cwd=tmp_path)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines() == [
            "Error: page.md: nothing of a Spack build cache could be read",
            "  page.md: the file is empty",
        ]
        (reject,) = (tmp_path / "rejects.jsonl").read_text().splitlines()
        assert json.loads(reject)["why"] == "the file is empty"
    assert (tmp_path / "graphcache.lbug").read_bytes() == before


@pytest.mark.parametrize("command", ["build", "update", "fetch"])
@pytest.mark.parametrize("place", ["there.lbug", "new.lbug", "link", "page.md"])
def test_rejects_are_not_written_over_what_is_read_or_made(
    tmp_path: Path, command: str, place: str, example_store: Path
) -> None:
    (tmp_path / "page.md").write_text(BAD)
    shutil.copy(example_store, tmp_path / "there.lbug")
    (tmp_path / "link").symlink_to("there.lbug")
    store = "new.lbug" if place == "new.lbug" else "there.lbug"
    release = ["--release", "r"] if command == "fetch" else []
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    ended = run(command, "page.md", "--store", store, "--rejects", place, *release, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    lost = "page.md" if place == "page.md" else store
    assert ended.err == f"Error: --rejects: {lost} would be lost: give another path\n"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
def test_many_rejects_are_cut_unless_all_are_asked_for(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "good.md").write_text(TWO)
    (pages / "notes.txt").write_text("no page")
    for number in range(25):
        (pages / f"{number:02}.md").write_text("")
    rejected = [f"Rejected: pages/{number:02}.md: the file is empty" for number in range(25)]
    ended = run("build", "pages", cwd=tmp_path)
    assert ended.code == 3
    assert ended.out == ("graphcache.lbug: 2 records of 1 file, 25 rejects, 1 other file skipped\n")
    more = "… and 5 more rejects; --verbose lists all"
    assert ended.err.splitlines() == [*rejected[:20], more]
    ended = run("build", "pages", "--verbose", cwd=tmp_path)
    said = [line for line in ended.err.splitlines() if " graphcache." not in line]
    assert said == [*rejected, "Skipped: pages/notes.txt: not Spack's"]
