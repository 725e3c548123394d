"""Run campaigns: `make campaign KIND=inputs SEED=1 COUNT=10000`, all kinds if none is named.

A case that breaks a promise is made as small as it goes, kept in `campaign/KIND-SEED-NUMBER`, and
listed; then the exit code is 1. `--show KIND SEED NUMBER` writes any trial there without trying it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click
from campaigns.running import KINDS, Result, run, show, work

from graphcache.words import counted

KEEP = Path("campaign")


@click.command(help=__doc__)
@click.option("--kind", "kinds", type=click.Choice(KINDS), multiple=True, default=KINDS)
@click.option("--seed", default="1", show_default=True)
@click.option("--count", type=int, default=1_000, show_default=True, help="Cases of each kind.")
@click.option("--show", "shown", nargs=3, hidden=True)
def main(kinds: tuple[str, ...], seed: str, count: int, shown: tuple[str, str, str] | None) -> None:
    if shown:
        show(shown[0], shown[1], int(shown[2]), KEEP)
        return
    is_broken = False
    for kind in kinds:
        start = time.monotonic()
        result = run(kind, seed, count, KEEP)
        click.echo(summary(kind, seed, result, time.monotonic() - start))
        is_broken |= bool(result.broken)
    sys.exit(is_broken)


def summary(kind: str, seed: str, result: Result, seconds: float) -> str:
    """What a campaign came to, in a few lines."""
    seen = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(result.seen.items()))
    head = f"{kind}: {counted(result.cases, 'case')} of seed {seed}: {len(result.broken):,} broken"
    cost = f"{seconds:,.0f} s, at most {result.peak / 1e6:,.0f} MB"
    lines = [f"{head} ({cost}): {seen}"]
    lines += [f"  {one.trial}: {one.why.splitlines()[0]} ({one.place})" for one in result.broken]
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        kind, seed, first, last, keep = sys.argv[2:]
        work(kind, seed, int(first), int(last), Path(keep))
    else:
        main()
