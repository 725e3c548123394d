"""Cypher: one script that cypher-shell runs, constraints first, then nodes, then edges.

The data stands in it as literals, of which cypher-shell makes parameters. In the statements
themselves they would cost Neo4j 5 seconds per statement and more, since it plans each anew.

MERGE makes it safe to run again: it adds what is missing and sets the properties of what is there.
Nodes are told from other data in the database by the label that `graphcache push` gives them too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from graphcache.exports.texts import (
    batches,
    glue,
    glue_present,
    on_distinct,
    on_items,
    properties,
    refuse_names,
    refuse_null_items,
    tables_by_type,
)
from graphcache.schema import EdgeType, NodeType, node_type, quote
from graphcache.stores.neo4j.constraints import constraints, own_label
from graphcache.tables import Tables
from graphcache.tables.columns import property_type

_ROWS = 1_000
"""Rows of a statement, which is a transaction of its own."""
_HEAD = """\
// To be run by cypher-shell -f THIS_FILE
"""
_SPECIAL = re.compile("[\\\\'\x00-\x1f\x7f-\uffff]")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(tables: Tables, path: Path) -> None:
    r"""Write the script.

    Raises:
        ExportError: a list holds null, or a property has a name that Neo4j would misread.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Tables.empty(), Path(folder) / "graph.cypher")
    ...     (Path(folder) / "graph.cypher").read_text().splitlines()[7]
    'CREATE INDEX `graphcache_Package_name` IF NOT EXISTS FOR (n:`Package`) ON (n.`name`);'
    """
    refuse_names(tables, lambda _, name: not name or "\\" in name, "Neo4j reads it as an escape")
    refuse_null_items(tables)
    with path.open("wb") as file:
        file.write(_HEAD.encode())
        for statement in constraints():
            file.write(f"{statement};\n".encode())
        file.write(b"CALL db.awaitIndexes(300);\n")
        for type_, table in tables_by_type(tables):
            for statement in _statements(type_, table):
                file.write(statement.encode())


def text_literal(text: str) -> str:
    r"""A text as Cypher writes it, in ASCII but for characters beyond U+FFFF.

    cypher-shell on Java 17 reads a file in the encoding of the locale, which is ASCII in cron.
    Characters beyond U+FFFF have no escape that is understood everywhere.

    >>> print(text_literal("it's C:\\n\nü"))
    'it\'s C:\\n\n\u00FC'
    """
    return f"'{_SPECIAL.sub(_escape, text)}'"


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def number_literal(number: float) -> str:
    """A number as Cypher writes it; it has no names for NaN and infinities.

    >>> [number_literal(number) for number in (1.0, 1e22, math.nan, -math.inf)]
    ['1.0', '1e22', '0.0/0.0', '-1.0/0.0']
    """
    if math.isnan(number):
        return "0.0/0.0"
    if math.isinf(number):
        return "1.0/0.0" if number > 0 else "-1.0/0.0"
    return repr(number).replace("e+", "e")


def _boolean_literal(value: bool) -> str:
    return "true" if value else "false"


_LITERALS: dict[str, Callable[[Any], str]] = {
    "text": text_literal,
    "integer": str,
    "boolean": _boolean_literal,
    "number": number_literal,
}


def _statements(type_: NodeType | EdgeType, table: pa.Table) -> Iterator[str]:
    merge = _merge(type_, table)
    for batch in batches(table):
        rows = _rows(type_, batch).to_pylist()
        for first in range(0, len(rows), _ROWS):
            # A command of cypher-shell ends with its line.
            listed = ", ".join(rows[first : first + _ROWS])
            yield f":param {{rows: [{listed}]}}\nUNWIND $rows AS row\n{merge};\n"


def _merge(type_: NodeType | EdgeType, table: pa.Table) -> str:
    """What is done with a row, which holds the key, or the keys of the ends, and properties."""
    names = [field.name for field in properties(type_, table)]
    if isinstance(type_, EdgeType):
        start, end = _node(type_.start, "from"), _node(type_.end, "to")
        found = f"MATCH (a{start})\nMATCH (b{end})\nMERGE (a)-[x:{quote(type_.name)}]->(b)"
        sets = []
    else:
        found = f"MERGE (x{_node(type_.name, type_.key)})"
        sets = [f"x:{quote(type_.name)}"]
        names.remove(type_.key)
    sets += [f"x.{quote(name)} = row.{quote(name)}" for name in names]
    return f"{found}\nSET {', '.join(sets)}" if sets else found


def _node(type_name: str, member: str) -> str:
    """The node that a member of the row names by its key."""
    return (
        f":{quote(own_label(type_name))} {{{quote(node_type(type_name).key)}: row.{quote(member)}}}"
    )


def _rows(type_: NodeType | EdgeType, batch: pa.RecordBatch) -> pa.Array:
    """The rows as map literals, without what is null; the first member is never null."""
    first, *others = batch.schema
    start = glue(f"{{{quote(first.name)}: ", _literals(batch[first.name]))
    members = [glue(f", {quote(f.name)}: ", _literals(batch[f.name])) for f in others]
    return glue_present(start, *members, "}")


def _literals(column: pa.Array) -> pa.Array:
    if pa.types.is_list(column.type):
        literal = _LITERALS[property_type(column.type.value_type)]
        return glue("[", on_items(column, literal, ", "), "]")
    return on_distinct(column, _LITERALS[property_type(column.type)])
