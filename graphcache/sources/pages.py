"""Pages of cache.spack.io since 2023: one package of one release, with a record for each spec.

The form is described in `docs/formats.md`. What is published is read by `plain_pages.py`, many
pages at once; here a page is read by itself. If it is in order all the same, its JSON is decoded by
type, and the records are used as they are. Any doubt (a record that does not fit, a key that may
stand twice, text that may hold control characters) sends the page the careful way, which decodes
record by record and says of each what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import msgspec

from graphcache.records import FileReport, Labels, Page, PageRecord, short
from graphcache.sources.frontmatter import (
    Entry,
    FrontMatter,
    Item,
    decode,
    decode_items,
)
from graphcache.sources.inputs import InputFile
from graphcache.sources.keys import RepeatedKeys
from graphcache.sources.meta import check_meta
from graphcache.sources.names import (
    A_NAME,
    Unreadable,
    character_problem,
    check_name,
    may_hide_characters,
)

KEYS = frozenset({"title", "layout", "categories", "category", "meta", "spec_details"})

_A_TEXT = "text of 1 to 100,000 characters"
_EXPECTED = {
    "hash": "32 characters of a-z2-7",
    "versions": "a list of one version",
    "stacks": "a list of names of 1 to 1,000 characters",
    "variants": "a list of texts of 1 to 100,000 characters",
    "size": _A_TEXT,
    "tarball": _A_TEXT,
}
_CATEGORIES = re.compile(rb"\[\s*package\s*,\s*([A-Za-z][\w.+-]{0,99})\s*\]")
_FIELD_PATH = re.compile(r" - at `\$\.?(.*)`$")
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_FIELDS = msgspec.structs.fields(PageRecord)
_REQUIRED = sum(field.required for field in _FIELDS)
_OPTIONAL = [field.name for field in _FIELDS if not field.required]
_decode_records = msgspec.json.Decoder(list[PageRecord]).decode


def can_read(page: FrontMatter) -> bool:
    """Whether the front matter is a page's, be it a damaged one."""
    entries = page.entries
    layout = entries.get("layout")
    return "spec_details" in entries or (
        layout is not None and layout.value.strip(b"\"'") == b"cache"
    )


def read(page: FrontMatter, file: InputFile, labels: Labels, report: FileReport) -> Iterator[Page]:
    """The page's records, under the release that is given, if one is.

    Raises:
        Unreadable: nothing of the page can be used.
    """
    entries = page.entries
    for key in sorted(entries.keys() - KEYS):
        report.warn(f"unknown key {short(key)} of a page: not read")
    rejects_before = report.rejected
    package = read_title(entries)
    release = labels.release or _read_release(entries)
    records = _read_records(_require(entries, "spec_details"), report)
    complete = not page.problems and report.rejected == rejects_before
    if complete and "meta" in entries:
        check_meta(entries["meta"], records, report)
    yield Page(package, release, file.name, records, complete=complete)


def read_title(entries: dict[str, Entry]) -> str:
    """The package that the page is about."""
    return check_name(decode(_require(entries, "title")), "title", entries["title"].line)


def _require(entries: dict[str, Entry], key: str) -> Entry:
    if key not in entries:
        raise Unreadable(f"missing key {key}")
    return entries[key]


def _read_release(entries: dict[str, Entry]) -> str:
    entry = _require(entries, "categories")
    plain = _CATEGORIES.fullmatch(entry.value)
    if plain is not None:
        return plain.group(1).decode()
    value = decode(entry)
    if not (isinstance(value, list) and len(value) == 2 and value[0] == "package"):
        why = f"categories: expected [package, RELEASE], found {short(value)}; --as names a release"
        raise Unreadable(why, entry.line)
    return check_name(value[1], "categories[1]", entry.line)


def _read_records(entry: Entry, report: FileReport) -> list[PageRecord]:
    records = _read_fast(entry.value)
    if records is not None:
        report.records += len(records)
        return records
    kept: dict[str, PageRecord] = {}
    for number, item in enumerate(decode_items(entry)):
        report.records += 1
        field, why, record = _check_item(item, report)
        if record is not None and record.hash in kept:
            field, why = "hash", f"{record.hash} stands twice in this page: the first is kept"
        elif record is not None:
            kept[record.hash] = record
            continue
        place = f"spec_details[{number}]" + (f".{field}" if field else "")
        report.reject(why, line=item.line, field=place, record=True)
    return list(kept.values())


def _read_fast(value: bytes) -> list[PageRecord] | None:
    """The records of a page that is in order throughout; None if there is any doubt."""
    if may_hide_characters(value):
        return None
    try:
        records = _decode_records(value)
    except (msgspec.MsgspecError, RecursionError):
        return None
    # A decoder keeps the last of two equal keys in silence, so the keys are counted.
    keys = value.count(b'":')
    spaced = any(space in value for space in (b" :", b"\t", b"\n", b"\r"))
    optional = sum(
        value is not None for name in _OPTIONAL for value in map(attrgetter(name), records)
    )
    if spaced or keys != _REQUIRED * len(records) + optional:
        return None
    if len({record.hash for record in records}) != len(records):
        return None
    return records


def _check_item(item: Item, report: FileReport) -> tuple[str, str, PageRecord | None]:
    """The field that is wrong, why, and the record; the first two empty if it is in order."""
    if item.problem:
        return "", item.problem, None
    if not isinstance(item.value, dict):
        return "", f"expected an object, found {short(item.value)}", None
    if isinstance(item.value, RepeatedKeys):
        return "", f"key {short(item.value.repeated[0])} stands twice", None
    known = {}
    for key, value in item.value.items():
        if key in PageRecord.__struct_fields__:
            known[key] = value
        else:
            report.warn(f"unknown key {short(key)} of a record: not read")
    for field, value in known.items():
        if problem := character_problem(value):
            return field, problem, None
    try:
        record = msgspec.convert(known, PageRecord)
    except msgspec.ValidationError as error:
        return (*_explain(error, known), None)
    return "", "", record


def _explain(error: msgspec.ValidationError, record: dict[str, Any]) -> tuple[str, str]:
    """The field at fault and, in our words, what was expected and found."""
    match = _FIELD_PATH.search(str(error))
    if match is None:
        missing = re.search(r"required field `(\w+)`", str(error))
        return "", f"missing key {missing.group(1)}" if missing else str(error)
    found: Any = record
    for key, index in _STEP.findall(match.group(1)):
        found = found[key] if key else found[int(index)]
    top = match.group(1).partition("[")[0]
    expected = _EXPECTED.get(top, A_NAME)
    if "[" in match.group(1):
        expected = _A_TEXT if top == "variants" else A_NAME
    return match.group(1), f"expected {expected}, found {short(found)}"
