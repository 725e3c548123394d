"""Which changes of a spec come along with another one: what is left are its own.

Both `diff` of two specs and the causes of rebuilds stand on this, so that they name the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from graphcache.analysis.differing.spec_pairs import Change, Compared, Specs

COMMON = ("platform", "os", "target", "compiler")
"""Settings that a spec mostly shares with what it needs."""
_READS_A_RECIPE = ("version", "variant", "namespace")
"""What the hash of a recipe depends on besides its text."""
_PATCHES = "variant patches"
"""Not chosen by anybody: Spack notes in this variant which patches the recipe gave."""


def follow(specs: Specs, compared: Compared) -> list[Change]:
    """The changes of two specs, with what each comes along with.

    That a spec which needs these two changes in the same way is not looked at here: see
    `same_above`.
    """
    settings = _of_compiler(specs, compared)
    settings = _with_external(settings)
    settings = _with_version_or_variants(settings)
    settings = _of_recipe(settings)
    own = [*_own(settings), *_providers(compared)]
    return settings + [_with(change, own) for change in compared.needs]


def same_above(change: Change, above: Iterable[Iterable[Change]]) -> bool:
    """Whether a setting changes in the same way in each of the pairs that need these two.

    >>> change = Change("target", "zen3", "zen4")
    >>> same_above(change, [[change]]), same_above(change, [[change], []])
    (True, False)
    """
    said = change.what, change.left, change.right
    return change.what in COMMON and all(
        any((other.what, other.left, other.right) == said for other in changes) for changes in above
    )


def _own(changes: Iterable[Change]) -> list[str]:
    return [change.what for change in changes if change.follows is None]


def _with(change: Change, leading: Iterable[str]) -> Change:
    """The change; where it is its own, as one that comes with these, if there are any."""
    return replace(change, follows=change.follows or ", ".join(leading) or None)


def _of_compiler(specs: Specs, compared: Compared) -> list[Change]:
    """A compiler's runtime has the version of the compiler."""
    return [
        _with(change, _compilers_at(specs, compared, change))
        if change.what == "version"
        else change
        for change in compared.settings
    ]


def _compilers_at(specs: Specs, compared: Compared, change: Change) -> list[str]:
    """Compilers that these two need, and whose versions are those of the two."""
    return [
        f"version of {specs.name(a)}"
        for a, b in compared.pairs
        if specs.name(a) in specs.compilers
        and (specs.version(a), specs.version(b)) == (change.left, change.right)
    ][:1]


def _with_external(settings: list[Change]) -> list[Change]:
    """What is taken from the machine in the place of a build is as it is there."""
    if "external" not in _own(settings):
        return settings
    return [c if c.what == "external" else _with(c, ["external"]) for c in settings]


def _with_version_or_variants(settings: list[Change]) -> list[Change]:
    """Another version has other variants, and as an external lies elsewhere.

    A variant may bring others, which one side lacks.
    """
    if "version" in _own(settings):
        return [_with(c, ["version"]) if _of_version(c.what) else c for c in settings]
    chosen = [
        what
        for what in _own(c for c in settings if None not in (c.left, c.right))
        if what.startswith("variant ") and what != _PATCHES
    ]
    return [
        _with(c, chosen) if c.what.startswith("variant ") and c.what not in chosen else c
        for c in settings
    ]


def _of_version(what: str) -> bool:
    return what.startswith(("variant ", "external_"))


def _of_recipe(settings: list[Change]) -> list[Change]:
    """A recipe gives patches for a version and variants; its hash is that of what is left of it.

    The patches are in the hash too, so that where they differ it says nothing more.
    """
    for what in (_PATCHES, "package_hash"):
        own = [name for name in _own(settings) if name != what]
        leading = [name for name in own if name.partition(" ")[0] in _READS_A_RECIPE]
        settings = [_with(c, leading) if c.what == what else c for c in settings]
    return settings


def _providers(compared: Compared) -> list[str]:
    """Another provider brings what it needs to the specs that it is for, as gcc its runtime."""
    return [f"provider of {', '.join(found)}" for found in compared.pairs.values() if found]
