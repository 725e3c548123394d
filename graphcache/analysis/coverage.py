"""How much of an environment a cache holds; for what it lacks, the nearest that it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphcache.stores.base import Answer, Part
from graphcache.tables import Tables

COLUMNS = ["package", "version", "hash", "held", "nearest", "differs"]
READS: Part = {
    "Spec": ("name", "version", "os", "variants", "external", "in_buildcache"),
    "FOR_TARGET": (),
    "BUILT_WITH": (),
    "DEPENDS_ON": (),
}
"""What `coverage` reads of either graph."""


@dataclass(frozen=True, slots=True)
class _Build:
    """What a spec is built as, for a comparison."""

    hash: str
    package: str
    seen: dict[str, str]
    """Version, operating system, target and compilers."""
    variants: frozenset[str]
    needs: dict[str, str]
    """By package the version of each dependency."""

    def differences(self, other: _Build) -> list[str]:
        """In what the other one differs, a line each."""
        found = [
            f"{name}: {self.seen[name] or 'none'} -> {other.seen[name] or 'none'}"
            for name in self.seen
            if self.seen[name] != other.seen[name]
        ]
        if self.variants != other.variants:
            found.append(f"variants: {_change(self.variants, other.variants)}")
        mine, others = (
            frozenset(f"{name}@{version}" for name, version in build.needs.items())
            for build in (self, other)
        )
        if mine != others:
            found.append(f"dependencies: {_change(mine, others)}")
        return found or ["dependencies of dependencies, or the package's recipe"]


def coverage(environment: Tables, cache: Tables) -> Answer:
    """For each spec of an environment whether the cache holds it, by hash.

    For one that it lacks: the hash of the nearest spec of the package that it holds, and in what
    that one differs. What is external is in no cache, and left out.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> pages, _ = graphcache.read("examples/pages")
    >>> coverage(tables, pages).rows[0][3:]
    (False, None, ['no spec of this package'])
    """
    held: dict[str, list[_Build]] = defaultdict(list)
    for build, spec in _builds(cache):
        if spec["in_buildcache"]:
            held[build.package].append(build)
    rows = []
    for build, spec in _builds(environment):
        if spec["external"]:
            continue
        found = any(other.hash == build.hash for other in held[build.package])
        near, differs = (None, []) if found else _nearest(build, held[build.package])
        row = (build.package, build.seen["version"], build.hash, found, near, differs)
        rows.append(row)
    return Answer(COLUMNS, sorted(rows, key=lambda row: row[:3]))


def _nearest(build: _Build, others: list[_Build]) -> tuple[str | None, list[str]]:
    def distance(other: _Build) -> tuple[int, int, str]:
        parts = len(build.differences(other))
        return parts, len(build.variants ^ other.variants), other.hash

    near = min(others, key=distance, default=None)
    return (near.hash, build.differences(near)) if near else (None, ["no spec of this package"])


def _change(old: frozenset[str], new: frozenset[str]) -> str:
    """What is only in the one, and what is only in the other."""
    return f"{' '.join(sorted(old - new)) or 'none'} -> {' '.join(sorted(new - old)) or 'none'}"


def _builds(tables: Tables) -> Iterator[tuple[_Build, dict[str, Any]]]:
    """The specs that are described, and not only named by others."""
    specs = tables.nodes["Spec"].to_pylist()
    by_hash = {spec["hash"]: spec for spec in specs}
    targets, compilers, needs = (
        _ends(tables, name) for name in ("FOR_TARGET", "BUILT_WITH", "DEPENDS_ON")
    )
    for spec in specs:
        if spec["version"] is None:
            continue
        seen = {
            "version": spec["version"],
            "os": spec["os"] or "",
            "target": " ".join(targets[spec["hash"]]),
            "compiler": " ".join(compilers[spec["hash"]]),
        }
        below = [by_hash[needed] for needed in needs[spec["hash"]]]
        yield (
            _Build(
                spec["hash"],
                spec["name"],
                seen,
                frozenset(spec["variants"] or ()),
                {one["name"]: one["version"] or "?" for one in below},
            ),
            spec,
        )


def _ends(tables: Tables, edge: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    ends = (tables.edges[edge][end].to_pylist() for end in ("from", "to"))
    for start, end in zip(*ends, strict=True):
        found[start].append(end)
    return found
