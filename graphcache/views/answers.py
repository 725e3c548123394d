"""An answer as a table, CSV, JSON or JSON lines."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Literal

from graphcache.errors import QueryError

if TYPE_CHECKING:
    from graphcache.views.terminal import Screen

Format = Literal["table", "csv", "json", "jsonl"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json", "jsonl")

Rows = Sequence[Sequence[Any]]


def printable(text: str) -> str:
    r"""The text without characters that a terminal takes for commands; line ends stay.

    So does what turns around in which order the rest is shown.

    >>> print(printable("a\x1b[31mb\u202ec"))
    a\x1b[31mb\u202ec
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def default_format(out: IO[str]) -> Format:
    """A table for a terminal, CSV for a pipe."""
    return "table" if out.isatty() else "csv"


def render(
    columns: Sequence[str],
    rows: Rows,
    format_: Format,
    out: IO[str],
    screen: Screen | None = None,
) -> None:
    """Write rows under their column names.

    In CSV a list is JSON text and null an empty field; in JSON a row is an object. On a terminal a
    table is laid out for the screen, as `views/terminal.py` says: the one given, or else as wide as
    the terminal, with all rows.

    >>> import sys
    >>> render(["package", "stacks"], [("zlib", ["e4s"])], "csv", sys.stdout)
    package,stacks
    zlib,"[""e4s""]"
    >>> render(["package", "stacks"], [("zlib", ["e4s"])], "jsonl", sys.stdout)
    {"package": "zlib", "stacks": ["e4s"]}
    """
    if format_ == "table" and not columns:
        return  # as a procedure that gives nothing
    if format_ == "table" and out.isatty():
        _on_terminal(columns, rows, out, screen)
        return
    writers: dict[Format, Callable[[Sequence[str], Rows, IO[str]], None]] = {
        "table": _table,
        "csv": _csv,
        "json": _json,
        "jsonl": _jsonl,
    }
    writers[format_](columns, rows, out)


def _table(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        justify: Literal["right", "left"] = "right" if numeric else "left"
        table.add_column(Text(_cell(name)), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    # In a pipe there is no width to fit: lines are as long as they need be.
    console = Console(file=out, width=10_000, highlight=False)
    with console.capture() as printed:  # else rich ends the process where a pipe is broken
        console.print(table)
    out.write(printed.get())


def _on_terminal(columns: Sequence[str], rows: Rows, out: IO[str], screen: Screen | None) -> None:
    from rich.console import Console
    from rich.text import Text

    from graphcache.views.terminal import Screen, lay_out

    colors: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(file=out, highlight=False, color_system=colors)
    screen = screen or Screen(console.width)
    layout = lay_out([_cell(name) for name in columns], rows, screen, _cell)
    with console.capture() as printed:
        for line in layout.head[:1]:
            console.print(Text(line, "bold"), soft_wrap=True)
    above, below = layout.above, [*layout.head[1:], *layout.body]
    out.write("".join(f"{line}\n" for line in above) + printed.get())
    out.write("".join(f"{line}\n" for line in below))


def size(out: IO[str]) -> tuple[int, int]:
    """The columns and lines of a terminal."""
    from rich.console import Console

    console = Console(file=out)
    return console.width, console.height


def _cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        text = ""
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = " ".join(value)
    elif isinstance(value, bool | float | dict | list | tuple):
        text = to_json(value)
    else:
        text = _iso(value)
    # Text of the data must not reach the terminal as a command to it.
    return printable(text)


@dataclass(frozen=True, slots=True)
class _Lines:
    r"""A file of lines that end in \n, for a writer that ends them in \r\n.

    Only where those are its line ends, Python's writer before 3.13 quotes a field that has one of
    the two characters in it; without quotes, readers take \r for the end of a row.
    """

    out: IO[str]

    def write(self, line: str) -> None:
        self.out.write(line.removesuffix("\r\n") + "\n")


def _csv(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    # In a file a text is what it is; on a terminal it must not be a command to it.
    text = printable if out.isatty() else str
    writer = csv.writer(_Lines(out), lineterminator="\r\n")
    writer.writerows([[text(name) for name in columns]] if columns else [])
    writer.writerows([_csv_field(value, text) for value in row] for row in rows)


def _csv_field(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, list | dict | bool):
        return to_json(value)
    return text(value) if isinstance(value, str) else value


def _json(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    _check_names(columns)
    out.write("[")
    for number, row in enumerate(rows):
        out.write(",\n " if number else "\n ")
        out.write(to_json(dict(zip(columns, row, strict=True))))
    out.write("\n]\n" if rows else "]\n")


def _jsonl(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    _check_names(columns)
    for row in rows:
        out.write(to_json(dict(zip(columns, row, strict=True))) + "\n")


def _check_names(columns: Sequence[str]) -> None:
    for name in columns:
        if columns.count(name) > 1:
            raise QueryError(f"two columns are named {name!r}: name them apart by AS")


def to_json(value: Any, indent: int | None = None) -> str:
    """JSON that is safe to show in a terminal.

    What JSON lacks: dates and times are ISO 8601, infinity and what is not a number are null.

    >>> to_json([0.5, float("nan")])
    '[0.5, null]'
    """
    try:
        text = json.dumps(value, ensure_ascii=False, default=_iso, indent=indent, allow_nan=False)
    except ValueError:
        return to_json(_finite(value), indent)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
