"""An answer on a terminal: as a table where it fits, else upright, and no more than the screen has.

No name, no hash and no command is broken over lines, so that each can be read and copied. What is
too wide is shortened where it is a list, and wrapped between words where it is a sentence; where
that does not suffice, every row stands upright, with a line for each of its columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from rich.cells import cell_len, set_cell_size

Rows = Sequence[Sequence[Any]]

_HASH = re.compile(r"(?<![0-9A-Za-z])([a-z2-7]{7})[a-z2-7]{25}(?![0-9A-Za-z])")
"""A hash of Spack's; the group is as much of it as Spack shows."""
_COMMAND = "graphcache "
"""How a text begins that is to be pasted into a shell, in which a line end would cut it."""
_HASH_IN_COMMAND = re.compile(r"(?<= /)([a-z2-7]{7})[a-z2-7]{25}(?!\S)")
"""A hash that is a word of its own: one in the path of a file has to stay as it is."""
_GAP = "   "
"""Between two columns."""
_INDENT = "  "
_FEWEST = 1
"""Rows that are shown on any screen."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What an answer has to fit in."""

    width: int
    height: int | None = None
    """Lines; None where all rows are wanted."""
    whole_hashes: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The lines of an answer."""

    above: list[str]
    """What is the same in all rows."""
    head: list[str]
    """Of a table."""
    body: list[str]


@dataclass(frozen=True, slots=True)
class _Cell:
    """A value, as words that are kept whole."""

    words: list[str]
    kind: Literal["list", "text", "lines"]
    """A list may be shortened, a text wrapped; lines stand as they are, each of them a word."""

    @property
    def width(self) -> int:
        """Of all of it."""
        if self.kind == "lines":
            return self.least
        return cell_len(" ".join(self.words))

    @property
    def least(self) -> int:
        """The width in which no word has to be broken."""
        if self.kind == "list" and len(self.words) > 1:
            return min(self.width, cell_len(_in_all(self.words)))
        return max(map(cell_len, self.words), default=0)

    def within(self, width: int, *, whole: bool = False) -> list[str]:
        """Its lines in a width; a list is one line, unless the whole of it is wanted."""
        if self.kind == "lines":
            return self.words
        if self.kind == "list" and not whole:
            return [_shortened(self.words, width)] if self.words else []
        return wrapped(self.words, width)


def lay_out(
    columns: Sequence[str], rows: Rows, screen: Screen, text: Callable[[Any], str] = str
) -> Layout:
    r"""The lines of an answer; `text` makes of a value what is safe to show.

    >>> rows = [("zlib", "1.3", "27m4hfs6hzyiv3h33urmjffu33wx4kzo"), ("hdf5", "1.3", "a")]
    >>> print(*lay_out(["package", "version", "hash"], rows[:1], Screen(80)).body, sep="\n")
    package: zlib
    version: 1.3
    hash:    27m4hfs
    >>> layout = lay_out(["package", "version", "hash"], rows, Screen(80))
    >>> print(*layout.above, *layout.head, *layout.body, sep="\n")
    version: 1.3
    <BLANKLINE>
    package   hash
    ─────────────────
    zlib      27m4hfs
    hdf5      a
    """
    if len(rows) == 1:
        cells = _cells(rows[0], screen, text)
        return Layout([], [], list(_record(columns, cells, screen.width, whole=True)))
    same, kept = _split(columns, rows)
    above: list[str] = []
    if same:
        cells = _cells([rows[0][at] for at in same], screen, text)
        above = [*_record([columns[at] for at in same], cells, screen.width), ""]
    names = [columns[at] for at in kept]
    most = len(rows) if screen.height is None else max(screen.height, _FEWEST)
    shown = [[row[at] for at in kept] for row in rows[:most]]
    head, blocks = _blocks(names, shown, screen, text)
    # The note on what is left out and the shell's next prompt have a line each.
    room = None if screen.height is None else screen.height - len(above) - len(head) - 2
    blocks = blocks[: _fitting(blocks, room, len(rows))]
    body = [line for block in blocks for line in block]
    if len(blocks) < len(rows):
        body.append(f"… and {len(rows) - len(blocks):,} more (--all)")
    return Layout(above, head, body)


def _split(columns: Sequence[str], rows: Rows) -> tuple[list[int], list[int]]:
    """The columns that have one value throughout, and the others, which are one at least."""
    numbers = range(len(columns))
    same = [at for at in numbers if rows and all(row[at] == rows[0][at] for row in rows)]
    if len(same) == len(columns):
        same = same[1:]
    return same, [at for at in numbers if at not in same]


def _blocks(
    names: Sequence[str], rows: Rows, screen: Screen, text: Callable[[Any], str]
) -> tuple[list[str], list[list[str]]]:
    """The head of the table and the lines of each row; without a head, where it does not fit."""
    cells = [_cells(row, screen, text) for row in rows]
    widths = _widths(names, cells, screen.width)
    if widths is None:
        records = [list(_record(names, row, screen.width)) for row in cells]
        return [], [record if at == 0 else ["", *record] for at, record in enumerate(records)]
    numeric = [
        bool(rows) and all(isinstance(row[at], int | float) for row in rows)
        for at in range(len(names))
    ]
    title = _line(names, widths, numeric)
    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    blocks = []
    for row in cells:
        lines = [cell.within(width) for cell, width in zip(row, widths, strict=True)]
        blocks.append([_line(line, widths, numeric) for line in zip_longest(*lines, fillvalue="")])
    return [title, rule], blocks


def _widths(names: Sequence[str], rows: Sequence[list[_Cell]], width: int) -> list[int] | None:
    """The widths of the columns of a table that fits; None if none does."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    titles = [cell_len(name) for name in names]
    wide = [max([t, *(c.width for c in cells)]) for t, cells in zip(titles, columns, strict=True)]
    widths = [max([t, *(c.least for c in cells)]) for t, cells in zip(titles, columns, strict=True)]
    room = width - sum(widths) - len(_GAP) * (len(widths) - 1)
    if room < 0:
        return None
    while room and widths != wide:
        narrowest = min((w, at) for at, w in enumerate(widths) if w < wide[at])[1]
        widths[narrowest] += 1
        room -= 1
    return widths


