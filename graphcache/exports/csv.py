"""CSV in the form of `neo4j-admin database import full`: a folder with one file per type.

The name before the colon of a header's `hash:ID(Spec)` is the property that Neo4j keeps the key in.
Nodes get the label that `graphcache push` gives them too, so that a push can follow an import.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from graphcache.errors import ExportError
from graphcache.exports.texts import (
    batches,
    number_text,
    on_distinct,
    on_items,
    refuse_names,
    refuse_null_items,
    tables_by_type,
)
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, all_types
from graphcache.stores.neo4j.constraints import own_label
from graphcache.tables import Tables
from graphcache.tables.columns import SEPARATOR, property_type

COMMAND_FILE = "import.txt"
"""The file that holds the command to import the others."""
FILES = frozenset({COMMAND_FILE, *(f"{type_.name}.csv" for type_ in all_types())})
"""The names of the files."""

_SUFFIXES = {
    "text": "",
    "integer": ":long",
    "boolean": ":boolean",
    "list of text": ":string[]",
    "number": ":double",
    "list of integers": ":long[]",
    "list of numbers": ":double[]",
}
_NOT_IN_NAMES = frozenset(":{(\r\n")


def write(tables: Tables, path: Path) -> None:
    r"""Write the folder.

    Raises:
        ExportError: a list holds null or the character that stands between its items, or a
            property has a name that Neo4j would misread in a header.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Tables.empty(), Path(folder))
    ...     (Path(folder) / "BUILT_WITH.csv").read_text()
    ':START_ID(Spec),:END_ID(Compiler),languages:string[],:TYPE\n'
    """
    refuse_names(tables, _is_misread, "Neo4j misreads it in a header")
    refuse_null_items(tables)
    path.mkdir(exist_ok=True)
    for type_, table in tables_by_type(tables):
        with (path / f"{type_.name}.csv").open("wb") as file:
            file.write(header_line(type_, table.schema))
            write_rows(type_, table, file)
    write_command(path)


def header_line(type_: NodeType | EdgeType, schema: pa.Schema) -> bytes:
    r"""The line that names the columns of a type.

    >>> from graphcache.schema import edge_type
    >>> header_line(edge_type("OF_PACKAGE"), Tables.empty().edges["OF_PACKAGE"].schema)
    b':START_ID(Spec),:END_ID(Package),:TYPE\n'
    """
    return (",".join(map(_quoted, _header(type_, schema))) + "\n").encode()


def write_rows(type_: NodeType | EdgeType, table: pa.Table, file: IO[bytes]) -> None:
    """Write the rows of a table, without a header.

    Raises:
        ExportError: a list holds the character that stands between its items.
    """
    options = pyarrow.csv.WriteOptions(include_header=False)
    header = _header(type_, table.schema)
    for batch in batches(table):
        columns = [_value(f"{type_.name}.{n}", batch[n]) for n in batch.schema.names]
        columns.append(pa.repeat(_labels(type_), batch.num_rows))
        # Texts in quotes, null as nothing at all: so "" is told from null.
        pyarrow.csv.write_csv(pa.table(columns, header), file, options)


def write_command(path: Path, files: str = "{type}.csv") -> None:
    """Write the command that imports the files of a folder, called so by their types."""
    text = import_command(files)
    (path / COMMAND_FILE).write_text(text, encoding="utf-8", newline="\n")


def import_command(files: str = "{type}.csv") -> str:
    r"""The command that imports the files, from their folder.

    >>> import_command().splitlines()[2]
    'neo4j-admin database import full neo4j \\'
    >>> import_command("{type}-[0-9]+").splitlines()[5].strip()
    "'--nodes=Package-[0-9]+' \\"
    """
    types: list[tuple[str, NodeType | EdgeType]] = [("nodes", type_) for type_ in NODE_TYPES]
    types += [("relationships", type_) for type_ in EDGE_TYPES]
    named = [shlex.quote(f"--{kind}={files.format(type=type_.name)}") for kind, type_ in types]
    options = [f"--array-delimiter=U+{ord(SEPARATOR):04X}", "--multiline-fields=true", *named]
    command = " \\\n    ".join(["neo4j-admin database import full neo4j", *options])
    return f"""\
# To be run in this folder, while the server is stopped, for a database `neo4j` that does not exist.
# sh {COMMAND_FILE} --overwrite-destination=true   puts the import in the place of one that does.
{command} "$@"
"""


def _is_misread(_: NodeType | EdgeType, name: str) -> bool:
    return not name or not _NOT_IN_NAMES.isdisjoint(name)


def _header(type_: NodeType | EdgeType, schema: pa.Schema) -> list[str]:
    """The names of the columns, with the types that Neo4j is to give them."""
    names = [f"{field.name}{_SUFFIXES[property_type(field.type)]}" for field in schema]
    if isinstance(type_, EdgeType):
        return [f":START_ID({type_.start})", f":END_ID({type_.end})", *names[2:], ":TYPE"]
    return [f"{type_.key}:ID({type_.name})", *names[1:], ":LABEL"]


def _labels(type_: NodeType | EdgeType) -> str:
    """The type of an edge, or both labels of a node: `Spec`, and the one of `own_label`."""
    if isinstance(type_, EdgeType):
        return type_.name
    return SEPARATOR.join((type_.name, own_label(type_.name)))


def _quoted(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if "," in field or '"' in field else field


def _value(place: str, column: pa.Array) -> pa.Array:
    """The column as CSV holds it: a list as one text, and numbers as Java reads them."""
    if pa.types.is_list(column.type):
        items = column.flatten()
        if pa.types.is_string(items.type):
            _refuse_separator(place, items)
        item = number_text if pa.types.is_floating(items.type) else str
        return on_items(column, item, SEPARATOR)
    if pa.types.is_floating(column.type):
        return on_distinct(column, number_text)
    return column


def _refuse_separator(place: str, items: pa.Array) -> None:
    if pc.any(pc.match_substring(items, SEPARATOR)).as_py():
        raise ExportError(
            f"{place}: expected lists of texts without U+{ord(SEPARATOR):04X}, which stands "
            f"between their items here, found it in one: take it out, or export to another format"
        )
