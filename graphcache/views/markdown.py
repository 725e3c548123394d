"""Markdown with text of the data in it, of bounded size."""

from __future__ import annotations

from collections.abc import Sequence

from graphcache.views.answers import printable
from graphcache.words import counted

MAX_SIZE = 60_000
"""Characters; a comment on GitHub has at most 65,536, one on GitLab 1,000,000."""
_MAX_TEXT = 200
"""Characters of one text of the data."""

Block = tuple[str, Sequence[str], list[list[str]]]
"""A title of ours, the names of columns, and rows of cells that are Markdown already."""


def code(text: str) -> str:
    r"""The text as code, in which nothing is markup, a link or a mention; cut where it is long.

    What would end the code, or a cell of a table, is shown as in Python, as is what can't be
    printed.

    >>> print(code("@all <b>|`"))
    `@all <b>\x7c\x60`
    """
    shown = printable(text).replace("\n", r"\n").replace("`", r"\x60").replace("|", r"\x7c")
    if len(shown) > _MAX_TEXT:
        shown = f"{shown[:_MAX_TEXT]}…"
    return f"`{shown}`" if shown.strip() else ""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table.

    >>> table(["package", "specs"], [["`zlib`", "2"]])
    ['| package | specs |', '| --- | --- |', '| `zlib` | 2 |']
    """
    return [_line(columns), _line(["---"] * len(columns)), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def details_blocks(head: str, blocks: Sequence[Block], limit: int = MAX_SIZE) -> str:
    """The head, and each block as a table that opens on a click; at most `limit` characters.

    Where there is no room for all, each block gets the same share, and what one does not need goes
    to those behind it. A block that is cut says so.
    """
    text = head
    for number, (title, columns, rows) in enumerate(blocks):
        share = (limit - len(text)) // (len(blocks) - number)
        text += _block(title, columns, rows, share)
    return text


def _block(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], room: int) -> str:
    lines = table(columns, rows)
    start, end = f"\n<details><summary>{title}</summary>\n\n", "\n</details>\n"
    room -= len(start) + len(end) + len(_cut(len(lines)))
    shown = 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        shown += 1
    cut = _cut(len(lines) - shown) if shown < len(lines) else ""
    return start + "\n".join(lines[:shown]) + "\n" + cut + end


def _cut(rows: int) -> str:
    left_out = counted(rows, "row is", "rows are")
    room = f"\nCut here, since a comment has room for no more: {left_out} left out."
    return f"{room} `--format csv` has them all.\n"
