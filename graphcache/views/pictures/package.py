"""The picture of a package: its specs in a matrix of what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from graphcache.analysis.pictures.package import PackagePicture, Setting, in_order
from graphcache.analysis.pictures.shown import SpecShown, Use
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture, element_id, listed
from graphcache.words import counted

_FIRST = 12
"""Packages of dependents that stand beside the matrix; the others are one box that opens."""
_IN_CELL = 3
"""Specs that a cell shows; of more it shows how many."""
_ROWS = 500
"""Specs in the table at most."""
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


def package(found: PackagePicture) -> Picture:
    """Draw a package."""
    matrix = _matrix(found)
    count = counted(len(found.specs), "spec")
    configurations = counted(found.configurations, "configuration")
    return Picture(
        title=found.name,
        under=f"{count} of {configurations}" if found.specs else "no spec",
        answer=_answer(found),
        notes=[note for note in (_shared(found), found.note) if note],
        template="package.html",
        values={
            "found": found,
            "matrix": matrix,
            "first": _FIRST if len(found.needed_by) > _FIRST + 1 else len(found.needed_by),
            "needs": _beside(found),
            "kinds": sorted({use.kind for use in (*found.needed_by, *found.needs)}),
            "groups": _groups(found, matrix),
            "columns": [_called(setting, found) for setting in found.differing],
            "left_out": max(0, len(found.specs) - _ROWS),
        },
        command=["graphcache", "view", found.name],
        cypher=f"MATCH p = (s:Spec {{name: {literal(found.name)}}})-[]-() RETURN p LIMIT 300",
        copied={"Copy the name": found.name},
    )


def _answer(found: PackagePicture) -> str:
    needed = ""
    if found.needed_by:
        specs = sum(len(use.specs) for use in found.needed_by)
        needed = (
            f" {counted(specs, 'spec')} of {counted(len(found.needed_by), 'package')} "
            f"{'needs' if specs == 1 else 'need'} {'it' if len(found.specs) == 1 else 'them'}"
        )
        if found.needing > specs:
            needed += f", and through these {found.needing:,} of {found.total:,} specs"
        needed += "."
    elif found.knows_needs:
        needed = " Nothing that is known needs it."
    if len(found.specs) < 2:
        one = found.specs[0].caption if found.specs else f"no spec of {found.name}"
        return f"The graph has {one}{' alone' if found.specs else ''}.{needed}"
    names = [_named(one, found) for one in (found.row, found.column, found.cell) if one is not None]
    if not names:
        return f"In what the {len(found.specs):,} specs differ is not known.{needed}"
    others = "; ".join(_values_of(one, found) for one in found.others[:3])
    if len(found.others) > 3:
        others += f"; and {len(found.others) - 3} settings more"
    return f"They differ in {listed(names)}{f' (and {others})' if others else ''}.{needed}"


def _called(setting: Setting, found: PackagePicture) -> str:
    """A setting by name; a virtual may be called like a variant in which the specs differ too."""
    names = [one.name for one in found.differing]
    is_twin = setting.kind == "provider" and names.count(setting.name) > 1
    return f"provider of {setting.name}" if is_twin else setting.name


def _named(setting: Setting, found: PackagePicture) -> str:
    name = _called(setting, found)
    return f"the version of {name}" if setting.kind == "dependency" else name


def _values_of(setting: Setting, found: PackagePicture) -> str:
    counts = setting.counts.most_common(3)
    shown = ", ".join(f"{_said(setting, value)} ({count:,})" for value, count in counts)
    return f"{_called(setting, found)}: {shown}{', …' if len(setting.counts) > 3 else ''}"


def _said(setting: Setting, value: str) -> str:
    """A value as a cell says it; of a provider of the row's virtual both name and version."""
    if value:
        return value
    return f"no {setting.name}" if setting.kind in ("provider", "dependency") else "none"


