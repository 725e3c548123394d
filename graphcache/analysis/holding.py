"""What holding a package to one choice does to the builds that are there.

Each build of the package that is not of the choice becomes as the nearest that is one: it takes
over what is held and what comes with that, and keeps the rest. What it keeps of its dependencies
are its own, so that a held version of zlib-ng brings no other cmake along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.identities import AT, FIELDS, BuildGraph, Codes, How, Need, both_hows

Kind = Literal["version", "variant", "flags", "namespace", "recipe", "external", "provider", "spec"]

_RECIPE = ("package_hash", "patches")
_OF_THE_MACHINE = ("platform", "os", "target")
_KEPT = (*_OF_THE_MACHINE, "name", "compiler")
"""What no choice of a package changes."""
_WEIGHTS = {
    **dict.fromkeys(_OF_THE_MACHINE, 1_000),
    **{"external": 100_000, "namespace": 50, "compiler": 50, "version": 20, "flags": 20},
    **{"package_hash": 1, "patches": 1},
}
"""How far two builds of a package are apart that differ in a setting; each variant counts 4."""
_VARIANT, _NEEDED = 4, 1


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


class Changes(NamedTuple):
    """What of a graph is otherwise where a package is held."""

    own: dict[int, Rows]
    """Rows with other settings."""
    needs: dict[int, list[Need]]
    """Rows that need something else."""

    def __bool__(self) -> bool:
        """Whether anything is."""
        return bool(self.own or self.needs)

    @property
    def rows(self) -> Rows:
        """The rows that change themselves, in order."""
        return np.array(sorted(self.own.keys() | self.needs.keys()), np.int64)

    def made(self, graph: BuildGraph) -> BuildGraph:
        """The graph with these changes."""
        return graph.with_settings(self.own).with_needs(self.needs)


class _Build(NamedTuple):
    """Builds of a package that have the same settings, and need the same packages."""

    row: int
    """The first of them."""
    own: tuple[int, ...]
    packages: frozenset[int]
    rows: tuple[int, ...]


_Found = tuple[Rows, list[Need] | None]
"""The settings of a build, and what it needs where that is not what it needed."""


def hold(graph: BuildGraph, pin: Pin) -> Changes:
    """What changes where a package is held; nothing where all of it is as it should be.

    To what no build of the graph is as, nothing is held.
    """
    changes = Changes({}, {})
    if pin.kind == "provider":
        changes.needs.update(_provided_by(graph, pin))
        return changes
    moves = list(_moves(graph, _builds(graph, pin.package), pin))
    for runtime in _runtime(graph, pin, moves):
        moves += _moves(graph, _builds(graph, runtime.package), runtime)
    for move in moves:
        _move(graph, move, changes)
    return changes


_Move = tuple[list[_Build], list[_Build], frozenset[str]]
"""The builds that become as one of the others; and the fields that they take over from it."""


def _builds(graph: BuildGraph, package: str) -> list[_Build]:
    """The builds of a package; nothing that is said of it can tell those of one apart."""
    rows = np.flatnonzero(graph.column("name") == graph.codes["name"].code(package))
    names = graph.column("name")
    found: dict[tuple[tuple[int, ...], frozenset[int]], list[int]] = defaultdict(list)
    for row in rows.tolist():
        ends = [end for end, _ in graph.needs(row)]
        key = tuple(graph.own[row].tolist()), frozenset(names[ends].tolist())
        found[key].append(row)
    return [_Build(rows[0], *key, tuple(rows)) for key, rows in found.items()]


def _runtime(graph: BuildGraph, pin: Pin, moves: list[_Move]) -> list[Pin]:
    """The pin of a compiler's runtime, whose version is that of the compiler."""
    name = f"{pin.package}-runtime"
    versions = {
        graph.value("version", b.row) for _, fits, held in moves if "version" in held for b in fits
    }
    there = name in graph.codes["name"].values and len(versions) == 1
    return [Pin("version", name, version) for version in versions if there]


