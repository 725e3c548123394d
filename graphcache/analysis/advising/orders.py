"""Where a spec's version stands to a version that an advisory names, or why that can't be said.

Spack's order decides. Where an ecosystem has an order of its own and both versions are written as
it wants them, that one does, since it is the publisher's: PyPI has 1.0a1 before 1.0, and Spack
behind it. A comparison that hangs on what neither says (a word that may stand for what comes
before a release or after it, a date beside a number) is not made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion

from graphcache.errors import UsageError
from graphcache.spack.versions import Version, is_branch, is_number, parse_version

OrderName = Literal["spack", "pep440", "semver"]

_V = re.compile(r"[vV](?=[0-9])")
_SEMVER = re.compile(
    r"(\d{1,18}(?:\.\d{1,18}){0,2})(?:-([A-Za-z][0-9A-Za-z-]*(?:\.[0-9A-Za-z-]+)*))?(?:\+.*)?"
)
_EARLY = re.compile("pre|preview|dev|snapshot|rc|alpha|beta|nightly|[abmc]", re.IGNORECASE)
"""Words behind a version that may stand for one that comes before it."""
_ALONE = ("a", "b", "c", "m")
"""Of these, those that do so with a number only: 1.0a1, but 1.1.1a."""
_DATE = 19_000_000
"""A first number from here on is a day, such as 20230802."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The version of a spec, of which it is asked whether an advisory means it."""

    text: str
    version: Version
    """Without the git reference, and without zeros at its end."""
    reference: bool = False
    """Whether it is a commit that is said to be this version."""

    @property
    def branch(self) -> bool:
        """Whether it names a branch, as develop does."""
        return any(map(is_branch, self.version.release))

    @property
    def ordered(self) -> bool:
        """Whether it has a number by which it could be compared."""
        return self.branch or any(map(is_number, self.version.release))


@lru_cache(maxsize=2**16)
def subject(text: str) -> Subject | str:
    """The version of a spec, or why nothing can be said of it.

    >>> subject("git.abc=8.3.0").version == subject("8.3").version
    True
    >>> subject("git.abc")
    'which version git.abc is, only its repository can say'
    """
    try:
        version = parse_version(text)
    except UsageError:
        if text.startswith("git.") or re.fullmatch("[0-9a-fA-F]{40}", text):
            return f"which version {text} is, only its repository can say"
        return f"{text} is no version of Spack's"
    plain = text.partition("=")[2] if version.reference else text
    return Subject(plain, _plain(version), bool(version.reference))


def compare(one: Subject, bound: str, order: OrderName = "spack") -> int | str:
    """Whether a version is before one of an advisory (-1), the same (0), or after it (1).

    A text says why that is not known.

    >>> compare(subject("1.1.1k"), "1.1.1l"), compare(subject("1.2"), "v1.2.0")
    (-1, 0)
    >>> compare(subject("1.0a1"), "1.0", "pep440"), compare(subject("1.0a1"), "1.0")
    (-1, '1.0a1 may stand before 1.0 or after it')
    """
    own = _KEYS.get(order)
    if own is not None and not one.reference:  # 1.2-git.3 is Spack's for 3 commits behind 1.2
        keys = own(one.text), own(bound)
        if None not in keys:
            return _sign(*keys)
    other = bound_version(bound)
    if other is None:
        return f"{bound!r} is no version that can be compared"
    return _why_not(one, other) or _sign(one.version, other)


def _why_not(one: Subject, other: Version) -> str:
    """Why Spack's order of a version and one of an advisory says nothing; empty if it does."""
    if not one.ordered:
        return f"{one.text} has no place among versions"
    if not one.branch and _is_date(one.version) != _is_date(other):
        return f"{one.text} and {other.text} are numbered in different ways"
    if _unsure(one.version, other):
        return f"{one.text} may stand before {other.text} or after it"
    return ""


def is_early(one: Subject, bound: str) -> bool:
    """Whether a version is one that came before a release was done, as 2.45.0-rc1 before 2.45.0.

    >>> is_early(subject("2.45.0-rc1"), "2.45.0"), is_early(subject("2.44.1"), "2.45.0")
    (True, False)
    """
    other = bound_version(bound)
    return other is not None and one.version.release == other.release and one.version < other


def same_or_below(one: Subject, bound: str) -> bool:
    """Whether a version begins with another, as 9.7p1 does with 9.7, so that @9.7 holds it.

    >>> same_or_below(subject("9.7p1"), "9.7"), same_or_below(subject("9.8"), "9.7")
    (True, False)
    """
    other = bound_version(bound)
    if other is None:
        return False
    return one.version.release[: len(other.release)] == other.release


@lru_cache(maxsize=2**16)
def bound_version(text: str) -> Version | None:
    """A version of an advisory as Spack would read it; None if it can't, or it has no number.

    >>> bound_version("1.2.0+build").text, bound_version("1:2.0-3"), bound_version("main")
    ('1.2.0', None, None)
    """
    plain = _V.sub("", text.strip().partition("+")[0], count=1)
    try:
        version = _plain(parse_version(plain))
    except UsageError:
        return None
    return version if any(map(is_number, version.release)) else None


def sort_key(order: OrderName) -> Callable[[str], Any]:
    """A key by which the versions of an advisory are sorted; None for one that has no place.

    >>> sorted(["1.0", "1.0a1"], key=sort_key("pep440"))
    ['1.0a1', '1.0']
    """
    return _KEYS.get(order, bound_version)


def _plain(version: Version) -> Version:
    """Without a git reference, and with 1.2.0 as 1.2: to who publishes them they are one."""
    release = version.release
    while len(release) > 1 and is_number(release[-1]) and release[-1][1] == 0:
        release = release[:-1]
    return replace(version, release=release, reference="")


def _unsure(one: Version, other: Version) -> bool:
    """Whether one of them is the other with a word behind it that may say 'before'."""
    short, long = sorted((one.release, other.release), key=len)
    at = len(short)
    while at < len(long) and is_number(long[at]) and long[at][1] == 0:
        at += 1  # 1.0a1 is 1 with a word behind it, since 1.0 is 1
    rest = long[at:]
    if long[: len(short)] != short or not rest or is_number(rest[0]) or is_branch(rest[0]):
        return False
    word = str(rest[0][1])
    if word.lower() in _ALONE:
        return len(rest) > 1 and is_number(rest[1])
    return _EARLY.fullmatch(word) is not None


def _is_date(version: Version) -> bool:
    first = version.release[0]
    return is_number(first) and first[1] >= _DATE


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)


def _pep440(text: str) -> PythonVersion | None:
    try:
        return PythonVersion(text)
    except (InvalidVersion, ValueError):
        return None


def _semver(text: str) -> tuple[Any, ...] | None:
    """The precedence of SemVer 2.0, section 11; with 1.2 for 1.2.0.

    What has a number first behind its dash, as 7.1.1-21, is a later build to most who write so.
    """
    match = _SEMVER.fullmatch(_V.sub("", text, count=1))
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    numbers += [0] * (3 - len(numbers))
    if match[2] is None:
        return (*numbers, 1)
    early = [(0, int(p), "") if p.isdecimal() else (1, 0, p) for p in match[2].split(".")]
    return (*numbers, 0, early)


_KEYS: dict[str, Callable[[str], Any]] = {
    "pep440": lru_cache(maxsize=2**16)(_pep440),
    "semver": lru_cache(maxsize=2**16)(_semver),
}
