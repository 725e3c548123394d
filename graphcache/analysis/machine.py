"""What this machine is, in the names that Spack gives to processors and operating systems."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping

from graphcache.errors import UsageError

_RENAMED = {"ol": "oracle", "opensuse-leap": "opensuse"}
"""Distributions that Spack knows under another name than that in their os-release."""


def this_target() -> str:
    """The target of this machine's processor.

    >>> this_target() != ""
    True
    """
    from archspec.cpu import host  # it looks at the processor

    return str(host().name)


def this_os() -> str:
    """The operating system of this machine, as Spack names it.

    Raises:
        UsageError: it is no Linux, or says nothing of itself.
    """
    try:
        return os_name(platform.freedesktop_os_release())
    except OSError as error:
        raise UsageError(
            f"this machine's operating system is not known ({error}): say --os"
        ) from None


def os_name(release: Mapping[str, str]) -> str:
    """The name that Spack gives to a Linux of which the fields of os-release are these.

    >>> os_name({"ID": "ubuntu", "VERSION_ID": "22.04"})
    'ubuntu22.04'
    >>> os_name({"ID": "almalinux", "VERSION_ID": "9.4"})
    'almalinux9'
    """
    name = release.get("ID", "linux").lower()
    parts = re.split(r"[^\w-]", release.get("VERSION_ID", ""))
    version = parts[0]
    if "ubuntu" in name:
        version = ".".join(parts[:2])
    elif "opensuse-tumbleweed" in name:
        name, version = "opensuse", f"tumbleweed{platform.libc_ver()[1]}"
    return (_RENAMED.get(name, name) + version).replace("-", "_")
