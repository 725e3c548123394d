"""Facts as Parquet: a folder per kind, in it one per release, in the form that Hive gave names to.

What `tables/facts.py` makes of files serves as it is; who says that a spec is where (`said`) names
it by its hash, and not by its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.errors import UsageError
from graphcache.lake.listing import Files, PartFile, Partition, files_of
from graphcache.lake.places import Place, read_part, write_part
from graphcache.records import Reject, short
from graphcache.tables.columns import flat
from graphcache.tables.disagreements import members_of
from graphcache.tables.facts import DEPENDS_ON_FACTS, SPEC_FACTS, Facts
from graphcache.tables.said import SAID, are_by_pages

NO_RELEASE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive, and all that reads its folders, takes for null."""
_LONGEST = 255 - len("release=")

SAID_FACTS = pa.schema(
    [
        ("hash", pa.string()),
        ("name", pa.string()),
        ("claim", pa.string()),
        ("in_buildcache", pa.bool_()),
        ("stack", pa.string()),
        ("in_release", pa.string()),
        ("root", pa.bool_()),
        ("listed", pa.bool_()),
    ]
)
"""As `SAID`. `in_release` is the release that holds the spec: null of what is only needed."""
FILE_FACTS = pa.schema(
    [
        ("file", pa.string()),
        ("claim", pa.string()),
        ("digest", pa.string()),
        ("place", pa.string()),
        ("complete", pa.bool_()),
    ]
)
"""What was read, what it claims, and whether nothing of it was rejected."""
REJECTS = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("field", pa.string()),
        ("why", pa.string()),
        ("record", pa.bool_()),
    ]
)
WARNINGS = pa.schema([("warning", pa.string()), ("count", pa.int64())])
SKIPPED = pa.schema([("skipped", pa.string())])

FACTS = {
    "spec": SPEC_FACTS,
    "said": SAID_FACTS,
    "depends_on": DEPENDS_ON_FACTS,
    "file": FILE_FACTS,
}
"""The kinds of facts of a release, by the name of their folder."""
NOTES = {"reject": REJECTS, "warning": WARNINGS, "skipped": SKIPPED}
"""What is noted besides."""
KINDS = FACTS | NOTES


def folder_of(kind: str, release: str | None) -> str:
    """The folder of the facts of a kind and release.

    Raises:
        UsageError: the release can't be the name of a folder.

    >>> folder_of("spec", "develop"), folder_of("said", "a/b")
    ('facts/spec/release=develop', 'facts/said/release=a%2Fb')
    """
    name = NO_RELEASE if release is None else quote(release, safe="")
    if release == NO_RELEASE or len(name) > _LONGEST:
        raise UsageError(
            f"release {short(release)}: expected a name that a folder can have: of at most "
            f"{_LONGEST} characters as an address writes it, and not {NO_RELEASE}; --release gives "
            f"it another one"
        )
    return f"facts/{kind}/release={name}"


def tables_of(facts: Facts) -> dict[str, pa.Table]:
    """Facts as they are kept, by kind."""
    rows = facts.said["row"]
    of_spec = {name: facts.specs[name].take(rows) for name in ("hash", "name")}
    said = {name: facts.said[name] for name in SAID.names if name not in ("row", "release")}
    columns = {**of_spec, **said, "in_release": facts.said["release"]}
    return {
        "spec": facts.specs,
        "said": pa.table([columns[name] for name in SAID_FACTS.names], schema=SAID_FACTS),
        "depends_on": facts.depends_on,
    }


def facts_of(tables: dict[str, pa.Table]) -> Facts:
    """The facts that `tables_of` was given; where a spec is said twice, of its first row."""
    specs, said = tables["spec"], tables["said"]
    row = pc.index_in(said["hash"], flat(specs["hash"])).cast(pa.int64())
    columns = {name: said[name] for name in SAID.names if name in said.column_names}
    columns |= {"row": row, "release": said["in_release"]}
    return Facts(
        specs, pa.table([columns[name] for name in SAID.names], schema=SAID), tables["depends_on"]
    )


def members_said(said: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Who is in which stack by pages, and by other files: as `tables/disagreements.py` has them."""
    said = said.filter(pc.is_valid(said["stack"]))
    by_page = are_by_pages(said["claim"])
    pages, lists = (
        members_of(*(part[name] for name in ("hash", "name", "stack", "in_release")))
        for part in (said.filter(by_page), said.filter(pc.invert(by_page)))
    )
    return pages, lists


def read_kind(place: Place, kind: str, files: Iterable[PartFile]) -> pa.Table:
    """All facts of a kind in some files.

    Raises:
        LakeError: a file is lost or damaged.
    """
    empty = KINDS[kind].empty_table()
    return pa.concat_tables([empty, *(read_part(place, file).cast(KINDS[kind]) for file in files)])


def read_facts(place: Place, partitions: list[Partition]) -> Facts:
    """The facts of some partitions, in memory.

    Raises:
        LakeError: a file is lost or damaged.
    """
    kinds = ("spec", "said", "depends_on")
    return facts_of({kind: read_kind(place, kind, files_of(partitions, kind)) for kind in kinds})


def write_facts(
    place: Place, name: str, release: str | None, tables: dict[str, pa.Table], files: Files
) -> None:
    """Write tables of facts as files of a name, and note them in `files`; not those without rows.

    Raises:
        LakeError: they can't be written.
        UsageError: the release can't be the name of a folder.
    """
    for kind, table in tables.items():
        if table.num_rows:
            path = f"{folder_of(kind, release)}/{name}.parquet"
            files.setdefault(kind, []).append(write_part(place, path, table))


def reject_table(rejects: list[Reject]) -> pa.Table:
    """Rejects as columns."""
    return pa.table(
        [pa.array([getattr(r, f.name) for r in rejects], f.type) for f in REJECTS], schema=REJECTS
    )
