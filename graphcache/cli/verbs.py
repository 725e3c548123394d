"""Questions that have commands of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    format_option,
    in_one_text,
    on_this_store,
    open_chosen,
    server_options,
    show,
    store_option,
    together,
    warn_of_foreign,
)
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer, Selection
    from graphcache.tables import Tables

_answer_options = together(store_option, server_options, format_option)


def _graph(options: dict[str, Any], wanted: Selection) -> Tables:
    with open_chosen(options) as store:
        return store.part(wanted)


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
            (*row, f.note or None, f.answer and f.answer.to_dicts())
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
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@_answer_options
def why(specs: tuple[str, ...], **options: Any) -> None:
    """Say why a spec is there: the roots that need it, and a shortest path from each.

    SPEC is what 'graphcache find' takes; a hash may be cut short.

    \b
    Example:
      graphcache why /bu5ehkv
      graphcache why zlib-ng@2.3.2 +compat
    """
    from graphcache.analysis.reasons import why as find

    answer = find(_graph(options, find.reads), specs)
    show(in_one_text(answer, "path", " → ", options), options["format_"])


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--stack", metavar="STACK", help="Only what this stack holds.")
@_answer_options
def impact(specs: tuple[str, ...], stack: str | None, **options: Any) -> None:
    """Count what depends on the specs that are as one SPEC asks, by stack and release.

    SPEC is what 'graphcache find' takes. VERSIONS in it are as in Spack: @1.2 stands for 1.2 and
    all 1.2.x, @=1.2 for 1.2 alone, @1.2:1.4, @:1.4 and @1.2: for a range with both its ends.

    \b
    Example:
      graphcache impact curl@7.69.0:8.3.0 --stack e4s
    """
    from graphcache.analysis.reasons import impact as find

    show(find(_graph(options, find.reads), specs, stack), options["format_"])


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


@click.command("prune-plan")
@click.option("--keep-release", "releases", multiple=True, metavar="RELEASE", help="Keep this one.")
@click.option("--keep-stack", "stacks", multiple=True, metavar="STACK", help="Keep this one.")
@_answer_options
def prune_plan(releases: tuple[str, ...], stacks: tuple[str, ...], **options: Any) -> None:
    """List the specs that nothing kept needs, and that could go. Deletes nothing.

    Kept is what is in a kept release or stack, with all that it needs.

    \b
    Example:
      graphcache prune-plan --keep-release develop
    """
    from graphcache.analysis.reasons import prune_plan as find

    answer = find(_graph(options, find.reads), releases, stacks)
    show(answer, options["format_"])
    click.echo(_sum_of_sizes(answer), err=True)


def _sum_of_sizes(answer: Answer) -> str:
    sizes = [row[answer.columns.index("size")] for row in answer.rows]
    known = [size for size in sizes if size is not None]
    unknown = len(sizes) - len(known)
    specs = f"{counted(len(sizes), 'spec')} could go"
    if sizes and not known:
        return f"{specs}: of none the size is known"
    rest = f", and {unknown:,} whose size is not known" if unknown else ""
    return f"{specs}: {counted(sum(known), 'byte')}{rest}"
