"""`find` and `usable`: the specs that are as is asked, in Spack's words."""

from __future__ import annotations

import sys
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    Decorator,
    all_rows,
    format_option,
    format_options,
    open_chosen,
    place_options,
    screen,
    server_options,
    show,
    store_option,
    together,
    whole_hashes,
)
from graphcache.cli.telling import tell
from graphcache.schema import node_type
from graphcache.views.answers import default_format
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer, Selection
    from graphcache.stores.base import Store
    from graphcache.tables import Tables

_BEHIND = 2
"""Lines of a terminal that are left for what is said of further specs, and for the shell."""


def _list_options(formats: Decorator) -> Decorator:
    return together(
        click.option("-d", "--deps", is_flag=True, help="What each spec needs, too."),
        click.option(
            "--paste", is_flag=True, help="Only commands to paste: spack install ... of each."
        ),
        click.option(
            "--limit", metavar="N", type=click.IntRange(min=1), help="List so many at most."
        ),
        store_option,
        server_options,
        formats,
    )


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@place_options
@_list_options(format_option)
def find(specs: tuple[str, ...], stack: str | None, release: str | None, **options: Any) -> None:
    """List the specs that are as one SPEC asks, as 'spack find -lv' does.

    SPEC is what Spack takes: hdf5@1.14:+mpi %gcc@12 ^openmpi@5 target=x86_64_v3: /abc123. Words
    are joined as Spack joins them.

    On a terminal, where some of them are externals or not held by the cache, a mark as of
    'spack find -I' stands before each: [+] held, [e] external, - not held, [?] not known.

    \b
    Example:
      graphcache find hdf5 +mpi
      graphcache find 'openssl@1.1.1:1.1.1k' --format csv
      graphcache find zlib-ng ^cmake@3.30 --paste
    """
    from graphcache.analysis.finding import find as ask

    with open_chosen(options) as store:
        answer = ask(_part(store, specs, ask.reads), specs, stack, release)
        _show(answer, store, options)


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--target", metavar="TARGET", help="The machine's CPU, such as zen4.  [this one's]")
@click.option(
    "--libc",
    metavar="LIBC",
    help="Its C library, such as glibc@2.35.  [this one's, or not asked with --os]",
)
@click.option(
    "--os",
    "os_",
    metavar="OS",
    help="Its operating system, where no library is known.  [any with --target, or this one's]",
)
@place_options
@_list_options(
    format_options(
        all_help="Those that Spack does not take too, with why not; on a terminal, all rows."
    )
)
def usable(
    specs: tuple[str, ...],
    target: str | None,
    libc: str | None,
    os_: str | None,
    **options: Any,
) -> None:
    """List the binaries that are as one SPEC asks and run on a machine: on this one, or another.

    As Spack does before it takes a binary, it is asked on Linux for a C library that is not newer
    than the machine's, and on macOS for an operating system that is not; for the target or one that
    it extends; and the same of what a binary is linked to or needs to run. Of a binary of which
    nobody tells what it needs, as pages don't, it is asked for the operating system.

    \b
    Example:
      graphcache usable rocblas --target zen4 --os ubuntu22.04
      graphcache usable hdf5 --target zen3 --libc glibc@2.35 --all
      graphcache usable hdf5 +mpi --paste
    """
    from graphcache.analysis.machines.asked import machine_asked
    from graphcache.analysis.machines.binaries import check_os
    from graphcache.analysis.machines.binaries import usable as ask

    place = {"stack": options["stack"], "release": options["release"]}
    with open_chosen(options) as store:
        part = store.part(ask.reads)  # a C library is a dependency
        if os_ is not None:
            check_os(part, os_)
        machine = machine_asked(target, libc, os_)
        answer = ask(
            part, specs, machine.target, machine.os, libc=machine.libc, every=all_rows(), **place
        )
        if machine.said:
            tell(machine.said)
        _show(answer, store, options)


