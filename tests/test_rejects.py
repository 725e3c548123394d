"""What is wrong with a page is said, with its place; what is right in it is kept.

`golden/rejects/pages` is a gallery of bad pages, and `expected.txt` beside it what is said of them.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path

import oracle
import pytest
from conftest import Read, within

from graphcache import InputError, Report, read

GALLERY = Path(__file__).parent / "golden/rejects"
GOOD = oracle.record("a" * 32)


def said(report: Report) -> str:
    """A report as text."""
    parts = {
        f"{report.files} files, {report.records} records, {report.kept} kept": [],
        "rejects:": [str(reject) for reject in report.rejects],
        "warnings:": [f"{text} ({count})" for text, count in sorted(report.warnings.items())],
    }
    return "\n".join("\n".join([title, *lines, ""]) for title, lines in parts.items())


def test_the_gallery_of_bad_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GALLERY)
    tables, report = read("pages")
    assert said(report) == Path("expected.txt").read_text()
    assert report.skipped == []
    held = [spec for spec in tables.nodes["Spec"].to_pylist() if spec["in_buildcache"]]
    assert len(held) == report.kept


@pytest.mark.parametrize("page", sorted((GALLERY / "pages").iterdir()), ids=lambda page: page.stem)
def test_each_bad_page_alone(page: Path) -> None:
    try:
        tables, report = read(page)
    except InputError as error:
        first, *reasons = str(error).split("\n")
        assert first == f"{page}: nothing of a Spack build cache could be read"
        assert reasons
        assert all(reason.startswith(f"  {page}") for reason in reasons)
        return
    rejected = sum(reject.record for reject in report.rejects)
    assert report.records == report.kept + rejected
    held = [spec for spec in tables.nodes["Spec"].to_pylist() if spec["in_buildcache"]]
    assert len(held) == report.kept
    assert all(text.isprintable() for text in map(str, [*report.rejects, *report.warnings]))


def test_a_page_of_which_no_record_is_kept_is_still_a_page(read_page: Read) -> None:
    tables, report = read_page(oracle.page_text(spec_details="[1, {}]", meta="{}"))
    assert (report.files, report.records, report.kept) == (1, 2, 0)
    assert sum(tables.node_counts().values()) == 0


def test_what_could_not_be_read_is_told_in_short(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.md").touch()
    (tmp_path / "other").write_text("other")
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert str(caught.value).split("\n") == [
        f"{tmp_path}: nothing of a Spack build cache could be read",
        *[f"  {tmp_path}/{number}.md: the file is empty" for number in range(5)],
        "  … and 2 more",
        f"  1 other file or folder is not Spack's: {tmp_path}/other: not Spack's",
    ]


def test_an_unknown_key_is_told_once(read_page: Read) -> None:
    records = [oracle.record(letter * 32, more=letter) for letter in "abc"]
    tables, report = read_page(oracle.page_text(records=records))
    assert (report.kept, report.rejects) == (3, [])
    assert report.warnings == {'unknown key "more" of a record: not read': 3}
    assert tables.node_counts()["Spec"] == 3


@pytest.mark.slow
def test_records_around_a_damaged_one_are_kept(read_page: Read) -> None:
    records = [oracle.record(letter * 32) for letter in "abcdefg"]
    texts = [json.dumps(record) for record in records]
    for size in range(1, len(texts[3]), 5):
        cut = [*texts[:3], texts[3][:size], *texts[4:]]
        tables, report = read_page(oracle.page_text(spec_details=f"[{', '.join(cut)}]", meta="{}"))
        specs = set(tables.nodes["Spec"]["hash"].to_pylist())
        assert specs >= {letter * 32 for letter in "abcfg"}
        assert 1 <= len(report.rejects) <= 2
        assert report.kept == len(specs)


# Built to take for ever ---------------------------------------------------------------------------

LAUGHS = "\n".join(
    ["- &a0 [x, x]", *(f"- &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(30))]
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "value",
    [
        f"\n{LAUGHS}",
        "[" * 1_000_000,
        '[{"a":' * 1_000_000,
        "\n" + "- " * 1_000_000,
        "[" + '{"a":[{},' * 300_000,
        "[{" + ",".join(f'"k{n}":1' for n in range(100_000)) + ',"k99999":1}]',
        "[" + '{"hash": "a, ' * 100_000,
        "[" + "9" * 10_000_000 + "]",
        '["' + "^'" * 1_000_000 + '"]',
        "[" + ",".join(f'"zlib@{n} arch=a-b-c"' for n in range(20_000)) + "]",
    ],
    ids=[
        "aliases",
        "brackets",
        "objects",
        "block lists",
        "damage in depth",
        "repeated keys",
        "damaged records",
        "digits",
        "quotes",
        "many specs",
    ],
)
@pytest.mark.parametrize("key", ["spec_details", "spec_files", "meta"])
def test_no_page_takes_for_ever(tmp_path: Path, key: str, value: str) -> None:
    page = tmp_path / "page"
    page.write_text(oracle.page_text(records=[GOOD], **{key: value}))
    try:
        tables, report = within(600, lambda: read(page))
    except InputError as error:
        assert len(str(error)) < 1000  # noqa: PT017
    else:
        held = sum(spec["in_buildcache"] is True for spec in tables.nodes["Spec"].to_pylist())
        assert report.records == held + report.rejected_records


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "opening"),
    [
        ("title", "["),
        ("categories", "[package, "),
        ("meta", '{"num_specs":'),
        ("meta", '{"versions":['),
        ("spec_details", "["),
        ("spec_details", '[{"hash":'),
    ],
)
def test_no_depth_of_nesting_is_too_much(tmp_path: Path, key: str, opening: str) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(letter, "") for letter in reversed(opening))
    page = tmp_path / "page"
    left = sys.getrecursionlimit() - len(inspect.stack(0))
    for depth in [1, 31, 32, 33, *range(left - 40, left + 5), 5000]:
        value = opening + "[" * depth + "]" * depth + closing
        page.write_text(oracle.page_text(records=[GOOD], **{key: value}))
        try:
            _, report = read(page)
        except InputError:
            assert key != "meta"
        else:
            assert report.kept == (key != "spec_details")


def test_of_an_unreadable_file_no_warning_is_kept_either(read_page: Read) -> None:
    _, report = read_page(oracle.page_text(strange="1"))
    assert list(report.warnings) == ['unknown key "strange" of a page: not read']
    with pytest.raises(InputError) as raised:
        read_page(oracle.page_text(strange="1", categories="[stack, develop]"))
    assert [reject.why.split(":")[0] for reject in raised.value.report.rejects] == ["categories"]
    assert not raised.value.report.warnings
    assert (raised.value.report.records, raised.value.report.files) == (0, 0)
