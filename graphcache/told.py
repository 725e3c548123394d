"""What a named query stands on: an empty answer means nothing where no source told that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from graphcache.errors import NotKnownError, UsageError
from graphcache.schema import EdgeType, all_types, quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphcache.stores.base import Store

_TOLD = re.compile(r"(?P<type>\w+)\.(?P<property>\w+) by (?P<sources>.+)")


class Told(NamedTuple):
    """A property that some source must tell, and which sources do."""

    type: str
    property: str
    sources: str


def parse_told(text: str, place: str) -> Told | None:
    """What the line of a header says; None where it is empty.

    Raises:
        UsageError: it is not as it should be, or the schema has no such property.

    >>> parse_told("BUILT_WITH.languages by an index", "q.cypher").property
    'languages'
    """
    if not text:
        return None
    match = _TOLD.fullmatch(text)
    known = {f"{type_.name}.{p.name}" for type_ in all_types() for p in type_.properties}
    if match is None or f"{match['type']}.{match['property']}" not in known:
        raise UsageError(f"{place}: Told: expected TYPE.PROPERTY by SOURCES, found {text}")
    return Told(match["type"], match["property"], match["sources"])


def require_told(store: Store, told: Told, bound: Mapping[str, Any]) -> None:
    """Refuse an empty answer that is empty since no source told what it stands on.

    Where the query asks of one stack, only what is told of that stack counts.

    Raises:
        NotKnownError: the graph has nodes or edges of the type, all without the property.
    """
    of_stack = "stack" in bound and told.type == "IN_STACK" and bound["stack"] != ""
    values = {"stack": bound["stack"]} if of_stack else {}
    statement = f"MATCH {_pattern(told, of_stack)} RETURN count(*), count(x.{quote(told.property)})"
    ((there, known),) = store.query(statement, values).rows
    if there and not known:
        raise NotKnownError(
            f"the answer stands on {told.property} of {told.type}, which no source told; "
            f"{told.sources} tell it: load them by 'graphcache update PATH...'"
        )


def _pattern(told: Told, of_stack: bool) -> str:
    type_ = next(type_ for type_ in all_types() if type_.name == told.type)
    if not isinstance(type_, EdgeType):
        return f"(x:{type_.name})"
    end = f"{type_.end} {{name: $stack}}" if of_stack else type_.end
    return f"(:{type_.start})-[x:{type_.name}]->(:{end})"
