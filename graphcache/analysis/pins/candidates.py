"""Which packages could be held to one choice, and what of them is not of that choice yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from graphcache.analysis.dependencies import Mask, Rows
from graphcache.analysis.pins.graphs import AT, BuildGraph, Changes
from graphcache.analysis.pins.holding import BUILT, HAS, Pin, held_by
from graphcache.analysis.pins.packages import variant_name
from graphcache.spack.versions import version_key, words_key
from graphcache.tables.arrays import coded_pairs, decoded_pairs

_OF_COMPILERS = frozenset({"c", "cxx", "fortran", "libc"})
"""Virtuals that a compiler or the machine provides: what stacks differ in on purpose."""
MOST_PROVIDERS = 20
"""Packages of which one is chosen to provide a virtual; where there are more, none is."""
_MOVING = frozenset({"develop", "main", "master", "head", "trunk", "stable"})
"""Versions that stand for whatever is newest: not held to where there is another."""
_SHORT = 7
"""Characters of a recipe's hash that are shown."""


def pins_to_try(graph: BuildGraph, to_build: Mask) -> list[Pin]:
    """Every package and setting in which its builds differ, with the value to hold it to.

    Of versions that is the newest, of all else what most builds have. A target is held only of a
    package that is needed only to build: of others it is what a stack is for.

    Args:
        graph: the builds.
        to_build: of each whether it is needed only to build others.
    """
    names = graph.codes["name"].values
    order = np.argsort(graph.column("name"), kind="stable")
    packages, first, counts = np.unique(
        graph.column("name")[order], return_index=True, return_counts=True
    )
    found = list(_providers(graph))
    for package, start, count in zip(packages, first, counts, strict=True):
        name = names[package]
        if count > 1 and name is not None:
            rows = order[start : start + count]
            found += _of_package(graph, name, rows)
            built = rows[~graph.external[rows]]
            targets = _several(graph, "target", built) if to_build[built].all() else None
            if targets:
                found.append(Pin("target", name, most_common(targets)))
    return found


def _of_package(graph: BuildGraph, name: str, rows: Rows) -> Iterator[Pin]:
    external, built = rows[graph.external[rows]], rows[~graph.external[rows]]
    if len(external) and len(built):
        yield Pin("external", name, BUILT if len(built) >= len(external) else "")
    elif len(external) > 1:
        yield Pin("external", name)
    versions = _several(graph, "version", rows)
    if versions and not name.endswith("-runtime"):  # which has that of its compiler
        yield Pin("version", name, max(versions, key=newest))
    namespaces = _several(graph, "namespace", built)
    if namespaces:
        yield Pin("namespace", name, most_common(namespaces))
    flags = _several(graph, "flags", built)
    if flags:
        yield Pin("flags", name, most_common({" ".join(f or ()): n for f, n in flags.items()}))
    yield from _of_variants(graph, name, built)
    if len(built) > 1:
        yield Pin("recipe", name)


def joint_pins(graph: BuildGraph, pins: Iterable[Pin]) -> Iterator[Pin]:
    """Of packages with several pins of a setting, those at once, where a build has them all.

    If each build differs from each other one in two settings, none of the two makes any one.
    """
    of_package: dict[str, list[Pin]] = defaultdict(list)
    for pin in pins:
        if pin.kind in ("version", "variant", "flags"):
            of_package[pin.package].append(pin)
    for name, several in of_package.items():
        rows = np.flatnonzero(graph.column("name") == graph.codes["name"].code(name)).tolist()
        fits = [row for row in rows if all(HAS[p.kind](graph, row, p.value) for p in several)]
        if len(several) > 1 and fits and not graph.external[rows].any():
            values = [f"@={p.value}" if p.kind == "version" else p.value for p in several]
            text = " ".join(filter(None, values))
            yield Pin("spec", name, text, tuple(fits), frozenset(map(held_by, several)))


def newest(version: str) -> tuple[Any, ...]:
    """A key that sorts versions as Spack does, but for those that stand for whatever is newest.

    >>> max("develop", "1.9", "1.10", key=newest)
    '1.10'
    """
    return version not in _MOVING, version_key(version)


def _of_variants(graph: BuildGraph, name: str, rows: Rows) -> Iterator[Pin]:
    values: dict[str, Counter[str]] = defaultdict(Counter)
    for variants, count in _several(graph, "variants", rows).items():
        for text in variants or ():
            values[variant_name(text)][text] += count
    for _, counts in sorted(values.items()):
        if len(counts) > 1:
            yield Pin("variant", name, most_common(counts))


def _several(graph: BuildGraph, field: str, rows: Rows) -> Counter[Any]:
    """How often each value of a field is there, where there are several; null is none."""
    codes, counts = np.unique(graph.own[rows, AT[field]], return_counts=True)
    values = graph.codes[field].values
    told = {values[code]: int(n) for code, n in zip(codes, counts, strict=True)}
    told.pop(None, None)
    return Counter(told) if len(told) > 1 else Counter()


