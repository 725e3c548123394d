"""A lake, opened: its list, and how it is changed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from graphcache.errors import LakeError
from graphcache.files import clean_up
from graphcache.lake.addresses import place_at
from graphcache.lake.listing import LIST, Joined, Listing, PartFile, Partition, decode, encode
from graphcache.lake.places import Place


@dataclass
class Lake:
    """A lake as it was when it was opened."""

    place: Place
    listing: Listing
    version: str | None = None
    """By what another list at that place is known; None where there was none."""
    _ids: list[str] = field(default_factory=list)
    """What the names of files begin with that are written by this process."""

    @classmethod
    def open(cls, lake: str | os.PathLike[str]) -> Lake:
        """The lake at a path or address.

        Raises:
            LakeError: there is none, or it is damaged or of another layout.
        """
        place = place_at(lake)
        listing, version = _list_of(place)
        if listing is None:
            raise LakeError(
                f"{place.shown}: expected a lake, found no {LIST} in it: "
                f"'graphcache lake add {place.shown} PATH...' makes one"
            )
        return cls(place, listing, version)

    @classmethod
    def open_or_new(cls, lake: str | os.PathLike[str]) -> Lake:
        """The lake at a path or address, or an empty one where nothing is.

        Raises:
            LakeError: something else is there; or the lake is damaged, or of another layout.
        """
        place = place_at(lake)
        listing, version = _list_of(place)
        if listing is None and not place.is_empty():
            raise LakeError(
                f"{place.shown}: expected a lake or an empty folder, found one without {LIST} that "
                f"holds something else: give another path"
            )
        return cls(place, listing or Listing(), version)

    def new_id(self) -> str:
        """A name for files that no others have."""
        self._ids.append(uuid.uuid4().hex[:16])
        return self._ids[-1]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Where it fails, remove what was written.

        Raises:
            LakeError: it failed since another process has changed the lake meanwhile.
        """
        try:
            yield
        except BaseException as error:
            changed = False
            with suppress(LakeError):  # a later one removes it
                clean_up(self.remove_unlisted)
                changed = _list_of(self.place)[1] != self.version
            # Who has changed it has removed what it took for left.
            if changed and isinstance(error, LakeError):
                raise self._changed() from None
            raise

    def commit(self, listing: Listing) -> None:
        """Make a list that of the lake, and remove the files that are not in it.

        Raises:
            LakeError: it can't be written, or another process has changed the lake meanwhile; its
                content is as it was.
        """
        listing.generation = self.listing.generation + 1
        version = self.place.replace(LIST, encode(listing), self.version)
        if version is None:
            raise self._changed()
        self.version = version
        replaced, self.listing = self.listing, listing
        self.remove_unlisted({file.path for file in replaced.files()})

    def _changed(self) -> LakeError:
        return LakeError(
            f"{self.place.shown}: another graphcache has changed it meanwhile: try again"
        )

    def remove_unlisted(self, replaced: Iterable[str] = ()) -> None:
        """Remove what is not listed: what was replaced, and what a process left that did not end.

        The list is that which is there now: who is interrupted may have written one or not. Where
        no lock keeps others away, what was written since that list is left alone: who writes it
        now began with that list. Who wrote anything before began with another one, and will be
        told that it has changed.
        """
        listed = {file.path for file in (_list_of(self.place)[0] or Listing()).files()}
        left = self.place.left(LIST, self._ids) | set(replaced)
        self.place.remove(sorted(left - listed))

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


def _list_of(place: Place) -> tuple[Listing | None, str | None]:
    """The list that is at a place, and its version; None if there is none.

    Raises:
        LakeError: it is damaged or of another layout, or can't be read.
    """
    try:
        data, version = place.read_version(LIST)
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    return decode(data, place.shown), version
