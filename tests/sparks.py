"""Apache Spark for tests: one in their own process, or a cluster; on loopback alone."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import pyspark
from neo4j_server.jars import copied
from neo4j_server.tools import CACHE, need_java

from graphcache.lake.sessions import Where, spark_session

_T = TypeVar("_T")
_PROGRAMS = Path(pyspark.__file__).parent / "bin"
SPARK_SUBMIT = _PROGRAMS / "spark-submit"
_DEPLOY = "org.apache.spark.deploy"
_EXECUTOR = "CoarseGrainedExecutorBackend"
_ENOUGH = 600.0
"""Seconds after which what should have come does not come any more."""
_QUICK = (
    "--driver-java-options -XX:TieredStopAtLevel=1 "
    "--conf spark.executor.extraJavaOptions=-XX:TieredStopAtLevel=1 "
    "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"
)
"""Java compiles for longer than it computes of so few rows."""


def spark_environment(more: str = "") -> dict[str, str]:
    """Where Spark's Java is, that it is reached from this machine alone, and for how few rows.

    `more` are arguments of `spark-submit`, with which it begins in this process.
    """
    java = need_java(17).resolve().parents[1]
    return {
        "JAVA_HOME": str(java),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": f"{more}{_QUICK} pyspark-shell",
    }


def hadoop_aws() -> str:
    """The jars that Spark needs for buckets, as it takes them."""
    pom = Path(__file__).with_name("s3_server") / "pom-hadoop-aws.xml"
    jars = copied(pom, CACHE.with_name("hadoop-aws") / "3.5.0", "hadoop-aws-3.5.0.jar")
    return ",".join(map(str, sorted(jars.glob("*.jar"))))


@contextmanager
def spark_here() -> Iterator[None]:
    """Spark with two processors, in the process that calls this."""
    with (
        patch.dict(os.environ, spark_environment(f"--jars {hadoop_aws()} ")),
        spark_session("the tests", Where("local[2]", 10**9)),
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
        listed = subprocess.run(
            ["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        )
        ours = {process.pid for process in self._processes}
        rows = (line.split(maxsplit=2) for line in listed.stdout.splitlines())
        return [int(pid) for pid, parent, args in rows if int(parent) in ours and _EXECUTOR in args]

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
