"""A package: its specs by the settings that tell them apart, what needs them, what they need."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.names import require
from graphcache.analysis.pictures.shown import (
    READS,
    Edge,
    Graph,
    SpecShown,
    Use,
    note_on_needs,
    uses,
)
from graphcache.answers import reads
from graphcache.errors import no_such
from graphcache.spack.compilers import compiler_key
from graphcache.spack.versions import version_key
from graphcache.tables import Tables

MOST_COLUMNS, MOST_ROWS = 16, 10
"""Values of a setting that columns, or rows, are made of at most."""
_OF_COMPILERS = ("c", "cxx", "fortran", "libc", "fortran-rt", "libgfortran")
"""Virtuals that come with the compiler, which is a setting of its own."""
_NOT_CHOSEN = ("patches", "build_system", "dev_path", "commit")
"""Variants that nobody sets, or that are too long to read."""


_FILTERS: tuple[tuple[str, Callable[[SpecShown], tuple[str, ...]]], ...] = (
    ("version", lambda spec: (spec.version,) if spec.version else ()),
    ("os", lambda spec: (spec.os,) if spec.os else ()),
    ("target", lambda spec: (spec.target,) if spec.target else ()),
    ("compiler", lambda spec: spec.compilers),
    ("stack", lambda spec: spec.stacks),
    ("release", lambda spec: spec.releases),
)
FILTERS = tuple(key for key, _ in _FILTERS)
"""By what the specs of a package can be chosen."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Something that specs of a package may have in different ways."""

    name: str
    """`version`, `compiler`, `target`, `os`; `+mpi` and so on of variants; a virtual, of which
    the values are packages that provide it; a package that is needed, of which they are versions.
    """
    kind: str
    """`own`, `variant`, `provider`, `dependency` or `place`."""
    values: tuple[str, ...]
    """Of each spec; empty where it has none."""

    @property
    def counts(self) -> Counter[str]:
        """How many specs have each value."""
        return Counter(self.values)


@dataclass(frozen=True, slots=True)
class PackagePicture:
    """The specs of a package."""

    name: str
    specs: list[SpecShown]
    configurations: int
    shared: list[Setting]
    """What all have alike."""
    column: Setting | None
    """What tells most of them apart; None where nothing does."""
    row: Setting | None
    cell: Setting | None
    others: list[Setting]
    """In what else they differ, without what follows from the three."""
    differing: list[Setting]
    """In what they differ at all, what tells most first; without stacks and releases."""
    needed_by: list[Use]
    needing: int
    """Specs that need one of them, itself or through others."""
    needs: list[Use]
    total: int
    """Specs of the graph."""
    note: str
    """What is not known; empty if all is."""
    knows_needs: bool
    """Whether it is known of any of them what it needs."""
    choices: dict[str, Counter[str]]
    """By each of `FILTERS` the values of all its specs, with how many have each."""


