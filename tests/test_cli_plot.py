"""`plot` as a user has it: every plot in every format, and as bars, of real and of hostile data.

`golden/cli/plot` is written anew by `make golden`; the
numbers there are held against plain Python here.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import oracle
import pytest
from command_line import assert_golden, on_terminal, run, start, succeed
from graphs import put_store
from held import RELEASES, Spec, configuration, in_release, in_stacks, made_pages
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from graphcache import Tables, build_store
from graphcache.answers import Answer
from graphcache.cli.plot import plot
from graphcache.views.bars import render_bars
from graphcache.views.charts import NO_COMPILER, Chart, overlap_of

PLOTS = tuple(plot.commands)
SVG = "{http://www.w3.org/2000/svg}"
MAGIC = {"svg": b"<?xml", "png": b"\x89PNG\r\n", "pdf": b"%PDF-"}
HOSTILE = [
    "$x^2$ \\frac{1}{2} $",
    "</title></text><script>alert(1)</script>",
    "&amp; \"'<![CDATA[",
    "_hidden",
    "tall " * 2000,
    "tall " * 2001,
    "é 漢字 \U0001f600 \u202e",
]
"""Stacks and packages that something in the way might take for more than text."""


def drawn(path: Path) -> tuple[str, str, list[str]]:
    """The title, the description and the texts of a picture."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - of our own making
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert not [e for e in root.iter() if e.tag.endswith(("script", "image", "foreignObject"))]
    title, description = (root.findtext(f"{SVG}{tag}") or "" for tag in ("title", "desc"))
    return title, description, [text.text or "" for text in root.iter(f"{SVG}text")]


def bars(printed: str) -> dict[str, list[int]]:
    """By label the numbers of each bar."""
    rows = {}
    for line in printed.partition("\n\n")[2].splitlines():
        label, numbers = re.split("  +", line, maxsplit=1)[0], re.findall(r"  +([\d,]+)", line)
        rows[label] = [int(number.replace(",", "")) for number in numbers]
    return rows


def matrix(printed: str) -> dict[tuple[str, str], int]:
    """By row and column the numbers of a matrix: a name begins where its column does."""
    found = {}
    for block in printed.split("\n\n")[1:]:
        lines = block.splitlines()
        heads = [line for line in lines if line.startswith("  ")]
        names = {len(head) - len(head.split()[-1]): head.split()[-1] for head in heads}
        for line in lines[len(heads) :]:
            label = line.split()[0]
            for number in re.finditer(r"(?<=  )[\d,]+", line):
                found[label, names[number.start()]] = int(number[0].replace(",", ""))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Spec]]:
    """A folder with a store of made pages in five releases, and what it holds."""
    folder = tmp_path_factory.mktemp("made")
    pages = folder / "pages"
    pages.mkdir()
    made_pages(pages)
    build_store(folder / "graphcache.lbug", pages)
    return folder, oracle.specs(oracle.read_pages(pages))


# Every plot, in every form ------------------------------------------------------------------------


def test_the_plots_are_listed(tmp_path: Path) -> None:
    listed = succeed("plot", cwd=tmp_path).splitlines()
    assert [line.partition(",")[0] for line in listed] == ["plot", *sorted(PLOTS)]


@pytest.mark.slow
@pytest.mark.parametrize("format_", MAGIC)
@pytest.mark.parametrize("name", PLOTS)
def test_a_picture_in_each_format(
    name: str, format_: str, example_store: Path, tmp_path: Path
) -> None:
    out = tmp_path / f"out.{format_}"
    said = succeed("plot", name, "-o", out.name, "--store", example_store, cwd=tmp_path)
    assert said.startswith(f"{out.name}: ")
    assert out.read_bytes().startswith(MAGIC[format_])
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.slow
@pytest.mark.parametrize("format_", MAGIC)
def test_the_same_data_give_the_same_bytes(
    format_: str, example_store: Path, tmp_path: Path
) -> None:
    for number in "12":
        options = ("-o", f"{number}.{format_}", "--store", example_store)
        succeed("plot", "stack-overlap", *options, cwd=tmp_path, env={"PYTHONHASHSEED": number})
    one, two = (tmp_path / f"{number}.{format_}" for number in "12")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("name", PLOTS)
def test_golden_bars(name: str, example_store: Path) -> None:
    printed = succeed("plot", name, cwd=example_store.parent)
    assert_golden(f"plot/{name}.txt", printed)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("name", PLOTS)
