"""Pages that are read many at once: the same comes of them as if each were read by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import oracle
import pytest
from campaigns.inputs import FILES, PAGES
from conftest import WriteSnapshot, tries
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz import EXAMPLES, Change, change_value, changes, json_values, places

from graphcache import InputError, Report, Tables, read
from graphcache.records import Labels, Page
from graphcache.sources import read_file, reading
from graphcache.sources.inputs import InputFile
from graphcache.sources.plain_pages import plain_page, read_plain_pages

GOOD = oracle.page_text(
    "zlib",
    "develop",
    [
        oracle.record("a" * 32, versions=["5.10"], variants=["+x", "k:=v", "cflags=\"-O2 -D'x'\""]),
        oracle.record("b" * 32, compiler="none", stacks=["root"], variants=[]),
        oracle.record("c" * 32, stacks=[], size="12", tarball="https://example.org/c.spack"),
    ],
).encode()
OTHER = oracle.page_text("hdf5", "v1", [oracle.record("d" * 32), oracle.record("e" * 32)]).encode()
EMPTY = oracle.page_text("nothing", "develop", []).encode()


def records_of(page: bytes) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(
        page.partition(b"spec_details:")[2].partition(b"\n")[0]
    )
    return records


def shortened(page: bytes) -> bytes:
    """A page with at most four of its records, and a `meta` that says so."""
    plain = plain_page(page)
    assert plain is not None
    return oracle.page_text(plain.package, plain.release, records_of(page)[:4]).encode()


REAL = [shortened(file.read_bytes()) for file in FILES if plain_page(file.read_bytes())]


def together(*pages: bytes) -> list[dict[str, Any]] | None:
    """The records of pages that are read at once, each with its page; None if there is a doubt."""
    plain = [plain_page(page) for page in pages]
    if None in plain:
        return None
    known = [page for page in plain if page is not None]
    heads = [Page(page.package, page.release, "", []) for page in known]
    columns = read_plain_pages(known, heads)
    if columns is None:
        return None
    names = list(columns.records)
    rows = zip(*(columns.records[name].to_pylist() for name in names), strict=True)
    of = columns.page_of.to_pylist()
    return [
        {"package": heads[at].package, "release": heads[at].release}
        | dict(zip(names, row, strict=True))
        for at, row in zip(of, rows, strict=True)
    ]


def by_itself(page: bytes) -> list[dict[str, Any]] | None:
    """The same by who reads record by record; None where that has anything to say."""
    said, report = read_file(InputFile("page", page, True), Labels())
    if report.rejected or report.warnings or not report.is_read:
        return None
    rows = [
        {"package": one.package, "release": one.release} | msgspec.structs.asdict(record)
        for one in said
        if isinstance(one, Page) and one.complete
        for record in one.records
    ]
    assert report.records == len(rows)
    return rows


def assert_no_more_is_taken(page: bytes) -> None:
    """What is read at once, also among others, is what is read alone, without a word."""
    found = together(page)
    assert found is None or found == by_itself(page)
    others = by_itself(GOOD), by_itself(OTHER)
    among = together(GOOD, page, OTHER)
    assert among == (None if found is None else [*(others[0] or []), *found, *(others[1] or [])])


def test_pages_in_order_are_taken(example_pages: Path) -> None:
    pages = [GOOD, OTHER, EMPTY, *(path.read_bytes() for path in sorted(example_pages.iterdir()))]
    expected = [by_itself(page) for page in pages]
    assert None not in expected
    assert together(*pages) == [row for rows in expected for row in rows or []]
    assert [len(rows or []) for rows in expected] == [3, 2, 0, 1, 66, 66, 79, 2, 2]


@st.composite
def damaged_pages(draw: st.DrawFn) -> bytes:
    """A page in the form in which they are published, after a few changes."""
    page = draw(st.sampled_from([GOOD, *REAL]))
    line = st.sampled_from([4 / 7, 5 / 7])  # of meta and of the records
    in_values = st.builds(change_value, line, st.lists(places, min_size=1, max_size=3), json_values)
    for change in draw(st.lists(in_values | changes, min_size=1, max_size=3)):
        page = change(page)
    return page


@tries(EXAMPLES or 400)
@given(page=damaged_pages())
def test_no_damage_is_taken_that_is_refused_alone(page: bytes) -> None:
    assert_no_more_is_taken(page)


def in_text(old: str, new: str, count: int = 1) -> Change:
    def change(page: bytes) -> bytes:
        assert old.encode() in page
        return page.replace(old.encode(), new.encode(), count)

    return change


def in_record(**values: Any) -> Change:
    """Other values in the first record, and none for a key that is given as Ellipsis."""

    def change(page: bytes) -> bytes:
        head, _, text = page.partition(b"spec_details: ")
        records = json.loads(text.partition(b"\n")[0])
        records[0] = {k: v for k, v in (records[0] | values).items() if v is not ...}
        return head + b"spec_details: " + json.dumps(records).encode() + b"\n---\n"

    return change


IN_DOUBT: dict[str, Change] = {
    "key twice": in_text('"os": ', '"os": "x", "os": '),
    "key twice, one escaped": in_text('"os": ', '"o\\u0073": "x", "os": '),
    "key twice, one before a space": in_text('"os": ', '"os" : "x", "os": '),
    "key twice, one before a carriage return": in_text('"os": ', '"os"\r: "x", "os": '),
    "list twice": in_text('"stacks": ["e4s"', '"stacks": [], "stacks": ["e4s"'),
    "hash twice": in_text("b" * 32, "a" * 32),
    "hash in capitals": in_record(hash="A" * 32),
    "hash too long": in_record(hash="a" * 33),
    "hash with a line end": in_record(hash="a" * 32 + "\n"),
    "unknown key": in_record(x=1),
    "empty key": in_record(**{"": "x"}),
    "missing key": in_record(os=...),
    "number for text": in_record(os=1),
    "true for text": in_record(os=True),
    "null for text": in_record(os=None),
    "null in a list": in_record(stacks=[None]),
    "number in a list": in_record(variants=[1]),
    "list for text": in_record(os=["a"]),
    "text for a list": in_record(stacks="a"),
    "object for text": in_record(os={}),
    "no version": in_record(versions=[]),
    "two versions": in_record(versions=["1", "2"]),
    "empty text": in_record(os=""),
    "empty text in a list": in_record(variants=[""]),
    "long name": in_record(os="x" * 1_001),
    "long name in a list": in_record(stacks=["x" * 1_001]),
    "long variant": in_record(variants=["x" * 100_001]),
    "size that is none": in_record(size="1 kB"),
    "size of 65 bits": in_record(size="9" * 20),
    "escaped control character": in_record(os="a\bb"),
    "character beyond ASCII": in_text('"os": "', '"os": "é'),
    "raw control character": in_text('"os": "', '"os": "\x01'),
    "null for a record": in_text("spec_details: [", "spec_details: [null, "),
    "number for a record": in_text("spec_details: [", "spec_details: [1, "),
    "object for the list": in_text("spec_details: [", "spec_details: {"),
    "comma behind the last": in_text("}]\n---", "},]\n---"),
    "comment": in_text("}]\n---", "}/* x */]\n---"),
    "NaN": in_text('"-"', "NaN"),
    "single quotes": in_text('"linux"', "'linux'"),
    "nested too deep": in_text("spec_details: [", "spec_details: " + "[" * 100_000),
    "cut off": in_text("}]\n---", "\n---"),
    "a line of its own": in_text("}]\n---", '}]} {"page":7,"records":[]\n---'),
    "a line more": in_text("}]\n---", '}]} {"page":1,"records":[]}\n---'),
    "other records": in_text("}]\n---", '}],"records":[]\n---'),
    "another number": in_text("}]\n---", '}],"page":0\n---'),
    "number behind": in_text("}]\n---", "}],3\n---"),
    "meta counts wrong": in_text('"num_specs": 3', '"num_specs": 4'),
    "meta counts a stack wrong": in_text('"e4s": 1', '"e4s": 2'),
    "meta has another stack": in_text('"e4s": 1', '"e4s": 1, "hep": 0'),
    "meta lists what is not there": in_text('"versions": [', '"versions": ["7", '),
    "meta misses a version": in_text('"5.10"', '"5.1"'),
    "meta has a key twice": in_text('"num_specs": 3', '"num_specs": 3, "num_specs": 3'),
    "meta has a stack twice": in_text('"e4s": 1', '"e4s": 1, "e4s": 1'),
    "meta has an unknown key": in_text('"num_specs": 3', '"num_specs": 3, "x": 1'),
    "meta misses a key": in_text('"num_specs": 3, ', ""),
    "meta is no object": in_text("meta: {", "meta: [{"),
    "another key": in_text("layout: cache", "layout: cache\nx: y"),
    "another order of keys": in_text(
        'title: "zlib"\nlayout: cache', 'layout: cache\ntitle: "zlib"'
    ),
    "no release": in_text("[package, develop]", "[package]"),
    "something behind": lambda page: page + b"x",
    "CRLF": lambda page: page.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_doubt_is_left_to_who_reads_one_by_one(name: str) -> None:
    page = IN_DOUBT[name](GOOD)
    assert page != GOOD
    assert together(page) is None
    assert together(OTHER, page, EMPTY) is None
    assert_no_more_is_taken(page)


@pytest.mark.parametrize("name", [name for name in IN_DOUBT if "twice" in name])
def test_what_stands_twice_is_told_by_who_reads_one_by_one(name: str) -> None:
    assert by_itself(IN_DOUBT[name](GOOD)) is None


TAKEN: dict[str, Change] = {
    "escapes that hide nothing": in_record(variants=['a/b\\ " \n\t\r']),
    "no spaces": lambda page: page.replace(b'": ', b'":').replace(b'", "', b'","'),
    "longest name": in_record(compiler="x" * 1_000, stacks=["e4s", "root", "e4s"]),
    "no line end at the end": lambda page: page[:-1],
    "null for what may be missing": in_record(size=None, tarball=None),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_in_order_is_taken_in_other_words_too(name: str) -> None:
    page = TAKEN[name](GOOD)
    records = records_of(page)
    page = page.replace(
        b"meta: " + page.partition(b"meta: ")[2].partition(b"\n")[0],
        b"meta: " + json.dumps(oracle.meta(records)).encode(),
    )
    assert together(page) == by_itself(page)
    assert together(page) is not None


def told(report: Report) -> tuple[Any, ...]:
    return (
        report.files,
        report.records,
        list(map(str, report.rejects)),
        list(report.warnings.items()),
        report.skipped,
    )


def read_both_ways(folder: Path, patch: pytest.MonkeyPatch) -> list[tuple[Tables, Report] | str]:
    """What is read, and what is read where no page is taken for a plain one."""
    outcomes: list[tuple[Tables, Report] | str] = []
    ways: list[Callable[[bytes], Any]] = [plain_page, lambda data: None]
    for way in ways:
        patch.setattr(reading, "plain_page", way)
        try:
            outcomes.append(read(folder))
        except InputError as error:
            outcomes.append(str(error))
    return outcomes


@pytest.mark.slow
@tries(EXAMPLES or 60)
@given(pages=st.lists(damaged_pages() | st.sampled_from([GOOD, OTHER, *REAL, *PAGES]), max_size=6))
def test_both_ways_report_the_same_in_the_same_order(
    tmp_path_factory: pytest.TempPathFactory, pages: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("pages")
    for number, page in enumerate([*pages, b"not of Spack"]):
        (folder / f"{number}.md").write_bytes(page)
        (folder / f"{number}.tar.gz").write_bytes(b"\x1f\x8bdamaged")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_PAGE_BYTES", 2_500)  # more than one batch
        fast, careful = read_both_ways(folder, patch)
    if isinstance(fast, str) or isinstance(careful, str):
        assert fast == careful
    else:
        assert told(fast[1]) == told(careful[1])
        assert fast[0] == careful[0]


@pytest.mark.slow
def test_one_hash_on_many_pages_is_read_the_same_both_ways(
    tmp_path: Path, write_snapshot: WriteSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_snapshot(tmp_path / "snapshot", records=400, pages=40, releases=4)
    same = tmp_path / "same"
    same.mkdir()
    for name, change in (("a", in_record(os="rhel8")), ("b", in_record(size="13"))):
        records = records_of(change(GOOD))
        (same / name).write_text(oracle.page_text("zlib", "develop", records))
    fast, careful = read_both_ways(tmp_path, monkeypatch)
    assert not isinstance(fast, str)
    assert not isinstance(careful, str)
    assert told(fast[1]) == told(careful[1])
    assert [text.partition(": ")[2][:20] for text in fast[1].warnings] == [
        "zlib in release deve",  # it stands on three pages
        "records disagree on ",
    ]
    assert fast[0] == careful[0]
