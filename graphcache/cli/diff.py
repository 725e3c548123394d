"""`diff`: what changed between two releases, stacks or stores, or in what two specs differ."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import open_chosen, server_options, shown_path, store_option
from graphcache.cli.telling import tell
from graphcache.errors import StoreError, UsageError
from graphcache.views.answers import FORMATS, default_format, render

if TYPE_CHECKING:
    from graphcache.answers import Selection
    from graphcache.tables import Tables
    from graphcache.views.diff import DiffFormat

_KINDS = ("release", "stack", "store", "spec")
_FORMATS = (*FORMATS, "markdown")


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--as", "kind", type=click.Choice(_KINDS), help="What A and B are. [default: found out]"
)
@click.option("--release", metavar="RELEASE", help="With two stacks: only what is in this release.")
@click.option("--details", is_flag=True, help="Also list the packages, and the specs one by one.")
@click.option(
    "--all",
    "whole",
    is_flag=True,
    help="With two specs: show the whole tree; with --details, on a terminal: all rows.",
)
@click.option(
    "--advisories",
    metavar="ADVISORY",
    multiple=True,
    type=shown_path,
    help="Say instead what came in, and what was mended, of what these advisories mean.",
)
@click.option("--exit-code", is_flag=True, help="End with exit code 1 if anything differs.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    help="How to print it. [default: table on a terminal, csv in a pipe]",
)
@store_option
@server_options
def diff(old: str, new: str, **options: Any) -> None:
    """Say what was added, removed, rebuilt and changed from A to B; or in what two specs differ.

    A file that exists and a URI are stores. Any other name is that of a release or of a stack of
    --store; where it could be both, --as says which. A hash, or its beginning, is a spec of
    --store: write it as /HASH, or as zlib@1.3/HASH with what it is of.

    Rebuilt is the same configuration with another hash. Changed is another version, compiler,
    variants, target, os or platform: each spec goes with the one of its package that differs in the
    fewest of these. What is left without a partner was added or removed.

    Two specs are compared down to the lowest dependencies that differ: a sentence, and a tree in
    which each difference is told once. csv and jsonl have a row for each, json has the whole tree.

    With --advisories the answer is what security advisories mean on either side: what came in, what
    remains, what was mended by another version, and what is gone with its package.

    Of others csv and jsonl hold the summary, or with --details the specs. markdown is for a merge
    request: at most 60,000 characters, and it says where it was cut. The query releases-diff counts
    by package in Cypher.

    \b
    Example:
      graphcache diff develop-2025-03-23 develop-2025-03-30
      graphcache diff yesterday.lbug today.lbug --details --format markdown
      graphcache diff e4s e4s-oneapi --release develop --exit-code
      graphcache diff develop-2025-03-23 develop-2025-03-30 --advisories osv/
      graphcache diff /6zzrwog rocblas@6.1.2/m5jut4q
    """
    names = old, new
    kind = options["kind"] or _stores(names) or _kind_in_store(names, options)
    _check_options(kind, options)
    format_ = options["format_"] or default_format(sys.stdout)
    compared = _diff_of_specs if kind == "spec" else _diff_of_sides
    if options["advisories"]:
        compared = _diff_of_advisories
    if compared(kind, names, format_, options) and options["exit_code"]:
        click.get_current_context().exit(1)


def _diff_of_sides(
    kind: str, names: tuple[str, str], format_: DiffFormat, options: Mapping[str, Any]
) -> bool:
    """Print what changed between two releases, stacks or stores; whether anything did."""
    from graphcache.analysis.changes import diff as find
    from graphcache.analysis.sides import diff_by_name
    from graphcache.remote.locations import shown
    from graphcache.views.diff import render_diff

    if kind == "store":
        found = find(*(_part(name, find.reads, options) for name in names))
    else:
        tables = _part(options["store"], diff_by_name.reads, options)
        found = diff_by_name(tables, names, kind, options["release"] or None)
    old, new = map(shown, names)
    wanted = {"details": options["details"], "every": options["whole"]}
    render_diff(found, (old, new), format_, sys.stdout, **wanted)
    if format_ != "markdown":  # which has them in it
        for note in found.summary.notes:
            tell(note)
    return bool(found)


def _diff_of_advisories(
    kind: str, names: tuple[str, str], format_: DiffFormat, options: Mapping[str, Any]
) -> bool:
    """Print what of what advisories mean came in and what was mended; whether anything was."""
    from graphcache.analysis.advising.changes import advisory_changes, touched_side
    from graphcache.analysis.memberships import specs_in
    from graphcache.cli.advisories import not_read
    from graphcache.sources.advisories import read_advisories
    from graphcache.views.markdown import answer_table

    read, report = read_advisories(options["advisories"])
    if kind == "store":
        wanted = touched_side.reads
        old, new = (touched_side(_part(name, wanted, options), read) for name in names)
    else:
        places = {"Release": (), "Stack": (), "IN_RELEASE": (), "IN_STACK": ("releases",)}
        tables = _part(options["store"], {**touched_side.reads, **places}, options)
        release = (options["release"] or None) if kind == "stack" else None
        of_side = (specs_in(tables, kind, name, release) for name in names)
        old, new = (touched_side(tables, read, rows) for rows in of_side)
    found = advisory_changes(old, new)
    if format_ == "markdown":
        click.echo(answer_table(found))
    else:
        render(found.columns, found.rows, format_, sys.stdout)
    for line in not_read(report):
        tell(line)
    return any(row[0] != "remains" for row in found.rows)


def _diff_of_specs(
    _: str, names: tuple[str, str], format_: DiffFormat, options: Mapping[str, Any]
) -> bool:
    """Print in what two specs differ; whether they do."""
    from graphcache.analysis.differing.spec_diff import diff_specs
    from graphcache.views.spec_diff import render_spec_diff

    found = diff_specs(_part(options["store"], diff_specs.reads, options), *names)
    render_spec_diff(found, format_, sys.stdout, whole=options["whole"])
    return bool(found)


def _kind_in_store(names: tuple[str, str], options: Mapping[str, Any]) -> str:
    """What the names are in --store."""
    from graphcache.analysis.sides import kind_of

    try:
        return kind_of(names, _part(options["store"], kind_of.reads, options))
    except StoreError as error:
        a, b = names
        raise StoreError(f"{error.at_shell}; {a} and {b} are looked for in it") from error


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    """Refuse an option that has no meaning for what is compared."""
    if options["release"] is not None and kind != "stack":
        raise UsageError(f"--release goes with two stacks, and these are {kind}s")
    if options["whole"] and kind != "spec" and not options["details"]:
        raise UsageError(f"--all goes with two specs, or with --details; these are {kind}s")
    if options["advisories"] and (kind == "spec" or options["details"]):
        raise UsageError("--advisories goes with two releases, stacks or stores, without --details")
    if options["details"] and kind == "spec":
        raise UsageError("--details goes with two releases, stacks or stores, and these are specs")


def _stores(names: tuple[str, str]) -> str | None:
    """`store` if both names are those of stores, None if neither is."""
    from graphcache.stores import is_server

    there = [is_server(name) or os.path.isfile(name) for name in names]
    if any(there) and not all(there):
        store, other = names if there[0] else reversed(names)
        raise UsageError(f"{other}: expected a store, as {store} is one, found no such file")
    return "store" if all(there) else None


def _part(location: str, wanted: Selection, options: Mapping[str, Any]) -> Tables:
    with open_chosen({**options, "store": location}) as store:
        return store.part(wanted)
