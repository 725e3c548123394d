"""Every command and snippet of the READMEs and docs/ runs, in the order of the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from preloaded import preloaded
from shown import renewed

from graphcache.schema import all_types

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "examples").rglob("README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
BLOCK = re.compile(r"^```(sh|python)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
SAYS = {"StoreError", "QueryError", "UsageError"}
TALKS_TO_A_SERVER = (
    "stores/neo4j/store.py",
    "stores/neo4j/push.py",
    "stores/neo4j/rows.py",
    "stores/neo4j/errors.py",
    "stores/neo4j/foreign.py",
    "cli/server.py",
)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the `graphcache` that pages are shown with."""
    with preloaded(folder := tmp_path_factory.mktemp("tools")):
        yield folder


@pytest.mark.process
@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=name_of
)
def test_what_a_page_shows_is_what_is_printed(
    page: Path, tools: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page.read_text()
    if "local[" in text:
        from sparks import spark_environment

        for name, value in spark_environment().items():
            monkeypatch.setenv(name, value)
    assert renewed(text, tools) == text


@pytest.mark.slow
def test_readme_shows_what_the_command_prints(example_store: Path) -> None:
    options = ("--release", "develop", "--limit", "10", "--format", "table")
    asked = ("query", "redundant-builds", *options, "--store", example_store)
    ended = run(*asked, cwd=example_store.parent)
    assert ended.code == 0
    assert ended.out.strip() in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_picture_shows_every_type() -> None:
    picture = (ROOT / "docs/graph.svg").read_text()
    for type_ in all_types():
        assert f">{type_.name}<" in picture


def test_the_variables_that_are_read_are_listed() -> None:
    read = re.compile(r"""(?:environ(?:ment)?(?:\.get\(|\[)|envvar=)f?"([A-Z][A-Z0-9_]*)""")
    code = "".join(path.read_text() for path in (ROOT / "graphcache").rglob("*.py"))
    cells = re.findall(r"^\| (`[A-Z].*?) \|", (ROOT / "docs/environment.md").read_text(), re.M)
    listed = {name for cell in cells for name in re.findall(r"`([A-Z0-9_]+)`", cell)}
    # Those of AWS, proxies and certificates may be read by libraries.
    ours = {name for name in listed if name.startswith(("GRAPHCACHE_", "NEO4J_", "SPACK_"))}
    assert ours <= set(read.findall(code)) <= listed


def messages(module: str) -> Iterator[str]:
    """What the module says of a server, up to the first colon, with an ellipsis for each value."""
    for node in ast.walk(ast.parse((ROOT / "graphcache" / module).read_text())):
        match node:
            case ast.Call(ast.Name(name), [said, *_]) if name in SAYS:
                yield text_of(said)
            case ast.Assign([ast.Name("_NO_CONNECTION" | "_QUERY_REFUSED" | "_REFUSED")]):
                assert isinstance(node.value, ast.Dict)
                yield from map(text_of, node.value.values)
            case ast.Assign([ast.Name("_CANNOT_WRITE")], said):
                yield text_of(said)
            case ast.FunctionDef(
                name="foreign_warning", body=[*_, ast.Return(ast.JoinedStr() as said)]
            ):
                yield text_of(said)


def text_of(node: ast.expr) -> str:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
    text = re.sub(r"\{.*?\}", "…", text)  # filled in later
    return re.sub(r"^…(\.…)?(: )?", "", text).split(":")[0]


@pytest.mark.parametrize("module", TALKS_TO_A_SERVER)
def test_every_message_about_a_server_is_explained(module: str) -> None:
    explained = re.findall(r"^\| (.*?) \|", (ROOT / "docs/neo4j.md").read_text(), re.M)
    said = set(messages(module)) - {"", "…"}
    assert said
    assert said <= set(explained)
