"""What the project says of itself: its workflow, its hooks, and the pages for who changes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from graphcache import __version__

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))
PAGES = [
    *("CHANGELOG.md", "CONTRIBUTING.md", "RELEASING.md", "SECURITY.md"),
    *("docs/architecture.md", "docs/performance.md", "docs/reliability.md"),
]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
PLACE = re.compile(r"`((?:graphcache|tests|docs|cypher)/[\w./-]+|[\w-]+\.(?:md|toml|txt))`")
NAME = re.compile(r"`([A-Za-z_]\w*)(?:\(.*?\))?`")
NOT_OURS = {"MALLOC_MMAP_THRESHOLD_", "Manager", "binaryFile", "mv"}
"""Names that pages have of glibc, of nobody, of Spark and of the shell."""
MADE_UP = re.compile(r"NAME|THEME")
RELEASE = re.compile(r"\[(?:Unreleased|\d+\.\d+\.\d+)\](?: - \d{4}-\d\d-\d\d)?")
PYTHON = ("graphcache", "tests", "docs", "benchmarks", "examples")
NAMED_ONE_BY_ONE = {"graphcache", "lake", "serving", "stores", "tables", "views", "analysis"}
NAMED_ONE_BY_ONE |= {"advising", "differing", "machines", "matching", "pins"}
"""Folders whose rows name their modules; of others the row says what these have in common."""
PROSE = (
    "*.md",
    "docs/**/*.md",
    "cypher/*.cypher",
    "graphcache/**/*.py",
    "examples/*.py",
    "tests/**/*.py",
)
CLIPPED = re.compile(
    r"\b(?:an?|one) (?:row|line|integer|list|column|digest) an? \w+", re.IGNORECASE
)
"""What the style calls one row per spec, in fewer words."""
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def workflow() -> Any:
    return yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


# The workflow and the hooks -----------------------------------------------------------------------


def test_the_workflow_calls_what_anybody_can_call() -> None:
    commands = [step["run"] for step in steps() if "run" in step]
    assert ".ci/run" in commands
    made = {command.split()[1] for command in commands if command.startswith("make ")}
    assert made <= TARGETS
    assert len(made) + 1 == len(set(commands))


def test_the_workflow_may_do_as_little_as_it_can() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow()["jobs"].values())
    uses = [step["uses"] for step in steps() if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", used) for used in uses)
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(workflow()["jobs"])
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_hooks_are_a_part_of_make_check() -> None:
    [local] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    check = MAKEFILE.partition("\ncheck:")[2].partition("\n\n")[0]
    for hook in local["hooks"]:
        tool, _, options = hook["entry"].removeprefix(".venv/bin/").partition(" ")
        shared = options.replace("--force-exclude", "").strip()
        assert f"$(BIN)/{tool} {shared}".strip() in check


# The pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_is_there(name: str) -> None:
    text = (ROOT / name).read_text()
    places = [place for place in PLACE.findall(text) if not MADE_UP.search(place)]
    for place in [*LINK.findall(text), *places]:
        known = [ROOT / folder / place for folder in (".", "graphcache", "tests", "docs")]
        assert any(path.exists() for path in known), place
    assert set(re.findall(r"`make ([a-z][a-z-]*)", text)) <= TARGETS


def python_files() -> dict[Path, str]:
    """The text of each, but of this one."""
    files = [path for folder in PYTHON for path in (ROOT / folder).rglob("*.py")]
    return {path: path.read_text() for path in files if path != Path(__file__)}


def test_each_name_on_a_page_stands_in_a_file_of_python_or_its_settings() -> None:
    files = python_files()
    texts = [*files.values(), (ROOT / "pyproject.toml").read_text()]
    known = {path.stem for path in files}.union(*map(re.compile(r"\w+").findall, texts))
    for name in PAGES:
        named = NAME.findall((ROOT / name).read_text())
        assert set(named) - NOT_OURS - known == set(), name


def test_no_error_of_types_is_passed_over() -> None:
    assert [path for path, text in python_files().items() if "# type: ignore" in text] == []


def test_the_tables_of_modules_have_each() -> None:
    tables = (ROOT / "docs/architecture.md").read_text().partition("\n## Decisions")[0]
    layers, questions = (
        [row.split("|") for row in table.splitlines() if row.startswith("|")]
        for table in tables.split("\nIn `analysis/`")
    )
    of_folder = {row[2].split("`")[1]: row[3] for row in layers if "`" in row[2]}
    of_folder |= {row[1].split("`")[1]: row[2] for row in questions if "`" in row[1]}
    of_folder["graphcache/"] = "".join(row[2] for row in layers)
    of_folder["analysis/"] = "".join(row[1] for row in questions)
    for path in (ROOT / "graphcache").rglob("*.py"):
        folder = path.parent.name
        if not path.stem.startswith("__") and folder in NAMED_ONE_BY_ONE:
            assert f"`{path.name}`" in of_folder[f"{folder}/"], path


def test_the_changelog_has_the_form_that_it_names() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert releases[0] == "[Unreleased]"
    assert all(RELEASE.fullmatch(release) for release in releases)
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= KINDS
    assert __version__ in text


def test_prose_says_what_there_is_one_of_per_what() -> None:
    paths = [path for pattern in PROSE for path in ROOT.glob(pattern)]
    texts = {path.relative_to(ROOT): " ".join(path.read_text().split()) for path in paths}
    clipped = {str(path): CLIPPED.findall(text) for path, text in texts.items()}
    assert {path: found for path, found in clipped.items() if found} == {}
