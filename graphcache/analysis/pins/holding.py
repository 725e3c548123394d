"""What holding a package to one choice does to the builds that are there.

Each build of the package that is not of the choice becomes as the nearest that is one; what that
means is in `becoming.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from graphcache.analysis.pins.becoming import RECIPE, Move, note_move
from graphcache.analysis.pins.graphs import AT, FIELDS, BuildGraph, Changes
from graphcache.analysis.pins.mixing import own_settings
from graphcache.analysis.pins.packages import Build, Packages, variant_name
from graphcache.analysis.pins.providing import provided_by

Kind = Literal[
    "version",
    "variant",
    "flags",
    "namespace",
    "target",
    "recipe",
    "external",
    "provider",
    "spec",
]


@dataclass(frozen=True, slots=True)
class Pin:
    """A package that is held to one choice."""

    kind: Kind
    package: str
    """Of a provider: what provides."""
    value: str = ""
    """As Spack writes it: `@=2.3.3`, `~libidn2`, `cflags=-O3`; of a namespace, recipe or external
    what tells it; of a provider the virtuals, with a comma between them."""
    rows: tuple[int, ...] = ()
    """Of a `spec`: the builds that are as it asks."""
    held: frozenset[str] = frozenset()
    """Of a `spec`: the fields that it tells, and `variant NAME`."""


def hold(packages: Packages, pin: Pin) -> Changes:
    """What changes where a package is held; nothing where all of it is as it should be.

    To what no build of the graph is as, nothing is held.
    """
    graph = packages.graph
    if pin.kind == "provider":
        virtuals = frozenset(pin.value.split(","))
        return Changes({}, provided_by(graph, packages.rows(pin.package), virtuals))
    moves = list(_moves(packages, pin))
    for runtime in _runtime(graph, pin, moves):
        moves += _moves(packages, runtime)
    changes = Changes()
    for move in moves:
        note_move(packages, move, changes)
    return changes


def runtime_of(compiler: str) -> str:
    """The package of the libraries that a compiler brings along.

    >>> runtime_of("gcc")
    'gcc-runtime'
    """
    return f"{compiler}-runtime"


def _runtime(graph: BuildGraph, pin: Pin, moves: list[Move]) -> list[Pin]:
    """The pin of a compiler's runtime, whose version is that of the compiler."""
    name = runtime_of(pin.package)
    versions = {
        graph.value("version", b.row) for _, fits, held in moves if "version" in held for b in fits
    }
    there = name in graph.codes["name"].values and len(versions) == 1
    return [Pin("version", name, version) for version in versions if there]


# Which builds become as which ---------------------------------------------------------------------


def _moves(packages: Packages, pin: Pin) -> Iterable[Move]:
    graph, builds = packages.graph, packages.builds(pin.package)
    if pin.kind == "recipe":
        yield from _recipes(packages, pin.package)
    elif pin.kind == "external":
        yield from _externals(graph, builds, pin)
    elif pin.kind == "spec":
        fit = set(pin.rows)
        fits = [build for build in builds if fit.issuperset(build.rows)]
        yield [build for build in builds if build not in fits], fits, pin.held
    else:
        has = HAS[pin.kind]
        held = held_by(pin)
        told = [(build, has(graph, build.row, pin.value)) for build in builds]
        fits = [build for build, value in told if value]
        moved = [build for build, value in told if value is False]
        if pin.kind in ("target", "flags", "namespace"):  # an external has what it has
            moved = [build for build in moved if not graph.external[build.row]]
        yield moved, fits, frozenset({held})


def held_by(pin: Pin) -> str:
    """What a pin of a setting holds: a field, or `variant NAME`.

    >>> held_by(Pin("variant", "curl", "~libidn2")), held_by(Pin("version", "curl", "8.20.0"))
    ('variant libidn2', 'version')
    """
    return f"variant {variant_name(pin.value)}" if pin.kind == "variant" else pin.kind


def _has_variant(graph: BuildGraph, row: int, text: str) -> bool | None:
    """Whether a build has a value of a variant; None if it does not have the variant."""
    variants = graph.value("variants", row) or ()
    if text in variants:
        return True
    name = variant_name(text)
    return False if any(variant_name(variant) == name for variant in variants) else None


HAS: dict[str, Callable[[BuildGraph, int, str], bool | None]] = {
    "version": lambda graph, row, text: graph.value("version", row) == text,
    "variant": _has_variant,
    "flags": lambda graph, row, text: " ".join(graph.value("flags", row) or ()) == text,
    "namespace": lambda graph, row, text: graph.value("namespace", row) == text,
    "target": lambda graph, row, text: graph.value("target", row) == text,
}


def _recipes(packages: Packages, package: str) -> Iterable[Move]:
    """Of builds that differ in nothing but the recipe: all become as most are."""
    graph, rows = packages.graph, packages.rows(package)
    of_recipe = [AT[name] for name in (*RECIPE, "unknown")]
    rest = np.delete(graph.own[rows], of_recipe, axis=1)
    alike = own_settings(np.column_stack([rest, packages.providers[rows].view(np.int64)]))
    needed = packages.needed_by_recipe[rows].view(np.int64)
    recipes = own_settings(np.column_stack([graph.own[rows][:, of_recipe], needed]))
    groups: dict[int, dict[int, list[Build]]] = defaultdict(lambda: defaultdict(list))
    for row, group, recipe in zip(rows.tolist(), alike.tolist(), recipes.tolist(), strict=True):
        one = Build(row, tuple(graph.own[row].tolist()), frozenset(), (row,))
        groups[group][recipe].append(one)
    for group in groups.values():
        most = max(group.values(), key=lambda ones: (len(ones), -ones[0].row))
        others = [one for ones in group.values() for one in ones if ones is not most]
        moved = [one for one in others if _differ_by_recipe(graph, one, most[0])]
        yield moved, most[:1], frozenset({*RECIPE, "unknown", "needs"})


def _differ_by_recipe(graph: BuildGraph, one: Build, other: Build) -> bool:
    """Whether it is the recipe by which two builds differ that agree in all other settings.

    The hash of a recipe leaves its `depends_on` out. So what they need may differ where it is the
    same; but that may also come of what else is below them, unless all that both need is the same.
    """
    if one.own != other.own:
        return True
    names = graph.column("name")
    mine, theirs = (
        {int(names[end]): end for end, _ in graph.needs(build.row)} for build in (one, other)
    )
    return all(mine[name] == theirs[name] for name in mine.keys() & theirs)


BUILT = "built by Spack"


def _externals(graph: BuildGraph, builds: list[Build], pin: Pin) -> Iterable[Move]:
    """All are built, or all are external, and then those of one version are the same one."""
    external = [build for build in builds if graph.external[build.row]]
    built = [build for build in builds if not graph.external[build.row]]
    if pin.value == BUILT:
        yield external, built, frozenset(FIELDS)
        return
    by_version: dict[int, list[Build]] = defaultdict(list)
    for build in external:
        by_version[build.own[AT["version"]]].append(build)
    most = [max(found, key=lambda b: (len(b.rows), -b.row)) for found in by_version.values()]
    for kept in most:
        others = [b for b in by_version[kept.own[AT["version"]]] if b is not kept]
        yield others, [kept], frozenset(FIELDS)
    yield built, most, frozenset(FIELDS)
