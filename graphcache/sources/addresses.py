"""What an address leads to: a mirror of version 3 or 2, or one file; brought here as a file.

A server does not say what files it has, so of a mirror only the index is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from graphcache.remote.buckets import is_bucket
from graphcache.remote.cache import Cache, Expected
from graphcache.remote.locations import NotFetched, below, check_address
from graphcache.sources import mirror
from graphcache.sources.documents import is_html
from graphcache.sources.names import Unreadable

MAX_MANIFEST = 16 * 2**20
"""Bytes of a manifest; real ones have less than 1 kB."""

_BLOB = re.compile(r"/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})\Z")
_HEAD = 1024


class Remote:
    """Files that lie elsewhere. What an address leads to is found out once."""

    def __init__(self, limit: int, cache: Cache | None = None, *, mirrors: bool = True) -> None:
        """Take the bytes that a file may have, where downloads go, and if mirrors may be meant."""
        self._limit = limit
        self._mirrors = mirrors
        self._cache = cache or Cache()
        self._found: dict[str, Path | NotFetched] = {}
        self._beside: dict[str, str] = {}

    def fetch_all(
        self, urls: Iterable[str], jobs: int, on_done: Callable[[int], None] | None = None
    ) -> None:
        """Bring here what these lead to, several at a time; what fails is said by `file_of`."""
        from multiprocessing.pool import ThreadPool

        wanted = sorted(set(urls))
        with ThreadPool(max(1, min(jobs, len(wanted)))) as pool:
            for number, (url, found) in enumerate(pool.imap_unordered(self._look, wanted), 1):
                self._found[url] = found
                if on_done is not None:
                    on_done(number)

    def file_of(self, url: str) -> Path:
        """The file on this machine that holds what the address leads to.

        Raises:
            NotFetched: there is nothing that could be had.
        """
        if url not in self._found:
            self._found[url] = self._look(url)[1]
        found = self._found[url]
        if isinstance(found, NotFetched):
            raise found
        return found

    def only_file_of(self, url: str) -> Path:
        """The same of what is known to be a file, and no mirror.

        Raises:
            NotFetched: it can't be had.
        """
        return self._cache.fetch(url, Expected(self._limit))

    def beside(self, url: str) -> str:
        """What is to be said of other indexes in a mirror, beside that which `file_of` gives."""
        is_index = urlsplit(url).path.endswith(f"/{mirror.INDEX}")
        root = _root(url, mirror.INDEX) if is_index else url
        return self._beside.get(below(root, mirror.INDEX), "")

    def _look(self, url: str) -> tuple[str, Path | NotFetched]:
        try:
            return url, self._find(url)
        except NotFetched as problem:
            return url, problem

    def _find(self, url: str) -> Path:
        if is_bucket(url):
            url = f"s3://{url.partition('://')[2]}"
        check_address(url)
        if not self._mirrors:
            return self._file(url)
        path = urlsplit(url).path
        blob = _BLOB.search(path)
        if blob:
            return self._cache.fetch(url, Expected(self._limit, blob[1]))
        if path.endswith(f"/{mirror.INDEX}"):
            return self._index_of(_root(url, mirror.INDEX))
        if path.endswith(f"/{mirror.INDEX_2}"):
            return self._file(url)
        ways: dict[str, Callable[[], Path]] = {
            mirror.INDEX: lambda: self._index_of(url),
            mirror.INDEX_2: lambda: self._file(below(url, mirror.INDEX_2)),
        }
        # A bucket gives a list of what it has there, or an object that stands for a folder.
        if (path and not path.endswith("/")) or not is_bucket(url):
            ways["the address itself"] = lambda: self._file(url)
        missing = []
        for place, find in ways.items():
            try:
                return find()
            except NotFetched as problem:
                if not problem.missing:
                    raise NotFetched(f"{place}: {problem}") from None
                missing.append(f"{place}: {problem}")
        raise NotFetched("neither a mirror nor a file: " + "; ".join(missing), missing=True)

    def _index_of(self, root: str) -> Path:
        """The index of a mirror of version 3."""
        address = below(root, mirror.INDEX)
        manifest = self._file(address, MAX_MANIFEST)
        try:
            blob, self._beside[address] = mirror.index_blob(manifest.read_bytes())
        except Unreadable as problem:
            raise NotFetched(str(problem)) from None
        try:
            expected = Expected(self._limit, blob.checksum, blob.content_length)
            return self._cache.fetch(below(root, blob.path), expected)
        except NotFetched as problem:
            raise NotFetched(f"{blob.path}, which it names: {problem}") from None

    def _file(self, url: str, limit: int | None = None) -> Path:
        path = self._cache.fetch(url, Expected(limit or self._limit))
        with path.open("rb") as file:
            if is_html(file.read(_HEAD)):
                # Some servers answer so whatever they are asked for, instead of 404.
                what = "a file of Spack's" if self._mirrors else "a file"
                raise NotFetched(f"expected {what}, found a web page", missing=True)
        return path


def _root(url: str, path: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=parts.path.removesuffix(path)).geturl()
