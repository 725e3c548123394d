"""The whole history as a lake: what is in it, that every engine joins it alike, and accidents."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import filelock
import polars
import pyarrow.parquet as pq
import pytest
from conftest import tries
from hypothesis import given
from lakes import (
    SETS,
    History,
    Load,
    assert_same,
    histories,
    join_warnings,
    rejects_of,
    tables_of,
    warnings_of,
)

import graphcache
from graphcache.errors import InputError, LakeError, UsageError
from graphcache.lake import EngineName, increments
from graphcache.lake.adding import add
from graphcache.lake.describing import describe, verify
from graphcache.lake.joining import choose, join_lake
from graphcache.lake.lake import Lake
from graphcache.lake.listing import LIST, Listing, PartFile, Partition
from graphcache.lake.places import Place
from graphcache.lake.slicing import build_slice
from graphcache.stores.embedded.store import EmbeddedStore

ENGINES: list[EngineName] = ["pyarrow", "duckdb"]


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of the real pages, joined, which no test changes."""
    path = tmp_path_factory.mktemp("joined") / "lake"
    add(path, *SETS["pages"])
    join_lake(path)
    return path


@pytest.fixture
def lake(joined: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return shutil.copytree(joined, tmp_path / "lake")


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# Equal to build -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_every_engine_makes_the_graph_of_build(name: str, tmp_path: Path) -> None:
    path = tmp_path / "lake"
    added = add(path, *SETS[name])
    expected, report = graphcache.read(*SETS[name])
    assert (added.report.records, added.report.kept) == (report.records, report.kept)
    assert rejects_of(path) == report.rejects
    assert describe(path).facts["skipped"] == len(report.skipped)
    for engine in ENGINES:
        joining = join_lake(path, engine, everything=True)
        assert joining.joined.digest == expected.digest()
        assert_same(tables_of(path), expected)
        assert warnings_of(path) == report.warnings
    assert verify(path).problems == []


@tries(4)
@given(histories())
@pytest.mark.slow
def test_what_contradicts_itself_is_joined_alike(
    tmp_path_factory: pytest.TempPathFactory, loads: list[Load]
) -> None:
    history = History(tmp_path_factory.mktemp("history"))
    for load in loads:
        history.add(load)
    expected, warnings = history.expected()
    for engine in ENGINES:
        join_lake(history.lake, engine, everything=True)
        assert_same(tables_of(history.lake), expected)
        assert join_warnings(history.lake) == warnings


@tries(5)
@given(histories())
@pytest.mark.slow
def test_a_join_of_what_is_new_is_a_join_of_all(
    tmp_path_factory: pytest.TempPathFactory, loads: list[Load]
) -> None:
    history = History(tmp_path_factory.mktemp("history"))
    with patch.object(increments, "_LARGEST", 1e9):  # or all would be joined, of so few specs
        for load in loads:
            history.add(load)
            joining = join_lake(history.lake, "duckdb")
            expected, warnings = history.expected()
            assert_same(tables_of(history.lake), expected)
            assert join_warnings(history.lake) == warnings
            assert joining.joined.digest == expected.digest()
            assert join_lake(history.lake).touched == 0
    assert joining.touched is not None or len(loads) == 1


def test_the_engine_is_chosen_by_size() -> None:
    def listing(specs: int) -> Listing:
        file = PartFile("facts/spec/x", specs, 0, "")
        return Listing(partitions=[Partition("r", None, "a", {"spec": [file]})])

    assert choose(listing(10), "auto", 10**9)[0] == "pyarrow"
    engine, why = choose(listing(3_000_000), "auto", 10**9)
    assert (engine, why) == (
        "duckdb",
        "duckdb: the join in memory takes about 3.0 GB, and 1.0 GB are allowed",
    )
    assert choose(listing(3_000_000), "pyarrow", 10**9)[0] == "pyarrow"


@pytest.mark.parametrize("memory", ["", "4", "GB", "-1GB", "4 XB", "nanGB"])
def test_a_memory_that_is_no_size_is_refused(memory: str, lake: Path) -> None:
    with pytest.raises(UsageError, match="expected a size, such as 4GB"):
        join_lake(lake, "duckdb", memory)


# What others read ---------------------------------------------------------------------------------


def test_other_tools_read_it_as_it_is(lake: Path) -> None:
    rows = duckdb.read_parquet(f"{lake}/facts/spec/*/*.parquet", hive_partitioning=True)
    found = rows.aggregate("release, count(*)").fetchall()
    facts = polars.scan_parquet(f"{lake}/facts/spec/", hive_partitioning=True).collect()
    counts = Counter(facts["release"].to_list())
    assert dict(found) == dict(counts)
    assert sum(counts.values()) == 216
    (specs,) = (lake / "tables/Spec").iterdir()
    assert pq.read_table(specs).num_rows == 216


ODD = ["a/b", "..", "über mäßig", "x=1%20", "*", "__x", " "]


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_a_release_may_have_any_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "lake"
    add(path, *SETS["pages"], release=name)
    expected, _ = graphcache.read(*SETS["pages"], release=name)
    assert join_lake(path).joined.digest == expected.digest()
    assert not [one for one in files_below(tmp_path) if not one.startswith("lake/")]
    found = polars.scan_parquet(f"{path}/facts/spec/", hive_partitioning=True).collect()
    assert set(found["release"].to_list()) == {name}


@pytest.mark.parametrize("name", ["__HIVE_DEFAULT_PARTITION__", "ä" * 200])
def test_a_release_that_no_folder_can_be_called_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a name that a folder can have"):
        add(tmp_path / "lake", *SETS["pages"], release=name)
    assert not (tmp_path / "lake").exists()


# Adding again -------------------------------------------------------------------------------------


def test_adding_again_changes_nothing(lake: Path) -> None:
    before, digest = len(files_below(lake)), describe(lake).joined
    added = add(lake, *SETS["pages"])
    assert added.replaced == added.releases
    assert join_lake(lake).joined.digest == (digest or {})["digest"]
    assert len(files_below(lake)) == before
    assert len(describe(lake).adds) == 1


@pytest.mark.slow
def test_a_stack_is_a_partition_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "lake"
    one, two = (file for file in SETS["locks"])
    add(path, one, release="r", stack="one")
    add(path, two, release="r", stack="two")
    add(path, one, release="r", stack="one")
    assert [(p["release"], p["stack"]) for p in describe(path).releases] == [
        ("r", "one"),
        ("r", "two"),
    ]
    both, _ = graphcache.read(one, release="r", stack="one")
    join_lake(path)
    found = tables_of(path)
    assert found.nodes["Stack"]["name"].to_pylist() == ["one", "two"]
    assert found.node_counts()["Spec"] > both.node_counts()["Spec"]


def test_what_could_not_be_read_goes_when_what_was_read_with_it_is_read_again(
    tmp_path: Path,
) -> None:
    path, page = tmp_path / "lake", tmp_path / "pages/bad.md"
    page.parent.mkdir()
    good = next(SETS["pages"][0].glob("rocblas*"))
    (page.parent / good.name).write_bytes(good.read_bytes())
    page.write_bytes(b"")
    assert add(path, page.parent).report.rejected == 1
    assert [reject.why for reject in rejects_of(path)] == ["the file is empty"]
    page.unlink()
    add(path, page.parent)
    assert rejects_of(path) == []


def test_tables_older_than_the_facts_are_not_shown_as_the_newest(lake: Path) -> None:
    add(lake, *SETS["locks"])
    with pytest.raises(LakeError, match="its facts are newer than its tables"):
        Lake.open(lake).tables()
    assert describe(lake).to_join == 1


# Slices -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_release_becomes_the_store_that_build_makes(tmp_path: Path) -> None:
    path, site = tmp_path / "lake", SETS["indexes"][0]
    for release in ("2026-09", "2026-10"):
        add(path, site / release, release=release)
    build_slice(tmp_path / "slice.lbug", path, "2026-10")
    graphcache.build_store(tmp_path / "built.lbug", site / "2026-10", release="2026-10")
    with (
        EmbeddedStore(tmp_path / "slice.lbug") as found,
        EmbeddedStore(tmp_path / "built.lbug") as expected,
    ):
        assert found.describe().digest == expected.describe().digest
        assert found.said().num_rows == expected.said().num_rows
    # Which files it holds it knows too, so that an update does not read them again.
    report = graphcache.update_store(tmp_path / "slice.lbug", site / "2026-10", release="2026-10")
    assert (report.files, report.unchanged) == (0, 6)


@pytest.mark.slow
def test_a_stack_becomes_a_store_with_all_that_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "lake"
    one, two = SETS["locks"]
    add(path, one, release="r", stack="one")
    add(path, two, release="r", stack="two")
    sliced = build_slice(tmp_path / "slice.lbug", path, "r", "one")
    expected, _ = graphcache.read(one, release="r", stack="one")
    assert_same(sliced.tables, expected)


@pytest.mark.slow
def test_a_stack_of_pages_has_no_other_stack(lake: Path, tmp_path: Path) -> None:
    sliced = build_slice(tmp_path / "slice.lbug", lake, "develop", "e4s")
    whole, _ = graphcache.read(*SETS["pages"])
    edges = whole.edges["IN_STACK"].to_pylist()
    expected = {e["from"] for e in edges if e["to"] == "e4s" and "develop" in e["releases"]}
    assert set(sliced.tables.nodes["Spec"]["hash"].to_pylist()) == expected
    assert sliced.tables.nodes["Stack"]["name"].to_pylist() == ["e4s"]


@pytest.mark.parametrize(
    ("release", "stack", "why"),
    [("develp", None, "no such release in the lake. Did you mean develop or "),
     ("develop", "e5s", "no such stack in that part of the lake. Did you mean e4s?")],
)  # fmt: skip
def test_a_slice_of_what_is_not_there(
    release: str, stack: str | None, why: str, lake: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=why.replace("?", r"\?")):
        build_slice(tmp_path / "slice.lbug", lake, release, stack)
    assert not (tmp_path / "slice.lbug").exists()


# Accidents ----------------------------------------------------------------------------------------


def test_nothing_to_read_leaves_no_lake(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        add(tmp_path / "lake", tmp_path / "empty")
    assert not files_below(tmp_path / "lake") - {".graphcache-lake.lock"}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(LakeError, match="found one without graphcache-lake"):
        add(tmp_path, *SETS["pages"])
    with pytest.raises(LakeError, match="expected a lake, found no graphcache-lake"):
        join_lake(tmp_path)
    assert files_below(tmp_path) - {".graphcache-lake.lock"} == {"data.parquet"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"layout": 0}', "a lake of layout 0: this graphcache has layout 1"),
        ('{"layout": 1, "x": 1}', "damaged: Object contains unknown field `x`"),
        ('{"layout": 1, "generation":', "damaged: Input data was truncated"),
        ("", "damaged: Input data was truncated"),
    ],
)
def test_a_list_of_another_layout_or_damaged(text: str, why: str, lake: Path) -> None:
    (lake / LIST).write_text(text)
    for call in (lambda: join_lake(lake), lambda: add(lake, *SETS["pages"]), lambda: verify(lake)):
        with pytest.raises(LakeError) as caught:
            call()
        assert why in str(caught.value)
        assert "makes" in str(caught.value)


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "lost":
        file.unlink()
    elif how == "cut":
        file.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


