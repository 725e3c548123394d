"""`graphcache diff`, and the Markdown that it writes.

`golden/cli/diff` is written anew by `make golden`. What
stands there was checked by hand once, the Markdown also as a page.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import networkx as nx
import pytest
from command_line import assert_golden, on_terminal, run, succeed
from graphs import NASTY
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from graphcache import Tables, build_store
from graphcache.analysis.changes import SUMMARY, diff
from graphcache.views.diff import diff_as_markdown, render_diff
from graphcache.views.markdown import MAX_SIZE, code, details_blocks

# Markdown -----------------------------------------------------------------------------------------

HOSTILE = [
    *NASTY,
    "</script><script>alert(1)</script>",
    "a|b\\|c",
    "a`b``c",
    "`",
    "\\",
    "| --- |",
    "@all #1 !1 :smile:",
    "[x](javascript:alert(1))",
    "https://example.org",
    "</details>",
    "\n\n# big",
    "\u202eabc",
    "x" * 10_000,
    "|" * 10_000,
]


def page_of(markdown: str) -> tuple[list[str], list[list[str]]]:
    """Rendered: the texts that are code, and the rows of tables with their number of cells."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    found: list[str] = []
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "code_inline", "html_inline", "strong_open", "strong_close"}
            html = [c.content for c in token.children or () if c.type == "html_inline"]
            assert set(html) <= {"<br>"}
            found += [c.content for c in token.children or () if c.type == "code_inline"]
            if rows:
                rows[-1].append(token.content)
        if token.type == "html_block":
            assert re.fullmatch(r"(<details><summary>[\w ,:.]+</summary>|</details>)\n",
                                token.content)  # fmt: skip
    return found, rows


