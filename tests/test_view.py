"""What `graphcache view` shows, where, and in which colours; the page itself: `test_view_page.py`.

The plain second way to each answer walks over the whole graph in networkx.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import networkx as nx
import oracle
import pytest
from command_line import run
from conftest import WriteSnapshot
from graphs import NASTY
from neo4j_server.grass import read_grass

from graphcache import Store, Tables, UsageError, build_store, open_store, update_store
from graphcache.analysis.folding import fit
from graphcache.analysis.subgraphs import SAME_ROW, Subgraph, around, find_node, of_answer, overview
from graphcache.answers import Answer
from graphcache.errors import QueryError
from graphcache.queries import load_library
from graphcache.schema import EDGE_TYPES, NODE_TYPES
from graphcache.stores.neo4j.constraints import own_label
from graphcache.views.colors import EDGE_COLORS, NODE_COLORS
from graphcache.views.html import (
    ASSETS,
    SCRIPTS,
    STYLES,
    TYPES,
    graph_data,
    standalone_page,
    view_body,
)
from graphcache.views.layout import MAX_CLUSTERS, places

ROOT = Path(__file__).parents[1]
Graph = nx.MultiDiGraph
NodeId = tuple[str, str]
HUBS = ("Stack", "Compiler", "Target", "Release")


@pytest.fixture(scope="module")
def path(example_pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of real pages, and of indexes and lock files, which have dependencies."""
    path = tmp_path_factory.mktemp("view") / "store.lbug"
    build_store(path, example_pages, ROOT / "tests/data/spack")
    for release in ("2026-09", "2026-10", "develop"):
        update_store(path, ROOT / "examples/site" / release, release=release)
    return path


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def whole(store: Store) -> Graph[NodeId]:
    return store.to_networkx()


def same(found: Graph[NodeId], expected: Graph[NodeId]) -> bool:
    return dict(found.nodes(data=True)) == dict(expected.nodes(data=True)) and (
        sorted(found.edges(keys=True)) == sorted(expected.edges(keys=True))
    )


# What is chosen -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["hdf5", "rocblas", "py-pdm-backend", "gmake"])
def test_around_a_package(name: str, store: Store, whole: Graph[NodeId]) -> None:
    shown = around(store, find_node(store, name))
    specs = {n for n, said in whole.nodes(data=True) if n[0] == "Spec" and said["name"] == name}
    nodes = {("Package", name), *specs}
    nodes |= {other for spec in specs for other in whole.successors(spec)}
    assert same(shown.graph, whole.subgraph(nodes))
    assert (shown.title, shown.focus) == (f"Package {name}", ("Package", name))
    assert len(specs) > 1


def test_around_a_spec(store: Store, whole: Graph[NodeId]) -> None:
    specs = [n for n in whole if n[0] == "Spec" and whole.in_degree(n) > 3]
    for spec in specs[:5]:
        shown = around(store, find_node(store, f"/{spec[1]}"))
        assert same(shown.graph, whole.subgraph({spec, *whole.succ[spec], *whole.pred[spec]}))
        said = whole.nodes[spec]
        assert shown.title == f"Spec {said['name']}@{said['version']}/{spec[1][:7]}"


@pytest.mark.parametrize("name", ["radiuss.v6", "e4s", "solvers"])
def test_around_a_stack(name: str, store: Store, whole: Graph[NodeId]) -> None:
    shown = around(store, find_node(store, name))
    specs = set(whole.predecessors(("Stack", name)))
    others = {n for spec in specs for n in whole.successors(spec) if n[0] not in ("Spec", "Stack")}
    assert same(shown.graph, whole.subgraph({("Stack", name), *specs, *others}))


