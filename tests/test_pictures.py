"""What pictures show, held against plain Python; and the command `view`.

How they look is measured in `test_pictures_page.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from command_line import run
from conftest import tries
from graphs import NASTY
from hypothesis import given
from hypothesis import strategies as st
from pages import SITE, site_store
from test_spack_dependencies import A, body, lock

from graphcache import NotKnownError, Store, Tables, UsageError, open_store, read
from graphcache.analysis import diff_specs, why
from graphcache.analysis.pictures.package import Setting, in_order, package_picture
from graphcache.analysis.pictures.paths import why_picture
from graphcache.analysis.pictures.shown import back_edges
from graphcache.analysis.pictures.spec import spec_picture
from graphcache.analysis.pictures.stack import stack_picture
from graphcache.analysis.pictures.store import NO_STACK, store_picture
from graphcache.analysis.pictures.two import two_picture
from graphcache.answers import Answer
from graphcache.views.pictures import asked
from graphcache.views.pictures.answer import answer
from graphcache.views.pictures.drawing import Links, fragment, standalone_page
from graphcache.views.pictures.layers import crossings, layered
from graphcache.views.pictures.two import two

Graph = nx.MultiDiGraph
NodeId = tuple[str, str]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the site's cache."""
    path = tmp_path_factory.mktemp("pictures") / "site.lbug"
    site_store(path)
    return path


@pytest.fixture(scope="module")
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


@pytest.fixture(scope="module")
def tables(store: Store) -> Tables:
    return store.tables()


@pytest.fixture(scope="module")
def graph(tables: Tables) -> Graph[NodeId]:
    return tables.to_networkx()


@pytest.fixture(scope="module")
def needs(graph: Graph[NodeId]) -> nx.DiGraph[str]:
    """Who needs whom, by hash."""
    made: nx.DiGraph[str] = nx.DiGraph()
    made.add_nodes_from(key for type_, key in graph if type_ == "Spec")
    for start, end, key, said in graph.edges(keys=True, data=True):
        if key == "DEPENDS_ON":
            made.add_edge(start[1], end[1], types=said["types"])
    return made


def of_package(graph: Graph[NodeId], name: str) -> list[str]:
    return [
        key for (type_, key), s in graph.nodes(data=True) if type_ == "Spec" and s["name"] == name
    ]


# A package ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hdf5", "zlib-ng", "python", "gcc", "gcc-runtime", "adios2"])
def test_a_package_has_its_specs_and_their_neighbours(
    name: str, tables: Tables, graph: Graph[NodeId], needs: nx.DiGraph[str]
) -> None:
    picture = package_picture(tables, name)
    mine = of_package(graph, name)
    assert sorted(spec.hash for spec in picture.specs) == sorted(mine)
    named = {key: graph.nodes["Spec", key]["name"] for key in needs}
    users = {(named[user], user) for key in mine for user in needs.predecessors(key)}
    assert {(use.name, spec.hash) for use in picture.needed_by for spec in use.specs} == users
    sizes = [len(use.specs) for use in picture.needed_by]
    assert sizes == sorted(sizes, reverse=True)
    used = {(named[other], other) for key in mine for other in needs.successors(key)}
    assert {(use.name, spec.hash) for use in picture.needs for spec in use.specs} == used
    above = set().union(*(nx.ancestors(needs, key) for key in mine)) - set(mine)
    assert picture.needing == len(above)
    assert picture.configurations == len({graph.nodes["Spec", k]["configuration"] for k in mine})


@pytest.mark.parametrize("name", ["hdf5", "zlib-ng", "python", "gcc-runtime", "openmpi", "curl"])
def test_axes_tell_apart_and_none_follows_from_another(name: str, tables: Tables) -> None:
    picture = package_picture(tables, name)
    axes = [axis for axis in (picture.column, picture.row, picture.cell) if axis]
    assert axes
    for axis in axes:
        assert len(set(axis.values)) > 1
    for axis in axes[1:]:
        column = axes[0]
        pairs = set(zip(column.values, axis.values, strict=True))
        assert len(pairs) > len(set(column.values))
    for shared in picture.shared:
        assert len(set(shared.values)) == 1
    shown = {value for value in picture.specs[0].variants if value[0] in "+~"}
    said = {s.values[0] for s in (*picture.shared, *picture.differing) if s.kind == "variant"}
    assert shown <= said


