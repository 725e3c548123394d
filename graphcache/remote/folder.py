"""The folder of downloads: content by its sha256, and a note for each address.

- downloads/content/XX/DIGEST: content, which is there only when it is whole
- downloads/addresses/DIGEST.json: of an address, its ETag and the digest of its content
- downloads/partial/: what is on its way; a download that was killed leaves it behind
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Annotated

import msgspec
from msgspec import Meta, Struct

from graphcache.files import put_in_place

_KEPT = 90 * 24 * 3600
"""Seconds after which content that nobody has asked for is removed."""
_PARTIAL_KEPT = 24 * 3600


class Note(Struct):
    """What an address had when it was asked last."""

    etag: Annotated[str, Meta(pattern="^[ -~]*$")]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Folder:
    """Downloads that are kept. Several threads, and processes, may use it at once."""

    def __init__(self, path: Path | None = None) -> None:
        # A folder of its own: what is old in it is removed, and must not be anybody else's.
        self.path = (path or default_path()) / "downloads"

    def content(self, digest: str) -> Path:
        """Where content of that sha256 is, or would be."""
        return self.path / "content" / digest[:2] / digest

    def holds(self, digest: str) -> bool:
        """Whether content of that sha256 is here, undamaged; it counts as used."""
        try:
            with self.content(digest).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            os.utime(self.content(digest))
        except FileNotFoundError:
            return False
        return found == digest

    def note(self, url: str) -> Note | None:
        """What is noted of an address, as long as its content is here."""
        try:
            note = msgspec.json.decode(self._note(url).read_bytes(), type=Note)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return note if self.holds(note.digest) else None

    def write_note(self, url: str, note: Note) -> None:
        """Note what an address has."""
        with self.new_file() as file:
            file.write(msgspec.json.encode(note))
            self.keep(file, self._note(url))

    @contextmanager
    def new_file(self) -> Iterator[IO[bytes]]:
        """A file to write, which is gone at the end unless it was kept."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self.path / "partial"
        partial.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=partial, delete=False) as file:
            try:
                yield file
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(file.name)

    def keep(self, file: IO[bytes], place: Path) -> None:
        """Put a file that is whole in its place; even if the power fails, it is whole there."""
        file.close()
        place.parent.mkdir(parents=True, exist_ok=True)
        put_in_place(Path(file.name), place)

    def clear(self) -> None:
        """Remove what nobody has asked for in a long time, and what killed downloads left."""
        now = time.time()
        for name, kept in (("partial", _PARTIAL_KEPT), ("addresses", _KEPT), ("content", _KEPT)):
            for path in (self.path / name).rglob("*"):
                with suppress(OSError):
                    if path.is_file() and now - path.stat().st_mtime > kept:
                        path.unlink()

    def _note(self, url: str) -> Path:
        return self.path / "addresses" / f"{hashlib.sha256(url.encode()).hexdigest()}.json"


def default_path() -> Path:
    """Where downloads are kept, if nothing else is said: GRAPHCACHE_CACHE, or the user's cache."""
    chosen = os.environ.get("GRAPHCACHE_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("graphcache", appauthor=False)
