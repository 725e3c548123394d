"""Where bytes come from: files, folders, archives and standard input, each file bounded.

Nothing is ever unpacked to disk, so no name in an archive can lead out of a folder; names only
stand in messages.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, NamedTuple, cast

from graphcache.records import Report, one_line
from graphcache.remote.buckets import is_bucket
from graphcache.remote.locations import NotFetched, is_url, local_path, shown
from graphcache.sources import binaries, mirror
from graphcache.sources.addresses import Remote
from graphcache.sources.archives import (
    MAX_ARCHIVE,
    Packed,
    rejecting_damage,
    tar_members,
    zip_members,
)
from graphcache.sources.buckets import addresses_below
from graphcache.sources.documents import MAX_DOCUMENT, may_be_document
from graphcache.sources.folders import paths_below, reason
from graphcache.sources.frontmatter import has_front_matter
from graphcache.sources.mirror import Mirror
from graphcache.sources.names import Unreadable
from graphcache.sources.packed import is_packed, unpacking

MAX_FILE = 16 * 2**20
"""Bytes of one page; the largest real ones have 1 MB."""

_CHUNK = 2**20
_ZIP_BUFFER = 2**15
_ZIP, _TAR = (b"PK\x03\x04", b"PK\x05\x06"), b"ustar"


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file's content, and the name that messages call it by."""

    name: str
    data: bytes
    asked_for: bool
    """The user named this very file; otherwise it was found in a folder or an archive."""
    binary_size: int | None = None
    """For a spec file out of a mirror: bytes of the binary, as its manifest says."""
    mirror: Mirror | None = None
    """For a spec file out of a mirror in a folder: that mirror."""
    binaries: frozenset[str] | None = None
    """For the index of a mirror in a folder: the hashes of which that has a manifest; in version 2,
    a spec file."""
    described: frozenset[str] = frozenset()
    """For a page: the paths of spec files that it names, and that were read themselves."""


class Item(NamedTuple):
    """What is opened at one go: a file, an address, standard input, or a mirror in a folder."""

    path: str
    is_mirror: bool = False
    asked_for: bool = False
    """The user named it; otherwise it was found in a folder."""


def input_files(
    paths: list[str], report: Report, remote: Remote | None = None
) -> Iterator[InputFile]:
    """The content of every file under the paths, in the order of their names.

    `-` is standard input; a path may be an address (`https://…`). What can't be read is rejected in
    the report, what can't be a page by its size or kind is skipped there.
    """
    for item in input_items(paths, report):
        yield from open_item(item, report, remote)


def input_items(paths: list[str], report: Report, *, in_buckets: bool = False) -> Iterator[Item]:
    """What there is to be opened under the paths; what can't be is noted in the report.

    What an address leads to is seen when it is opened. With `in_buckets`, those of buckets are
    listed before, so that what is below one can be dealt out.
    """
    for given in paths:
        path = local_path(given) if is_url(given) else given
        if path is None:
            yield from _items_below(given, report) if in_buckets else [Item(given, asked_for=True)]
        elif path != "-" and os.path.isdir(path):
            for name, is_mirror in paths_below(path, report):
                yield Item(name, is_mirror)
        else:
            yield Item(path, asked_for=True)


def _items_below(address: str, report: Report) -> Iterator[Item]:
    if is_bucket(address):
        with suppress(NotFetched):
            # Whether a mirror is behind an address is found out of one that was asked for.
            found = addresses_below(address, report)
            yield from (Item(below, asked_for=is_mirror) for below, is_mirror in found)
            return
    yield Item(address, asked_for=True)


def open_item(item: Item, report: Report, remote: Remote | None = None) -> Iterator[InputFile]:
    """The content of every file of an item."""
    if item.is_mirror:
        yield from _open_mirror(item.path, report)
    elif is_url(item.path):  # which no path in a folder is
        yield from _open_remote(item, remote or Remote(MAX_DOCUMENT), report)
    elif item == Item("-", asked_for=True):
        yield from _spooled(sys.stdin.buffer, "standard input", report)
    else:
        yield from _open_file(item.path, report, asked_for=item.asked_for)


