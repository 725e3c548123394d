"""A lake, opened: its list, and how it is changed."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass

from graphcache.errors import LakeError
from graphcache.lake.listing import LIST, Joined, Listing, PartFile, Partition, decode, encode
from graphcache.lake.places import Place

WORK = "work"
"""The folder of what an engine makes on the way, while it joins."""
_FOLDERS = ("facts", "tables", WORK)


@dataclass
class Lake:
    """A lake as it was when it was opened."""

    place: Place
    listing: Listing

    @classmethod
    def open(cls, lake: str | os.PathLike[str]) -> Lake:
        """The lake at a path or address.

        Raises:
            LakeError: there is none, or it is damaged or of another layout.
        """
        place = Place.of(lake)
        listing = _list_of(place)
        if listing is None:
            raise LakeError(
                f"{place.shown}: expected a lake, found no {LIST} in it: "
                f"'graphcache lake add {place.shown} PATH...' makes one"
            )
        return cls(place, listing)

    @classmethod
    def open_or_new(cls, lake: str | os.PathLike[str]) -> Lake:
        """The lake at a path or address, or an empty one where nothing is.

        Raises:
            LakeError: something else is there; or the lake is damaged, or of another layout.
        """
        place = Place.of(lake)
        listing = _list_of(place)
        if listing is None and not place.is_empty():
            raise LakeError(
                f"{place.shown}: expected a lake or an empty folder, found one without {LIST} that "
                f"holds something else: give another path"
            )
        return cls(place, listing or Listing())

    def new_id(self) -> str:
        """A name for files that no others have."""
        return uuid.uuid4().hex[:16]

    def commit(self, listing: Listing) -> None:
        """Make a list that of the lake, and remove the files that are not in it.

        Raises:
            LakeError: it can't be written, or another process has changed the lake meanwhile; its
                content is as it was.
        """
        now = _list_of(self.place) or Listing()
        if now.generation != self.listing.generation:
            raise LakeError(
                f"{self.place.shown}: another graphcache has changed it meanwhile: try again"
            )
        listing.generation = now.generation + 1
        self.place.replace(LIST, encode(listing))
        self.listing = listing
        self.remove_unlisted()

    def remove_unlisted(self) -> None:
        """Remove what is not listed: what was replaced, and what a process left that did not end.

        The list is that which is there now: who is interrupted may have written one or not.
        """
        listed = {file.path for file in (_list_of(self.place) or Listing()).files()}
        self.place.remove(sorted(self.place.files(_FOLDERS) - listed))

    def not_joined(self) -> tuple[list[Partition], list[PartFile]]:
        """The partitions that the tables were not joined of, and the hashes of those gone."""
        joined = self.listing.joined
        known = set(joined.partitions) if joined else set()
        new = [p for p in self.listing.partitions if (*p.key, p.add) not in known]
        return new, self.listing.replaced

    def tables(self) -> Joined:
        """The tables.

        Raises:
            LakeError: it has none, or they are older than its facts.
        """
        joined = self.listing.joined
        if joined is None:
            raise self._to_join("has no tables yet")
        new, gone = self.not_joined()
        if new or gone:
            raise self._to_join("its facts are newer than its tables")
        return joined

    def _to_join(self, what: str) -> LakeError:
        shown = self.place.shown
        return LakeError(f"{shown}: {what}: 'graphcache lake join {shown}' makes them")


def _list_of(place: Place) -> Listing | None:
    """The list that is at a place; None if there is none.

    Raises:
        LakeError: it is damaged or of another layout, or can't be read.
    """
    try:
        return decode(place.read(LIST), place.shown)
    except (FileNotFoundError, NotADirectoryError):
        return None
