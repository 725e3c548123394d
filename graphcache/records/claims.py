"""What a file is put under, and what it speaks for as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

SourceKind = Literal["page", "index", "lock", "mirror", "file"]
"""The kinds of sources: what one says, only another of its kind replaces. A mirror is its spec
files, read whole; a file is any that speaks for nothing but itself."""


class Claim(NamedTuple):
    """What a file says all of: when it is read again later, it replaces what it said before.

    A package on a page, a stack in an index, a lock file or the spec files of a mirror; a file that
    claims neither claims itself, by its digest.
    """

    kind: SourceKind
    release: str | None
    """None where the file names none."""
    name: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What the user says of all that is read: its release and its stack, where they matter."""

    release: str | None = None
    stack: str | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment to which nobody gave a name: where its lock file lies."""

    names: tuple[str, ...]
    """What it may be called: the shortest first, each with one more folder of its path."""
    file: str
    """Its lock file, as it was given."""
    place: str
    """A digest of the whole path."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that a graph was made from, by the digest of its content."""

    digest: str
    file: str
    claim: Claim
    place: str | None = None
    """Of an environment's lock file a digest of its whole path."""