def _open_remote(item: Item, remote: Remote, report: Report) -> Iterator[InputFile]:
    url = item.path
    try:
        path = remote.file_of(url) if item.asked_for else remote.only_file_of(url)
    except NotFetched as problem:
        if item.asked_for and problem.missing and is_bucket(url):
            yield from _open_below(url, problem, remote, report)
        else:
            report.reject(shown(url), str(problem))
        return
    if beside := remote.beside(url):
        report.warn(f"{shown(url)}: {beside}")
    yield from _open_file(str(path), report, asked_for=item.asked_for, name=shown(url))


def _open_below(
    url: str, problem: NotFetched, remote: Remote, report: Report
) -> Iterator[InputFile]:
    """What lies in a bucket below an address at which is neither a mirror nor a file."""
    try:
        found = addresses_below(url, report)
    except NotFetched as more:
        report.reject(shown(url), f"{problem}; {more}")
        return
    for below, is_mirror in found:
        yield from _open_remote(Item(below, asked_for=is_mirror), remote, report)


def _open_mirror(root: str, report: Report) -> Iterator[InputFile]:
    """The index and the spec files of a mirror."""
    fetch = partial(_fetch, root)
    index = os.path.join(root, mirror.INDEX)
    folder = os.path.join(root, mirror.SPECS)
    has_specs = os.path.isdir(folder)  # or else its index alone was brought here
    found = (path for path, _ in paths_below(folder, report)) if has_specs else ()
    specs = filter(mirror.is_spec_manifest, found)
    manifests = {path: mirror.hash_of(path) for path in specs}
    read = Mirror()
    with _rejecting_in_mirror(index, report), suppress(FileNotFoundError):
        data, beside = mirror.read_index(fetch, MAX_DOCUMENT)
        if beside:
            report.warn(f"{index}: {beside}")
        binaries = frozenset(manifests.values()) if has_specs else None
        yield InputFile(one_line(index), data, False, binaries=binaries)
    for path in manifests:
        before = report.rejected
        with _rejecting_in_mirror(path, report):
            spec = mirror.read_spec(os.path.relpath(path, root), fetch, MAX_DOCUMENT)
            yield InputFile(one_line(path), spec.data, False, spec.binary_size, read)
        read.whole = read.whole and report.rejected == before


def _fetch(root: str, path: str, limit: int) -> bytes:
    with open(os.path.join(root, path), "rb") as file:
        return file.read(limit + 1)


@contextmanager
def _rejecting_in_mirror(path: str, report: Report) -> Iterator[None]:
    try:
        yield
    except (Unreadable, OSError, EOFError, ValueError, zlib.error) as error:
        why = str(error) if isinstance(error, Unreadable) else reason(error)
        report.reject(one_line(path), why)


def _open_file(
    path: str, report: Report, *, asked_for: bool, name: str = ""
) -> Iterator[InputFile]:
    name = name or one_line(path)
    try:
        with open(path, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):  # a pipe, such as a shell's <(command)
                yield from _spooled(file, name, report)
                return
            if status.st_size <= MAX_FILE:
                data = file.read()
                if not _is_archive(data):
                    binaries = mirror.specs_beside(path)
                    yield InputFile(name, data, asked_for, binaries=binaries)
                    return
            file.seek(0)
            yield from _open_content(file, name, status.st_size, report, asked_for=asked_for)
    except FileNotFoundError as error:
        report.reject(shown(path), reason(error))  # which may be a mistyped address
    except (OSError, ValueError) as error:  # the latter is a path with a null character
        report.reject(name, reason(error))


def _is_archive(head: bytes) -> bool:
    """Whether the content begins as an archive or a packed file does, and not as a page."""
    if has_front_matter(head) and b"\0" not in head:  # which a member of an archive may be named
        return False
    return is_packed(head) or head.startswith(_ZIP) or head[257:262] == _TAR


def _spooled(stream: IO[bytes], name: str, report: Report) -> Iterator[InputFile]:
    """Read a stream that can't seek by way of a temporary file."""
    with tempfile.TemporaryFile() as file:
        size = 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_ARCHIVE:
                why = f"expected at most {MAX_ARCHIVE:,} bytes"
                report.reject(name, why)
                return
            file.write(chunk)
        file.seek(0)
        yield from _open_content(file, name, size, report, asked_for=True)


