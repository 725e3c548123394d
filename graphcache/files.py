"""Putting a whole file where an old one may be, so that a kill leaves the one or the other."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

_HERE = -100
"""AT_FDCWD: names are those of the current folder."""
_SWAP = 2
"""RENAME_EXCHANGE, and RENAME_SWAP on macOS."""


def put_in_place(new: Path, place: Path) -> None:
    """Rename a whole file to its place; even if the power fails, it is whole there.

    Raises:
        OSError: it can't be put there; what was there is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     new, place = Path(folder, "new"), Path(folder, "place")
    ...     _ = new.write_text("whole")
    ...     put_in_place(new, place)
    ...     os.listdir(folder)
    ['place']
    """
    sync(new)
    os.replace(new, place)
    sync(place.parent)


def exchange(one: Path, other: Path) -> bool:
    """Have two files or folders on one file system change names in one step.

    Returns:
        Whether that was done; where the system or the file system can't, all is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     one, other = Path(folder, "one"), Path(folder, "other")
    ...     one.mkdir()
    ...     _ = other.write_text("a file")
    ...     exchange(one, other) == one.is_file() == other.is_dir()
    True
    """
    if os.name != "posix":
        return False
    libc = ctypes.CDLL(None)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renamex_np"):  # macOS
        return bool(libc.renamex_np(*names, _SWAP) == 0)
    if hasattr(libc, "renameat2"):  # Linux
        return bool(libc.renameat2(_HERE, names[0], _HERE, names[1], _SWAP) == 0)
    return False


def sync(path: Path) -> None:
    """Have the operating system put a file, or a folder's entries, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def clean_up(remove: Callable[[], None]) -> None:
    """Remove what must not be left, also if Ctrl-C or SIGTERM comes meanwhile; then that goes on.

    `remove` may be called twice. A second signal ends the process at once.
    """
    try:
        remove()
    except KeyboardInterrupt:
        remove()
        raise
