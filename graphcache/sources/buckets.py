"""What lies below an address of a bucket: files, and mirrors, each by its root.

Other servers do not say what they have. Of a bucket it can be asked, if its owner allows it: not of
most public mirrors, which are found without a list.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import quote

from graphcache.records import Report
from graphcache.remote.buckets import Bucket, bucket_and_key
from graphcache.remote.locations import NotFetched, shown
from graphcache.sources import binaries, mirror

_INDEXES = (mirror.INDEX, mirror.INDEX_2)
_OF_A_MIRROR = frozenset({"v3", "blobs", "build_cache"})


def addresses_below(address: str, report: Report) -> Iterator[tuple[str, bool]]:
    """The addresses of what can be read below one of a bucket, and of each, if it is a mirror.

    What is passed over is noted in the report.

    Raises:
        NotFetched: the bucket can't be listed, or has nothing there.
    """
    try:
        name, key = bucket_and_key(address)
        bucket, prefix = Bucket(name), f"{key}/" if key else ""
        folders, keys = bucket.folder(prefix)
    except (NotFetched, OSError) as error:
        raise NotFetched(f"it can't be listed: {error}") from None
    if not (folders or keys):
        raise NotFetched("nothing is below it")
    return _walk(bucket, prefix, report)


def _walk(bucket: Bucket, root: str, report: Report) -> Iterator[tuple[str, bool]]:
    """As `folders.paths_below` does with a folder: sorted by name, files before folders."""
    todo = [root]
    while todo:
        prefix = todo.pop()
        try:
            folders, keys = bucket.folder(prefix)
            is_mirror = _is_mirror(bucket, prefix, folders)
        except OSError as error:
            report.reject(shown(_address(bucket, prefix)), str(error))
            continue
        names = {_last(folder): folder for folder in folders}
        if is_mirror:
            yield _address(bucket, prefix), True
            names = {name: names[name] for name in names.keys() - _OF_A_MIRROR}
        passed_over = binaries.passed_over(f"/{prefix}", [*names, *map(_last, keys)])
        for key in sorted(keys):
            why = _why_not(_last(key), {})
            if why:
                report.skip(shown(_address(bucket, key)), why)
            elif not key.endswith("/"):  # which stands for a folder
                yield _address(bucket, key), False
        for name in sorted(names, reverse=True):
            why = _why_not(name, passed_over)
            if why:
                report.skip(shown(_address(bucket, names[name])), why)
            else:
                todo.append(names[name])


def _is_mirror(bucket: Bucket, prefix: str, folders: list[str]) -> bool:
    """Whether a mirror is there, whose index stands for all that it has."""
    return any(
        any(one.key == f"{prefix}{index}" for one in bucket.objects(f"{prefix}{index}"))
        for index in _INDEXES
        if f"{prefix}{index.partition('/')[0]}/" in folders
    )


def _why_not(name: str, passed_over: dict[str, str]) -> str | None:
    """Why what is called so is not read."""
    if name.startswith("."):
        return "hidden"
    return passed_over.get(name) or (binaries.BINARY if binaries.is_binary(name) else None)


def _last(key: str) -> str:
    return posixpath.basename(key.rstrip("/"))


def _address(bucket: Bucket, key: str) -> str:
    return f"s3://{bucket.name}/{quote(key)}"