@pytest.mark.parametrize("how", ["lost", "cut", "changed"])
@pytest.mark.parametrize("folder", ["facts/spec", "facts/said", "tables/Spec", "tables/IN_STACK"])
def test_a_file_that_is_lost_or_damaged_is_named(how: str, folder: str, lake: Path) -> None:
    file = next((lake / folder).rglob("*.parquet"))
    damage(file, how)
    (problem,) = verify(lake).problems
    again = "add" if folder.startswith("facts") else "join --all"
    assert problem.startswith(f"{file}: lost or damaged: ")
    assert f"; 'graphcache lake {again}' " in problem


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", ["lost", "cut"])
def test_a_join_of_a_damaged_file_leaves_the_tables(
    engine: EngineName, how: str, lake: Path
) -> None:
    before, tables = files_below(lake), describe(lake).joined
    file = next((lake / "facts/said").rglob("*.parquet"))
    damage(file, how)
    with pytest.raises(LakeError, match=f"{file.name}.*lost or damaged"):
        join_lake(lake, engine, everything=True)
    assert files_below(lake) - {LIST} == before - {LIST} - (
        {str(file.relative_to(lake))} if how == "lost" else set()
    )
    assert describe(lake).joined == tables


def test_a_second_writer_is_told_so(lake: Path) -> None:
    with filelock.FileLock(lake / ".graphcache-lake.lock"):
        for call in (lambda: join_lake(lake), lambda: add(lake, *SETS["pages"])):
            with pytest.raises(LakeError, match="another graphcache is writing it"):
                call()


