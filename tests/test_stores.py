"""The embedded store: the contract, what it gives and refuses, and that it survives accidents."""

from __future__ import annotations

import gc
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import oracle
import pytest
from command_line import feed
from conftest import WriteSnapshot, within
from graphs import put_store
from small_disks import OWN_MOUNTS, can_mount
from store_contract import SECONDS as ENOUGH
from store_contract import StoreContract, assert_gives

from graphcache import (
    QueryError,
    Store,
    StoreError,
    Tables,
    UsageError,
    build_store,
    open_store,
    read,
    update_store,
)
from graphcache.stores.embedded import store as store_module
from graphcache.stores.embedded import write
from graphcache.stores.embedded.places import store_lock
from graphcache.stores.embedded.seal import check_seal, seal
from graphcache.stores.embedded.store import EmbeddedStore, verify_store

PAGE = oracle.page_text("zlib", records=[oracle.record("a" * 32), oracle.record("b" * 32)])


@pytest.fixture(scope="module")
def built(
    example_pages: Path, legacy_pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A store of the real pages, which no test changes."""
    path = tmp_path_factory.mktemp("built") / "store.lbug"
    build_store(path, example_pages, legacy_pages)
    return path


@pytest.fixture(scope="module")
def store(built: Path) -> Iterator[Store]:
    with open_store(built) as opened:
        yield opened


@pytest.fixture(scope="module")
def given(example_pages: Path, legacy_pages: Path) -> Tables:
    return read(example_pages, legacy_pages)[0]


@pytest.fixture(scope="module")
def made_pages(write_snapshot: WriteSnapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_snapshot(folder, records=6_000, pages=40, releases=2)
    return folder


@pytest.fixture
def old(built: Path, tmp_path: Path) -> Path:
    """A store of the real pages, alone in a folder, to be harmed."""
    folder = tmp_path / "old"
    folder.mkdir()
    return Path(shutil.copy(built, folder / "store.lbug"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python(code: str, *arguments: Any, **options: Any) -> subprocess.Popen[str]:
    """Start Python code in a process of its own."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, **options)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How the process ended, and what it said on both streams."""
    out, err = process.communicate(timeout=ENOUGH)
    return process.returncode, out + err


def said_of(process: subprocess.Popen[str], number: int | None = None) -> int:
    """The next number that the process says, of a number that it is told."""
    assert process.stdin is not None
    assert process.stdout is not None
    if number is not None:
        print(number, file=process.stdin, flush=True)
    return int(process.stdout.readline())


def assert_same(found: Tables, expected: Tables) -> None:
    for name, table in [*expected.nodes.items(), *expected.edges.items()]:
        assert (found.nodes | found.edges)[name].equals(table), name
    assert found.digest() == expected.digest()


class TestContract(StoreContract):
    """An embedded store."""


# What goes in comes out ---------------------------------------------------------------------------


def test_tables_come_back_as_they_were_given(store: Store, given: Tables) -> None:
    assert_same(store.tables(), given)
    assert given.node_counts()["Spec"] == 218


def test_describe(store: Store, given: Tables, example_pages: Path, legacy_pages: Path) -> None:
    said = store.describe()
    (load,) = said.loads
    assert (load.command, load.sources) == ("build", [str(example_pages), str(legacy_pages)])
    counts = load.files, load.unchanged, load.records, load.rejects
    assert (counts, load.digest) == ((8, 0, 218, 0), said.digest)
    made = datetime.fromisoformat(load.time)
    assert timedelta(0) <= datetime.now().astimezone() - made < timedelta(hours=1)


@pytest.mark.slow
def test_an_update_is_a_load_more(old: Path, tmp_path: Path, example_pages: Path) -> None:
    page = tmp_path / "zlib.md"
    page.write_text(PAGE)
    report = update_store(old, page, example_pages)
    assert (report.files, report.unchanged, report.kept) == (1, 6, 2)
    with open_store(old) as opened:
        said, tables = opened.describe(), opened.tables()
    assert [load.command for load in said.loads] == ["build", "update"]
    assert said.nodes["Spec"] == tables.node_counts()["Spec"] == 220
    assert said.digest == said.loads[-1].digest == tables.digest() == verify_store(old)
    assert os.listdir(old.parent) == ["store.lbug"]


@pytest.mark.slow
def test_an_update_with_nothing_new_leaves_the_file(old: Path, example_pages: Path) -> None:
    before = old.stat()
    assert update_store(old, example_pages).unchanged == 6
    assert old.stat() == before or old.stat().st_ino == before.st_ino


def test_an_update_needs_a_store(tmp_path: Path, example_pages: Path) -> None:
    with pytest.raises(StoreError, match="there is no store: make one by graphcache"):
        update_store(tmp_path / "none.lbug", example_pages)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_store_without_a_spec_is_a_store(tmp_path: Path) -> None:
    path = tmp_path / "store.lbug"
    page = tmp_path / "page.md"
    page.write_text(oracle.page_text("zlib", records=[]))
    build_store(path, page)
    with open_store(path) as opened:
        assert_same(opened.tables(), Tables.empty())
        assert set(opened.describe().nodes.values()) == {0}
        assert opened.describe().releases == {}


@pytest.mark.slow
def test_more_rows_than_the_pool_is_for_get_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Tables
) -> None:
    """In a pool of the bytes that are set here, LadybugDB could write none."""
    monkeypatch.setattr("graphcache.stores.embedded.write._LARGE", 1)
    monkeypatch.setattr("graphcache.stores.embedded.write._POOL", 1)
    put_store(tmp_path / "store.lbug", given)
    assert verify_store(tmp_path / "store.lbug") == given.digest()


