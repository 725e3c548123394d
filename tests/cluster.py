"""A lake on a cluster of this machine, one of whose executors is killed: `make cluster`.

A master of Apache Spark and two workers of one processor each, all of them processes of their own,
are begun on loopback. `graphcache lake` adds files of every form there, and joins them: once in
peace, and once while an executor is killed, by the id of its process, in the middle. Each time the
digest must be that of `build`, and so must be what was rejected.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from lakes import SETS, rejects_of
from sparks import MANY_SHARDS, Cluster, awaited, spark_environment

import graphcache
from graphcache.lake.describing import describe, verify

FILES = [*SETS["all"], *SETS["damaged"]]
"""Pages, indexes, lock files, mirrors, old forms, and damaged ones."""
_LAKE = ("-m", "graphcache.lake")


def main() -> int:
    """Try it; 1 if an answer is another one than that of `build`."""
    parser = argparse.ArgumentParser(description="a lake on a cluster of this machine")
    parser.add_argument("--workers", type=int, default=2, help="of one processor each [2]")
    workers: int = parser.parse_args().workers
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was begun is ended
    begun = time.monotonic()
    tables, report = graphcache.read(*FILES)
    say("build", f"{tables.node_counts()['Spec']:,} specs, {report.rejected:,} rejects")
    say("", f"digest {tables.digest()}")
    with (
        TemporaryDirectory(prefix="graphcache-cluster-") as name,
        Cluster(Path(name) / "spark", workers) as cluster,
    ):
        for one, process in cluster.processes.items():
            say(one, f"process {process}" + (f", {cluster.master}" if one == "master" else ""))
        lake = Path(name) / "lake"
        wait(command(cluster, _LAKE, "add", str(lake), *map(str, FILES)), codes=(0, 3))
        same = sorted(map(str, rejects_of(lake))) == sorted(map(str, report.rejects))
        say("lake add", f"{describe(lake).facts['reject']:,} rejects: {told(same)}")
        for kill in (False, True):
            before = set(lake.rglob("*.parquet"))
            begin = ("-c", MANY_SHARDS, "lake") if kill else _LAKE
            joining = command(cluster, begin, "join", str(lake), "--all")
            if kill:
                kill_one(cluster, lake, before, joining)
            wait(joining)
            found = verify(lake)
            same &= found.digest == tables.digest() and not found.problems
            say("lake join", f"digest {found.digest}: {told(found.digest == tables.digest())}")
    say("", f"{time.monotonic() - begun:,.0f} seconds")
    return not same


def command(cluster: Cluster, begin: tuple[str, ...], *arguments: str) -> subprocess.Popen[str]:
    """Begin a command of graphcache on the cluster, by what Python runs."""
    line = [sys.executable, *begin, *arguments, "--master", cluster.master]
    environment = os.environ | spark_environment()
    return subprocess.Popen(
        line, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait(process: subprocess.Popen[str], codes: tuple[int, ...] = (0,)) -> None:
    """Wait for the end of a command, which must be a good one."""
    out, err = process.communicate()
    if process.returncode not in codes:
        raise SystemExit(f"graphcache ended with {process.returncode}:\n{out}{err}")


def kill_one(
    cluster: Cluster, lake: Path, before: set[Path], joining: subprocess.Popen[str]
) -> None:
    """Kill an executor while a lake is joined, and see that its worker has lost it by that.

    `before` are the files that were there before: a new one is there in the middle of the join.
    """
    awaited("the middle of the join", lambda: set(lake.rglob("*.parquet")) - before or None)
    victim = cluster.executors()[-1]
    os.kill(victim, signal.SIGKILL)
    awaited("the end of the executor", lambda: cluster.killed() or None)
    if joining.poll() is not None:
        raise SystemExit("the join had ended before its executor was killed")
    say("killed", f"process {victim}, an executor, while the lake is joined")


def told(same: bool) -> str:
    """Whether an answer is that of `build`, in words."""
    return "as build says" if same else "NOT as build says"


def say(who: str, what: str) -> None:
    """Print a line."""
    print(f"{who:12}{what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
