"""Questions that have commands of their own: `check`, `coverage`, `rebuilds`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    answer_options,
    chosen_part,
    on_this_store,
    open_chosen,
    show,
    warn_of_foreign,
)

if TYPE_CHECKING:
    pass


@click.command()
@answer_options
def check(**options: Any) -> None:
    """Say what is wrong in the cache, with the query that shows it. Exit code 1 if anything is.

    What stands on dependencies is "not known" where no source told them, as in a store of pages.
    In JSON, with all that was found.

    \b
    Example:
      graphcache check --store graphcache.lbug
    """
    from graphcache.answers import Answer
    from graphcache.health import QUERIES
    from graphcache.health import check as find
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
@click.option("--package", metavar="SPEC", help="Only rebuilds of what is as this asks.")
@click.option("--stack", metavar="STACK", help="Only rebuilds in this stack.")
@click.option(
    "--what-if",
    metavar="SPEC[,SPEC...]",
    multiple=True,
    help="Only what remains where these are held throughout; a name is held to what most are.",
)
@answer_options
def rebuilds(
    package: str | None, stack: str | None, what_if: tuple[str, ...], **options: Any
) -> None:
    """Rank the causes of rebuilds: what differs in specs that look alike, at any depth.

    Of each cause: its kind, the builds in which it takes part, and those that it explains alone.
    The example is the command that says in what two of these specs differ.

    \b
    Example:
      graphcache rebuilds --stack e4s
      graphcache rebuilds --what-if zlib-ng@2.3.3,openssl
    """
    from graphcache.analysis.differing.redundancy import rebuilds as find

    answer = find(chosen_part(options, find.reads), package, stack, what_if)
    rows = [(*row, on_this_store(example, options)) for *row, example in answer.rows]
    show(replace(answer, rows=rows), options["format_"])