# What a script adds -------------------------------------------------------------------------------


@pytest.fixture
def scripted(tmp_path: Path) -> Path:
    """A store of one page, with properties of every type that a script may add."""
    page = tmp_path / "zlib.md"
    page.write_text(PAGE)
    graph = read(page)[0].to_networkx()
    for number, letter in enumerate("ab"):
        graph.nodes["Spec", letter * 32].update(
            rank=number / 3,
            depth=number + 1,
            note=f"é\n'`{letter}",
            checked=letter == "a",
            words=["x", letter],
            counts=[number, 2],
            shares=[0.5, number / 7],
        )
        edge = ("Spec", letter * 32), ("Stack", "e4s"), "IN_STACK"
        graph.edges[edge].update({"weight": number + 0.25, "a `strange` name": letter})
    graph.nodes["Spec", "a" * 32]["only here"] = "x"
    path = tmp_path / "store.lbug"
    put_store(path, Tables.from_networkx(graph))
    assert_same(open_tables(path), Tables.from_networkx(graph))
    return path


def open_tables(path: Path) -> Tables:
    with open_store(path) as opened:
        return opened.tables()


def test_added_properties_can_be_asked_for(scripted: Path) -> None:
    spec = "MATCH (s:Spec {hash: $hash}) RETURN "
    names = ("rank", "depth", "note", "checked", "words", "counts", "shares", "`only here`")
    with open_store(scripted) as opened:
        columns = ", ".join(f"s.{name}" for name in names)
        answer = opened.query(spec + columns, {"hash": "b" * 32})
        assert answer.rows == [(1 / 3, 2, "é\n'`b", False, ["x", "b"], [1, 2], [0.5, 1 / 7], None)]
        edge = opened.query("MATCH ()-[x:IN_STACK]->() RETURN sum(x.weight)")
        assert edge.rows == [(1.5,)]
        strange = "MATCH ()-[x:IN_STACK]->() RETURN x.`a ``strange`` name` AS n ORDER BY n"
        assert opened.query(strange.replace("``", "`" * 2)).rows == [("a",), ("b",)]


@pytest.mark.slow
def test_added_properties_outlive_an_update(scripted: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.md"
    records = [oracle.record("a" * 32), oracle.record("c" * 32)]
    newer.write_text(oracle.page_text("zlib", records=records))
    before = open_tables(scripted)
    update_store(scripted, newer)
    after = open_tables(scripted)
    assert after.nodes["Spec"].schema == before.nodes["Spec"].schema
    assert after.edges["IN_STACK"].schema == before.edges["IN_STACK"].schema
    stays, comes = after.nodes["Spec"].to_pylist()
    assert stays == before.nodes["Spec"].to_pylist()[0]
    assert comes["hash"] == "c" * 32
    assert comes["rank"] is comes["words"] is comes["only here"] is None
    assert after.edges["IN_STACK"]["weight"].to_pylist() == [0.25, None]
    assert verify_store(scripted) == after.digest()


# Asking -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast('3.00' AS DECIMAL(5, 2))", 3),
        ("cast('3.25' AS DECIMAL(5, 2))", 3.25),
        ("[cast('1' AS DECIMAL(5, 2)), cast('1.5' AS DECIMAL(5, 2))]", [1, 1.5]),
        ("timestamp('2025-03-30 12:30:00')", datetime(2025, 3, 30, 12, 30)),
        ("interval('3 days')", timedelta(days=3)),
        ("toString(1.5)", "1.500000"),
    ],
)
def test_values_of_its_own_are_plain_python(store: Store, expression: str, value: Any) -> None:
    assert_gives(store, expression, value)