def test_mpi_makes_the_rows_and_versions_are_in_the_order_of_spack() -> None:
    values = ("openmpi@5.0.10", "", "openmpi@5.0.9", "cray-mpich@8.1.25")
    found = in_order(Setting("mpi", "provider", values))
    assert found == ["", "cray-mpich@8.1.25", "openmpi@5.0.9", "openmpi@5.0.10"]


@pytest.mark.slow
def test_one_setting_more_is_counted_as_one() -> None:
    whole, _ = read("examples/site")
    assert "; and 1 setting more). " in asked.of_package(lambda _: whole, "hdf5").answer


def test_specs_are_chosen_by_what_they_have(tables: Tables) -> None:
    whole = package_picture(tables, "hdf5")
    some = package_picture(tables, "hdf5", {"stack": "io", "release": "develop"})
    assert [spec.hash[:7] for spec in some.specs] == ["qngwpaj"]
    assert some.choices == whole.choices
    with pytest.raises(UsageError, match="oi: no such stack in the specs of hdf5"):
        package_picture(tables, "hdf5", {"stack": "oi"})


@pytest.mark.slow
def test_what_pages_do_not_tell_is_not_known(example_pages: Path) -> None:
    pages = read(example_pages)[0]
    picture = package_picture(pages, "py-ml-dtypes")
    assert "is not known: pages don't tell them" in picture.note
    assert not picture.knows_needs
    page = fragment(asked.of_package(lambda _: pages, "py-ml-dtypes"))
    assert "Nothing that is known" not in page
    assert page.count("Not known.") == 2
    assert stack_picture(pages, "e4s").note == picture.note
    with pytest.raises(NotKnownError, match="known"):
        why_picture(pages, f"/{picture.specs[0].hash}")


# A spec -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["hdf5/hhaw2z5", "zlib-ng/oaqf7r3", "petsc arch=linux-almalinux9-x86_64_v4 @3.25:"]
)
def test_a_spec_has_all_that_it_needs_once(
    text: str, tables: Tables, needs: nx.DiGraph[str]
) -> None:
    picture = spec_picture(tables, text)
    root = picture.spec.hash
    lasting = nx.subgraph_view(
        needs, filter_edge=lambda a, b: bool({"link", "run"} & set(needs[a][b]["types"]))
    )
    for needed, of in ((picture.whole, needs), (picture.lasting, lasting)):
        hashes = {number: spec.hash for number, spec in needed.specs.items()}
        assert set(hashes.values()) == {root, *nx.descendants(of, root)}
        edges = {(hashes[edge.start], hashes[edge.end]) for edge in needed.edges}
        inside = of.subgraph(hashes.values())
        assert edges == set(inside.edges)
        assert needed.steps == (
            nx.dag_longest_path_length(nx.DiGraph(inside.edges)) if edges else 0
        )
        for number, parent in needed.parent.items():
            distance = nx.shortest_path_length(of, root, hashes[number])
            assert nx.shortest_path_length(of, root, hashes[parent]) == distance - 1
        for number, count in needed.brings.items():
            if number == needed.root:
                continue
            without = nx.restricted_view(inside, [hashes[number]], [])
            gone = set(inside) - {root, *nx.descendants(without, root)} - {hashes[number]}
            assert count == len(gone)
    assert picture.needing == len(nx.ancestors(needs, root))


def test_lines_that_a_longer_way_implies_are_those_of_others(tables: Tables) -> None:
    needed = spec_picture(tables, "hdf5/hhaw2z5").lasting
    pairs = {(edge.start, edge.end) for edge in needed.edges}
    for start, end in needed.implied:
        assert start != needed.root
        rest: nx.DiGraph[int] = nx.DiGraph(pairs - {(start, end)})
        assert nx.has_path(rest, start, end)
    assert needed.implied


@pytest.mark.slow
def test_holes_and_externals_are_marked(tables: Tables, graph: Graph[NodeId]) -> None:
    marks = {
        spec.hash: spec.mark
        for text in ("hdf5/qngwpaj", "petsc arch=linux-almalinux9-x86_64_v4 @3.25:")
        for spec in spec_picture(tables, text).whole.specs.values()
    }
    for hash_, mark in marks.items():
        said = graph.nodes["Spec", hash_]
        held = "" if said["in_buildcache"] else "not held"
        assert mark == ("external" if said["external"] else held)
    assert {"external", "not held", ""} == set(marks.values())


