"""However much is damaged: what is kept of it is bounded, all is counted, and none is lost."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import oracle
import pytest
from command_line import run
from conftest import Read

from graphcache import InputError, build_store, read, update_store
from graphcache.records import Reject
from graphcache.records.report import MAX_OF_A_FILE, MAX_REPORTED, FileReport, Report
from graphcache.sources import yaml_nodes
from graphcache.sources.gather import gather, labelled

MANY = MAX_OF_A_FILE + 500
BAD = "".join(f"{number}," for number in range(MANY))
PAGE = oracle.page_text(spec_details=f"[{BAD}{json.dumps(oracle.record('a' * 32))}]", meta="{}")


def test_a_report_keeps_the_first_of_a_file_and_counts_all(read_page: Read) -> None:
    tables, report = read_page(PAGE)
    assert (report.records, report.kept) == (MANY + 1, 1)
    assert (report.rejected, report.rejected_records) == (MANY, MANY)
    assert [reject.field for reject in report.rejects] == [
        f"spec_details[{number}]" for number in range(MAX_OF_A_FILE)
    ]
    assert tables.node_counts()["Spec"] == 1


@pytest.mark.slow
def test_whoever_asks_gets_all_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "many.md").write_text(PAGE)
    (tmp_path / "none.md").write_text("")
    got: list[Reject] = []
    store = tmp_path / "graphcache.lbug"
    report = build_store(store, tmp_path, on_reject=got.append)
    assert [reject.why for reject in got] == [
        *(f"expected an object, found {number}" for number in range(MANY)),
        "the file is empty",
    ]
    assert (report.rejected, report.rejected_records) == (MANY + 1, MANY)
    again: list[Reject] = []
    update_store(store, tmp_path, on_reject=again.append)
    assert again == got


@pytest.mark.slow
def test_of_many_such_files_few_are_open_at_once(tmp_path: Path) -> None:
    """What a report does not keep lies in a file, until the report joins the whole."""
    for number in range(30):
        (tmp_path / f"{number}.md").write_text(PAGE)
    few = len(os.listdir("/dev/fd")) + 20
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    got: list[Reject] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, limits[1]))
    try:
        reading = gather(labelled([tmp_path]), on_reject=got.append)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert len(got) == reading.report.rejected == 30 * MANY


def test_of_an_unreadable_file_only_that_is_told(tmp_path: Path) -> None:
    # Its keys are found to stand twice before its title is missed.
    (tmp_path / "page.md").write_text("---\n" + "layout: cache\n" * 900 + "---\n")
    got: list[Reject] = []
    with pytest.raises(InputError) as caught:
        build_store(tmp_path / "graphcache.lbug", tmp_path / "page.md", on_reject=got.append)
    assert [reject.why for reject in got] == ["missing key title"]
    assert caught.value.report.rejects == got


@pytest.mark.slow
def test_all_files_together_have_a_bound_too() -> None:
    report = Report()
    for number in range(MAX_REPORTED // MAX_OF_A_FILE + 5):
        of_file = FileReport(f"{number}.md", records=MAX_OF_A_FILE)
        for _ in range(MAX_OF_A_FILE):
            of_file.reject("damaged", record=True)
        report.add(of_file)
    assert len(report.rejects) == MAX_REPORTED
    assert (report.rejected, report.kept) == (MAX_REPORTED + 5 * MAX_OF_A_FILE, 0)


@pytest.mark.slow
def test_the_command_names_what_lists_all_and_that_does(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    ended = run("build", "page.md", cwd=tmp_path)
    assert (ended.code, ended.out) == (
        3,
        f"graphcache.lbug: 1 record of 1 file, {MANY:,} rejects\n",
    )
    more = f"… and {MANY - 20:,} more rejects; 'graphcache build --rejects FILE' lists all"
    assert ended.err.splitlines()[-1] == more
    ended = run("build", "page.md", "--rejects", "all", "--quiet", cwd=tmp_path)
    assert (ended.code, ended.err) == (3, "")
    listed = [json.loads(line) for line in (tmp_path / "all").read_text().splitlines()]
    assert [one["field"] for one in listed] == [f"spec_details[{n}]" for n in range(MANY)]
    assert {(one["file"], one["record"]) for one in listed} == {("page.md", True)}


@pytest.mark.slow
def test_a_page_of_nothing_but_keys(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for key in ("a", '"a"'):
        page.write_text("---\nlayout: cache\n" + f"{key}: b\n" * 5000 + "---\n")
        with pytest.raises(InputError, match="expected at most 1,000 keys between the --- lines"):
            read(page)


def test_yaml_of_very_many_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "MAX_VALUES", 100)
    page = tmp_path / "page.md"
    page.write_text(oracle.page_text(spec_details="\n" + "- a\n" * 200, meta="{}"))
    with pytest.raises(InputError, match=r"page\.md:\d+: expected JSON, or YAML of at most 100 v"):
        read(page)
