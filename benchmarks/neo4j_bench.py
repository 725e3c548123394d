"""Measure the push to Neo4j beside what one writes by hand, and the queries beside LadybugDB's.

    python benchmarks/neo4j_bench.py                    the cases of docs/performance.md
    python benchmarks/neo4j_bench.py --records 2000 --pages 200 --runs 1     a quick look

All on one server, made of Neo4j's own jars as the tests make theirs (`tests/neo4j_server`), with a
heap of 3 GB, and warmed up before. It is emptied before each first push; what that takes counts
nowhere. CPU time of the server is that of its process while a case ran; that of the client is of a
process of its own, imports and reading the store among it, in the environment of the wheel.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from measuring import Case, Cost, measure
from neo4j_server.fixtures import clear
from neo4j_server.server import Neo4jServer
from run import RUNTIME, machine, table

_HERE = Path(__file__).parent
_PYTHON = sys.executable
_GRAPHCACHE = [RUNTIME, "-c", "from graphcache.cli.main import main; main()"]
_TICKS = os.sysconf("SC_CLK_TCK")
_LEAST_COUNTED = 1_000
"""Of types with fewer nodes or edges a rate says nothing."""
_CONFIG = {"server.memory.pagecache.size": "1g"}

MERGE, CREATE = "floor: plain MERGE loop", "floor: plain CREATE loop, empty database"
PUSH, AGAIN, CHANGED = "push, empty database", "push, unchanged", "push, 5 % of the specs changed"
IMPORT, EXPORT = "neo4j-admin database import full", "graphcache export csv"
Times = Mapping[str, tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Measured:
    """A case: what its process took, the server's CPU seconds, the seconds by type."""

    client: Cost
    server: float
    times: Times

    @property
    def cpu(self) -> float:
        """Seconds of both."""
        return self.client.cpu + self.server


def server_cpu(server: Neo4jServer) -> float:
    """CPU seconds that the server has taken so far."""
    stat = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def run_case(server: Neo4jServer, way: str, store: Path) -> Measured:
    """Send a store's graph in one of the ways of `neo4j_rows.py`."""
    times = store.with_suffix(".json")
    before = server_cpu(server)
    client = measure(Case(way, [RUNTIME, _HERE / "neo4j_rows.py", way, store, times]))
    return Measured(client, server_cpu(server) - before, json.loads(times.read_text()))


def least(taken: Sequence[Measured]) -> Measured:
    """That of the runs which took the least CPU."""
    return min(taken, key=lambda measured: measured.cpu)


def measure_sending(
    server: Neo4jServer, store: Path, changed: Path, runs: int
) -> dict[str, Measured]:
    """All that goes through the driver, in turns."""
    for way, source in (("merge", store), ("push", store), ("push", changed)):
        if source is store:
            clear(server)
        run_case(server, way, source)  # so that Java has compiled what it will
    taken: dict[str, list[Measured]] = {}
    for run in range(1, runs + 1):
        for name, way, source, empty in (
            (MERGE, "merge", store, True),
            (CREATE, "create", store, True),
            (PUSH, "push", store, True),
            (AGAIN, "push", store, False),
            (CHANGED, "push", changed, False),
        ):
            print(f"run {run} of {runs}: {name}", file=sys.stderr, flush=True)
            if empty:
                clear(server)
            taken.setdefault(name, []).append(run_case(server, way, source))
    return {name: least(some) for name, some in taken.items()}


def measure_import(server: Neo4jServer, store: Path, folder: Path) -> dict[str, Cost]:
    """The export, and the import of it while the server is stopped."""
    exported = measure(Case(EXPORT, [*_GRAPHCACHE, "export", "csv", folder, "--store", store]))
    server.stop()
    words = (folder / "import.txt").read_text(encoding="utf-8").partition("full neo4j")[2]
    options = words.replace("\\\n", " ").replace('"$@"', "").split()
    admin = server._java("org.neo4j.cli.AdminTool", "database", "import", "full", "neo4j")
    home = ["env", "-C", folder, f"NEO4J_HOME={server.home}", f"NEO4J_CONF={server.home}/conf"]
    case = Case(IMPORT, [*home, *admin, "--overwrite-destination=true", *options])
    imported = measure(case)
    server.start()
    return {EXPORT: exported, IMPORT: imported}


def sending_table(cases: Mapping[str, Measured], size: int) -> str:
    """What each case took."""
    columns = ["case", "server CPU, s", "client CPU, s", "wall, s", "client memory, MB"]
    floor = cases[MERGE].cpu
    rows = [
        [
            *(name, f"{m.server:.2f}", f"{m.client.cpu:.2f}", f"{m.client.wall:.2f}"),
            *(f"{m.client.memory:.0f}", f"{m.cpu / floor:.2f}"),
            f"{size / m.client.wall:,.0f}" if sum(n for n, _ in m.times.values()) == size else "",
        ]
        for name, m in cases.items()
    ]
    return table([*columns, "CPU / MERGE loop", "nodes and edges a second"], rows)


