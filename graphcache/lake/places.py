"""Where a lake lies: a folder here, or one that pyarrow reaches, such as a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from graphcache.errors import LakeError
from graphcache.files import put_in_place, sync
from graphcache.lake.listing import PartFile
from graphcache.remote.locations import is_url, local_path, shown

_LOCK = ".graphcache-lake.lock"
_NEW = ".new"


@dataclass(frozen=True)
class Place:
    """A folder of files, here or elsewhere; paths in it are relative and have `/`."""

    fs: Any
    root: str
    shown: str
    """What messages call it."""
    is_local: bool
    address: str
    """What `of` makes this place of, also in another process or on another machine."""

    @classmethod
    def of(cls, lake: str | os.PathLike[str]) -> Place:
        """The place of a path or address, be it there or not.

        Raises:
            LakeError: nothing reads addresses of that kind.

        >>> Place.of("history").is_local
        True
        """
        given = os.fspath(lake)
        path = local_path(given) if is_url(given) else given
        if path is not None:
            root = os.path.abspath(path)
            return cls(pafs.LocalFileSystem(), root, shown(given), True, root)
        try:
            fs, root = pafs.FileSystem.from_uri(given)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise LakeError(f"{shown(given)}: {_said(error)}") from None
        return cls(fs, root.rstrip("/"), shown(given), False, given)

    def path(self, name: str) -> str:
        """The whole path of a file, as engines take it."""
        return f"{self.root}/{name}"

    def spark_path(self, name: str) -> str:
        """The whole path of a file or folder, as Spark takes it."""
        path, address = self.path(name), urlsplit(self.address)
        if self.is_local:
            return f"file://{path}"
        if address.scheme == "s3":  # whose root begins with the bucket
            return f"s3a://{path}"
        return f"{address.scheme}://{address.netloc}{path}"

    def read(self, name: str) -> bytes:
        """A whole file.

        Raises:
            FileNotFoundError: there is none.
            LakeError: it can't be read.
        """
        try:
            with self.fs.open_input_stream(self.path(name)) as file:
                return bytes(file.read())
        except FileNotFoundError:
            raise
        except OSError as error:
            raise LakeError(f"{self.shown}/{name}: can't be read: {_said(error)}") from None

    def write(self, name: str, data: Any) -> None:
        """Write a file under a name that nothing had, so that nobody reads it before it is listed.

        Raises:
            LakeError: it can't be written.
        """
        path = self.path(name)
        try:
            self.fs.create_dir(os.path.dirname(path), recursive=True)
            with self.fs.open_output_stream(path) as file:
                file.write(data)
            if self.is_local:
                sync(Path(path))
        except OSError as error:
            raise LakeError(
                f"{self.shown}: can't be written: {_said(error)}; what was there is unchanged"
            ) from None

    def replace(self, name: str, data: bytes) -> None:
        """Put a file in the place of an old one, in one step.

        Raises:
            LakeError: it can't be written; the old one is there.
        """
        if not self.is_local:
            self.write(name, data)
            return
        self.write(name + _NEW, data)
        try:
            put_in_place(Path(self.path(name + _NEW)), Path(self.path(name)))
        except OSError as error:
            raise LakeError(f"{self.shown}: can't be written: {_said(error)}") from None

    def remove(self, names: Iterable[str]) -> None:
        """Remove files, and the folders that they leave empty; what is gone already is no error."""
        for name in names:
            try:
                self.fs.delete_file(self.path(name))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise LakeError(f"{self.shown}/{name}: can't be removed: {_said(error)}") from None
            if self.is_local:
                self._remove_empty(Path(self.path(name)).parent)

    def _remove_empty(self, folder: Path) -> None:
        while folder != Path(self.root) and not os.listdir(folder):
            folder.rmdir()
            folder = folder.parent

    def remove_folder(self, name: str) -> None:
        """Remove a folder with all that is in it, if it is there, and what it leaves empty."""
        with suppress(FileNotFoundError):
            self.fs.delete_dir(self.path(name))
            if self.is_local:
                self._remove_empty(Path(self.path(name)).parent)

    def files(self, folders: Iterable[str]) -> set[str]:
        """The names of all files below some folders.

        Raises:
            LakeError: a folder can't be read.
        """
        found = set()
        for folder in folders:
            chosen = pafs.FileSelector(self.path(folder), recursive=True, allow_not_found=True)
            try:
                infos = self.fs.get_file_info(chosen)
            except OSError as error:
                raise LakeError(f"{self.shown}/{folder}: can't be read: {_said(error)}") from None
            for one in infos:
                if one.type == pafs.FileType.File:
                    found.add(one.path.removeprefix(f"{self.root}/"))
        return found

    def is_empty(self) -> bool:
        """Whether nothing is there, or an empty folder.

        Raises:
            LakeError: a file is there.
        """
        info = self.fs.get_file_info(self.root)
        if info.type == pafs.FileType.File:
            raise LakeError(f"{self.shown}: expected a folder, found a file: give another path")
        chosen = pafs.FileSelector(self.root, allow_not_found=True)
        names = {one.base_name for one in self.fs.get_file_info(chosen)}
        return not names - {_LOCK}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other writers away. Of a bucket nothing does: see `Lake.commit`.

        Raises:
            LakeError: another process is writing, or nothing can be written.
        """
        if not self.is_local:
            yield
            return
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
            raise LakeError(f"{self.shown}: can't be written: {_said(error)}") from None
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
        return pq.ParquetFile(file).read(columns, use_threads=False)


def read_batches(place: Place, part: PartFile, column: str) -> Iterator[Any]:
    """The chunks of one column, a row group at a time.

    Raises:
        LakeError: it is lost or damaged.
    """
    with errors_of(place, part) as file:
        parquet = pq.ParquetFile(file)
        for group in range(parquet.num_row_groups):
            yield from parquet.read_row_group(group, [column], use_threads=False)[column].chunks


def check_sizes(place: Place, files: list[PartFile]) -> None:
    """See that files are there, with the bytes that they were written with.

    Raises:
        LakeError: one is not.
    """
    found = place.fs.get_file_info([place.path(file.path) for file in files]) if files else []
    for file, info in zip(files, found, strict=True):
        if info.type != pafs.FileType.File:
            raise damaged(place, file, "it is not there")
        if info.size != file.bytes:
            raise damaged(place, file, f"expected {file.bytes:,} bytes, found {info.size:,}")


@contextmanager
def errors_of(place: Place, part: PartFile) -> Iterator[Any]:
    """The file of a part, opened; what goes wrong with it, in our words."""
    try:
        with place.fs.open_input_file(place.path(part.path)) as file:
            if file.size() != part.bytes:
                found = f"expected {part.bytes:,} bytes, found {file.size():,}"
                raise damaged(place, part, found)
            yield file
    except FileNotFoundError:
        raise damaged(place, part, "it is not there") from None
    except (pa.ArrowException, OSError, KeyError) as error:
        raise damaged(place, part, _said(error)) from None


def damaged(place: Place, part: PartFile, why: str) -> LakeError:
    """The error that a file is not as it was written, and how it is made again."""
    kind, *_ = part.path.split("/")
    again = "'graphcache lake join --all' makes the tables again"
    if kind == "facts":
        again = "'graphcache lake add' of its release makes it again"
    return LakeError(f"{place.shown}/{part.path}: lost or damaged: {why}; {again}")


def _said(error: Exception) -> str:
    """The first line of what an error says: Arrow's have the place in its source behind."""
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