@pytest.mark.parametrize("edges", [[(1, 1)], [(1, 2), (2, 1)], [(1, 2), (2, 3), (3, 2), (3, 1)]])
def test_a_circle_is_opened(edges: list[tuple[int, int]]) -> None:
    left: nx.DiGraph[int] = nx.DiGraph(set(edges) - back_edges(edges))
    assert nx.is_directed_acyclic_graph(left)


@pytest.mark.slow
def test_data_with_a_circle_is_drawn() -> None:
    made: Graph[NodeId] = nx.MultiDiGraph()
    for letter in "abc":
        made.add_node(("Spec", letter * 32), hash=letter * 32, name=letter, version="1")
        made.add_node(("Package", letter), name=letter)
        made.add_edge(("Spec", letter * 32), ("Package", letter), key="OF_PACKAGE")
    for start, end in ("ab", "bc", "ca", "aa"):
        made.add_edge(("Spec", start * 32), ("Spec", end * 32), key="DEPENDS_ON", types=["link"])
    tables = Tables.from_networkx(made)
    assert len(spec_picture(tables, "/aaa").whole.specs) == 3
    standalone_page(asked.of_spec(lambda _: tables, "/aaa"))


# Why, two specs, a stack, the store ---------------------------------------------------------------


@pytest.mark.parametrize("text", ["hdf5/hhaw2z5", "zlib-ng/oaqf7r3"])
def test_why_has_the_roots_and_lengths_of_the_command(text: str, tables: Tables) -> None:
    picture = why_picture(tables, text)
    rows = why(tables, f"/{picture.spec.hash}").to_dicts()
    assert {root.caption for root in picture.roots.values()} == {row["root"] for row in rows}
    lengths = {row["root"]: row["length"] for row in rows}
    for number, root in picture.roots.items():
        steps, at = 0, number
        while at != picture.number:
            steps, at = steps + 1, picture.toward[at]
        assert steps == lengths[root.caption]


@pytest.mark.slow
def test_two_specs_differ_in_what_diff_names(tables: Tables) -> None:
    texts = "hdf5/hhaw2z5", "hdf5/kylug4g"
    found, picture = diff_specs(tables, *texts), two_picture(tables, *texts)
    assert picture.found == found
    shown = fragment(two(picture))
    cards = re.findall(r'class="gc-card[^"]*gc-lowest[^"]*"[^>]*><b>([^<]+)</b>', shown)
    assert sorted(cards) == sorted(one.right.package for one in found.lowest())
    for change in (change for one in found.lowest() for change in one.own):
        if change.what in ("version", "variant szip"):
            assert f'<div class="gc-a-value">{change.left}</div>' in shown
            assert f'<div class="gc-b-value">{change.right}</div>' in shown
    one, other = (spec_picture(tables, text).whole.specs for text in texts)
    both = {spec.hash for spec in one.values()} & {spec.hash for spec in other.values()}
    assert {spec.hash for spec in picture.same} == both
    packages = [{spec.name for spec in side.values()} for side in (one, other)]
    assert {spec.name for spec in picture.only_left} == packages[0] - packages[1]
    assert {spec.name for spec in picture.only_right} == packages[1] - packages[0]


def test_a_spec_and_itself_are_the_same(tables: Tables) -> None:
    shown = asked.of_two(lambda _: tables, "hdf5/hhaw2z5", "hdf5/hhaw2z5")
    assert shown.answer == "hdf5@1.14.6/hhaw2z5 is the same spec on both sides: nothing differs."
    standalone_page(shown)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "release"), [("io", None), ("io", "develop"), ("tools", None)])
