"""What a named query stands on: an empty answer means nothing where no source told that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from graphcache.errors import UsageError, not_known
from graphcache.schema import EdgeType, all_types, quote
from graphcache.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphcache.stores.base import Store

_TOLD = re.compile(r"(?P<type>\w+)(?:\.(?P<property>\w+))? by (?P<sources>.+)")
_COMPILER = "BUILT_WITH"
"""The edges that may be left out by a source, so that there is nothing of which one is not told."""


class Told(NamedTuple):
    """A property that some source must tell, or who built a spec, and which sources do."""

    type: str
    property: str
    """Empty where it is the edges themselves."""
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
    known = {(type_.name, p.name) for type_ in all_types() for p in type_.properties}
    known.add((_COMPILER, ""))
    found = match and (match["type"], match["property"] or "")
    if match is None or found not in known:
        expected = f"TYPE.PROPERTY by SOURCES, or {_COMPILER} by SOURCES"
        raise UsageError(f"{place}: Told: expected {expected}, found {text}")
    return Told(match["type"], match["property"] or "", match["sources"])


def notes_on_told(
    store: Store, told: Told, bound: Mapping[str, Any], *, empty: bool, timeout: float | None = None
) -> list[str]:
    """Of how many specs or edges no source told what an answer stands on, as a note.

    Where the query asks of one stack or release, only what is told of that counts.

    Raises:
        NotKnownError: the answer is empty, and no source told it of any of those that there are.
    """
    there, known, what = _counts(store, told, bound, timeout)
    if there == 0 and told.type == _COMPILER:
        there, known, what = _counts(store, told._replace(property=""), bound, timeout)
    subject = told.property or "the compiler"
    if empty and there and not known:
        of = f" of {told.type}" if told.property else ""
        raise not_known(
            f"the answer stands on {subject}{of}, which no source told; "
            f"{told.sources} tell it: load them"
        )
    if there == known:
        return []
    return [
        f"No source tells {subject} of {there - known:,} of {counted(there, what)}; "
        f"{told.sources} do."
    ]


def _counts(
    store: Store, told: Told, bound: Mapping[str, Any], timeout: float | None
) -> tuple[int, int, str]:
    """How many there are, of how many it is told, and what they are."""
    values = {name: bound[name] for name in ("stack", "release") if bound.get(name)}
    if told.type != "IN_STACK":
        values.pop("stack", None)
    of_release = "MATCH (s)-[:IN_RELEASE]->(:Release {name: $release})"
    narrowed = of_release if "release" in values else ""
    type_ = next(type_ for type_ in all_types() if type_.name == told.type)
    value = f"x.{quote(told.property)}"
    if not told.property:
        # A spec of which all that it needs is known was built by none, if it has no compiler.
        statement = (
            f"MATCH (s:Spec) WHERE s.version IS NOT NULL {narrowed} "
            "OPTIONAL MATCH (s)-[x:BUILT_WITH]->(:Compiler) "
            "WITH s.hash AS hash, s.dependencies_known AS told, count(x) AS compilers "
            "RETURN count(*), sum(CASE WHEN told OR compilers > 0 THEN 1 ELSE 0 END)"
        )
        what = "spec"
    elif isinstance(type_, EdgeType):
        end = f"{type_.end} {{name: $stack}}" if "stack" in values else type_.end
        statement = (
            f"MATCH (s:{type_.start})-[x:{type_.name}]->(:{end}) {narrowed} "
            f"RETURN count(*), count({value})"
        )
        what = f"{told.type} edge"
    else:
        statement = f"MATCH (s:{type_.name}) {narrowed} RETURN count(*), count({value})"
        statement = statement.replace("x.", "s.")
        what = "spec"
    ((there, known),) = store.query(statement, values, timeout=timeout).rows
    return there, known or 0, what