def test_bars_fit_the_terminal(name: str, columns: int, example_store: Path) -> None:
    ended = on_terminal("plot", name, cwd=example_store.parent, columns=columns)
    assert ended.code == 0
    assert "\x1b" not in ended.out
    rows = ended.out.partition("\n\n")[2].splitlines()
    assert rows
    widest = max(map(cell_len, rows))
    assert widest == columns or name == "churn" or (name == "stack-targets" and widest < columns)


@pytest.mark.process
def test_bars_in_ascii_where_blocks_cannot_be_written(example_store: Path) -> None:
    ascii_ = {"PYTHONIOENCODING": "ascii"}
    ended = start("plot", "redundant-builds", cwd=example_store.parent, env=ascii_).end()
    assert (ended.code, ended.err) == (0, "")
    printed = ended.out
    assert printed.isascii()
    assert "py-pdm-backend  ###" in printed
    assert "\\u" not in printed


@pytest.mark.slow
def test_the_picture_in_the_docs_is_of_the_example_pages(
    example_store: Path, tmp_path: Path
) -> None:
    asked = ("plot", "stack-overlap", "-o", "now.svg", "--store", example_store)
    succeed(*asked, cwd=tmp_path)
    pictures = Path(__file__).parents[1] / "docs/pictures"
    assert drawn(pictures / "stack-overlap.svg") == drawn(tmp_path / "now.svg")


# The numbers --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("release", [None, "develop", "v0.9"])
def test_compilers(release: str | None, made: tuple[Path, list[Spec]]) -> None:
    folder, specs = made
    options = ("--release", release) if release else ()
    counts = Counter(spec["compiler"] or NO_COMPILER for spec in in_release(specs, release))
    shown = bars(succeed("plot", "compilers", *options, cwd=folder))
    assert shown == {name: [number] for name, number in counts.items()}
    assert list(shown.values()) == sorted(shown.values(), reverse=True)
    succeed("plot", "compilers", *options, "-o", "c.svg", cwd=folder)
    title, description, texts = drawn(folder / "c.svg")
    asked = "With which compilers are the specs built?"
    assert title == (f"{asked} Release {release}" if release else asked)
    assert title in texts
    for name, number in counts.items():
        assert {name, str(number)} <= set(texts)
        assert f"{name}: {number} spec" in description


@pytest.mark.slow
@pytest.mark.parametrize("release", [None, "develop"])
def test_redundant_builds(release: str | None, made: tuple[Path, list[Spec]]) -> None:
    folder, specs = made
    options = ("--release", release) if release else ()
    builds: dict[str, Counter[object]] = {}
    for spec in in_release(specs, release):
        builds.setdefault(spec["name"], Counter())[configuration(spec)] += 1
    expected = {name: [sum(c.values()) - len(c), len(c)] for name, c in builds.items()}
    expected = {name: numbers for name, numbers in expected.items() if numbers[0]}
    assert bars(succeed("plot", "redundant-builds", *options, cwd=folder)) == expected
    succeed("plot", "redundant-builds", *options, "-o", "r.svg", cwd=folder)
    texts = drawn(folder / "r.svg")[2]
    said = {f"{redundant} of {redundant + first}" for redundant, first in expected.values()}
    assert {*expected, *said, "redundant", "first builds"} <= set(texts)
    assert f"{sum(row[0] for row in expected.values())} redundant in all" in texts


@pytest.mark.slow
@pytest.mark.parametrize("release", [None, "develop"])
def test_stack_targets(release: str | None, made: tuple[Path, list[Spec]]) -> None:
    folder, specs = made
    options = ("--release", release) if release else ()
    held = in_stacks(specs, release)
    counts = Counter((stack, spec["target"]) for stack in held for spec in held[stack])
    printed = succeed("plot", "stack-targets", *options, cwd=folder)
    assert matrix(printed) == counts
    succeed("plot", "stack-targets", *options, "-o", "t.svg", cwd=folder)
    texts = drawn(folder / "t.svg")[2]
    assert {name for pair in counts for name in pair} <= set(texts)
    assert Counter(t for t in texts if t.isdigit()) == Counter(map(str, counts.values()))