def hostile_side(number: int, names: list[str]) -> Tables:
    """A spec of each name, with other versions and compilers on each side."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for at, name in enumerate(names):
        spec = ("Spec", f"{number}{at:031}")
        graph.add_node(spec, name=name, version=f"{number}{name}", variants=[name * number])
        graph.add_node(("Compiler", f"{name}{number}"))
        graph.add_edge(spec, ("Compiler", f"{name}{number}"), "BUILT_WITH")
    return Tables.from_networkx(graph)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_markup(name: str) -> None:
    old, new = hostile_side(2, [name]), hostile_side(3, [name, f"{name}2"])
    markdown = diff_as_markdown(diff(old, new), (name, f"{name} "), details=True)
    texts, rows = page_of(markdown)
    assert "**1 changed, 1 added**; 0 specs kept." in markdown
    shown = code(name)[1:-1]
    # Of code that begins and ends with a space, Markdown takes one off at each end.
    assert texts.count(shown) + texts.count(shown[1:-1]) >= 3
    assert {len(row) for row in rows} == {2, 3, 4, 8}
    assert len(markdown) <= MAX_SIZE


@given(st.text())
def test_any_text_is_code_and_nothing_else(text: str) -> None:
    cell = code(text)
    texts, rows = page_of(f"| a | b |\n| --- | --- |\n| {cell} | x |\n")
    assert [len(row) for row in rows] == [2, 2]
    assert len(texts) == (1 if cell else 0)
    assert len(cell) <= 203


@pytest.mark.slow
@pytest.mark.parametrize("count", [10, 400, 5_000])
def test_markdown_is_cut_and_says_so(count: int) -> None:
    names = [f"package-{number}" for number in range(count)]
    old, new = hostile_side(2, names), hostile_side(3, [*names, *(f"new-{n}" for n in names)])
    markdown = diff_as_markdown(diff(old, new), ("a", "b"), details=True)
    assert len(markdown) <= MAX_SIZE
    left_out = [int(n.replace(",", "")) for n in re.findall(r"more: ([0-9,]+) rows", markdown)]
    _, rows = page_of(markdown)
    summary = 1 + sum(1 for row in rows if row[0] in SUMMARY)
    assert len(rows) - summary - 3 + sum(left_out) == 2 * count + count + count
    assert bool(left_out) == (count > 10)
    # What can't be shown whole uses the room that there is.
    assert not left_out or len(markdown) > 0.9 * MAX_SIZE
    assert markdown.count("<details>") == markdown.count("</details>") == 3


def test_room_that_one_block_leaves_goes_to_the_next() -> None:
    rows = [["x" * 10]] * 100
    blocks = [("few", ["a"], rows[:1]), ("many", ["a"], rows)]
    text = details_blocks("", blocks, 1000)
    assert 900 < len(text) <= 1000
    assert text.count("x" * 10) > 45


def test_a_table_on_a_terminal_shows_no_command() -> None:
    found = diff(Tables.empty(), hostile_side(2, ["a\x1b[31m|b"]))
    for format_ in ("table", "json"):
        out = io.StringIO()
        render_diff(found, ("a", "b"), format_, out, details=True)
        assert "\x1b" not in out.getvalue()


# The command --------------------------------------------------------------------------------------

RELEASES = ("develop-2025-03-23", "develop-2025-03-30")
GOLDEN = {
    "releases": RELEASES,
    "releases.table": (*RELEASES, "--details", "--format", "table"),
    "stacks.table": ("e4s", "e4s-power", "--format", "table"),
    "stacks.csv": ("e4s", "e4s-power", "--details", "--release", "develop"),
    "stacks.json": ("e4s", "hep", "--details", "--format", "json"),
    "stacks.jsonl": ("e4s", "hep", "--details", "--format", "jsonl"),
    "stacks.md": ("e4s", "e4s-power", "--details", "--format", "markdown"),
    "none.md": ("e4s", "e4s", "--details", "--format", "markdown"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_golden_diff(name: str, example_store: Path) -> None:
    ended = run("diff", *GOLDEN[name], cwd=example_store.parent)
    assert ended.code == 0
    said = (
        "Of 1 changed spec no source tells the compiler of one side: it may be the same on both.\n"
    )
    assert ended.err == (said if name in ("stacks.table", "stacks.csv") else "")
    assert_golden(f"diff/{name}.txt", ended.out)


@pytest.mark.process
def test_a_terminal_shows_a_screen_of_each_list_of_details(example_store: Path) -> None:
    asked = ("diff", "e4s", "hep", "--details")
    shown = on_terminal(*asked, cwd=example_store.parent).out
    assert len(shown.splitlines()) < 3 * 24
    assert shown.endswith("… and 9 more (--all)\n")
    assert "more (--all)" not in on_terminal(*asked, "--all", cwd=example_store.parent).out


@pytest.mark.slow
def test_two_stores(example_store: Path, example_pages: Path, tmp_path: Path) -> None:
    page = next(example_pages.glob("rocblas*30.md"))
    build_store(tmp_path / "old.lbug", page)
    asked = ("diff", "old.lbug", example_store, "--details", "--format", "json")
    found = json.loads(succeed(*asked, cwd=tmp_path))
    assert (found["old"], found["new"]) == ("old.lbug", str(example_store))
    counts = {row["change"]: row["specs"] for row in found["summary"]}
    assert (counts["old"], counts["new"], counts["kept"], counts["added"]) == (2, 216, 2, 214)
    assert {row["change"] for row in found["specs"]} == {"added"}
    assert succeed("diff", "old.lbug", "old.lbug", "--exit-code", cwd=tmp_path).endswith(",0,0\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "code_"),
    [
        (RELEASES, 0),
        ((*RELEASES, "--exit-code"), 1),
        (("e4s", "e4s", "--exit-code"), 0),
        (("e4s", "hep", "--exit-code", "--as", "stack"), 1),
    ],
)
def test_exit_code(asked: tuple[str, ...], code_: int, example_store: Path) -> None:
    ended = run("diff", *asked, cwd=example_store.parent)
    assert (ended.code, ended.err) == (code_, "")
    assert ended.out.startswith("change,specs,packages\n")


@pytest.mark.parametrize(
    ("asked", "code_", "said"),
    [
        (("e4s",), 2, "Missing argument 'B'"),
        (("e4s", "develop"), 2, "expected two of a kind: e4s is a stack, develop is a release"),
        (
            ("e4s", "e4x"),
            2,
            "Error: e4x: no such release, stack or hash in the graph. Did you mean e",
        ),
        (("develop", ""), 2, "an empty name: no such release, stack or hash in the graph"),
        (
            ("develop", "z" * 10_000),
            2,
            "zz: no such release, stack or hash in the graph, which has",
        ),
        (("develop", "zz"), 2, "zz: no such release, stack or hash in the graph, which ha"),
        (("hep", "develop", "--as", "release"), 2, "hep: no such release in the graph, which has"),
        (("hep", "e4s", "--release", "v1"), 2, "v1: no such release in the graph"),
        ((*RELEASES, "--release", "develop"), 2, "--release goes with two stacks, and these are r"),
        (("graphcache.lbug", "new.lbug"), 2, "new.lbug: expected a store, as graphcache.lbug is"),
        (("neo4j://x", "e4s"), 2, "e4s: expected a store, as neo4j://x is one, found no such file"),
        (("a", "b", "--as", "store"), 1, "a: there is no store: make one by"),
        (("a", "b", "--store", "c"), 1, "c: there is no store"),
        (("a", "b", "--store", "c"), 1, "; a and b are looked for in it"),
    ],
)
def test_what_is_refused(
    asked: tuple[str, ...], code_: int, said: str, example_store: Path
) -> None:
    ended = run("diff", *asked, cwd=example_store.parent)
    assert (ended.code, ended.out) == (code_, "")
    assert said in ended.err


@pytest.mark.slow
def test_a_stack_that_a_release_does_not_have_is_nothing_in_it(example_store: Path) -> None:
    ended = run("diff", "hep", "e4s", "--release", "v0.18.0", cwd=example_store.parent)
    assert ended.code == 0
    assert ended.err.splitlines()[0] == "Stack hep holds nothing in release v0.18.0."