def _fitting(blocks: Sequence[list[str]], room: int | None, rows: int) -> int:
    """How many of the blocks there is room for; the last row of all needs no note behind it."""
    if room is None:
        return len(blocks)
    used = 0
    for at, block in enumerate(blocks):
        used += len(block)
        if used > room + (at + 1 == rows) and at >= _FEWEST:
            return at
    return len(blocks)


def _record(
    names: Sequence[str], cells: Sequence[_Cell], width: int, *, whole: bool = False
) -> Iterator[str]:
    """A row upright: each column's name with its value, below the name where it is too wide."""
    label = max((cell_len(name) for name in names), default=0) + 2
    for name, cell in zip(names, cells, strict=True):
        title = f"{name}:"
        longest = max(map(cell_len, cell.words), default=0)
        if longest <= width - label:
            before = " " * label
            lines = cell.within(width - label, whole=whole) or ["-"]
            yield set_cell_size(title, label) + lines[0]
        else:
            before = _INDENT if longest <= width - len(_INDENT) else ""
            lines = ["", *cell.within(width - len(before), whole=whole)]
            yield title
        yield from (before + line for line in lines[1:])


def _line(texts: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    """A line of the table."""
    padded = (
        " " * (width - cell_len(text)) + text if right else text + " " * (width - cell_len(text))
        for text, width, right in zip(texts, widths, numeric, strict=True)
    )
    return _GAP.join(padded).rstrip()


def _cells(row: Sequence[Any], screen: Screen, text: Callable[[Any], str]) -> list[_Cell]:
    return [_cell(value, screen, text) for value in row]


def _cell(value: Any, screen: Screen, text: Callable[[Any], str]) -> _Cell:
    def shown(value: Any) -> str:
        return text(value) if screen.whole_hashes else _HASH.sub(r"\1", text(value))

    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return _Cell([shown(item) for item in value], "list")
    one = text(value)
    if one.startswith(_COMMAND):
        return _Cell([one if screen.whole_hashes else _HASH_IN_COMMAND.sub(r"\1", one)], "lines")
    one = shown(value)
    if "\n" in one:  # as what EXPLAIN gives
        return _Cell(one.splitlines(), "lines")
    return _Cell(one.split(), "text")


def _shortened(words: Sequence[str], width: int) -> str:
    """As many of the words as there is room for, and how many more there are.

    >>> _shortened(["e4s", "hep", "ml", "radiuss"], 17)
    'e4s … and 3 more'
    >>> _shortened(["e4s", "hep"], 7), _shortened(["e4s", "hep"], 6), _shortened(["e4s"], 1)
    ('e4s hep', '2 in all', 'e4s')
    """
    if len(words) < 2:
        return " ".join(words)
    used, kept, rest = -1, 0, _in_all(words)
    for at, word in enumerate(words, start=1):
        used += 1 + cell_len(word)
        if used > width:
            break
        more = f" … and {len(words) - at:,} more" if at < len(words) else ""
        if used + len(more) <= width:
            kept, rest = at, more
    return " ".join(words[:kept]) + rest


def _in_all(words: Sequence[str]) -> str:
    return f"{len(words):,} in all"


def wrapped(words: Sequence[str], width: int) -> list[str]:
    """The words in lines, none of which is wider unless a word is.

    >>> wrapped(["build", "it", "again"], 8)
    ['build it', 'again']
    """
    lines: list[str] = []
    used = width
    for word in words:
        used += 1 + cell_len(word)
        if lines and used <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            used = cell_len(word)
    return lines
