"""Packed bytes: gzip and zstd, never unpacked beyond a limit."""

from __future__ import annotations

import gzip
import io
from typing import IO, Any

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def is_packed(head: bytes) -> bool:
    """Whether content that begins so is packed in one of these ways.

    >>> is_packed(GZIP + b"..."), is_packed(b"{}")
    (True, False)
    """
    return head.startswith((GZIP, ZSTD))


def unpacking(file: IO[bytes], head: bytes) -> gzip.GzipFile | io.BufferedReader:
    """A packed file, unpacked as it is read; `head` is how it begins."""
    if not head.startswith(ZSTD):
        return gzip.GzipFile(fileobj=file)
    import pyarrow as pa

    stream: Any = pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")
    return io.BufferedReader(stream)


def unpacked(data: bytes, limit: int) -> bytes:
    r"""The content of data, packed or not, of at most `limit` bytes.

    Raises:
        ValueError: it is longer.
        OSError, EOFError: it is damaged.

    >>> import gzip
    >>> unpacked(gzip.compress(b"{}"), 2), unpacked(b"{}", 2)
    (b'{}', b'{}')
    """
    content = unpacking(io.BytesIO(data), data).read(limit + 1) if is_packed(data) else data
    if len(content) > limit:
        raise ValueError(f"expected at most {limit:,} bytes unpacked, found more")
    return content
