"""The picture of a package: its specs in a matrix of what tells them apart."""

from __future__ import annotations

from collections.abc import Sequence

from graphcache.analysis.pictures.package import PackagePicture, Setting
from graphcache.analysis.pictures.shown import SpecShown, Use
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture, listed
from graphcache.views.pictures.matrix import Cell, Matrix, called, matrix_of, said_of
from graphcache.words import counted

_FIRST = 12
"""Packages of dependents that stand beside the matrix; the others are one box that opens."""
_ROWS = 500
"""Specs in the table at most."""


def package(found: PackagePicture) -> Picture:
    """Draw a package."""
    matrix = matrix_of(found)
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
            "columns": [called(setting, found) for setting in found.differing],
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
    return f"{how_they_differ(found)}{needed}"


def how_they_differ(found: PackagePicture) -> str:
    """In what the specs differ, in a sentence: what the matrix shows first.

    >>> import graphcache
    >>> from graphcache.analysis.pictures.package import package_picture
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> how_they_differ(package_picture(tables, "hdf5"))
    'They differ in fortran.'
    """
    names = [_named(one, found) for one in (found.row, found.column, found.cell) if one is not None]
    if not names:
        return f"In what the {len(found.specs):,} specs differ is not known."
    others = "; ".join(_values_of(one, found) for one in found.others[:3])
    if len(found.others) > 3:
        others += f"; and {counted(len(found.others) - 3, 'setting')} more"
    return f"They differ in {listed(names)}{f' (and {others})' if others else ''}."


def _named(setting: Setting, found: PackagePicture) -> str:
    name = called(setting, found)
    return f"the version of {setting.name}" if setting.kind == "dependency" else name


def _values_of(setting: Setting, found: PackagePicture) -> str:
    counts = setting.counts.most_common(3)
    shown = ", ".join(f"{said_of(setting, value)} ({count:,})" for value, count in counts)
    return f"{called(setting, found)}: {shown}{', …' if len(setting.counts) > 3 else ''}"


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
        spec.hash: [said_of(one, one.values[at]) for one in found.differing]
        for at, spec in enumerate(found.specs)
    }
    cells: Sequence[Cell] = [cell for row in matrix.rows for cell in row[2]] if matrix else []
    by_cell = [(cell.id, [chip[0] for chip in cell.chips]) for cell in cells if cell.chips]
    groups, room = [], _ROWS
    for name, specs in by_cell or [("cell-all", found.specs)]:
        groups.append((name, [(spec, values[spec.hash]) for spec in specs[:room]]))
        room -= len(groups[-1][1])
    return [group for group in groups if group[1]]