# Which builds become as which ---------------------------------------------------------------------


def _moves(graph: BuildGraph, builds: list[_Build], pin: Pin) -> Iterable[_Move]:
    if pin.kind == "recipe":
        yield from _recipes(graph, builds)
    elif pin.kind == "external":
        yield from _externals(graph, builds, pin)
    elif pin.kind == "spec":
        fit = set(pin.rows)
        fits = [build for build in builds if fit.issuperset(build.rows)]
        yield [build for build in builds if build not in fits], fits, pin.held
    else:
        has = _HAS[pin.kind]
        held = {"variant": f"variant {variant_name(pin.value)}"}.get(pin.kind, pin.kind)
        told = [(build, has(graph, build.row, pin.value)) for build in builds]
        fits = [build for build, value in told if value]
        yield [build for build, value in told if value is False], fits, frozenset({held})


def _has_variant(graph: BuildGraph, row: int, text: str) -> bool | None:
    """Whether a build has a value of a variant; None if it does not have the variant."""
    variants = graph.value("variants", row) or ()
    if text in variants:
        return True
    name = variant_name(text)
    return False if any(variant_name(variant) == name for variant in variants) else None


_HAS: dict[str, Callable[[BuildGraph, int, str], bool | None]] = {
    "version": lambda graph, row, text: graph.value("version", row) == text,
    "variant": _has_variant,
    "flags": lambda graph, row, text: " ".join(graph.value("flags", row) or ()) == text,
    "namespace": lambda graph, row, text: graph.value("namespace", row) == text,
}


def variant_name(text: str) -> str:
    """The variant of which a text is a value.

    >>> variant_name("+mpi"), variant_name("api=v18")
    ('mpi', 'api')
    """
    return text[1:] if text[:1] in ("+", "~") else text.partition("=")[0]


def _recipes(graph: BuildGraph, builds: list[_Build]) -> Iterable[_Move]:
    """Of builds that differ in nothing but the recipe: all become as most are."""
    alike: dict[object, dict[object, list[_Build]]] = defaultdict(lambda: defaultdict(list))
    of_recipe = {AT[name] for name in (*_RECIPE, "unknown")}
    for build in builds:
        settings = tuple(code for at, code in enumerate(build.own) if at not in of_recipe)
        told = tuple(build.own[at] for at in sorted(of_recipe))
        for row in build.rows:
            one = build._replace(row=row, rows=(row,))
            recipe = told, _needed_as(graph, row)
            alike[settings, _providers(graph, row)][recipe].append(one)
    for recipes in alike.values():
        most = max(recipes.values(), key=lambda ones: (len(ones), -ones[0].row))
        moved = [
            one
            for ones in recipes.values()
            for one in ones
            if ones is not most and _differ_by_recipe(graph, one, most[0])
        ]
        yield moved, most[:1], frozenset({*_RECIPE, "unknown", "needs"})


def _needed_as(graph: BuildGraph, row: int) -> frozenset[tuple[int, How]]:
    """Which packages a build needs, and how; for tests a user asks, and no recipe."""
    names, hows = graph.column("name"), graph.codes["how"].values
    found = set()
    for end, how in graph.needs(row):
        types, virtuals = hows[how]
        if types != ("test",):
            types = None if types is None else tuple(t for t in types if t != "test")
            found.add((int(names[end]), (types, virtuals)))
    return frozenset(found)


def _differ_by_recipe(graph: BuildGraph, one: _Build, other: _Build) -> bool:
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


def _providers(graph: BuildGraph, row: int) -> frozenset[tuple[str, int]]:
    """What provides each virtual that a build needs."""
    names, hows = graph.column("name"), graph.codes["how"].values
    needs = [(int(names[end]), hows[how][1] or ()) for end, how in graph.needs(row)]
    return frozenset((virtual, name) for name, virtuals in needs for virtual in virtuals)


