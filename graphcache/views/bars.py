"""A chart as bars of block characters, or a matrix: for a terminal, and as text for a pipe."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import IO

from graphcache.views.charts import Drawing, HeatMap

_BLOCKS, _ASCII = "█▒░▓", "#=-+"
"""What the parts of a bar are filled with; the second where the output can't hold the first."""
_EIGHTHS = "▏▎▍▌▋▊▉"
_NARROWEST = 10
"""Characters that the longest bar has at least."""


def render_bars(drawing: Drawing, out: IO[str]) -> None:
    """Write a chart as bars, as wide as the terminal, or 80 characters.

    >>> import sys
    >>> from graphcache.views.charts import Chart
    >>> chart = Chart("Fruit", "pieces", ["apples", "figs"], {"pieces": [1200, 300]})
    >>> render_bars(chart, sys.stdout)  # doctest: +ELLIPSIS
    Fruit
    <BLANKLINE>
    apples  ██...█  1,200
    figs    ██...     300
    """
    if isinstance(drawing, HeatMap):
        _render_matrix(drawing, out)
        return
    chart = drawing.bars
    fills = _BLOCKS if _holds(out, _BLOCKS + _EIGHTHS) else _ASCII
    parts = list(chart.parts.values())
    numbers = [_right([f"{value:,}" for value in part]) for part in parts]
    beside = sum(2 + max(map(len, texts), default=0) for texts in numbers)
    width = shutil.get_terminal_size().columns
    labels = _left(chart.labels, max((width - beside) * 2 // 3, _NARROWEST))
    label_width = _cells(labels[0]) if labels else 0
    room = max(width - beside - label_width - 2, _NARROWEST)
    most = max((sum(values) for values in zip(*parts, strict=True)), default=0)
    lines = [chart.title, *([chart.note] if chart.note else [])]
    if len(parts) > 1:
        lines.append(
            "  ".join(f"{fill} {name}" for fill, name in zip(fills, chart.parts, strict=False))
        )
    lines.append("")
    for at, label in enumerate(labels):
        bar = _bar([part[at] for part in parts], most, room, fills)
        lines.append("  ".join([label, bar + " " * (room - len(bar)), *(n[at] for n in numbers)]))
    out.write("\n".join(lines) + "\n")


def _render_matrix(drawing: HeatMap, out: IO[str]) -> None:
    """Write numbers in rows and columns; what is wider than the terminal goes on below.

    A column's name stands above it, higher for each column, so that names may be long.
    """
    width = shutil.get_terminal_size().columns
    labels = _left(drawing.rows, max(width // 2, _NARROWEST))
    label_width = _cells(labels[0]) if labels else 0
    names = [_cut(name, max(width - label_width - 4, _NARROWEST)) for name in drawing.columns]
    figures = [max(len(f"{row[at]:,}") for row in drawing.values) for at in range(len(names))]
    lines = [drawing.title, *([drawing.note] if drawing.note else [])]
    at = 0
    while at < len(names):
        shown = _that_fit(names[at:], figures[at:], width - label_width)
        block = range(at, at + shown)
        lines.append("")
        for last in reversed(block):
            before = "".join(
                f"  {'│' if _holds(out, '│') else '|'}".ljust(2 + figures[n])
                for n in range(at, last)
            )
            lines.append(f"{' ' * label_width}{before}  {names[last]}")
        for label, row in zip(labels, drawing.values, strict=True):
            if any(row[n] for n in block):
                cells = (f"{row[n]:,}" if row[n] else "" for n in block)
                filled = zip(cells, figures[at : at + shown], strict=True)
                lines.append((label + "".join(f"  {c:<{w}}" for c, w in filled)).rstrip())
        at += shown
    out.write("\n".join(lines) + "\n")


def _that_fit(names: Sequence[str], figures: Sequence[int], room: int) -> int:
    """How many columns fit, their names too; one at least."""
    used, found = 0, 0
    for name, figure in zip(names, figures, strict=True):
        if found and used + 2 + max(_cells(name), figure) > room:
            break
        used, found = used + 2 + figure, found + 1
    return found


def _bar(values: Sequence[int], most: int, room: int, fills: str) -> str:
    """A bar of parts; where there is but one, its end is exact to an eighth of a character."""
    if fills == _BLOCKS and len(values) == 1:
        eighths = max(round(values[0] * room * 8 / most), 1) if values[0] else 0
        whole, rest = divmod(eighths, 8)
        return fills[0] * whole + _EIGHTHS[rest - 1 : rest]
    bar, before = "", 0
    for value, fill in zip(values, fills, strict=False):
        before += value
        bar += fill * (round(before * room / most) - len(bar)) if most else ""
    # Of what is there, something is seen.
    return bar or (fills[values.index(max(values))] if any(values) else "")


def _left(texts: Sequence[str], most: int) -> list[str]:
    """The texts as wide as the widest, those that are too wide cut."""
    from rich.cells import set_cell_size

    width = min(max(map(_cells, texts), default=0), most)
    return [set_cell_size(_cut(text, width), width) for text in texts]


def _cut(text: str, width: int) -> str:
    """The text, or its begin and end where it is wider."""
    from rich.cells import set_cell_size

    if _cells(text) <= width:
        return text
    end = (width - 1) // 2
    return f"{set_cell_size(text, width - 1 - end)}…{set_cell_size(text[::-1], end)[::-1]}"


def _right(texts: Sequence[str]) -> list[str]:
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts]


def _cells(text: str) -> int:
    """How many characters wide a terminal shows it."""
    from rich.cells import cell_len

    return cell_len(text)


def _holds(out: IO[str], text: str) -> bool:
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
