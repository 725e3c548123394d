"""Every command and snippet of the READMEs and docs/ runs, in the order of the page."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graphcache.schema import all_types

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "examples/README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text())


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.name)
)
def test_what_a_page_shows_runs(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for language, text in blocks(page):
        command = ["bash", "-euo", "pipefail"] if language == "sh" else [sys.executable]
        done = subprocess.run(
            [*command, "-c", text],
            cwd=tmp_path,
            env={**os.environ, "PATH": tools},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_readme_shows_what_the_command_prints(tmp_path: Path) -> None:
    tool = Path(sys.executable).parent / "graphcache"
    store = tmp_path / "store.lbug"
    subprocess.run([tool, "build", ROOT / "examples/pages", "--store", store, "-q"], check=True)
    options = ["--release", "develop", "--limit", "10", "--format", "table"]
    shown = subprocess.run(
        [tool, "query", "redundant-builds", *options, "--store", store],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.strip() in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_picture_shows_every_type() -> None:
    picture = (ROOT / "docs/graph.svg").read_text()
    for type_ in all_types():
        assert f">{type_.name}<" in picture
