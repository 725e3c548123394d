"""What lies below a folder: files, and mirrors, each by its root."""

from __future__ import annotations

import os
from collections.abc import Iterator

from graphcache.records import Report, one_line
from graphcache.sources import binaries, mirror


def paths_below(root: str, report: Report) -> Iterator[tuple[str, bool]]:
    """Every regular file below a folder, sorted by path; symlinks are followed, loops are not.

    Of a mirror, its root stands for its own files: with each path comes whether it is one.
    """
    visited: set[tuple[int, int]] = set()
    todo = [root]
    while todo:
        folder = todo.pop()
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            report.reject(one_line(folder), reason(error))
            continue
        if (status.st_dev, status.st_ino) in visited:
            folder = one_line(folder)
            report.skip(folder, "a symlink to a folder that was read already")
            continue
        visited.add((status.st_dev, status.st_ino))
        names = {entry.name for entry in entries}
        if ".spack" in names and binaries.is_installed(folder):
            report.skip(one_line(folder), binaries.INSTALLED)
            continue
        if "v3" in names and os.path.exists(os.path.join(folder, mirror.LAYOUT)):
            yield folder, True
            entries = [entry for entry in entries if entry.name not in ("v3", "blobs")]
        passed_over = binaries.passed_over(folder, names)
        files: list[str] = []
        for entry in entries:
            kind = _kind(entry, passed_over)
            if kind == "folder":
                todo.append(entry.path)
            elif kind == "file":
                files.append(entry.path)
            else:
                report.skip(one_line(entry.path), kind)
        yield from ((path, False) for path in reversed(files))


def _kind(entry: os.DirEntry[str], passed_over: dict[str, str]) -> str:
    """What an entry of a folder is, or why it is not read."""
    if entry.name.startswith("."):
        return "hidden"
    try:
        if entry.is_dir():
            return passed_over.get(entry.name, "folder")
        if not entry.is_file():
            return "neither a file nor a folder"
        return binaries.BINARY if binaries.is_binary(entry.name) else "file"
    except OSError as error:  # a symlink to itself
        return reason(error)


def reason(error: Exception) -> str:
    """What the operating system says, in words."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return getattr(error, "strerror", None) or str(error)
