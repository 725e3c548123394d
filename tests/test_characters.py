"""Half a character in a text, as Python's JSON writes it for a byte that is not UTF-8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import oracle
import pytest
from test_spack_dependencies import A, B, body, index, lock, spec_file

from graphcache import Report, Tables, read
from graphcache.sources.documents import replace_lone_surrogates

HALF = "\udcff"
LISTS = ("variants", "stacks")


def of(path: Path, text: str) -> tuple[Tables, Report]:
    path.write_text(text)
    return read(path)


@pytest.mark.parametrize("field", ["versions", "os", "variants", "stacks", "size", "hash", "other"])
def test_half_a_character_on_a_page_costs_its_record(tmp_path: Path, field: str) -> None:
    wrong = oracle.record("a" * 32, **{field: ["a" + HALF] if field in LISTS else HALF})
    tables, report = of(
        tmp_path / "page", oracle.page_text("zlib", records=[wrong, oracle.record("b" * 32)])
    )
    assert (report.records, len(report.rejects)) == (2, field != "other")
    assert tables.nodes["Spec"]["hash"].to_pylist()[-1] == "b" * 32
    if field != "other":
        assert report.rejects[0].field.startswith(f"spec_details[0].{field}")
        assert report.rejects[0].why.endswith(r'\udcff"')


@pytest.mark.parametrize("half", [r"\udcff", r"\uD800", r"\ud83d\ud83d\ude00", r"\ude00\ud83d"])
@pytest.mark.parametrize("form", [index, lock, spec_file])
def test_half_a_character_in_a_document_costs_its_spec(
    tmp_path: Path, form: Any, half: str
) -> None:
    good = body("zlib", A, dependencies=[])
    wrong = body("numactl", B, external={"path": "/opt/HALF", "module": None})
    text = json.dumps(form(good, wrong)).replace("HALF", half)
    tables, report = of(tmp_path / "document.json", text)
    assert tables.nodes["Spec"]["hash"].to_pylist() == [A]
    assert (report.records, report.kept) == (2, 1)
    assert 'expected text without control characters, found "/opt/' in report.rejects[0].why
    (warning,) = report.warnings
    first = next(part for part in (half[:6], half[6:]) if part in warning)
    assert (
        warning
        == f"{tmp_path}/document.json: {first} is half of a character: it is read as \\uffff"
    )


def test_half_a_character_where_nothing_is_read_costs_nothing(tmp_path: Path) -> None:
    text = json.dumps({**index(body("zlib", A)), "other": [HALF]})
    tables, report = of(tmp_path / "index.json", text)
    assert tables.nodes["Spec"].num_rows == 1
    assert not report.rejects


def test_a_whole_character_and_a_backslash_stay() -> None:
    text = rb'{"a": "\ud83d\ude00 \\udcff \\\ud83d\ude00 \n"}'
    assert replace_lone_surrogates(text) == (text, "")


def test_a_text_that_is_not_utf_8_in_a_spec_that_breaks_a_bound(tmp_path: Path) -> None:
    """What was found can't be shown then; where, and what was expected, are."""
    node = json.dumps({"name": "zlib", "version": "1.3", "hash": "short", "namespace": "BAD"})
    document = '{"spec": {"_meta": {"version": 4}, "nodes": [' + node + "]}}"
    file = tmp_path / "spec.json"
    file.write_bytes(document.encode().replace(b"BAD", b"\xe1"))
    (reject,) = read(file)[1].rejects
    assert "expected 32 characters of a-z2-7" in str(reject)
