"""From the address of a lake to its place: a folder here, or a bucket; on other machines too."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from graphcache.errors import UsageError
from graphcache.lake.places import Place
from graphcache.remote.buckets import Bucket, bucket_and_key, is_bucket
from graphcache.remote.locations import NotFetched, is_url, local_path, shown


def place_at(lake: str | os.PathLike[str]) -> Place:
    """The place of a path or address, be it there or not.

    Raises:
        LakeError: a bucket can't be reached from here.
        UsageError: nothing reads addresses of that kind.

    >>> place_at("history").is_local
    True
    """
    given = os.fspath(lake)
    path = local_path(given) if is_url(given) else given
    if path is not None:
        root = os.path.abspath(path)
        return Place(root, shown(given), True, root)
    if is_bucket(given):
        from graphcache.lake.bucket_places import BucketPlace

        return BucketPlace.at(given)
    raise UsageError(
        f"{shown(given)}: a lake can't lie there: expected a folder of this machine, or "
        f"s3://BUCKET/PREFIX; another file system can be mounted as a folder"
    )


@dataclass(frozen=True)
class Sent:
    """A place as tasks on other machines get it."""

    address: str
    settings: dict[str, str] = field(repr=False)
    """Those by which buckets are found by who sends it, since tasks may know none."""

    @classmethod
    def of(cls, place: Place, paths: Iterable[str] = ()) -> Sent:
        """A place, and what of paths is in a bucket, for tasks that read these."""
        names = [address for address in (place.address, *paths) if is_bucket(address)]
        settings = {}
        with suppress(NotFetched):  # public buckets need none
            settings = Bucket(bucket_and_key(names[0])[0]).settings() if names else {}
        return cls(place.address, settings)

    def place(self) -> Place:
        """The place, for the task that calls this; it finds other buckets too."""
        os.environ.update(self.settings)
        return place_at(self.address)
