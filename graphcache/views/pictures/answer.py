"""The picture of an answer: a table with bars in its numbers, a matrix where two texts name it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from graphcache.answers import Answer
from graphcache.views.pictures.drawing import Picture, listed
from graphcache.views.pictures.matrix import Matrix
from graphcache.words import counted

ROWS = 500
"""Rows of a table at most."""
_ROWS, _COLUMNS = 40, 24
"""Values that the rows and columns of a matrix have at most."""
_LONGEST = 40
"""Characters of a name beside a matrix."""
_ITEMS = 3
"""Items of a list that are seen at first."""
_SHADES = 4


def answer(
    found: Answer,
    title: str,
    said: str = "",
    *,
    command: Sequence[str] = (),
    cypher: str = "",
    rows: int = ROWS,
    tidy: bool = False,
    matrix: Matrix | None = None,
) -> Picture:
    """Draw an answer.

    Args:
        found: the answer.
        title: what it is the answer of.
        said: the answer in a sentence; what it says of its rows, if it is empty.
        command: the words of the command that gives it.
        cypher: the statement that was asked.
        rows: that the table has at most.
        tidy: whether a spec's hash, name and version are one column, and what all rows have alike
            is told once. A named query has the columns that it says it has.
        matrix: of specs that the rows are of, which stands above them.
    """
    cells = _cells(found, matrix, rows)
    found, shared, told = _told_once(_captioned(found)) if tidy else (found, [], set())
    kinds = [_kind([row[at] for row in found.rows]) for at in range(len(found.columns))]
    numbers = [at for at, kind in enumerate(kinds) if kind == "number"]
    most = {at: max((row[at] or 0 for row in found.rows), default=0) for at in numbers}
    cut = len(found.rows) - rows
    notes = [*shared, *found.notes]
    if found.more:
        notes.append("There are more rows: the answer was cut.")
    if cut > 0:
        notes.append(f"{counted(cut, 'more row is', 'more rows are')} not shown.")
    return Picture(
        title=title,
        under=counted(len(found.rows), "row"),
        answer=said or _said(found, numbers),
        notes=notes,
        template="answer.html",
        values={
            "columns": found.columns,
            "rows": found.rows[:rows],
            "groups": _grouped(found.rows[:rows], cells),
            "numbers": set(numbers),
            "barred": {at for at in numbers if most[at] > 0 and _is_size(found, at)},
            "most": most,
            "sorted": _sorted(found, numbers),
            "matrix": _matrix(found, kinds, numbers),
            "specs": matrix,
            "first_items": _ITEMS,
            "tidy": tidy,
            "told": {at for at, name in enumerate(found.columns) if name in told},
        },
        command=command,
        cypher=cypher,
    )


_Groups = list[tuple[str, list[tuple[Any, ...]]]]
"""Rows by the id of the cell of a matrix that they are in; empty for those that are in none."""


def _cells(found: Answer, matrix: Matrix | None, rows: int) -> list[str]:
    """In which cell of the matrix the spec of each row is."""
    if matrix is None:
        return [""] * len(found.rows[:rows])
    of = {
        spec.hash: cell.id
        for _, _, cells in matrix.rows
        for cell in cells
        for spec, *_ in cell.chips
    }
    at = found.columns.index("hash")
    return [of.get(row[at], "") for row in found.rows[:rows]]


def _grouped(rows: Sequence[tuple[Any, ...]], cells: Sequence[str]) -> _Groups:
    """The rows of each cell together, in the order in which the cells come first."""
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for cell, row in zip(cells, rows, strict=True):
        groups.setdefault(cell, []).append(row)
    return list(groups.items())


def _captioned(found: Answer) -> Answer:
    """The answer with a spec's caption in place of its hash, name and version."""
    at = {name: number for number, name in enumerate(found.columns)}
    package = next((name for name in ("name", "package") if name in at), None)
    if package is None or "version" not in at or "hash" not in at:
        return found
    left = [n for name, n in at.items() if name not in ("hash", "version", package)]
    rows = [
        (
            f"{row[at[package]]}@{row[at['version']] or ''}/{row[at['hash']]}",
            *(row[n] for n in left),
        )
        for row in found.rows
    ]
    return replace(found, columns=["spec", *(found.columns[n] for n in left)], rows=rows)


