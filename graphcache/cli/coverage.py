"""`coverage`: how much of an environment a cache holds, and what Spack could take beside that."""

from __future__ import annotations

from typing import Any

import click

from graphcache.cli.completing import OneOf
from graphcache.cli.options import (
    Number,
    answer_options,
    in_one_text,
    open_chosen,
    show,
    shown_path,
)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOCKFILE...", type=shown_path)
@click.option(
    "--spec",
    "specs",
    metavar="SPEC",
    multiple=True,
    type=OneOf("package", "hash"),
    help="Only those of its specs that are as this asks, as in 'graphcache find'.",
)
@click.option("--reuse", is_flag=True, help="Also what Spack could take in place of a build.")
@click.option(
    "--target", metavar="TARGET", help="With --reuse: the machine's CPU.  [that of each spec]"
)
@click.option(
    "--libc",
    metavar="LIBC",
    help="With --reuse: its C library, such as glibc@2.35.  [the environment's]",
)
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=Number(0, 100),
    default=0,
    help="End with exit code 1 if less of it is held, by hash.",
)
@answer_options
def coverage(
    paths: tuple[str, ...], specs: tuple[str, ...], reuse: bool, fail_under: float, **options: Any
) -> None:
    """Say which specs of an environment the cache holds, by hash.

    First come those that it lacks, each with the nearest that it holds, in what that one differs
    itself, and what differs below, in dependencies. Where a file is not read whole, no share is
    said, and the exit code is 3; it is 1 if less than asked for is held. An environment of which a
    cache could hold nothing lacks nothing: the exit code is 0.

    With --reuse, for what it lacks also what Spack could take: the same package, version, variants
    and flags, for a target and C library that fit, as in 'graphcache usable'. Spack decides for all
    specs together, so that this is no promise.

    \b
    Example:
      graphcache coverage spack.lock --fail-under 90
      graphcache coverage spack.lock --reuse --spec hdf5+mpi
    """
    from graphcache import read
    from graphcache.analysis.machines.environments import check_environment, share
    from graphcache.analysis.machines.environments import coverage as find
    from graphcache.cli.load import show_report

    environment, report = read(*paths)
    check_environment(environment, ", ".join(paths))
    show_report(report, verbose=False, whole="'graphcache build --verbose'")
    with open_chosen(options) as store:
        machine = {"target": options["target"], "libc": options["libc"]}
        cache = store.part(find.reads)
        answer = find(environment, cache, specs=specs or None, reuse=reuse, **machine)
    shown = in_one_text(in_one_text(answer, "differs", "; ", options), "below", "; ", options)
    held = sum(row[answer.columns.index("held")] for row in answer.rows)
    said = []
    if answer.rows or not specs:
        said.append(share(answer, report.rejected))
    if reuse and answer.rows:
        at = answer.columns.index("reuse")
        taken = sum(row[at] is not None for row in answer.rows)
        said.append(
            f"{taken:,} of {len(answer.rows):,} could be taken by Spack, which decides for all "
            "specs together"
        )
    show(shown, options["format_"], beside=said)
    # Where nothing is as --spec asks, nothing of that is held.
    percent = 100 * held / len(answer.rows) if answer.rows else 0 if specs else 100
    if percent < fail_under:
        click.get_current_context().exit(1)
    if report.rejected:
        click.get_current_context().exit(3)
