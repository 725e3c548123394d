"""index.json: the database of a build cache, or of what is installed somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct

from graphcache.records import FileReport, Labels, SpecEntry, SpecList, SpecNode
from graphcache.sources.dependencies import Placed, name_dependencies
from graphcache.sources.documents import (
    Document,
    check_version,
    decode,
    decode_entries,
    is_hash,
    unwrap_node,
)
from graphcache.sources.frames import check_frame
from graphcache.sources.inputs import InputFile
from graphcache.sources.plain_specs import PlainSpecs

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = {5: 1, 6: 3, 7: 4, 8: 5, 9: 6}
"""The form of the spec objects by the version of the database."""
VERSIONS = range(5, 9)
"""Versions of the database that are known; one that is later is read as the last of them."""
_BEGIN = b'{"database":{'
"""How an index begins as Spack writes it."""


class _Database(Struct):
    version: str | int
    installs: dict[str, Raw]


class _Install(Struct, gc=False):
    spec: SpecNode
    in_buildcache: bool | None = None
    installed: bool | None = None

    @property
    def held(self) -> bool | None:
        """Whether the binary is there; an install database is no build cache, but has binaries."""
        return self.installed if self.in_buildcache is None else self.in_buildcache


def can_read(document: Document) -> bool:
    """Whether the document is an index."""
    return "database" in document


def read_plain(file: InputFile, labels: Labels, report: FileReport) -> list[SpecList] | None:
    """The specs of an index in which all are plain; None where there is any doubt.

    Raises:
        Unreadable: nothing of it can be used.
    """
    if not file.data.startswith(_BEGIN):
        return None
    plain = PlainSpecs(file.data)
    index = plain.index()
    if index is None:
        return None
    version, installs = index
    entries = [SpecEntry(key, one.spec, one.held) for key, one in installs.items()]
    needs = plain.needs(entries)
    if needs is None:
        return None
    check_version("database.version", version, VERSIONS, report)
    report.records += len(entries)
    if file.binaries is not None:
        _hold_against(file.binaries, entries, report)
    return [_said(file, labels, version, entries, needs)]


def read(
    document: Document, file: InputFile, labels: Labels, report: FileReport
) -> Iterator[SpecList]:
    """The specs of the index.

    Raises:
        Unreadable: nothing of it can be used.
    """
    database: _Database = decode(document["database"], _Database, "database")
    version = str(database.version)
    check_version("database.version", version, VERSIONS, report)
    before = report.rejected
    check_frame(file.data, {("database", "installs"): database.installs}, report)
    plain = PlainSpecs(file.data)
    part = report.part()
    placed = _installs(database, part, plain)
    listed = [entry for _, entry in placed]
    needs = plain.needs(listed)
    if needs is None:
        part.close()
        part = report.part()
        placed = _installs(database, part)
        listed = [entry for _, entry in placed]
    report.take(part)
    complete = report.rejected == before
    if file.binaries is not None:
        rejected = database.installs.keys() - {entry.hash for entry in listed}
        _hold_against(file.binaries - rejected, listed, report)
    entries = name_dependencies(placed, report)
    yield _said(file, labels, version, entries, needs, complete=complete)


def _said(
    file: InputFile,
    labels: Labels,
    version: str,
    entries: list[SpecEntry],
    needs: pa.Table | None,
    *,
    complete: bool = True,
) -> SpecList:
    return SpecList(
        file.name,
        entries,
        labels.stack,
        labels.release,
        kind="index",
        form=FORMS.get(int(version)),
        needs=needs,
        complete=complete,
    )


def _installs(
    database: _Database, report: FileReport, plain: PlainSpecs | None = None
) -> list[Placed]:
    """The entries; those that are plain without what they need."""

    def plain_install(data: bytes) -> _Install | None:
        found = plain.install(data) if plain else None
        return found and _Install(found.spec, found.held)

    place = "database.installs"
    placed: list[Placed] = []
    for key, install in decode_entries(
        database.installs.items(), place, _Install, _unwrap, report, plain=plain_install
    ):
        if is_hash(key) and install.spec.hash in (None, key):
            entry = SpecEntry(key, install.spec, install.held)
            placed.append((f"{place}.{key}.spec", entry))
        else:
            why = f"expected the hash of the spec, {install.spec.hash}, as its key"
            report.reject(why, field=f"{place}.{key}", record=True)
    return placed


def _hold_against(binaries: frozenset[str], entries: list[SpecEntry], report: FileReport) -> None:
    """Correct what an index says by the manifests of its mirror: Spack installs by a manifest."""
    listed = {entry.hash for entry in entries if entry.in_buildcache}
    missing = [entry for entry in entries if entry.in_buildcache and entry.hash not in binaries]
    for entry in missing:
        entry.in_buildcache = False
    examples = sorted(f"{entry.node.name}/{entry.hash}" for entry in missing)
    for found, said in (
        (examples, "the index lists, and of which the mirror has no binary"),
        (
            sorted(binaries - listed),
            "the mirror has a binary of, and which the index does not list",
        ),
    ):
        if found:
            report.warn(
                f"{report.file}: specs that {said}: {len(found):,}, such as {found[0]}; "
                f"'spack buildcache update-index' makes the index anew"
            )


def _unwrap(raw: Raw) -> bytes | None:
    install = msgspec.json.decode(raw, type=Document)
    node = unwrap_node(install["spec"]) if "spec" in install else None
    return node and msgspec.json.encode({**install, "spec": Raw(node)})
