"""Archives made at random, whole and damaged: tar in three dialects, packed or not, and zip.

A whole one comes to the graph that its files come to. A damaged one is read or refused in words, at
a cost that is bounded, and where a checksum guards its content nothing comes of it that was not in.
"""

from __future__ import annotations

import gzip
import io
import resource
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from campaigns.changes import TEXTS, cut, flip
from campaigns.inputs import DOCUMENTS, PAGES
from campaigns.trials import Campaign, report_in_words, shorter, told_in_words
from graphcache import InputError, Tables, read

EACH = 1
_MEMORY = 3 * 2**30
_BLOCK = 512
_STACK = "tried"
"""The stack of all that is read: a lock file has its name from where it lies."""
_FORMATS = (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive, and the files in it where it is whole."""

    data: bytes
    files: tuple[bytes, ...] = ()
    guarded: bool = False
    """Whether a checksum of its format guards what is in the files."""


class Archives(Campaign[Archive]):
    """Archives of a few files."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        whole = [
            read(_put(folder / f"{n}", data))[0] for n, data in enumerate((*PAGES, *DOCUMENTS))
        ]
        self._hashes = {one for tables in whole for one in tables.nodes["Spec"]["hash"].to_pylist()}

    def draw(self, dice: Random) -> Archive:
        files = tuple(dice.sample((*PAGES, *DOCUMENTS), dice.randint(1, 4)))
        is_zip = dice.random() < 0.3
        is_packed = dice.random() < 0.5
        data = _zip(files, dice) if is_zip else _tar(files, dice)
        if is_packed and not is_zip:
            data = gzip.compress(data, mtime=0)
        if dice.random() < 0.2:
            return Archive(data, files)
        for _ in range(dice.randint(1, 4)):
            data = dice.choice((flip, flip, cut, _repeat_block, _zero_block))(data, dice)
        return Archive(data, guarded=is_zip or is_packed)

    def smaller(self, trial: Archive) -> Iterator[Archive]:
        if not trial.files:
            yield from (Archive(data, (), trial.guarded) for data in shorter(trial.data))

    def files(self, trial: Archive) -> dict[str, bytes]:
        return {"archive": trial.data, **{f"{n}": data for n, data in enumerate(trial.files)}}

    def hold(self, trial: Archive) -> None:
        tables = self._read(_put(self._folder / "archive", trial.data))
        if trial.files:
            paths = [_put(self._folder / f"{n}", data) for n, data in enumerate(trial.files)]
            assert tables is not None, "a whole archive is refused"
            assert tables.digest() == read(*paths, stack=_STACK)[0].digest(), (
                "an archive is not what is in it"
            )
        elif trial.guarded and tables is not None:
            found = set(tables.nodes["Spec"]["hash"].to_pylist())
            assert found <= self._hashes, f"what was not in the archive: {found - self._hashes}"

    def _read(self, path: Path) -> Tables | None:
        try:
            tables, report = read(path, stack=_STACK)
        except InputError as error:
            told_in_words(error)
            self.seen["refused"] += 1
            return None
        report_in_words(report)
        self.seen["damaged" if report.rejected else "read"] += 1
        return tables


def _put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _name(number: int, dice: Random) -> str:
    """A name that is one of its own, and may be odd: nothing is unpacked by it."""
    odd = dice.choice(("", "../", "/", "a/" * 60, "é", "x" * 150, *TEXTS)).replace("\x00", "")
    return f"{odd}{number}.md".encode(errors="ignore").decode()


def _tar(files: tuple[bytes, ...], dice: Random) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=dice.choice(_FORMATS)) as archive:
        for number, data in enumerate(files):
            name = _name(number, dice)
            member = tarfile.TarInfo(
                name if archive.format != tarfile.USTAR_FORMAT else f"{number}"
            )
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
            if dice.random() < 0.3:
                link = tarfile.TarInfo(f"link{number}")
                link.type = dice.choice((tarfile.LNKTYPE, tarfile.SYMTYPE))
                link.linkname = dice.choice((member.name, link.name, "..", "/etc/passwd"))
                archive.addfile(link)
    return packed.getvalue()


def _zip(files: tuple[bytes, ...], dice: Random) -> bytes:
    packed = io.BytesIO()
    method = dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(packed, "w", method) as archive:
        for number, data in enumerate(files):
            archive.writestr(_name(number, dice), data)
    return packed.getvalue()


def _repeat_block(data: bytes, dice: Random) -> bytes:
    at = _BLOCK * dice.randint(0, len(data) // _BLOCK)
    return data[:at] + data[at : at + _BLOCK] * 2 + data[at + _BLOCK :]


def _zero_block(data: bytes, dice: Random) -> bytes:
    at = _BLOCK * dice.randint(0, len(data) // _BLOCK)
    return data[:at] + bytes(len(data[at : at + _BLOCK])) + data[at + _BLOCK :]


@contextmanager
def campaign(folder: Path) -> Iterator[Archives]:
    """The campaign, in a process that may take so much memory and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    yield Archives(folder)
