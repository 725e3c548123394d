"""A lake on Apache Spark, two tasks at a time: it holds what `build` makes; and accidents."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from command_line import children, is_alive, run
from lakes import SETS, assert_same, join_warnings, tables_of, warnings_of
from s3_server.server import S3Server
from sparks import LAKE_PROGRAM, MANY_SHARDS, SPARK_SUBMIT, Cluster, awaited, spark_here

import graphcache
from graphcache.errors import InputError, LakeError, UsageError
from graphcache.lake import spark as spark_engine
from graphcache.lake.adding import add
from graphcache.lake.describing import describe, verify
from graphcache.lake.joining import choose, join_lake
from graphcache.lake.lake import Lake
from graphcache.lake.listing import LIST
from graphcache.lake.sessions import _see_that_it_answers
from graphcache.tables import Tables

pytestmark = [
    pytest.mark.process,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),  # one for all of these tests: it takes a while to begin
    pytest.mark.usefixtures("spark"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """A Spark of this process, which every `engine="spark"` then takes."""
    with spark_here():
        yield


Rows = Counter[tuple[str, ...]]


def facts_of(lake: Path) -> dict[str, Rows]:
    """All rows of facts and notes, by the folder in which they are."""
    found: dict[str, Rows] = {}
    for file in (lake / "facts").glob("*/*/*.parquet"):
        rows = found.setdefault(str(file.parent.relative_to(lake)), Counter())
        for row in pq.ParquetFile(file).read().to_pylist():
            rows[tuple(map(repr, row.values()))] += 1
    return found


@pytest.mark.parametrize("name", SETS)
def test_spark_makes_the_graph_of_build(name: str, tmp_path: Path) -> None:
    path, here = tmp_path / "lake [a-z]*", tmp_path / "here"
    found, added = add(path, *SETS[name], engine="spark"), add(here, *SETS[name])
    assert facts_of(path) == facts_of(here)
    assert found.releases == added.releases
    expected, report = graphcache.read(*SETS[name])
    joined = join_lake(path, "spark").joined
    assert (joined.engine, joined.digest) == ("spark", expected.digest())
    assert_same(tables_of(path), expected)
    assert warnings_of(path) == report.warnings
    assert verify(path).problems == []


def test_what_shards_are_to_know_of_each_other_goes_by_way_of_spark(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for name in ("pages", "old forms"):
        add(lake, *SETS[name])
        join_lake(lake)
    expected = Lake.open(lake).tables()
    with patch.object(spark_engine, "_SHARE", 10_000):  # or all would be in two shards
        joining = join_lake(lake, "spark", everything=True)
    assert joining.joined.digest == expected.digest
    assert len(joining.joined.tables["Spec"]) > 2
    found = join_warnings(lake)
    join_lake(lake, "pyarrow", everything=True)
    assert found == join_warnings(lake)


def test_a_lake_of_nothing_has_tables_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text('{"database": {"version": "8", "installs": {}}}')
    add(tmp_path / "lake", tmp_path / "index.json")
    joined = join_lake(tmp_path / "lake", "spark").joined
    assert joined.digest == Tables.empty().digest()
    assert tables_of(tmp_path / "lake") == Tables.empty()


# Accidents ----------------------------------------------------------------------------------------


def damaged(lake: Path) -> None:
    """Change a byte of a file, which then has the length that it should have."""
    file = next((lake / "facts/spec").rglob("*.parquet"))
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0xFF
    file.write_bytes(content)


def unwritable(lake: Path) -> None:
    """Put a file where workers write."""
    (lake / "tables").mkdir()
    (lake / "tables/Spec").write_text("")


def test_a_lake_in_a_bucket_is_that_in_a_folder(tmp_path: Path) -> None:
    """Spark's Java and its workers began without keys: they are sent those of this process."""
    (tmp_path / "s3").mkdir()
    with S3Server(tmp_path / "s3") as server, patch.dict(os.environ, server.environment):
        shutil.copytree(SETS["pages"][0], server.make_bucket("published") / "pages")
        folder = server.make_bucket("history")
        lake = "s3a://history/a lake"
        add(lake, "s3://published", engine="spark")
        joined = join_lake(lake, "spark").joined
        expected = graphcache.read(*SETS["pages"])[0]
        assert (joined.engine, joined.digest) == ("spark", expected.digest())
        files = {LIST, *(file.path for file in Lake.open(lake).listing.files())}
        left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert left == {f"a lake/{name}" for name in files}


