"""Advisories from files, folders, archives and addresses, each in the JSON form of OSV.

A part of an advisory that is not as it should be costs no other: what can be known of it stays, and
says that its versions could not be read, so that nobody takes it for an all-clear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from graphcache.errors import InputError
from graphcache.records import Name, Report, one_line
from graphcache.records.advisories import Advisory, Affected, NamedPackage, Reference
from graphcache.remote.locations import shown
from graphcache.sources.addresses import Remote
from graphcache.sources.documents import MAX_DOCUMENT, decode, document_text
from graphcache.sources.inputs import InputFile, input_files
from graphcache.sources.names import Unreadable
from graphcache.tables.collector import paused_collector
from graphcache.words import counted

_MOST_NAMES = 1_000
_SHOWN = 5
_NOTHING = Raw()
_NOT_ONE = "no advisory in OSV's form"


class _Document(Struct):
    """An advisory, of which what it says of packages is not decoded yet."""

    id: Name
    affected: list[Raw] | None = None
    aliases: Annotated[list[Name], Meta(max_length=_MOST_NAMES)] | None = None
    summary: str | None = None
    modified: str | None = None
    withdrawn: str | None = None
    references: list[Reference] | None = None


class _PackageAlone(Struct):
    package: NamedPackage | None = None


class _Marks(Struct):
    """By which keys an advisory is known; `vulns` is what OSV's API answers with."""

    id: Raw = _NOTHING
    affected: Raw = _NOTHING
    modified: Raw = _NOTHING
    vulns: list[Raw] | None = None


_MARKS = msgspec.json.Decoder(_Marks)
_DOCUMENT = msgspec.json.Decoder(_Document)
_AFFECTED = msgspec.json.Decoder(Affected)
_PACKAGE = msgspec.json.Decoder(_PackageAlone)


def read_advisories(
    paths: Iterable[str | PathLike[str]], remote: Remote | None = None
) -> tuple[list[Advisory], Report]:
    """Read advisories: files, folders, archives, addresses, or `-` for standard input.

    Of several with one name, that which was modified last counts. They are sorted by name.

    Args:
        paths: where to read.
        remote: how what lies elsewhere is brought here, and where it is kept.

    Raises:
        InputError: there is no advisory.

    >>> found, report = read_advisories(["examples/advisories"])
    >>> found[0].id, report.rejected
    ('CVE-2025-9086', 0)
    """
    report = Report()
    given = [fspath(path) for path in paths]
    newest: dict[str, Advisory] = {}
    with paused_collector():
        for file in input_files(given, report, remote or Remote(MAX_DOCUMENT, mirrors=False)):
            for advisory in _of_file(file, report):
                held = newest.get(advisory.id)
                if held is None or held.modified <= advisory.modified:
                    newest[advisory.id] = advisory
    if not newest:
        raise InputError(_nothing_read(given, report), report)
    return [newest[name] for name in sorted(newest)], report


def _of_file(file: InputFile, report: Report) -> Iterator[Advisory]:
    """The advisories in a file. One that is something else is skipped, or rejected if asked for."""
    try:
        documents = _documents(file.data)
    except Unreadable as problem:
        if file.asked_for or file.name.endswith(".json"):
            report.reject(file.name, f"{_NOT_ONE}: {problem}")
        else:
            report.skip(file.name, _NOT_ONE)
        return
    report.files += 1
    for document in documents:
        report.records += 1
        try:
            yield _advisory(document)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            report.reject(file.name, f"an advisory that can't be read: {error}")


def _documents(data: bytes) -> list[bytes]:
    """The text of each advisory in a file: of one, of a list, or of an answer of OSV's API."""
    text = document_text(data)
    if text.startswith(b'{"id"'):  # as nearly all are; what is wrong in it is found when it is read
        return [text]
    if text.lstrip()[:1] == b"[":
        raws: list[Raw] = decode(text, list[Raw], "")
        return [bytes(raw) for raw in raws]
    try:
        marks = _MARKS.decode(text)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"no JSON: {error}") from None
    if marks.vulns is not None:
        return [bytes(raw) for raw in marks.vulns]
    if not bytes(marks.id) or not (bytes(marks.affected) or bytes(marks.modified)):
        raise Unreadable("it has no id, or neither 'affected' nor 'modified'")
    return [text]


def _advisory(text: bytes) -> Advisory:
    document = _DOCUMENT.decode(text)
    links = [reference for reference in document.references or () if reference.url]
    links.sort(key=lambda reference: reference.type != "ADVISORY")
    return Advisory(
        id=document.id,
        affected=[_affected(raw) for raw in document.affected or ()],
        aliases=document.aliases or [],
        summary=document.summary or "",
        modified=document.modified or "",
        withdrawn=document.withdrawn or "",
        url=links[0].url if links else "",
    )


def _affected(raw: Raw) -> Affected:
    """What is said of one package; if only the package can be read, that, and what is wrong."""
    try:
        return _AFFECTED.decode(raw)
    except (msgspec.ValidationError, RecursionError) as error:
        broken = one_line(str(error))
    try:
        package = _PACKAGE.decode(raw).package
    except (msgspec.ValidationError, RecursionError):
        package = None
    return Affected(package, broken=broken)


def _nothing_read(paths: list[str], report: Report) -> str:
    where = one_line(" ".join(map(shown, paths)))
    found: list[Any] = [*report.rejects, *report.skipped]
    lines = [f"  {one_line(str(one))}" for one in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"  … and {counted(len(found) - _SHOWN, 'other file')}")
    why = "expected JSON in OSV's form, in files, folders, archives, or behind an address"
    return "\n".join([f"{where}: no advisory could be read: {why}", *lines])
