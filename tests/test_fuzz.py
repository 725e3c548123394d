"""Pages and Spack's own files, damaged: an answer or an error in words, nothing half done.

To search deeper: `FUZZ_EXAMPLES=5000 python -m pytest tests/test_fuzz.py`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from campaigns.changes import TEXTS
from campaigns.inputs import DOCUMENTS, GOOD, PAGES
from campaigns.trials import report_in_words, told_in_words
from conftest import tries, within
from hypothesis import given
from hypothesis import strategies as st

from graphcache import GraphcacheError, InputError, Report, Tables, build_store, open_store, read

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))


# Damage -------------------------------------------------------------------------------------------

Change = Callable[[bytes], bytes]
places = st.floats(0, 1, exclude_max=True)
"""A place in a file, as a share of its length, so that it is one in every file."""
lengths = st.sampled_from([1, 2, 3, 10, 100, 1000])


def insert(place: float, what: bytes) -> Change:
    def change(page: bytes) -> bytes:
        at = int(place * (len(page) + 1))
        return page[:at] + what + page[at:]

    return change


def replace(place: float, length: int, times: int) -> Change:
    """A stretch of the page `times` times over: not at all for 0."""

    def change(page: bytes) -> bytes:
        at = int(place * (len(page) + 1))
        return page[:at] + page[at : at + length] * times + page[at + length :]

    return change


def flip(place: float, bits: int) -> Change:
    def change(page: bytes) -> bytes:
        at = int(place * len(page))
        return page[:at] + bytes(byte ^ bits for byte in page[at : at + 1]) + page[at + 1 :]

    return change


def swap_lines(one: float, other: float) -> Change:
    def change(page: bytes) -> bytes:
        lines = page.split(b"\n")
        a, b = int(one * len(lines)), int(other * len(lines))
        lines[a], lines[b] = lines[b], lines[a]
        return b"\n".join(lines)

    return change


def cut_off(place: float) -> Change:
    return lambda page: page[: int(place * len(page))]


def line_ends(end: bytes) -> Change:
    return lambda page: page.replace(b"\n", end)


def change_value(line: float, steps: list[float], value: Any) -> Change:
    """One value within the JSON of a line replaced by another; an item or key removed for None."""

    def change(page: bytes) -> bytes:
        lines = page.split(b"\n")
        at = int(line * len(lines))
        key, colon, text = lines[at].partition(b": ")
        try:
            whole = json.loads(text)
        except ValueError:
            return page
        whole = put(whole, steps, value)
        lines[at] = key + colon + (b"" if whole is REMOVED else json.dumps(whole).encode())
        return b"\n".join(lines)

    return change


def put(whole: Any, steps: list[float], value: Any) -> Any:
    """The value with another one at the end of a path; each step is a share of the places."""
    if not steps or not whole or not isinstance(whole, list | dict):
        return value
    places = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
    place = places[int(steps[0] * len(places))]
    whole[place] = put(whole[place], steps[1:], value)
    if whole[place] is REMOVED:
        del whole[place]
    return whole


REMOVED = object()
json_values = st.one_of(
    st.just(REMOVED),
    st.sampled_from(
        [None, True, False, 0, -1, 1.5, 2**70, "", [], {}, "none", "-", "root", "a" * 32]
    ),
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=[]), max_size=5),
    st.sampled_from(["x" * 1_000, "x" * 1_001, "x" * 100_001]),
    st.builds(lambda inner: [inner], st.sampled_from([None, 1, "a", "", [], {}])),
)
changes = st.one_of(
    st.builds(insert, places, st.sampled_from(TEXTS).map(str.encode)),
    st.builds(insert, places, st.binary(min_size=1, max_size=3)),
    st.builds(replace, places, lengths, st.sampled_from([0, 2, 3])),
    st.builds(flip, places, st.integers(1, 255)),
    st.builds(swap_lines, places, places),
    st.builds(cut_off, places),
    st.builds(line_ends, st.sampled_from([b"\r\n", b"\r", b"\n\n", b"", b"\xe2\x80\xa8"])),
    st.builds(change_value, places, st.lists(places, max_size=3), json_values),
    st.builds(change_value, places, st.lists(places, min_size=2, max_size=3), json_values),
)


def change_document(steps: list[float], value: Any) -> Change:
    """One value within a JSON document replaced by another; an item or key removed for None."""

    def change(document: bytes) -> bytes:
        try:
            whole = put(json.loads(document), steps, value)
        except (ValueError, RecursionError):
            return document
        return b"" if whole is REMOVED else json.dumps(whole, indent=1).encode()

    return change


document_changes = changes | st.builds(
    change_document, st.lists(places, min_size=1, max_size=9), json_values
)


@st.composite
def damaged_pages(draw: st.DrawFn) -> bytes:
    """A real page after a few changes."""
    page = draw(st.sampled_from(PAGES))
    for change in draw(st.lists(changes, min_size=1, max_size=4)):
        page = change(page)
    return page


@st.composite
def damaged_documents(draw: st.DrawFn) -> bytes:
    """A file of Spack's own after a few changes."""
    document = draw(st.sampled_from(DOCUMENTS))
    for change in draw(st.lists(document_changes, min_size=1, max_size=4)):
        document = change(document)
    return document