def test_roots_of_a_stack_bring_what_no_other_needs(
    name: str, release: str | None, tables: Tables, graph: Graph[NodeId], needs: nx.DiGraph[str]
) -> None:
    inside, roots = set(), set()
    for spec, stack, key, said in graph.edges(keys=True, data=True):
        if key == "IN_STACK" and stack[1] == name and release in (None, *said["releases"]):
            inside.add(spec[1])
            roots |= {spec[1]} if said["root"] else set()
    named = {key: graph.nodes["Spec", key]["name"] for key in needs}
    reached: dict[str, set[str]] = {}
    for root in roots:
        found = {root, *nx.descendants(needs, root)} & inside
        reached.setdefault(named[root], set()).update(found)
    times = Counter(key for found in reached.values() for key in found)
    picture = stack_picture(tables, name, release)
    shown = {root.name: (root.needs, root.brings) for root in picture.roots}
    listed = {name for name in shown if name in reached}
    assert set(reached) <= set(shown)
    if set(shown) == set(reached):
        assert shown == {
            root: (len(found), sum(times[key] == 1 for key in found))
            for root, found in reached.items()
        }
    assert listed
    assert picture.specs == len(inside)
    assert {p.name: p.specs for p in picture.packages} == Counter(named[key] for key in inside)
    users = Counter(
        end for end, _ in {(named[b], named[a]) for a, b in needs.subgraph(inside).edges} if end
    )
    assert {p.name: p.users for p in picture.packages if p.users} == {
        end: len({named[a] for a, b in needs.subgraph(inside).edges if named[b] == end} - {end})
        for end in users
        if {named[a] for a, b in needs.subgraph(inside).edges if named[b] == end} - {end}
    }


def test_stacks_share_what_both_hold(tables: Tables, graph: Graph[NodeId]) -> None:
    picture = store_picture(tables)
    members: dict[str, set[str]] = {}
    for spec, stack, key in graph.edges(keys=True):
        if key == "IN_STACK":
            members.setdefault(stack[1], set()).add(spec[1])
    assert set(picture.stacks) == set(members)
    for a, one in enumerate(picture.stacks):
        for b, other in enumerate(picture.stacks):
            assert picture.shared[a][b] == len(members[one] & members[other])
        others = set().union(*(members[o] for o in members if o != one))
        assert picture.own[a] == len(members[one] - others)
    assert sum(count for *_, count in picture.groups) == picture.specs


def test_a_stack_in_which_nothing_is_needed_does_not_say_by_how_many(tmp_path: Path) -> None:
    (tmp_path / "spack.lock").write_text(json.dumps(lock(body("zlib", A), roots=[{"hash": A}])))
    alone, _ = read(tmp_path / "spack.lock", stack="alone")
    said = asked.of_stack(lambda _: alone, "alone").answer
    assert said == (
        "1 package is a root; most specs come with zlib (1) alone, and 0 are needed by several."
    )


def test_specs_in_no_stack_have_a_row_of_their_own(tmp_path: Path) -> None:
    shutil.copy(SITE / "2026-09/io/index.json.gz", tmp_path)
    picture = store_picture(read(tmp_path / "index.json.gz")[0])
    assert picture.stacks == [NO_STACK]
    assert picture.shared == [[picture.specs]]
    assert store_picture(Tables.empty()).stacks == []
    standalone_page(asked.of_store(lambda _: Tables.empty()))


# Layers -------------------------------------------------------------------------------------------

dags = st.integers(2, 12).flatmap(
    lambda count: st.sets(
        st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(
            lambda e: e[0] < e[1]
        ),
        max_size=24,
    ).map(lambda edges: (count, edges))
)


@tries(60)
@given(dags)
def test_layers_go_to_the_right_and_nothing_overlaps(dag: tuple[int, set[tuple[int, int]]]) -> None:
    count, edges = dag
    heights = {node: 20.0 + node for node in range(count)}
    layout = layered(heights, edges)
    assert layout == layered(heights, edges)
    assert set(layout.lines) == edges
    slots: dict[int, list[tuple[float, float]]] = {}
    for node, (layer, top) in layout.places.items():
        slots.setdefault(layer, []).append((top, top + heights[node]))
    for (start, end), between in layout.lines.items():
        first, last = layout.places[start][0], layout.places[end][0]
        assert [layer for layer, _ in between] == list(range(first + 1, last))
        for layer, y in between:
            slots.setdefault(layer, []).append((y, y))
    for same in slots.values():
        ordered = sorted(same)
        for (_, bottom), (top, _) in pairwise(ordered):
            assert top >= bottom
        assert ordered[0][0] >= 0
        assert ordered[-1][1] <= layout.height + 0.2