HEAVY = {
    "in the store": "MATCH (a:Spec), (b:Spec), (c:Spec), (d:Spec) "
    "WHERE a.name + b.name = c.name + d.hash RETURN count(*)",
    "in its rows": "MATCH (a:Spec), (b:Spec), (c:Spec) RETURN a.hash, b.hash, c.hash",
}


@pytest.mark.slow
@pytest.mark.parametrize("cypher", HEAVY.values(), ids=HEAVY)
def test_a_query_ends_at_its_time_limit(store: Store, cypher: str) -> None:
    def ask() -> None:
        with pytest.raises(QueryError) as caught:
            store.query(cypher, timeout=0.5)
        assert str(caught.value) == (
            "it took longer than 0.5 seconds: narrow it, or raise the timeout"
        )

    within(ENOUGH, ask)
    assert store.query("MATCH (s:Spec) RETURN count(*)", timeout=60).rows == [(218,)]


@pytest.mark.slow
def test_a_query_of_a_small_store_has_little_memory(
    example_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs more is said, and the store is asked on; here it has less than it needs."""
    cypher = "MATCH (a:Spec), (b:Spec), (c:Spec) RETURN size(collect(a.hash + b.hash + c.hash))"
    monkeypatch.setattr(store_module, "_POOL", 64 * 2**20)
    with open_store(example_store) as store:
        with pytest.raises(QueryError, match=r"^it needs more memory than there is: narrow it$"):
            store.query(cypher)
        assert store.query("MATCH (s:Spec) RETURN count(*)").rows == [(216,)]


@pytest.mark.parametrize("timeout", [5, 60, 10**12, 1e300, math.inf])
def test_any_time_above_zero_is_a_limit(store: Store, timeout: float) -> None:
    assert store.query("RETURN 1", timeout=timeout).rows == [(1,)]


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_no_time_is_no_limit(store: Store, timeout: float) -> None:
    with pytest.raises(UsageError, match=r"^timeout: expected a number of seconds above 0, found"):
        store.query("RETURN 1", timeout=timeout)


@pytest.mark.parametrize(
    ("cypher", "said"),
    [
        ("", "the query is empty"),
        ("MATCH (s:Spec) RETURN s; MATCH (s:Spec) RETURN s", "expected one statement"),
        ("MATCH (s:Spec) RETURN s.name LIMIT 1; DROP TABLE Spec", "expected one statement"),
        ("CREATE (:Package {name: 'x'})", "a query only reads"),
        ("COPY (MATCH (s:Spec) RETURN s.hash) TO 'out.csv'", "a query only reads"),
        ("EXPORT DATABASE 'out'", "a query only reads"),
        ("INSTALL httpfs", "a query only reads"),
        ("LOAD EXTENSION httpfs", "a query only reads"),
        ("CHECKPOINT", "a query only reads"),
        ("EXPLAIN EXPORT DATABASE 'out'", "a query only reads"),
        ("PROFILE COPY (MATCH (s:Spec) RETURN s.hash) TO 'out.csv'", "a query only reads"),
        ("UNWIND ['x'] AS n CREATE (:Package {name: n})", "this one writes: nothing was changed"),
        ("MATCH (s:Spec) CREATE (:Package {name: s.hash})", "this one writes: nothing was ch"),
        ("MATCH (s:Spec) SET s.version = '1'", "this one writes: nothing was changed"),
        ("MATCH (s:Spec) DETACH DELETE s", "this one writes: nothing was changed"),
        ("MATCH (s:Spec) MERGE (:Package {name: s.hash})", "this one writes: nothing was changed"),
        ("PROFILE MATCH (s:Spec) SET s.version = '1'", "this one writes: nothing was changed"),
        ("MATCH (s:Spec RETURN s", "Parser exception: Invalid input"),
        ("RETURN 1 +", "Parser exception: Invalid input"),
        ("MATCH (s:Speck) RETURN s", "no node type Speck: did you mean Spec"),
        ("MATCH (s:Spec) RETURN s.colour", "no property colour of Spec: expected hash, name, "),
        ("RETURN nothing(1)", "Catalog exception: function NOTHING does not exist"),
        ("RETURN $missing", "the query needs $missing: give it as a parameter, missing=VALUE"),
        ("UNWIND range(1, 1000000000000) AS x RETURN sum(x)", "it needs more memory than there"),
    ],
)
def test_what_does_not_read_is_refused_and_writes_nothing(
    built: Path,
    store: Store,
    cypher: str,
    said: str,
    here: Path,
) -> None:
    before = built.read_bytes()
    with pytest.raises(QueryError) as caught:
        store.query(cypher)
    assert said in str(caught.value)
    assert not list(here.iterdir())
    assert built.read_bytes() == before
    assert os.listdir(built.parent) == ["store.lbug"]
    assert store.query("MATCH (s:Spec) RETURN count(*)").rows == [(218,)]


@pytest.mark.parametrize("value", [object(), [1, "a"], [[1], ["a"]], {1, 2}, b"\xff"])
def test_a_parameter_that_it_does_not_take_is_refused(store: Store, value: Any) -> None:
    with pytest.raises(QueryError):
        store.query("RETURN $x + 1", {"x": value})
    assert store.query("RETURN 1").rows == [(1,)]


def test_a_store_that_nobody_holds_is_let_go_of_at_once(old: Path) -> None:
    """What holds itself goes when Python next looks for that, and with it all that was read."""
    gc.disable()
    try:
        with open_store(old) as opened:
            opened.tables()
            opened.query("MATCH (s:Spec) RETURN s.name", limit=1)
            opened.describe()
        there = weakref.ref(opened)
        del opened
        assert there() is None
    finally:
        gc.enable()


def test_a_closed_store_answers_nothing(old: Path) -> None:
    opened = open_store(old)
    opened.close()
    opened.close()
    with pytest.raises(QueryError):
        opened.query("RETURN 1")


# Accidents while a store is built -----------------------------------------------------------------

BUILD = """
import sys
from graphcache import StoreError, build_store
import graphcache.workflows
print("ready", flush=True)
try:
    build_store(*sys.argv[1:])
except StoreError as error:
    sys.exit(f"StoreError: {error}")
"""


KILLED = """
import os, signal, sys
from pathlib import Path
import ladybug, pandas, polars  # pyarrow and LadybugDB import the last two
import graphcache.stores.embedded.write
from graphcache import build_store

place, pages = sys.argv[1:]
folder, steps, last = str(Path(place).parent), 0, 0

def step():
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)

