"""Archives: the files in them, one after the other, at a cost that no archive can raise.

An archive is read as a stream and never unpacked to disk. What `tarfile` would do as a header says
(go on behind the end, hold a name of a gigabyte) is refused before it does.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePosixPath
from typing import IO, Any, Self, cast

from graphcache.records import Report, one_line
from graphcache.sources import binaries
from graphcache.sources.documents import MAX_DOCUMENT
from graphcache.sources.packed import is_packed, unpacking

MAX_ARCHIVE = 16 * 2**30
"""Bytes of what one archive, or standard input, holds unpacked."""
MAX_PACKED = 2**20
"""Members of one archive; the largest real snapshot has 225,000 pages."""
MAX_HEADER = 2**16
"""Bytes of a header that has a long name or attributes; a path may have 4,096."""

_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
)
_UNSUPPORTED = (NotImplementedError, RuntimeError)  # an unknown method, a password
_AT_END: type[tarfile.HeaderError] = vars(tarfile)["EOFHeaderError"]
"""What `tarfile` raises at the end of a whole archive; mypy's types of it lack that."""
_EXTENDED = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
_RECORD = re.compile(rb"([0-9]{1,5}) ")
_TRAILING = 2**24
_READS_AT_END = 16
"""How often a tar archive may be read at its end; where it is whole, once or twice."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in an archive; its content can be read until the next one is asked for."""

    name: str
    """With that of the archive, as messages show it."""
    size: int
    """As the archive says, which may be wrong."""
    content: IO[bytes]


@contextmanager
def rejecting_damage(name: str, report: Report) -> Iterator[None]:
    """Reject an archive, or a member of it, that turns out not to be readable."""
    try:
        yield
    except _UNSUPPORTED as error:
        report.reject(name, f"an archive that can't be read: {error}")
    except _DAMAGED as error:
        report.reject(name, f"a damaged archive: {error}")


# Zip ----------------------------------------------------------------------------------------------


def zip_members(file: IO[bytes], name: str, report: Report) -> Iterator[Packed]:
    """The files of a zip archive, sorted by name; one that is damaged is rejected alone.

    Raises:
        ValueError, OSError, …: the archive can't be read; `rejecting_damage` knows them all.
    """
    with zipfile.ZipFile(file) as archive:
        members = sorted(archive.infolist(), key=lambda member: member.filename)
        _check_cost(len(members), sum(member.file_size for member in members))
        for member in members:
            member_name = one_line(f"{name}/{member.filename}")
            if not member.is_dir():
                with rejecting_damage(member_name, report), _open(archive, member) as content:
                    yield Packed(member_name, member.file_size, content)


