"""The C library of a machine, which Spack asks for on Linux before it takes a binary.

Source: Spack 1.2.0.dev0, `libc_is_compatible` in `spack.solver.asp` and `spack.util.libc`.
"""

from __future__ import annotations

from typing import NamedTuple

from graphcache.errors import UsageError
from graphcache.spack.versions import parse_version

LIBCS = ("glibc", "musl")
"""The C libraries that Spack tells apart."""


class Libc(NamedTuple):
    """A C library."""

    name: str
    version: str
    path: str | None = None
    """Where it lies, as `/usr`; None where that is not known."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def runs(self, other: Libc) -> bool | None:
        """Whether what was built on the other one runs on this; None where it can't be said.

        Spack asks for the same library in the same place, of the other's version at least. The
        place is not asked where one of the two does not tell it.

        >>> Libc("glibc", "2.35").runs(Libc("glibc", "2.28"))
        True
        >>> Libc("glibc", "2.28").runs(Libc("glibc", "2.35"))
        False
        >>> Libc("glibc", "2.35", "/usr").runs(Libc("glibc", "2.28", "/"))
        False
        """
        if self.name != other.name or (self.path and other.path and self.path != other.path):
            return False
        try:
            return not parse_version(self.version) < parse_version(other.version)
        except UsageError:
            return None


def parse_libc(text: str) -> Libc:
    """A C library as people write it: `glibc@2.35`, `musl@1.2.5`.

    Raises:
        UsageError: it is no library with one version.

    >>> parse_libc("glibc@2.35")
    Libc(name='glibc', version='2.35', path=None)
    >>> parse_libc("2.35")
    Traceback (most recent call last):
    graphcache.errors.UsageError: 2.35: expected a C library, as glibc@2.35 or musl@1.2.5
    """
    name, _, version = text.strip().partition("@")
    version = version.removeprefix("=")
    if name in LIBCS:
        try:
            parse_version(version)
        except UsageError:
            pass
        else:
            return Libc(name, version)
    found = text or "an empty text"
    raise UsageError(f"{found}: expected a C library, as glibc@2.35 or musl@1.2.5")
