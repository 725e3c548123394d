"""A small file system that stands in for a full disk: one process and its children see it."""

from __future__ import annotations

import functools
import subprocess
import tempfile

OWN_MOUNTS = ("unshare", "-rm")
"""What begins the command of a process that may mount, with nobody else seeing it."""


@functools.cache
def can_mount() -> bool:
    """Whether the system lets a user mount; CONTRIBUTING.md says which tests need it."""
    command = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
