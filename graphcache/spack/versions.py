"""Versions as Spack orders them, and the constraints on them that people type after an `@`.

A version is split into its numbers and words. They are compared one by one: numbers as numbers,
words as text and below any number, but the words that stand for a branch above any number
(`develop` above `main` above `master` and so on). `alpha`, `beta` and `rc` at the end make a
version older than the one without them.

A constraint is a list of exact versions (`=1.2`), of ranges (`1.2:1.4`, `1.2:`, `:1.4`), and of
versions that stand for all that begin with them (`1.2`). Both ends of a range stand for such too:
`1.1.1` and `:1.1.1` hold 1.1.1l.

Source: Spack's documentation of version specifiers,
https://spack.readthedocs.io/en/latest/spec_syntax.html#version-specifier; for what that leaves
open, the answers of Spack 1.2.0.dev0 to several thousand pairs of versions and constraints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from graphcache.errors import UsageError

_BRANCHES = ("stable", "nightly", "trunk", "head", "master", "main", "develop")
"""Words above any number, the lowest first."""
_STAGES = ("alpha", "beta", "rc", "final")
"""Words that say how ripe a version is; one that has none of them is final."""
_FINAL = (_STAGES.index("final"),)

_WORD, _NUMBER, _BRANCH = range(3)
"""Kinds of parts of a version, in their order."""
_Part = tuple[int, Any]
"""A kind, and a text or an integer of that kind."""

_BETWEEN_WORDS = re.compile(r"[\s@,:]+")
_PARTS = re.compile("([0-9]+)|([a-zA-Z]+)")
_VERSION = re.compile("[a-zA-Z0-9_.-]+")
_COMMIT = re.compile("[a-fA-F0-9]{40}")

_TYPED = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9_])?"
_REFERENCE = re.compile(rf"(git\.[a-zA-Z0-9_][a-zA-Z0-9_./-]*|[a-fA-F0-9]{{40}})(?:=({_TYPED}))?")
_EXACT = re.compile(rf"=?(?P<version>{_TYPED})")
_RANGE = re.compile(rf"(?P<first>{_TYPED})?:(?P<last>{_TYPED})?")


@dataclass(frozen=True, order=True, slots=True)
class Version:
    """One version. Two are equal if Spack takes them for the same, as 1.2-3 and 1.2.3.

    >>> parse_version("1.9") < parse_version("1.10") < parse_version("develop")
    True
    >>> parse_version("1.2rc1") < parse_version("1.2") < parse_version("git.v1=1.2")
    True
    """

    release: tuple[_Part, ...]
    stage: tuple[int, ...]
    """How ripe it is, and its number: rc2 is (2, 2)."""
    reference: str
    """The git branch, tag or commit that is said to be this version; empty if none is."""
    text: str = field(compare=False)

    def __str__(self) -> str:
        return self.text


_LOWEST = Version((), (0,), "", "")
_HIGHEST = Version(((_BRANCH, len(_BRANCHES)),), _FINAL, "", "")


@dataclass(frozen=True)
class Range:
    """All versions from one up to another, and all that begin with the last."""

    first: Version
    last: Version

    @cached_property
    def end(self) -> Version:
        """The lowest version that is above the range."""
        return _after(self.last)

    def __contains__(self, version: Version) -> bool:
        return self.first <= version < self.end

    def __str__(self) -> str:
        one = self.first == self.last
        return self.first.text if one else f"{self.first}:{self.last}"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A set of versions.

    >>> constraint = parse_constraint("1.2:1.4,=1.6")
    >>> [text for text in ("1.1", "1.4.9", "1.6", "1.6.1") if parse_version(text) in constraint]
    ['1.4.9', '1.6']
    >>> parse_version("1.1.1l") in parse_constraint("1.1.1")
    True
    """

    parts: tuple[Version | Range, ...]
    """In order. None of them overlaps or touches another."""

    def __contains__(self, version: Version) -> bool:
        return any(
            version in part if isinstance(part, Range) else version == part for part in self.parts
        )

    def intersection(self, other: Constraint) -> Constraint | None:
        """What both hold; None if there is no such version.

        >>> print(parse_constraint("1.2:1.4,2").intersection(parse_constraint("1.3:")))
        1.3:1.4,2
        """
        pairs = [_shared(one, two) for one in self.parts for two in other.parts]
        common = _reduced([part for part in pairs if part is not None])
        return Constraint(common) if common else None

    def __str__(self) -> str:
        return ",".join(
            f"={part}" if isinstance(part, Version) and not part.reference else str(part)
            for part in self.parts
        )


