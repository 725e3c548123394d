"""Measure graphcache beside its peers, the floor and the script one writes without it.

    python benchmarks/run.py             the parts of docs/performance.md, which it writes
    python benchmarks/run.py --pages     the part about pages alone; --index, --large: as much
    python benchmarks/run.py --serve     the pages of `graphcache serve` instead, over HTTP
    python benchmarks/run.py --view      a page of `graphcache view` instead, opened in Chromium
    python benchmarks/run.py --security  50,000 advisories, and bills of material, instead
    python benchmarks/run.py --lake      the whole history as a lake instead

Every case is a process of its own, so imports count. All figures and ratios of a part come from one
run, in turns; nothing is left behind. CPU time is of user and system together. `make bench` makes
the two environments that it needs besides its own: `runtime`, which has what the wheel and its
extra `sbom` ask for alone, and `peers`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import document
import lake
from measuring import Case, Cost, measure, measure_all

_HERE = Path(__file__).parent
_PYTHON = sys.executable
RUNTIME = str(Path(sys.prefix) / "runtime/bin/python")
_PEERS = str(Path(sys.prefix) / "peers/bin/python")
_MAIN = ["-c", "from graphcache.cli.main import main; main()"]
_GRAPHCACHE = [_PYTHON, *_MAIN]
_TABLES = "import sys, graphcache; tables, report = graphcache.read(sys.argv[1])"
_REDUNDANT = (
    f"{_TABLES}; counts = tables.nodes['Spec']['configuration'].value_counts().field('counts'); "
    "print(sum(count > 1 for count in counts.to_pylist()))"
)
_NETWORKX = f"{_TABLES}; graph = tables.to_networkx()"

FLOOR, SCRIPT = "floor: decoded by msgspec, nothing else", "script: PyYAML's C loader, networkx"
DUCKDB, POLARS = "DuckDB: one table, redundant builds", "Polars: one table, redundant builds"
REDUNDANT = "tables, redundant builds"
TABLES, NETWORKX, BUILD, FIND = "to tables", "to networkx", "build", "find"
DEV = ", development"
VERBS = ("why", "impact", "rebuilds")
LARGE_RECORDS, LARGE_PAGES, LARGE_BUILD = 750_000, 30_000, "build, large"


@dataclass(frozen=True, slots=True)
class Aim:
    """What the project aims for: a ratio of two costs, and its bound."""

    text: str
    ratio: float
    bound: float
    at_most: bool

    def __str__(self) -> str:
        holds = self.ratio <= self.bound if self.at_most else self.ratio >= self.bound
        digits = 2 if self.bound < 10 else 1
        found = f"{self.ratio:.{digits}f}"
        return f"- {self.text} {self.bound:g}: {found}, {'holds' if holds else 'does not hold'}"


@dataclass(frozen=True, slots=True)
class Workplace:
    """The temporary folder and what lies in it."""

    folder: Path

    @property
    def pages(self) -> Path:
        """The snapshot."""
        return self.folder / "pages"

    @property
    def changed(self) -> Path:
        """The snapshot, with a spec of every twentieth page built again."""
        return self.folder / "changed"

    @property
    def store(self) -> Path:
        """A store of the snapshot."""
        return self.folder / "kept.lbug"

    @property
    def updated(self) -> Path:
        """A copy of the store, to be updated."""
        return self.folder / "updated.lbug"

    def copy_store(self) -> None:
        """Put a fresh copy of the store where it is to be updated."""
        shutil.copyfile(self.store, self.updated)

    def snapshot(self, out: Path, args: argparse.Namespace, times: int = 1) -> None:
        """Make a snapshot, if asked for one so many times as large, in so many times the releases.

        Then read it once, so that every case finds it in the page cache.
        """
        sizes = {"records": args.records, "pages": args.pages, "releases": args.releases}
        options = [part for n, size in sizes.items() for part in (f"--{n}", str(size * times))]
        subprocess.run([_PYTHON, _HERE / "snapshot.py", out, *options], check=True)
        for path in out.rglob("*.md"):
            path.read_bytes()

    def change_pages(self) -> None:
        """Copy the snapshot, and in one page of twenty give the first spec a new hash."""
        shutil.copytree(self.pages, self.changed)
        for path in sorted(self.changed.rglob("*.md"))[::20]:
            text = path.read_text(encoding="utf-8")
            old = re.findall(r'"hash": "(\w{32})"', text)[0]
            digest = blake2b(old.encode()).hexdigest()
            new = "".join(c if c in "abcdef" else chr(ord("g") + int(c)) for c in digest[:32])
            path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def cases_of(place: Workplace) -> list[Case]:
    """All that is measured on the snapshot; the store and the changed pages are there."""
    pages, kept = place.pages, ["--quiet", "--store", place.updated]
    in_both = [
        case
        for python, where in ((RUNTIME, ""), (_PYTHON, DEV))
        for case in (
            Case(TABLES + where, [python, "-c", _TABLES, pages]),
            Case(NETWORKX + where, [python, "-c", _NETWORKX, pages]),
            build_case(BUILD + where, pages, place.folder / "built.lbug", python=python),
        )
    ]
    return [
        Case(FLOOR, [_PYTHON, _HERE / "floor.py", pages]),
        Case(DUCKDB, [_PEERS, _HERE / "duckdb_peer.py", pages]),
        Case(POLARS, [_PEERS, _HERE / "polars_peer.py", pages]),
        Case(REDUNDANT, [RUNTIME, "-c", _REDUNDANT, pages]),
        *in_both,
        Case("update, nothing new", [RUNTIME, *_MAIN, "update", pages, *kept], place.copy_store),
        Case(
            "update, 5 % of pages new",
            [RUNTIME, *_MAIN, "update", place.changed, *kept],
            place.copy_store,
        ),
        Case(FIND, [RUNTIME, *_MAIN, "find", "hdf5", "--store", place.store]),
        Case(SCRIPT, [_PYTHON, _HERE / "plain_script.py", pages]),
    ]


def build_case(name: str, pages: Path, store: Path, *options: str, python: str = RUNTIME) -> Case:
    """A build of a store."""
    return Case(name, [python, *_MAIN, "build", pages, "--quiet", "--store", store, *options])


def aims_of(costs: Mapping[str, Cost]) -> list[Aim]:
    """What the project aims for, with what was measured."""
    duckdb, script = costs[DUCKDB].cpu, costs[SCRIPT].cpu
    aims = [
        Aim(f"{name} / DuckDB, at most", costs[name].cpu / duckdb, 0.75, at_most=True)
        for name in (REDUNDANT, TABLES, TABLES + DEV)
    ]
    bounds = {NETWORKX: 12, NETWORKX + DEV: 10, BUILD: 6.5, BUILD + DEV: 6}
    aims += [
        Aim(f"script / {name}, at least", script / costs[name].cpu, bound, at_most=False)
        for name, bound in bounds.items()
    ]
    return [*aims, Aim(f"{FIND}, CPU s, at most", costs[FIND].cpu, 0.45, at_most=True)]


def table(columns: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; all columns but the first hold figures."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cost_table(costs: Mapping[str, Cost]) -> str:
    """What each case takes, and its ratio to DuckDB and the script."""
    duckdb, script = costs[DUCKDB].cpu, costs[SCRIPT].cpu
    columns = ["case", "CPU, s", "wall, s", "memory, MB", "CPU / DuckDB", "script / CPU"]
    return table(
        columns,
        (
            [
                name,
                *(f"{c.cpu:.2f}", f"{c.wall:.2f}", f"{c.memory:.0f}"),
                *(f"{c.cpu / duckdb:.2f}", f"{script / c.cpu:.1f}"),
            ]
            for name, c in costs.items()
        ),
    )


def machine() -> str:
    """The machine and the versions, in a sentence."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    wanted = ("ladybug", "msgspec", "networkx", "orjson", "pyarrow", "pyyaml", "numpy", "polars")
    installed = {d.metadata["name"].lower(): d.version for d in metadata.distributions()}
    versions = [f"{name} {installed.get(name, 'not installed')}" for name in wanted]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, "
        f"{platform.system()}, Python {platform.python_version()}; {', '.join(versions)}; "
        f"{datetime.now(UTC):%Y-%m-%d}, with a load of {os.getloadavg()[1]:.0f} at the beginning."
    )


