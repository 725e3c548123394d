"""A lake in a bucket: its files as objects, and a list that is replaced on a condition.

A bucket has no locks and no renames. So two may write at a time, and the list of who is second is
refused by the server, since another one is there than that with which it began.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from graphcache.errors import LakeError
from graphcache.lake.listing import PartFile
from graphcache.lake.places import FOLDERS, LEFT, Place
from graphcache.remote.buckets import Bucket, BucketError, bucket_and_key
from graphcache.remote.locations import NotFetched, shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CLOCKS = timedelta(minutes=1)
"""By so much the clocks of a server's machines may differ."""
_FIRST = 2**20
"""Bytes that come by the request that opens an object: all of it, mostly."""
_NO_ETAG = '"00000000000000000000000000000000"'
_UNCHANGED = "what was there is unchanged"


@dataclass(frozen=True)
class BucketPlace(Place):
    """A prefix of a bucket."""

    bucket: Bucket

    @classmethod
    def at(cls, address: str) -> BucketPlace:
        """The place of an address.

        Raises:
            LakeError: it is none, or botocore is not installed.
        """
        try:
            name, key = bucket_and_key(address)
            bucket = Bucket(name)
        except NotFetched as problem:
            raise LakeError(f"{shown(address)}: {problem}") from None
        return cls(key, shown(address).rstrip("/"), False, address, bucket)

    def path(self, name: str) -> str:
        """The key of a file."""
        return f"{self.root}/{name}" if self.root else name

    def read_version(self, name: str) -> tuple[bytes, str]:
        """An object, and its ETag."""
        with self._errors("can't be read", name):
            return self.bucket.read(self.path(name))

    def open(self, name: str) -> Any:
        """An object, opened for pyarrow."""
        first, size = self.bucket.read_from(self.path(name), 0, _FIRST)
        return pa.PythonFile(_Object(self.bucket, self.path(name), size, first), mode="r")

    def dataset(self, schema: pa.Schema, files: list[PartFile]) -> ds.Dataset:
        """The rows of some files, which are read when they are asked for."""
        kind = ds.ParquetFileFormat()
        objects = (_Object(self.bucket, self.path(file.path), file.bytes) for file in files)
        parts = [kind.make_fragment(pa.PythonFile(one, mode="r")) for one in objects]
        return ds.FileSystemDataset(parts, schema, kind)

    def write(self, name: str, data: Any) -> None:
        """Write an object under a name that nothing had."""
        with self._errors("can't be written"):
            self.bucket.write(self.path(name), memoryview(data).tobytes())

    def replace(self, name: str, data: bytes, version: str | None) -> str | None:
        """Put an object in the place of that of an ETag, if it is still there."""
        with self._errors("can't be written"):
            return self.bucket.write_if(self.path(name), data, version)

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error."""
        with self._errors("can't be removed"):
            self.bucket.remove(map(self.path, names))

    def files(self, folders: Iterable[str]) -> dict[str, int]:
        """All objects below some folders, with their bytes."""
        with self._errors("can't be read"):
            return {
                self._name(one.key): one.bytes
                for folder in folders
                for one in self.bucket.objects(f"{self.path(folder)}/")
            }

    def sizes(self, names: list[str]) -> list[int | None]:
        """The bytes of some objects: a listing tells those of a thousand."""
        found = self.files(sorted({"/".join(name.split("/")[:2]) for name in names}))
        return [found.get(name) for name in names]

    def left(self, since: str, ids: Iterable[str]) -> set[str]:
        """Files of ours that are older than another one, or whose names begin with an id."""
        ours = tuple(ids)
        with self._errors("can't be read"):
            lists = self.bucket.objects(self.path(since))
            written = next((one.modified for one in lists if one.key == self.path(since)), None)
            found = [
                one
                for folder in FOLDERS
                for one in self.bucket.objects(f"{self.path(folder)}/")
                if (written and one.modified < written - _CLOCKS)
                or one.key.rpartition("/")[2].startswith(ours)
            ]
        return set(filter(LEFT.fullmatch, (self._name(one.key) for one in found)))

    def is_empty(self) -> bool:
        """Whether no object is there but what was left before there was a list."""
        with self._errors("can't be read"):
            prefix = self.path("")
            folders, keys = self.bucket.folder(prefix)
            ours = {f"{prefix}{folder}/" for folder in FOLDERS}
            if keys or not ours.issuperset(folders):
                return False
        return all(map(LEFT.fullmatch, self.files(FOLDERS)))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See that the bucket can be written, and on a condition, which is all that it needs.

        Raises:
            LakeError: it can't.
        """
        probe = f"work/{uuid.uuid4().hex[:16]}"
        first = self.replace(probe, b"first", None)
        others = [self.replace(probe, b"other", version) for version in (None, _NO_ETAG)]
        self.remove([probe])
        if first is None or any(others):
            raise LakeError(
                f"{self.shown}: its server writes over an object also where it is told to write on "
                f"a condition (If-None-Match, If-Match): then what one of two wrote who write at a "
                f"time would be lost; expected a server that knows them, or a folder; {_UNCHANGED}"
            )
        yield

    def _name(self, key: str) -> str:
        return key.removeprefix(self.path(""))

    @contextmanager
    def _errors(self, what: str, name: str = "") -> Iterator[None]:
        try:
            yield
        except BucketError as error:
            more = f"; {_UNCHANGED}" if what == "can't be written" else ""
            place = f"{self.shown}/{name}" if name else self.shown
            raise LakeError(f"{place}: {what}: {error}{more}") from None


class _Object(io.RawIOBase):
    """An object, of which any part can be read."""

    def __init__(self, bucket: Bucket, key: str, size: int, first: bytes = b"") -> None:
        """Take its bytes, and those of them that came already."""
        self._bucket, self._key = bucket, key
        self._size, self._first = size, first
        self._at = 0

    def readable(self) -> bool:
        """It is read."""
        return True

    def seekable(self) -> bool:
        """Any part of it."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place in it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """The place that is read next."""
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes from there, or all."""
        left = max(self._size - self._at, 0)
        length = left if size is None or size < 0 else min(size, left)
        start, self._at = self._at, self._at + length
        if self._at <= len(self._first):
            return self._first[start : self._at]
        data, _ = self._bucket.read_from(self._key, start, length)
        if len(data) != length:
            raise BucketError("it has changed while it was read")
        return data

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The same, to where it is wanted."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