# What holds all the same --------------------------------------------------------------------------


def assert_nothing_is_lost(tables: Tables, report: Report) -> None:
    """Each record is in the graph or among the rejects."""
    rejected = sum(reject.record for reject in report.rejects)
    specs = tables.nodes["Spec"].to_pylist()
    held = [spec["hash"] for spec in specs if spec["in_buildcache"]]
    assert report.records == len(held) + rejected
    assert len(held) == report.kept
    report_in_words(report)


def plain_records(page: bytes) -> int | None:
    """How many records are on a page, if any JSON decoder could say so."""
    found = [line for line in page.split(b"\n") if line.startswith(b"spec_details")]
    if len(found) != 1 or page.count(b"spec_details") != 1 or b"\r" in page:
        return None
    try:
        records = json.loads(found[0].removeprefix(b"spec_details: "))
    except (ValueError, RecursionError):
        return None
    return len(records) if isinstance(records, list) else None


def read_or_refused(file: Path, content: bytes) -> tuple[Tables, Report] | None:
    """What is read of it, again and again and through networkx; None if refused in words."""
    file.write_bytes(content)
    try:
        tables, report = within(600, lambda: read(file))
    except InputError as error:
        told_in_words(error)
        return None
    assert Tables.from_networkx(tables.to_networkx()) == tables
    assert read(file)[0].digest() == tables.digest()
    return tables, report


@tries(EXAMPLES or 250)
@given(page=damaged_pages())
def test_a_damaged_page_is_read_or_refused_in_words(tmp_path: Path, page: bytes) -> None:
    if found := read_or_refused(tmp_path / "page", page):
        tables, report = found
        assert_nothing_is_lost(tables, report)
        counted = plain_records(page)
        if report.files and counted is not None:
            # What stands behind the list may hide a record more.
            assert report.kept <= counted <= report.records


@pytest.mark.slow
@tries(EXAMPLES or 120)
@given(document=damaged_documents())
def test_a_damaged_document_is_read_or_refused_in_words(tmp_path: Path, document: bytes) -> None:
    if found := read_or_refused(tmp_path / "document", document):
        tables, report = found
        # A document may have one spec twice, and name others without describing them.
        versions = tables.nodes["Spec"]["version"]
        assert len(versions) - versions.null_count <= report.kept
        report_in_words(report)


@pytest.mark.slow
@tries(EXAMPLES or 120)
@given(page=damaged_pages(), release=st.none() | st.sampled_from(TEXTS) | st.text(max_size=3))
def test_a_release_is_taken_or_refused_in_words(
    tmp_path: Path, page: bytes, release: str | None
) -> None:
    file = tmp_path / "page"
    file.write_bytes(page)
    try:
        tables, report = within(600, lambda: read(file, release=release))
    except GraphcacheError as error:
        told_in_words(error)
        return
    assert_nothing_is_lost(tables, report)
    names = tables.nodes["Release"]["name"].to_pylist()
    assert release is None or names in ([], [release])


@pytest.mark.slow
@tries(EXAMPLES or 120)
@given(pages=st.lists(damaged_pages(), min_size=1, max_size=3))
def test_a_damaged_page_does_no_harm_to_another(
    tmp_path_factory: pytest.TempPathFactory, pages: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("pages")
    for number, page in enumerate(pages):
        (folder / f"{number}").write_bytes(page)
    good = read(GOOD)[0].nodes["Spec"]["hash"].to_pylist()
    tables, report = within(600, lambda: read(folder, GOOD))
    assert set(good) <= set(tables.nodes["Spec"]["hash"].to_pylist())
    assert report.kept >= len(good)
    assert report.files <= len(pages) + 1


@pytest.mark.slow
@tries(EXAMPLES or 12)
@given(page=damaged_pages())
def test_no_store_is_half_written(tmp_path_factory: pytest.TempPathFactory, page: bytes) -> None:
    folder = tmp_path_factory.mktemp("store")
    file, store = folder / "page", folder / "graph.lbug"
    file.write_bytes(page)
    try:
        report = within(600, lambda: build_store(store, file))
    except InputError as error:
        told_in_words(error)
        assert not store.exists()
    else:
        with open_store(store) as opened:
            assert_nothing_is_lost(opened.tables(), report)
            assert opened.tables().digest() == read(file)[0].digest()
    visible = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert visible - {"page", "graph.lbug"} <= {"graph.lbug.lock"}
