"""Whether an advisory means a version: affected, not affected, or not decided, and why.

Not decided is what could be an all-clear by mistake. `Truth` here is True, False, or a text that
says why it is not known; a range in which a version is for sure outweighs what is not known of
another.

Source: the OSV schema, https://ossf.github.io/osv-schema/#evaluation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, NamedTuple

from graphcache.analysis.advising.orders import (
    OrderName,
    Subject,
    bound_version,
    compare,
    is_early,
    same_or_below,
    sort_key,
    subject,
)
from graphcache.records.advisories import Affected, AffectedRange, Event
from graphcache.spack.versions import Version

State = Literal["affected", "not affected", "not decided"]
Truth = bool | str

_START = re.compile(r"[vV]?0(?:\.0)*(?:-0)?")
"""Before all versions."""
_TAG = re.compile(r"[-_./]*+(?:version|ver|v|release|rel|r)?+[-_./]*+(?=\d)", re.IGNORECASE)
"""What stands before the number in a tag, behind the package's name."""
_TIES = {"fixed": 0, "introduced": 1, "last_affected": 2}
"""What comes first at one version: a range that ends there, one that begins, one that holds it."""
_ONLY_COMMITS = "its range is told by git commits alone"


class Verdict(NamedTuple):
    """What an advisory says of a version, and which of its words say so."""

    state: State
    because: str


@dataclass(frozen=True, slots=True)
class Interval:
    """Versions from one on, up to an end."""

    first: str | None
    """None for the first of all."""
    end: str | None = None
    """None where no end is told."""
    with_end: bool = False
    """Whether the end belongs to it."""

    def __str__(self) -> str:
        first = "" if self.first is None else f"from {self.first}"
        last = f"{'up to' if self.with_end else 'before'} {self.end}" if self.end else ""
        return ", ".join(part for part in (first, last) if part) or "all versions"

    def holds(self, one: Subject, order: OrderName) -> Truth:
        """Whether a version is in it."""
        return _both(self._from(one, order), self._before_end(one, order))

    def _from(self, one: Subject, order: OrderName) -> Truth:
        if self.first is None:
            return True
        place = compare(one, self.first, order)
        if place == -1 and order != "pep440" and is_early(one, self.first):
            return f"{one.text} comes just before {self.first}, where it begins"
        return place if isinstance(place, str) else place >= 0

    def _before_end(self, one: Subject, order: OrderName) -> Truth:
        if self.end is None:
            return True
        place = compare(one, self.end, order)
        if isinstance(place, str):
            return place
        if place < 0 or (place == 0 and self.with_end):
            return True
        return self._why_perhaps(one, self.end, place, order) or False

    def _why_perhaps(self, one: Subject, end: str, place: int, order: OrderName) -> str:
        """Why a version that is past the end may be in it all the same; empty if it is not."""
        if one.branch:
            return f"{one.text} is a branch: whether it was built from {end} on is not told"
        if place == 0 and one.reference:
            return f"whether the commit that is said to be {one.text} is before it is not told"
        if self.with_end and order == "spack" and same_or_below(one, end):
            return f"{one.text} begins with {end}, the last that is named"
        return ""


@dataclass(frozen=True)
class Ruling:
    """What an advisory says of the versions of one package.

    >>> event = Event
    >>> said = AffectedRange("ECOSYSTEM", [Event(introduced="1.1.1"), Event(fixed="1.1.1l")])
    >>> ruling = Ruling.of(Affected(ranges=[said]), "spack")
    >>> [ruling.verdict(version).state for version in ("1.1.0", "1.1.1k", "1.1.1l", "develop")]
    ['not affected', 'affected', 'not affected', 'not decided']
    """

    ranges: tuple[_Range, ...]
    listed: frozenset[Version]
    """The versions that it lists."""
    why_not_decided: str
    """Why nothing is said of versions that are in no range and not listed; empty if it is."""
    highest: str | None
    """Of tags listed beside commits of which one is the end: what is above it is not affected."""
    order: OrderName

    @classmethod
    def of(cls, affected: Affected, order: OrderName, package: str = "") -> Ruling:
        """The ruling in what an advisory says; `package` may begin the tags that it lists."""
        ranges = list(affected.ranges or ())
        told = tuple(_Range.of(r, order) for r in ranges if r.type in ("SEMVER", "ECOSYSTEM"))
        texts = affected.versions or []
        listed = [bound_version(_without_prefix(text, package)) for text in texts]
        by_commits = any(r.type == "GIT" for r in ranges) and not told
        known = [version for version in listed if version is not None]
        ends = by_commits and any(_ends(event) for r in ranges for event in r.events)
        why = _why_not_decided(affected, by_commits)
        highest = max(known).text if known and ends and why.startswith(_ONLY_COMMITS) else None
        if not why and None in listed and not told:
            unread = texts[listed.index(None)]
            why = f"it lists {unread!r}, which is no version that can be compared"
        return cls(told, frozenset(known), why, highest, order)

    def verdict(self, version: str | None) -> Verdict:
        """What it says of a spec's version; None is one that no source tells."""
        one = "its version is not known" if version is None else subject(version)
        if isinstance(one, str):
            if any(Interval(None) in range_.intervals for range_ in self.ranges):
                return Verdict("affected", str(Interval(None)))
            return Verdict("not decided", one)
        if one.version in self.listed:
            return Verdict("affected", "listed")
        if self.highest is not None and self._is_above(one, self.highest):
            return Verdict("not affected", "")
        unsure = [self.why_not_decided] if self.why_not_decided else []
        if self.listed and not self.ranges and (one.branch or one.reference or not one.ordered):
            unsure.append(f"{version} is none that could be listed")
        for range_ in self.ranges:
            found, because = range_.holds(one)
            if found is True:
                return Verdict("affected", because)
            if isinstance(found, str):
                unsure.append(found)
        return Verdict("not decided", unsure[0]) if unsure else Verdict("not affected", "")

    def _is_above(self, one: Subject, bound: str) -> bool:
        if one.branch or one.reference:
            return False
        place = compare(one, bound, self.order)
        return not isinstance(place, str) and place > 0


