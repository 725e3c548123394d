"""Why the same configuration was built again: the lowest dependencies that differ."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from graphcache.errors import UsageError
from graphcache.stores.base import Answer
from graphcache.tables import Tables

COLUMNS = ["cause", "builds", "packages", "example", "again"]


@dataclass(frozen=True, slots=True)
class _Spec:
    hash: str
    name: str
    version: str | None
    configuration: str
    namespace: str | None
    """Not known of a spec that only pages show."""


def rebuilds(tables: Tables, package: str | None = None, stack: str | None = None) -> Answer:
    """The causes of rebuilds, ranked by how many builds each explains.

    Two specs of one configuration look alike and are not. Each spec but the first of a
    configuration, in the order of hashes, is compared with that one, down their dependencies: a
    cause is a dependency that differs while nothing below it does. A build may have several.

    Args:
        tables: the graph.
        package: only rebuilds of this package.
        stack: only rebuilds in this stack.

    Returns:
        A row a cause: what changed, the builds that it explains, the number of packages that were
        built again, and an example of two such specs.

    Raises:
        UsageError: the graph has no such package or stack.
    """
    specs = {s.hash: s for s in _specs(tables)}
    chosen = _chosen(tables, specs, package, stack)
    causes = _Causes(specs, tables)
    builds: Counter[str] = Counter()
    packages: dict[str, set[str]] = defaultdict(set)
    examples: dict[str, tuple[str, str]] = {}
    for first, *others in _groups(chosen):
        for other in others:
            for cause in causes.of(first.hash, other.hash):
                builds[cause] += 1
                packages[cause].add(first.name)
                examples.setdefault(cause, (first.hash, other.hash))
    ranked = sorted(builds, key=lambda cause: (-builds[cause], cause))
    rows = [(cause, builds[cause], len(packages[cause]), *examples[cause]) for cause in ranked]
    return Answer(COLUMNS, rows)


def _specs(tables: Tables) -> Iterable[_Spec]:
    names = ("hash", "name", "version", "configuration", "namespace")
    columns = (tables.nodes["Spec"][name].to_pylist() for name in names)
    return (_Spec(*row) for row in zip(*columns, strict=True))


def _chosen(
    tables: Tables, specs: dict[str, _Spec], package: str | None, stack: str | None
) -> list[_Spec]:
    held = [spec for spec in specs.values() if spec.version is not None]
    if stack is not None:
        edges = tables.edges["IN_STACK"]
        ends = zip(edges["from"].to_pylist(), edges["to"].to_pylist(), strict=True)
        members = {start for start, end in ends if end == stack}
        if not members:
            raise UsageError(f"{stack}: no spec of the graph is in such a stack")
        held = [spec for spec in held if spec.hash in members]
    if package is not None:
        held = [spec for spec in held if spec.name == package]
        if not held:
            raise UsageError(f"{package}: no such package is in the graph")
    return held


def _groups(specs: list[_Spec]) -> list[list[_Spec]]:
    """The specs of each configuration, sorted by hash."""
    groups: dict[str, list[_Spec]] = defaultdict(list)
    for spec in sorted(specs, key=lambda spec: spec.hash):
        groups[spec.configuration].append(spec)
    return list(groups.values())


class _Causes:
    """The lowest differences between two specs of one package, each pair looked at once."""

    def __init__(self, specs: dict[str, _Spec], tables: Tables) -> None:
        self._specs = specs
        self._needs: dict[str, dict[str, str]] = defaultdict(dict)
        edges = tables.edges["DEPENDS_ON"]
        for start, end in zip(edges["from"].to_pylist(), edges["to"].to_pylist(), strict=True):
            self._needs[start][specs[end].name] = end
        self._known: dict[tuple[str, str], frozenset[str]] = {}

    def of(self, a: str, b: str) -> frozenset[str]:
        """What differs at the bottom of the two; both have the same name."""
        todo = [(a, b)]
        while todo:
            pair = todo[-1]
            below = self._differing(*pair)
            unknown = [p for p in below if p not in self._known]
            if unknown and pair not in self._known:
                # Known as nothing until it is done, so that a cycle ends.
                self._known[pair] = frozenset()
                todo += unknown
                continue
            self._known[pair] = self._join(pair, below)
            todo.pop()
        return self._known[a, b]

    def _differing(self, a: str, b: str) -> list[tuple[str, str]]:
        mine, others = self._needs[a], self._needs[b]
        shared = sorted(mine.keys() & others.keys())
        return [(mine[name], others[name]) for name in shared if mine[name] != others[name]]

    def _join(self, pair: tuple[str, str], below: list[tuple[str, str]]) -> frozenset[str]:
        found = frozenset().union(*(self._known[p] for p in below))
        mine, others = (self._needs[spec].keys() for spec in pair)
        name = self._specs[pair[0]].name
        found |= {f"{name}: with or without {other}" for other in mine ^ others}
        return found or frozenset([self._own(pair)])

    def _own(self, pair: tuple[str, str]) -> str:
        a, b = (self._specs[spec] for spec in pair)
        if a.namespace is None and not (self._needs[a.hash] or self._needs[b.hash]):
            return f"{a.name}: not known, since pages show no dependencies"
        if a.version != b.version:
            return f"{a.name}: {' and '.join(sorted((str(a.version), str(b.version))))}"
        if a.configuration != b.configuration:
            return f"{a.name}: variants, compiler, os or target"
        return f"{a.name}: its recipe, patches or flags"