def touch(event, arguments):
    if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
        if str(arguments[0]).startswith(folder):
            step()

def execute(*arguments, run=ladybug.Connection.execute):
    step()
    return run(*arguments)

ladybug.Connection.execute = execute
sys.addaudithook(touch)
for line in sys.stdin:
    last = int(line)
    fork = os.fork()
    if not fork:
        build_store(place, pages)
        print(steps, flush=True)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1])
    print(code, flush=True)
"""
"""Builds in a fork, which has imported all, one after another, each killed at the step that is
given; with step 0 to the end, and how many steps that were."""


@pytest.mark.process
def test_a_killed_build_leaves_the_old_store(
    built: Path, old: Path, made_pages: Path, tmp_path: Path
) -> None:
    """It kills itself at a step: before it touches a file of the folder, or sends a statement."""
    before, digest = built.read_bytes(), read(made_pages)[0].digest()
    found, left_behind = set(), set()
    with python(KILLED, old, made_pages, stdin=subprocess.PIPE) as builds:
        steps, code = said_of(builds, 0), said_of(builds)
        assert code == 0
        for number in range(7):
            old.write_bytes(before)
            assert said_of(builds, 1 + (steps - 1) * number // 6) == -signal.SIGKILL
            left_behind |= set(os.listdir(old.parent))
            is_old = old.read_bytes() == before
            assert is_old or verify_store(old) == digest
            found.add(is_old)
        assert ended(builds) == (0, "")
    assert found == {True, False}, "killed before the new store was in its place, and after"
    assert ".store.lbug.new" in left_behind
    build_store(old, made_pages)
    assert os.listdir(old.parent) == ["store.lbug"]
    assert verify_store(old) == digest


@pytest.mark.process
def test_a_reader_goes_on_while_another_process_builds(
    old: Path, given: Tables, made_pages: Path
) -> None:
    with open_store(old) as reader:
        build = python(BUILD, old, made_pages)
        counts = set()
        while build.poll() is None:
            counts.add(reader.query("MATCH (s:Spec) RETURN count(*)").rows[0][0])
            time.sleep(0.01)  # leaves the processor to the build
        assert ended(build) == (0, "ready\n")
        assert counts == {218}
        assert_same(reader.tables(), given)
    assert open_tables(old).digest() == read(made_pages)[0].digest()


@pytest.mark.process
def test_of_two_builds_at_once_one_is_told(old: Path, example_pages: Path) -> None:
    before = old.read_bytes()
    first = python(BUILD, old, "-", stdin=subprocess.PIPE)
    feed(first, PAGE[:1])  # it reads when nobody else can write the store any more
    for change in (build_store, update_store):
        with pytest.raises(StoreError) as caught:
            change(old, example_pages)
        assert str(caught.value) == (
            f"{old}: another graphcache is writing it: wait until it has ended, then try again"
        )
    assert old.read_bytes() == before
    out, err = first.communicate(PAGE[1:], timeout=ENOUGH)
    assert (first.returncode, out, err) == (0, "ready\n", "")
    assert open_tables(old).node_counts()["Spec"] == 2
    assert os.listdir(old.parent) == ["store.lbug"]


LIMITED = """
import os, resource, subprocess, sys
from pathlib import Path
kind, size, reserves, folder, old, pages = sys.argv[1:]
if kind == "disk":
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    subprocess.run(mount, check=True)
store = Path(folder, "store.lbug")
store.write_bytes(Path(old).read_bytes())
before = store.read_bytes()
if kind == "file":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
if reserves == "no":
    del os.posix_fallocate  # as on macOS