def _why_not_decided(affected: Affected, by_commits: bool) -> str:
    """Why its ranges say nothing of versions that are in none of them; empty if they do."""
    types = {range_.type for range_ in affected.ranges or ()} - {"SEMVER", "ECOSYSTEM", "GIT"}
    if affected.broken:
        return f"its versions can't be read: {affected.broken}"
    if types:
        return f"it has a range of type {min(types)!r}, which OSV has not"
    if by_commits:
        return _ONLY_COMMITS + (", and the version is not listed" if affected.versions else "")
    return "" if affected.ranges or affected.versions else "it names no versions"


def _ends(event: Event) -> bool:
    return any(text is not None for text in (event.fixed, event.last_affected, event.limit))


@dataclass(frozen=True, slots=True)
class _Range:
    """One range of an advisory, as intervals."""

    intervals: tuple[Interval, ...]
    limits: tuple[str, ...]
    broken: str
    """What is wrong in it, so that what is outside of its intervals is not decided."""
    order: OrderName

    @classmethod
    def of(cls, said: AffectedRange, order: OrderName) -> _Range:
        order = "semver" if said.type == "SEMVER" else order
        limits = tuple(e.limit for e in said.events if e.limit is not None)
        if "*" in limits:
            limits = ()
        try:
            return cls(tuple(_intervals(_sorted(said.events, order))), limits, "", order)
        except _Broken as problem:
            return cls(problem.intervals, limits, f"its range is broken: {problem}", order)

    def holds(self, one: Subject) -> tuple[Truth, str]:
        """Whether a version is in it, and in which interval."""
        within = _any(compare_below(one, limit, self.order) for limit in self.limits)
        limited = within if self.limits else True
        unsure = ""
        for interval in self.intervals:
            found = _both(limited, interval.holds(one, self.order))
            if found is True:
                return True, str(interval)
            if isinstance(found, str):
                unsure = unsure or found
        return unsure or self.broken or False, ""


def compare_below(one: Subject, limit: str, order: OrderName) -> Truth:
    """Whether a version is below a limit.

    >>> compare_below(subject("1.2"), "1.3", "spack")
    True
    """
    place = compare(one, limit, order)
    return place if isinstance(place, str) else place < 0


class _Broken(Exception):
    """Events that make no range; `intervals` are what can be known all the same."""

    def __init__(self, why: str, intervals: Iterable[Interval] = ()) -> None:
        super().__init__(why)
        self.intervals = tuple(intervals)


_Point = tuple[str, str]
"""The kind of an event, and its version."""


def _sorted(events: list[Event], order: OrderName) -> list[_Point]:
    """The events that begin and end ranges, in order."""
    points = [_point(event) for event in events]
    points = [point for point in points if point[0] != "limit"]
    if not any(kind == "introduced" for kind, _ in points):
        raise _Broken("no event says where it begins")
    begun = [p for p in points if p[0] == "introduced" and _START.fullmatch(p[1])]
    later = [p for p in points if p not in begun]
    for key in dict.fromkeys((sort_key(order), sort_key("spack"))):
        keys = {text: key(text) for _, text in later}
        if None not in keys.values():
            later.sort(key=lambda point: (keys[point[1]], _TIES[point[0]]))
            return [*begun[:1], *later]
    unread = next(text for text, found in keys.items() if found is None)
    raise _Broken(f"{unread!r} is no version that can be compared")


def _point(event: Event) -> _Point:
    there = [(kind, getattr(event, kind)) for kind in (*_TIES, "limit")]
    there = [(kind, text) for kind, text in there if text is not None]
    if len(there) != 1:
        raise _Broken(f"an event says {len(there)} things of {', '.join((*_TIES, 'limit'))}")
    return there[0]


def _intervals(points: list[_Point]) -> Iterator[Interval]:
    found: list[Interval] = []
    first: str | None = None
    is_open = False
    for kind, text in points:
        if kind == "introduced":
            if not is_open:
                first, is_open = (None if _START.fullmatch(text) else text), True
        elif is_open and not _START.fullmatch(text):
            found.append(Interval(first, text, kind == "last_affected"))
            is_open = False
        else:
            raise _Broken(f"it ends at {text}, where none had begun", found)
    if is_open:
        found.append(Interval(first))
    return iter(found)


def _without_prefix(text: str, package: str) -> str:
    """A version that may be a tag: `curl-8_3_0`, `OpenSSL_1_1_1k`, `v1.2`, `libssh2-1.10.0`.

    >>> _without_prefix("curl-8_3_0", "curl"), _without_prefix("R_2_5_0", "expat")
    ('8_3_0', '2_5_0')
    """
    if package and text.lower().startswith(package.lower()):
        text = text[len(package) :]
    return _TAG.sub("", text, count=1) if _TAG.match(text) else text


def _both(one: Truth, other: Truth) -> Truth:
    """Kleene's 'and': False where one is, else what is not known."""
    if one is False or other is False:
        return False
    return one if isinstance(one, str) else other


def _any(truths: Iterable[Truth]) -> Truth:
    """Kleene's 'or'."""
    found: Truth = False
    for truth in chain(truths):
        if truth is True:
            return True
        if isinstance(truth, str) and found is False:
            found = truth
    return found
