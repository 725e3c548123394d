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