from graphcache import StoreError, build_store
try:
    build_store(store, pages)
except StoreError as error:
    print(error)
print(store.read_bytes() == before, os.listdir(folder))
"""
# The old store has 3.3 MB, the new one 5.4.
ROOM = [("file", size) for size in (0, 5_000, 100_000, 4_000_000, 5_200_000)]
ROOM += [("disk", size) for size in (3_400_000, 6_000_000, 8_000_000) if can_mount()]


def build_in_little_room(
    kind: str, size: int, reserves: str, old: Path, pages: Path
) -> subprocess.CompletedProcess[str]:
    """Build in a folder `small` beside the old store, with a copy of that in it."""
    folder = old.parent / "small"
    folder.mkdir()
    command = [sys.executable, "-c", LIMITED, kind, str(size), reserves]
    command += map(str, [folder, old, pages])
    in_space = [*OWN_MOUNTS, *command] if kind == "disk" else command
    return subprocess.run(in_space, capture_output=True, text=True, check=False, timeout=ENOUGH)


@pytest.mark.process
@pytest.mark.parametrize(("kind", "size"), ROOM)
def test_a_full_disk_leaves_the_old_store(
    kind: str, size: int, old: Path, made_pages: Path
) -> None:
    done = build_in_little_room(kind, size, "yes", old, made_pages)
    assert (done.returncode, done.stderr) == (0, "")
    said, after = done.stdout.splitlines()
    assert said.startswith(f"{old.parent}/small/store.lbug: can't be written")
    assert after == "True ['store.lbug']"


@pytest.mark.process
@pytest.mark.parametrize("size", [5_000, 4_000_000, 5_200_000])
def test_a_full_disk_leaves_the_old_store_where_none_can_be_reserved(
    size: int, old: Path, made_pages: Path
) -> None:
    """LadybugDB may end the process then, so what counts is what is there afterwards."""
    done = build_in_little_room("file", size, "no", old, made_pages)
    store = old.parent / "small/store.lbug"
    assert done.returncode < 0 or f"{store}: can't be written" in done.stdout
    assert store.read_bytes() == old.read_bytes()
    build_store(store, made_pages)
    assert os.listdir(store.parent) == ["store.lbug"]


@pytest.mark.slow
def test_what_is_reserved_is_room_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files of few rows, that take most beside these: an environment, and a mirror."""
    reserved: list[int] = []
    monkeypatch.setattr(write, "reserve", lambda _, size: reserved.append(size))
    for source in ("examples/site/my-env", "examples/mirror", "examples/pages"):
        build_store(tmp_path / "store.lbug", Path(__file__).parents[1] / source)
        # While it is written, it has been seen to take a quarter more.
        assert reserved.pop() > 1.25 * (tmp_path / "store.lbug").stat().st_size


