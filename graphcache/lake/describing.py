"""What is in a lake, and whether all of it is as it was written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Any

from graphcache.errors import LakeError
from graphcache.lake.facts import FACTS, NOTES
from graphcache.lake.lake import Lake
from graphcache.lake.listing import LAYOUT, Joined, PartFile
from graphcache.lake.places import Place, damaged
from graphcache.lake.tables import digest
from graphcache.schema import EDGE_TYPES, NODE_TYPES


@dataclass(frozen=True, slots=True)
class LakeDescription:
    """What is in a lake: rows of facts by release, what reading came to, and the tables."""

    layout: int
    releases: list[dict[str, Any]]
    """Of each partition its release and stack, when it was read, and its rows by kind of facts."""
    adds: list[dict[str, Any]]
    """Of each `add` its time and sources, and how many files, records, rejects and so on."""
    facts: dict[str, int]
    """Rows by kind; rejects, warnings and what was skipped among them."""
    bytes: int
    joined: dict[str, Any] | None
    """When the tables were joined and by which engine, their digest and their warnings."""
    nodes: dict[str, int]
    edges: dict[str, int]
    to_join: int
    """Partitions that are newer than the tables, or gone since."""


def describe(lake: str | os.PathLike[str]) -> LakeDescription:
    """What is in a lake, from its list alone.

    Raises:
        LakeError: there is no lake, or it is damaged or of another layout.

    >>> from tempfile import TemporaryDirectory
    >>> from graphcache.lake.adding import add
    >>> with TemporaryDirectory() as folder:
    ...     _ = add(f"{folder}/lake", "examples/pages")
    ...     describe(f"{folder}/lake").facts["spec"]
    216
    """
    opened = Lake.open(lake)
    listing = opened.listing
    joined = listing.joined
    new, gone = opened.not_joined()
    counts = {name: _rows(files) for name, files in joined.tables.items()} if joined else {}
    times = {add.id: add.time for add in listing.adds.values()}
    return LakeDescription(
        LAYOUT,
        [
            {
                "release": one.release,
                "stack": one.stack,
                "added": times[one.add],
                **{kind: _rows(one.facts.get(kind, [])) for kind in FACTS},
            }
            for one in listing.partitions
        ],
        [
            {
                "added": add.time,
                "from": add.sources,
                "files": add.files,
                "records": add.records,
                "rejects": add.rejected,
                "warnings": add.warnings,
                "skipped": add.skipped,
            }
            for add in sorted(listing.adds.values(), key=lambda add: (add.time, add.id))
        ],
        {kind: _rows(listing.facts(kind)) for kind in FACTS}
        | {kind: _rows(listing.notes(kind)) for kind in NOTES},
        sum(file.bytes for file in listing.files()),
        _joined(joined),
        {t.name: counts[t.name] for t in NODE_TYPES if t.name in counts},
        {t.name: counts[t.name] for t in EDGE_TYPES if t.name in counts},
        len(new) + len(gone),
    )


def _joined(joined: Joined | None) -> dict[str, Any] | None:
    if joined is None:
        return None
    warnings = _rows(joined.warnings)
    said = {"joined": joined.time, "by": joined.engine}
    return {**said, "digest": joined.digest, "warnings": warnings}


def _rows(files: list[PartFile]) -> int:
    return sum(file.rows for file in files)


@dataclass(frozen=True, slots=True)
class Verified:
    """What `verify` found: no problem, and the digest of the tables; or each problem."""

    files: int
    digest: str | None
    """None where there are no tables."""
    problems: list[str]


def verify(lake: str | os.PathLike[str], on_file: Callable[[int], None] | None = None) -> Verified:
    """Read every file of a lake, and compute the digest of its tables anew.

    Raises:
        LakeError: there is no lake, or its list is damaged or of another layout.
    """
    opened = Lake.open(lake)
    place, listing = opened.place, opened.listing
    files = listing.files()
    broken: dict[str, str] = {}
    for number, file in enumerate(files, start=1):
        problem = _problem_of(place, file)
        if problem is not None:
            broken[file.path] = problem
        if on_file is not None:
            on_file(number)
    problems = list(broken.values())
    joined = listing.joined
    found = None
    tables = chain(*joined.tables.values()) if joined else ()
    if joined is not None and broken.keys().isdisjoint(file.path for file in tables):
        found = digest(place, joined.tables)
        if found != joined.digest:
            problems.append(
                f"{place.shown}: expected the digest {joined.digest} of the tables, found {found}: "
                f"'graphcache lake join --all' makes them again"
            )
    return Verified(len(files), found, problems)


def _problem_of(place: Place, file: PartFile) -> str | None:
    try:
        data = place.read(file.path)
    except FileNotFoundError:
        return str(damaged(place, file, "it is not there"))
    except LakeError as error:
        return str(error)
    if len(data) != file.bytes:
        return str(damaged(place, file, f"expected {file.bytes:,} bytes, found {len(data):,}"))
    if sha256(data).hexdigest() != file.sha256:
        return str(damaged(place, file, "its content has changed"))
    return None
