"""What advisories touch in a graph: the specs that they mean, and what depends on them where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from graphcache.analysis.advising.affected_specs import IDENTITY, AffectedSpecs, Packages
from graphcache.analysis.advising.package_names import How
from graphcache.analysis.advising.places import Place, TouchedPlaces
from graphcache.analysis.advising.ranges import State
from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.names import require
from graphcache.answers import Answer, reads
from graphcache.records.advisories import Advisory
from graphcache.sources.openvex import Exemption
from graphcache.spack.deptypes import parse_deptypes
from graphcache.tables import Tables
from graphcache.words import counted

COLUMNS = [
    *("advisory", "package", "match", "verdict", "versions", "stack", "release", "targets"),
    *("roots", "self", "direct", "transitive", "build_only", "rebuild", "fixed", "because"),
]
MORE_COLUMNS = ["aliases", "summary", "url", "specs", "dependents", "impact"]
"""What a program is told besides."""


@dataclass(frozen=True)
class Finding:
    """Specs of one package that an advisory means, or of which it can't be decided."""

    advisory: Advisory
    package: str
    match: How
    state: State
    reasons: dict[str, str]
    """By version, in Spack's order, which words of the advisory say so, or why it is not decided;
    a version that is not known is an empty text."""
    rows: Rows
    """The specs that are meant, as rows of `graph`."""
    graph: pa.Table = field(repr=False)
    """The Spec table."""
    fixed: list[str]
    """Versions that the cache holds and the advisory does not mean, from the lowest affected on."""
    places: list[Place]

    @cached_property
    def specs(self) -> list[dict[str, Any]]:
        """Of each spec that is meant: name, version, namespace and hash."""
        found: list[dict[str, Any]] = self.graph.take(pa.array(self.rows)).to_pylist()
        return found

    @cached_property
    def versions(self) -> list[str]:
        """In Spack's order."""
        return [version for version in self.reasons if version]

    @property
    def spec(self) -> str:
        """The versions as Spack takes them."""
        return f"{self.package}@{','.join(f'={version}' for version in self.versions)}"

    def because(self, versions: Iterable[str]) -> str:
        """The reasons for some versions, or for all of them if there are none, each once."""
        of_some = [self.reasons[version] for version in versions if version in self.reasons]
        return "; ".join(dict.fromkeys(of_some or self.reasons.values()))

    def specs_in(self, place: Place) -> list[dict[str, Any]]:
        """Those of the specs that are in a place."""
        return [spec for spec in self.specs if spec["hash"] in place.specs]

    @property
    def impact(self) -> str:
        """The command that says what depends on them."""
        return f"graphcache impact '{self.spec}' --deptype link,run" if self.versions else ""


@dataclass(frozen=True)
class Findings:
    """All that advisories touch; it is false where they touch nothing, which is an all-clear."""

    found: list[Finding]
    notes: list[str] = field(default_factory=list)
    """What the findings can't know, and what was left out, a sentence each."""

    def __bool__(self) -> bool:
        return bool(self.found)

    @cached_property
    def answer(self) -> Answer:
        """One row per finding, stack and release, with the `COLUMNS`."""
        rows = [row for finding in self.found for row in _rows(finding)]
        return Answer(COLUMNS, rows, notes=self.notes)

    @cached_property
    def detailed(self) -> Answer:
        """The same with the `MORE_COLUMNS`, for programs."""
        rows = []
        for finding in self.found:
            said = finding.advisory
            whole = [said.aliases, said.summary, said.url]
            for row, place in zip(_rows(finding), finding.places, strict=True):
                specs = finding.specs_in(place)
                rows.append((*row, *whole, specs, place.dependents, finding.impact))
        return Answer([*COLUMNS, *MORE_COLUMNS], rows, notes=self.notes)