@pytest.mark.slow
def test_a_link_stays_a_link(tmp_path: Path, example_pages: Path, made_pages: Path) -> None:
    (tmp_path / "data").mkdir()
    link, place = tmp_path / "link.lbug", tmp_path / "data" / "store.lbug"
    link.symlink_to(Path("data", "store.lbug"))
    build_store(link, example_pages)
    update_store(link, made_pages)
    assert link.is_symlink()
    assert os.listdir(place.parent) == ["store.lbug"]
    with open_store(place) as store:
        assert [load.command for load in store.describe().loads] == ["build", "update"]


def test_two_names_of_a_store_have_one_lock(tmp_path: Path, example_pages: Path) -> None:
    (tmp_path / "link.lbug").symlink_to("store.lbug")
    with store_lock(tmp_path / "store.lbug"), pytest.raises(StoreError, match="is writing it"):
        build_store(tmp_path / "link.lbug", example_pages)


UNDER_LIMIT = """
import resource, sys
from graphcache import StoreError, build_store, open_store

limit, size, verb, path, pages = sys.argv[1:]
kind = getattr(resource, limit)
resource.setrlimit(kind, (int(size), resource.getrlimit(kind)[1]))
try:
    open_store(path).query("RETURN 1") if verb == "ask" else build_store(path, pages)
except StoreError as error:
    print(error)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("limit", "verb", "said"),
    [
        ("RLIMIT_AS 8000000000", "ask", "too little address space: raise its limit, as by 'uli"),
        ("RLIMIT_AS 8000000000", "build", "too little address space: raise its limit, as by 'ul"),
        ("RLIMIT_NOFILE 10", "build", "can't be written: Too many open files"),
    ],
)
def test_a_limit_is_named(old: Path, example_pages: Path, limit: str, verb: str, said: str) -> None:
    before = old.read_bytes()
    words: list[str | Path] = [sys.executable, "-c", UNDER_LIMIT, *limit.split(), verb, old]
    ended = subprocess.run([*words, example_pages], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith(f"{old}: {said}")
    assert old.read_bytes() == before


@pytest.mark.parametrize("name", [".", "folder", "pipe"])
def test_only_a_file_is_replaced(
    name: str, tmp_path: Path, example_pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    os.mkfifo("pipe")
    with pytest.raises(StoreError, match=r": expected a store file, found a (folder|device, a p)"):
        build_store(name, example_pages)
    assert sorted(os.listdir()) == ["folder", "pipe"]
    assert not os.listdir("folder")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, example_pages: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, why in (
        (tmp_path / "file" / "store.lbug", "can't be "),
        (tmp_path / ("y" * 300), "can't be opened: File name too long"),
        (tmp_path / "\udcff.lbug", "expected a file name in UTF-8: LadybugDB knows no other"),
    ):
        with pytest.raises(StoreError) as caught:
            build_store(path, example_pages)
        assert f"{path}: {why}" in str(caught.value)


# Files that are no store --------------------------------------------------------------------------

OPEN = """
import json, sys
from pathlib import Path
from graphcache import StoreError
from graphcache.stores.embedded.store import EmbeddedStore, verify_store
for path in map(Path, sys.stdin.read().split("\\0")):
    try:
        with EmbeddedStore(path) as store:
            store.describe()
        outcome = ["whole", verify_store(path)]
    except StoreError as error:
        outcome = ["StoreError", str(error)]
    print(json.dumps(outcome), flush=True)
"""


def outcomes(paths: list[Path]) -> list[tuple[str, str]]:
    """What comes of opening and verifying each; in a process, that would not take this one down."""
    process = python(OPEN, stdin=subprocess.PIPE)
    out, err = process.communicate("\0".join(map(str, paths)), timeout=ENOUGH)
    assert (process.returncode, err) == (0, "")
    return [tuple(json.loads(line)) for line in out.splitlines()]


def ladybug_file(path: Path, *statements: str) -> None:
    """Have LadybugDB run statements on a file, as another program would."""
    code = """
import sys, ladybug
database = ladybug.Database(sys.argv[1])
connection = ladybug.Connection(database)
for statement in [*sys.argv[2:], "CHECKPOINT"]:
    connection.execute(statement)
