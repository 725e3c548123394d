"""An answer as a table, CSV, JSON or JSON lines."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from typing import IO, Any, Literal

Format = Literal["table", "csv", "json", "jsonl"]
FORMATS: tuple[Format, ...] = ("table", "csv", "json", "jsonl")

Rows = Sequence[Sequence[Any]]
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def default_format(out: IO[str]) -> Format:
    """A table for a terminal, CSV for a pipe."""
    return "table" if out.isatty() else "csv"


def render(columns: Sequence[str], rows: Rows, format_: Format, out: IO[str]) -> None:
    """Write rows under their column names.

    In CSV a list is JSON text and null an empty field; in JSON a row is an object.

    >>> render(["package", "stacks"], [("zlib", ["e4s"])], "csv", sys.stdout)
    package,stacks
    zlib,"[""e4s""]"
    >>> render(["package", "stacks"], [("zlib", ["e4s"])], "jsonl", sys.stdout)
    {"package": "zlib", "stacks": ["e4s"]}
    """
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

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    # In a pipe there is no width to fit: lines are as long as they need be.
    console = Console(file=out, width=None if out.isatty() else 10_000, highlight=False)
    console.print(table)


def _cell(value: Any) -> Any:
    from rich.text import Text

    if value is None:
        text = ""
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        text = " ".join(value)
    elif isinstance(value, str):
        text = value
    else:
        text = _to_json(value)
    # Text of the data must not reach the terminal as a command to it, or to rich as markup.
    return Text(_UNPRINTABLE.sub(lambda c: repr(c.group())[1:-1], text))


def _csv(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        [_to_json(v) if isinstance(v, list | dict | bool) else v for v in row] for row in rows
    )


def _json(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    out.write("[")
    for number, row in enumerate(rows):
        out.write(",\n " if number else "\n ")
        out.write(_to_json(dict(zip(columns, row, strict=True))))
    out.write("\n]\n" if rows else "]\n")


def _jsonl(columns: Sequence[str], rows: Rows, out: IO[str]) -> None:
    for row in rows:
        out.write(_to_json(dict(zip(columns, row, strict=True))) + "\n")


def _to_json(value: Any) -> str:
    # Dates and times, which JSON lacks, as ISO 8601.
    return json.dumps(value, ensure_ascii=False, default=_iso)


def _iso(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
