"""Mirrors: the layout in which Spack keeps a build cache, version 3.

Below the root, `v3/manifests/index/index.manifest.json` names the index, and a manifest for each
spec, `v3/manifests/spec/NAME/NAME-VERSION-HASH.spec.manifest.json`, its binary and its spec file.
All lie as `blobs/sha256/XX/DIGEST`. In a signed mirror the manifests of specs are clear-signed.
Version 2 needs nothing of its own: `build_cache/` holds an index and spec files as they are.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from graphcache.sources.documents import decode_whole, signed_text
from graphcache.sources.names import Unreadable
from graphcache.sources.packed import unpacked

LAYOUT = "v3/layout.json"
INDEX = "v3/manifests/index/index.manifest.json"
INDEX_2 = "build_cache/index.json"
"""The index of a mirror of version 2."""
SPECS = "v3/manifests/spec"
_SPEC_ENDING = ".spec.manifest.json"
_SPEC_ENDINGS_2 = (".spec.json", ".spec.json.sig", ".spec.yaml")
_INDEX_TYPE, _SPEC_TYPE, _BINARY_TYPE = (
    "application/vnd.spack.db.",
    "application/vnd.spack.spec.",
    "application/vnd.spack.install.",
)
_VERSION = re.compile(r"\.v([0-9]{1,9})(?:[.+]|\Z)", re.ASCII)

Fetch = Callable[[str, int], bytes]
"""The content of a file by its path below the root, of at most so many bytes; OSError if none."""


class Blob(Struct, rename="camel"):
    """Content that a manifest names by its digest."""

    content_length: Annotated[int, Meta(ge=0)]
    media_type: str
    checksum: Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
    checksum_algorithm: str
    compression: str = "none"

    @property
    def path(self) -> str:
        """Where it lies below the root."""
        return f"blobs/sha256/{self.checksum[:2]}/{self.checksum}"


class _Manifest(Struct):
    data: list[Blob]


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A spec file out of a mirror, and the bytes of the binary beside it, where it says so."""

    data: bytes
    binary_size: int | None


@dataclass(slots=True)
class Mirror:
    """A mirror in a folder, all of whose spec files are read."""

    whole: bool = True
    """False where one was rejected: that a spec is absent then means nothing."""


def hash_of(path: str) -> str:
    """The hash in the name of a spec's manifest, or of a spec file.

    >>> hash_of("v3/manifests/spec/zlib/zlib-1.3-abcdefg.spec.manifest.json")
    'abcdefg'
    """
    return os.path.basename(path).rpartition(".spec.")[0].rpartition("-")[2]


def is_spec_manifest(path: str) -> bool:
    """Whether a file of this name holds the manifest of a spec."""
    return path.endswith(_SPEC_ENDING)


def specs_beside(path: str) -> frozenset[str] | None:
    """The hashes of the spec files beside the index of a mirror of version 2.

    None if the path is that of no such index, or no spec file is beside it, as where the index
    alone was brought here.
    """
    if os.path.basename(path) != os.path.basename(INDEX_2):
        return None  # as of all pages
    folder, name = os.path.split(os.path.abspath(path))
    if f"{os.path.basename(folder)}/{name}" != INDEX_2:
        return None
    specs = (entry for entry in os.listdir(folder) if entry.endswith(_SPEC_ENDINGS_2))
    return frozenset(map(hash_of, specs)) or None


def read_index(fetch: Fetch, limit: int) -> tuple[bytes, str]:
    """The index of a mirror, and what is to be said of others beside it, if there are such.

    Raises:
        Unreadable: what is there is no index, or not the one that the manifest names.
        OSError: there is none, or it can't be read.
    """
    blob, beside = index_blob(fetch(INDEX, limit))
    return _content(blob, fetch, limit), beside


def index_blob(manifest: bytes) -> tuple[Blob, str]:
    """The newest index that a manifest names, and what is to be said of others, if it names such.

    Spack adds an index of a later version to the one that older ones read.

    Raises:
        Unreadable: it names none.
    """
    blobs = _of_type(_parse(manifest), _INDEX_TYPE)
    others = ", ".join(sorted(blob.media_type for blob in blobs[1:]))
    newest = blobs[0]
    return newest, others and f"of several indexes {newest.media_type} is read, and not {others}"


def read_spec(path: str, fetch: Fetch, limit: int) -> SpecFile:
    """The spec file that the manifest at `path` names.

    Raises:
        Unreadable: what is there is no spec file, or not the one that the manifest names.
        OSError: it can't be read.
    """
    manifest = _parse(fetch(path, limit))
    data = _content(_of_type(manifest, _SPEC_TYPE)[0], fetch, limit)
    binaries = [blob for blob in manifest.data if blob.media_type.startswith(_BINARY_TYPE)]
    binary = max(binaries, key=_version, default=None)
    return SpecFile(data, binary.content_length if binary else None)


def _parse(data: bytes) -> _Manifest:
    manifest: _Manifest = decode_whole(signed_text(data), _Manifest)
    return manifest


def _of_type(manifest: _Manifest, media_type: str) -> list[Blob]:
    """The blobs of a type, the newest version first, in whatever order they are listed."""
    blobs = [blob for blob in manifest.data if blob.media_type.startswith(media_type)]
    for blob in blobs:
        if blob.checksum_algorithm != "sha256":
            found = blob.checksum_algorithm[:40]
            raise Unreadable(f"checksumAlgorithm: expected sha256, found {found}")
    if not blobs:
        found = ", ".join(blob.media_type for blob in manifest.data[:5]) or "nothing"
        raise Unreadable(f"data: expected a {media_type}…, found {found}")
    return sorted(blobs, key=_version, reverse=True)


def _version(blob: Blob) -> tuple[int, str]:
    """By what blobs of a type are put in order; the same for any order in which they are listed."""
    version = _VERSION.search(blob.media_type)
    return int(version[1]) if version else -1, blob.checksum


def _content(blob: Blob, fetch: Fetch, limit: int) -> bytes:
    """The blob unpacked, after its length and its digest were checked."""
    try:
        data = fetch(blob.path, min(limit, blob.content_length))
    except FileNotFoundError:
        raise Unreadable(f"{blob.path}, which the manifest names, is not there") from None
    found = hashlib.sha256(data).hexdigest()
    if found != blob.checksum:
        raise Unreadable(f"{blob.path}: expected the sha256 {blob.checksum}, found {found}")
    return unpacked(data, limit)
