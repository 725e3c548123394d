"""The seal of a store: a line behind LadybugDB's pages that says the sha256 of all before it.

LadybugDB was seen to crash, and to take 15 GB, where one byte of a file was not as it had written
it. So a file is known to be whole before LadybugDB opens it, also after it was moved or copied.
LadybugDB does not read behind its pages; where it writes, the seal no longer holds.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

from graphcache.errors import StoreError

_MARK = b"\ngraphcache store, whole if this is the sha256 of all before: "
SEAL_LENGTH = len(_MARK) + 2 * hashlib.sha256().digest_size + 1
_MAGIC = b"LBUG"
_CHUNK = 2**20


def seal(path: Path) -> None:
    """Put a seal at the end of a file that is whole."""
    with path.open("rb+") as file:
        digest = _digest(file, path.stat().st_size)
        file.seek(0, os.SEEK_END)
        file.write(_MARK + digest + b"\n")


def check_seal(path: Path, file: IO[bytes]) -> None:
    """See that a file is as it was when it was sealed.

    Args:
        path: what messages call it.
        file: its content.

    Raises:
        StoreError: it is not, or it never was, or it can't be read.
    """
    try:
        why = _why_not_whole(file)
    except OSError as error:
        why = f"can't be read: {error.strerror or error}"
    if why:
        raise StoreError(f"{path}: {why}")


def _why_not_whole(file: IO[bytes]) -> str:
    """Why the file is not a whole store; empty if it is one."""
    if file.read(len(_MAGIC)) != _MAGIC:
        return "not a store: graphcache makes one by 'graphcache build PATH...'"
    pages = max(file.seek(0, os.SEEK_END) - SEAL_LENGTH, 0)
    file.seek(pages)
    mark, expected = file.read(len(_MARK)), file.read()
    if mark != _MARK:
        return (
            "not a whole store: graphcache puts a seal at its end, and there is none; build it "
            "again, or give another file"
        )
    if _digest(file, pages) + b"\n" != expected:
        return "damaged, build it again (it is not what its seal says)"
    return ""


def _digest(file: IO[bytes], length: int) -> bytes:
    """The sha256 of the first so many bytes, in hex."""
    file.seek(0)
    digest, left = hashlib.sha256(), length
    while left and (chunk := file.read(min(_CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    return digest.hexdigest().encode()
