"""Parquet: a folder with one file per node and edge type, which holds its Arrow table."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from graphcache.exports.texts import tables_by_type
from graphcache.schema import all_types
from graphcache.tables import Tables

FILES = frozenset(f"{type_.name}.parquet" for type_ in all_types())
"""The names of the files."""


def write(tables: Tables, path: Path) -> None:
    """Write the folder, with the content of each file compressed by Zstandard.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(Tables.empty(), Path(folder))
    ...     pq.read_table(f"{folder}/FOR_TARGET.parquet").column_names
    ['from', 'to']
    """
    path.mkdir(exist_ok=True)
    for type_, table in tables_by_type(tables):
        pq.write_table(table, path / f"{type_.name}.parquet", compression="zstd")
