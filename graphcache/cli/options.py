"""Options that several commands share."""

from __future__ import annotations

import math
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.logs import start_log
from graphcache.cli.telling import lines_of, tell
from graphcache.errors import UsageError
from graphcache.views.answers import FORMATS, default_format, render, size
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer, Selection
    from graphcache.stores.base import Store
    from graphcache.tables import Tables
    from graphcache.views.terminal import Screen

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DEFAULT_STORE = "graphcache.lbug"

shown_path = click.Path(readable=False)
"""Text that the shell completes as a path; what is there is for others to judge."""


class Number(click.FloatRange):
    """A number in a range; `nan` is none, though Python reads it as one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number, or the error of the option."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"expected a number, found {value}", param, ctx)
        return number


store_option: Decorator = click.option(
    "--store",
    metavar="FILE|URI",
    type=shown_path,
    envvar="GRAPHCACHE_STORE",
    show_envvar=True,
    default=DEFAULT_STORE,
    show_default=True,
    help="The store: a file, or a server such as neo4j://localhost:7687.",
)


def together(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


place_options = together(
    click.option("--stack", metavar="STACK", help="Only what this stack holds."),
    click.option("--release", metavar="RELEASE", help="Only what is in this release."),
)


stats_format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print them.",
)


def _set(key: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    """A callback that notes a flag for `show`, wherever in the command line it stands."""

    def note(ctx: click.Context, _: click.Parameter, given: bool) -> None:
        ctx.meta[key] = given or ctx.meta.get(key, False)

    return note


_ALL, _WHOLE = "graphcache.all_rows", "graphcache.whole_hashes"
_ALL_HELP = "On a terminal: all rows, and not only as many as it has lines."


def format_options(*more: str, all_help: str = _ALL_HELP) -> Decorator:
    """How an answer is printed: what formats a command has more, and what --all does in it."""
    return together(
        click.option(
            "--format",
            "format_",
            type=click.Choice([*FORMATS, *more]),
            help="How to print the answer. [default: table on a terminal, csv in a pipe]",
        ),
        click.option(
            "--all",
            "all_rows",
            is_flag=True,
            expose_value=False,
            callback=_set(_ALL),
            help=all_help,
        ),
        click.option(
            "-L",
            "--very-long",
            is_flag=True,
            expose_value=False,
            callback=_set(_WHOLE),
            help="On a terminal: whole hashes, and not only their beginnings.",
        ),
    )


format_option = format_options()

library_option: Decorator = click.option(
    "--library",
    metavar="DIR",
    type=click.Path(file_okay=False, readable=False),
    multiple=True,
    is_eager=True,
    envvar="GRAPHCACHE_LIBRARY",
    show_envvar=True,
    help="A folder of further named queries.",
)
"""Where further named queries are."""

verbosity_options: tuple[Decorator, ...] = (
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        callback=start_log,
        help="List all that was passed over, and log what is done.",
    ),
)

output_path = click.Path(dir_okay=False, path_type=Path)


server_options = together(
    click.option(
        "--database",
        metavar="NAME",
        envvar="NEO4J_DATABASE",
        show_envvar=True,
        help="On a server: the database.",
    ),
    click.option(
        "--password-file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="On a server: a file that holds the password, instead of NEO4J_PASSWORD.",
    ),
    click.option(
        "--wait",
        metavar="SECONDS",
        type=Number(min=0),
        default=0,
        help="On a server: wait so long for it to answer.",
    ),
)


answer_options = together(store_option, server_options, format_option)
"""What every question takes: the store, and how the answer is printed."""


def read_password(file: Path | None) -> str | None:
    """The password in the file; asked for, if there is none anywhere and this is a terminal."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise click.FileError(str(file), "can't be read as text") from error
    if "NEO4J_PASSWORD" not in os.environ and sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, err=True))
    return None


def open_chosen(options: Mapping[str, Any]) -> Store:
    """The store that --store names, with what the options say of a server."""
    from graphcache.stores import is_server, open_store

    if not is_server(options["store"]):
        return open_store(options["store"])
    return open_store(
        options["store"],
        password=read_password(options["password_file"]),
        database=options["database"],
        wait=options["wait"],
    )


