"""Measure graphcache on a made snapshot, beside the floor and the script one writes without it.

    python benchmarks/run.py             the cases of docs/performance.md
    python benchmarks/run.py --pure      and the script with PyYAML's default loader, in Python
    python benchmarks/run.py --large     a build of 750,000 records instead
    python benchmarks/run.py --index     an index of Spack's own instead, and the verbs on it
    python benchmarks/run.py --serve     the pages of `graphcache serve` instead, over HTTP
    python benchmarks/run.py --view      a page of `graphcache view` instead, opened in Chromium
    python benchmarks/run.py --security  50,000 advisories, and bills of material, instead

Every case is a process of its own, so imports count. All figures and ratios come from this one
run; nothing is left behind. CPU time is of user and system together.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import Case, Cost, measure, measure_all

_HERE = Path(__file__).parent
_PYTHON = sys.executable
_GRAPHCACHE = [_PYTHON, "-c", "from graphcache.cli.main import main; main()"]
_TABLES = "import sys, graphcache; tables, report = graphcache.read(sys.argv[1])"
_NETWORKX = f"{_TABLES}; graph = tables.to_networkx()"
_FORMATS = ("parquet", "csv", "json", "graphml")

FLOOR, SCRIPT, PURE = "floor (msgspec)", "script (PyYAML, C loader)", "script (PyYAML, its default)"
TABLES, NETWORKX, BUILD = "to tables", "to networkx", "build"
VERBS = ("why", "impact", "rebuilds")
VIEW_PAGES = 4_980
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
        digits = 2 if self.bound <= 1 else 1
        return f"- {self.text}: {self.ratio:.{digits}f}, {'holds' if holds else 'does not hold'}"


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


def cases_of(place: Workplace, *, pure: bool) -> list[Case]:
    """All that is measured on the snapshot; the store and the changed pages are there."""
    pages, kept = place.pages, ["--quiet", "--store", place.updated]
    script = [_PYTHON, _HERE / "plain_script.py", pages]
    cases = [
        Case(FLOOR, [_PYTHON, _HERE / "floor.py", pages]),
        Case("floor (orjson)", [_PYTHON, _HERE / "floor.py", pages, "--orjson"]),
        Case(TABLES, [_PYTHON, "-c", _TABLES, pages]),
        Case(NETWORKX, [_PYTHON, "-c", _NETWORKX, pages]),
        build_case(BUILD, pages, place.folder / "built.lbug"),
        Case("update, nothing new", [*_GRAPHCACHE, "update", pages, *kept], place.copy_store),
        Case(
            "update, 5 % of pages new",
            [*_GRAPHCACHE, "update", place.changed, *kept],
            place.copy_store,
        ),
        Case(SCRIPT, script),
    ]
    cases += [
        Case(f"export {name}", [*_GRAPHCACHE, "export", name, out, "--store", place.store])
        for name, out in ((name, place.folder / name) for name in _FORMATS)
    ]
    return [*cases, Case(PURE, [*script, "--pure"])] if pure else cases


def build_case(name: str, pages: Path, store: Path, *options: str) -> Case:
    """A build of a store."""
    return Case(name, [*_GRAPHCACHE, "build", pages, "--quiet", "--store", store, *options])


def aims_of(costs: Mapping[str, Cost]) -> list[Aim]:
    """What the project aims for, with what was measured."""
    floor, script = costs[FLOOR].cpu, costs[SCRIPT].cpu
    aims = [
        Aim("to tables, at most 4 times the floor", costs[TABLES].cpu / floor, 4, at_most=True),
        Aim(
            "to networkx, at least 10 times as fast as the script",
            script / costs[NETWORKX].cpu,
            10,
            at_most=False,
        ),
        Aim(
            "build, at least 6 times as fast as the script",
            script / costs[BUILD].cpu,
            6,
            at_most=False,
        ),
    ]
    if PURE in costs:
        text = "to networkx, at least 10 times as fast as the script with PyYAML's default loader"
        aims.append(Aim(text, costs[PURE].cpu / costs[NETWORKX].cpu, 10, at_most=False))
    return aims


def table(columns: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; all columns but the first hold figures."""
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cost_table(costs: Mapping[str, Cost]) -> str:
    """What each case takes, and its ratio to the floor and the script."""
    floor, script = costs[FLOOR].cpu, costs[SCRIPT].cpu
    columns = ["case", "CPU, s", "wall, s", "memory, MB", "CPU / floor", "script / CPU"]
    return table(
        columns,
        (
            [
                name,
                *(f"{c.cpu:.2f}", f"{c.wall:.2f}", f"{c.memory:.0f}"),
                *(f"{c.cpu / floor:.1f}", f"{script / c.cpu:.1f}"),
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
        f"{platform.system()}, Python {platform.python_version()}; {', '.join(versions)}."
    )


def run_small(place: Workplace, args: argparse.Namespace) -> None:
    """The cases, the aims, and the named queries on a store of two such snapshots."""
    place.snapshot(place.pages, args)
    place.change_pages()
    measure(build_case("store for the updates and exports", place.pages, place.store))
    costs = measure_all(cases_of(place, pure=args.pure), args.runs)
    print(f"{args.records:,} records in {args.pages:,} pages, the least of {args.runs} runs.\n")
    print(cost_table(costs))
    print("\nAims, in CPU time:\n")
    print(*aims_of(costs), sep="\n")
    releases, store = place.folder / "releases", place.folder / "releases.lbug"
    place.snapshot(releases, args, times=2)
    measure(build_case("store for the queries", releases, store))
    print(
        f"\nNamed queries on {2 * args.records:,} records of {2 * args.releases} releases, warm:\n"
    )
    sys.stdout.flush()
    subprocess.run([_PYTHON, _HERE / "queries.py", store], check=True)


def run_large(place: Workplace, args: argparse.Namespace) -> None:
    """A build of the snapshot, and one of a far larger one."""
    place.snapshot(place.pages, args)
    costs = measure_all([build_case(BUILD, place.pages, place.store)], args.runs)
    large = argparse.Namespace(records=LARGE_RECORDS, pages=LARGE_PAGES, releases=args.releases)
    pages = place.folder / "large"
    place.snapshot(pages, large)
    costs[LARGE_BUILD] = measure(build_case(LARGE_BUILD, pages, place.folder / "large.lbug"))
    records = {BUILD: args.records, LARGE_BUILD: LARGE_RECORDS}
    micros = {name: costs[name].cpu / records[name] * 1e6 for name in costs}
    rows = (
        [
            *(name, f"{records[name]:,}", f"{c.cpu:.1f}", f"{c.wall:.1f}"),
            *(f"{c.memory:,.0f}", f"{micros[name]:.1f}"),
        ]
        for name, c in costs.items()
    )
    print(table(["case", "records", "CPU, s", "wall, s", "memory, MB", "CPU a record, µs"], rows))
    growth = micros[LARGE_BUILD] / micros[BUILD]
    print("\nAims:\n")
    text = "CPU a record, at most 1.2 times that of the small build"
    print(Aim(text, growth, 1.2, at_most=True))
    print(Aim("memory, at most 4 GB", costs[LARGE_BUILD].memory / 1000, 4, at_most=True))


def run_index(place: Workplace, args: argparse.Namespace) -> None:
    """An index to tables, networkx and a store, beside the floor; then the verbs on the store."""
    sizes = ["--specs", str(args.specs), "--packages", str(args.packages)]
    subprocess.run([_PYTHON, _HERE / "index.py", place.folder, *sizes], check=True)
    index, lock = place.folder / "index.json", place.folder / "spack.lock"
    floor: list[str | Path] = [_PYTHON, _HERE / "index_floor.py", index]
    cases = [
        Case(FLOOR, floor),
        Case("floor (orjson)", [*floor, "--orjson"]),
        Case(TABLES, [_PYTHON, "-c", _TABLES, index]),
        Case(NETWORKX, [_PYTHON, "-c", _NETWORKX, index]),
        build_case(BUILD, index, place.store, "--stack", "e4s", "--release", "develop"),
    ]
    costs = measure_all(cases, args.runs)
    on_store: list[str | Path] = [_PYTHON, _HERE / "verbs.py", place.store, lock]
    asked = subprocess.run([*on_store, "--chosen"], check=True, capture_output=True, text=True)
    spec, package = asked.stdout.split()
    words: dict[str, list[str | Path]] = {
        "why": [spec],
        "impact": [package],
        "rebuilds": [],
        "coverage": [lock],
    }
    store = ["--store", place.store]
    verbs = [Case(name, [*_GRAPHCACHE, name, *more, *store]) for name, more in words.items()]
    costs |= measure_all(verbs, args.runs)
    size = index.stat().st_size / 1e6
    print(f"{args.specs:,} specs in {size:.0f} MB, the least of {args.runs} runs.\n")
    print(index_table(costs))
    print("\nThe same verbs in one process, the tables loaded before, the least of some runs:\n")
    sys.stdout.flush()
    subprocess.run(on_store, check=True)
    print("\nAims:\n")
    print(*index_aims(costs), sep="\n")


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
    """A page of 5,000 nodes: written, then opened."""
    # With the stacks, compilers and so on, these are a little more than fit on a page.
    sizes = argparse.Namespace(records=args.records, pages=VIEW_PAGES, releases=args.releases)
    place.snapshot(place.pages, sizes)
    measure(build_case("store", place.pages, place.store))
    page = place.folder / "view.html"
    written = Case("view", [*_GRAPHCACHE, "view", "-o", page, "--store", place.store])
    cost = measure_all([written], args.runs)[written.name]
    columns = ["case", "CPU, s", "wall, s", "memory, MB"]
    row = [written.name, f"{cost.cpu:.2f}", f"{cost.wall:.2f}", f"{cost.memory:.0f}"]
    print(f"A page of 5,000 nodes, the least of {args.runs} runs.\n")
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
    found = [*_GRAPHCACHE, "advisories", osv, "--store"]
    bill = [*_GRAPHCACHE, "sbom", "--stack", "e4s", "--store", small / "kept.lbug", "--format"]
    cases = [
        Case("impact, index", [*_GRAPHCACHE, "impact", package, "--store", index / "kept.lbug"]),
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
    most = max(costs[name].memory for name in (TABLES, BUILD)) / 1000
    return [
        Aim("to tables and into a store, at most 15 s of CPU", costs[BUILD].cpu, 15, at_most=True),
        Aim("memory, at most 4 GB", most, 4, at_most=True),
        *(
            Aim(f"{name}, the whole process, at most 1 s of CPU", costs[name].cpu, 1, at_most=True)
            for name in VERBS
        ),
    ]


def main() -> None:
    """Measure, and print Markdown."""
    parser = argparse.ArgumentParser(description="Measure graphcache on a made snapshot.")
    for name, default in [("records", 57_304), ("pages", 3_000), ("releases", 1), ("runs", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in [("specs", 60_000), ("packages", 1_500)]:
        parser.add_argument(f"--{name}", type=int, default=default, help="of the index")
    parser.add_argument(
        "--pure", action="store_true", help="the script with the default loader too"
    )
    parser.add_argument("--large", action="store_true", help="a build of 750,000 records instead")
    parser.add_argument("--index", action="store_true", help="an index, and the verbs, instead")
    parser.add_argument("--serve", action="store_true", help="the pages of the server instead")
    parser.add_argument("--view", action="store_true", help="a page to look at instead")
    parser.add_argument("--security", action="store_true", help="advisories and bills instead")
    args = parser.parse_args()
    runs = {"index": run_index, "large": run_large, "serve": run_serve, "view": run_view}
    runs["security"] = run_security
    run = next((run for name, run in runs.items() if getattr(args, name)), run_small)
    with TemporaryDirectory(prefix="graphcache-bench-") as folder:
        print(f"{machine()}\n")
        run(Workplace(Path(folder)), args)


if __name__ == "__main__":
    main()
