"""What a page of cache.spack.io says.

A property of a Spec that `PageRecord` has under the same name is taken over from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta, Struct

from graphcache.records.claims import Claim
from graphcache.records.types import Name, SpecHash, Text


class PageRecord(Struct, forbid_unknown_fields=True, gc=False):
    """One entry of a page's `spec_details`, with the names that the page uses."""

    hash: SpecHash
    versions: Annotated[list[Name], Meta(min_length=1, max_length=1)]
    compiler: Name
    os: Name
    platform: Name
    target: Name
    stacks: list[Name]
    variants: list[Text]
    size: Text | None = None
    tarball: Text | None = None


@dataclass(slots=True)
class Page:
    """What one file says of one package in one release."""

    package: str
    release: str | None
    file: str
    records: list[PageRecord]
    derived: bool = False
    """The hashes were derived from spec texts, since the source has none."""
    in_buildcache: bool | None = True
    dependencies: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of hashes: the first needs the second."""
    complete: bool = True
    """False where a part was rejected: that a spec is absent then means nothing."""

    def claim(self, digest: str) -> Claim | None:
        """What the page replaces when it is read again; None where it only mentions the specs."""
        if self.in_buildcache is None:
            return None
        return Claim("page", self.release, self.package)
