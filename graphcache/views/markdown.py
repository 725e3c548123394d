"""Markdown with text of the data in it, of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphcache.views.answers import printable
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer

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


def answer_table(answer: Answer, limit: int = MAX_SIZE) -> str:
    """An answer as a table of at most `limit` characters, which says where it was cut.

    >>> from graphcache.answers import Answer
    >>> print(answer_table(Answer(["package", "specs"], [("zlib", 2)])))
    | package | specs |
    | --- | --- |
    | `zlib` | 2 |
    """
    rows = [[_cell(value) for value in row] for row in answer.rows]
    shown: list[list[str]] = []
    room = limit - len(_cut(len(rows))) - sum(map(len, table(answer.columns, []))) - 2
    for row in rows:
        room -= len(_line(row)) + 1
        if room < 0:
            break
        shown.append(row)
    cut = f"\n{_cut(len(rows) - len(shown))}" if len(shown) < len(rows) else ""
    return "\n".join(table(answer.columns, shown)) + cut


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(code, value))
    return code(value) if isinstance(value, str) else str(value)


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
