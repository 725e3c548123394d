"""Binaries of build caches and installed packages: what they hold is other people's, and not read.

Packages ship test data, so in them may stand lock files and spec files of anything. A mirror of
version 3 names its binaries; in one of version 2 they are told by their names and places, and what
Spack installed, in a folder or packed, by the files that it leaves in `.spack`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

BINARY = "a binary of a build cache"
INSTALLED = "a package that Spack installed"
SOURCES = "sources of packages"

_ENDING = ".spack"
_LEFT_BY_SPACK = frozenset(
    {"binary_distribution", "install_manifest.json", "spec.json", "spec.yaml"}
)
_BUILD_CACHE = "build_cache"
_SOURCES = "_source-cache"
_OF_A_MIRROR = ("index.json", ".spec.json", ".spec.json.sig", ".spec.yaml")


def is_binary(name: str) -> bool:
    """Whether a file of this name is a binary in a mirror of version 2.

    >>> is_binary("build_cache/linux/gcc-12/zlib-1.3/zlib-1.3-abc.spack"), is_binary("spack.lock")
    (True, False)
    """
    return name.endswith(_ENDING)


def installed_in(name: str) -> str | None:
    """The folder, with a slash, of the package that a file of this name says was installed there.

    >>> installed_in("opt/zlib-1.3/.spack/spec.json"), installed_in(".spack/mirrors.yaml")
    ('opt/zlib-1.3/', None)
    """
    folder, _, file = name.rpartition("/")
    if file not in _LEFT_BY_SPACK or (folder != ".spack" and not folder.endswith("/.spack")):
        return None
    return folder.removesuffix(".spack")


def is_installed(folder: str) -> bool:
    """Whether Spack installed a package in the folder."""
    return any(os.path.exists(os.path.join(folder, ".spack", name)) for name in _LEFT_BY_SPACK)


def passed_over(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Of the folders in a folder those that hold binaries or sources, with what they hold.

    `names` are all that is in it. In the `build_cache` of a mirror of version 2, the index and the
    spec files lie above the folders of binaries.
    """
    names = list(names)
    held = {_SOURCES: SOURCES}
    if any(name.endswith(_OF_A_MIRROR) for name in names) and (
        os.path.basename(os.path.abspath(folder)) == _BUILD_CACHE
    ):
        held |= dict.fromkeys(names, BINARY)
    return held