def parse_version(text: str) -> Version:
    """A version as a concrete spec has it: `1.2`, `develop`, `git.REFERENCE=1.2`.

    Raises:
        UsageError: it is no version, or a git reference without the version that it stands for.

    >>> parse_version("git.v1.2.13=1.2.13").reference
    'v1.2.13'
    >>> parse_version("1.2+3")
    Traceback (most recent call last):
    graphcache.errors.UsageError: 1.2+3: expected a version: letters, digits, dots, - and _
    """
    text = text.strip()
    if not (text.startswith("git.") or _COMMIT.fullmatch(text) or "=" in text[1:]):
        return _plain(text)
    reference, equals, version = text.removeprefix("git.").partition("=")
    if not equals:
        raise _unknown_reference(text)
    if not reference:
        raise UsageError(f"{text}: expected a git reference before the =, found none")
    known = _plain(version)
    return Version(known.release, known.stage, reference, text)


def parse_constraint(text: str) -> Constraint:
    """A constraint as people type it after the `@` of a spec.

    Raises:
        UsageError: Spack does not read it either, or it is a git reference without the version that
            it stands for.

    >>> print(parse_constraint("1.6, 1.2:1.3,1.4"))
    1.2:1.4,1.6
    >>> parse_constraint("1.4:1.2")
    Traceback (most recent call last):
    graphcache.errors.UsageError: 1.4:1.2: expected the lower version before the colon
    """
    text = text.rstrip()
    if _REFERENCE.match(text):
        return Constraint((_reference(text),))
    return Constraint(_reduced([_part(part, text) for part in re.split(r"\s*,\s*", text.strip())]))


def version_key(text: str | None) -> tuple[Any, ...]:
    """A key that sorts texts as Spack sorts the versions that they are.

    What is no version, or one whose place only a git repository can say, stands before all others.

    >>> sorted(["1.10", "develop", "1.9", "1.9rc1", None], key=version_key)
    [None, '1.9rc1', '1.9', '1.10', 'develop']
    """
    return _key(text or "")


def words_key(text: str) -> list[tuple[Any, ...]]:
    """A key that sorts texts by their words, of which versions stand as Spack sorts them.

    >>> sorted(["gcc 10.5.0 → 12.2.0", "gcc 9.5.0 → 12.2.0", "cmake@3.9"], key=words_key)
    ['cmake@3.9', 'gcc 9.5.0 → 12.2.0', 'gcc 10.5.0 → 12.2.0']
    """
    words = _BETWEEN_WORDS.split(text)
    return [_key(word) if _VERSION.fullmatch(word) else (0, word) for word in words]


def fitting(texts: Iterable[str], constraint: Constraint) -> list[str]:
    """Those of the versions that fit the constraint.

    Raises:
        UsageError: of one of them it can't be said.

    >>> fitting(["1.10", "1.9"], parse_constraint(":1.9"))
    ['1.9']
    """
    return [text for text in texts if parse_version(text) in constraint]


def is_branch(part: _Part) -> bool:
    """Whether a part of a version is a word that stands for a branch, above any number.

    >>> [is_branch(part) for part in parse_version("2-develop").release]
    [False, True]
    """
    return part[0] == _BRANCH


def is_number(part: _Part) -> bool:
    """Whether a part of a version is a number, and not a word.

    >>> [is_number(part) for part in parse_version("1.1k").release]
    [True, True, False]
    """
    return part[0] == _NUMBER


@lru_cache(maxsize=2**16)  # the same few thousand stand in all specs
def _key(text: str) -> tuple[Any, ...]:
    try:
        # Which of two equal ones comes first is no question of versions, but has to be the same
        # in every run.
        return 1, parse_version(text), text
    except UsageError:
        return 0, text