@pytest.mark.parametrize(
    ("harm", "why"),
    [(damaged, "/facts/spec/\\S*: lost or damaged: "), (unwritable, ": can't be written: ")],
)
def test_what_fails_on_a_worker_is_said_in_a_sentence(
    harm: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    add(lake, *SETS["locks"])
    before = describe(lake)
    harm(lake)
    ended = run("lake", "join", lake, "--engine", "spark", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert re.match(f"Error: {re.escape(str(lake))}{why}", line)
    log = re.search(r"[^d]; what was there is unchanged; Spark's log is (\S+)$", line)
    assert log
    assert "Exception" in Path(log[1]).read_text()
    assert describe(lake) == before


def test_who_submits_a_job_chooses_the_master(tmp_path: Path) -> None:
    add(tmp_path / "lake", *SETS["locks"])
    expected, _ = graphcache.read(*SETS["locks"])
    options = ["--master", "local[1]", "--conf", "spark.ui.enabled=false"]
    ended = subprocess.run(
        [SPARK_SUBMIT, *options, LAKE_PROGRAM, "join", "lake", "--engine", "spark"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    why, _, digest = ended.stdout.splitlines()
    assert (why, digest) == ("spark, as asked for", f"digest {expected.digest()}")


@pytest.mark.parametrize("how", ["read", "unread", "terminated"])
def test_a_submitted_job_does_not_end_before_its_output_is_read(how: str, tmp_path: Path) -> None:
    """Or Spark may pass on nothing: a thread that it does not wait for does."""
    add(tmp_path / "lake", *SETS["locks"])
    command = [sys.executable, "-m", "graphcache.lake", "stats", "lake"]
    expected = subprocess.run(command, cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout
    submitted = os.environ | {"PYSPARK_GATEWAY_PORT": "1"}
    pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=tmp_path, env=submitted, **pipes) as job:
        assert job.stdout
        assert job.stderr
        select.select([job.stdout], [], [])
        with pytest.raises(subprocess.TimeoutExpired):
            job.wait(timeout=1)  # where it did not wait, it would end within that
        if how == "read":
            assert job.stdout.read() == expected
        if how == "terminated":
            job.terminate()
            assert "Traceback" not in job.stderr.read().decode()
    assert job.returncode == (-signal.SIGTERM if how == "terminated" else 0)


def test_a_master_that_is_none_is_said(tmp_path: Path) -> None:
    """In a process of its own: this one has a Spark already."""
    add(tmp_path / "lake", *SETS["locks"])
    command = [sys.executable, "-m", "graphcache.lake", "join", "lake", "--master"]
    ended = subprocess.run(
        [*command, "nonsense"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: lake: Spark did not begin: Master must ")


def test_a_spark_that_can_not_begin_is_said(tmp_path: Path) -> None:
    add(tmp_path / "lake", *SETS["locks"])
    command = [sys.executable, "-m", "graphcache.lake", "join", "lake", "--engine", "spark"]
    without = os.environ | {"JAVA_HOME": str(tmp_path)}
    ended = subprocess.run(
        command, cwd=tmp_path, env=without, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: lake: Spark did not begin: expected Java 17 or later ")


IMPATIENT = """
import sys
from graphcache.cli.main import main
from graphcache.lake import sessions
sessions.WAIT = 5
sys.argv[0] = "graphcache"
main()
"""


def test_a_cluster_without_a_free_worker_is_said(tmp_path: Path) -> None:
    add(tmp_path / "lake", *SETS["locks"])
    with Cluster(tmp_path / "cluster", workers=0) as cluster:
        command = [sys.executable, "-c", IMPATIENT, "lake", "join", "lake", "--master"]
        ended = subprocess.run(
            [*command, cluster.master], cwd=tmp_path, capture_output=True, text=True, check=False
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"Error: {cluster.master}: expected a worker to begin within 5 seconds")


def test_a_master_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    add(lake, *SETS["locks"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    master = f"spark://127.0.0.1:{port},[::1]:{port}"
    with pytest.raises(LakeError, match="expected a master of Spark, found none that answers"):
        _see_that_it_answers(master)


# A driver that is killed --------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["driver", "its Java"])
def test_a_driver_that_is_killed_leaves_the_old_state(victim: str, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    add(lake, *SETS["pages"])
    expected = join_lake(lake).joined
    before = set(lake.rglob("*.parquet"))
    command = [sys.executable, "-c", MANY_SHARDS, "lake", "join", str(lake), "--all"]
    joining = subprocess.Popen(
        [*command, "--master", "local[1]"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    awaited("the middle of the join", lambda: set(lake.rglob("*.parquet")) - before or None)
    (java,) = (pid for pid, args in children(joining.pid).items() if "java" in args)
    begun = [joining.pid, java, *children(java)]
    os.kill(java if victim == "its Java" else joining.pid, signal.SIGKILL)
    _, err = joining.communicate()
    awaited("the end of what it began", lambda: not any(map(is_alive, begun)) or None)
    assert Lake.open(lake).listing.joined == expected
    assert verify(lake).problems == []
    if victim == "its Java":
        (line,) = err.splitlines()
        assert line.startswith(f"Error: {lake}: Spark: its Java ended; what was there is unchanged")
    join_lake(lake, everything=True)
    assert set(lake.rglob("*.parquet")) == {lake / f.path for f in Lake.open(lake).listing.files()}


def test_a_spark_that_is_not_installed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(LakeError, match=r"pip install 'graphcache\[spark\]'"):
        add(tmp_path / "lake", *SETS["locks"], engine="spark")
    assert not (tmp_path / "lake" / LIST).exists()


def test_what_is_asked_of_the_wrong_engine_is_refused(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with pytest.raises(UsageError, match="it joins, and reads nothing; expected spark, or auto"):
        add(lake, *SETS["locks"], engine="duckdb")
    with pytest.raises(UsageError, match="standard input"):
        add(lake, "-", engine="spark")
    add(lake, *SETS["locks"])
    with pytest.raises(UsageError, match='master "local": duckdb has none'):
        join_lake(lake, "duckdb", master="local")
    assert choose(Lake.open(lake).listing, "auto", 10**9, "local")[0] == "spark"
    assert choose(Lake.open(lake).listing, "auto", 10**9)[0] == "pyarrow"


def test_nothing_to_read_leaves_no_lake(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/spec.json").write_text('{"spec": ')
    with pytest.raises(InputError, match="nothing of a Spack build cache could be read"):
        add(tmp_path / "lake", tmp_path / "empty", engine="spark")
    assert not (tmp_path / "lake" / LIST).exists()