connection.close()
database.close()
"""
    assert ended(python(code, path, *statements)) == (0, "")


NO_STORE = "not a store: graphcache makes one by 'graphcache build PATH...'"
NO_SEAL = "not a whole store: graphcache puts a seal at its end, and there is none; build it again"
NOT_AS_SEALED = "damaged, build it again (it is not what its seal says)"


def bytes_of(content: bytes) -> Callable[[Path, bytes], object]:
    return lambda path, _: path.write_bytes(content)


def truncated(length: int) -> Callable[[Path, bytes], object]:
    return lambda path, whole: path.write_bytes(whole[:length])


def foreign(path: Path, _: bytes) -> None:
    ladybug_file(path, "CREATE NODE TABLE A(x INT64, PRIMARY KEY(x))", "CREATE (:A {x: 1})")


def foreign_without_tables(path: Path, _: bytes) -> None:
    ladybug_file(path)


def foreign_with_our_names(path: Path, _: bytes) -> None:
    ladybug_file(path, "CREATE NODE TABLE GraphCacheLoad(x INT64, PRIMARY KEY(x))")


def changed_by_ladybugdb(path: Path, whole: bytes) -> None:
    path.write_bytes(whole)
    ladybug_file(path, "MATCH (l:GraphCacheLoad) SET l.format = 4")


def of_another_format(path: Path, whole: bytes) -> None:
    changed_by_ladybugdb(path, whole)
    seal(path)


def of_a_newer_ladybugdb(path: Path, whole: bytes) -> None:
    assert whole[:5] == b"LBUG1", "the fifth byte is the version of the format: 49"
    path.write_bytes(whole[:4] + b"2" + whole[5:])
    seal(path)


def with_one_bit_changed(at: int) -> Callable[[Path, bytes], object]:
    def harm(path: Path, whole: bytes) -> None:
        harmed = bytearray(whole)
        harmed[at] ^= 1
        path.write_bytes(harmed)

    return harm


def with_a_log(path: Path, whole: bytes) -> None:
    path.write_bytes(whole)
    Path(f"{path}.wal").write_bytes(b"")


def a_socket(path: Path, _: bytes) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have at most 108 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


DAMAGE: dict[str, tuple[Callable[[Path, bytes], Any], str]] = {
    "missing": (
        lambda path, _: None,
        "there is no store: make one by graphcache.build_store, or name another",
    ),
    "empty": (bytes_of(b""), "the file is empty: build it again"),
    "folder": (lambda path, _: path.mkdir(), "expected a store file, found a folder"),
    "pipe": (
        lambda path, _: os.mkfifo(path),
        "expected a store file, found a device, a pipe or a socket",
    ),
    "socket": (a_socket, "expected a store file, found a device, a pipe or a socket"),
    "text": (bytes_of(b"hello\n" * 1000), NO_STORE),
    "page": (bytes_of(PAGE.encode()), NO_STORE),
    "zeros": (bytes_of(bytes(100_000)), NO_STORE),
    "noise": (bytes_of(random.Random(1).randbytes(100_000)), NO_STORE),  # noqa: S311
    "of somebody else": (foreign, NO_SEAL),
    "of somebody else, without a table": (foreign_without_tables, NO_SEAL),
    "with our names": (foreign_with_our_names, NO_SEAL),
    "changed by LadybugDB": (changed_by_ladybugdb, NOT_AS_SEALED),
    "another format": (
        of_another_format,
        "expected a store of format 3, found 4: build it again, or install the graphcache that "
        "made it",
    ),
    "newer LadybugDB": (of_a_newer_ladybugdb, "made by another version of LadybugDB: build it ag"),
    "log": (with_a_log, "an unfinished log (log.wal) lies beside it, so it is not a finished sto"),
    **{
        f"cut at {length}": (truncated(length), NO_STORE if 0 < length < 4 else NO_SEAL)
        for length in (1, 4, 5, 8, 100, 4095, 4096, 4097, 8192, 100_000, 1_000_000, 3_000_000, -1)
    },
    **{
        f"a bit at {at}": (with_one_bit_changed(at), said)
        for at, said in (
            (0, NO_STORE),
            (4, NOT_AS_SEALED),
            (100_000, NOT_AS_SEALED),
            (-2, NOT_AS_SEALED),
            (-100, NO_SEAL),
        )
    },
    "more behind the seal": (lambda path, whole: path.write_bytes(whole + b"x"), NO_SEAL),
}


@pytest.fixture(scope="module")
def damaged(built: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """What comes of each kind of damage."""
    folder = tmp_path_factory.mktemp("damaged")
    paths = [folder / name.replace(" ", "-") for name in DAMAGE]
    for (harm, _), path in zip(DAMAGE.values(), paths, strict=True):
        harm(path, built.read_bytes())
    found = outcomes(paths)
    return {
        name: (kind, said.removeprefix(f"{path}: "))
        for name, path, (kind, said) in zip(DAMAGE, paths, found, strict=True)
    }


@pytest.mark.process
@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_said(name: str, damaged: dict[str, tuple[str, str]]) -> None:
    kind, said = damaged[name]
    assert kind == "StoreError"
    assert said.startswith(DAMAGE[name][1])


@pytest.mark.slow
def test_what_is_damaged_is_built_again(old: Path, made_pages: Path) -> None:
    old.write_bytes(old.read_bytes()[:100_000])
    Path(f"{old}.wal").write_bytes(b"what another program left")
    with pytest.raises(StoreError, match="an unfinished log"):
        update_store(old, made_pages)
    Path(f"{old}.wal").unlink()
    build_store(old, made_pages)
    assert verify_store(old) == read(made_pages)[0].digest()


FORBIDDEN = """
import os, sys
from pathlib import Path
from graphcache import StoreError, build_store
from graphcache.stores.embedded.store import EmbeddedStore
import filelock, graphcache.workflows  # while this user may read them
path, pages = sys.argv[1:]
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
for attempt in (lambda: EmbeddedStore(Path(path)), lambda: build_store(path, pages)):
    try:
        attempt()
    except StoreError as error:
        print(str(error).removeprefix(path))
