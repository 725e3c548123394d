"""What this machine is, in the names that Spack gives to processors and operating systems."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from graphcache.errors import UsageError, what_to_do
from graphcache.spack.libc import Libc

_RENAMED = {"ol": "oracle", "opensuse-leap": "opensuse"}
"""Distributions that Spack knows under another name than that in their os-release."""
_MACOS = {
    "10.15": "catalina",
    "10.16": "bigsur",
    "11": "bigsur",
    "12": "monterey",
    "13": "ventura",
    "14": "sonoma",
    "15": "sequoia",
    "26": "tahoe",
}
_LOADER = re.compile(r"/\S*/ld(?:64|-)[^/\s]*\.so[^/\s]*")
"""The dynamic linker, as it is listed among the files that a process has in its memory."""
_SECONDS = 5
"""A dynamic linker that takes longer to say its version is not asked further."""


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
        UsageError: it is no Linux and no macOS, or says nothing of itself.
    """
    if platform.system() == "Darwin":
        return macos_name(platform.mac_ver()[0])
    try:
        return os_name(platform.freedesktop_os_release())
    except OSError as error:
        raise _say_os(f"this machine's operating system is not known ({error})") from None


def macos_name(version: str) -> str:
    """The name that Spack gives to a version of macOS.

    Raises:
        UsageError: it knows none by that version.

    >>> macos_name("14.6.1"), macos_name("10.15.7")
    ('sonoma', 'catalina')
    """
    first, _, rest = version.partition(".")
    name = _MACOS.get(f"10.{rest.partition('.')[0]}" if first == "10" else first)
    if name is None:
        raise _say_os(f"macOS {version or 'of an unknown version'}")
    return name


def _say_os(why: str) -> UsageError:
    return what_to_do(UsageError, f"{why}: say ", python="os", at_shell="--os")


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


def this_libc() -> Libc | None:
    """The C library of this machine; None where there is none that Spack would ask for.

    It is that of the running Python, which Spack takes where no compiler says otherwise. glibc
    tells its version when asked; of musl, the dynamic linker that this process runs by is started,
    which says it and does nothing else.
    """
    try:
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None  # no Linux
    loader = _LOADER.search(mapped)
    if loader is None:
        return None
    path = _prefix(loader[0])
    if "ld-musl" in loader[0]:
        version = musl_version(_said(loader[0]))
        return Libc("musl", version, path) if version else None
    try:
        name, _, glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (OSError, ValueError):
        return None
    return Libc(name, glibc, path) if name == "glibc" and glibc else None


def musl_version(said: str) -> str | None:
    r"""The version in what musl's dynamic linker says of itself; None if there is none.

    >>> musl_version("musl libc (x86_64)\nVersion 1.2.5\nDynamic Program Loader\n")
    '1.2.5'
    """
    found = re.search(r"^musl libc.*\nVersion (\S+)$", said, re.MULTILINE)
    return found[1] if found else None


def _said(loader: str) -> str:
    try:
        ended = subprocess.run([loader], capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stderr.decode(errors="replace")


def _prefix(loader: str) -> str | None:
    """Where a C library lies by where its dynamic linker does, as Spack reckons it."""
    folder = PurePosixPath(loader).parent
    if folder.name not in ("lib", "lib64"):
        folder = folder.parent  # of the architecture alone, as lib/x86_64-linux-gnu
    return str(folder.parent) if folder.name in ("lib", "lib64") else None
