"""What specs need, named by hash, as a list of specs says it.

Spack before 0.18 knew a spec by several hashes. A dependency was named by the one that its file was
made with: in spec files by the `build_hash` (also under the key `hash`) or the `full_hash`, in lock
files before version 4 by the key under which the spec stands. Here each gets the spec's own hash,
so that nothing behind has to know of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from graphcache.records import Dependency, FileReport, SpecEntry, SpecNode, dependencies_of

_NO_KEYS: Mapping[str, str] = {}

Placed = tuple[str, SpecEntry]
"""A spec of a file, and the place in the file that describes it."""


def name_dependencies(
    placed: Iterable[Placed], report: FileReport, keys: Mapping[str, str] = _NO_KEYS
) -> list[SpecEntry]:
    """The specs, with each dependency under the own hash of what it leads to.

    One that no hash leads to stays, without a hash; it is warned of, with its place. So is one
    whose hash is of no spec in the file. `keys` gives the hash by the key that only the file has.
    """
    placed = list(placed)
    entries = [entry for _, entry in placed]
    own = {entry.hash: entry.hash for entry in entries}
    older = dict(chain.from_iterable(_other_hashes(entry) for entry in entries))
    known = {**older, **own, **keys}
    # Where a spec has other hashes, one that is of no spec in the file may be any of them.
    telling = known.keys() == own.keys()
    for place, entry in placed:
        if entry.node.build_spec is not None:
            _name_build_spec(entry.node.build_spec, known, place, report)
        entry.node.dependencies = needs = dependencies_of(entry.node)
        for number, needed in enumerate(needs):
            if needed.hash not in own or known[needed.hash] != needed.hash:
                found = _look_up(needed, known)
                if found is None:
                    where = f"{place}.dependencies[{number}].hash: {needed.name}"
                    report.warn(f"{report.file}: {where}: {_problem(needed)}")
                    found = needed.hash if telling else None
                needed.hash = found
    return entries


def _name_build_spec(
    built: Dependency, known: Mapping[str, str], place: str, report: FileReport
) -> None:
    """Give a build spec its own hash. An index need not hold it, so only one without is told."""
    if not _said(built):
        why = "expected a hash, found none: from what the spec is installed is not known"
        report.warn(f"{report.file}: {place}.build_spec.hash: {why}")
    built.hash = _look_up(built, known) or built.hash


def mark_only_needed(entries: list[SpecEntry]) -> None:
    """Mark of an environment the build specs of spliced ones, and what only they need.

    They are listed beside what is installed, and are not: what was spliced takes their place.
    """
    built = {e.node.build_spec.hash for e in entries if e.node.build_spec is not None}
    if not built:
        return
    needs = {e.hash: [needed.hash for needed in dependencies_of(e.node)] for e in entries}
    beside = _reachable(built, needs)
    installed = _reachable({e.hash for e in entries if e.root or e.hash not in beside}, needs)
    for entry in entries:
        entry.only_needed = entry.hash not in installed


def _reachable(starts: Iterable[str | None], needs: Mapping[str, list[str | None]]) -> set[str]:
    """The starts and all that they need."""
    found: set[str] = set()
    todo = list(starts)
    while todo:
        spec_hash = todo.pop()
        if spec_hash is not None and spec_hash not in found:
            found.add(spec_hash)
            todo += needs.get(spec_hash, ())
    return found


def _other_hashes(entry: SpecEntry) -> Iterator[tuple[str, str]]:
    node: SpecNode = entry.node
    if node.full_hash:
        yield node.full_hash, entry.hash
    if node.build_hash:
        yield node.build_hash, entry.hash


def _said(needed: Dependency) -> list[str]:
    said = (needed.hash, needed.build_hash, needed.full_hash)
    return [one for one in said if one is not None]


def _look_up(needed: Dependency, known: Mapping[str, str]) -> str | None:
    return next((known[one] for one in _said(needed) if one in known), None)


def _problem(needed: Dependency) -> str:
    said = _said(needed)
    if not said:
        return "expected a hash, found none: what the spec needs is not wholly known"
    return f"expected the hash of a spec in the file, found {said[0]}"