def _providers(graph: BuildGraph) -> Iterator[Pin]:
    """For the virtuals that several packages provide, but not too many, the one that most do."""
    names, hows = graph.codes["name"].values, graph.codes["how"].values
    pairs, counts = np.unique(
        coded_pairs(graph.column("name")[graph.ends], graph.hows, len(hows)), return_counts=True
    )
    used: dict[str, Counter[str]] = defaultdict(Counter)
    columns = (*decoded_pairs(pairs, len(hows)), counts)
    for name, how, count in zip(*(column.tolist() for column in columns), strict=True):
        for virtual in hows[how][1] or ():
            used[virtual][names[name]] += count
    of_package: dict[str, list[str]] = defaultdict(list)
    for virtual in sorted(used.keys() - _OF_COMPILERS):
        if 1 < len(used[virtual]) <= MOST_PROVIDERS:
            of_package[most_common(used[virtual])].append(virtual)
    for package, virtuals in sorted(of_package.items()):
        yield Pin("provider", package, ",".join(virtuals))


def most_common(counts: Counter[str] | dict[str, int]) -> str:
    """The value that comes most often; of such the first in the alphabet.

    >>> most_common({"+mpi": 2, "+pic": 5, "+asan": 5})
    '+asan'
    """
    return min(counts, key=lambda value: (-counts[value], value))


# What is said of a pin ----------------------------------------------------------------------------


def told(graph: BuildGraph, pin: Pin, changes: Changes) -> tuple[str, str, list[str]]:
    """Of what a pin says something, what it holds that to, and in the place of what.

    Args:
        graph: the builds before.
        pin: what is held.
        changes: what is otherwise then.
    """
    if pin.kind == "provider":
        return pin.value, pin.package, _providers_before(graph, pin, changes)
    names = graph.column("name")
    package = graph.codes["name"].code(pin.package)
    rows = [row for row in changes.rows.tolist() if names[row] == package]
    if pin.kind == "recipe":
        after = [changes.own.get(row, graph.own[row])[AT["package_hash"]] for row in rows]
        new = {graph.codes["package_hash"].values[code] for code in after}
        old = {graph.value("package_hash", row) for row in rows}
        return pin.package, _short(new), _shortened(old - new) or ["other dependencies"]
    if pin.kind == "external":
        to = {_place(graph, changes.own[row]) for row in rows}
        before = {_place(graph, graph.own[row]) for row in rows}
        return pin.package, " or ".join(sorted(to)), sorted(before)
    if pin.kind == "spec":
        none = " without flags" if "flags" in pin.held and "flags=" not in pin.value else ""
        return (
            pin.package,
            pin.value + none,
            sorted({_said(graph, pin, row) for row in rows}, key=words_key),
        )
    before = {text for row in rows for text in _values(graph, pin, row)}
    return pin.package, pin.value or "none", sorted(before - {pin.value}, key=version_key)


def _values(graph: BuildGraph, pin: Pin, row: int) -> list[str]:
    """What a build has of the setting that a pin holds."""
    if pin.kind == "variant":
        texts = graph.value("variants", row) or ()
        return [text for text in texts if variant_name(text) == variant_name(pin.value)]
    value = graph.value(pin.kind, row)
    return [" ".join(value or ()) or "none" if pin.kind == "flags" else str(value)]


def _said(graph: BuildGraph, pin: Pin, row: int) -> str:
    """What a build has in the place of what a pin of several settings holds."""
    texts = graph.value("variants", row) or ()
    variants = [text for text in texts if f"variant {variant_name(text)}" in pin.held]
    flags = list(graph.value("flags", row) or ()) if "flags" in pin.held else []
    version = [f"@={graph.value('version', row)}"] if "version" in pin.held else []
    return " ".join([*version, *flags, *variants])


def _providers_before(graph: BuildGraph, pin: Pin, changes: Changes) -> list[str]:
    names, hows = graph.codes["name"].values, graph.codes["how"].values
    wanted = set(pin.value.split(","))
    ends = {
        names[graph.column("name")[end]]
        for row in changes.needs
        for end, how in graph.needs(row)
        if wanted & {*(hows[how][1] or ())}
    }
    return sorted(ends - {pin.package})


def _shortened(hashes: Iterable[str | None]) -> list[str]:
    return sorted({(text or "not known")[:_SHORT] for text in hashes})


def _short(hashes: set[str | None]) -> str:
    return " ".join(_shortened(hashes))


def _place(graph: BuildGraph, own: Rows) -> str:
    """Where an external lies, and for which target: it may be told by either."""
    external, target = (graph.codes[name].values[own[AT[name]]] for name in ("external", "target"))
    if external is None:
        return BUILT
    place = f" at {external[0]}" if external and external[0] else ""
    return f"external{place}" + (f" for {target}" if target else "")