def run_pages(place: Workplace, args: argparse.Namespace) -> str:
    """The cases on a snapshot of pages, and the aims."""
    place.snapshot(place.pages, args)
    place.change_pages()
    measure(build_case("store for the updates and find", place.pages, place.store))
    costs = measure_all(cases_of(place), args.runs)
    about = f"{args.records:,} records in {args.pages:,} pages, the least of {args.runs} runs."
    return "\n\n".join([about, cost_table(costs), "\n".join(map(str, aims_of(costs)))])


def run_large(place: Workplace, args: argparse.Namespace) -> str:
    """A build of a far larger snapshot."""
    large = argparse.Namespace(records=LARGE_RECORDS, pages=LARGE_PAGES, releases=args.releases)
    pages = place.folder / "large"
    place.snapshot(pages, large)
    store = place.folder / "large.lbug"
    cost = measure(build_case(LARGE_BUILD, pages, store))
    stages = [RUNTIME, str(_HERE / "stages.py"), str(pages), str(store)]
    said = subprocess.run(stages, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(pages)
    row = [f"{LARGE_RECORDS:,}", f"{cost.cpu:.1f}", f"{cost.wall:.1f}", f"{cost.memory:,.0f}"]
    aims = [
        Aim("CPU s, at most", cost.cpu, 24, at_most=True),
        Aim("GB, at most", cost.memory / 1000, 1.5, at_most=True),
    ]
    columns = ["records", "CPU, s", "wall, s", "memory, MB"]
    held = [[stage, f"{most:,.0f}"] for stage, most in json.loads(said).items()]
    tables = table(columns, [row]), table(["stage, of another run", "memory, MB"], held)
    return "\n\n".join([*tables, "\n".join(map(str, aims))])


def run_index(place: Workplace, args: argparse.Namespace) -> str:
    """An index to tables, networkx and a store, beside the floor; then the verbs on the store."""
    sizes = ["--specs", str(args.specs), "--packages", str(args.packages)]
    subprocess.run([_PYTHON, _HERE / "index.py", place.folder, *sizes], check=True)
    index, lock = place.folder / "index.json", place.folder / "spack.lock"
    store = place.folder / "index.lbug"
    cases = [
        Case(FLOOR, [_PYTHON, _HERE / "index_floor.py", index]),
        Case(TABLES, [RUNTIME, "-c", _TABLES, index]),
        Case(NETWORKX, [RUNTIME, "-c", _NETWORKX, index]),
        build_case(BUILD, index, store, "--stack", "e4s", "--release", "develop"),
    ]
    runs = min(args.runs, 2)
    costs = measure_all(cases, runs)
    on_store: list[str | Path] = [_PYTHON, _HERE / "verbs.py", store, lock]
    asked = subprocess.run([*on_store, "--chosen"], check=True, capture_output=True, text=True)
    spec, package = asked.stdout.split()
    words: dict[str, list[str | Path]] = {"why": [spec], "impact": [package], "rebuilds": []}
    verbs = [
        Case(name, [RUNTIME, *_MAIN, name, *more, "--store", store]) for name, more in words.items()
    ]
    costs |= measure_all(verbs, runs)
    size = index.stat().st_size / 1e6
    about = f"{args.specs:,} specs in {size:.0f} MB, the least of {runs} runs."
    aims = "\n".join(map(str, index_aims(costs)))
    return "\n\n".join([about, index_table(costs), aims])


def run_serve(place: Workplace, args: argparse.Namespace) -> None:
    """The pages of a store of a snapshot, and of one of an index, which has dependencies."""
    place.snapshot(place.pages, args)
    measure(build_case("store of pages", place.pages, place.store))
    sizes = ["--specs", str(args.records), "--packages", str(args.packages)]
    subprocess.run([_PYTHON, _HERE / "index.py", place.folder, *sizes], check=True)
    index, store = place.folder / "index.json", place.folder / "index.lbug"
    measure(build_case("store of an index", index, store, "--stack", "e4s", "--release", "develop"))
    sys.stdout.flush()
    subprocess.run([_PYTHON, _HERE / "serve.py", place.store, store], check=True)


def run_view(place: Workplace, args: argparse.Namespace) -> None:
    """The page of a whole store: written, then opened."""
    place.snapshot(place.pages, args)
    measure(build_case("store", place.pages, place.store))
    page = place.folder / "view.html"
    written = Case("view", [*_GRAPHCACHE, "view", "-o", page, "--store", place.store])
    cost = measure_all([written], args.runs)[written.name]
    columns = ["case", "CPU, s", "wall, s", "memory, MB"]
    row = [written.name, f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.memory:.0f}"]
    print(f"The page of a whole store, the least of {args.runs} runs.\n")
    print(f"{table(columns, [row])}\n")
    sys.stdout.flush()
    beside = {**os.environ, "PYTHONPATH": str(_HERE.parent / "tests")}
    subprocess.run([_PYTHON, _HERE / "view.py", page], check=True, env=beside)


def run_security(place: Workplace, args: argparse.Namespace) -> None:
    """Advisories on a store of pages and on one of an index; bills of a stack of 1,000 specs."""
    place.snapshot(place.pages, args)
    measure(build_case("store of pages", place.pages, place.store))
    osv, index, small = (place.folder / name for name in ("osv.zip", "index", "small"))
    subprocess.run([_PYTHON, _HERE / "advisories.py", osv], check=True)
    for folder, specs, packages in ((index, args.specs, args.packages), (small, 1_000, 200)):
        sizes = ["--specs", str(specs), "--packages", str(packages)]
        subprocess.run([_PYTHON, _HERE / "index.py", folder, *sizes], check=True)
        store = folder / "kept.lbug"
        measure(build_case("store", folder / "index.json", store, "--stack", "e4s"))
    package = subprocess.run(
        [_PYTHON, _HERE / "verbs.py", index / "kept.lbug", index / "spack.lock", "--chosen"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[1]
    found = [RUNTIME, *_MAIN, "advisories", osv, "--store"]
    bill = [RUNTIME, *_MAIN, "sbom", "--stack", "e4s", "--store", small / "kept.lbug", "--format"]
    cases = [
        Case("impact, index", [RUNTIME, *_MAIN, "impact", package, "--store", index / "kept.lbug"]),
        Case("advisories, pages", [*found, place.store], good=(0, 1)),
        Case("advisories, index", [*found, index / "kept.lbug"], good=(0, 1)),
        *(Case(f"sbom, {name}", [*bill, name]) for name in ("cyclonedx", "spdx")),
    ]
    costs = measure_all(cases, args.runs)
    rows = (
        [name, f"{c.cpu:.2f}", f"{c.wall:.2f}", f"{c.memory:,.0f}"] for name, c in costs.items()
    )
    print(
        f"50,000 advisories in a zip, on {args.records:,} specs of pages and {args.specs:,} of an "
        f"index; a stack of 1,000 specs. The least of {args.runs} runs.\n"
    )
    print(table(["case", "CPU, s", "wall, s", "memory, MB"], rows))
    print("\nAims:\n")
    on_pages = costs["advisories, pages"].cpu
    print(Aim("advisories on pages, at most 10 s of CPU", on_pages, 10, at_most=True))
    most = max(cost.cpu for name, cost in costs.items() if name.startswith("sbom"))
    print(Aim("a bill of material, at most 2 s of CPU", most, 2, at_most=True))


def index_table(costs: Mapping[str, Cost]) -> str:
    """What each case takes, and its ratio to the floor."""
    columns = ["case", "CPU, s", "wall, s", "memory, MB", "CPU / floor"]
    floor = costs[FLOOR].cpu
    rows = (
        [name, f"{c.cpu:.2f}", f"{c.wall:.2f}", f"{c.memory:,.0f}", f"{c.cpu / floor:.1f}"]
        for name, c in costs.items()
    )
    return table(columns, rows)


def index_aims(costs: Mapping[str, Cost]) -> list[Aim]:
    """What the project aims for, with what was measured."""
    bounds = {TABLES: 2.5, BUILD: 9, NETWORKX: 5, "why": 0.6, "impact": 0.6, "rebuilds": 0.9}
    return [
        Aim(f"{name}, CPU s, at most", costs[name].cpu, bound, at_most=True)
        for name, bound in bounds.items()
    ]


PARTS = {"pages": run_pages, "index": run_index, "large": run_large}


def run_lake(place: Workplace, args: argparse.Namespace) -> None:
    """A lake of pages of many releases, and of indexes of some."""
    lake.print_costs(place.folder, args)


PRINTED = {"serve": run_serve, "view": run_view, "security": run_security, "lake": run_lake}


def main() -> None:
    """Measure, and write the parts of the document, or print what is measured instead."""
    parser = argparse.ArgumentParser(description="Measure graphcache on a made snapshot.")
    for name, default in [("records", 57_304), ("pages-of", 3_000), ("releases", 1), ("runs", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in [("specs", 60_000), ("packages", 1_500)]:
        parser.add_argument(f"--{name}", type=int, default=default, help="of the index")
    for name in PARTS:
        parser.add_argument(f"--{name}", action="store_true", help="this part alone")
    parser.add_argument("--serve", action="store_true", help="the pages of the server instead")
    parser.add_argument("--view", action="store_true", help="a page to look at instead")
    parser.add_argument("--security", action="store_true", help="advisories and bills instead")
    lake.add_options(parser)
    args = parser.parse_args()
    chosen = [name for name in PARTS if getattr(args, name)] or list(PARTS)
    args.pages = args.pages_of
    with TemporaryDirectory(prefix="graphcache-bench-") as folder:
        place = Workplace(Path(folder))
        for name, run in PRINTED.items():
            if getattr(args, name):
                print(f"{machine()}\n")
                run(place, args)
                return
        for name in chosen:
            about = machine()
            document.put(name, f"{about}\n\n{PARTS[name](place, args)}")


if __name__ == "__main__":
    main()