@reads(READS)
def package_picture(
    tables: Tables,
    name: str,
    chosen: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> PackagePicture:
    """What there is to see of a package.

    Args:
        tables: the graph.
        name: of the package.
        chosen: values of some of `FILTERS`; a spec has to have them all.
        only: the hashes of the specs to show; all, if it is None.

    Raises:
        UsageError: there is no such package, or none of its specs has a value that is chosen; the
            message names what is near.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09", "examples/site/develop")
    >>> picture = package_picture(tables, "hdf5")
    >>> len(picture.specs), picture.column.name, picture.needed_by[0].name
    (5, 'mpi', 'petsc')
    """
    require(name, tables.nodes["Package"]["name"].to_pylist(), "package")
    graph = Graph(tables)
    rows = graph.rows_of(name)
    specs = graph.described(rows)
    choices = {
        key: Counter(value for spec in specs for value in values(spec)) for key, values in _FILTERS
    }
    for key, value in (chosen or {}).items():
        if value not in choices[key]:
            raise no_such(key, value, list(choices[key]), f"the specs of {name}")
    kept = [
        at
        for at, spec in enumerate(specs)
        if _fits(spec, chosen or {}) and (only is None or spec.hash in only)
    ]
    rows, specs = rows[kept], [specs[at] for at in kept]
    needs = graph.needs
    outward = list(graph.edges(_at(needs.starts, rows)))
    inward = list(graph.edges(_at(needs.ends, rows)))
    settings = _settings(graph, rows, specs, outward)
    shared = [one for one in settings if len(set(one.values)) == 1]
    differing = sorted(
        (one for one in settings if one not in shared),
        key=lambda one: (_RANK[one.kind], -_entropy(one), one.kind, one.name),
    )
    column, row, cell, others = _axes(differing)
    unknown = graph.without_known_needs(rows)
    configurations = set(needs.column("configuration", rows))
    return PackagePicture(
        name,
        specs,
        len(configurations),
        [one for one in shared if one.kind != "place"],
        column,
        row,
        cell,
        others,
        [one for one in differing if one.kind != "place"],
        uses(graph, inward, inward=True),
        int(needs.needing(rows).found.sum()) - len(rows),
        uses(graph, outward, inward=False),
        len(graph),
        note_on_needs(unknown, len(rows)),
        unknown < len(rows) or bool(outward),
        choices,
    )


def _fits(spec: SpecShown, chosen: Mapping[str, str]) -> bool:
    return all(chosen[key] in values(spec) for key, values in _FILTERS if key in chosen)


def _at(ends: Rows, rows: Rows) -> Rows:
    return np.flatnonzero(np.isin(ends, rows))


def _settings(graph: Graph, rows: Rows, specs: list[SpecShown], needs: list[Edge]) -> list[Setting]:
    """All that the specs may differ in, by name."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    told = [*_own(specs), *_needed(graph, rows, specs, needs)]
    for kind, name, at, value in told:
        found.setdefault((kind, name), {})[at] = value
    everywhere = range(len(specs))
    return [
        Setting(name, kind, tuple(values.get(at, "") for at in everywhere))
        for (kind, name), values in sorted(found.items())
    ]


_Told = tuple[str, str, int, str]
"""The kind and name of a setting, the place of a spec, and its value."""


def _own(specs: list[SpecShown]) -> Iterator[_Told]:
    for at, spec in enumerate(specs):
        for name, value in (
            ("version", spec.version),
            ("compiler", ", ".join(sorted(spec.compilers, key=compiler_key))),
            ("target", spec.target),
            ("os", spec.os),
        ):
            if value:
                yield "own", name, at, value
        for variant in spec.variants:
            name, value = _variant(variant)
            if name not in _NOT_CHOSEN:
                yield "variant", name, at, value
        yield "place", "stacks", at, ", ".join(spec.stacks)
        yield "place", "releases", at, ", ".join(spec.releases)


def _needed(graph: Graph, rows: Rows, specs: list[SpecShown], needs: list[Edge]) -> Iterator[_Told]:
    """Who provides what, and in which version a package is needed that provides nothing."""
    place = {row: at for at, row in enumerate(rows.tolist())}
    ends = sorted({edge.end for edge in needs})
    shown = dict(zip(ends, graph.shown(ends), strict=True))
    compilers = {one.partition("@")[0] for spec in specs for one in spec.compilers}
    for edge in needs:
        one = shown[edge.end]
        for virtual in edge.virtuals:
            if virtual not in _OF_COMPILERS:
                yield "provider", virtual, place[edge.start], one.at_version
        if not edge.virtuals and one.name not in compilers and one.version:
            yield "dependency", one.name, place[edge.start], one.version


def _variant(text: str) -> tuple[str, str]:
    """A variant's name, and its value as it is written.

    >>> _variant("+mpi"), _variant("api=v18"), _variant("api:=v18")
    (('mpi', '+mpi'), ('api', 'v18'), ('api', 'v18'))
    """
    if text[0] in "+~":
        return text.lstrip("+~"), text
    name, _, value = text.partition("=")
    return name.rstrip(":"), value


_RANK = {"own": 0, "variant": 0, "provider": 0, "dependency": 1, "place": 2}


def _axes(
    ranked: list[Setting],
) -> tuple[Setting | None, Setting | None, Setting | None, list[Setting]]:
    """What makes the columns, the rows and what a cell says; and in what else they differ.

    Columns are of what tells most specs apart, rows of the provider of mpi, or else of the next
    that does not follow from the columns. What people set comes before what follows from it.
    """
    ranked = [one for one in ranked if one.kind != "provider" or one.name == "mpi"] + [
        one for one in ranked if one.kind == "provider" and one.name != "mpi"
    ]
    column = next((one for one in ranked if len(one.counts) <= MOST_COLUMNS), None)
    if column is None:
        return None, None, None, ranked
    rest = [one for one in ranked if not _follows(one, column)]
    fit = [one for one in rest if len(one.counts) <= MOST_ROWS]
    row = next((one for one in fit if one.name == "mpi"), fit[0] if fit else None)
    left = [one for one in rest if row is not None and one is not row]
    cell = max(left, key=lambda one: _worth(one, column, row), default=None) if row else None
    chosen = [one for one in (column, row, cell) if one is not None]
    others = [one for one in rest if not any(_follows(one, axis) for axis in chosen)]
    return column, row, cell, [one for one in others if one.kind != "place"]


def _entropy(setting: Setting) -> float:
    whole = len(setting.values)
    return -math.fsum(n / whole * math.log2(n / whole) for n in setting.counts.values())


def _follows(one: Setting, other: Setting) -> bool:
    """Whether the values of one follow from those of the other."""
    return len(set(zip(other.values, one.values, strict=True))) == len(other.counts)


def _worth(
    one: Setting, column: Setting, row: Setting | None
) -> tuple[int, int, bool, bool, float]:
    """How much more a cell tells apart if it says this."""
    axes = [column.values] if row is None else [column.values, row.values]
    apart = len(set(zip(*axes, one.values, strict=True)))
    provided = one.kind == "provider"
    return -_RANK[one.kind], apart, one.name == "version", not provided, _entropy(one)


def in_order(setting: Setting) -> list[str]:
    """The values of a setting as a person sorts them: versions as versions, none first.

    >>> in_order(Setting("version", "own", ("1.10", "1.9", "")))
    ['', '1.9', '1.10']
    """
    if setting.name == "compiler":
        return sorted(setting.counts, key=lambda value: (value != "", compiler_key(value)))
    return sorted(setting.counts, key=_value_key)


def _value_key(value: str) -> tuple[bool, str, object]:
    name, at, version = value.partition("@")
    return (value != "", name, version_key(version)) if at else (value != "", "", version_key(name))
