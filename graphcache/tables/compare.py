"""Two graphs held against each other, type by type."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.schema import EdgeType, NodeType, all_types
from graphcache.tables.columns import SEPARATOR, row_keys
from graphcache.tables.tables import Tables

_NULL = "\x00null"
_FIELD = "\x1e"


@dataclass(frozen=True, slots=True)
class Difference:
    """The keys that differ between two tables of a type; an edge's key is `FROM → TO`."""

    added: list[str]
    """Only in the second."""
    removed: list[str]
    """Only in the first."""
    changed: list[str]
    """In both, with other properties."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def differences(first: Tables, second: Tables) -> dict[str, Difference]:
    """What the second graph has otherwise than the first, by type.

    >>> any(differences(Tables.empty(), Tables.empty()).values())
    False
    """
    a, b = first.by_type(), second.by_type()
    return {t.name: _difference(a[t.name], b[t.name], t) for t in all_types()}


def _difference(first: pa.Table, second: pa.Table, type_: NodeType | EdgeType) -> Difference:
    a_keys, b_keys = row_keys(first, type_), row_keys(second, type_)
    in_b = pc.index_in(a_keys, b_keys)
    both = pc.is_valid(in_b)
    columns = sorted(set(first.column_names) | set(second.column_names))
    a_texts = row_texts(first, columns).filter(both)
    b_texts = row_texts(second, columns).take(in_b.filter(both))
    changed = a_keys.filter(both).filter(pc.not_equal(a_texts, b_texts))
    added = b_keys.filter(pc.invert(pc.is_in(b_keys, a_keys)))
    removed = a_keys.filter(pc.invert(both))
    more = _repeated(b_keys), _repeated(a_keys)
    return Difference(_shown(added) + more[0], _shown(removed) + more[1], _shown(changed))


def _repeated(keys: pa.Array) -> list[str]:
    """Keys that are there more than once: of nobody but a server, where others draw edges too."""
    counts = pc.value_counts(keys)
    return _shown(counts.field("values").filter(pc.greater(counts.field("counts"), 1)))


def _shown(keys: pa.Array) -> list[str]:
    return [key.replace(SEPARATOR, " → ") for key in keys.to_pylist()]


def row_texts(table: pa.Table, columns: list[str]) -> pa.Array:
    """One text per row, equal for rows with equal values; a column that is not there is null."""
    if not columns:
        return pa.array([""] * table.num_rows, pa.string())
    texts = [
        _texts(table[name].combine_chunks())
        if name in table.column_names
        else pa.array([_NULL] * table.num_rows, pa.string())
        for name in columns
    ]
    return pc.binary_join_element_wise(*texts, _FIELD)


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        # The length tells [] from [""].
        joined = pc.binary_join(column.cast(pa.list_(pa.string())), SEPARATOR)
        length = pc.list_value_length(column).cast(pa.string())
        column = pc.binary_join_element_wise(length, joined, ":")
    return pc.fill_null(column.cast(pa.string()), _NULL)