BUILT = "built by Spack"


def _externals(graph: BuildGraph, builds: list[_Build], pin: Pin) -> Iterable[_Move]:
    """All are built, or all are external, and then those of one version are the same one."""
    external = [build for build in builds if graph.external[build.row]]
    built = [build for build in builds if not graph.external[build.row]]
    if pin.value == BUILT:
        yield external, built, frozenset(FIELDS)
        return
    by_version: dict[int, list[_Build]] = defaultdict(list)
    for build in external:
        by_version[build.own[AT["version"]]].append(build)
    most = [max(found, key=lambda b: (len(b.rows), -b.row)) for found in by_version.values()]
    for kept in most:
        others = [b for b in by_version[kept.own[AT["version"]]] if b is not kept]
        yield others, [kept], frozenset(FIELDS)
    yield built, most, frozenset(FIELDS)


# What a build becomes -----------------------------------------------------------------------------


def _move(graph: BuildGraph, move: _Move, changes: Changes) -> None:
    """Note what builds become as the nearest of those that fit."""
    moved, fits, held = move
    if not moved or not fits:
        return
    nearest = _nearest(graph, moved, fits)
    possible = {text for build in fits for text in graph.value("variants", build.row) or ()}
    for build, model in zip(moved, nearest, strict=True):
        settings, shape = _settings(graph, (build, model), held, possible)
        for row in build.rows:
            changes.own[row] = settings
            if shape is not None:
                mine = graph.needs(row)
                new = shape if "external" in held else _filled(graph, shape, mine)
                if sorted(new) != sorted(mine):
                    changes.needs[row] = new


def _nearest(graph: BuildGraph, moved: list[_Build], fits: list[_Build]) -> list[_Build]:
    """For each build that one of the others from which it differs least; of such, most are as."""
    mine, theirs = (np.array([build.own for build in some]) for some in (moved, fits))
    apart = np.zeros((len(moved), len(fits)), np.int64)
    for name, weight in _WEIGHTS.items():
        apart += weight * (mine[:, AT[name], None] != theirs[None, :, AT[name]])
    variants = [[set(graph.value("variants", b.row) or ()) for b in some] for some in (moved, fits)]
    for at, build in enumerate(moved):
        for other, fit in enumerate(fits):
            apart[at, other] += _VARIANT * len(variants[0][at] ^ variants[1][other])
            apart[at, other] += _NEEDED * len(build.packages ^ fit.packages)
    order = np.lexsort(([fit.row for fit in fits], [-len(fit.rows) for fit in fits]))
    return [fits[order[at]] for at in np.argmin(apart[:, order], axis=1)]


def _settings(
    graph: BuildGraph, pair: tuple[_Build, _Build], held: frozenset[str], possible: set[str]
) -> tuple[Rows, list[Need] | None]:
    """The settings of a build that becomes as another, and what it then needs, if that is known.

    An external is taken whole: what is told of it is what its configuration says.
    """
    build, model = pair
    if graph.external[build.row] or graph.external[model.row] or "external" in held:
        return np.array(model.own), graph.needs(model.row)
    settings = np.array(build.own)
    for name in held:
        if name in AT and name not in _KEPT:
            settings[AT[name]] = model.own[AT[name]]
    same_recipe = all(settings[AT[n]] == model.own[AT[n]] for n in ("version", "namespace"))
    if same_recipe and "flags" not in held:
        for name in _RECIPE:
            settings[AT[name]] = model.own[AT[name]]
    texts = _variants(graph, pair, held, possible if same_recipe else None)
    settings[AT["variants"]] = graph.codes["variants"].code(texts)
    alike = same_recipe and settings[AT["variants"]] == model.own[AT["variants"]]
    return settings, graph.needs(model.row) if alike and "flags" not in held else None