@reads(
    {
        **TouchedPlaces.READS,
        "Package": (),
        "Spec": (
            *TouchedPlaces.READS["Spec"],
            *("name", "version", "namespace", "variants", "external", "in_buildcache"),
        ),
    }
)
def advisories(
    tables: Tables,
    advisories: Iterable[Advisory],
    *,
    stack: str | None = None,
    release: str | None = None,
    deptype: str | Iterable[str] = ("link", "run"),
    ignored: Iterable[Exemption] = (),
) -> Findings:
    """What advisories touch: which specs they mean, and what depends on these where.

    A finding is of one advisory and one package. Its verdict is `affected`, or `not decided` with
    the reason; what an advisory does not mean is no finding. `match` is `rule` where
    `package_names.toml` says that the package is meant, and `guess` where it is merely called so.

    One row per finding, stack and release, as `impact` counts: `self` are the specs that are meant,
    `direct` what needs one itself, `transitive` what does so through others, along dependencies of
    the types; apart, in `build_only`, what needs one for a build or test alone. `rebuild` counts
    all that has to be built again with another build in their place. Where nobody tells what specs
    need, these four are null. `roots` are the stack's roots among what has it in it.

    `ignored` are statements of OpenVEX, as `read_openvex` gives them: what one says does not matter
    for a spec is no finding.

    Raises:
        UsageError: the graph has no such stack or release, or there is no such type.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/develop")
    >>> found, _ = graphcache.read_advisories(["examples/advisories"])
    >>> [(f.advisory.id, f.spec, f.state) for f in advisories(tables, found).found][0]
    ('CVE-2026-28387', 'openssl@=3.6.1', 'affected')
    """
    types = parse_deptypes(deptype)
    for name, kind, type_ in ((stack, "stack", "Stack"), (release, "release", "Release")):
        if name is not None:
            require(name, tables.nodes[type_]["name"].to_pylist(), kind)
    packages = Packages(tables, ignored)
    touched = TouchedPlaces(tables, types)
    graph = tables.nodes["Spec"].select(IDENTITY)
    counts: Counter[str] = Counter()
    found: list[Finding] = []
    for advisory in advisories:
        meant = [] if advisory.withdrawn else packages.meant_by(advisory)
        of_it = [f for specs in meant for f in _findings(advisory, specs, graph, touched)]
        counts[_came_to(advisory, meant, of_it)] += 1
        found += of_it
    if stack is not None or release is not None:
        found = [_in_place(finding, stack, release) for finding in found]
        found = [finding for finding in found if finding.places]
    return Findings(found, [*_notes(counts, found), *packages.notes, *touched.notes])


def _findings(
    advisory: Advisory, specs: AffectedSpecs, graph: pa.Table, touched: TouchedPlaces
) -> Iterator[Finding]:
    """What an advisory says of the specs of one package, if anything."""
    for meant in specs.meant:
        yield Finding(
            advisory,
            specs.package,
            specs.how,
            meant.state,
            meant.reasons,
            meant.rows,
            graph,
            specs.fixed,
            touched.by(meant.rows),
        )


def _in_place(finding: Finding, stack: str | None, release: str | None) -> Finding:
    places = [
        place
        for place in finding.places
        if stack in (None, place.stack) and release in (None, place.release)
    ]
    here = {hash_ for place in places for hash_ in place.specs}
    kept = [spec["hash"] in here for spec in finding.specs]
    versions = {version for place in places for version in place.versions}
    told = {version: why for version, why in finding.reasons.items() if version in versions}
    reasons = told or finding.reasons
    return replace(finding, places=places, rows=finding.rows[kept], reasons=reasons)


def _rows(finding: Finding) -> Iterator[tuple[Any, ...]]:
    for place in finding.places:
        yield (
            finding.advisory.id,
            finding.package,
            finding.match,
            finding.state,
            place.versions or finding.versions,
            place.stack or "",
            place.release or "",
            place.targets,
            place.roots,
            place.itself,
            place.direct,
            place.transitive,
            place.build_only,
            place.rebuild,
            finding.fixed,
            finding.because(place.versions),
        )


_NOWHERE = "names nothing that the graph can have"
_WITHDRAWN = "was withdrawn"
_NOTHING_HERE = "is of no package here"
_OTHER_VERSIONS = "is of other versions of a package here"
_FOUND = "touches something"


def _came_to(advisory: Advisory, meant: list[AffectedSpecs], found: list[Finding]) -> str:
    """What an advisory came to, as the notes count it."""
    if advisory.withdrawn:
        return _WITHDRAWN
    if not any(affected.package or affected.repositories for affected in advisory.affected):
        return _NOWHERE
    if found or any(specs.is_ignored for specs in meant):
        return _FOUND
    return _OTHER_VERSIONS if meant else _NOTHING_HERE


def _notes(counts: Counter[str], found: list[Finding]) -> list[str]:
    """What the advisories came to that are in no row, and what of the rows is to be looked at."""
    notes = []
    for what, said in _SAID.items():
        if counts[what]:
            notes.append(f"{counted(counts[what], 'advisory', 'advisories')} {said}")
    guessed = len({(f.advisory.id, f.package) for f in found if f.match == "guess"})
    if guessed:
        which = counted(guessed, "package is", "packages are")
        notes.append(f"{which} found by name alone (match: guess): look whether it is the same.")
    return notes


_SAID = {
    _WITHDRAWN: "withdrawn by who wrote it: left out.",
    _NOWHERE: "without the name or repository of a package: left out.",
    _NOTHING_HERE: "of packages that are not in the graph.",
    _OTHER_VERSIONS: "of packages that are in the graph in other versions alone.",
}
