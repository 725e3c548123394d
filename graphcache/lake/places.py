"""Where a lake lies: a folder here, which `bucket_places.py` makes a bucket look like."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from graphcache.errors import LakeError
from graphcache.files import put_in_place, sync
from graphcache.lake.listing import LIST, PartFile
from graphcache.remote.buckets import BucketError

_LOCK = ".graphcache-lake.lock"
_NEW = ".new"
_HERE = pafs.LocalFileSystem()
FOLDERS = ("facts", "tables", "work")
"""In which a writer's files are, or may have been left by an older one."""
LEFT = re.compile(
    r"(?:facts|tables)/[^/]+/(?:[^/]+/)?[0-9a-f]{16}[0-9-]*\.parquet|work/[0-9a-f]{16}(?:/.+)?"
)
"""The names of files that a process leaves which ends before there is a list."""


@dataclass(frozen=True)
class Place:
    """A folder of files, here or elsewhere; paths in it are relative and have `/`."""

    root: str
    shown: str
    """What messages call it."""
    is_local: bool
    address: str
    """What `place_at` makes this place of, also in another process or on another machine."""

    def path(self, name: str) -> str:
        """The whole path of a file, as engines take it."""
        return f"{self.root}/{name}"

    def read(self, name: str) -> bytes:
        """A whole file.

        Raises:
            FileNotFoundError: there is none.
            LakeError: it can't be read.
        """
        return self.read_version(name)[0]

    def read_version(self, name: str) -> tuple[bytes, str]:
        """A whole file, and by what another content of it is known.

        Raises:
            FileNotFoundError: there is none.
            LakeError: it can't be read.
        """
        try:
            with self.open(name) as file:
                data = bytes(file.read())
        except FileNotFoundError:
            raise
        except OSError as error:
            raise LakeError(f"{self.shown}/{name}: can't be read: {said(error)}") from None
        return data, sha256(data).hexdigest()

    def open(self, name: str) -> Any:
        """A file, opened for pyarrow.

        Raises:
            OSError: there is none, or it can't be read.
        """
        return _HERE.open_input_file(self.path(name))

    def write(self, name: str, data: Any) -> None:
        """Write a file under a name that nothing had, so that nobody reads it before it is listed.

        Raises:
            LakeError: it can't be written.
        """
        path = self.path(name)
        try:
            _HERE.create_dir(os.path.dirname(path), recursive=True)
            with _HERE.open_output_stream(path) as file:
                file.write(data)
            sync(Path(path))
        except OSError as error:
            raise LakeError(
                f"{self.shown}: can't be written: {said(error)}; what was there is unchanged"
            ) from None

    def replace(self, name: str, data: bytes, version: str | None) -> str | None:
        """Put a file in the place of that of a version, in one step; of None, where none is.

        Returns:
            The version that it is; None if another one is there, and nothing was done.

        Raises:
            LakeError: it can't be written; the old one is there.
        """
        try:
            now: str | None = self.read_version(name)[1]
        except FileNotFoundError:
            now = None
        if now != version:
            return None
        self.write(name + _NEW, data)
        try:
            put_in_place(Path(self.path(name + _NEW)), Path(self.path(name)))
        except OSError as error:
            raise LakeError(f"{self.shown}: can't be written: {said(error)}") from None
        return sha256(data).hexdigest()

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that they leave empty; what is gone already is no error."""
        for name in names:
            try:
                _HERE.delete_file(self.path(name))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise LakeError(f"{self.shown}/{name}: can't be removed: {said(error)}") from None
            self._remove_empty(Path(self.path(name)).parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != Path(self.root) and not os.listdir(folder):
            folder.rmdir()
            folder = folder.parent

    def files(self, folders: Iterable[str]) -> dict[str, int]:
        """All files below some folders, with their bytes.

        Raises:
            LakeError: a folder can't be read.
        """
        found = {}
        for folder in folders:
            chosen = pafs.FileSelector(self.path(folder), recursive=True, allow_not_found=True)
            try:
                infos = _HERE.get_file_info(chosen)
            except OSError as error:
                raise LakeError(f"{self.shown}/{folder}: can't be read: {said(error)}") from None
            for one in infos:
                if one.type == pafs.FileType.File:
                    found[one.path.removeprefix(f"{self.root}/")] = one.size
        return found

    def sizes(self, names: list[str]) -> list[int | None]:
        """The bytes of some files; None of what is not there.

        Raises:
            LakeError: that can't be found out.
        """
        found = _HERE.get_file_info([self.path(name) for name in names]) if names else []
        return [one.size if one.type == pafs.FileType.File else None for one in found]

    def left(self, since: str, ids: Iterable[str]) -> set[str]:
        """Files that nobody is writing now but who has these ids; see `Lake.remove_unlisted`.

        Here they are all files, since who has no lock writes none.
        """
        del since, ids
        return set(self.files(FOLDERS))

    def is_empty(self) -> bool:
        """Whether nothing is there but what was left before there was a list.

        Raises:
            LakeError: a file is there, or it can't be read.
        """
        info = _HERE.get_file_info(self.root)
        if info.type == pafs.FileType.File:
            raise LakeError(f"{self.shown}: expected a folder, found a file: give another path")
        chosen = pafs.FileSelector(self.root, allow_not_found=True)
        names = {one.base_name for one in _HERE.get_file_info(chosen)}
        ours = {_LOCK, LIST + _NEW, *FOLDERS}
        return names <= ours and all(map(LEFT.fullmatch, self.files(FOLDERS)))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers away.

        Raises:
            LakeError: another process is writing, or nothing can be written.
        """
        try:
            os.makedirs(self.root, exist_ok=True)
            lock = filelock.FileLock(self.path(_LOCK), timeout=0)
            lock.acquire()
        except filelock.Timeout:
            raise LakeError(
                f"{self.shown}: another graphcache is writing it: wait until it has ended, then "
                f"try again"
            ) from None
        except OSError as error:
            raise LakeError(f"{self.shown}: can't be written: {said(error)}") from None
        try:
            yield
        finally:
            lock.release()