def test_the_overview_counts_specs_by_package_and_stack(store: Store, whole: Graph[NodeId]) -> None:
    specs = [node for node in whole if node[0] == "Spec"]
    ends: dict[NodeId, dict[str, list[NodeId]]] = {
        spec: {edge.name: [] for edge in EDGE_TYPES} for spec in specs
    }
    for spec, end, key in whole.out_edges(specs, keys=True):
        ends[spec][key].append(end)
    expected: Counter[tuple[NodeId, NodeId, str]] = Counter()
    stacked = {p for s in specs if ends[s]["IN_STACK"] for p in ends[s]["OF_PACKAGE"]}
    for spec in specs:
        [package] = ends[spec]["OF_PACKAGE"]
        stacks = ends[spec]["IN_STACK"]
        expected.update((package, stack, "IN_STACK") for stack in stacks)
        starts = stacks if package in stacked else [package]
        for key in ("BUILT_WITH", "FOR_TARGET", "IN_RELEASE"):
            expected.update((start, end, key) for start in starts for end in ends[spec][key])
        needed = {p for other in ends[spec]["DEPENDS_ON"] for p in ends[other]["OF_PACKAGE"]}
        expected.update((package, other, "DEPENDS_ON") for other in needed - {package})
    shown = overview(store).graph
    counted = {(a, b, k): said["specs"] for a, b, k, said in shown.edges(keys=True, data=True)}
    assert counted == expected
    counts = {node: n for node, n in shown.nodes(data="specs") if node[0] == "Package"}
    assert counts == Counter(package for s in specs for package in ends[s]["OF_PACKAGE"])
    used = {target for s in specs for target in ends[s]["FOR_TARGET"]}
    assert {n for n in shown if n[0] == "Target"} == used
    for name in ("Stack", "Compiler", "Release"):
        assert {n for n in shown if n[0] == name} == {n for n in whole if n[0] == name}


def test_an_answer_shows_what_it_names(store: Store, whole: Graph[NodeId]) -> None:
    answer = load_library()["usable-specs"].run(store, {"package": "hdf5", "target": "zen4"})
    shown = of_answer(store, answer, "Query usable-specs")
    at = {name: number for number, name in enumerate(answer.columns)}
    expected = set()
    for row in answer.rows:
        expected |= {("Spec", row[at["hash"]]), ("Target", row[at["target"]])}
        expected |= {("Stack", name) for name in row[at["stacks"]]}
        expected |= {("Release", name) for name in row[at["releases"]]}
    assert same(shown.graph, whole.subgraph(expected))
    assert len(expected) > 5


def test_nodes_of_a_row_are_joined_where_no_edge_joins_them(store: Store) -> None:
    rows: list[tuple[Any, ...]] = [
        ("hdf5", "e4s", 3, "x86_64_v3", "hdf5"),
        ("zlib-ng", None, 1, "no such target", ""),
    ]
    answer = Answer(["package", "other_stack", "specs", "TARGET", "name"], rows)
    graph = of_answer(store, answer, "mine").graph
    hdf5, stack, target = ("Package", "hdf5"), ("Stack", "e4s"), ("Target", "x86_64_v3")
    assert set(graph) == {hdf5, stack, target, ("Package", "zlib-ng")}
    assert set(graph.edges(keys=True)) == {(hdf5, stack, SAME_ROW), (hdf5, target, SAME_ROW)}


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        (["package"], [], "mine: the answer has no row, so there is nothing to show"),
        (["version", "specs"], [("1.2", 3)], "the answer names no nodes: .* found version, specs"),
        (["package"], [(None,)], "the answer names no nodes: "),
        (["package"], [("none",)], "nothing that the answer names is a node"),
    ],
)
def test_an_answer_without_nodes_is_said(
    columns: list[str], rows: list[tuple[Any, ...]], message: str, store: Store
) -> None:
    with pytest.raises(QueryError, match=message):
        of_answer(store, Answer(columns, rows), "mine")


# What a name stands for ---------------------------------------------------------------------------