def test_a_writer_that_no_lock_keeps_away_is_noticed(lake: Path) -> None:
    opened, other = Lake.open(lake), Lake.open(lake)
    other.commit(other.listing)
    with pytest.raises(LakeError, match="has changed it meanwhile: try again"):
        opened.commit(opened.listing)


def test_what_a_killed_process_left_is_no_part_of_it_and_goes(lake: Path) -> None:
    left = lake / "facts/spec/release=develop/0123-00001.parquet"
    left.write_bytes(b"half a fi")
    step = lake / "work/0123/needs/.part-00000.parquet.crc"
    step.parent.mkdir(parents=True)
    step.write_bytes(b"crc")
    joined = join_lake(lake, everything=True).joined
    assert joined.digest == graphcache.read(*SETS["pages"])[0].digest()
    assert not left.exists()
    assert not (lake / "work").exists()


def test_what_was_left_before_there_was_a_list_is_no_hindrance(tmp_path: Path) -> None:
    left = tmp_path / f"facts/spec/release=develop/{'0' * 16}-00001.parquet"
    left.parent.mkdir(parents=True)
    for file in (left, tmp_path / f"{LIST}.new"):
        file.write_bytes(b"half a fi")
    add(tmp_path, *SETS["pages"])
    assert not left.exists()
    assert verify(tmp_path).problems == []


