"""Putting a whole file where an old one may be, so that a kill leaves the one or the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


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
