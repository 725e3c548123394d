"""The matrix of a package's specs: rows, columns and chips by the settings that tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from graphcache.analysis.pictures.package import PackagePicture, Setting, in_order
from graphcache.analysis.pictures.shown import SpecShown
from graphcache.views.pictures.drawing import element_id, listed

_IN_CELL = 3
"""Specs that a cell shows; of more it shows how many."""
_TINTS = 3
"""Values that have a colour each."""
_SHADES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """The specs of one row and column."""

    id: str
    chips: list[tuple[SpecShown, str, int]]
    """Each spec, with what its chip says, and its colour."""
    shade: int
    """From 1 to 4, where a number stands for the specs."""
    column: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The specs in rows and columns."""

    caption: str
    tints: list[str]
    """What the colours say; empty where they say nothing."""
    heads: list[tuple[str, int]]
    """Names above several columns, and how many."""
    columns: list[str]
    """What is below those."""
    firsts: list[bool]
    """Of each column whether it is the first of its name."""
    rows: list[tuple[str, int, list[Cell]]]
    """The row's name, how many specs it has, and its cells."""


def matrix_of(found: PackagePicture) -> Matrix | None:
    """The matrix of what tells the specs of a package apart; None where nothing does."""
    if found.column is None:
        return None
    columns = in_order(found.column)
    rows = in_order(found.row) if found.row else [""]
    cells = in_order(found.cell) if found.cell else []
    places: dict[tuple[str, str], list[tuple[SpecShown, str]]] = {}
    for at, spec in enumerate(found.specs):
        place = found.row.values[at] if found.row else "", found.column.values[at]
        value = said_of(found.cell, found.cell.values[at]) if found.cell else spec.hash[:7]
        places.setdefault(place, []).append((spec, value))
    most = max(map(len, places.values()))
    tinted = 1 < len(cells) <= _TINTS and most <= _IN_CELL
    tints = [said_of(found.cell, cell) for cell in cells] if found.cell and tinted else []

    def cell(row: str, column: str) -> Cell:
        inside = places.get((row, column), [])
        chips = [(s, text, tints.index(text) if tints else 0) for s, text in inside]
        chips.sort(key=lambda chip: (chip[2], chip[1], chip[0].hash))
        name = element_id(f"{row}--{column}")
        shade = 1 + (_SHADES * len(inside) - 1) // most if inside and most > _IN_CELL else 0
        return Cell(f"cell-{name}", chips, shade, _said_if(found.column, column))

    heads = [_split(column) for column in columns]
    grouped = [(name, len(list(same))) for name, same in groupby(name for name, _ in heads)]
    firsts = [at == 0 or heads[at - 1][0] != name for at, (name, _) in enumerate(heads)]
    has_two = any(version for _, version in heads)
    return Matrix(
        _caption(found, most),
        tints,
        grouped if has_two else [],
        [version if has_two else said_of(found.column, name) for name, version in heads],
        firsts,
        [
            (
                said_of(found.row, row) if found.row else "all",
                sum(len(places.get((row, column), ())) for column in columns),
                [cell(row, column) for column in columns],
            )
            for row in rows
        ],
    )


def _said_if(setting: Setting | None, value: str) -> str:
    return said_of(setting, value) if setting else value


def _split(column: str) -> tuple[str, str]:
    """A compiler or provider as its name and version; else the value alone."""
    name, _, version = column.partition("@")
    return ("", "") if not column else (name, version if "," not in column else "")


def _caption(found: PackagePicture, most: int) -> str:
    axes = [called(one, found) for one in (found.row, found.column) if one]
    shows = "hash" if found.cell is None else called(found.cell, found)
    says = "; how many, darker for more" if most > _IN_CELL else f"; each shows its {shows}"
    return f"Specs by {listed(axes)}{says}"


_TWINS = {"provider": "provider of", "dependency": "version of"}


def called(setting: Setting, found: PackagePicture) -> str:
    """A setting by name; what is needed may be called like a variant in which they differ too."""
    names = [one.name for one in found.differing]
    is_twin = setting.kind in _TWINS and names.count(setting.name) > 1
    return f"{_TWINS[setting.kind]} {setting.name}" if is_twin else setting.name


def said_of(setting: Setting, value: str) -> str:
    """A value as a cell says it; of a provider of the row's virtual both name and version."""
    if value:
        return value
    return f"no {setting.name}" if setting.kind in ("provider", "dependency") else "none"
