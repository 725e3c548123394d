"""`make real`: what graphcache reads of the files here is what a plain count finds in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import real
from real import Plain

ROOT = Path(__file__).parents[1]
LOCK = "old/harbor.v4.spack.lock"


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["tests/data", "examples"])
def test_the_files_here_are_read_as_they_are_counted(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert real.check(ROOT / folder) == 0
    *files, summary = capsys.readouterr().out.splitlines()
    assert summary.startswith(f"{len(files)} files with ")
    assert "0 differ" in summary
    kinds = {line[:10].strip() for line in files}
    if folder == "tests/data":
        versions = {f"lock {n}" for n in range(1, 7)} | {f"index {n}" for n in range(5, 8)}
        assert kinds == versions | {"mirror 3", "spec file", "old page"}
    else:
        assert kinds == {"page", "lock 6", "index 8", "mirror 3"}


def one_less(plain: Plain) -> None:
    plain.specs.pop()


def another_type(plain: Plain) -> None:
    next(iter(plain.needs.values())).add("test")


def another_way_round(plain: Plain) -> None:
    (needing, needed), types = plain.needs.popitem()
    plain.needs[needed, needing] = types


def another_root(plain: Plain) -> None:
    plain.roots.pop()
    plain.roots.add(min(plain.specs - plain.roots))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_less, "specs: 7 counted, 8 read"),
        (another_type, "to test: 2 counted, 1 read"),
        (another_way_round, "dependencies: 1 is another"),
        (another_root, "roots: 2 are others"),
    ],
)
def test_another_count_is_told(
    change: Callable[[Plain], None],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "harbor.spack.lock").write_bytes((ROOT / "tests/data/spack" / LOCK).read_bytes())

    def count(path: Path) -> Plain | None:
        plain = real.plain_count(path)
        assert plain is not None
        change(plain)
        return plain

    assert real.check(tmp_path, count) == 1
    line, summary = capsys.readouterr().out.splitlines()
    assert line == f"lock 4     harbor.spack.lock: DIFFERS: {said}"
    assert "1 differs" in summary


def test_what_is_broken_is_rejected_by_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.json").write_text('{"database": {')
    (tmp_path / "notes.txt").write_text("no file of Spack's")
    assert real.check(tmp_path) == 0
    line, summary = capsys.readouterr().out.splitlines()
    assert line == "broken     index.json: rejects 1"
    assert summary.endswith("1 other file passed over")


@pytest.mark.parametrize("folder", ["", "no-such-folder"])
def test_without_a_folder_one_line_says_what_to_do(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert real.main([folder]) == 2
    assert capsys.readouterr().out == (
        f"expected a folder of files that Spack wrote, found {folder or 'none'}: "
        "make real REAL=FOLDER\n"
    )
