"""A lake of many releases: facts, joins by each engine, one release more, a slice, three queries.

`python benchmarks/run.py --lake` runs this on made pages of all releases, and on made indexes of
some of them, which have dependencies. Each case is a process of its own, run once: they change the
lake one after the other. Of Spark's many processes, CPU and memory are summed up.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measuring import Case, Cost, measure, measure_session

_HERE = Path(__file__).parent
_LAKE = [sys.executable, "-c", "from graphcache.cli.main import main; main()", "lake"]
_QUERIES = ("redundant-builds", "lifetimes", "stack-overlap")
_STACK = "indexed"
"""What the specs of indexes are put under; those of pages name their own stacks."""


def measured(folder: Path, args: argparse.Namespace) -> Iterator[tuple[str, Cost]]:
    """Each step with what it costs."""
    pages, lake = folder / "pages", folder / "lake"
    releases = make(folder, args)
    *before, last = sorted(releases)
    paths = [pages / name for name in before]
    facts = measure(case("add", lake, *paths, "--quiet"))
    yield f"pages of {len(before)} releases to facts", facts
    indexes = sorted(folder.glob("index-*/index.json"))
    for number, (index, name) in enumerate(zip(indexes, before, strict=False), start=1):
        labels = ("--release", name, "--stack", _STACK, "--quiet")
        yield f"index {number} to facts", measure(case("add", lake, index, *labels))
    for engine in args.engines:
        yield f"their join, {engine}", join(lake, engine, args.memory, "--all")
    yield "one release more, to facts", measure(case("add", lake, pages / last, "--quiet"))
    yield "the join of what it touches, duckdb", join(lake, "duckdb", args.memory)
    store = ("--store", folder / "slice.lbug", "--release", last)
    yield (
        "one release as a store",
        measure(Case("slice", [*_LAKE[:-1], "build", lake, *store, "--quiet"])),
    )
    for name in _QUERIES:
        yield f"query {name}", measure(case("query", name, lake))


def make(folder: Path, args: argparse.Namespace) -> list[str]:
    """Write the pages and the indexes, in processes of their own; the releases of the pages."""
    sizes = ["--records", args.records, "--pages", args.pages, "--releases", args.releases]
    write("snapshot.py", folder / "pages", *sizes)
    for number in range(args.indexes):
        specs = ["--specs", args.specs, "--packages", args.packages, "--seed", number + 1]
        write("index.py", folder / f"index-{number:03}", *specs)
    return [path.name for path in (folder / "pages").iterdir()]


def write(script: str, *arguments: object) -> None:
    """Run a script that makes files."""
    command = [sys.executable, _HERE / script, *arguments]
    subprocess.run([str(part) for part in command], check=True)


def case(*arguments: object) -> Case:
    """A command on a lake."""
    return Case(" ".join(map(str, arguments[:2])), [*_LAKE, *arguments])


def join(lake: Path, engine: str, memory: str, *options: str) -> Cost:
    """A join; Spark's on all processors that it is allowed here."""
    arguments: list[object] = ["join", lake, "--memory", memory, "--quiet", *options]
    if engine.startswith("local"):
        return measure_session(case(*arguments, "--master", engine))
    return measure(case(*arguments, "--engine", engine))


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what a lake is asked for by, and its size where nothing else is said."""
    parser.add_argument("--lake", action="store_true", help="the whole history as a lake instead")
    parser.add_argument("--indexes", type=int, default=10, help="of the lake")
    parser.add_argument("--memory", default="2GB", help="of the lake's engines")
    engines = ["pyarrow", "duckdb", "local[2]"]
    parser.add_argument("--engines", nargs="+", default=engines, help="of the lake, or masters")
    if "--lake" in sys.argv:
        parser.set_defaults(records=3_000_000, pages_of=156_000, releases=52)


def print_costs(folder: Path, args: argparse.Namespace) -> None:
    """Measure, and print a table in Markdown."""
    about = f"{args.records:,} records in {args.releases} releases; {args.memory} for an engine;"
    rows = ["| step | CPU, s | wall, s | peak, MB |", "| --- | --- | --- | --- |"]
    for name, cost in measured(folder, args):
        rows.append(f"| {name} | {cost.cpu:,.1f} | {cost.wall:,.1f} | {cost.memory:,.0f} |")
        print(rows[-1], file=sys.stderr, flush=True)
    print(f"{about} indexes with {args.specs:,} specs each: {args.indexes}.\n")
    print("\n".join(rows))
