"""The specs of a graph that an advisory means, as rows, with a verdict on each version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.advising.package_names import How, Match, PackageNames
from graphcache.analysis.advising.ranges import Ruling, State, Verdict
from graphcache.analysis.dependencies import Rows
from graphcache.analysis.memberships import codes
from graphcache.records.advisories import Advisory, Affected
from graphcache.sources.openvex import Exemption
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

IDENTITY = ["name", "version", "namespace", "hash"]
"""The columns that say which spec one is."""
_BUILD_SYSTEM = "build_system="
_EXTERNAL = "it is an external: whoever built it may have mended it"
_WORST: tuple[State, ...] = ("affected", "not decided", "not affected")
_FINDINGS: tuple[State, ...] = ("affected", "not decided")


@dataclass(frozen=True)
class Meant:
    """Specs of a package on which an advisory has one verdict."""

    state: State
    rows: Rows
    reasons: dict[str, str]
    """By version, in Spack's order, why; a version that is not known is an empty text."""


@dataclass(frozen=True)
class AffectedSpecs:
    """What an advisory says of the specs of a package."""

    package: str
    how: How
    meant: list[Meant]
    """What it means, and what can't be decided; empty where it means nothing of it."""
    fixed: list[str]
    """Versions that the cache may hold and that it does not mean, above the lowest affected."""
    is_ignored: bool
    """Whether some specs were passed over, as looked at already."""


@dataclass(frozen=True)
class _Group:
    """The specs of a package with one version."""

    version: str | None
    rows: Rows
    """Those that Spack built."""
    externals: Rows
    is_held: bool
    """Whether the cache may hold one of those that Spack built."""


class Packages:
    """The packages of a graph, of which advisories may mean some."""

    def __init__(self, tables: Tables, ignored: Iterable[Exemption] = ()) -> None:
        specs = tables.nodes["Spec"]
        self._specs = specs
        self._external = pc.fill_null(specs["external"], False).to_numpy()
        self._held = pc.fill_null(specs["in_buildcache"], True).to_numpy()
        of_name, names = codes(specs["name"])
        order = np.argsort(of_name, kind="stable")
        starts = np.searchsorted(of_name[order], np.arange(len(names) + 1))
        self._rows = {name: order[starts[at] : starts[at + 1]] for at, name in enumerate(names)}
        self._names = PackageNames.load()
        self._groups: dict[str, list[_Group]] = {}
        self._ignored = _Ignored([one for one in ignored if one.products], specs)

    def meant_by(self, advisory: Advisory) -> list[AffectedSpecs]:
        """The packages that an advisory means, with what it says of their specs."""
        said: dict[str, list[tuple[Affected, Match]]] = defaultdict(list)
        for affected in advisory.affected:
            for match in self._names.matches(affected, self._rows.keys(), self._is_built_by):
                said[match.package].append((affected, match))
        return [self._judged(advisory, package, words) for package, words in sorted(said.items())]

    @property
    def notes(self) -> list[str]:
        """How many specs were passed over as ignored."""
        if not self._ignored.count:
            return []
        which = counted(self._ignored.count, "spec is", "specs are")
        return [f"{which} ignored, by what --ignore says of an advisory and a spec."]

    def _judged(
        self, advisory: Advisory, package: str, words: list[tuple[Affected, Match]]
    ) -> AffectedSpecs:
        before = self._ignored.count
        own = [one for one in words if not one[1].distribution]
        rulings = [Ruling.of(affected, match.order, package) for affected, match in own]
        found: dict[State, list[tuple[Rows, str, str]]] = {state: [] for state in _FINDINGS}
        clear: list[str] = []
        for group in self._groups_of(package):
            state, because = _worst(rulings, words, group.version)
            text = group.version or ""
            if state == "not affected":
                clear += [text] if group.is_held else []
                continue
            found[state].append((group.rows, text, because))
            if state == "affected":
                found["not decided"].append((group.externals, text, _EXTERNAL))
            else:
                found[state].append((group.externals, text, because))
        meant = [
            one
            for state, parts in found.items()
            if (one := self._meant(advisory, state, parts)) is not None
        ]
        lowest = min((version_key(v) for one in meant for v in one.reasons if v), default=())
        by_rule = any(match.how == "rule" for _, match in own or words)
        fixed = [text for text in clear if meant and version_key(text) > lowest]
        how: How = "rule" if by_rule else "guess"
        return AffectedSpecs(package, how, meant, fixed, self._ignored.count > before)

    def _meant(
        self, advisory: Advisory, state: State, parts: list[tuple[Rows, str, str]]
    ) -> Meant | None:
        """The specs of some verdicts of a kind, without what is ignored; None if none is left."""
        left = [(self._ignored.without(rows, advisory), text, why) for rows, text, why in parts]
        left = [part for part in left if len(part[0])]
        if not left:
            return None
        rows = np.concatenate([rows for rows, _, _ in left])
        return Meant(state, np.sort(rows), {text: why for _, text, why in left})

    def _groups_of(self, package: str) -> list[_Group]:
        """The specs of a package by version, in Spack's order."""
        if package not in self._groups:
            rows = self._rows[package]
            texts = self._specs["version"].take(pa.array(rows)).to_pylist()
            by_text: dict[str | None, list[int]] = defaultdict(list)
            for row, text in zip(rows.tolist(), texts, strict=True):
                by_text[text].append(row)
            ordered = sorted(by_text, key=version_key)
            self._groups[package] = [self._group(text, by_text[text]) for text in ordered]
        return self._groups[package]

    def _group(self, version: str | None, numbers: list[int]) -> _Group:
        rows = np.array(numbers, np.int64)
        external = self._external[rows].astype(bool)
        built = rows[~external]
        return _Group(version, built, rows[external], bool(self._held[built].any()))

    def _is_built_by(self, package: str, build_system: str) -> bool | None:
        """Whether a package is built by a build system; None if no source tells."""
        built = self._build_systems.get(package)
        return build_system in built if built else None

    @cached_property
    def _build_systems(self) -> dict[str, set[str]]:
        """By package the build systems that its variants tell."""
        variants = self._specs["variants"].combine_chunks()
        values, of_spec = pc.list_flatten(variants), pc.list_parent_indices(variants)
        told = pc.starts_with(values, _BUILD_SYSTEM)
        packages = self._specs["name"].take(of_spec.filter(told))
        pairs = pa.table({"package": packages, "system": values.filter(told)})
        found: dict[str, set[str]] = defaultdict(set)
        distinct = pairs.group_by(pairs.column_names, use_threads=False).aggregate([])
        for pair in distinct.to_pylist():
            found[pair["package"]].add(pair["system"].removeprefix(_BUILD_SYSTEM))
        return found