def type_table(cases: Mapping[str, Measured]) -> str:
    """Nodes and edges a second by type; a push sends some types together."""
    rows = []
    for name in (PUSH, MERGE, CREATE):
        for what, (count, seconds) in cases[name].times.items():
            if count >= _LEAST_COUNTED:
                figures = [f"{count:,}", f"{seconds:.2f}", f"{count / seconds:,.0f}"]
                rows.append([f"{name}: {what}", *figures])
    return table(["sent", "nodes and edges", "wall, s", "a second"], rows)


def aims(cases: Mapping[str, Measured]) -> Iterable[str]:
    """What the project aims for, in CPU time of server and client together."""
    cpu = {name: measured.cpu for name, measured in cases.items()}
    for text, ratio, bound in (
        ("first push, at most 1.3 times the MERGE loop", cpu[PUSH] / cpu[MERGE], 1.3),
        ("first push, below the MERGE loop on an empty database", cpu[PUSH] / cpu[MERGE], 1.0),
        ("unchanged, at most 5.5 % of the first push", cpu[AGAIN] / cpu[PUSH], 0.055),
        ("5 % changed, at most 15 % of the first push", cpu[CHANGED] / cpu[PUSH], 0.15),
    ):
        yield f"- {text}: {ratio:.3f}, {'holds' if ratio <= bound else 'does not hold'}"


def make_store(folder: Path, records: int, pages: int, releases: int, change: int = 0) -> Path:
    """A store of a made snapshot; with `change`, one spec in so many has a variant more."""
    source = folder / f"pages-{records}-{releases}"
    if not source.exists():
        sizes = {"records": records, "pages": pages, "releases": releases}
        options = [part for name, size in sizes.items() for part in (f"--{name}", str(size))]
        subprocess.run([_PYTHON, _HERE / "snapshot.py", source, *options], check=True)
    store = folder / f"store-{records}-{releases}-{change}.lbug"
    if change:
        change_specs(source, change)
    measure(Case("build", [*_GRAPHCACHE, "build", source, "--quiet", "--store", store]))
    return store


def change_specs(pages: Path, every: int) -> None:
    """Give one spec in so many a variant more."""
    number = 0
    for path in sorted(pages.rglob("*.md")):
        head, key, rest = path.read_text(encoding="utf-8").partition("spec_details: ")
        details, end, tail = rest.partition("\n---\n")
        records = json.loads(details)
        for record in records:
            number += 1
            if number % every == 0:
                record["variants"].append("~zz_changed")
        text = head + key + json.dumps(records, sort_keys=True) + end + tail
        path.write_text(text, encoding="utf-8", newline="\n")


def bench(server: Neo4jServer, args: argparse.Namespace, folder: Path) -> None:
    """All cases, and the tables."""
    sizes = (args.records, args.pages)
    store = make_store(folder, *sizes, releases=1)
    two = make_store(folder, 2 * args.records, 2 * args.pages, releases=2)
    changed = make_store(folder, *sizes, releases=1, change=20)
    cases = measure_sending(server, store, changed, args.runs)
    size = sum(count for count, _ in cases[MERGE].times.values())
    print(f"{args.records:,} specs, {size:,} nodes and edges; the least of {args.runs} runs.\n")
    print(sending_table(cases, size))
    print("\nAims, in CPU time of server and client together:\n")
    print(*aims(cases), sep="\n")
    print(f"\n{type_table(cases)}\n")
    costs = measure_import(server, store, folder / "csv")
    rows = [
        [name, f"{c.cpu:.2f}", f"{c.wall:.2f}", f"{c.memory:.0f}", f"{size / c.wall:,.0f}"]
        for name, c in costs.items()
    ]
    print(table(["case", "CPU, s", "wall, s", "memory, MB", "nodes and edges a second"], rows))
    clear(server)
    run_case(server, "push", two)
    print(f"\nNamed queries on {2 * args.records:,} specs of 2 releases, warm:\n")
    sys.stdout.flush()
    subprocess.run([_PYTHON, _HERE / "queries.py", two, server.uri], check=True)


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description="Measure the push to Neo4j.")
    for name, default in [("records", 57_304), ("pages", 3_000), ("runs", 2)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with (
        TemporaryDirectory(prefix="graphcache-bench-") as folder,
        Neo4jServer("5.26", config=_CONFIG, heap="3g", quick_start=False) as server,
    ):
        print(f"Neo4j {server.release.version}, a heap of 3 GB; {machine()}\n", flush=True)
        # By these a client finds the server.
        os.environ["NEO4J_URI"], os.environ["NEO4J_USERNAME"] = server.uri, server.username
        os.environ["NEO4J_PASSWORD"] = server.password
        bench(server, args, Path(folder))


if __name__ == "__main__":
    main()