def _plain(text: str) -> Version:
    """A version without a git reference."""
    if not _VERSION.fullmatch(text):
        named = text or "an empty version"
        raise UsageError(f"{named}: expected a version: letters, digits, dots, - and _")
    parts = [_named_part(number, word, text) for number, word in _PARTS.findall(text)]
    numbers = [value for kind, value in parts[-1:] if kind == _NUMBER]
    words = parts[: len(parts) - len(numbers)]
    # A stage alone, without a version before it, is a word like any other.
    if len(words) > 1 and words[-1] in _STAGE_PARTS:
        return Version(tuple(words[:-1]), (_STAGE_PARTS.index(words[-1]), *numbers), "", text)
    return Version(tuple(parts), _FINAL, "", text)


_STAGE_PARTS = [(_WORD, stage) for stage in _STAGES]


def _named_part(number: str, word: str, text: str) -> _Part:
    if word:
        return (_BRANCH, _BRANCHES.index(word)) if word in _BRANCHES else (_WORD, word)
    try:
        return _NUMBER, int(number)
    except ValueError as error:  # longer than Python reads, and than Spack does
        raise UsageError(f"{text[:20]}…: expected a version, found {error}") from error


def _reference(text: str) -> Version:
    """The git reference that a constraint is."""
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text}: expected nothing but REFERENCE=VERSION with a git reference")
    return parse_version(text)


def _part(part: str, whole: str) -> Version | Range:
    """One of those that stand between commas."""
    span = _RANGE.fullmatch(part)
    if span:
        first, last = span["first"], span["last"]
        found = Range(_plain(first) if first else _LOWEST, _plain(last) if last else _HIGHEST)
        # Spack reads 1.3:1.2 as a range that holds nothing, since 1.3 is where 1.2 and all that
        # begin with it end.
        if found.end < found.first:
            raise UsageError(f"{part}: expected the lower version before the colon")
        return found
    exact = _EXACT.fullmatch(part)
    if exact is None:
        raise UsageError(
            f"@{whole}: expected versions such as 1.2, =1.2, 1.2:1.4 or :1.2,1.4:, "
            f"found {repr(part) if part else 'nothing'}"
        )
    version = parse_version(exact["version"])
    return version if part.startswith("=") else Range(version, version)


def _unknown_reference(text: str) -> UsageError:
    return UsageError(
        f"{text}: which version a git reference stands for is known only to its repository. "
        f"Expected {text}=VERSION"
    )


def _reduced(parts: list[Version | Range]) -> tuple[Version | Range, ...]:
    """The same versions in the fewest parts, in order."""
    ranges: list[Range] = []
    for span in sorted((p for p in parts if isinstance(p, Range)), key=lambda p: (p.first, p.end)):
        if ranges and span.first <= ranges[-1].end:
            longest = max(ranges[-1], span, key=lambda p: p.end)
            ranges[-1] = Range(ranges[-1].first, longest.last)
        else:
            ranges.append(span)
    alone = {p for p in parts if isinstance(p, Version) and not any(p in span for span in ranges)}
    # An exact version stands before the range that starts with it and is empty.
    return tuple(sorted([*alone, *ranges], key=lambda p: p if isinstance(p, Version) else p.first))


def _shared(one: Version | Range, other: Version | Range) -> Version | Range | None:
    """What two parts of constraints both hold."""
    if isinstance(one, Version):
        held = one in other if isinstance(other, Range) else one == other
        return one if held else None
    if isinstance(other, Version):
        return other if other in one else None
    first = max(one.first, other.first)
    last = min((one, other), key=lambda span: span.end)
    return Range(first, last.last) if first < last.end else None


def _after(version: Version) -> Version:
    """The lowest version above all that begin with a version."""
    release, stage = version.release, version.stage
    if stage[0] != _FINAL[0]:
        return Version(release, (stage[0], stage[1] + 1 if len(stage) > 1 else 0), "", "")
    last: _Part = release[-1] if release else (_WORD, "")
    kind, value = last
    following = _next_word(value) if kind == _WORD else value + 1
    return Version((*release[:-1], (kind, following)), stage, "", "")


def _next_word(word: str) -> str:
    """The word that comes next, in the order of A to Z and a to z, and is no branch.

    >>> _next_word("rc"), _next_word("Z"), _next_word("z"), _next_word("mastes")
    ('rd', 'a', 'zA', 'mastet')
    """
    last = word[-1:]
    if last in ("", "z"):
        word += "A"
    else:
        word = word[:-1] + ("a" if last == "Z" else chr(ord(last) + 1))
    return _next_word(word) if word in _BRANCHES else word
