"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.views.answers import FORMATS, default_format, render

if TYPE_CHECKING:
    from graphcache.stores.base import Answer

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

DEFAULT_STORE = "graphcache.lbug"

store_option: Decorator = click.option(
    "--store",
    metavar="FILE",
    envvar="GRAPHCACHE_STORE",
    show_envvar=True,
    default=DEFAULT_STORE,
    show_default=True,
    help="The store.",
)

format_option: Decorator = click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="How to print the answer. [default: table on a terminal, csv in a pipe]",
)

verbosity_options: tuple[Decorator, ...] = (
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
    click.option("-v", "--verbose", is_flag=True, help="List all that was passed over."),
)

paths_argument: Decorator = click.argument("paths", nargs=-1, required=True, metavar="PATH...")

output_path = click.Path(dir_okay=False, path_type=Path)


def together(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def show(answer: Answer, format_: Any, limit: int | None = None) -> None:
    """Print an answer on standard output, and say on standard error where it was cut."""
    render(answer.columns, answer.rows, format_ or default_format(sys.stdout), sys.stdout)
    if answer.more:
        click.echo(f"The first {limit:,} rows; there are more.", err=True)
