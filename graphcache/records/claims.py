"""What a file is put under, and what it speaks for as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Claim(NamedTuple):
    """What a file says all of: when it is read again later, it replaces what it said before.

    A package on a page, or a stack in an index or lock file; a file that claims neither claims
    itself, by its digest.
    """

    kind: Literal["package", "stack", "file"]
    release: str | None
    """None where the file names none."""
    name: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What the user says of all that is read: its release and its stack, where they matter."""

    release: str | None = None
    stack: str | None = None