def chosen_part(options: Mapping[str, Any], wanted: Selection) -> Tables:
    """What is read of the store that --store names."""
    with open_chosen(options) as store:
        return store.part(wanted)


def on_this_store(command: str, options: Mapping[str, Any]) -> str:
    """A command to paste, that asks the store which was asked here; without any password.

    >>> on_this_store("graphcache check", {"store": DEFAULT_STORE})
    'graphcache check'
    >>> on_this_store("graphcache check", {"store": "my caches/a.lbug"})
    "graphcache check --store 'my caches/a.lbug'"
    """
    from graphcache.stores import is_server

    words = [] if options["store"] == DEFAULT_STORE else ["--store", options["store"]]
    if is_server(options["store"]) and options["database"]:
        words += ["--database", options["database"]]
    return " ".join([command, *map(shlex.quote, words)])


def warn_of_foreign(store: Store, statement: str) -> None:
    """Say on standard error, before the answer, if nodes of others may be in it."""
    warning = store.foreign(statement)
    if warning is not None:
        tell(f"Warning: {warning}")


def keep_store(out: str, store: str) -> None:
    """Refuse to write over the store.

    Raises:
        UsageError: the output is that file.
    """
    if is_same_file(out, store):
        raise UsageError(f"{out}: is the store, and would be lost: give another path")


def is_same_file(one: str, other: str) -> bool:
    """Whether two paths are of one file, be it there or not."""
    if os.path.exists(one) and os.path.exists(other):
        return os.path.isfile(one) and os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def show(
    answer: Answer,
    format_: Any,
    limit: int | None = None,
    *,
    every: bool = False,
    beside: Sequence[str] = (),
) -> None:
    """Print an answer on standard output; on standard error what there is to say of it.

    On a terminal, as many rows as it has lines, unless --all or a limit says how many are wanted,
    or the answer is short by nature, so that every row is. `beside` is what else there is to say
    of it on standard error.
    """
    said = [*answer.notes, *beside]
    if answer.more:
        rows = "row" if limit == 1 else counted(limit or 0, "row")
        said.append(f"The first {rows}; there are more.")
    elif not (answer.rows or said):
        said.append("No rows.")
    every = every or limit is not None
    show_rows(answer.columns, answer.rows, format_, every=every, below=lines_of(said))
    for text in said:
        tell(text)


def whole_hashes() -> bool:
    """Whether --very-long asks for them."""
    return bool(click.get_current_context().meta[_WHOLE])


def all_rows() -> bool:
    """Whether --all asks for every row."""
    return bool(click.get_current_context().meta[_ALL])


def screen(*, every: bool = False, below: int = 0) -> Screen | None:
    """The terminal, without a height where every row is wanted, as by --all; None in a pipe.

    `below` is how many of its lines are needed for what is said below the answer.
    """
    if not sys.stdout.isatty():
        return None
    from graphcache.views.terminal import Screen

    width, height = size(sys.stdout)
    return Screen(width, None if every or all_rows() else height - below, whole_hashes())


def show_rows(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    format_: Any,
    *,
    every: bool = False,
    below: int = 0,
) -> None:
    """Print rows on standard output; on a terminal, as many as it has lines, or every one."""
    format_ = format_ or default_format(sys.stdout)
    render(columns, rows, format_, sys.stdout, screen(every=every, below=below))


def show_section(columns: Sequence[str], rows: Iterable[Any]) -> None:
    """Print one of several tables on standard output, with an empty line behind it."""
    render(columns, list(rows), "table", sys.stdout)
    click.echo()


def in_one_text(answer: Answer, column: str, between: str, options: dict[str, Any]) -> Answer:
    """The answer with the lists of a column joined, in a table: all of one is what was asked for.

    A list of names may be shortened on a terminal; a text is wrapped.
    """
    if (options["format_"] or default_format(sys.stdout)) != "table":
        return answer
    at = answer.columns.index(column)
    rows = [(*row[:at], between.join(row[at]), *row[at + 1 :]) for row in answer.rows]
    return replace(answer, rows=rows)