def write_part(place: Place, name: str, table: pa.Table) -> PartFile:
    """Write a table as one Parquet file, with its SHA-256, by which damage is found.

    Raises:
        LakeError: it can't be written.
    """
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    data = buffer.getvalue()
    place.write(name, data)
    digest = sha256(memoryview(data)).hexdigest()
    return PartFile(name, table.num_rows, data.size, digest)


def read_part(place: Place, part: PartFile, columns: list[str] | None = None) -> pa.Table:
    """What `write_part` has written, or some columns of it.

    Raises:
        LakeError: it is lost or damaged.
    """
    with errors_of(place, part) as file:
        return _parquet(place, file).read(columns, use_threads=False)


def read_batches(place: Place, part: PartFile, column: str) -> Iterator[Any]:
    """The chunks of one column, a row group at a time.

    Raises:
        LakeError: it is lost or damaged.
    """
    with errors_of(place, part) as file:
        parquet = _parquet(place, file)
        for group in range(parquet.num_row_groups):
            yield from parquet.read_row_group(group, [column], use_threads=False)[column].chunks


def _parquet(place: Place, file: Any) -> Any:
    # From elsewhere, all columns of a row group are had by few requests.
    return pq.ParquetFile(file, pre_buffer=not place.is_local)


def check_sizes(place: Place, files: list[PartFile]) -> None:
    """See that files are there, with the bytes that they were written with.

    Raises:
        LakeError: one is not.
    """
    found = place.sizes([file.path for file in files])
    for file, size in zip(files, found, strict=True):
        if size is None:
            raise damaged(place, file, "it is not there")
        if size != file.bytes:
            raise damaged(place, file, f"expected {file.bytes:,} bytes, found {size:,}")


@contextmanager
def errors_of(place: Place, part: PartFile) -> Iterator[Any]:
    """The file of a part, opened; what goes wrong with it, in our words."""
    try:
        with place.open(part.path) as file:
            if file.size() != part.bytes:
                found = f"expected {part.bytes:,} bytes, found {file.size():,}"
                raise damaged(place, part, found)
            yield file
    except FileNotFoundError:
        raise damaged(place, part, "it is not there") from None
    except BucketError as error:
        raise LakeError(f"{place.shown}/{part.path}: can't be read: {error}") from None
    except (pa.ArrowException, OSError, KeyError) as error:
        raise damaged(place, part, said(error)) from None


def damaged(place: Place, part: PartFile, why: str) -> LakeError:
    """The error that a file is not as it was written, and how it is made again."""
    kind, *_ = part.path.split("/")
    again = "'graphcache lake join --all' makes the tables again"
    if kind == "facts":
        again = "'graphcache lake add' of its release makes it again"
    return LakeError(f"{place.shown}/{part.path}: lost or damaged: {why}; {again}")


def said(error: Exception) -> str:
    """The first line of what an error says: Arrow's have the place in its source behind."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
