"""From what a person writes to what it names: the error where that is nothing, or several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from graphcache.errors import UsageError, no_such

MANY = 6
"""Specs that are looked for where a hash may be of several; all but the last are named."""


def require(name: str, names: Iterable[str], what: str, place: str = "the graph") -> None:
    """Raise a UsageError if the name is not among the names, and say which there are."""
    names = sorted(names)
    if name not in names:
        raise no_such(what, name, names, place)


def the_spec(text: str, found: Sequence[tuple[Any, ...]]) -> str:
    """The hash of the one spec that a text is the hash of, or the beginning of one.

    Args:
        text: what a person wrote.
        found: hash, name and version of the first `MANY` specs whose hashes begin so.

    Raises:
        UsageError: there is none, or more than one.

    >>> the_spec("/bu5", [("bu5ehkv", "zlib-ng", "2.3.2")])
    'bu5ehkv'
    """
    if len(found) == 1:
        return str(found[0][0])
    if not found:
        named = text if text.removeprefix("/") else "an empty hash"
        raise UsageError(f"{named}: no spec in the graph has such a hash")
    specs = [f"{name}@{version}/{hash_}" for hash_, name, version in found]
    shown = ", ".join([*specs[: MANY - 1], *(["…"] if len(found) == MANY else [])])
    raise UsageError(f"{text}: expected one spec, found several: {shown}")
