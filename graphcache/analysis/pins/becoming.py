"""What a build becomes that is to be as another one: settings and dependencies.

It takes over what is held and what comes with that, and keeps the rest. What it keeps of its
dependencies are its own, so that a held version of zlib-ng brings no other cmake along.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.graphs import AT, BuildGraph, Changes, Codes, Need
from graphcache.analysis.pins.packages import Build, Packages, variant_name
from graphcache.analysis.pins.providing import OF_THE_MACHINE, add_need

RECIPE = ("package_hash", "patches")
"""The fields that a recipe gives a build."""
_WEIGHTS = {
    **dict.fromkeys(OF_THE_MACHINE, 1_000),
    **{"external": 100_000, "namespace": 50, "compiler": 50, "version": 20, "flags": 20},
    **{"package_hash": 1, "patches": 1},
}
"""How far two builds of a package are apart that differ in a setting; each variant counts 4."""
_VARIANT, _NEEDED = 4, 1


Move = tuple[list[Build], list[Build], frozenset[str]]
"""The builds that become as one of the others; and the fields that they take over from it."""


def note_move(packages: Packages, move: Move, changes: Changes) -> None:
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


def _nearest(graph: BuildGraph, moved: list[Build], fits: list[Build]) -> list[Build]:
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
    graph: BuildGraph, pair: tuple[Build, Build], held: frozenset[str], possible: set[str]
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
        for name in RECIPE:
            settings[AT[name]] = model.own[AT[name]]
    texts = _variants(graph, pair, held, possible if same_recipe else None)
    settings[AT["variants"]] = graph.codes["variants"].code(texts)
    alike = same_recipe and settings[AT["variants"]] == model.own[AT["variants"]]
    return settings, graph.needs(model.row) if alike else None


def _variants(
    graph: BuildGraph, pair: tuple[Build, Build], held: frozenset[str], possible: set[str] | None
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
