"""`graphcache diff /a /b`: two specs. `golden/cli/diff` is written anew by `make golden`."""

from __future__ import annotations

import io
import json
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import pytest
from command_line import assert_golden, on_terminal, run, succeed
from graphs import NASTY
from test_cli_diff import page_of

from graphcache import Tables
from graphcache.analysis.differing.spec_diff import diff_specs
from graphcache.views.diff import DiffFormat
from graphcache.views.spec_diff import COLUMNS, render_spec_diff, rows_of, sentence

if TYPE_CHECKING:
    Graph = nx.MultiDiGraph[tuple[str, str]]

SITE = Path(__file__).parents[1] / "examples/site"
HDF5 = ("hdf5@1.14.6/hhaw2z5", "/kylug4g")
ASKED = {
    "specs.table": (*HDF5, "--format", "table"),
    "specs.csv": HDF5,
    "specs.jsonl": (*HDF5, "--format", "jsonl"),
    "specs.md": (*HDF5, "--format", "markdown"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of one stack in two releases."""
    folder = tmp_path_factory.mktemp("site")
    for command, release in ("build", "2026-09"), ("update", "2026-10"):
        labels = ("--stack", "io", "--release", release)
        succeed(command, SITE / release / "io", *labels, "--quiet", cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ASKED)
def test_golden_diff_of_two_specs(name: str, site: Path) -> None:
    assert_golden(f"diff/{name}.txt", succeed("diff", *ASKED[name], cwd=site))


@pytest.mark.slow
def test_json_has_the_tree_nested(site: Path) -> None:
    whole = json.loads(succeed("diff", *HDF5, "--format", "json", cwd=site))
    assert whole["summary"] == succeed("diff", *HDF5, "--format", "table", cwd=site).split("\n")[0]
    assert (whole["differ"], whole["left_out"]) == (True, 0)
    told = []
    queue = [whole["tree"]]
    for one in queue:
        told += [(one["right"]["hash"], change["what"]) for change in one["changes"]]
        queue += one["below"]
    rows = succeed("diff", *HDF5, "--format", "jsonl", cwd=site).splitlines()
    assert told == [(row["right_hash"], row["what"]) for row in map(json.loads, rows)]
    assert [*json.loads(rows[0])] == COLUMNS


@pytest.mark.slow
def test_one_spec_is_no_difference(site: Path) -> None:
    asked = ("diff", "/hhaw2z5", "hdf5@1/hhaw2", "--exit-code")
    said = "hdf5@1.14.6/hhaw2z5 is the same spec on both sides: nothing differs.\n"
    assert succeed(*asked, "--format", "table", cwd=site) == said
    assert succeed(*asked, cwd=site) == ",".join(COLUMNS) + "\n"
    assert json.loads(succeed(*asked, "--format", "json", cwd=site))["differ"] is False
    assert "No difference" in succeed(*asked, "--format", "markdown", cwd=site)


@pytest.mark.slow
def test_the_example_of_a_rebuild_is_a_command(site: Path) -> None:
    asked = ("rebuilds", "--package", "netcdf-c", "--format", "jsonl")
    rows = map(json.loads, succeed(*asked, cwd=site).splitlines())
    command = next(row["example"] for row in rows if row["cause"].startswith("zlib-ng "))
    _, *arguments = command.split()
    assert "zlib-ng (version)" in succeed(*arguments, "--format", "table", cwd=site)


@pytest.mark.slow
def test_the_example_asks_the_same_store(site: Path, tmp_path: Path) -> None:
    store = tmp_path / "my caches/a.lbug"
    store.parent.mkdir()
    shutil.copy(site / "graphcache.lbug", store)
    asked = ("rebuilds", "--package", "netcdf-c", "--store", store)
    for printed in ("csv", "table"):
        assert f" --store '{store}'" in succeed(*asked, "--format", printed, cwd=tmp_path)
    row, *_ = map(json.loads, succeed(*asked, "--format", "jsonl", cwd=tmp_path).splitlines())
    _, *arguments = shlex.split(row["example"])
    assert succeed(*arguments, cwd=tmp_path).startswith(",".join(COLUMNS))


@pytest.mark.slow
def test_exit_code_of_two_specs(site: Path) -> None:
    assert run("diff", *HDF5, cwd=site).code == 0
    assert run("diff", *HDF5, "--exit-code", cwd=site).code == 1


@pytest.mark.slow
def test_on_a_terminal_no_name_is_broken(site: Path) -> None:
    for columns in (20, 40, 80):
        shown = on_terminal("diff", *HDF5, cwd=site, columns=columns, env={"NO_COLOR": "1"}).out
        for name in ("hdf5@1.14.6/hhaw2z5", "openssl@3.4.4/qkyawhf", "zlib-ng@2.3.3/7oy2jfg"):
            assert name in shown, columns


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("/hhaw2z5", "2026-09"), 2, "two of a kind: /hhaw2z5 is a spec, 2026-09 is a release"),
        (("hhaw2z5", "2026-09"), 2, "hhaw2z5: no such release, stack or hash in the graph, which"),
        (("io", "/hhaw2z5", "--as", "stack"), 2, "/hhaw2z5: no such stack in the graph"),
        (("io", "/hhaw2z5", "--as", "spec"), 2, "io: expected one spec, found 2 specs:"),
        (("/hhaw2z5", "/zzzzzzz"), 2, "/zzzzzzz: no such spec in the graph"),
        (("zlib/hhaw2z5", "/kylug4g"), 2, "zlib: no such package in the graph"),
        (("/h", "/kylug4g"), 2, "/h: expected one spec, found "),
        (("./old.lbug", "/kylug4g"), 2, "./old.lbug: no such release, stack or hash"),
        ((*HDF5, "--release", "2026-09"), 2, "--release goes with two stacks, and these are specs"),
        ((*HDF5, "--details"), 2, "--details goes with two releases, stacks or stores"),
        (("2026-09", "2026-10", "--all"), 2, "--all goes with two specs, or with --details; "),
    ],
)
def test_what_is_refused(asked: tuple[str, ...], code: int, said: str, site: Path) -> None:
    ended = run("diff", *asked, cwd=site)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


# What the tree shows ------------------------------------------------------------------------------


def graph_with_edges(*edges: tuple[str, str, dict[str, Any]], **known: Any) -> Graph:
    """Specs whose packages are their hashes without the digit, and what they need."""
    graph: Graph = nx.MultiDiGraph()
    for start, end, values in edges:
        for name in (start, end):
            usual = {"version": "1", "dependencies_known": True, "package_hash": "r", "flags": []}
            graph.add_node(("Spec", name), name=name[:-1], **(usual | known))
        graph.add_edge(("Spec", start), ("Spec", end), "DEPENDS_ON", **values)
    return graph


def shown(graph: Graph, left: str, right: str) -> list[str]:
    """The lines that are printed."""
    out = io.StringIO()
    found = diff_specs(Tables.from_networkx(graph), f"/{left}", f"/{right}")
    render_spec_diff(found, "table", out, whole=False)
    return out.getvalue().splitlines()


def test_another_provider_is_named_by_what_it_provides() -> None:
    graph = graph_with_edges(
        ("app2", "ng2", {"types": ["link"], "virtuals": ["zlib-api"]}),
        ("app3", "zlib3", {"types": ["link"], "virtuals": ["zlib-api"]}),
    )
    assert shown(graph, "app2", "app3") == [
        "app@1/app2 and app@1/app3 differ in no setting of their own, but below them in zlib-api "
        "(ng → zlib).",
        "",
        "app@1/app2 → app@1/app3",
        "└── zlib-api: ng@1/ng2 → zlib@1/zlib3",
    ]


def test_what_differs_in_all_of_them_is_told_once_and_counted() -> None:
    graph = graph_with_edges(("app2", "zlib2", {}), ("app3", "zlib3", {}))
    for number, target in ("2", "zen3"), ("3", "zen4"):
        for name in "app", "zlib":
            graph.add_edge(("Spec", f"{name}{number}"), ("Target", target), "FOR_TARGET")
    assert shown(graph, "app2", "app3") == [
        "app@1/app2 and app@1/app3 differ in 1 setting of their own (target).",
        "",
        "app@1/app2 → app@1/app3",
        "├── target: zen3 → zen4",
        "└── differ too, in nothing new: zlib",
        "Not listed: 1 spec below that differs in the same target (zen3 → zen4).",
    ]


def test_where_dependencies_are_not_known_it_says_so() -> None:
    graph = graph_with_edges(("app2", "zlib2", {}), ("app3", "zlib3", {}))
    graph.nodes["Spec", "app3"].update(version="2", dependencies_known=False)
    assert shown(graph, "app2", "app3") == [
        "app@1/app2 and app@2/app3 differ in 1 setting of their own (version) and below them in "
        "zlib (nothing that sources tell); dependencies not known of the right one.",
        "",
        "app@1/app2 → app@2/app3",
        "├── version: 1 → 2",
        "├── dependencies not known of the right one",
        "└── zlib@1/zlib2 → zlib@1/zlib3",
        "    └── nothing that sources tell",
    ]


# Texts that something in the way might take for more than text ------------------------------------

HOSTILE = [*NASTY, "\x1b[31mred", "[bold]x[/bold]", "\u202eabc", "x" * 1_000, "</details>"]


def graph_with(name: str, wide: int = 1) -> Tables:
    """Two specs of a package of that name that need another one, with many variants."""
    graph: Graph = nx.MultiDiGraph()
    for side in "23":
        top, below = ("Spec", f"a{side}"), ("Spec", f"b{side}")
        graph.add_node(top, name=name, version=name, dependencies_known=True)
        variants = [f"v{n}={name}{side}" for n in range(wide)]
        graph.add_node(below, name="b", variants=variants, dependencies_known=True)
        graph.add_edge(top, below, "DEPENDS_ON", types=["link"], virtuals=[name])
    return Tables.from_networkx(graph)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("format_", ["table", "csv", "json", "jsonl", "markdown"])
def test_no_text_is_a_command_or_markup(text: str, format_: DiffFormat) -> None:
    found = diff_specs(graph_with(text), "/a2", "/a3")
    out = io.StringIO()
    render_spec_diff(found, format_, out, whole=False)
    if format_ == "table":
        assert all(c.isprintable() or c == "\n" for c in out.getvalue())
        assert out.getvalue().count("\n") == 5
    if format_ == "json":
        assert json.loads(out.getvalue())["left"]["package"] == text
    if format_ == "markdown":
        assert page_of(out.getvalue())[1]


def test_many_changes_are_cut_and_counted() -> None:
    found = diff_specs(graph_with("app", wide=50), "/a2", "/a3")
    shown = []
    for whole in (False, True):
        out = io.StringIO()
        render_spec_diff(found, "table", out, whole=whole)
        shown.append(out.getvalue())
    assert "… and 30 more (--all)" in shown[0]
    assert [text.count("variant: ") for text in shown] == [20, 50]
    assert "b (50 variants)" in sentence(found)
    assert len(rows_of(found).rows) == 50


@pytest.mark.slow
def test_many_specs_are_cut_and_counted() -> None:
    graph: Graph = nx.MultiDiGraph()
    for side in "23":
        graph.add_node(("Spec", f"a{side}"), name="a", dependencies_known=True)
        for n in range(50):
            graph.add_node(("Spec", f"b{n}x{side}"), name=f"b{n}", version=side)
            graph.add_edge(("Spec", f"a{side}"), ("Spec", f"b{n}x{side}"), "DEPENDS_ON")
    found = diff_specs(Tables.from_networkx(graph), "/a2", "/a3")
    out = io.StringIO()
    render_spec_diff(found, "table", out, whole=False)
    assert "… and 21 more specs differ (--all)" in out.getvalue()
    assert "and 44 more" in sentence(found)
    out = io.StringIO()
    render_spec_diff(found, "table", out, whole=True)
    assert out.getvalue().count("version: 2 → 3") == 50