def _variants(
    graph: BuildGraph, pair: tuple[_Build, _Build], held: frozenset[str], possible: set[str] | None
) -> tuple[str, ...]:
    """The variants of a build that becomes as another.

    Those that the choice has; of each the build's own value, where any build of the choice has that
    one, since another then comes with the choice. Where the choice tells nothing of these (possible
    is None), all stay but the held ones.
    """
    mine, theirs = (
        {variant_name(text): text for text in graph.value("variants", build.row) or ()}
        for build in pair
    )
    if "variants" in held:
        return tuple(sorted(theirs.values()))
    names = mine.keys() if possible is None else theirs.keys()
    found = {}
    for name in names:
        text = mine.get(name)
        stays = text is not None and (possible is None or text in possible)
        if f"variant {name}" in held or not stays:
            text = theirs.get(name)
        if text is not None:
            found[name] = text
    return tuple(sorted(found.values()))


def _filled(graph: BuildGraph, shape: list[Need], mine: list[Need]) -> list[Need]:
    """What a build needs that needs what another does: of a package or virtual its own one."""
    names, hows = graph.column("name"), graph.codes["how"].values
    found: dict[int, list[How]] = defaultdict(list)
    for end, how in shape:
        found[_own_one(names, hows, (end, how), mine)].append(hows[how])
    return _together(graph.codes["how"], found)


def _together(hows: Codes, found: dict[int, list[How]]) -> list[Need]:
    """One dependency on each row, for all that it is needed for."""
    return [
        (end, hows.code(told[0] if len(told) == 1 else both_hows(told)))
        for end, told in found.items()
    ]


def _own_one(names: Rows, hows: Sequence[How], need: Need, mine: list[Need]) -> int:
    end, how = need

    def alike(other: Need) -> tuple[bool, int, int]:
        types, virtuals = (
            len({*(a or ())} & {*(b or ())}) for a, b in zip(hows[how], hows[other[1]], strict=True)
        )
        return bool(names[other[0]] == names[end]), virtuals, types

    best = max(mine, key=alike, default=need)
    same, virtuals, _ = alike(best)
    return best[0] if same or virtuals else end


# Providers ----------------------------------------------------------------------------------------


def _provided_by(graph: BuildGraph, pin: Pin) -> dict[int, list[Need]]:
    """What each build needs that takes a virtual from another package than the held one."""
    hows, names = graph.codes["how"], graph.column("name")
    wanted, package = set(pin.value.split(",")), graph.codes["name"].code(pin.package)
    with_them = [code for code, how in enumerate(hows.values) if wanted & {*(how[1] or ())}]
    edges = np.isin(graph.hows, with_them) & (names[graph.ends] != package)
    fits = np.flatnonzero(names == package)
    models: dict[int, int] = {}
    needs: dict[int, list[Need]] = {}
    for row in np.unique(graph.starts[edges]).tolist() if len(fits) else []:
        found: dict[int, list[How]] = defaultdict(list)
        for end, code in graph.needs(row):
            types, virtuals = hows.values[code]
            swapped = wanted & {*(virtuals or ())}
            if not swapped or names[end] == package:
                found[end].append((types, virtuals))
                continue
            if end not in models:
                models[end] = _same_machine(graph, end, fits)
            found[models[end]].append((types, tuple(sorted(swapped))))
            if rest := tuple(sorted({*(virtuals or ())} - wanted)):
                found[end].append((types, rest))
        needs[row] = _together(hows, found)
    return needs


def _same_machine(graph: BuildGraph, row: int, fits: Rows) -> int:
    """Of the builds of another package the one for the same machine; then that needs the same."""
    below = {end for end, _ in graph.needs(row)}
    machine = [AT[name] for name in _OF_THE_MACHINE]

    def far(one: int) -> tuple[int, int, int]:
        differ = int((graph.own[one, machine] != graph.own[row, machine]).sum())
        return differ, -len(below & {end for end, _ in graph.needs(one)}), one

    nearest: int = min(fits.tolist(), key=far)
    return nearest
