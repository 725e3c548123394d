"""Exports: the graph in forms that other tools read, one module per format.

A format's module has `write(tables, path)`; one that writes a folder names its files in `FILES`.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from os import PathLike, fspath
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from graphcache.errors import ExportError, UsageError
from graphcache.files import clean_up, exchange, put_in_place, sync

if TYPE_CHECKING:
    from graphcache.tables import Tables

__all__ = ["FORMATS", "export"]

_STAGING = ".graphcache-export-"
_LOCK = "lock"

FORMATS: dict[str, str] = {
    "graphml": "one GraphML file, for Gephi, yEd and networkx",
    "csv": "a folder of CSV files, for neo4j-admin database import",
    "parquet": "a folder of Parquet files, for polars, pandas, DuckDB, Spark",
    "json": "one JSON file in node-link form, for networkx and d3",
    "cypher": "one Cypher script, for cypher-shell",
}
"""Every format, with what it writes and for which tools."""


def export(tables: Tables, format: str, out: str | PathLike[str]) -> None:
    """Write the graph in one of `FORMATS` to a file, or to a folder if the format is of several.

    It is written beside `out`, and takes the place of an earlier export there when it is whole: a
    failed or killed export leaves the earlier one, or nothing. `-` is standard output, for a
    format of one file.

    Raises:
        UsageError: there is no such format, or it can't go to standard output.
        ExportError: it can't be written there, or the format can't hold the graph.

    >>> from graphcache.tables import Tables
    >>> with TemporaryDirectory() as folder:
    ...     export(Tables.empty(), "json", f"{folder}/graph.json")
    ...     os.listdir(folder)
    ['graph.json']
    """
    if format not in FORMATS:
        raise UsageError(f"there is no format {format!r}: expected one of {', '.join(FORMATS)}")
    module = import_module(f"graphcache.exports.{format}")
    files: frozenset[str] | None = getattr(module, "FILES", None)
    if files is None:
        write_file(out, partial(module.write, tables))
        return
    if fspath(out) == "-":
        raise UsageError(f"{format} writes a folder: expected its path, found - (one stream)")
    write_folder(out, partial(module.write, tables), format, files.__contains__)


def write_folder(
    out: str | PathLike[str],
    write: Callable[[Path], object],
    format: str,
    is_of_it: Callable[[str], bool],
) -> None:
    """Have a folder written beside `out`, and put it there when it is whole.

    It takes the place of an earlier one of the format, whose files all have names of which
    `is_of_it` says so. A failed or killed write leaves that, or nothing.

    Raises:
        ExportError: it can't be written there, or something else is there.
    """
    _put_when_whole(out, write, partial(_check_folder, format=format, is_of_it=is_of_it))


def write_file(out: str | PathLike[str], write: Callable[[Path], object]) -> None:
    """Have a file written beside `out`, and put it there when it is whole.

    A failed or killed write leaves the file that was there, or none. `-` is standard output.

    Raises:
        ExportError: it can't be written there.

    >>> with TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a", lambda path: path.touch())
    ...     os.listdir(folder)
    ['a']
    """
    if fspath(out) == "-":
        _to_standard_output(write)
    else:
        _put_when_whole(out, write, _check_file)


def _put_when_whole(
    out: str | PathLike[str], write: Callable[[Path], object], check: Callable[[Path], None]
) -> None:
    # A link stays a link: what it leads to is replaced.
    target = Path(os.path.realpath(out))
    with _errors_of(target):
        _check_parent(target)
        check(target)
    with _errors_of(target), _folder_beside(target) as staging:
        write(staging / "new")
        _put(staging / "new", target, staging / "old")


def _to_standard_output(write: Callable[[Path], object]) -> None:
    """By way of a file, so that of an export that fails nothing is written."""
    with _errors_of("standard output"), TemporaryDirectory(prefix="graphcache-") as folder:
        path = Path(folder) / "export"
        write(path)
        with path.open("rb") as file:
            sys.stdout.flush()
            shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def _check_parent(target: Path) -> None:
    folder = target.parent
    if not folder.exists():
        raise ExportError(f"{target}: there is no folder {folder}: make it, or give another path")
    if not folder.is_dir():
        raise ExportError(f"{target}: expected a folder {folder}, found a file: give another path")


def _check_file(target: Path) -> None:
    if target.is_dir():
        raise ExportError(
            f"{target}: expected a file to write, found a folder: give a path in it, "
            f"such as {target / 'graph'}"
        )
    if target.exists() and not target.is_file():
        raise ExportError(
            f"{target}: expected a file to write, found a device or pipe: "
            f"write to standard output by - and redirect it"
        )


def _check_folder(target: Path, format: str, is_of_it: Callable[[str], bool]) -> None:
    """Refuse a folder that holds anything but what an earlier export has written."""
    if not target.exists():
        return
    if not target.is_dir():
        raise ExportError(f"{target}: expected a folder, found a file: give another path")
    if Path.cwd().is_relative_to(target):
        raise ExportError(
            f"{target}: is the current folder, or holds it, and would be replaced: "
            f"give a path in it, such as {target / format}"
        )
    others = sorted(e.name for e in os.scandir(target) if not is_of_it(e.name) or e.is_dir())
    if others:
        raise ExportError(
            f"{target}: expected a new or empty folder or an earlier {format} export, found one "
            f"that holds {others[0]!r} too: give another path"
        )


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """A folder on the target's file system, so that a rename puts what was written in its place."""
    for left in target.parent.glob(f"{_STAGING}*"):
        _remove_if_left(left)
    folder = Path(mkdtemp(prefix=_STAGING, dir=target.parent))
    try:
        with FileLock(folder / _LOCK):
            yield folder
    finally:
        clean_up(partial(shutil.rmtree, folder, ignore_errors=True))


def _remove_if_left(folder: Path) -> None:
    """Remove what a killed export left: such a folder has a lock that nobody holds.

    One that has an export of before may be the only one that has it, and stays.
    """
    lock = folder / _LOCK
    with suppress(OSError, Timeout):
        if lock.is_file() and not (folder / "old").exists():
            with FileLock(lock, timeout=0):
                shutil.rmtree(folder)


def _put(new: Path, target: Path, old: Path) -> None:
    """Put new in the place of target in one step.

    A folder can't be renamed onto one. Where two can't change names in one step either, the one
    that is there is moved to old before; who is killed between leaves it there.
    """
    for file in new.iterdir() if new.is_dir() else ():
        sync(file)
    if not target.is_dir():
        put_in_place(new, target)
        return
    sync(new)
    if not exchange(new, target):
        os.rename(target, old)
        try:
            os.rename(new, target)
        except BaseException:
            os.rename(old, target)
            raise
    sync(target.parent)


@contextmanager
def _errors_of(place: Path | str) -> Iterator[None]:
    """The operating system's errors in our words."""
    try:
        yield
    except BrokenPipeError:
        raise  # who reads standard output has enough: no failure of ours
    except PermissionError as error:
        raise ExportError(f"{place}: no permission to write there: give another path") from error
    except OSError as error:
        raise ExportError(f"{place}: can't be written: {error.strerror or error}") from error
