"""The one tree of exceptions: all that graphcache raises on purpose is a `GraphcacheError`.

A message names the thing, what was found, what was expected and what to do. It speaks of arguments
and functions; where that is no help at a shell, `at_shell` speaks of commands and options. The
command line prints that and ends with `exit_code`, so no traceback ever reaches a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

_SHOWN = 20
"""Names that an error lists at most."""
_LONGEST_NAME = 100
"""Characters of a text whose close names are looked for: the search compares all with all."""


class GraphcacheError(Exception):
    """Anything graphcache refuses to do; the message says why and what to do instead."""

    exit_code = 1

    def __init__(self, message: str = "", *, at_shell: str | None = None) -> None:
        super().__init__(message)
        self.at_shell = message if at_shell is None else at_shell
        """The message for who types commands."""


class InputError(GraphcacheError):
    """No input could be read: nothing was changed. `report` says what was found instead."""

    def __init__(self, message: str, report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class UsageError(GraphcacheError):
    """What was asked for makes no sense as asked (unknown query, parameter of a wrong type)."""

    exit_code = 2


class StoreError(GraphcacheError):
    """A store is missing, locked, damaged, foreign, or of another format."""


class LakeError(GraphcacheError):
    """A lake is missing, damaged, foreign, of another layout, or can't be written."""


class QueryError(GraphcacheError):
    """A store refused a query: syntax, an unknown label, a write, the time limit."""


class NotKnownError(GraphcacheError):
    """The answer stands on what no source of the graph says; the message says what to load."""


class GraphError(GraphcacheError):
    """A networkx graph does not have the form that `to_networkx` gives."""


class ExportError(GraphcacheError):
    """An export can't be written where it was asked for, or the format can't hold the graph."""


_Error = TypeVar("_Error", bound=GraphcacheError)


def what_to_do(error: type[_Error], message: str, *, python: str, at_shell: str) -> _Error:
    """An error whose message ends with what to do: in Python, and at a shell.

    >>> error = what_to_do(UsageError, "hep: both: ", python="say kind", at_shell="say --as")
    >>> str(error), error.at_shell
    ('hep: both: say kind', 'hep: both: say --as')
    """
    return error(f"{message}{python}", at_shell=f"{message}{at_shell}")


def not_known(why: str) -> NotKnownError:
    """The error that no source tells what an answer stands on, which ends with what to load.

    >>> print(not_known("roots are not known: load a lock file,"))
    roots are not known: load a lock file, by graphcache.update_store
    """
    update = "'graphcache update PATH...'"
    return what_to_do(
        NotKnownError, f"{why} by ", python="graphcache.update_store", at_shell=update
    )


def no_such(what: str, name: str, names: Iterable[str], place: str = "the graph") -> UsageError:
    """The error that nothing of a kind has a name: the names that are close, or else what there is.

    >>> print(no_such("stack", "e5s", ["e4s", "hep"]))
    e5s: no such stack in the graph. Did you mean e4s?
    >>> print(no_such("stack", "x", ["e4s", "hep"], "the store"))
    x: no such stack in the store, which has e4s, hep
    """
    names = list(names)
    hint = did_you_mean(name, names)
    if hint:
        return UsageError(f"{name}: no such {what} in {place}.{hint}")
    return none_of(what, name, names, place)


def none_of(what: str, name: str, names: Iterable[str], place: str = "the graph") -> UsageError:
    """The error that nothing of a kind is as asked for: what there is, in the order given.

    >>> print(none_of("version", "zlib@9", ["1.2.13", "1.3"]))
    zlib@9: no such version in the graph, which has 1.2.13, 1.3
    """
    names = list(names)
    shown = ", ".join(names[:_SHOWN]) or "none"
    more = f", and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    there = f"{place}, which has {shown}{more}"
    return UsageError(f"{name or 'an empty name'}: no such {what} in {there}")


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question that names what is close to a name that there is not; empty if nothing is.

    >>> did_you_mean("zlip", ["zlib", "hdf5"])
    ' Did you mean zlib?'
    """
    close = close_names(name, names)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def close_names(name: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names that are like a name that there is not, the likest first.

    >>> close_names("zlip", ["zlib", "hdf5"])
    ['zlib']
    """
    from difflib import get_close_matches

    if len(name) > _LONGEST_NAME:
        return []
    return get_close_matches(name, list(names), n=most, cutoff=0.5)