def test_a_tree_has_no_crossings() -> None:
    edges = [(at // 3, at) for at in range(1, 30)]
    heights = dict.fromkeys(range(30), 24.0)
    assert crossings(layered(heights, edges), heights) == 0


def test_a_crossing_that_must_be_is_counted() -> None:
    edges = [(a, b) for a in (0, 1, 2) for b in (3, 4, 5)]
    heights = dict.fromkeys(range(6), 24.0)
    assert crossings(layered(heights, edges), heights) == 9


# Answers ------------------------------------------------------------------------------------------


def test_two_texts_that_name_the_rows_make_a_matrix() -> None:
    rows: list[tuple[Any, ...]] = [("a", "x", 3), ("a", "y", 5), ("b", "x", 1), ("b", "y", 4)]
    rows.append(("c", "x", None))
    matrix = answer(Answer(["stack", "target", "specs"], rows), "T").values["matrix"]
    assert matrix["columns"] == ["x", "y"]
    assert [(name, [cell[0] for cell in cells]) for name, cells in matrix["rows"]] == [
        ("a", [3, 5]),
        ("b", [1, 4]),
        ("c", [None, None]),
    ]
    twice = Answer(["stack", "target", "specs"], [*rows, ("a", "x", 1)])
    assert answer(twice, "T").values["matrix"] is None


def test_what_all_rows_have_alike_is_told_once() -> None:
    columns = ["hash", "name", "version", "os", "variants"]
    rows: list[tuple[Any, ...]] = [
        ("a" * 32, "zlib", "1.3", "rhel9", ["+pic", "~shared"]),
        ("b" * 32, "zlib", "1.2", "rhel9", ["+pic", "+shared"]),
    ]
    shown = answer(Answer(columns, rows), "T", tidy=True)
    assert shown.values["columns"] == ["spec", "variants"]
    assert list(shown.notes) == ["All rows: os rhel9; variants +pic."]
    assert shown.values["rows"][0] == (f"zlib@1.3/{'a' * 32}", ["~shared"])


@pytest.mark.slow
def test_an_answer_says_what_is_not_shown_and_what_is_none() -> None:
    rows: list[tuple[Any, ...]] = [(f"p{n:03}", n, []) for n in range(600, 0, -1)]
    shown = answer(Answer(["package", "specs", "stacks"], rows, notes=["Not all."]), "T")
    assert shown.answer == "600 rows; most specs: p600 (600)."
    assert list(shown.notes) == ["Not all.", "100 more rows are not shown."]
    assert fragment(shown).count('<span class="gc-dim">none</span>') == 500
    assert answer(Answer(["package"], []), "T").answer == "None."


# The page -----------------------------------------------------------------------------------------


def test_the_policy_allows_just_what_the_page_holds(tables: Tables) -> None:
    page = standalone_page(asked.of_package(lambda _: tables, "hdf5"))
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    policy = policy.replace("&#39;", "'")
    for tag, source in (("script", "script-src"), ("style", "style-src")):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts]
        assert [f"{source} 'sha256-{digest}'" in policy for digest in digests] == [True]
    assert policy.startswith("default-src 'none'; ")
    assert "style=" not in page.replace("<style>", "")
    assert not re.search(r'(?:src|href)="(?!#|data:,)', page)


@pytest.mark.slow
def test_nothing_of_the_data_is_markup() -> None:
    made: Graph[NodeId] = nx.MultiDiGraph()
    hostile = [
        *filter(str.strip, NASTY),
        "</script><script>alert(1)</script>",
        "{{ 7 * 7 }}",
        '"><img>',
    ]
    for number, name in enumerate(hostile):
        key = f"{number:032}"
        made.add_node(("Spec", key), hash=key, name=name, version=name, os=name, variants=[name])
        for type_, edge in (
            ("Package", "OF_PACKAGE"),
            ("Stack", "IN_STACK"),
            ("Release", "IN_RELEASE"),
        ):
            made.add_node((type_, name), name=name)
            made.add_edge(("Spec", key), (type_, name), key=edge)
        made.add_edge(("Spec", key), ("Spec", f"{0:032}"), key="DEPENDS_ON", virtuals=[name])
    tables = Tables.from_networkx(made)

    class Addresses(Links):
        def package(self, name: str) -> str | None:
            return f"/package?{name}"

    pictures = [asked.of_store(lambda _: tables), asked.of_hash(lambda _: tables, f"{0:032}")]
    for name in hostile:
        pictures += [
            asked.of_package(lambda _: tables, name),
            asked.of_stack(lambda _: tables, name),
        ]
    for picture in pictures:
        for page in (standalone_page(picture), fragment(picture, Addresses())):
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "49" not in picture.title


# The command --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked_for", "said"),
    [
        ("", "view.html: The whole store. 86% of the specs are in one stack only."),
        ("hdf5", "view.html: hdf5. They differ in "),
        ("io", "view.html: Stack io. 11 packages are roots; "),
        (
            "/hhaw2z5",
            "view.html: hdf5@1.14.6/hhaw2z5. It needs 50 specs, 27 of them to link or run",
        ),
        ("hhaw2z5", "view.html: hdf5@1.14.6/hhaw2z5. It needs 50 specs"),
        (
            "--why hdf5/hhaw2z5",
            "Why hdf5@1.14.6/hhaw2z5 is there. It is a root itself, and 5 roots",
        ),
        ("--diff /hhaw2z5 /kylug4g", "differ in 1 setting of their own (variant szip) and below"),
        ("--stack io --release develop", "Stack io. "),
        ("--query redundant-builds --param release=develop", "Redundant builds. 102 rows; most"),
    ],
)
def test_the_command_writes_the_page_and_says_the_answer(
    asked_for: str, said: str, path: Path, tmp_path: Path
) -> None:
    ended = run("view", *asked_for.split(), "--store", path, cwd=tmp_path)
    assert (ended.code, ended.out) == (0, "")
    assert said in ended.err
    page = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    if "--query" not in asked_for:
        assert "To explore it in Neo4j Browser: MATCH " in ended.err


