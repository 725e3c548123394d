"""A part of a graph, read from any store without the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import pyarrow as pa

from graphcache.answers import Answer
from graphcache.errors import StoreError, no_such
from graphcache.schema import EDGE_TYPES, EdgeType, NodeType, quote
from graphcache.stores.statements import match_keys, match_neighbours
from graphcache.tables import Tables
from graphcache.tables.columns import ARROW_TYPES, conform, key_columns, semi_join, sort_table

Keys = dict[str, set[str]]
"""Nodes, by type: their keys."""

_BATCH = 10_000
_FEW = 30
"""Keys; of more, a join is quicker."""


class Asked(Protocol):
    """What has to be known of a store to read a part of it."""

    def query(self, cypher: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Run one reading statement."""

    def columns(self, type_: NodeType | EdgeType) -> dict[str, str]:
        """The properties that a type has, with their types."""

    def label(self, type_name: str) -> str:
        """The label of the store's own nodes of a type."""


def neighbourhood(store: Asked, package: str, hops: int) -> Tables:
    """The nodes at most so many edges away from a package, and all edges between them.

    One hop gives the package's specs; two give their stacks, releases, compilers and targets too.

    Raises:
        UsageError: there is no such package.
    """
    found: Keys = {"Package": {package}}
    border = found
    for _ in range(hops):
        reached = neighbours(store, border)
        border = {name: keys - found.get(name, set()) for name, keys in reached.items()}
        found = joined(found, border)
    tables = induced(store, found)
    if not tables.nodes["Package"].num_rows:
        label = quote(store.label("Package"))
        there = store.query(f"MATCH (p:{label}) RETURN p.name AS name ORDER BY name").rows
        raise no_such("package", package, [str(name) for (name,) in there])
    return tables


def neighbours(store: Asked, keys: Keys, *, outward: bool = True, inward: bool = True) -> Keys:
    """The nodes at the other ends of the edges that leave (outward) or reach (inward) some nodes.

    All is by type: the keys of the nodes.
    """
    found: Keys = {}
    for type_ in EDGE_TYPES:
        for direction in (True,) * outward + (False,) * inward:
            here, there = (type_.start, type_.end) if direction else (type_.end, type_.start)
            if keys.get(here):
                few = len(keys[here]) <= _FEW
                statement = match_neighbours(type_, outward=direction, label=store.label, few=few)
                rows = _ask(store, statement, sorted(keys[here]))
                found.setdefault(there, set()).update(str(row[0]) for row in rows)
    return found


def induced(store: Asked, keys: Keys) -> Tables:
    """The nodes that the keys name, as far as there are such, and all edges between them."""

    def table(type_: NodeType | EdgeType) -> pa.Table:
        if isinstance(type_, NodeType):
            return _table(store, type_, sorted(keys.get(type_.name, ())))
        found = _table(store, type_, sorted(keys.get(type_.start, ())))
        ends = pa.array(sorted(keys.get(type_.end, ())), pa.string())
        return semi_join(found, found["to"], ends).combine_chunks()

    return Tables.of(table)


def joined(*several: Keys) -> Keys:
    """All keys that any of them has.

    >>> joined({"Stack": {"e4s"}}, {"Stack": {"hep"}, "Package": set()}) == {
    ...     "Stack": {"e4s", "hep"}, "Package": set()
    ... }
    True
    """
    found: Keys = {}
    for keys in several:
        for name, some in keys.items():
            found[name] = found.get(name, set()) | some
    return found


def _ask(store: Asked, statement: str, keys: list[str]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(keys), _BATCH):
        rows += store.query(statement, {"keys": keys[start : start + _BATCH]}).rows
    return rows


def _table(store: Asked, type_: NodeType | EdgeType, keys: list[str]) -> pa.Table:
    columns = store.columns(type_)
    statement = match_keys(type_, list(columns), store.label, few=len(keys) <= _FEW)
    return rows_to_table(type_, columns, _ask(store, statement, keys))


def rows_to_table(type_: NodeType | EdgeType, columns: dict[str, str], rows: list[Any]) -> pa.Table:
    """A type's table from rows as `match_all` and `match_keys` give them."""
    ends = {"from": "text", "to": "text"} if isinstance(type_, EdgeType) else {}
    types = {**ends, **columns}
    values = zip(*rows, strict=True) if rows else ([] for _ in types)
    arrays = {
        name: _array(type_, name, kind, rows, column)
        for (name, kind), column in zip(types.items(), values, strict=True)
    }
    return sort_table(conform(pa.table(arrays), type_), type_).combine_chunks()


def _array(
    type_: NodeType | EdgeType, name: str, kind: str, rows: list[Any], values: Sequence[Any]
) -> pa.Array:
    """A column; StoreError if there is another type of value in it, or a key is missing."""
    is_key = name in key_columns(type_)
    if not (is_key and None in values):
        with suppress(pa.ArrowException, TypeError, OverflowError):
            return pa.array(values, ARROW_TYPES[kind])
    at = next(i for i, value in enumerate(values) if not _fits(value, kind, null=not is_key))
    # The keys come first in a row.
    keys = " → ".join(str(key) for key in rows[at][: len(key_columns(type_))])
    raise StoreError(
        f"{type_.name} {keys}: {name}: expected {kind}, found {values[at]!r}, which graphcache did "
        f"not put there: 'graphcache push --full' sets properties right; where a key was changed, "
        f"remove the node"
    )


def _fits(value: Any, kind: str, *, null: bool) -> bool:
    if value is None:
        return null
    try:
        pa.array([value], ARROW_TYPES[kind])
    except (pa.ArrowException, TypeError, OverflowError):
        return False
    return True