def _open(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    if member.flag_bits & 1:
        raise NotImplementedError("it is encrypted")
    return archive.open(member)


def _check_cost(files: int, size: int) -> None:
    if files > MAX_PACKED:
        raise ValueError(f"more than {MAX_PACKED:,} files")
    if size > MAX_ARCHIVE:
        raise ValueError(f"more than {MAX_ARCHIVE:,} bytes")


# Tar ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Links:
    """What links of an archive lead to, by their names."""

    targets: dict[str, str] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    """The files of the archive by name, with their sizes."""

    def note(self, member: tarfile.TarInfo) -> None:
        """Note a member: a hard link names a path in the archive, a symbolic one goes from it."""
        name = posixpath.normpath(member.name)
        if member.isreg():
            self.files[name] = member.size
        elif member.issym():
            target = PurePosixPath(posixpath.dirname(name), member.linkname)
            self.targets[name] = posixpath.normpath(target)
        elif member.islnk():
            self.targets[name] = posixpath.normpath(member.linkname)

    def by_file(self) -> dict[str, list[str]]:
        """The links that lead to a file of the archive, by that file."""
        found: dict[str, list[str]] = {}
        for link in self.targets:
            target, seen = link, set()
            while target in self.targets and target not in seen:
                seen.add(target)
                target = self.targets[target]
            if target in self.files:
                found.setdefault(target, []).append(link)
        return found


def tar_members(file: IO[bytes], head: bytes, name: str, report: Report) -> Iterator[Packed]:
    """The files of a tar archive, packed or not, in their order; then those that links name.

    For the latter the archive is read a second time. A link to anything but a file of the archive
    is listed as skipped.

    Args:
        file: the archive, which can seek.
        head: how it begins.
        name: what messages call it.
        report: where goes what is passed over.

    Raises:
        ValueError, OSError, …: the archive can't be read; `rejecting_damage` knows them all.
    """
    links = _Links()
    for member, content in _wanted(_members(file, head), name, report):
        links.note(member)
        if content is not None:
            yield Packed(one_line(f"{name}/{member.name}"), member.size, content)
    wanted = links.by_file()
    _check_cost(len(links.targets), sum(links.files[file] * len(wanted[file]) for file in wanted))
    for link in sorted(links.targets.keys() - chain.from_iterable(wanted.values())):
        report.skip(one_line(f"{name}/{link}"), "a link to what is no file of the archive")
    for member, content in _members(file, head) if wanted else ():
        linked = wanted.get(posixpath.normpath(member.name), ())
        data = content.read(MAX_DOCUMENT + 1) if content is not None and linked else b""
        for link in linked:
            yield Packed(one_line(f"{name}/{link}"), len(data), io.BytesIO(data))


def _members(file: IO[bytes], head: bytes) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """The members of an archive, those that are files with their content."""
    file.seek(0)
    unpacked = unpacking(file, head) if is_packed(head) else file
    ending = cast(IO[bytes], _Ending(unpacked))
    with tarfile.open(fileobj=ending, mode="r|", tarinfo=_Member) as archive:
        for number, member in enumerate(archive):
            _check_cost(number + 1, member.offset)
            yield member, archive.extractfile(member) if member.isreg() else None
    unpacked.read(_TRAILING)  # to the end, where gzip has its checksum


def _wanted(
    members: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]], name: str, report: Report
) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """The members, but for binaries, and for packages that Spack installed.

    Of such a package `.spack` is packed before all else, and no other package comes between.
    """
    installed: str | None = None
    for member, content in members:
        folder = binaries.installed_in(member.name) if member.isreg() else None
        if folder is not None and folder != installed:
            report.skip(one_line(f"{name}/{folder}"), binaries.INSTALLED)
            installed = folder
        if member.isreg() and binaries.is_binary(member.name):
            report.skip(one_line(f"{name}/{member.name}"), binaries.BINARY)
        elif installed is None or not member.name.startswith(installed):
            yield member, content


class _Ending:
    """A file for `tarfile`, which reads on behind its end for as long as a header says."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._reads_at_end = 0

    def read(self, size: int) -> bytes:
        """What is left, of at most so many bytes.

        Raises:
            EOFError: that there is nothing left was said before, more than once.
        """
        data: bytes = self._file.read(size)
        self._reads_at_end += not data
        if self._reads_at_end > _READS_AT_END:
            raise EOFError("unexpected end of data")
        return data


class _Member(tarfile.TarInfo):
    """A member of a tar archive, of which no header can cost more than it is long."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENDED and not 0 <= member.size <= MAX_HEADER:
            raise tarfile.ReadError(f"a header of {member.size:,} bytes, more than {MAX_HEADER:,}")
        if member.type == tarfile.GNUTYPE_SPARSE or not 0 <= member.size <= MAX_ARCHIVE:
            raise tarfile.ReadError(
                f"{member.name}: a sparse file, or one of {member.size:,} bytes"
            )
        return member

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        """The next member; where `tarfile` would stop in silence, it reports damage."""
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            if isinstance(error, _AT_END):
                raise
            raise tarfile.ReadError(str(error)) from None

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        """An extended header, of which the names alone are taken over to the member behind it.

        That of `tarfile` takes the square of its length in time before Python 3.11.10 and 3.12.6,
        and hours for what it calls sparse.
        """
        header = archive.fileobj.read(-(-self.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE)
        member = self.fromtarfile(archive)
        if self.type != tarfile.XGLTYPE:
            said = _records(header[: self.size])
            if b"size" in said or any(key.startswith(b"GNU.sparse") for key in said):
                raise tarfile.ReadError(f"{member.name}: a sparse file, or one of over 8 GiB")
            member.name = _text(said.get(b"path")) or member.name
            member.linkname = _text(said.get(b"linkpath")) or member.linkname
        return member


def _records(header: bytes) -> dict[bytes, bytes]:
    r"""The keys and values of an extended header (POSIX.1-2008, pax): `LENGTH KEY=VALUE\n` each.

    >>> _records(b"12 path=a/b\n13 mtime=1.5\n\0\0")
    {b'path': b'a/b', b'mtime': b'1.5'}
    """
    found = {}
    start = 0
    while match := _RECORD.match(header, start):
        end = start + int(match[1])
        if not match.end() < end <= len(header):
            raise tarfile.ReadError("an extended header is damaged")
        key, _, value = header[match.end() : end - 1].partition(b"=")
        found[key] = value
        start = end
    return found


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="surrogateescape")
