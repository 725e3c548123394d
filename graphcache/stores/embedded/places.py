"""Where a store is: what can be there, the lock that keeps writers apart, and room on the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graphcache.errors import StoreError, what_to_do
from graphcache.files import clean_up
from graphcache.remote.locations import shown

if TYPE_CHECKING:
    import filelock

FORMAT = 3
"""The form of graphcache's own tables in a store; a store of another form must be built again."""
_FILES = 16
"""Files that LadybugDB opens at once, and some to spare; where it can't, it says no reason."""


@contextmanager
def store_lock(path: Path) -> Iterator[Path]:
    """Keep other writers of this store away; readers are not hindered.

    Yields:
        Where to write it: a link stays a link, and what it leads to is replaced.

    Raises:
        StoreError: another process is writing it, its folder can't be written, or no store can
            be there.
    """
    _is_there(path)
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    if not path.parent.exists():  # filelock would make it
        folder = path.parent
        raise StoreError(
            f"{shown(str(path))}: there is no folder {shown(str(folder))}: make it, or give "
            f"another path"
        )
    import filelock  # which whoever reads does not need

    lock_file = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(lock_file, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise StoreError(
            f"{path}: another graphcache is writing it: wait until it has ended, then try again"
        ) from None
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror or error}") from error
    except KeyboardInterrupt:
        # The file may be there already, and not be locked yet.
        with suppress(filelock.Timeout, OSError):
            lock.acquire()
            _remove(lock, lock_file)
        raise
    try:
        yield path
    finally:
        clean_up(partial(_remove, lock, lock_file))


def _remove(lock: filelock.FileLock, lock_file: Path) -> None:
    with suppress(OSError):
        lock_file.unlink()
    lock.release()


def reserve(path: Path, size: int) -> None:
    """Fail while it is easy: LadybugDB ends the process where it can't write its log.

    Raises:
        OSError: the disk or a quota has less than that many bytes, or few more files can be opened.
    """
    with ExitStack() as files:
        for _ in range(_FILES):
            files.enter_context(open(os.devnull, "rb"))
    if not hasattr(os, "posix_fallocate"):
        return  # macOS
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    path.unlink()


def check_file(path: Path) -> None:
    """See whether the file may be a finished store, before LadybugDB opens it.

    Raises:
        StoreError: there is no file, or it can't be one.
    """
    if not _is_there(path):
        raise what_to_do(
            StoreError,
            f"{shown(str(path))}: there is no store: make one by ",
            python="graphcache.build_store, or name another",
            at_shell="'graphcache build PATH...', or name another",
        )
    if Path(f"{path}.wal").exists():
        raise StoreError(
            f"{path}: an unfinished log ({path.name}.wal) lies beside it, so it is not a finished "
            f"store: build it again"
        )
    if path.stat().st_size == 0:
        raise StoreError(f"{path}: the file is empty: build it again")


def _is_there(path: Path) -> bool:
    """Whether there is a file; StoreError if there is what can't be a store."""
    try:
        str(path).encode()
        kind = stat.S_IFMT(path.stat().st_mode)
    except UnicodeEncodeError:
        why = "expected a file name in UTF-8: LadybugDB knows no other"
        raise StoreError(f"{path}: {why}") from None
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(f"{path}: can't be opened: {error.strerror or error}") from error
    if kind == stat.S_IFDIR:
        raise StoreError(f"{path}: expected a store file, found a folder")
    if kind != stat.S_IFREG:
        raise StoreError(f"{path}: expected a store file, found a device, a pipe or a socket")
    return True