def _open_content(
    file: IO[bytes], name: str, size: int, report: Report, *, asked_for: bool
) -> Iterator[InputFile]:
    head = file.read(512)
    file.seek(0)
    with rejecting_damage(name, report):
        if binaries.is_binary(name) and _is_archive(head):
            report.reject(name, f"{binaries.BINARY}: expected its spec file, or an index")
        elif head.startswith(_ZIP):
            yield from _zipped(file, name, report)
        elif _is_archive(head):
            yield from _packed(file, head, name, report, asked_for=asked_for)
        else:
            yield from _take(file, name, size, report, asked_for=asked_for)


def _zipped(file: IO[bytes], name: str, report: Report) -> Iterator[InputFile]:
    """A zip archive, of whose members many are small: these are not read one by one."""
    room = _Room()
    buffered = io.BufferedReader(cast(Any, file), _ZIP_BUFFER)
    try:
        for member in zip_members(cast(IO[bytes], buffered), name, report):
            with rejecting_damage(member.name, report):
                yield from _take_member(member, room, report)
    finally:
        buffered.detach()  # or else it closes the file


def _packed(
    file: IO[bytes], head: bytes, name: str, report: Report, *, asked_for: bool
) -> Iterator[InputFile]:
    """A tar archive, or a packed one, or one packed file."""
    if is_packed(head):
        unpacked = unpacking(file, head)
        if not _is_archive(unpacked.peek(512)):
            yield from _take(cast(IO[bytes], unpacked), name, 0, report, asked_for=asked_for)
            return
    room = _Room()
    for member in tar_members(file, head, name, report):
        yield from _take_member(member, room, report)


def _take_member(member: Packed, room: _Room, report: Report) -> Iterator[InputFile]:
    """A file of an archive, which may be packed itself; an archive in an archive is passed over."""
    whole = member.content.read() if member.size <= _CHUNK else None  # which nearly all are
    if whole is not None and not is_packed(whole):
        yield InputFile(member.name, whole, asked_for=False)
        return
    content = io.BufferedReader(cast(Any, member.content if whole is None else io.BytesIO(whole)))
    head = content.peek(512)[:512]
    if not is_packed(head):
        yield from _take(content, member.name, member.size, report)
        return
    with rejecting_damage(member.name, report):
        unpacked = unpacking(content, head)
        if _is_archive(unpacked.peek(512)):
            report.skip(member.name, "not Spack's")
        else:
            yield from _take(room.reading(unpacked), member.name, 0, report)


class _Room:
    """The bytes that packed files of one archive may have together, unpacked."""

    def __init__(self) -> None:
        self._left = MAX_ARCHIVE
        self._file: Any = None

    def reading(self, file: Any) -> IO[bytes]:
        """The file, of which no more can be read than there is room for."""
        self._file = file
        return cast(IO[bytes], self)

    def read(self, size: int) -> bytes:
        """The next bytes of the file.

        Raises:
            ValueError: there is no room for them.
        """
        data: bytes = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"more than {MAX_ARCHIVE:,} bytes")
        return data


def _take(
    file: IO[bytes], name: str, size: int, report: Report, *, asked_for: bool = False
) -> Iterator[InputFile]:
    """The file's content; a large file that can't be a page is passed over unread."""
    head = file.read(512)
    is_document = may_be_document(head)
    data = io.BytesIO()  # whose value is given without a copy
    found = data.write(head)
    limit = MAX_DOCUMENT if is_document else MAX_FILE
    # The size that an archive states may be a lie, and a file may grow: read to the end.
    while max(size, found) <= limit and (more := file.read(min(_CHUNK, limit + 1 - found))):
        found += data.write(more)
    if max(size, found) <= limit:
        yield InputFile(name, data.getvalue(), asked_for)
    elif has_front_matter(head) or is_document or asked_for:
        what = "an index or lock file" if is_document else "a page"
        why = f"expected {what} of at most {limit:,} bytes, found more"
        report.reject(name, why)
    else:
        report.skip(name, "not Spack's")