@pytest.mark.slow
@pytest.mark.parametrize("work", ["add", "join"])
@pytest.mark.parametrize("after", ["replace", "remove"])
def test_an_interrupt_behind_the_new_list_leaves_all_that_it_names(
    work: str, after: str, lake: Path
) -> None:
    """Who presses Ctrl-C then has the new content, and cleaning up must not take it for left."""
    done = getattr(Place, after)

    def interrupted(*arguments: Any) -> None:
        patched.stop()
        done(*arguments)
        raise KeyboardInterrupt

    patched = patch.object(Place, after, interrupted)
    patched.start()
    with pytest.raises(KeyboardInterrupt):
        add(lake, *SETS["pages"]) if work == "add" else join_lake(lake, everything=True)
    assert verify(lake).problems == []
    join_lake(lake)
    assert verify(lake).digest == graphcache.read(*SETS["pages"])[0].digest()


KILL = """
import os, signal, sys
from graphcache.lake import places
from graphcache.lake import EngineName, increments
from graphcache.lake.adding import add
from graphcache.lake.joining import join_lake
write, left = places.Place.write, [int(sys.argv[3])]
def count(self, name, data):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    write(self, name, data)
places.Place.write = count
if sys.argv[2] == "join":
    join_lake(sys.argv[1], everything=True)
else:
    add(sys.argv[1], sys.argv[2])
"""


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("what", ["join", str(SETS["locks"][0])])
def test_a_kill_at_any_write_leaves_the_old_content(what: str, lake: Path) -> None:
    old = describe(lake)
    for after in (0, 2, 4):
        command = [sys.executable, "-c", KILL, str(lake), what, str(after)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert describe(lake) == old
        assert verify(lake).problems == []
    join_lake(lake, everything=True)
    assert files_below(lake) - {LIST, ".graphcache-lake.lock"} == {
        file.path for file in Lake.open(lake).listing.files()
    }


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
from graphcache.cli.main import main
sys.argv[0] = "graphcache"
main()
"""


@pytest.mark.process
@pytest.mark.parametrize("command", ["add", "join"])
def test_no_room_leaves_the_old_content_and_says_so(command: str, lake: Path) -> None:
    old, files = describe(lake), files_below(lake)
    more = [str(SETS["indexes"][0])] if command == "add" else ["--engine", "duckdb", "--all"]
    line = [sys.executable, "-c", FULL, "lake", command, str(lake), *more]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: {lake}: ")
    assert "unchanged" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert describe(lake) == old
    assert files_below(lake) == files