def _shared(found: PackagePicture) -> str:
    """What all have alike, as a sentence."""
    own = {one.name: one.values[0] for one in found.shared if one.kind == "own"}
    words = [f"{n} {v}" if n == "version" else v for n, v in own.items()]
    variants = [
        value if value.startswith(("+", "~")) else f"{one.name}={value}"
        for one in found.shared
        if one.kind == "variant" and len(value := one.values[0]) < 30
    ]
    providers = [f"{one.name} by {one.values[0]}" for one in found.shared if one.kind == "provider"]
    said = [", ".join(words), " ".join(variants), ", ".join(providers)]
    text = "; ".join(part for part in said if part)
    if not text:
        return ""
    return f"{'All' if len(found.specs) > 1 else 'It'}: {text}."


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


def _matrix(found: PackagePicture) -> Matrix | None:
    if found.column is None:
        return None
    columns = in_order(found.column)
    rows = in_order(found.row) if found.row else [""]
    cells = in_order(found.cell) if found.cell else []
    places: dict[tuple[str, str], list[tuple[SpecShown, str]]] = {}
    for at, spec in enumerate(found.specs):
        place = found.row.values[at] if found.row else "", found.column.values[at]
        value = _said(found.cell, found.cell.values[at]) if found.cell else spec.hash[:7]
        places.setdefault(place, []).append((spec, value))
    most = max(map(len, places.values()))
    tinted = 1 < len(cells) <= _TINTS and most <= _IN_CELL
    tints = [_said(found.cell, cell) for cell in cells] if found.cell and tinted else []

    def cell(row: str, column: str) -> Cell:
        inside = places.get((row, column), [])
        chips = [(s, text, tints.index(text) if tints else 0) for s, text in inside]
        chips.sort(key=lambda chip: (chip[2], chip[1], chip[0].hash))
        name = element_id(f"{row}--{column}")
        shade = 1 + (_SHADES * len(inside) - 1) // most if inside and most > _IN_CELL else 0
        return Cell(f"cell-{name}", chips, shade, _said_of(found.column, column))

    heads = [_split(column) for column in columns]
    grouped = [(name, len(list(same))) for name, same in groupby(name for name, _ in heads)]
    firsts = [at == 0 or heads[at - 1][0] != name for at, (name, _) in enumerate(heads)]
    has_two = any(version for _, version in heads)
    return Matrix(
        _caption(found, most),
        tints,
        grouped if has_two else [],
        [version if has_two else _said(found.column, name) for name, version in heads],
        firsts,
        [
            (
                _said(found.row, row) if found.row else "all",
                sum(len(places.get((row, column), ())) for column in columns),
                [cell(row, column) for column in columns],
            )
            for row in rows
        ],
    )


def _said_of(setting: Setting | None, value: str) -> str:
    return _said(setting, value) if setting else value


def _split(column: str) -> tuple[str, str]:
    """A compiler or provider as its name and version; else the value alone."""
    name, _, version = column.partition("@")
    return ("", "") if not column else (name, version if "," not in column else "")


def _caption(found: PackagePicture, most: int) -> str:
    axes = [_called(one, found) for one in (found.row, found.column) if one]
    shows = "hash" if found.cell is None else _called(found.cell, found)
    says = "; how many, darker for more" if most > _IN_CELL else f"; each shows its {shows}"
    return f"Specs by {listed(axes)}{says}"


def _beside(found: PackagePicture) -> list[Use]:
    """What they need, without the providers that name the rows or columns."""
    named: set[str] = set()
    for axis in (found.row, found.column):
        if axis and axis.kind == "provider":
            named |= {value.partition("@")[0] for value in axis.values}
    return [use for use in found.needs if use.name not in named]


def _groups(
    found: PackagePicture, matrix: Matrix | None
) -> list[tuple[str, list[tuple[SpecShown, list[str]]]]]:
    """The specs of the table by the cell that they are in, each with in what it differs."""
    values = {
        spec.hash: [_said(one, one.values[at]) for one in found.differing]
        for at, spec in enumerate(found.specs)
    }
    cells: Sequence[Cell] = [cell for row in matrix.rows for cell in row[2]] if matrix else []
    by_cell = [(cell.id, [chip[0] for chip in cell.chips]) for cell in cells if cell.chips]
    groups, room = [], _ROWS
    for name, specs in by_cell or [("cell-all", found.specs)]:
        groups.append((name, [(spec, values[spec.hash]) for spec in specs[:room]]))
        room -= len(groups[-1][1])
    return [group for group in groups if group[1]]
