"""The lattice of CPU microarchitectures, from archspec: what runs what is built for what."""

from __future__ import annotations

from typing import Any, NamedTuple

from graphcache.errors import no_such


class TargetFacts(NamedTuple):
    """What archspec knows of a target; `parents` are those it directly extends."""

    name: str
    family: str | None
    vendor: str | None
    generation: int | None
    parents: tuple[str, ...]


def target_facts(name: str) -> TargetFacts:
    """What archspec says of a target; a target unknown to it has a name and no parents.

    >>> target_facts("x86_64_v3").parents
    ('x86_64_v2',)
    >>> target_facts("pdp11").family is None
    True
    """
    known = _known().get(name)
    if known is None:
        return TargetFacts(name, None, None, None, ())
    return TargetFacts(
        name,
        known.family.name,
        known.vendor,
        known.generation or None,
        tuple(sorted(parent.name for parent in known.parents)),
    )


def with_ancestors(names: set[str]) -> list[TargetFacts]:
    """The targets and all they extend, sorted by name.

    >>> [t.name for t in with_ancestors({"x86_64_v2"})]
    ['x86_64', 'x86_64_v2']
    """
    found: dict[str, TargetFacts] = {}
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = target_facts(name)
            todo.extend(found[name].parents)
    return [found[name] for name in sorted(found)]


def runs_on(name: str) -> list[str]:
    """The target and every target whose binaries run on it, sorted.

    >>> "x86_64_v3" in runs_on("zen3"), "zen4" in runs_on("zen3")
    (True, False)
    """
    return [target.name for target in with_ancestors({name})]


def fits_target(name: str, wanted: str) -> bool:
    """Whether a target is what `target=` asks for: a name, a range, or several with commas.

    `x86_64_v3:` is all that runs what is built for it, `:zen3` all whose binaries run there.

    Raises:
        UsageError: an end of a range is no target that archspec knows.

    >>> fits_target("zen4", "x86_64_v3:"), fits_target("zen4", ":zen3,zen4")
    (True, True)
    >>> fits_target("zen4", "zen3"), fits_target("zen4", "*")
    (False, True)
    """
    return wanted == "*" or any(_fits_one(name, part) for part in wanted.split(","))


def _fits_one(name: str, wanted: str) -> bool:
    first, colon, last = wanted.partition(":")
    if not colon:
        return name == first
    for end in (first, last):
        if end and not is_known(end):
            raise no_such("target", end, known_targets(), "archspec")
    return (not first or first in runs_on(name)) and (not last or name in runs_on(last))


def is_known(name: str) -> bool:
    """Whether archspec knows the target.

    >>> is_known("zen4"), is_known("zen44")
    (True, False)
    """
    return name in _known()


def known_targets() -> list[str]:
    """Every target that archspec knows, sorted."""
    return sorted(_known())


def _known() -> Any:
    from archspec.cpu import TARGETS  # it reads its data file on import

    return TARGETS
