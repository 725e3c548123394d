"""The one tree of exceptions: all that graphcache raises on purpose is a `GraphcacheError`.

A message names the thing, what was found, what was expected and what to do; the command line
prints it as it stands and ends with `exit_code`, so no traceback ever reaches a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class GraphcacheError(Exception):
    """Anything graphcache refuses to do; the message says why and what to do instead."""

    exit_code = 1


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


class QueryError(GraphcacheError):
    """A store refused a query: syntax, an unknown label, a write, the time limit."""


class GraphError(GraphcacheError):
    """A networkx graph does not have the form that `to_networkx` gives."""


class ExportError(GraphcacheError):
    """An export can't be written where it was asked for, or the format can't hold the graph."""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question that names what is close to a name that there is not; empty if nothing is.

    >>> did_you_mean("zlip", ["zlib", "hdf5"])
    ' Did you mean zlib?'
    """
    from difflib import get_close_matches

    close = get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(close)}?" if close else ""