def _told_once(found: Answer) -> tuple[Answer, list[str], set[str]]:
    """The answer without what all rows have alike, that as a sentence, and the lists cut so."""
    if len(found.rows) < 2:
        return found, [], set()
    said: list[str] = []
    without: list[str] = []
    cut: set[str] = set()
    columns: list[str] = []
    values: list[list[Any]] = []
    for at, name in enumerate(found.columns):
        column = [row[at] for row in found.rows]
        if all(isinstance(value, list) for value in column):
            both = [item for item in column[0] if all(item in value for value in column[1:])]
            if both and all(isinstance(item, str) for item in both):
                said.append(f"{name} {' '.join(both)}")
                column = [[item for item in value if item not in both] for value in column]
                if not any(column):
                    continue
                cut.add(name)
        elif at and column[0] is not None and all(value == column[0] for value in column[1:]):
            value = column[0]
            said.append(f"{name} {('no', 'yes')[value] if isinstance(value, bool) else value}")
            continue
        elif at and all(value is None for value in column):
            without.append(name)
            continue
        columns.append(name)
        values.append(column)
    if len(columns) < 2:
        return found, [], set()
    rows = list(zip(*values, strict=True))
    notes = [f"All rows: {'; '.join(said)}."] if said else []
    notes += [f"No row has a value of {listed(without)}."] if without else []
    return replace(found, columns=columns, rows=rows), notes, cut


def _kind(values: Sequence[Any]) -> str:
    """`number`, `text`, `list`, or `other`, of the values that are there."""
    there = [value for value in values if value is not None]
    if not there:
        return "other"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in there):
        return "number"
    if all(isinstance(value, str) for value in there):
        return "text"
    return "list" if all(isinstance(value, list | tuple) for value in there) else "other"


def _is_size(found: Answer, at: int) -> bool:
    """Whether a bar says something: no number is below 0."""
    return all((row[at] or 0) >= 0 for row in found.rows)


def _sorted(found: Answer, numbers: Sequence[int]) -> int | None:
    """The first column of numbers by which the rows fall, if there is one."""
    for at in numbers:
        values = [row[at] or 0 for row in found.rows]
        if len(set(values)) > 1 and values == sorted(values, reverse=True):
            return at
    return None


def _said(found: Answer, numbers: Sequence[int]) -> str:
    """What the rows say, in a sentence: how many there are, and the largest."""
    rows = f"{counted(len(found.rows), 'row')}{' and more' if found.more else ''}"
    if not found.rows:
        return "None."
    at = _sorted(found, numbers)
    at = at if at is not None else next(iter(numbers), None)
    name = next((c for c, value in enumerate(found.rows[0]) if isinstance(value, str)), None)
    if at is None or name is None or found.more:
        return f"{rows}."
    most = max(found.rows, key=lambda row: row[at] or 0)
    return f"{rows}; most {found.columns[at]}: {most[name]} ({most[at] or 0:,})."


def _matrix(found: Answer, kinds: Sequence[str], numbers: Sequence[int]) -> dict[str, Any] | None:
    """Rows and columns by two texts that name each row; None where no two do, or too many."""
    texts = [at for at, kind in enumerate(kinds) if kind == "text"]
    if len(texts) < 2 or not numbers or len(found.rows) < 4:
        return None
    for one in texts:
        for other in texts:
            if one != other and (made := _made(found, one, other, numbers[0])):
                return made
    return None


def _made(found: Answer, one: int, other: int, number: int) -> dict[str, Any] | None:
    """The matrix of two columns, if they name the rows, and are not nearly empty."""
    cells = {(row[one] or "", row[other] or ""): row[number] for row in found.rows}
    rows = list(dict.fromkeys(row for row, _ in cells))
    columns = sorted({column for _, column in cells})
    fits = 1 < len(rows) <= _ROWS and 1 < len(columns) <= _COLUMNS and len(rows) >= len(columns)
    # One with a single cell in each row says no more than the table.
    is_full = len(rows) * len(columns) <= 5 * len(cells) and len(cells) > len(rows)
    is_short = all(len(name) <= _LONGEST for name in (*rows, *columns))
    if len(cells) < len(found.rows) or not (fits and is_full and is_short):
        return None
    most = max((value or 0 for value in cells.values()), default=0) or 1
    return {
        "caption": f"{found.columns[number]} by {found.columns[one]} and {found.columns[other]}",
        "row": found.columns[one],
        "column": found.columns[other],
        "columns": columns,
        "rows": [
            (
                name,
                [
                    (cells.get((name, column)), _shade(cells.get((name, column)), most))
                    for column in columns
                ],
            )
            for name in rows
        ],
    }


def _shade(value: Any, most: float) -> int:
    return min(_SHADES, 1 + int(3.999 * value / most)) if value and value > 0 else 0