@dataclass
class _Ignored:
    """What was looked at already, and how many specs were passed over for it."""

    exemptions: list[Exemption]
    specs: pa.Table
    count: int = field(default=0)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(name for one in self.exemptions for name in one.names)

    def without(self, rows: Rows, advisory: Advisory) -> Rows:
        """The specs in the rows that no statement passes over for an advisory."""
        if not len(rows) or not self._names & advisory.names:
            return rows
        said = [one for one in self.exemptions if one.names & advisory.names]
        of_rows = self.specs.select(IDENTITY).take(pa.array(rows)).to_pylist()
        keys = [tuple(spec[name] or "" for name in IDENTITY) for spec in of_rows]
        kept = np.array([not _is_ignored(key, said) for key in keys], bool)
        self.count += int((~kept).sum())
        left: Rows = rows[kept]
        return left


def _is_ignored(key: tuple[str, ...], exemptions: Iterable[Exemption]) -> bool:
    """Whether the last statement on a spec says that it does not matter."""
    found = False
    for exemption in exemptions:
        if any(purl.covers(*key) for purl in exemption.products):
            found = exemption.is_ignored
    return found


def _worst(
    rulings: list[Ruling], words: list[tuple[Affected, Match]], version: str | None
) -> Verdict:
    """The verdict of all that an advisory says of a package; the worst of it counts."""
    if not rulings:
        distribution = words[0][1].distribution
        said = f"{distribution}'s versions say nothing of upstream's"
        return Verdict("not decided", said)
    verdicts = (ruling.verdict(version) for ruling in rulings)
    return min(verdicts, key=lambda verdict: _WORST.index(verdict.state))