@pytest.mark.slow
def test_the_cypher_to_paste_runs(store: Store) -> None:
    part = store.part
    for picture in (
        asked.of_package(part, "hdf5"),
        asked.of_spec(part, "/hhaw2z5"),
        asked.of_why(part, "/hhaw2z5"),
        asked.of_two(part, "/hhaw2z5", "/kylug4g"),
        asked.of_stack(part, "io"),
        asked.of_store(part),
    ):
        assert store.query(picture.cypher).rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked_for", "message"),
    [
        ("hdf6", "hdf6: no such package, stack or hash in the graph. Did you mean hdf5?"),
        ("hdf5@9:/aaa", "no such spec in the graph"),
        ("--why hdf5", "hdf5: expected one spec, found 7 specs:"),
        ("--why /zzzz", "no such spec in the graph"),
        ("--stack iu", "iu: no such stack in the graph. Did you mean io?"),
        ("--stack io --release 2026", "2026: no such release in stack io"),
        ("--release develop", "--release goes with --stack"),
        ("--param a=b", "--param goes with --query"),
        ("hdf5 --query stacks", "expected one thing to draw, found hdf5 and --query"),
        ("--why a --stack b", "expected one thing to draw, found --stack and --why"),
        ("--query stack", "No query named 'stack'. Did you mean stacks"),
        ("--query package --param package", "expected KEY=VALUE, found 'package'"),
    ],
)
def test_wrong_use_is_said(asked_for: str, message: str, path: Path, tmp_path: Path) -> None:
    ended = run("view", *asked_for.split(), "--store", path, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_page_that_was_there_stays_where_the_new_one_fails(path: Path, tmp_path: Path) -> None:
    (tmp_path / "view.html").write_text("old")
    assert run("view", "hdf6", "--store", path, cwd=tmp_path).code == 2
    assert (tmp_path / "view.html").read_text() == "old"
    assert run("view", "-o", "no/such/folder.html", "--store", path, cwd=tmp_path).code == 1


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


def test_a_provider_that_is_called_like_a_variant_is_told_apart(tables: Tables) -> None:
    """hdf5 has a variant szip, and libaec provides szip to those that have it."""
    columns = asked.of_package(lambda _: tables, "hdf5").values["columns"]
    assert {"szip", "provider of szip"} <= set(columns)
    assert len(set(columns)) == len(columns)
