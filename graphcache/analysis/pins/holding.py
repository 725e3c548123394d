"""What holding a package to one choice does to the builds that are there.

Each build of the package that is not of the choice becomes as the nearest that is one: it takes
over what is held and what comes with that, and keeps the rest. What it keeps of its dependencies
are its own, so that a held version of zlib-ng brings no other cmake along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.identities import (
    AT,
    FIELDS,
    BuildGraph,
    Changes,
    Codes,
    How,
    Identities,
    Need,
    own_settings,
)
from graphcache.analysis.pins.providing import OF_THE_MACHINE, add_need, provided_by

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

_RECIPE = ("package_hash", "patches")
_WEIGHTS = {
    **dict.fromkeys(OF_THE_MACHINE, 1_000),
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


class _Build(NamedTuple):
    """Builds of a package that have the same settings, and need the same packages."""

    row: int
    """The first of them."""
    own: tuple[int, ...]
    packages: frozenset[int]
    rows: tuple[int, ...]


_Found = tuple[Rows, list[Need] | None]
"""The settings of a build, and what it needs where that is not what it needed."""


class Packages:
    """The builds of a graph by package, and what can be told of their needs at once."""

    def __init__(self, graph: BuildGraph) -> None:
        self.graph = graph
        self._order = np.argsort(graph.column("name"), kind="stable")
        self._sorted = graph.column("name")[self._order]
        self._builds: dict[str, list[_Build]] = {}
        needed = graph.sums(np.zeros_like(graph.hows))
        self.needed = needed
        """A number for each build, equal for those that need the same packages."""
        self.needed_alike = graph.sums(graph.hows)
        """Equal for those that need them for the same."""

    @cached_property
    def needed_by_recipe(self) -> Identities:
        """The same, but for what is needed for tests: for these a user asks, and no recipe."""
        kinds = Codes()
        return self.graph.sums(
            self._kinds(
                lambda how: (
                    -1
                    if how[0] == ("test",)
                    else kinds.code(
                        (
                            None if how[0] is None else tuple(t for t in how[0] if t != "test"),
                            how[1],
                        )
                    )
                )
            )
        )

    @cached_property
    def providers(self) -> Identities:
        """A number for each build, equal where the same packages provide the same virtuals."""
        kinds = Codes()
        return self.graph.sums(self._kinds(lambda how: kinds.code(how[1]) if how[1] else -1))

    def _kinds(self, kind: Callable[[How], int]) -> Rows:
        """A kind of each dependency, by how it is needed."""
        of_how = np.array([kind(how) for how in self.graph.codes["how"].values], np.int64)
        found: Rows = of_how[self.graph.hows]
        return found

    def rows(self, package: str) -> Rows:
        """The builds of a package, in order."""
        code = self.graph.codes["name"].code(package)
        return self._order[slice(*np.searchsorted(self._sorted, [code, code + 1]))]

    def builds(self, package: str) -> list[_Build]:
        """The builds of a package, those together that have the same settings and needs."""
        if package not in self._builds:
            rows, names = self.rows(package), self.graph.column("name")
            keys = zip(map(tuple, self.graph.own[rows].tolist()), self.needed[rows], strict=True)
            found: dict[tuple[tuple[int, ...], int], list[int]] = defaultdict(list)
            for row, key in zip(rows.tolist(), keys, strict=True):
                found[key].append(row)
            self._builds[package] = [
                _Build(of[0], own, frozenset(names[_ends(self.graph, of[0])].tolist()), tuple(of))
                for (own, _), of in found.items()
            ]
        return self._builds[package]


def _ends(graph: BuildGraph, row: int) -> list[int]:
    return [end for end, _ in graph.needs(row)]


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
        _move(packages, move, changes)
    return changes


_Move = tuple[list[_Build], list[_Build], frozenset[str]]
"""The builds that become as one of the others; and the fields that they take over from it."""


def runtime_of(compiler: str) -> str:
    """The package of the libraries that a compiler brings along.

    >>> runtime_of("gcc")
    'gcc-runtime'
    """
    return f"{compiler}-runtime"


def _runtime(graph: BuildGraph, pin: Pin, moves: list[_Move]) -> list[Pin]:
    """The pin of a compiler's runtime, whose version is that of the compiler."""
    name = runtime_of(pin.package)
    versions = {
        graph.value("version", b.row) for _, fits, held in moves if "version" in held for b in fits
    }
    there = name in graph.codes["name"].values and len(versions) == 1
    return [Pin("version", name, version) for version in versions if there]


