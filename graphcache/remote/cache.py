"""What is behind an address, as a file: downloaded once, and held against what it should be."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from graphcache.remote.downloads import BACK_OFF, TIMEOUT, TRIES, Http, Receive
from graphcache.remote.folder import Folder, Note
from graphcache.remote.locations import NotFetched, shown, web_address
from graphcache.remote.signing import endpoint, region, signature
from graphcache.words import counted

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """What content must be."""

    limit: int
    """Bytes that it has at most."""
    digest: str | None = None
    """Its sha256, where that is known."""
    length: int | None = None
    """Its bytes, where they are known."""


class Cache:
    """Downloads by way of a folder that keeps them. Several threads may use it at once."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        timeout: float = TIMEOUT,
        tries: int = TRIES,
        back_off: float = BACK_OFF,
        on_bytes: Callable[[int], None] | None = None,
    ) -> None:
        """Take the folder, the patience with servers, and who is told of bytes so far."""
        self._folder = Folder(folder)
        self._http = Http(timeout=timeout, tries=tries, back_off=back_off)
        self._on_bytes = on_bytes
        self._bytes = 0
        self._cleared = False
        self._signed: set[str] = set()
        """Buckets of which something was had that not everybody gets."""
        self._lock = threading.Lock()

    def fetch(self, url: str, expected: Expected) -> Path:
        """The file that holds what is behind the address.

        Content of a known sha256 that is here is not fetched again. Of other content, the server
        is asked whether it has changed.

        Raises:
            NotFetched: it can't be had, or is not what it should be.
        """
        if expected.length is not None and expected.length > expected.limit:
            raise NotFetched(
                f"expected at most {expected.limit:,} bytes, found {expected.length:,}"
            )
        try:
            if expected.digest is not None and self._folder.holds(expected.digest):
                _LOG.debug("%s: is in %s already", shown(url), self._folder.path)
                return self._folder.content(expected.digest)
            return self._folder.content(self._download(url, expected))
        except OSError as error:
            raise NotFetched(
                f"the folder of downloads, {self._folder.path}, can't be used: "
                f"{error.strerror or error}; GRAPHCACHE_CACHE can name another"
            ) from None

    def _download(self, url: str, expected: Expected) -> str:
        """Bring it here, unless the server says that it has not changed; its digest."""
        self._clear_once()
        at = web_address(url, endpoint() if urlsplit(url).scheme == "s3" else None)
        note = self._folder.note(at) if expected.digest is None else None
        came = Note("", note.digest if note else "")

        def receive(response: BaseHTTPResponse, chunks: Iterator[bytes]) -> None:
            with self._folder.new_file() as file:
                came.digest = self._take(chunks, file, expected)
                _LOG.debug("%s: came, %d bytes, sha256 %s", shown(at), file.tell(), came.digest)
                self._folder.keep(file, self._folder.content(came.digest))
            came.etag = _etag(response)

        headers = {"If-None-Match": note.etag} if note else {}
        get = self._http.get
        if urlsplit(url).scheme == "s3":
            get = partial(self._get_from_bucket, urlsplit(url).netloc)
        if not get(at, headers, receive):
            _LOG.debug("%s: has not changed, and is in %s", shown(url), self._folder.path)
        elif came.etag and expected.digest is None:
            self._folder.write_note(at, came)
        return came.digest

    def _get_from_bucket(
        self, bucket: str, at: str, headers: Mapping[str, str], receive: Receive
    ) -> bool:
        """Ask as anybody may, and where that is refused, as the user whose credentials there are.

        Most buckets that are read are public, and for them nothing has to be looked for.
        """
        if bucket in self._signed:
            return self._http.get(at, {**headers, **signature(at)}, receive)
        try:
            return self._http.get(at, headers, receive)
        except NotFetched as refusal:
            if not refusal.refused:
                raise
            signed = signature(at)
            if not signed:
                needs = "if the bucket is not public, it needs AWS credentials and graphcache[s3]"
                raise NotFetched(f"{refusal}; {needs}", missing=refusal.missing) from None
        _LOG.debug("%s: asked again, signed for the region %s", shown(at), region())
        try:
            changed = self._http.get(at, {**headers, **signed}, receive)
            self._signed.add(bucket)
            return changed
        except NotFetched as refusal:
            how = f"signed with the AWS credentials, for the region {region()}"
            raise NotFetched(f"{refusal} ({how})", missing=refusal.missing) from None

    def _take(self, chunks: Iterator[bytes], file: IO[bytes], expected: Expected) -> str:
        """Write the chunks, and give their digest if they are what they should be."""
        digest, size = hashlib.sha256(), 0
        most = expected.limit if expected.length is None else expected.length
        for chunk in chunks:
            size += len(chunk)
            if size > most:
                what = "at most " if expected.length is None else ""
                raise NotFetched(f"expected {what}{counted(most, 'byte')}, found more")
            digest.update(chunk)
            file.write(chunk)
            self._tell(len(chunk))
        if expected.length is not None and size != expected.length:
            raise NotFetched(f"expected {counted(expected.length, 'byte')}, found {size:,}")
        found = digest.hexdigest()
        if expected.digest not in (None, found):
            raise NotFetched(
                f"expected the sha256 {expected.digest}, found {found}: "
                f"the mirror is damaged, or was changed"
            )
        return found

    def _tell(self, more: int) -> None:
        with self._lock:
            self._bytes += more
            if self._on_bytes is not None:
                self._on_bytes(self._bytes)

    def _clear_once(self) -> None:
        with self._lock:
            if not self._cleared:
                self._folder.clear()
                self._cleared = True


def _etag(response: BaseHTTPResponse) -> str:
    """By what the server knows the content again.

    Where nothing says how long the content is, one that was cut off looks whole, and must not be
    held for what that ETag stands for.
    """
    ends_known = "Content-Length" in response.headers or "Transfer-Encoding" in response.headers
    return response.headers.get("ETag", "") if ends_known else ""
