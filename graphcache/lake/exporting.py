"""The tables of a lake for Neo4j: packed parts of bounded size, which `neo4j-admin` imports."""

from __future__ import annotations

import gzip
import os
import re
from collections import Counter
from pathlib import Path
from typing import IO, cast

from graphcache.exports import write_folder
from graphcache.exports.csv import COMMAND_FILE, header_line, write_command, write_rows
from graphcache.exports.texts import refuse_null_items_in
from graphcache.lake.lake import Lake
from graphcache.lake.places import read_part
from graphcache.schema import all_types
from graphcache.tables.columns import arrow_schema, conform

_NAMES = "|".join(type_.name for type_ in all_types())
_OURS = re.compile(rf"(?:{_NAMES})(?:-header\.csv|-[0-9]+\.csv\.gz)|{re.escape(COMMAND_FILE)}")
_IMPORTED = "{type}-header.csv,{type}-[0-9]+[.]csv[.]gz"
"""How the import is told the files of a type: its header, and a pattern for its parts."""
_LEVEL = 1
"""How hard gzip tries: more takes several times as long for a tenth less."""


def export_neo4j(lake: str | os.PathLike[str], out: str | os.PathLike[str]) -> Counter[str]:
    """Write the tables to a folder for `neo4j-admin database import full`; their rows by type.

    A part of a table is in memory at a time. `import.txt` in the folder holds the command. It takes
    the place of an earlier export there when it is whole.

    Raises:
        LakeError: there is no lake, it has no tables or older ones than its facts, or a file of it
            is lost or damaged.
        ExportError: the folder can't be written, or holds something else.

    >>> from tempfile import TemporaryDirectory
    >>> from graphcache.lake.adding import add
    >>> from graphcache.lake.joining import join_lake
    >>> with TemporaryDirectory() as folder:
    ...     _ = add(f"{folder}/lake", "examples/pages"), join_lake(f"{folder}/lake")
    ...     rows = export_neo4j(f"{folder}/lake", f"{folder}/out")
    ...     rows["Spec"], len(os.listdir(f"{folder}/out"))
    (216, 29)
    """
    opened = Lake.open(lake)
    files = opened.tables().tables
    rows: Counter[str] = Counter()

    def write(folder: Path) -> None:
        folder.mkdir()
        for type_ in all_types():
            header = folder / f"{type_.name}-header.csv"
            header.write_bytes(header_line(type_, arrow_schema(type_)))
            for number, file in enumerate(files[type_.name]):
                table = conform(read_part(opened.place, file), type_)
                refuse_null_items_in(type_, table)
                part = folder / f"{type_.name}-{number:05d}.csv.gz"
                with gzip.open(part, "wb", compresslevel=_LEVEL) as packed:
                    write_rows(type_, table, cast(IO[bytes], packed))
                rows[type_.name] += table.num_rows
        write_command(folder, _IMPORTED)

    write_folder(out, write, "neo4j", _is_ours)
    return rows


def _is_ours(name: str) -> bool:
    return _OURS.fullmatch(name) is not None
