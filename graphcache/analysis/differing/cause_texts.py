"""Causes of rebuilds, as people and Spack write them, made of what differs in two specs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from graphcache.analysis.differing.spec_pairs import Change, Value
from graphcache.spack.compilers import LANGUAGES
from graphcache.spack.versions import version_key, words_key

_EXTERNAL = ("external", "external_path", "external_modules")
_NEEDED = {"types": "dependency types", "virtuals": "virtuals"}
"""How something is needed, and the kind of a cause that it is."""
_LONG = re.compile(r"\b[0-9a-z]{32,}=*")
"""A hash, of which 7 characters are enough to know it by."""
_MOST = 200
"""Characters of one side that are told at most: `diff` tells all."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What differs in two specs of a package, whichever of them comes first."""

    kind: str
    text: str


def provider_cause(packages: Collection[str], virtuals: Collection[str]) -> Cause:
    """That another package provides virtuals.

    >>> provider_cause({"zlib-ng", "zlib"}, {"zlib-api"})
    Cause(kind='provider', text='zlib-api: zlib → zlib-ng')
    """
    kind = "compiler" if virtuals and LANGUAGES.issuperset(virtuals) else "provider"
    swap = " → ".join(sorted(packages))
    return Cause(kind, f"{', '.join(sorted(virtuals))}: {swap}" if virtuals else swap)


def causes_of(package: str, changes: Iterable[Change], *, compiles: bool = False) -> list[Cause]:
    """The causes that two specs of one package are, by what differs in them of their own.

    Args:
        package: the package.
        changes: what differs, each with both values.
        compiles: whether other specs are compiled with the two.

    >>> causes_of("openmpi", [Change("version", "5.0.8", "4.1.6")])
    [Cause(kind='version', text='openmpi 4.1.6 → 5.0.8')]
    >>> causes_of("curl", [Change("variant tls", "tls=openssl", "tls=gnutls"),
    ...                    Change("variant shared", "+shared", "~shared")])
    [Cause(kind='variant', text='curl +shared tls=openssl → ~shared tls=gnutls')]
    """
    of = {change.what: change for change in changes}
    by_kind: dict[str, list[Change]] = {}
    for change in of.values():
        if change.follows is None:
            what = change.what.partition(" ")[0]
            by_kind.setdefault("external" if what in _EXTERNAL else what, []).append(change)
    found: list[Cause] = []
    for what, own in by_kind.items():
        match what:
            case "version":
                kind = "compiler" if compiles else "version"
                found.append(Cause(kind, f"{package} {_arrow(_sides(own[0]), version_key)}"))
            case "compiler":
                found.append(Cause("compiler", _compilers(own[0])))
            case "variant":
                found.append(Cause("variant", f"{package} {_arrow(_variants(own))}"))
            case "external":
                found.append(Cause("external", f"{package} {_external(of)}"))
            case _:
                found += [_other(package, what, change) for change in own]
    return found


def unexplained_cause(package: str, why: str) -> Cause:
    """That two specs differ in nothing that is known, and why.

    >>> unexplained_cause("zlib", "recipe or flags, not told apart")
    Cause(kind='recipe or flags', text='zlib: recipe or flags, not told apart')
    """
    kind = why.partition(",")[0] if why.startswith("recipe or") else "not known"
    return Cause(kind, f"{package}: {why}")


def _other(package: str, what: str, change: Change) -> Cause:
    """The cause of a change that is told alone."""
    needed = change.what.partition(" of " if what in _NEEDED else " ")[2]
    match what:
        case "types" | "virtuals":
            what = _NEEDED[what]
            text = f"{package}: {needed} for {_arrow(_sides(change, without='nothing'))}"
        case "dependency":
            text = f"{package} with or without {needed}"
        case "flags":
            text = f"{package} {_arrow(_sides(change, without='no flags'))}"
        case "package_hash":
            what, text = "recipe", f"{package} recipe {_arrow(_sides(change))}"
        case "namespace":
            text = _arrow([f"{side}.{package}" for side in _sides(change)])
        case "spliced_from":
            what, text = "splice", f"{package} built → spliced"
        case _:
            text = f"{package} {_arrow([f'{what}={side}' for side in _sides(change)])}"
    return Cause(what, text)


def _sides(change: Change, without: str = "none") -> list[str]:
    return [_text(value) or without for value in (change.left, change.right)]


def _text(value: Value) -> str:
    text = ", ".join(value) if isinstance(value, list) else str("" if value is None else value)
    return _LONG.sub(lambda found: found.group()[:7], text)


def _arrow(sides: list[str], key: Callable[[str], Any] = str) -> str:
    """Both sides, in an order that is the same whichever comes first."""
    return " → ".join(f"{s[:_MOST]}…" if len(s) > _MOST else s for s in sorted(sides, key=key))


def _compilers(change: Change) -> str:
    """Two compilers; of one package, as its versions, which is how form 5 tells it."""
    left, right = (set(side.split(" ")) for side in _sides(change))
    sides = [
        " ".join(sorted(one - other, key=words_key)) or "none"
        for one, other in ((left, right), (right, left))
    ]
    (name, _, version), (other, _, versions) = (side.partition("@") for side in sides)
    if name == other and " " not in "".join(sides):
        return f"{name} {_arrow([version, versions], version_key)}"
    return _arrow(sides, words_key)


def _variants(changes: list[Change]) -> list[str]:
    """The variants of both sides as Spack writes them: `+shared~pic threads=none`."""
    sides = []
    for values in ([c.left for c in changes], [c.right for c in changes]):
        told = [_text(value) for value in values if value is not None]
        flags = "".join(text for text in told if text[:1] in "+~")
        named = [text.replace(", ", ",") for text in told if text[:1] not in "+~"]
        sides.append(" ".join(filter(None, [flags, *named])))
    names = ", ".join(c.what.partition(" ")[2] for c in changes)
    return [side or f"without {names}" for side in sides]


def _external(of: dict[str, Change]) -> str:
    """Built and external, or two externals, with their places and, where they differ, versions."""
    places = of.get("external_path") or of.get("external_modules")
    there = _sides(places, without="") if places else ["", ""]
    versions = _sides(of["version"]) if "version" in of else ["", ""]
    is_external = (of["external"].left, of["external"].right) if "external" in of else (True, True)
    sides = [
        " ".join(filter(None, [version, f"external{at and ' at '}{at}" if external else "built"]))
        for version, external, at in zip(versions, is_external, there, strict=True)
    ]
    return _arrow(sides, lambda side: ("external" in side, words_key(side)))