@pytest.mark.slow
@pytest.mark.parametrize("by", ["packages", "configurations", "specs"])
def test_stack_overlap(by: str, made: tuple[Path, list[Spec]]) -> None:
    folder, specs = made
    key = {"packages": "name", "specs": "hash"}.get(by)
    stacks_of: dict[object, set[str]] = {}
    for stack, group in in_stacks(specs, None).items():
        for spec in group:
            thing = configuration(spec) if key is None else spec[key]
            stacks_of.setdefault(thing, set()).add(stack)
    counts = Counter(frozenset(stacks) for stacks in stacks_of.values())
    shown = bars(succeed("plot", "stack-overlap", "--by", by, cwd=folder))
    assert {frozenset(label.split(" & ")): n for label, (n,) in shown.items()} == counts
    succeed("plot", "stack-overlap", "--by", by, "-o", "o.svg", cwd=folder)
    title, description, texts = drawn(folder / "o.svg")
    assert title == f"Which {by} do stacks share?"
    assert {*map(str, counts.values()), *set().union(*counts)} <= set(texts)
    sizes = Counter(stack for stacks in stacks_of.values() for stack in stacks)
    assert {str(size) for size in sizes.values()} <= set(texts)
    assert description.count(f" {by.removesuffix('s')}") == len(counts)
    assert description.count(f": 1 {by}") == 0


@pytest.mark.slow
def test_churn(made: tuple[Path, list[Spec]]) -> None:
    folder, specs = made
    expected = {}
    for old, new in pairwise(RELEASES):
        before = {s["hash"]: configuration(s) for s in in_release(specs, old)}
        after = {s["hash"]: configuration(s) for s in in_release(specs, new)}
        kept = len(before.keys() & after.keys())
        added = sum(built not in before.values() for built in after.values())
        removed = sum(built not in after.values() for built in before.values())
        expected[new] = [kept, len(after) - kept - added, added, removed]
    assert bars(succeed("plot", "churn", cwd=folder)) == expected
    succeed("plot", "churn", "-o", "churn.svg", cwd=folder)
    _, description, texts = drawn(folder / "churn.svg")
    assert {*expected, "kept", "rebuilt", "added", "removed"} <= set(texts)
    for release, (kept, rebuilt, added, removed) in expected.items():
        said = f"{kept} kept, {rebuilt} rebuilt, {added} added, {removed} removed"
        assert f"{release}: {said}" in description


@pytest.mark.slow
def test_churn_of_chosen_releases(made: tuple[Path, list[Spec]]) -> None:
    chosen = [option for name in ("develop", "v0.9") for option in ("--release", name)]
    printed = succeed("plot", "churn", *chosen, cwd=made[0])
    assert list(bars(printed)) == ["v0.9"]
    weeks = [option for name in RELEASES[2:4] for option in ("--release", name)]
    printed = succeed("plot", "churn", *weeks, cwd=made[0])
    assert re.search(r"gone after [\d.]+ releases, \d+ days", printed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("compilers", "The 1 largest of 3 compilers"),
        ("redundant-builds", "The 1 largest of 2 packages"),
        ("stack-targets", "The 1 largest of 4 stacks"),
        ("stack-overlap", "The 1 largest of "),
        ("churn", "The latest 1 of 4 steps"),
    ],
)
def test_what_is_not_shown_is_said(name: str, said: str, made: tuple[Path, list[Spec]]) -> None:
    printed = succeed("plot", name, "--top", "1", cwd=made[0])
    assert said in printed
    rows = printed.partition("\n\n")[2].splitlines()
    rows = [row for row in rows if not row.startswith("  ")]  # without the heads of a matrix
    assert len(rows) == 1
    succeed("plot", name, "--top", "1", "-o", "top.svg", cwd=made[0])
    assert any(said in text for text in drawn(made[0] / "top.svg")[2])


# Names that are hard, and many of them ------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store in which names of all kinds are not easy."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for number, name in enumerate(HOSTILE):
        for build in range(2 + number % 2):
            node = ("Spec", f"{number}{build}")
            graph.add_node(node, name=name, version="1", configuration=name)
            for stack in (name, HOSTILE[number - 1]):
                graph.add_edge(node, ("Stack", stack), "IN_STACK", releases=[name])
            graph.add_edge(node, ("Target", name), "FOR_TARGET")
            graph.add_edge(node, ("Compiler", name), "BUILT_WITH")
            graph.add_edge(node, ("Release", name), "IN_RELEASE")
    folder = tmp_path_factory.mktemp("hostile")
    put_store(folder / "graphcache.lbug", Tables.from_networkx(graph))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_hard_names(name: str, hostile: Path) -> None:
    out = hostile / f"{name}.svg"
    said = succeed("plot", name, "-o", out.name, cwd=hostile)
    assert said.startswith(out.name)
    texts = drawn(out)[2]
    # Of the first release nothing is said but what the next one kept.
    first = 1 if name == "churn" else 0
    assert {*HOSTILE[first:4], "é 漢字 \U0001f600 \\u202e"} <= set(texts)
    assert len({text for text in texts if text.startswith("tall tall")}) == 2
    assert max(map(len, texts)) < 100


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["png", "pdf"])
def test_hard_names_in_other_formats(format_: str, hostile: Path) -> None:
    options = ("--release", HOSTILE[-1], "-o", f"out.{format_}")
    succeed("plot", "compilers", *options, cwd=hostile)
    assert (hostile / f"out.{format_}").read_bytes().startswith(MAGIC[format_])


