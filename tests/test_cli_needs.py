"""`why` on a terminal, and what `prune-plan` writes for Spack."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import on_terminal, run, succeed

pytestmark = pytest.mark.slow

SITE = Path(__file__).parents[1] / "examples/site"
KEEP = ("prune-plan", "--keep-stack", "io", "--keep-stack", "solvers", "--store", "site.lbug")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of the site's last two releases."""
    folder = tmp_path_factory.mktemp("site")
    first, *others = ("2026-10", "develop")
    succeed("build", SITE / first, "--release", first, "-q", "--store", "site.lbug", cwd=folder)
    for one in others:
        succeed("update", SITE / one, "--release", one, "-q", "--store", "site.lbug", cwd=folder)
    return folder


def test_a_keeplist_is_what_spack_takes(site: Path) -> None:
    ended = run(*KEEP, "--keeplist", "keep.txt", "--format", "jsonl", cwd=site)
    assert ended.code == 0
    text = (site / "keep.txt").read_text(encoding="ascii")
    lines = text.splitlines()
    assert text == "".join(f"{line}\n" for line in lines)
    assert lines == sorted(set(lines))
    assert all(re.fullmatch("[a-z2-7]{32}", line) for line in lines)
    gone = set(re.findall(r'"could_go": "[^"/]+/([a-z2-7]{32})"', ended.out))
    assert gone
    assert not gone & set(lines)
    assert ended.err.splitlines()[-1] == (
        f"keep.txt: {len(lines)} hashes to keep. 'spack buildcache prune --keeplist keep.txt "
        f"--dry-run MIRROR' should find {len(gone)} specs to prune: if it finds more, the mirror "
        "holds what this store was not built from, and Spack would delete it"
    )


def test_a_keeplist_takes_the_place_of_an_older_one(site: Path, tmp_path: Path) -> None:
    out = tmp_path / "keep.txt"
    sizes = []
    for deptype in ("all", "link,run"):
        assert run(*KEEP, "--deptype", deptype, "--keeplist", out, cwd=site).code == 0
        sizes.append(len(out.read_text().splitlines()))
    assert sizes[0] > sizes[1] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["keep.txt"]


@pytest.mark.parametrize(
    ("out", "code", "said"),
    [
        ("site.lbug", 2, "site.lbug: is the store, and would be lost"),
        ("nowhere/keep.txt", 1, "there is no folder"),
        (".", 2, "is a directory"),
        ("-", 2, "--keeplist: expected a file, found - (standard output has the answer)"),
    ],
)
def test_a_keeplist_that_can_not_be_written(out: str, code: int, said: str, site: Path) -> None:
    ended = run(*KEEP, "--keeplist", out, cwd=site)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_a_keeplist_is_written_only_if_all_is_known(site: Path, tmp_path: Path) -> None:
    page = Path(__file__).parents[1] / "examples/pages"
    succeed("build", page, "-q", "--store", "pages.lbug", cwd=tmp_path)
    asked = ("prune-plan", "--keep-release", "develop", "--keeplist", "keep.txt")
    ended = run(*asked, "--store", "pages.lbug", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "are not known, such as" in ended.err
    assert not (tmp_path / "keep.txt").exists()


def test_why_shows_the_roots_of_a_package_as_one_row(site: Path) -> None:
    asked = ("why", "glibc", "--store", "site.lbug")
    roots = len(json.loads(succeed(*asked, "--format", "json", cwd=site)))
    grouped = succeed(*asked, "--format", "table", cwd=site).splitlines()[2:]
    shown = on_terminal(*asked, "--all", cwd=site, columns=200).out
    assert shown.count("→ glibc@") == roots
    assert sum(int(re.split(r" {2,}", line)[1]) for line in grouped) == roots
    assert len(grouped) < roots
    on_screen = on_terminal(*asked, cwd=site, columns=200).out.splitlines()
    assert len(on_screen) <= 23
    assert on_screen[-1] == f"… and {len(grouped) - len(on_screen) + 3} more (--all)"