# Which builds become as which ---------------------------------------------------------------------


def _moves(packages: Packages, pin: Pin) -> Iterable[_Move]:
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


def variant_name(text: str) -> str:
    """The variant of which a text is a value.

    >>> variant_name("+mpi"), variant_name("api=v18")
    ('mpi', 'api')
    """
    return text[1:] if text[:1] in ("+", "~") else text.partition("=")[0]


def _recipes(packages: Packages, package: str) -> Iterable[_Move]:
    """Of builds that differ in nothing but the recipe: all become as most are."""
    graph, rows = packages.graph, packages.rows(package)
    of_recipe = [AT[name] for name in (*_RECIPE, "unknown")]
    rest = np.delete(graph.own[rows], of_recipe, axis=1)
    alike = own_settings(np.column_stack([rest, packages.providers[rows].view(np.int64)]))
    needed = packages.needed_by_recipe[rows].view(np.int64)
    recipes = own_settings(np.column_stack([graph.own[rows][:, of_recipe], needed]))
    groups: dict[int, dict[int, list[_Build]]] = defaultdict(lambda: defaultdict(list))
    for row, group, recipe in zip(rows.tolist(), alike.tolist(), recipes.tolist(), strict=True):
        one = _Build(row, tuple(graph.own[row].tolist()), frozenset(), (row,))
        groups[group][recipe].append(one)
    for group in groups.values():
        most = max(group.values(), key=lambda ones: (len(ones), -ones[0].row))
        others = [one for ones in group.values() for one in ones if ones is not most]
        moved = [one for one in others if _differ_by_recipe(graph, one, most[0])]
        yield moved, most[:1], frozenset({*_RECIPE, "unknown", "needs"})


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


def _move(packages: Packages, move: _Move, changes: Changes) -> None:
    """Note what builds become as the nearest of those that fit."""
    graph = packages.graph
    moved, fits, held = move
    if not moved or not fits:
        return
    nearest = _nearest(graph, moved, fits)
    possible = {text for build in fits for text in graph.value("variants", build.row) or ()}
    for build, model in zip(moved, nearest, strict=True):
        settings, shape = _settings(graph, (build, model), held, possible)
        for row in build.rows:
            changes.own[row] = settings
            if shape is None:
                continue
            mine, whole = graph.needs(row), "external" in held
            if not whole and packages.needed_alike[row] == packages.needed_alike[model.row]:
                continue  # each of what it would need is its own one
            new = shape if whole else _filled(graph, shape, mine)
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
        if name in AT:
            settings[AT[name]] = model.own[AT[name]]
    same_recipe = all(settings[AT[n]] == model.own[AT[n]] for n in ("version", "namespace"))
    same_recipe &= not held <= {"flags", "target"}  # by which a package stays as it is
    if same_recipe:
        for name in _RECIPE:
            settings[AT[name]] = model.own[AT[name]]
    texts = _variants(graph, pair, held, possible if same_recipe else None)
    settings[AT["variants"]] = graph.codes["variants"].code(texts)
    alike = same_recipe and settings[AT["variants"]] == model.own[AT["variants"]]
    return settings, graph.needs(model.row) if alike else None


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
    names, hows = graph.column("name"), graph.codes["how"]
    of_package: dict[int, list[Need]] = defaultdict(list)
    for need, name in zip(mine, names[[end for end, _ in mine]].tolist(), strict=True):
        of_package[name].append(need)
    found: dict[int, int] = {}
    for (end, how), name in zip(shape, names[[end for end, _ in shape]].tolist(), strict=True):
        own = of_package.get(name) or _providing(hows, how, mine)
        best = own[0] if len(own) == 1 else max(own, key=_alike(hows, how), default=(end, how))
        add_need(hows, found, (best[0], how))
    return list(found.items())


def _providing(hows: Codes, how: int, needs: list[Need]) -> list[Need]:
    """The dependencies that provide a virtual that one provides which is needed as given."""
    virtuals = set(hows.values[how][1] or ())
    return [need for need in needs if virtuals & {*(hows.values[need[1]][1] or ())}]


def _alike(hows: Codes, how: int) -> Callable[[Need], tuple[int, int]]:
    """For how many of the same virtuals, and types, something is needed."""

    def alike(need: Need) -> tuple[int, int]:
        pairs = zip(hows.values[how], hows.values[need[1]], strict=True)
        types, virtuals = (len({*(a or ())} & {*(b or ())}) for a, b in pairs)
        return virtuals, types

    return alike
