"""Questions that have commands of their own: `check`, `coverage`, `rebuilds`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    format_option,
    on_this_store,
    open_chosen,
    server_options,
    show,
    shown_path,
    store_option,
    together,
    warn_of_foreign,
)
from graphcache.views.answers import default_format
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer, Selection
    from graphcache.tables import Tables

_answer_options = together(store_option, server_options, format_option)


def _graph(options: dict[str, Any], wanted: Selection) -> Tables:
    with open_chosen(options) as store:
        return store.part(wanted)


def _in_one_text(answer: Answer, column: str, between: str, options: dict[str, Any]) -> Answer:
    """The answer with the lists of a column joined, in a table: all of one is what was asked for.

    A list of names may be shortened on a terminal; a text is wrapped.
    """
    if (options["format_"] or default_format(sys.stdout)) != "table":
        return answer
    at = answer.columns.index(column)
    rows = [(*row[:at], between.join(row[at]), *row[at + 1 :]) for row in answer.rows]
    return replace(answer, rows=rows)


@click.command()
@_answer_options
def check(**options: Any) -> None:
    """Say what is wrong in the cache, with the query that shows it. Exit code 1 if anything is.

    What stands on dependencies is "not known" where no source told them, as in a store of pages.
    In JSON, with all that was found.

    \b
    Example:
      graphcache check --store graphcache.lbug
    """
    from graphcache.analysis.health import QUERIES
    from graphcache.analysis.health import check as find
    from graphcache.answers import Answer
    from graphcache.queries import load_library

    library = load_library()
    with open_chosen(options) as store:
        warn_of_foreign(store, "\n".join(library[name].cypher for name in QUERIES))
        findings = find(store)
    columns = ["problem", "found", "question", "shown_by"]
    rows: list[tuple[Any, ...]] = [
        (
            f.name,
            "not known" if f.answer is None else len(f.answer.rows),
            f.question,
            on_this_store(f.shown_by, options),
        )
        for f in findings
    ]
    if options["format_"] in ("json", "jsonl"):
        columns += ["note", "rows"]
        rows = [
            (*row, f.note or None, None if f.answer is None else f.answer.to_dicts())
            for row, f in zip(rows, findings, strict=True)
        ]
    notes: dict[str, list[str]] = {}
    for finding in findings:
        if finding.note:
            notes.setdefault(finding.note, []).append(finding.name)
    said = [f"{', '.join(names)}: {note}" for note, names in notes.items()]
    show(Answer(columns, rows, notes=said), options["format_"], every=True)
    if any(finding.is_wrong for finding in findings):
        click.get_current_context().exit(1)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOCKFILE...", type=shown_path)
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    default=0,
    help="End with exit code 1 if less of it is held.",
)
@_answer_options
def coverage(paths: tuple[str, ...], fail_under: float, **options: Any) -> None:
    """Say which specs of an environment the cache holds, by hash.

    First come those that it lacks, each with the nearest that it holds, and in what that one
    differs. Where a file is not read whole, no share is said, and the exit code is 3; it is 1 if
    less than asked for is held. An environment of which a cache could hold nothing lacks
    nothing: the exit code is 0.

    \b
    Example:
      graphcache coverage spack.lock --fail-under 90
    """
    from graphcache import read
    from graphcache.analysis.environments import coverage as find
    from graphcache.cli.load import show_report
    from graphcache.errors import UsageError

    environment, report = read(*paths)
    roots = environment.edges["IN_STACK"]["root"]
    if environment.nodes["Spec"].num_rows and roots.null_count == len(roots):
        raise UsageError(
            f"{', '.join(paths)}: expected the lock file (spack.lock) of an environment, found "
            "an index, pages or spec files, which name no roots"
        )
    show_report(report, verbose=False, whole="'graphcache build --verbose'")
    answer = find(environment, _graph(options, find.reads))
    show(_in_one_text(answer, "differs", "; ", options), options["format_"])
    held = sum(row[answer.columns.index("held")] for row in answer.rows)
    click.echo(_share(held, len(answer.rows), len(report.rejects)), err=True)
    percent = 100 * held / len(answer.rows) if answer.rows else 100
    if percent < fail_under:
        click.get_current_context().exit(1)
    if report.rejects:
        click.get_current_context().exit(3)


def _share(held: int, specs: int, rejects: int) -> str:
    """How much is held; of what was not read whole, the share is not known."""
    if rejects:
        of_these = counted(specs, "spec that was read is", "specs that were read are")
        why = counted(rejects, "reject")
        return f"{held:,} of {of_these} held; of the whole it is not known: {why}"
    if not specs:
        return "There is nothing in it that a cache could hold."
    of_all = counted(specs, "spec is", "specs are")
    return f"{held:,} of {of_all} held: {100 * held / specs:.1f} %"


@click.command()
@click.option("--package", metavar="SPEC", help="Only rebuilds of what is as this asks.")
@click.option("--stack", metavar="STACK", help="Only rebuilds in this stack.")
@_answer_options
def rebuilds(package: str | None, stack: str | None, **options: Any) -> None:
    """Rank the causes of rebuilds: the lowest dependencies that differ in specs that look alike.

    The example of each is the command that says in what two of these specs differ.

    \b
    Example:
      graphcache rebuilds --stack e4s
    """
    from graphcache.analysis.redundancy import rebuilds as find

    answer = find(_graph(options, find.reads), package, stack)
    rows = [(*row, on_this_store(example, options)) for *row, example in answer.rows]
    show(replace(answer, rows=rows), options["format_"])
