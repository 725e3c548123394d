"""What was given for an argument in Python: held against what it takes, and named in an error."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from reprlib import repr as short
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from graphcache.errors import UsageError


@contextmanager
def named(given: Mapping[str, Any]) -> Iterator[None]:
    """Let an error that begins with what was given for an argument name that: `stack='e4ss': …`."""
    try:
        yield
    except UsageError as error:
        raise UsageError(_with_argument(str(error), given)) from error


def _with_argument(message: str, given: Mapping[str, Any]) -> str:
    for name, value in given.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            text = f"{one or 'an empty name'}: "
            if isinstance(one, str) and message.startswith(text):
                return f"{name}={one!r}: {message.removeprefix(text)}"
    return message


def check(given: Mapping[str, Any], hints: Mapping[str, Any]) -> None:
    """Refuse a value of another kind than the type hint of its argument says.

    Raises:
        UsageError: the argument, what was given for it, and what it takes.

    >>> check({"specs": ["zlib"], "most": 3}, {"specs": str | Iterable[str], "most": int | None})
    >>> check({"specs": 5}, {"specs": str | Iterable[str]})
    Traceback (most recent call last):
    graphcache.errors.UsageError: specs=5: expected str or an iterable of str, found int
    """
    for name, value in given.items():
        taken = _kinds(hints.get(name, Any))
        if not _is_any(value, taken):
            expected = " or ".join(map(_shown, taken))
            raise UsageError(f"{name}={short(value)}: expected {expected}, found {_found(value)}")


@cache
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The type hints of a function by argument."""
    return get_type_hints(function)


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _is_any(value: Any, kinds: tuple[Any, ...]) -> bool:
    return any(_is(value, kind) for kind in kinds)


def _is(value: Any, kind: Any) -> bool:
    if kind is Any:
        return True
    if get_origin(kind) is Iterable:
        (inner,) = get_args(kind)
        if isinstance(value, str | bytes) or not isinstance(value, Iterable):
            return False
        # What can be gone through but once is not gone through here.
        return not isinstance(value, Collection) or all(_is_any(v, _kinds(inner)) for v in value)
    if kind in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if kind is float else get_origin(kind) or kind)


def _shown(kind: Any) -> str:
    if kind is NoneType:
        return "None"
    if get_origin(kind) is Iterable:
        return f"an iterable of {_shown(get_args(kind)[0])}"
    return str((get_origin(kind) or kind).__name__)


def _found(value: Any) -> str:
    """The kind of a value; of one that holds others, also theirs."""
    name = type(value).__name__
    if isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping):
        inside = sorted({type(one).__name__ for one in value})
        return f"{name} of {', '.join(inside)}" if inside else f"an empty {name}"
    return name