"""


@pytest.mark.process
def test_no_permission_is_said(built: Path, example_pages: Path) -> None:
    # Not in pytest's folders, in which another user sees nothing at all.
    with TemporaryDirectory() as outside:
        folder = Path(outside)
        old = Path(shutil.copy(built, folder / "store.lbug"))
        old.chmod(0)
        folder.chmod(0o555)
        code, said = ended(python(FORBIDDEN, old, example_pages))
        assert (code, said.splitlines()) == (
            0,
            [": no permission to read it", ": can't be written: Permission denied"],
        )
        folder.chmod(0)
        code, said = ended(python(FORBIDDEN, old, example_pages))
        assert (code, said.splitlines()) == (0, [": can't be opened: Permission denied"] * 2)
        folder.chmod(0o755)


# Content that is not what was written -------------------------------------------------------------


@pytest.mark.slow
def test_verify_gives_the_digest_of_a_whole_store(built: Path, given: Tables) -> None:
    assert verify_store(built) == given.digest()


@pytest.mark.process
def test_verify_finds_a_change_that_opens(old: Path, given: Tables) -> None:
    ladybug_file(old, "MATCH (s:Spec {name: 'rocblas'}) SET s.version = '0'")
    seal(old)
    ((kind, said),) = outcomes([old])
    assert kind == "StoreError"
    assert said.startswith(f"{old}: damaged: expected the digest {given.digest()}, found ")
    assert said.endswith(": build it again")


@pytest.mark.slow
def test_no_changed_byte_is_opened(built: Path, tmp_path: Path) -> None:
    """LadybugDB would crash at some of them, take all memory at others, or answer wrong."""
    whole = built.read_bytes()
    dice = random.Random(5)  # noqa: S311 - the same every time
    for number in range(300):
        length = dice.choice([1, 1, 1, 4096])
        at = dice.randrange(len(whole) - length)
        harmed = bytes(dice.randrange(1, 256) ^ byte for byte in whole[at : at + length])
        path = tmp_path / f"{number}.lbug"
        path.write_bytes(whole[:at] + harmed + whole[at + length :])
        harm = pytest.raises(StoreError, match=r"(damaged|not a store|not a whole store)")
        with path.open("rb") as file, harm:
            check_seal(path, file)
        path.unlink()


@pytest.mark.slow
def test_a_store_may_be_moved_and_copied(built: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copy(built, tmp_path / "copy.lbug"))
    moved = copied.rename(tmp_path / "moved.lbug")
    assert verify_store(moved) == verify_store(built)


def test_a_store_that_opens_answers_or_says_why(old: Path) -> None:
    """Damage that shows in a query only: an error of ours, and no wrong type of error."""
    with EmbeddedStore(old) as opened:
        assert opened.query("MATCH (s:Spec) RETURN count(*)").rows == [(218,)]