def test_a_hash_may_be_cut_short(store: Store, whole: Graph[NodeId]) -> None:
    hashes = [key for type_, key in whole if type_ == "Spec"]
    for one in hashes[:20]:
        assert find_node(store, one) == find_node(store, f"/{one}") == ("Spec", one)
        short = next(
            one[:n] for n in range(1, 33) if sum(h.startswith(one[:n]) for h in hashes) == 1
        )
        assert find_node(store, short, "hash") == ("Spec", one)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("hdf6", None, "hdf6: no such package, stack or hash in the graph. Did you mean .*hdf5"),
        ("e5s", "stack", "e5s: no such stack in the graph. Did you mean e4s"),
        ("e4s", "package", "e4s: no such package in the graph"),
        ("", None, "an empty name: no such package, stack or hash"),
        ("/", None, "/: expected a part of a spec, at character 1"),
        (
            "a",
            "hash",
            r"a: expected one spec, found \d+ specs:\n(  \S+@\S+/a[a-z2-7]{6}\n)+  … and \d+ more",
        ),
        ("/hdf5", None, "/hdf5: no such spec in the graph, whose [0-9,]+ specs have other hashes"),
        *((text, None, "no such package|no such spec|: expected ") for text in NASTY),
    ],
)
def test_an_unknown_name_is_said(name: str, kind: str | None, message: str, store: Store) -> None:
    with pytest.raises(UsageError, match=message):
        find_node(store, name, kind)


def test_a_name_of_several_things_must_be_told_apart(tmp_path: Path) -> None:
    page = oracle.page_text("e4s", records=[oracle.record("a" * 32, stacks=["e4s"])])
    (tmp_path / "page.md").write_text(page)
    made = tmp_path / "store.lbug"
    build_store(made, tmp_path / "page.md")
    with open_store(made) as store:
        with pytest.raises(UsageError, match="e4s: both a package and a stack: say which by kind="):
            find_node(store, "e4s")
        assert find_node(store, "e4s", "stack") == ("Stack", "e4s")
        assert find_node(store, "e4s", "package") == ("Package", "e4s")


# What is folded and left out ----------------------------------------------------------------------


def shapes(subgraph: Subgraph) -> Counter[str]:
    return Counter(node[0] for node in subgraph.graph)


def test_what_fits_is_left_as_it_is(store: Store) -> None:
    shown = around(store, ("Stack", "solvers"))
    assert fit(shown, len(shown.graph)) is shown


def test_specs_of_one_configuration_become_one_node(store: Store) -> None:
    shown = around(store, ("Stack", "solvers"))
    folded = fit(shown, len(shown.graph) - 1)
    specs = [said for n, said in shown.graph.nodes(data=True) if n[0] == "Spec"]
    counts = Counter(said["configuration"] for said in specs)
    again = {configuration: n for configuration, n in counts.items() if n > 1}
    found = {n[1]: said for n, said in folded.graph.nodes(data=True) if n[0] == "Configuration"}
    assert {key: said["specs"] for key, said in found.items()} == again
    for key, said in found.items():
        members = [spec for spec in specs if spec["configuration"] == key]
        assert said["hashes"] == sorted(spec["hash"] for spec in members)[:20]
        assert said["version"] == members[0]["version"]
        assert ("hash" in said) is ("size" in said) is False
    expected: Counter[tuple[NodeId, NodeId, str]] = Counter()
    for a, b, key in shown.graph.edges(keys=True):
        ends = [
            ("Configuration", said["configuration"])
            if (said := shown.graph.nodes[node]).get("configuration") in again
            else node
            for node in (a, b)
        ]
        if ends[0] != ends[1]:
            expected[ends[0], ends[1], key] += 1
    edges = folded.graph.edges(keys=True, data=True)
    counted = {(a, b, k): said.get("specs", 1) for a, b, k, said in edges}
    assert counted == expected
    assert folded.notes == (
        f"{len(shown.graph):,} nodes are more than {len(shown.graph) - 1:,}: "
        f"{sum(again.values()):,} specs that share a configuration are folded into "
        f"{len(again):,} nodes, one per configuration.",
    )


def test_then_specs_become_packages_and_then_the_smallest_go(store: Store) -> None:
    shown = around(store, ("Stack", "solvers"))
    packages = fit(shown, 200)
    assert shapes(packages) == shapes(shown) - Counter(Spec=10**6)
    specs = Counter(said["name"] for n, said in shown.graph.nodes(data=True) if n[0] == "Spec")
    found = {
        n[1]: said["specs"] for n, said in packages.graph.nodes(data=True) if n[0] == "Package"
    }
    assert found == specs
    few = fit(shown, 100)
    assert len(few.graph) == 100
    assert {n for n in packages.graph if n[0] in HUBS} <= set(few.graph)
    kept = [specs[n[1]] for n in few.graph if n[0] == "Package"]
    assert min(kept) >= max(n for name, n in specs.items() if ("Package", name) not in few.graph)
    assert few.notes[-1].startswith(f"{len(packages.graph) - 100:,} of {len(packages.graph):,}")