@pytest.mark.slow
def test_a_hard_name_in_a_title(hostile: Path) -> None:
    for release in HOSTILE[:3]:
        options = ("--release", release, "-o", "title.svg")
        succeed("plot", "compilers", *options, cwd=hostile)
        assert (
            drawn(hostile / "title.svg")[0]
            == f"With which compilers are the specs built? Release {release}"
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_hard_names_on_a_terminal(name: str, hostile: Path) -> None:
    ended = on_terminal("plot", name, cwd=hostile)
    assert ended.code == 0
    assert ended.out.replace("\n", "").isprintable()
    assert max(map(cell_len, ended.out.partition("\n\n")[2].splitlines())) <= 80


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack-targets", "stack-overlap"])
def test_many_stacks(name: str, tmp_path: Path) -> None:
    """40 stacks: each has a line of its own, as high as its text."""
    stacks = [f"stack-{number:02}" for number in range(40)]
    records = [
        oracle.record(stack[-2:].translate(str.maketrans("0123456789", "abcdefghij")) * 16)
        | {"stacks": [stack, stacks[number // 2]]}
        for number, stack in enumerate(stacks)
    ]
    (tmp_path / "page").write_text(oracle.page_text(records=records))
    build_store(tmp_path / "graphcache.lbug", tmp_path / "page")
    succeed("plot", name, "--top", "50", "-o", "many.svg", cwd=tmp_path)
    root = ElementTree.parse(tmp_path / "many.svg").getroot()  # noqa: S314
    heights = [
        float(re.findall(r"[\d.]+", text.get("transform") or "")[-1])
        for text in root.iter(f"{SVG}text")
        if text.text in stacks
    ]
    heights.sort()
    assert len(heights) == 40
    assert min(b - a for a, b in pairwise(heights)) > 12


@pytest.mark.slow
def test_the_users_settings_change_nothing(example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.grid: True\nbackend: tkagg\n")
    for env in ({}, {"MATPLOTLIBRC": str(tmp_path / "matplotlibrc"), "MPLBACKEND": "tkagg"}):
        out = f"{len(env)}.svg"
        succeed("plot", "churn", "-o", out, "--store", example_store, cwd=tmp_path, env=env)
    assert (tmp_path / "0.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("none",), 2, "No plot named 'none': expected one of churn, compilers"),
        (("compilers", "-o", "c.gif"), 2, "c.gif: expected a name that ends in .svg, .png or .pdf"),
        (("compilers", "-o", "svg"), 2, "svg: expected a name that ends in .svg, .png or .pdf"),
        (("compilers", "-o", "none/c.svg"), 1, "there is no folder"),
        (("compilers", "--top", "0"), 2, "Invalid value for '--top'"),
        (("compilers", "--top", "1001"), 2, "Invalid value for '--top'"),
        (("compilers", "--release", "none"), 2, "none: no such release in the graph, which has"),
        (("redundant-builds", "--release", "none"), 2, "none: no such release in the graph"),
        (("stack-targets", "--release", "none"), 2, "none: no such release in the graph"),
        (("stack-overlap", "--release", "none"), 2, "none: no such release in the graph"),
        (("stack-overlap", "--release", "v0.18.0"), 2, "expected two stacks or more, found 1"),
        (("stack-overlap", "--by", "targets"), 2, "Invalid value for '--by'"),
        (("churn", "--release", "none"), 2, "none: no such release in the graph"),
        (("churn", "--release", "develop"), 2, "expected two releases or more that hold specs"),
        (("redundant-builds", "--release", "v0.18.0"), 2, "no configuration is built twice"),
        (("compilers", "--store", "none"), 1, "none: there is no store"),
    ],
)
def test_what_is_refused(
    asked: tuple[str, ...], code: int, said: str, example_store: Path, tmp_path: Path
) -> None:
    store = () if "--store" in asked else ("--store", example_store)
    ended = run("plot", *asked, *store, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert list(tmp_path.iterdir()) == []


def test_labels_are_distinct() -> None:
    names = ["a", "x" * 100, "x" * 101, "x" * 102, "x" * 29 + "…" + "x" * 30 + " (2)"]
    answer = Answer(["stacks", "specs"], [(names, 3), (names[:1], 2)])
    sets = overlap_of(answer, 10, "").sets
    assert len(sets) == len(names)
    assert set(sets.values()) == {3, 5}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLOTS)
def test_nothing_to_plot_is_no_picture(name: str, tmp_path: Path) -> None:
    lock = {"_meta": {"lockfile-version": 6}, "roots": [], "concrete_specs": {}}
    (tmp_path / "spack.lock").write_text(json.dumps(lock))
    build_store(tmp_path / "graphcache.lbug", tmp_path / "spack.lock")
    (tmp_path / "p.svg").write_text("an earlier picture")
    for options in ((), ("-o", "p.svg")):
        ended = run("plot", name, *options, cwd=tmp_path)
        assert (ended.code, ended.out) == (2, "")
        assert "nothing to plot: " in ended.err
    assert (tmp_path / "p.svg").read_text() == "an earlier picture"


@pytest.mark.process
@pytest.mark.parametrize("module", ["matplotlib", "marsilea"])
def test_without_the_extra(module: str, example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.modules[{module!r}] = None")
    env = {"PYTHONPATH": str(tmp_path)}
    asked = ("plot", "compilers", "--store", example_store)
    ended = start(*asked, "-o", "c.svg", cwd=tmp_path, env=env).end()
    assert (ended.code, ended.out) == (2, "")
    assert f"c.svg: a picture needs {module}: pip install 'graphcache[plot]'" in ended.err
    assert not (tmp_path / "c.svg").exists()
    without = start(*asked, cwd=tmp_path, env=env).end()
    assert without == start(*asked, cwd=tmp_path).end()
    assert without.code == 0


@pytest.mark.slow
def test_a_picture_replaces_a_file_when_it_is_whole(example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "real.svg").write_text("an earlier picture")
    (tmp_path / "link.svg").symlink_to("real.svg")
    succeed("plot", "churn", "-o", "link.svg", "--store", example_store, cwd=tmp_path)
    assert (tmp_path / "link.svg").is_symlink()
    assert drawn(tmp_path / "real.svg")[0].startswith("What did each release keep")
    (tmp_path / "folder.svg").mkdir()
    ended = run("plot", "churn", "-o", "folder.svg", "--store", example_store, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "folder.svg" in ended.err


# Bars of anything ---------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.text(st.characters(categories=["L", "N"])), st.integers(0, 10**9)), max_size=9
    )
)
def test_bars_are_as_long_as_their_numbers(rows: list[tuple[str, int]]) -> None:
    chart = Chart("Title", "specs", [label for label, _ in rows], {"specs": [n for _, n in rows]})
    out = io.StringIO()
    render_bars(chart, out)
    lines = out.getvalue().split("\n")[2:-1]
    assert len(lines) == len(rows)
    most = max((number for _, number in rows), default=0)
    room = max((line.count("█") for line in lines), default=0)
    for line, (_, number) in zip(lines, rows, strict=True):
        assert line.endswith(f" {number:,}")
        assert cell_len(line) == 80
        length = sum((" ▏▎▍▌▋▊▉█".index(c)) / 8 for c in line if c in "▏▎▍▌▋▊▉█")
        assert (length > 0) == (number > 0)
        assert not most or abs(length - room * number / most) <= 0.125


@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 3), min_size=1, max_size=5))
def test_parts_of_bars_are_as_long_as_their_numbers(rows: list[tuple[int, ...]]) -> None:
    parts = {name: [row[at] for row in rows] for at, name in enumerate("abc")}
    out = io.StringIO()
    render_bars(Chart("Title", "specs", ["bar"] * len(rows), parts), out)
    lines = out.getvalue().split("\n")
    assert lines[1] == "█ a  ▒ b  ░ c"
    most = max(map(sum, rows))
    room = max(sum(line.count(c) for c in "█▒░") for line in lines[3:])
    for line, row in zip(lines[3:-1], rows, strict=True):
        assert cell_len(line) == 80
        for fill, number in zip("█▒░", row, strict=True):
            assert not most or abs(line.count(fill) - room * number / most) <= 1
