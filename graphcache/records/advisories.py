"""Security advisories in the form of OSV: what one says of which versions of which packages.

Source: the OSV schema, 1.7, https://ossf.github.io/osv-schema/.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from graphcache.records.types import Name

MAX_EVENTS = 10_000
"""Events of a range, and versions of a list, at most: each is compared with every version."""

_VersionText = Annotated[str, Meta(max_length=1_000)]


class Event(Struct, frozen=True):
    """A version at which something changes; one field of it is there."""

    introduced: _VersionText | None = None
    fixed: _VersionText | None = None
    last_affected: _VersionText | None = None
    limit: _VersionText | None = None


class AffectedRange(Struct, frozen=True):
    """Versions from some events up to others, in the order that `type` says."""

    type: str
    events: Annotated[list[Event], Meta(max_length=MAX_EVENTS)]
    repo: str | None = None


class NamedPackage(Struct, frozen=True):
    """A package as an ecosystem names it, such as `PyPI` or `Debian:12`."""

    ecosystem: Name
    name: Name


class Affected(Struct, frozen=True):
    """What an advisory says of one package."""

    package: NamedPackage | None = None
    """None where only a repository says what it is."""
    ranges: list[AffectedRange] | None = None
    versions: Annotated[list[_VersionText], Meta(max_length=MAX_EVENTS)] | None = None
    broken: str = ""
    """Why its versions could not be read; then it has none."""

    @property
    def repositories(self) -> list[str]:
        """The repositories that its ranges are of.

        >>> Affected(ranges=[AffectedRange("GIT", [], "https://a.org/curl")]).repositories
        ['https://a.org/curl']
        """
        return [range_.repo for range_ in self.ranges or () if range_.repo]


class Reference(Struct, frozen=True):
    """A page about it."""

    type: str = ""
    url: str = ""


class Advisory(Struct, frozen=True):
    """One advisory: its name, and what it says of each package."""

    id: str
    affected: list[Affected]
    aliases: list[str] = []
    summary: str = ""
    modified: str = ""
    withdrawn: str = ""
    """When it was taken back; empty if it was not."""
    url: str = ""
    """Where it is written out, as far as it says."""

    @property
    def names(self) -> frozenset[str]:
        """All the names that it goes by.

        >>> sorted(Advisory("GHSA-1", [], ["CVE-1"]).names)
        ['CVE-1', 'GHSA-1']
        """
        return frozenset((self.id, *self.aliases))
