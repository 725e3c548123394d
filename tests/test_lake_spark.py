"""A lake on Apache Spark, two tasks at a time: it holds what `build` makes; and accidents."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from command_line import run
from conftest import tries
from hypothesis import given
from lakes import (
    SETS,
    History,
    Load,
    assert_same,
    histories,
    join_warnings,
    tables_of,
    warnings_of,
)
from s3_server.server import S3Server
from sparks import SPARK_SUBMIT, Cluster, spark_here

import graphcache
from graphcache.errors import InputError, LakeError, UsageError
from graphcache.lake import increments
from graphcache.lake.adding import add
from graphcache.lake.describing import describe, verify
from graphcache.lake.joining import choose, join_lake
from graphcache.lake.lake import WORK, Lake
from graphcache.lake.listing import LIST

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
    assert not (path / WORK).exists()


@tries(2)
@given(histories())
def test_a_join_of_what_is_new_is_a_join_of_all(
    tmp_path_factory: pytest.TempPathFactory, loads: list[Load]
) -> None:
    history = History(tmp_path_factory.mktemp("history"))
    for load in loads[:-1]:
        history.add(load)
    if loads[:-1]:
        join_lake(history.lake)
    history.add(loads[-1])
    with patch.object(increments, "_LARGEST", 1e9):  # or all would be joined, of so few specs
        joining = join_lake(history.lake, "spark")
    expected, warnings = history.expected()
    assert_same(tables_of(history.lake), expected)
    assert join_warnings(history.lake) == warnings
    assert (joining.touched is None) == (len(loads) == 1)


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
    ("harm", "why"), [(damaged, "Spark: "), (unwritable, "can't be written: ")]
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
    assert line.startswith(f"Error: {lake}: {why}")
    log = re.search(r"[^d]; what was there is unchanged; Spark's log is (\S+)$", line)
    assert log
    assert "Exception" in Path(log[1]).read_text()
    assert describe(lake) == before
    assert not (lake / WORK).exists()


def test_who_submits_a_job_chooses_the_master(tmp_path: Path) -> None:
    add(tmp_path / "lake", *SETS["locks"])
    expected, _ = graphcache.read(*SETS["locks"])
    quick = shlex.split(os.environ["PYSPARK_SUBMIT_ARGS"])[:-1]
    options = ["--master", "local[1]", "--conf", "spark.ui.enabled=false", *quick]
    main = str(Path(graphcache.__file__).parent / "lake/__main__.py")
    ended = subprocess.run(
        [SPARK_SUBMIT, *options, main, "join", "lake", "--engine", "spark"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-1] == f"digest {expected.digest()}"


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