def test_the_specs_of_a_package_stay_when_others_are_folded(store: Store) -> None:
    shown = around(store, ("Package", "hdf5"))
    folded = fit(shown, 40)
    left = {
        said["name"]
        for n, said in folded.graph.nodes(data=True)
        if n[0] in ("Spec", "Configuration")
    }
    assert left == {"hdf5"}
    assert ("Package", "hdf5") in folded.graph


# Where it stands ----------------------------------------------------------------------------------


def overlaps(graph: Graph[NodeId]) -> float:
    """The part of the nodes that lie on another one."""
    spots = sorted(places(graph).values())
    hit = set()
    for number, (x, y, size) in enumerate(spots):
        for other in range(number + 1, len(spots)):
            a, b, own = spots[other]
            if a - x > 40:
                break
            if math.hypot(a - x, b - y) < 0.9 * (size + own):
                hit |= {number, other}
    return len(hit) / len(spots)


def test_places_are_those_of_the_graph_not_of_its_order(store: Store) -> None:
    graph = around(store, find_node(store, "gmake")).graph
    other: Graph[NodeId] = nx.MultiDiGraph()
    other.add_nodes_from(reversed(list(graph.nodes(data=True))))
    for edge in reversed(list(graph.edges(keys=True))):
        other.add_edge(*edge)
    assert places(graph) == places(other)


@pytest.mark.parametrize("name", ["hdf5", "solvers", "radiuss.v6", "gmake"])
def test_few_nodes_lie_on_each_other(name: str, store: Store) -> None:
    assert overlaps(around(store, find_node(store, name)).graph) < 0.1


def test_few_packages_of_the_overview_lie_on_each_other(store: Store) -> None:
    assert overlaps(overview(store).graph) < 0.1


@pytest.mark.slow
def test_five_thousand_nodes_are_laid_out_in_seconds(
    tmp_path: Path, write_snapshot: WriteSnapshot
) -> None:
    write_snapshot(tmp_path / "pages", records=12_000, pages=4_980, releases=1, seed=1)
    build_store(tmp_path / "store.lbug", tmp_path / "pages")
    with open_store(tmp_path / "store.lbug") as big:
        shown = fit(overview(big), 5_000)
    assert len(shown.graph) == 5_000
    start = time.process_time()
    page = standalone_page(shown)
    assert time.process_time() - start < 200  # measured: 4; not for ever on any machine
    assert len(page) < 5_000_000
    assert overlaps(shown.graph) < 0.2


@pytest.mark.parametrize("nodes", [0, 1, 2])
def test_hardly_anything_has_a_place_too(nodes: int) -> None:
    graph: Graph[NodeId] = nx.MultiDiGraph()
    graph.add_nodes_from([("Package", str(n)) for n in range(nodes)])
    found = places(graph)
    assert len({(place.x, place.y) for place in found.values()}) == nodes


@pytest.mark.slow
def test_more_hubs_than_are_laid_out_have_places_too() -> None:
    graph: Graph[NodeId] = nx.MultiDiGraph()
    stacks = [("Stack", str(n)) for n in range(MAX_CLUSTERS + 20)]
    for n, stack in enumerate(stacks):
        graph.add_edge(("Package", str(n % 7)), stack, "IN_STACK")
    assert set(places(graph)) == set(graph)
    graph.remove_nodes_from([("Package", str(n)) for n in range(7)])
    found = places(graph)
    assert len({(place.x, place.y) for place in found.values()}) == len(stacks)


# The page as text ---------------------------------------------------------------------------------


