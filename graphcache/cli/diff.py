"""`diff`: what changed between two releases, stacks or stores."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.completing import NameOf
from graphcache.cli.options import open_chosen, server_options, store_option
from graphcache.errors import StoreError, UsageError
from graphcache.views.answers import FORMATS, default_format

if TYPE_CHECKING:
    from graphcache.answers import Selection
    from graphcache.tables import Tables

_KINDS = ("release", "stack", "store")
_FORMATS = (*FORMATS, "markdown")


@click.command()
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option(
    "--as", "kind", type=click.Choice(_KINDS), help="What A and B are. [default: found out]"
)
@click.option(
    "--release",
    metavar="RELEASE",
    type=NameOf("release"),
    help="With two stacks: only what is in this release.",
)
@click.option("--details", is_flag=True, help="Also list the packages, and the specs one by one.")
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
    """Say what was added, removed, rebuilt and changed from A to B.

    A file that exists and a URI are stores. Any other name is that of a release or of a stack of
    --store; where it could be both, --as says which.

    Rebuilt is the same configuration with another hash. Changed is another version, compiler,
    variants, target, os or platform: each spec goes with the one of its package that differs in the
    fewest of these. What is left without a partner was added or removed.

    csv and jsonl hold the summary, or with --details the specs. markdown is for a merge request: at
    most 60,000 characters, and it says where it was cut. The query releases-diff counts by package
    in Cypher.

    \b
    Example:
      graphcache diff develop-2025-03-23 develop-2025-03-30
      graphcache diff yesterday.lbug today.lbug --details --format markdown
      graphcache diff e4s e4s-oneapi --release develop --exit-code
    """
    from graphcache.analysis.changes import diff as find
    from graphcache.remote.locations import shown
    from graphcache.views.diff import render_diff

    found = find(*_sides((old, new), options))
    format_ = options["format_"] or default_format(sys.stdout)
    names = shown(old), shown(new)
    render_diff(found, names, format_, sys.stdout, details=options["details"])
    if found and options["exit_code"]:
        click.get_current_context().exit(1)


def _sides(names: tuple[str, str], options: Mapping[str, Any]) -> list[Tables]:
    """The graphs of A and B."""
    from graphcache.analysis.changes import diff as find
    from graphcache.analysis.sides import kind_of, side

    kind = options["kind"] or _stores(names)
    if kind == "store":
        sides = [_part(name, find.reads, options) for name in names]
    else:
        try:
            wanted = {**kind_of.reads, **side.reads, **find.reads}
            tables = _part(options["store"], wanted, options)
        except StoreError as error:
            a, b = names
            raise StoreError(f"{error}; {a} and {b} are looked for in it") from error
        kind = kind or kind_of(names, tables)
        release = (options["release"] or None) if kind == "stack" else None
        sides = [side(tables, kind, name, release) for name in names]
    if options["release"] is not None and kind != "stack":
        raise UsageError(f"--release goes with two stacks, and these are {kind}s")
    return sides


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
