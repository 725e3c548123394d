"""Keys that stand twice in an object of JSON: decoders keep the last one, and say nothing.

What is in order is found to be so quickly: of a text that was decoded and encoded again, a key that
stood twice is missing, and its quotes with it. Only then is it looked at pair by pair.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw

from graphcache.sources.names import Unreadable

Place = tuple[str | int, ...]
"""Keys and numbers that lead to a value in a document."""

_QUOTE = b'"'
_GAP = 4096
"""Bytes between two entries of an object, at most; usually those of one key."""
_MAX_GROUPS = 100
_TARGET = b'"target": {'
"""How a target begins that is written out, with a hundred features."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class RepeatedKeys(dict[str, Any]):
    """An object in which keys stood twice, with the first value of each."""

    repeated: tuple[str, ...] = ()
    """The keys, in the order of the text, one that stood three times twice."""


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its keys and values; the first of two equal keys counts.

    >>> object_of([("a", 1), ("b", 2), ("a", 3)]).repeated
    ('a',)
    """
    value = dict(reversed(pairs))
    if len(value) == len(pairs):
        return value
    counts = Counter(key for key, _ in pairs)
    repeated = RepeatedKeys(value)
    repeated.repeated = tuple(key for key in counts for _ in range(counts[key] - 1))
    return repeated


def repeated_key(data: bytes) -> tuple[Place, str] | None:
    r"""The first key that stands twice in a JSON text, at any depth, and the place of its object.

    Raises:
        Unreadable: it is not JSON.

    >>> repeated_key(b'{"a": [{"b": 1, "c": 2, "b": 3}]}'), repeated_key(b'{"a": {"a": 1}}')
    ((('a', 0), 'b'), None)
    """
    return None if is_in_order(data) else next(repeated_keys(careful(data)), None)


def repeated_keys(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """The keys that stand twice in a value that `careful` gave, with their objects' places."""
    if isinstance(value, RepeatedKeys):
        for key in value.repeated:
            yield place, key
    if isinstance(value, dict):
        for key, item in value.items():
            yield from repeated_keys(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from repeated_keys(item, (*place, number))


def shown_place(place: Place) -> str:
    """A place as messages say it.

    >>> shown_place(("roots", 1, "hash"))
    'roots[1].hash'
    """
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(parts).removeprefix(".")


def is_in_order(data: bytes) -> bool:
    """Whether a text is JSON in which no key stands twice; if there is any doubt, it is not."""
    if b"\\" in data and b"\\u" in data:
        return False  # a quote that is none
    try:
        again = _encode(_decode(data))
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return False
    return data.count(_QUOTE) == again.count(_QUOTE)


def careful(data: bytes) -> Any:
    """The value, in which objects with keys that stand twice are `RepeatedKeys`.

    Raises:
        Unreadable: it is not JSON.
    """
    try:
        return json.loads(data, object_pairs_hook=object_of)
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from None


def frame(data: bytes, groups: Iterable[Iterable[Raw]]) -> bytes:
    """A document with 0 in the place of its entries; the whole where they can't be found at once.

    An entry that a later one with the same key has replaced is in no group, and stays.

    >>> frame(b'{"a": {"x": {}, "y": [1]}}', [[Raw(b"{}"), Raw(b"[1]")]])
    b'{"a": {"x": 0, "y": 0}}'
    """
    places: list[tuple[int, int]] = []
    for number, group in enumerate(groups):
        end = -1
        for raw in group:
            text = bytes(raw)
            start = data.find(text) if end < 0 else data.find(text[:1], end, end + _GAP)
            if start < 0 or not data.startswith(text, start) or number >= _MAX_GROUPS:
                return data
            end = start + len(text)
            places.append((start, end))
    parts, last = [], 0
    for start, end in sorted(places):
        if start < last:
            return data
        parts.append(data[last:start])
        last = end
    return b"0".join([*parts, data[last:]])


def with_plain_target(data: bytes) -> bytes:
    """A spec whose target is written out, with no more of it than its name.

    Specs have few targets, and half of their text says what these are: each is looked at once.

    >>> with_plain_target(b'{"arch": {"target": {"name": "zen4", "features": ["avx"]}}}')
    b'{"arch": {"target": "zen4"}}'
    """
    start = data.find(_TARGET) + len(_TARGET) - 1
    if start < len(_TARGET):
        return data
    end = data.find(b"}", start) + 1
    name = _target_name(data[start:end])
    return data[:start] + name + data[end:] if name else data


@lru_cache(maxsize=2**10)
def _target_name(text: bytes) -> bytes:
    """The name as JSON, if the text is a target in order; else nothing."""
    try:
        target = _decode(text)
        if repeated_key(text) is not None:
            return b""
    except (msgspec.MsgspecError, RecursionError, UnicodeError, Unreadable):
        return b""
    name = target.get("name")
    return _encode(name) if isinstance(name, str) and name else b""