def test_the_data_of_a_page_is_the_graph(store: Store) -> None:
    shown = around(store, ("Package", "hdf5"))
    data = json.loads(graph_data(shown))
    nodes = [(data["nodeTypes"][n["type"]]["name"], n["key"]) for n in data["nodes"]]
    assert sorted(nodes) == sorted(shown.graph)
    for node, said in zip(nodes, data["nodes"], strict=True):
        own = shown.graph.nodes[node].items()
        assert said["properties"] == {k: v for k, v in own if k not in ("type", "label")}
    edges = {
        (nodes[a], nodes[b], data["edgeTypes"][t]["name"]): said for a, b, t, said in data["edges"]
    }
    assert edges == {(a, b, k): said for a, b, k, said in shown.graph.edges(keys=True, data=True)}
    assert nodes[data["focus"]] == shown.focus
    assert data["title"] == "Package hdf5"


def test_no_name_ends_the_data(store: Store) -> None:
    graph: Graph[NodeId] = nx.MultiDiGraph()
    for text in ("</script>", "<!--", *NASTY):
        graph.add_node(("Package", text), type="Package", label=text, name=text)
    shown = Subgraph(graph, "</script></title>")
    assert "<" not in graph_data(shown)
    assert {n["key"] for n in json.loads(graph_data(shown))["nodes"]} == {k for _, k in graph}
    assert "<title>&lt;/script&gt;&lt;/title&gt; - graphcache</title>" in standalone_page(shown)


def test_the_policy_of_a_page_names_all_that_runs_in_it(store: Store) -> None:
    page = standalone_page(around(store, ("Package", "rocblas")))
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        inline = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in inline]
        assert rules[rule] == " ".join(f"'sha256-{digest}'" for digest in digests)
        assert len(inline) == (len(SCRIPTS) if tag == "script" else len(STYLES))


def test_the_fragment_fits_a_policy_without_anything_inline(store: Store) -> None:
    body = view_body(around(store, ("Package", "rocblas")))
    assert re.findall(r"<script[^>]*>", body) == [
        '<script type="application/json" class="gv-data">'
    ]
    markup = re.sub(r"<script.*?</script>", "", body, flags=re.DOTALL)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|\s(?:src|href)=", markup)


# What is brought along ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder", [ASSETS / "vendor", ROOT / "tests/data/axe"], ids=lambda p: p.name
)
def test_vendored_files_are_those_of_their_packages(folder: Path) -> None:
    stated = json.loads((folder / "vendored.json").read_text())
    digests = {
        name: said["sha256"] for package in stated for name, said in package["files"].items()
    }
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}
    found.pop("vendored.json")
    assert found == digests
    for package in stated:
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
        assert any("LICENSE" in name for name in package["files"])


def test_a_page_carries_the_licences_of_what_is_in_it(store: Store) -> None:
    page = standalone_page(around(store, ("Package", "rocblas")))
    comment = page[page.index("<!--") : page.index("-->")]
    for licence in (ASSETS / "vendor").glob("*.LICENSE.txt"):
        assert licence.read_text() in comment