def _part(store: Store, specs: tuple[str, ...], wanted: Selection) -> Tables:
    """What of the graph is needed to look for these specs."""
    from graphcache.analysis.matching.names import selection_for

    packages = store.table(node_type("Package"), ())["name"].to_pylist()
    return store.part(selection_for(specs, packages, wanted))


def _show(answer: Answer, store: Store, options: dict[str, Any]) -> None:
    limit, format_ = options["limit"], options["format_"] or default_format(sys.stdout)
    found = len(answer.rows)
    answer = replace(answer, rows=answer.rows[:limit], more=limit is not None and found > limit)
    if options["paste"]:
        _print_commands(answer, store)
    elif format_ == "table":
        shown = _print_list(answer, store, deps=options["deps"], every=limit is not None)
        if found > shown:
            all_ = "" if limit is not None else " (--all)"
            click.echo(f"… and {found - shown:,} more{all_}")
    else:
        show(_with_needs(answer, store) if options["deps"] else answer, format_, limit)
        return
    for note in answer.notes:
        tell(note)


def _print_list(answer: Answer, store: Store, *, deps: bool, every: bool) -> int:
    """List the specs, or as many as the screen has lines for; how many these are."""
    from graphcache.analysis.finding import marks, needs
    from graphcache.views.specs import listing

    on_screen = screen(every=every)
    width, height = (on_screen.width, on_screen.height) if on_screen else (None, None)
    if height is not None:
        answer = replace(answer, rows=answer.rows[:height])
    below = needs(store.part(needs.reads), _hashes(answer)) if deps else {}
    listed = {*_hashes(answer), *(one["hash"] for lines in below.values() for _, one in lines)}
    before = marks(store.part(marks.reads), listed)

    def lines(count: int) -> list[str]:
        some = replace(answer, rows=answer.rows[:count])
        return list(listing(some, whole_hashes(), below, before, width))

    shown = len(answer.rows)
    if height is not None and shown:
        # One spec at least, as there is one at least to be seen of any table.
        room = height - _BEHIND
        rest = range(2, shown + 1)
        shown = 1 + bisect_right(rest, room, key=lambda count: len(lines(count)))
    for line in lines(shown):
        click.echo(line)
    return shown


def _print_commands(answer: Answer, store: Store) -> None:
    from graphcache.analysis.finding import installable
    from graphcache.views.specs import install_lines

    answer = _without_refused(answer)
    held = set(installable(store.part(installable.reads), _hashes(answer)))
    kept = [row for row in answer.rows if row[answer.columns.index("hash")] in held]
    for line in install_lines(replace(answer, rows=kept)):
        click.echo(line)
    left_out = len(answer.rows) - len(kept)
    if left_out:
        specs = counted(left_out, "spec is", "specs are")
        tell(f"{specs} left out: the cache holds no binary under a hash of Spack's")


def _without_refused(answer: Answer) -> Answer:
    """The answer without what `usable` lists and Spack does not take."""
    if "why_not" not in answer.columns:
        return answer
    at = answer.columns.index("why_not")
    return replace(answer, rows=[row for row in answer.rows if not row[at]])


def _with_needs(answer: Answer, store: Store) -> Answer:
    """The answer with one column more: all that each spec needs, as NAME@VERSION/HASH."""
    from graphcache.analysis.finding import needs

    below = needs(store.part(needs.reads), _hashes(answer))
    texts = {
        hash_: [f"{one['name']}@{one['version'] or ''}/{one['hash']}" for _, one in lines]
        for hash_, lines in below.items()
    }
    rows = [(*row, texts[hash_]) for row, hash_ in zip(answer.rows, _hashes(answer), strict=True)]
    return replace(answer, columns=[*answer.columns, "dependencies"], rows=rows)


def _hashes(answer: Answer) -> list[str]:
    at = answer.columns.index("hash")
    return [row[at] for row in answer.rows]
