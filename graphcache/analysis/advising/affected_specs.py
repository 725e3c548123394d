"""The specs of a graph that an advisory means, as rows, with a verdict on each version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.advising.package_names import How, Match, PackageNames
from graphcache.analysis.advising.ranges import Ruling, State, Verdict
from graphcache.analysis.dependencies import Mask, Rows
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
_LOOKED_AT = Verdict("not affected", "ignored")
_WORST: tuple[State, ...] = ("affected", "not decided", "not affected")


@dataclass(frozen=True)
class AffectedSpecs:
    """The specs of a package that an advisory means, and what it says of each."""

    package: str
    how: How
    rows: Rows
    """All specs of the package, in order."""
    texts: list[str | None]
    """The version of each."""
    verdicts: list[Verdict]
    """The verdict on each."""
    held: Mask
    """Of each, whether the cache may hold it."""

    @cached_property
    def affected(self) -> Rows:
        """The specs that it means."""
        return self._of("affected")

    @cached_property
    def not_decided(self) -> Rows:
        """The specs of which it can't be said whether it means them."""
        return self._of("not decided")

    def _of(self, state: State) -> Rows:
        return self.rows[[verdict.state == state for verdict in self.verdicts]]

    def versions(self, rows: Rows) -> list[str]:
        """The versions of some of them, in Spack's order."""
        chosen = np.isin(self.rows, rows)
        found = {text for text, is_one in zip(self.texts, chosen, strict=True) if is_one and text}
        return sorted(found, key=version_key)

    def reasons(self, rows: Rows) -> dict[str, str]:
        """By version, why the verdict on some of them is as it is; no version is an empty text."""
        chosen = np.isin(self.rows, rows)
        columns = zip(self.texts, self.verdicts, chosen, strict=True)
        return {text or "": verdict.because for text, verdict, is_one in columns if is_one}

    @cached_property
    def fixed(self) -> list[str]:
        """Versions that the cache may hold and that it does not mean, above the lowest affected."""
        bad = self.versions(np.concatenate([self.affected, self.not_decided]))
        clear = [v.state == "not affected" and v is not _LOOKED_AT for v in self.verdicts]
        good = self.versions(self.rows[self.held & np.array(clear, bool)])
        lowest = version_key(bad[0]) if bad else version_key(None)
        return [text for text in good if version_key(text) > lowest]


class Packages:
    """The packages of a graph, of which advisories may mean some."""

    def __init__(self, tables: Tables, ignored: Iterable[Exemption] = ()) -> None:
        specs = tables.nodes["Spec"]
        self._specs = specs
        self._ignored = [one for one in ignored if one.products]
        self._passed_over = 0
        self._variants = specs["variants"]
        self._versions = specs["version"]
        self._external = np.asarray(pc.fill_null(specs["external"], False).to_numpy())
        held = np.asarray(pc.fill_null(specs["in_buildcache"], True).to_numpy())
        self._held = held & ~self._external
        of_name, names = codes(specs["name"])
        order = np.argsort(of_name, kind="stable")
        starts = np.searchsorted(of_name[order], np.arange(len(names) + 1))
        self._rows = {name: order[starts[at] : starts[at + 1]] for at, name in enumerate(names)}
        self._names = PackageNames.load()
        self._built: dict[str, set[str]] = {}

    def meant_by(self, advisory: Advisory) -> list[AffectedSpecs]:
        """The packages that an advisory means, with a verdict on each of their specs."""
        said: dict[str, list[tuple[Affected, Match]]] = defaultdict(list)
        for affected in advisory.affected:
            for match in self._names.matches(affected, self._rows.keys(), self._is_built_by):
                said[match.package].append((affected, match))
        judged = (self._judged(package, words) for package, words in sorted(said.items()))
        return [self._without_ignored(specs, advisory) for specs in judged]

    @property
    def notes(self) -> list[str]:
        """How many specs were passed over as ignored."""
        if not self._passed_over:
            return []
        which = counted(self._passed_over, "spec is", "specs are")
        return [f"{which} ignored, by what --ignore says of an advisory and a spec."]

    def _without_ignored(self, specs: AffectedSpecs, advisory: Advisory) -> AffectedSpecs:
        """The same where what was looked at already is not affected."""
        of_it = [one for one in self._ignored if one.names & advisory.names]
        if not of_it:
            return specs
        said = self._specs.select(IDENTITY).take(pa.array(specs.rows)).to_pylist()
        keys = [tuple(spec[name] or "" for name in IDENTITY) for spec in said]
        verdicts = [
            _LOOKED_AT if verdict.state != "not affected" and _is_ignored(key, of_it) else verdict
            for key, verdict in zip(keys, specs.verdicts, strict=True)
        ]
        self._passed_over += sum(verdict is _LOOKED_AT for verdict in verdicts)
        return replace(specs, verdicts=verdicts)

    def _judged(self, package: str, words: list[tuple[Affected, Match]]) -> AffectedSpecs:
        own = [one for one in words if not one[1].distribution]
        rulings = [Ruling.of(affected, match.order, package) for affected, match in own]
        rows = self._rows[package]
        texts: list[str | None] = self._versions.take(pa.array(rows)).to_pylist()
        by_text = {text: _worst(rulings, words, text) for text in dict.fromkeys(texts)}
        externals = self._external[rows].tolist()
        verdicts = [
            Verdict("not decided", _EXTERNAL)
            if external and by_text[text].state == "affected"
            else by_text[text]
            for text, external in zip(texts, externals, strict=True)
        ]
        by_rule = any(match.how == "rule" for _, match in own or words)
        how: How = "rule" if by_rule else "guess"
        return AffectedSpecs(package, how, rows, texts, verdicts, self._held[rows])

    def _is_built_by(self, package: str, build_system: str) -> bool | None:
        """Whether a package is built by a build system; None if no source tells."""
        if package not in self._built:
            lists = self._variants.take(pa.array(self._rows[package])).combine_chunks()
            values = pc.unique(pc.list_flatten(lists)).to_pylist()
            told = (value for value in values if value and value.startswith(_BUILD_SYSTEM))
            self._built[package] = {value.removeprefix(_BUILD_SYSTEM) for value in told}
        built = self._built[package]
        return build_system in built if built else None


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
    return min(_verdicts(rulings, version), key=lambda verdict: _WORST.index(verdict.state))


def _verdicts(rulings: list[Ruling], version: str | None) -> Iterator[Verdict]:
    for ruling in rulings:
        yield ruling.verdict(version)