@pytest.mark.process
def test_a_wheel_has_the_assets_and_their_licences(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for file in ASSETS.rglob("*.*"):
        assert f"graphcache/views/assets/{file.relative_to(ASSETS).as_posix()}" in names
    licences = [name.split("/")[-1] for name in names if ".dist-info/licenses/" in name]
    assert set(licences) >= {p.name for p in ASSETS.rglob("*.LICENSE.txt")}


# Colours ------------------------------------------------------------------------------------------


def test_browser_has_the_colours_of_the_page() -> None:
    style = read_grass(ROOT / "cypher/browser/graphcache.grass")
    for type_ in NODE_TYPES:
        for label in (type_.name, own_label(type_.name)):
            rules = style[f"node.{label}"]
            assert (rules["color"], rules["border-color"]) == NODE_COLORS[type_.name]
    for edge in EDGE_TYPES:
        assert style[f"relationship.{edge.name}"]["color"] == EDGE_COLORS[edge.name]
    assert NODE_COLORS.keys() == {t.name for t in NODE_TYPES} | {"Configuration"}
    assert EDGE_COLORS.keys() == {t.name for t in EDGE_TYPES}
    assert len(set(NODE_COLORS.values())) == len(NODE_COLORS)
    assert NODE_COLORS.keys() == set(TYPES)


# The command --------------------------------------------------------------------------------------


def test_the_command_writes_what_it_says(path: Path, tmp_path: Path, store: Store) -> None:
    shown = around(store, ("Package", "hdf5"))
    ended = run("view", "hdf5", "--store", path, cwd=tmp_path)
    counts = f"{len(shown.graph)} nodes, {shown.graph.number_of_edges()} edges"
    assert (ended.code, ended.out, ended.err) == (0, "", f"view.html: Package hdf5: {counts}\n")
    assert (tmp_path / "view.html").read_bytes() == standalone_page(shown).encode()
    piped = run("view", "hdf5", "-o", "-", "--store", path, cwd=tmp_path)
    assert (piped.code, piped.err) == (0, f"Package hdf5: {counts}\n")
    assert piped.out == standalone_page(shown)


def test_the_command_shows_an_answer(path: Path, tmp_path: Path) -> None:
    parameters = ("--param", "package=hdf5", "--param", "target=zen4", "-o", "page.html")
    ended = run("view", "--query", "usable-specs", *parameters, "--store", path, cwd=tmp_path)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.startswith("page.html: Query usable-specs: ")
    assert "<title>Query usable-specs - graphcache</title>" in (tmp_path / "page.html").read_text()


def test_the_command_says_what_it_folded(path: Path, tmp_path: Path) -> None:
    ended = run("view", "--max-nodes", "100", "--store", path, cwd=tmp_path)
    assert ended.err.splitlines()[0].startswith("view.html: The whole store: 100 nodes, ")
    assert "nodes are left out: those that stand for the fewest specs" in ended.err
    notes = json.loads(graph_text((tmp_path / "view.html").read_text()))["notes"]
    assert ended.err.splitlines()[1:] == notes


def graph_text(page: str) -> str:
    [text] = re.findall('class="gv-data">(.*?)</script>', page, re.DOTALL)
    return str(text)


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ("hdf6", 2, "hdf6: no such package, stack or hash in the graph. Did you mean hdf"),
        ("hdf5 --query stacks", 2, "give a name or --query, not both"),
        ("--as stack", 2, "--as stack: expected a name"),
        ("--param a=b", 2, "--param goes with --query"),
        ("--query stack", 2, "No query named 'stack'. Did you mean stacks"),
        ("--query package --param package", 2, "expected KEY=VALUE, found 'package'"),
        ("--query package --param stack=e4s", 2, "package: no parameter stack: expected"),
        ("--query redundant-builds --param limit=x", 2, "redundant-builds: no parameter limit"),
        ("--query variants-of --param package=hdf5", 1, "the answer names no nodes"),
        ("hdf5 -o no/such/folder.html", 1, "there is no folder"),
        ("hdf5 --max-nodes 0", 2, "0 is not in the range"),
    ],
)
def test_wrong_use_is_said(asked: str, code: int, message: str, path: Path, tmp_path: Path) -> None:
    ended = run("view", *asked.split(), "--store", path, cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert message in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_was_there_stays_where_the_new_one_fails(path: Path, tmp_path: Path) -> None:
    (tmp_path / "view.html").write_text("old")
    assert run("view", "hdf6", "--store", path, cwd=tmp_path).code == 2
    assert (tmp_path / "view.html").read_text() == "old"


@pytest.mark.parametrize("command", ["view -o", "export json"])
def test_the_store_that_is_read_is_not_written_over(
    command: str, path: Path, tmp_path: Path
) -> None:
    store = tmp_path / "graphcache.lbug"
    shutil.copy(path, store)
    (tmp_path / "link").symlink_to(store)
    for name in ("graphcache.lbug", "link", str(store)):
        ended = run(*command.split(), name, cwd=tmp_path)
        assert (ended.code, ended.out) == (2, "")
        assert f"{name}: is the store, and would be lost" in ended.err
    assert store.read_bytes() == path.read_bytes()


def test_an_empty_store_is_a_page_too() -> None:
    assert '"nodes":[]' in standalone_page(Subgraph(Tables.empty().to_networkx(), "Nothing"))
