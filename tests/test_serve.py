"""`graphcache serve`: what its pages say, held against plain Python, and what it refuses."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import networkx as nx
import oracle
import pytest
import urllib3
from command_line import Process, cpu_seconds, environment, open_files, run, succeed, wait_for
from graphs import NASTY, put_store
from served import Document, Reply, Served, serving

from graphcache import NotKnownError, Tables, UsageError, build_store, open_store
from graphcache.analysis.pictures.package import FILTERS
from graphcache.queries import load_library
from graphcache.schema import node_type
from graphcache.serving.app import HEADERS, LONGEST
from graphcache.serving.contents import MOST, SECONDS
from graphcache.serving.named import ROWS_SENT, ROWS_SHOWN
from graphcache.serving.sent import MOST_BYTES
from graphcache.spack.versions import version_key
from graphcache.views.answers import Format, render

EXAMPLES = Path(__file__).parents[1] / "examples"
SITE, ADVISORIES = EXAMPLES / "site", EXAMPLES / "advisories"
LIBRARY = load_library()
OWN = {
    "kinds": """
        // Title: Kinds
        // Question: What does each kind of parameter become?
        // Parameter: words (list of text, default ["a"]): words
        // Parameter: number (integer, default 7): a number
        // Parameter: yes (boolean, default true): yes or no
        // Column: word (text): a word
        // Column: held (boolean): whether it is one of the words
        // Column: number (integer): the number
        // Column: yes (boolean): yes or no
        UNWIND ['a', 'a c', 'b'] AS word
        RETURN word, word IN $words AS held, $number AS number, $yes AS yes ORDER BY word
        """,
    "many": """
        // Title: Many
        // Question: What of an answer with many rows?
        // Parameter: most (integer, default 60000): rows
        // Column: number (integer): a number
        UNWIND range(1, $most) AS number RETURN number ORDER BY number
        """,
    "slow": """
        // Title: Slow
        // Question: What of a question that takes for ever?
        // Column: specs (integer): specs
        MATCH (a:Spec), (b:Spec), (c:Spec), (d:Spec) WHERE a.name + b.name = c.hash + d.hash
        RETURN count(*) AS specs
        """,
}

pytestmark = [pytest.mark.process, pytest.mark.network]


@pytest.fixture(scope="module")
def own_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with queries of a user's own."""
    folder = tmp_path_factory.mktemp("library")
    for name, text in OWN.items():
        lines = (line.strip() for line in text.strip().splitlines())
        (folder / f"{name}.cypher").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def served(example_store: Path, own_library: Path) -> Iterator[Served]:
    """A server of the real pages, with a library of a user's own."""
    options = ("--store", example_store, "--library", own_library)
    with serving(*options, cwd=example_store.parent) as running:
        yield running


@pytest.fixture(scope="module")
def spack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of an index of Spack's own, which knows dependencies."""
    folder = tmp_path_factory.mktemp("spack")
    build_store(folder / "graphcache.lbug", SITE / "develop/solvers", stack="hpc", release="r")
    return folder


@pytest.fixture(scope="module")
def spack(spack_folder: Path) -> Iterator[Served]:
    """A server of that."""
    with serving(cwd=spack_folder) as running:
        yield running


@pytest.fixture(scope="module")
def specs(example_pages: Path) -> list[dict[str, Any]]:
    """The specs of the real pages, as the oracle has them."""
    return oracle.specs(oracle.read_pages(example_pages))


def packages(specs: list[dict[str, Any]]) -> list[str]:
    return sorted({spec["name"] for spec in specs})


# What the pages say -------------------------------------------------------------------------------


def test_home_counts_what_is_there(served: Served, specs: list[dict[str, Any]]) -> None:
    home = served.page("/")
    releases = Counter(release for spec in specs for release in spec["releases"])
    stacks = Counter(stack for spec in specs for stack in spec["stacks"])
    assert home.tables["Specs by release"] == [[n, str(c)] for n, c in sorted(releases.items())]
    assert home.tables["Specs by stack, in any release"] == [
        [n, str(c)] for n, c in sorted(stacks.items())
    ]
    assert f"The store has {len(specs)} specs of {len(packages(specs))} packages" in home.text
    assert re.search(r"Last loaded \d{4}-\d\d-\d\d \d\d:\d\d, .* ago, by build\.", home.text)
    [load] = home.tables["What the store was made from"]
    assert load[1:6] == ["build", "6", "0", "216", "0"]


def shown_specs(page: Document, package: str) -> dict[str, list[str]]:
    """The rows of the table of a package's specs, by hash."""
    rows = page.tables.get(f"Specs of {' '.join(package.split())}".strip(), [])
    return {
        page.links[row[0].removesuffix(" Copy")].removeprefix("/spec/"): row[1:] for row in rows
    }


def expected_specs(specs: list[dict[str, Any]], package: str) -> dict[str, dict[str, list[str]]]:
    """By hash, what the specs of a package have."""
    return {
        spec["hash"]: {
            "version": [spec["version"]],
            "compiler": [spec["compiler"]] if spec["compiler"] else [],
            "target": [spec["target"]],
            "os": [spec["os"]],
            "stack": sorted(spec["stacks"]),
            "release": sorted(spec["releases"]),
        }
        for spec in specs
        if spec["name"] == package
    }


def test_a_package_has_all_its_specs(served: Served, specs: list[dict[str, Any]]) -> None:
    """What they have alike is said once, what not in a column."""
    for package in packages(specs):
        page = served.page(f"/package?{urlencode({'name': package})}")
        shown, expected = shown_specs(page, package), expected_specs(specs, package)
        assert shown.keys() == expected.keys()
        for hash_, has in expected.items():
            *settings, stacks, releases = shown[hash_]
            assert (stacks.split(), releases.split()) == (has["stack"], has["release"])
            for name in ("version", "compiler", "target", "os"):
                for value in has[name]:
                    alike = all(value in other[name] for other in expected.values())
                    assert value in (page.text if alike else settings), (package, name)


def by_name_and_version(compiler: str) -> tuple[Any, ...]:
    name, _, version = compiler.partition("@")
    return (name, version_key(version))


ORDERS = {"version": version_key, "compiler": by_name_and_version}


def test_a_package_is_filtered(served: Served, specs: list[dict[str, Any]]) -> None:
    assert set(FILTERS) == {"version", "compiler", "target", "os", "stack", "release"}
    for package in packages(specs):
        rows = expected_specs(specs, package)
        form = served.page(f"/package?{urlencode({'name': package})}")
        release = next(iter(rows.values()))["release"][0]
        for filter_ in FILTERS:
            values = sorted(
                {value for row in rows.values() for value in row[filter_]}, key=ORDERS.get(filter_)
            )
            assert form.options.get(filter_, [""]) == ["", *values]
            for value in values:
                wanted = {
                    hash_
                    for hash_, row in rows.items()
                    if value in row[filter_] and release in row["release"]
                }
                address = {"name": package, "release": release, filter_: value}
                if filter_ == "release":
                    wanted = {hash_ for hash_, row in rows.items() if value in row["release"]}
                page = served.page(f"/package?{urlencode(address)}")
                assert shown_specs(page, package).keys() == wanted


def test_a_stack_has_its_packages(served: Served, specs: list[dict[str, Any]]) -> None:
    for stack in sorted({stack for spec in specs for stack in spec["stacks"]}):
        for release in ("", *sorted({r for s in specs for r in s["stacks"].get(stack, [])})):
            held = [s for s in specs if stack in s["stacks"]]
            held = [s for s in held if not release or release in s["stacks"][stack]]
            page = served.page(f"/stack?{urlencode({'name': stack, 'release': release})}")
            assert page.tables["Packages with their specs in the stack, by name"] == counted(
                s["name"] for s in held
            )
            assert page.tables["Specs by target"] == counted(s["target"] for s in held)
            assert page.tables.get("Specs by compiler", []) == counted(
                [s["compiler"] for s in held if s["compiler"]], by_name_and_version
            )
            narrowed = {"name": held[0]["name"], "stack": stack}
            narrowed |= {"release": release} if release else {}
            assert f"/package?{urlencode(narrowed)}" in page.addresses


def counted(values: Any, key: Any = None) -> list[list[str]]:
    counts = Counter(values)
    return [[value, str(counts[value])] for value in sorted(counts, key=key)]


def test_a_spec_has_all_that_is_known_of_it(tmp_path: Path) -> None:
    """On an index of Spack's own, which knows dependencies."""
    build_store(tmp_path / "s.lbug", SITE / "develop/solvers", stack="hpc", release="r")
    with open_store(tmp_path / "s.lbug") as store:
        graph = store.to_networkx()
    busiest = sorted((n for n in graph if n[0] == "Spec"), key=graph.degree)[::-40]
    with serving("--store", "s.lbug", cwd=tmp_path) as running:
        for node in busiest:
            page = running.page(f"/spec/{node[1]}")
            shown = {name: text for text, name in pairs(page, graph.nodes[node])}
            assert shown == {
                name: as_shown(value)
                for name, value in graph.nodes[node].items()
                if name != "type" and value is not None
            }
            for caption, out in (("What it needs itself", True), ("What needs it itself", False)):
                expected = tied(graph, node, out=out)
                assert page.tables.get(caption, []) == expected[:MOST]
                cut = f"The first {MOST} of {len(expected):,}"
                assert (cut in page.text) == (len(expected) > MOST)
            twins = [
                key
                for (type_, key), data in graph.nodes(data=True)
                if type_ == "Spec" and data["configuration"] == graph.nodes[node]["configuration"]
            ]
            assert all(f"/spec/{key}" in page.addresses for key in twins if key != node[1])
            for compiler in graph.successors(node):
                assert compiler[0] != "Compiler" or compiler[1] in page.text


def test_a_spec_has_what_only_files_of_spack_tell(tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    told = {
        "flags": ["cflags='-O2 -g'"],
        "package_hash": "recipe",
        "external": True,
        "external_path": "/opt/app",
        "external_modules": ["app/1.0", "mpi"],
    }
    ones: dict[str, dict[str, Any]] = {
        "a": {"dependencies_known": True, **told},
        "b": {"dependencies_known": False},
        "c": {},
    }
    for letter, values in ones.items():
        key = letter * 32
        graph.add_node(("Spec", key), hash=key, name="app", version="1.0", **values)
    graph.add_edge(("Spec", "a" * 32), ("Spec", "b" * 32), key="SPLICED_FROM")
    graph.add_edge(("Spec", "c" * 32), ("Spec", "b" * 32), key="DEPENDS_ON")
    put_store(tmp_path / "graphcache.lbug", Tables.from_networkx(graph))
    with serving(cwd=tmp_path) as running:
        full, empty, half = (running.page(f"/spec/{letter * 32}") for letter in ones)
    shown = {cell for cell, *_ in full.tables["Properties"]}
    expected = {as_shown(value) for value in told.values()}
    assert {*expected, f"app 1.0 {'b' * 7}"} <= shown
    assert full.links["b" * 7] == f"/spec/{'b' * 32}"
    assert "It needs nothing." in full.text
    assert "Not known" not in full.text
    assert "Not known: none of Spack's own files that were read describes it." in empty.text
    assert "Not known in full: none of Spack's own files" in half.text
    assert "It needs nothing." not in empty.text + half.text


def pairs(page: Document, properties: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The values that the table of properties shows, each with its name."""
    cells = [row[0] for row in page.tables["Properties"]]
    names = [name for name, value in properties.items() if name != "type" and value is not None]
    order = [name for name in names if name != "label"]
    order.insert(order.index("version") + 1, "label")
    yield from zip(cells, order, strict=False)


def as_shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return " ".join(" ".join(value).split()) if isinstance(value, list) else str(value)


def tied(graph: Any, node: Any, *, out: bool) -> list[list[str]]:
    """What a spec needs, or what needs it, as rows of the page: by package and hash."""
    edges = graph.out_edges(node, data=True, keys=True)
    if not out:
        edges = [
            (b, a, key, data) for a, b, key, data in graph.in_edges(node, data=True, keys=True)
        ]
    found = []
    for _, other, key, data in edges:
        if key == "DEPENDS_ON":
            spec = graph.nodes[other]
            lists = [" ".join(data.get(name) or []) for name in ("types", "virtuals")]
            found.append((spec["name"], other[1], spec["version"], *lists))
    return [[name, version, key[:7], *lists] for name, key, version, *lists in sorted(found)]


# The pictures ------------------------------------------------------------------------------------


def test_a_picture_is_drawn_once(tmp_path: Path) -> None:
    build_store(tmp_path / "s.lbug", SITE / "develop/solvers", stack="hpc", release="r")
    with serving("--store", "s.lbug", cwd=tmp_path) as running:
        asked = "/stack?name=hpc"
        before = cpu_seconds(running.process.pid)
        first = running.ask(asked)
        drawn = cpu_seconds(running.process.pid) - before
        assert {running.ask(asked).text for _ in range(3)} == {first.text}
        assert cpu_seconds(running.process.pid) - before - drawn < drawn


def test_a_picture_is_of_the_store_as_it_is(tmp_path: Path) -> None:
    page, place = tmp_path / "page.md", tmp_path / "graphcache.lbug"
    page.write_text(oracle.page_text("zlib", records=[oracle.record("a" * 32)]))
    build_store(place, page)
    with serving(cwd=tmp_path) as running:
        for letter in "abc":
            page.write_text(oracle.page_text("zlib", records=[oracle.record(letter * 32)]))
            succeed("update", page, "-q", cwd=tmp_path)
            for _ in range(2):
                shown = running.page("/package?name=zlib")
                assert {a for a in shown.addresses if a.startswith("/spec/")} == {
                    f"/spec/{letter * 32}"
                }


def test_a_stack_of_any_size_is_drawn(tmp_path: Path) -> None:
    hashes = (f"{number:032}".translate(_LETTERS) for number in range(6_000))
    records = [oracle.record(hash_) for hash_ in hashes]
    (tmp_path / "page.md").write_text(oracle.page_text("zlib", records=records))
    build_store(tmp_path / "graphcache.lbug", tmp_path / "page.md")
    with serving(cwd=tmp_path) as running:
        stack = running.page("/stack?name=e4s")
        assert "6,000 specs of 1 package" in stack.text
        assert "is not known: pages don't tell them" in stack.text
        package = running.page("/package?name=zlib")
        assert "6,000 specs" in package.text
        assert len(package.tables["Specs of zlib, without 5,500 more"]) == 500


_LETTERS = str.maketrans("0123456789", "abcdefghij")


# Search -------------------------------------------------------------------------------------------


def test_search_finds_parts_of_names(served: Served, specs: list[dict[str, Any]]) -> None:
    stacks = {stack for spec in specs for stack in spec["stacks"]}
    for text in ("py", "E4S", "a", "7", "linux"):
        page = served.page(f"/search?q={text}")
        found = {href for href in page.addresses if href.startswith(("/package", "/stack"))}
        assert found == {
            *(f"/package?name={name}" for name in packages(specs) if text.lower() in name),
            *(f"/stack?name={name}" for name in stacks if text.lower() in name),
        }
        hashes = {spec["hash"] for spec in specs if spec["hash"].startswith(text.lower())}
        assert {h for h in page.addresses if h.startswith("/spec")} == {
            f"/spec/{hash_}" for hash_ in hashes
        }


def test_search_goes_to_what_has_the_whole_name(served: Served, specs: Any) -> None:
    hash_ = specs[0]["hash"]
    alone = next(hash_[:n] for n in range(1, 33) if one_begins(specs, hash_[:n]))
    for text, address in {
        "rocblas": "/package?name=rocblas",
        " rocblas ": "/package?name=rocblas",
        "e4s": "/stack?name=e4s",
        hash_: f"/spec/{hash_}",
        f"/{hash_.upper()}": f"/spec/{hash_}",
        f"{specs[0]['name']}/{hash_}": f"/spec/{hash_}",
        alone: f"/spec/{hash_}",
    }.items():
        reply = served.ask(f"/search?{urlencode({'q': text})}")
        assert (reply.status, reply.headers["location"]) == (303, address)
    assert served.ask(f"/spec/{alone}").headers["location"] == f"/spec/{hash_}"
    assert served.ask("/search?q=+").headers["location"] == "/"


def one_begins(specs: list[dict[str, Any]], text: str) -> bool:
    return [spec["hash"].startswith(text) for spec in specs].count(True) == 1


def test_search_knows_close_names(served: Served) -> None:
    page = served.page("/search?q=rockblas")
    assert page.links["rocblas"] == "/package?name=rocblas"
    reply = served.ask("/package?name=rockblas")
    assert reply.status == 404
    assert reply.document.links["rocblas"] == "/package?name=rocblas"
    assert served.ask("/stack?name=e4ss").document.links["e4s"] == "/stack?name=e4s"
    assert served.ask(f"/search?q={'rocblas' * 1000}").status == 200


SEARCHED = [
    "hdf5 +mpi",
    "hdf5@1.14: +mpi %gcc ^openmpi",
    "+mpi target=x86_64_v3:",
    "os=almalinux9 target=x86_64_v3:",
    "~mpi",
    "-mpi",
    "hdf5@9:",
    "hdf5 zlib-ng@2:",
    'hdf5 cflags="-O3 -g"',
    'cflags="-O3 -g"',
]


def test_search_finds_specs_as_the_command_does(spack: Served, spack_folder: Path) -> None:
    """The command that the page shows, in the shell that it is for; and the same as JSON."""
    total = 0
    for text in SEARCHED:
        page = spack.page(f"/search?{urlencode({'q': text})}")
        _, *words = shlex.split(page.code[-1])
        ended = run(*words, "--format", "json", cwd=spack_folder)
        assert ended.code == 0
        found = json.loads(ended.out)
        assert json.loads(spack.ask(page.links["JSON"]).text) == found
        specs = "spec is" if len(found) == 1 else "specs are"
        assert f"{len(found):,} {specs} as {text} asks" in page.text
        assert {f"/spec/{one['hash']}" for one in found} <= set(page.addresses)
        assert all(note in page.text for note in ended.err.splitlines())
        total += len(found)
    assert total


def test_search_says_what_no_source_tells(served: Served) -> None:
    page = served.page(f"/search?{urlencode({'q': 'rocblas ^python'})}")
    assert "4 specs may fit too: no source tells whether they are ^python" in page.text
    assert not [address for address in page.addresses if address.startswith("/spec/")]


def test_search_goes_to_the_one_spec_of_a_hash(served: Served, specs: Any) -> None:
    spec = specs[0]
    for text in (
        f"{spec['name']}/{spec['hash']}",
        f"{spec['name']}@{spec['version']} os={spec['os']} /{spec['hash'][:9]}",
    ):
        reply = served.ask(f"/search?{urlencode({'q': text})}")
        assert (reply.status, reply.headers["location"]) == (303, f"/spec/{spec['hash']}")
    other = next(one["name"] for one in specs if one["name"] != spec["name"])
    text = f"{other}/{spec['hash']}"
    assert (
        served.ask(f"/search?q={text}").headers["location"] == f"/find?{urlencode({'spec': text})}"
    )
    reply = served.ask(f"/find?spec={text}")
    assert reply.status == 400
    assert f"{text}: no such spec in the graph. The hash is of:" in reply.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rocblas @@", "rocblas @@: expected a part of a spec, at character 9: '@@'"),
        ("rockblas +mpi", "rockblas: no such package in the graph. Did you mean rocblas?"),
        ("rocblas target=zen44", "zen44: no such target in the graph. Did you mean zen4"),
        ("rocblas 'or 1=1", "expected a part of a spec, at character 9"),
        ("rocblas " + "+a" * 500, "expected a spec of at most 1,000 characters, found 1,008"),
    ],
)
def test_search_refuses_what_is_no_spec(served: Served, text: str, why: str) -> None:
    reply = served.ask(f"/search?{urlencode({'q': text})}")
    if reply.status == 303:
        reply = served.ask(reply.headers["location"])
        assert reply.document.inputs["spec"] == [text]
    assert reply.status == 400
    assert why in reply.document.text


def test_what_is_typed_is_completed(served: Served, specs: list[dict[str, Any]]) -> None:
    reply = served.ask("/suggest?q=rocb")
    assert reply.headers["content-type"] == "application/json"
    assert json.loads(reply.text) == [["rocblas", "package"]]
    assert ["e4s", "stack"] in json.loads(served.ask("/suggest?q=e4").text)
    hash_ = specs[0]["hash"]
    assert json.loads(served.ask(f"/suggest?q=/{hash_[:9]}").text)[0][0] == f"/{hash_}"
    assert json.loads(served.ask("/suggest").text) == []


def test_find_shows_the_first_of_many_specs(tmp_path: Path) -> None:
    hashes = (f"{number:032}".translate(_LETTERS) for number in range(ROWS_SHOWN + 2))
    records = [oracle.record(hash_) for hash_ in hashes]
    (tmp_path / "page.md").write_text(oracle.page_text("zlib", records=records))
    build_store(tmp_path / "graphcache.lbug", tmp_path / "page.md")
    with serving(cwd=tmp_path) as running:
        page = running.page("/find?spec=zlib@0:")
        assert len({a for a in page.addresses if a.startswith("/spec/")}) == ROWS_SHOWN
        assert "502 specs are as zlib@0: asks." in page.text
        assert "2 more rows are not shown." in page.text


def test_found_specs_stand_in_the_matrix_of_their_package(spack: Served) -> None:
    page = spack.page("/find?spec=hdf5")
    assert "2 specs are as hdf5 asks. They differ in target." in page.text
    *_, cells = page.tables["Specs by target; each shows its hash"]
    hashes = {link.rpartition("/")[2] for link in page.addresses if link.startswith("/spec/")}
    targets = ("x86_64_v3", "x86_64_v4")
    shown = [
        f"{target}: {hash_[:7]}" for target, hash_ in zip(targets, sorted(hashes), strict=True)
    ]
    assert cells == shown


# Questions ----------------------------------------------------------------------------------------

QUESTIONS_ASKED = [
    ("/find?spec=hdf5", "find hdf5"),
    ("/usable?spec=hdf5&target=zen4&libc=glibc@2.36&all=yes", None),
    ("/why?spec=zlib-ng", "why zlib-ng"),
    ("/impact?spec=curl&deptype=link,run", "impact curl --deptype link,run"),
    ("/rebuilds?package=hdf5", "rebuilds --package hdf5"),
    ("/prune-plan?keep_stack=hpc", "prune-plan --keep-stack hpc"),
]


@pytest.mark.parametrize(("address", "command"), QUESTIONS_ASKED)
def test_a_question_has_the_answer_of_its_command(
    address: str, command: str | None, spack: Served, spack_folder: Path
) -> None:
    page = spack.page(address)
    _, *words = shlex.split(page.code[-1])
    assert command is None or words == shlex.split(command)
    ended = run(*words, "--format", "json", cwd=spack_folder)
    found = json.loads(spack.ask(page.links["JSON"]).text)
    assert found == json.loads(ended.out)
    csv = spack.ask(page.links["CSV"])
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert csv.text == run(*words, "--format", "csv", cwd=spack_folder).out
    assert found or words[0] in ("rebuilds", "prune-plan")  # of one stack nothing can go


def test_check_and_diff_are_pages_too(spack: Served, spack_folder: Path) -> None:
    found = json.loads(spack.ask("/check?format=json").text)
    ended = json.loads(run("check", "--format", "json", cwd=spack_folder).out)
    assert [one["problem"] for one in found] == [one["problem"] for one in ended]
    with open_store(spack_folder / "graphcache.lbug") as store:
        [one, other, *_] = sorted(store.table(node_type("Spec"), ())["hash"].to_pylist())[::60]
    page = spack.page(f"/diff?{urlencode({'from': f'/{one}', 'to': f'/{other}'})}")
    assert "differ" in page.text
    assert page.code[-1] == f"graphcache diff /{one} /{other}"


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/find?spec=hdf6", "hdf6: no such package or hash in the graph. Did you mean hdf5?"),
        ("/usable?spec=hdf5&target=zen44", "zen44"),
        ("/diff?from=r&to=hpc", "expected two of a kind: r is a release, hpc is a stack"),
        ("/impact?spec=curl&deptype=x", "x"),
        ("/prune-plan?keep_stack=hpd", "hpd: no such stack"),
        ("/why?spec=hdf5&format=xml", "format: expected html, json or csv, found 'xml'"),
        ("/why?format=csv", "why: expected spec, found nothing"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(spack: Served, address: str, why: str) -> None:
    reply = spack.ask(address)
    assert reply.status == 400
    assert why in said(reply)


def test_what_pages_do_not_tell_is_refused_as_by_the_command(served: Served) -> None:
    reply = served.ask("/why?spec=rocblas")
    assert reply.status == 400
    assert "known" in reply.document.text


def send(served: Served, path: str, **fields: str) -> Reply:
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    return served.ask(path, "POST", urlencode(fields).encode(), **form)


def token(served: Served, path: str) -> str:
    [found] = served.page(path).inputs["token"]
    return found


def test_coverage_of_a_lock_file_that_is_sent(spack: Served, spack_folder: Path) -> None:
    lock = gzip.decompress((SITE / "my-env/spack.lock.gz").read_bytes()).decode()
    own = token(spack, "/coverage")
    reply = send(spack, "/coverage", token=own, lockfile=lock, format="json")
    (spack_folder / "spack.lock").write_text(lock)
    ended = run("coverage", "spack.lock", "--format", "json", cwd=spack_folder)
    assert json.loads(reply.text) == json.loads(ended.out)
    page = send(spack, "/coverage", token=own, lockfile=lock)
    assert page.status == 200
    assert re.search(r"\d+ of 57 specs are held: ", page.document.text)
    page = send(spack, "/coverage", token=own, lockfile=lock, spec="python@99:")
    assert "No spec of the environment is as is asked." in page.document.text
    assert "nothing in it that a cache could hold" not in page.document.text
    for wrong, why in (("", "found nothing"), ("{", "spack.lock"), ('{"a": 1}', "spack.lock")):
        reply = send(spack, "/coverage", token=own, lockfile=wrong)
        assert reply.status == 400
        assert why in reply.document.text
        assert "graphcache-" not in reply.text  # no name of a file of ours
    assert not list(Path(tempfile.gettempdir()).glob("graphcache-*/sent"))


def send_file(served: Served, path: str, data: bytes, name: str, **fields: str) -> Reply:
    """The same as a browser sends it where a file is chosen, without script."""
    file = (name, data, "application/octet-stream")
    form: dict[str, str | tuple[str, bytes, str]] = {**fields, "file": file}
    body, kind = urllib3.encode_multipart_formdata(form)
    return served.ask(path, "POST", body, Content_Type=kind)


def test_a_lock_file_is_sent_as_a_file(spack: Served) -> None:
    own = token(spack, "/coverage")
    packed = (SITE / "my-env/spack.lock.gz").read_bytes()
    pasted = send(spack, "/coverage", token=own, lockfile=gzip.decompress(packed).decode())
    page = send_file(spack, "/coverage", packed, "my.lock.gz", token=own, lockfile="")
    assert page.document.tables == pasted.document.tables
    assert page.document.code == ["graphcache coverage my.lock.gz"]
    hostile = send_file(spack, "/coverage", b"{", "../../a\nb.lock", token=own)
    assert hostile.status == 400
    assert "b.lock: " in hostile.document.text
    assert not list(Path(tempfile.gettempdir()).glob("graphcache-*/sent"))


def test_what_is_sent_is_bounded(spack: Served) -> None:
    own = token(spack, "/coverage")
    reply = send_file(spack, "/coverage", b" " * (MOST_BYTES + 1), "spack.lock", token=own)
    assert reply.status == 413
    assert "at most 64,000,000 bytes" in reply.document.text
    many = {f"field{number}": "x" for number in range(20)}
    assert send(spack, "/coverage", token=own, **many).status == 400
    assert send_file(spack, "/coverage", b"{}", "a").status == 403
    broken = spack.ask("/coverage", "POST", b"--x", Content_Type="multipart/form-data")
    assert broken.status == 400


# Advisories, and bills of material ----------------------------------------------------------------


def asked_of(folder: Path, *words: str) -> Any:
    """What the command answers, which ends with 1 where something is touched."""
    ended = run("advisories", *words, "--format", "json", cwd=folder)
    assert ended.code in (0, 1), ended
    return json.loads(ended.out)


@pytest.mark.parametrize("as_file", [False, True], ids=["pasted", "chosen"])
def test_an_advisory_that_is_sent_has_the_answer_of_the_command(
    spack: Served, spack_folder: Path, as_file: bool
) -> None:
    own = token(spack, "/advisories")
    openssl = ADVISORIES / "CVE-2026-28387.json"

    def ask(**fields: str) -> Reply:
        if as_file:
            data = openssl.read_bytes()
            return send_file(spack, "/advisories", data, openssl.name, token=own, **fields)
        return send(spack, "/advisories", token=own, advisory=openssl.read_text(), **fields)

    found = json.loads(ask(format="json", stack="hpc").text)
    assert found == asked_of(spack_folder, str(openssl), "--stack", "hpc")
    assert found
    csv = ask(format="csv").text
    assert csv == run("advisories", openssl, "--format", "csv", cwd=spack_folder).out
    page = ask(stack="hpc", deptype="all").document
    assert re.search(r"1 advisory touches \d specs? of 1 package\.", page.text)
    name = openssl.name if as_file else "ADVISORY.json"
    assert page.code[-1] == f"graphcache advisories {name} --stack hpc --deptype all"


def test_advisories_are_given_at_the_start(spack_folder: Path) -> None:
    with serving("--advisories", ADVISORIES, cwd=spack_folder) as running:
        assert "3 advisories are given" in running.page("/").text
        page = running.page("/advisories?release=r")
        _, *words = shlex.split(page.code[-1])
        assert words == ["advisories", str(ADVISORIES), "--release", "r"]
        found = json.loads(running.ask(page.links["JSON"]).text)
        assert found == asked_of(spack_folder, *words[1:])
        refused = running.ask("/advisories?stack=hpd")
        assert refused.status == 400
        assert "hpd: no such stack" in refused.document.text


def test_what_is_no_advisory_is_refused_and_what_is_not_read_is_told(
    spack: Served, spack_folder: Path
) -> None:
    own = token(spack, "/advisories")
    for wrong, why in (("", "found nothing"), ("{", "no JSON"), ('{"name": "x"}', "it has no id")):
        reply = send(spack, "/advisories", token=own, advisory=wrong)
        assert reply.status == 400
        assert why in reply.document.text
        assert "graphcache-" not in reply.text  # no name of a file of ours
    assert spack.ask("/advisories?format=json").status == 400
    other = {"id": "CVE-1", "modified": "2026-01-01T00:00:00Z", "affected": []}
    both = json.dumps([other, {"id": 5}])
    page = send(spack, "/advisories", token=own, advisory=both).document
    assert "1 advisory: none touches it, but not all could be read." in page.text
    assert "Not read: what was pasted: " in page.text


@pytest.mark.parametrize("format_", ["cyclonedx", "spdx"])
def test_a_bill_of_material_is_downloaded(spack: Served, spack_folder: Path, format_: str) -> None:
    page = spack.page("/stack?name=hpc")
    link = page.links[{"cyclonedx": "CycloneDX", "spdx": "SPDX"}[format_]]
    reply = spack.ask(link)
    ended = run("sbom", "--stack", "hpc", "--format", format_, cwd=spack_folder)
    assert reply.text == ended.out
    ending = {"cyclonedx": "cdx", "spdx": "spdx"}[format_]
    disposition = reply.headers["content-disposition"]
    assert disposition == f'attachment; filename="hpc.{ending}.json"'
    assert "graphcache sbom --stack hpc" in page.code


def test_a_bill_of_a_spec_and_of_nothing(spack: Served, spack_folder: Path) -> None:
    with open_store(spack_folder / "graphcache.lbug") as store:
        hash_ = min(store.table(node_type("Spec"), ())["hash"].to_pylist())
    page = spack.page(f"/spec/{hash_}")
    assert f"graphcache sbom /{hash_}" in page.code
    ended = run("sbom", f"/{hash_}", cwd=spack_folder)
    assert spack.ask(page.links["CycloneDX"]).text == ended.out
    for address, why in (
        ("/sbom", "expected the specs to make a bill of, or a stack"),
        ("/sbom?stack=hpd", "hpd: no such stack"),
        ("/sbom?stack=hpc&format=csv", "format: expected cyclonedx or spdx, found 'csv'"),
    ):
        reply = spack.ask(address)
        assert reply.status == 400
        assert why in said(reply)


def test_without_the_extra_a_page_names_it(spack_folder: Path, tmp_path: Path) -> None:
    missing = "import sys; sys.modules['cyclonedx'] = sys.modules['spdx_tools'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(missing)
    env = {"PYTHONPATH": str(tmp_path)}
    with serving(cwd=spack_folder, env=env, is_new=True) as running:
        page = running.page("/stack?name=hpc")
        assert "CycloneDX" not in page.links
        assert "pip install 'graphcache[sbom]'" in page.code
        reply = running.ask("/sbom?stack=hpc&format=spdx")
        assert reply.status == 400
        assert "spdx_tools is not installed: pip install" in reply.document.text


def test_a_form_of_elsewhere_is_refused(spack: Served) -> None:
    for wrong in ("", "x", token(spack, "/coverage") + "x"):
        reply = send(spack, "/coverage", token=wrong, lockfile="{}")
        assert reply.status == 403
    reply = spack.ask("/coverage", "POST", b"token=", Content_Type="text/plain")
    assert reply.status == 415
    assert spack.ask("/cypher").status == 404
    assert send(spack, "/cypher", statement="RETURN 1").status == 404


def test_cypher_is_asked_only_where_it_is_allowed(spack_folder: Path) -> None:
    with serving("--cypher", cwd=spack_folder) as running:
        own = token(running, "/cypher")
        page = send(running, "/cypher", token=own, statement="MATCH (s:Spec) RETURN count(*) AS n")
        assert page.document.tables["Cypher"] == [["280"]]
        assert "(:Spec)-[:DEPENDS_ON]->(:Spec)" in page.document.text
        many = "UNWIND range(1, 900) AS n RETURN n"
        reply = send(running, "/cypher", token=own, statement=many, format="csv")
        assert reply.text.count("\n") == 501
        for wrong in (
            "MATCH (s:Spec) DETACH DELETE s",
            "MATCH (s:Spec",
            "COPY (MATCH (s) RETURN s) TO 'x'",
        ):
            reply = send(running, "/cypher", token=own, statement=wrong)
            assert reply.status == 400
            assert not list(spack_folder.glob("x"))
        assert send(running, "/cypher", statement="RETURN 1").status == 403


# Named queries ------------------------------------------------------------------------------------


def values_of(example: str) -> dict[str, str]:
    """The parameters in a query's example."""
    words = shlex.split(example)
    given = dict(zip(words[::2], words[1::2], strict=True))
    return {name[2:].replace("-", "_"): value for name, value in given.items()}


def assert_refused(served: Served, address: str, why: str) -> None:
    """The page, JSON and CSV say why there is no answer."""
    reply = served.ask(f"{address}&format=json")
    assert (reply.status, json.loads(reply.text)) == (400, {"error": why})
    reply = served.ask(f"{address}&format=csv")
    assert (reply.status, reply.text) == (400, f"{why}\n")
    page = Document(served.ask(address).text)
    assert why in page.text
    assert "JSON" not in page.links


@pytest.mark.parametrize("name", LIBRARY)
def test_an_answer_is_the_stores(served: Served, example_store: Path, name: str) -> None:
    query, values = LIBRARY[name], values_of(LIBRARY[name].example or "")
    address = f"/query/{name}?{urlencode(values)}"
    limit = int(values.pop("limit", ROWS_SENT))
    with open_store(example_store) as store:
        try:
            answer = query.run(store, values, limit=limit)
        # The examples in docs/queries.md ask by other names, and of dependencies.
        except (NotKnownError, UsageError) as unknown:
            assert_refused(served, address, unknown.at_shell)
            return
    forms: dict[Format, str] = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
    for form, media_type in forms.items():
        reply = served.ask(f"{address}&format={form}")
        assert (reply.status, reply.headers["content-type"]) == (200, media_type)
        expected = io.StringIO()
        render(answer.columns, answer.rows, form, expected)
        assert reply.text == expected.getvalue()
    page = served.page(address)
    shown = page.tables.get(query.title, [])
    assert shown == [[in_cell(value) for value in row] for row in answer.rows[:ROWS_SHOWN]]
    links = {page.links[form.upper()] for form in ("json", "csv")}
    assert {served.ask(link).status for link in links} == {200}
    assert query.cypher in page.text


def test_an_answer_is_what_the_command_prints(served: Served, example_store: Path) -> None:
    """The command that the page shows, in the shell that it is for."""
    page = served.page("/query/usable-specs?package=rocblas&target=zen4&os=ubuntu22.04")
    _, *words = shlex.split(page.code[0])
    for form in ("json", "csv"):
        command = [*words, "--format", form, "--store", str(example_store)]
        printed = succeed(*command, cwd=example_store.parent)
        assert served.ask(page.links[form.upper()]).text == printed


def in_cell(value: Any) -> str:
    """A value as the table shows it: of a list three items, and the rest where it opens."""
    if value is None:
        return ""
    if not isinstance(value, list):
        return as_shown(value)
    if len(value) > 3:
        value = [*value[:3], f"and {len(value) - 3} more{value[3]}", *value[4:]]
    return " ".join(" ".join(value).split()) if value else "none"


def test_the_queries_are_listed_by_theme(served: Served) -> None:
    page = served.page("/queries")
    for query in LIBRARY.values():
        assert {f"/query/{query.name}", f"#{query.theme}"} <= set(page.addresses)
        assert query.question in page.text
    assert page.links["Slow"] == "/query/slow"
    assert page.links["Others"] == "#others"


NOT_TOLD = {"externals", "languages"}
"""Queries of what no page tells, besides dependencies."""


def test_a_form_has_a_field_a_parameter(served: Served, specs: list[dict[str, Any]]) -> None:
    for query in LIBRARY.values():
        page = Document(served.ask(f"/query/{query.name}").text)
        fields = {p.name for p in query.parameters}
        assert fields <= page.inputs.keys() | page.options.keys()
        # What needs nothing is answered at once; pages do not tell dependencies, nor all else.
        unknown = "DEPENDS_ON" in query.cypher or query.name in NOT_TOLD
        needed = any(p.required for p in query.parameters) or unknown
        assert ("JSON" in page.links) != needed
    form = served.page("/query/usable-specs")
    assert {"zen4", "x86_64_v3", "neoverse_v2"} <= set(form.options["target-names"])
    assert form.options["os-names"] == sorted({spec["os"] for spec in specs})
    assert form.options["package-names"] == packages(specs)
    assert "e4s" in served.page("/query/only-in-stack").options["stack-names"]
    assert "develop" in served.page("/query/left-behind").options["release-names"]
    assert served.page("/query/spec").options == {"offered": []}  # there are too many hashes


def test_every_kind_of_parameter_goes_through_a_form(served: Served) -> None:
    form = served.page("/query/kinds")
    assert form.inputs["words"] == ["a", "", ""]
    assert form.inputs["number"] == ["7"]
    assert form.options["yes"] == ["true", "false"]
    for given, (held, number, yes) in {
        "": (["a"], 7, True),
        "?words=&words=&number=&yes=": ([], 7, True),
        "?words=b&words=&words=a+c&number=-3&yes=false": (["a c", "b"], -3, False),
    }.items():
        page = served.page(f"/query/kinds{given}")
        rows = json.loads(served.ask(page.links["JSON"]).text)
        assert [row["word"] for row in rows if row["held"]] == held
        assert {(row["number"], row["yes"]) for row in rows} == {(number, yes)}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/query/kinds?number=x", "kinds: number: expected an integer, found 'x'"),
        (f"/query/kinds?number={'9' * 9999}", "kinds: number: expected an integer"),
        (f"/query/kinds?number={2**63}", f"expected an integer of 64 bits, found {2**63}"),
        ("/query/kinds?yes=maybe", "kinds: yes: expected true or false, found 'maybe'"),
        ("/query/kinds?wrods=a", "kinds: no parameter wrods: expected number, words, yes"),
        ("/query/usable-specs?package=a&target=zen44", "found 'zen44'. Did you mean zen4"),
        ("/query/package?package=", "package is missing"),
        (
            "/query/package?package=rocblass",
            "rocblass: no such package or hash in the graph. Did you mean rocblas?",
        ),
        ("/query/stacks?release=develp", "develp: no such release in the graph. Did you mean deve"),
        ("/query/stack-roots?stack=e4ss", "e4ss: no such stack in the graph. Did you mean e4s"),
        (
            "/query/usable-specs?package=rocblas&target=zen4&os=ubuntu2204",
            "ubuntu2204: no such operating system in the graph. Did you mean ubuntu22.04",
        ),
        ("/query/spec?hash=2", "2: expected one spec, found "),
        ("/stack?name=e4s&release=develp", "develp: no such release in stack e4s. Did you mean d"),
        (
            "/package?name=rocblas&os=ubuntu2204",
            "ubuntu2204: no such os in the specs of rocblas. Did you mean ubuntu22.04",
        ),
        ("/package?name=rocblas&stack=no", "no: no such stack in the specs of rocblas, which has"),
        ("/query/stacks?limit=0", "limit: expected a whole number from 1 to 50,000, found '0'"),
        ("/query/stacks?limit=50001", "limit: expected a whole number from 1 to 50,000"),
        ("/query/stacks?format=xml", "format: expected html, json or csv, found 'xml'"),
        ("/spec/", "expected a hash or the beginning of one, found nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(served: Served, address: str, why: str) -> None:
    for form in ("html", "json", "csv"):
        given = address if "format" in address else f"{address}{'&' if '?' in address else '?'}"
        reply = served.ask(given if "format" in address else f"{given}format={form}")
        if form == "html" and address.endswith("package="):
            assert reply.status == 200  # the empty form
            continue
        assert reply.status == 400
        text = json.loads(reply.text)["error"] if is_json(reply) else said(reply)
        assert why in text
        assert "Traceback" not in reply.text


def is_json(reply: Reply) -> bool:
    return reply.headers["content-type"] == "application/json"


def said(reply: Reply) -> str:
    return (
        reply.document.text if reply.headers["content-type"].startswith("text/html") else reply.text
    )


def test_rows_that_are_cut_off_are_told_of(served: Served) -> None:
    page = served.page("/query/many")
    assert "The first 500 rows; there are more." in page.text
    assert len(page.tables["Many"]) == 500
    assert "there are more" not in served.page("/query/many?most=500").text
    assert len(served.page("/query/many?limit=700").tables["Many"]) == 700
    reply = served.ask("/query/many?format=json")
    assert reply.status == 400
    assert "more than 50,000 rows" in json.loads(reply.text)["error"]
    assert "graphcache query many" in json.loads(reply.text)["error"]
    assert (
        len(json.loads(served.ask(f"/query/many?most={ROWS_SENT}&format=json").text)) == ROWS_SENT
    )
    assert served.ask("/query/many?limit=2&format=csv").text == "number\n1\n2\n"


# What is refused ----------------------------------------------------------------------------------


def test_every_reply_has_the_headers(served: Served) -> None:
    addresses = ["/", "/search?q=a", "/search?q=rocblas", "/no", "/package?name=no", "/static/no"]
    addresses += ["/static/site.css", "/query/stacks?format=csv", "/query/kinds?number=x"]
    replies = [served.ask(address) for address in addresses]
    replies += [served.ask("/", "POST"), served.ask("/", Host="evil.example")]
    replies += [served.ask("/?" + "a" * (LONGEST + 1))]
    assert {reply.status for reply in replies} == {200, 303, 400, 404, 405, 414}
    for reply in replies:
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
        assert "server" not in reply.headers
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_icon_of_a_page_is_there(served: Served) -> None:
    [address] = re.findall(r'<link rel="icon" href="(.*?)"', served.ask("/").text)
    icon = served.ask(address)
    assert (icon.status, icon.headers["content-type"]) == (200, "image/svg+xml")
    assert icon.text.startswith("<svg")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_only_reading_is_answered(served: Served, method: str) -> None:
    for address in ("/", "/package?name=rocblas", "/query/stacks", "/static/site.css", "/spec/a"):
        assert served.ask(address, method).status == 405
    assert served.ask("/query/stacks?format=csv", "HEAD").body == b""


def test_only_this_machines_names_are_answered(served: Served) -> None:
    good = ["127.0.0.1", "localhost", f"localhost:{served.port}", "LOCALHOST:1", "[::1]:9000"]
    for host in good:
        assert served.ask("/", Host=host).status == 200
    bad = [
        "evil.example",
        f"evil.example:{served.port}",
        "127.0.0.1.evil.example",
        "",
        "localhost.",
    ]
    for host in [*bad, "127.0.0.1@evil.example", "[::2]", "0.0.0.0"]:  # noqa: S104
        for address in ("/", "/query/stacks?format=json", "/static/site.css"):
            assert served.ask(address, Host=host).status == 400


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    with socket.socket() as asking, pytest.raises(ConnectionRefusedError):
        asking.connect(("127.0.0.2", served.port))


def test_what_is_too_long_is_refused(served: Served) -> None:
    for address in ("/?" + "a" * (LONGEST + 1), "/spec/" + "a" * LONGEST):
        reply = served.ask(address)
        assert reply.status == 414
        assert "too long" in reply.text


def test_there_is_no_way_out_of_the_folder(served: Served) -> None:
    for path in ("..%2Fapp.py", "%2e%2e/app.py", "../app.py", "..%5capp.py", "%2Fetc%2Fpasswd"):
        with socket.create_connection(("127.0.0.1", served.port)) as asking:
            asking.sendall(f"GET /static/{path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            assert asking.recv(12).endswith(b"404")


# Texts that are not easy --------------------------------------------------------------------------

HOSTILE = [
    *NASTY,
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "..",
    ".",
    "/",
    "//evil.example",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "a&b=c#d?e%20f+g",
    "\x01\x1b[31m",
    "x" * 10_000,
]


def test_any_text_may_be_a_name(tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    names = [name for name in HOSTILE if name.strip()]
    for number, name in enumerate(names):
        key = f"{number:032}".translate(_LETTERS)
        spec = ("Spec", key)
        graph.add_node(
            spec, hash=key, name=name, version=name, label=name, os=name, configuration=key
        )
        for type_, edge in (("Package", "OF_PACKAGE"), ("Target", "FOR_TARGET")):
            graph.add_node((type_, name), name=name)
            graph.add_edge(spec, (type_, name), key=edge)
        graph.add_node(("Stack", name), name=name)
        graph.add_node(("Release", name), name=name)
        graph.add_edge(spec, ("Stack", name), key="IN_STACK", releases=[name])
        graph.add_edge(spec, ("Release", name), key="IN_RELEASE")
    put_store(tmp_path / "s.lbug", Tables.from_networkx(graph), ["</script>"])
    with serving("--store", "s.lbug", cwd=tmp_path) as running:
        plain = [running.page("/"), running.page(f"/search?q={quote('ALERT')}")]
        for name in names:
            page = running.page(f"/package?{urlencode({'name': name})}")
            assert name in page.text
            assert f"{name}, {name}, version {name}" in page.text
            narrowed = urlencode({"name": name, "release": name, "target": name})
            stack = running.page(f"/stack?{urlencode({'name': name, 'release': name})}")
            found = running.page(f"/package?{narrowed}")
            assert "1 spec of 1 configuration" in found.text
            asked = running.page(f"/query/package?{urlencode({'package': name})}")
            rows = json.loads(running.ask(asked.links["JSON"]).text)
            assert [row["version"] for row in rows] == [name]
            spec_page = running.page(next(h for h in page.addresses if h.startswith("/spec/")))
            search = running.page(f"/search?{urlencode({'q': name})}")
            for seen in (page, stack, found, asked, spec_page, search, *plain):
                assert not {"script", "img"} & set(seen.tags)
                assert not [h for h in seen.addresses if not h.startswith(("/", "#"))]
                assert not [h for h in seen.addresses if h.startswith("//")]


def test_nothing_but_a_key_need_be_known(tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    graph.add_node(("Package", "zlib"), name="zlib")
    for key in ("a" * 32, "b" * 32):
        graph.add_node(("Spec", key), hash=key)
        graph.add_edge(("Spec", key), ("Package", "zlib"), key="OF_PACKAGE")
    graph.add_node(("Spec", "c" * 32), hash="c" * 32, name="zlib", version="1.2", os="centos7")
    graph.add_edge(("Spec", "c" * 32), ("Package", "zlib"), key="OF_PACKAGE")
    graph.add_edge(("Spec", "a" * 32), ("Spec", "b" * 32), key="DEPENDS_ON")
    put_store(tmp_path / "graphcache.lbug", Tables.from_networkx(graph))
    with serving(cwd=tmp_path) as running:
        rows = shown_specs(running.page("/package?name=zlib"), "zlib")
        assert {hash_: row[:2] for hash_, row in rows.items()} == {
            "a" * 32: ["none", "none"],
            "b" * 32: ["none", "none"],
            "c" * 32: ["centos7", "1.2"],
        }
        page = running.page(f"/spec/{'a' * 32}")
        assert page.tables["What it needs itself"] == [["", "", "b" * 7, "", ""]]
        assert "None" not in page.text.replace("None that the store knows", "")
        assert running.ask(f"/find?spec=/{'b' * 32}").status == 200


def test_a_package_has_its_versions_in_the_order_of_spack(tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    graph.add_node(("Package", "zlib"), name="zlib")
    for letter, version in zip("abcde", ("1.9", "develop", "1.9", "1.10", "1.9rc1"), strict=True):
        graph.add_node(("Spec", letter * 32), hash=letter * 32, name="zlib", version=version)
        graph.add_edge(("Spec", letter * 32), ("Package", "zlib"), key="OF_PACKAGE")
    put_store(tmp_path / "graphcache.lbug", Tables.from_networkx(graph))
    with serving(cwd=tmp_path) as running:
        rows = shown_specs(running.page("/package?name=zlib"), "zlib")
        assert [(hash_[0], row[0]) for hash_, row in rows.items()] == [
            ("e", "1.9rc1"),
            ("a", "1.9"),
            ("c", "1.9"),
            ("d", "1.10"),
            ("b", "develop"),
        ]
        options = running.page("/package?name=zlib").options["version"]
        assert options == ["", "1.9rc1", "1.9", "1.10", "develop"]


# The store while it is served ---------------------------------------------------------------------


def test_a_store_that_is_replaced_is_opened_anew(tmp_path: Path) -> None:
    page, place = tmp_path / "page.md", tmp_path / "graphcache.lbug"
    page.write_text(
        oracle.page_text("zlib", records=[oracle.record("a" * 32, versions=["1.2.13"])])
    )
    build_store(place, page)
    with serving(cwd=tmp_path) as running:
        assert running.ask(f"/spec/{'a' * 32}").status == 200
        asked = [running.ask("/query/package?package=zlib").text for _ in range(2)]
        assert "1.2.13" in asked[0]
        assert asked[0] == asked[1]
        page.write_text(
            oracle.page_text("zlib", records=[oracle.record("b" * 32, versions=["1.3.1"])])
        )
        succeed("update", page, "-q", cwd=tmp_path)
        assert running.ask(f"/spec/{'a' * 32}").status == 404
        assert running.ask(f"/spec/{'b' * 32}").status == 200
        answer = running.ask("/query/package?package=zlib").text
        assert "1.2.13" not in answer
        assert "1.3.1" in answer
        content = place.read_bytes()
        place.write_bytes(b"no store")
        reply = running.ask("/")
        assert reply.status == 503
        assert "graphcache.lbug" in reply.document.text
        place.unlink()
        assert "there is no store" in running.ask("/").document.text
        place.write_bytes(content)
        assert running.ask(f"/spec/{'b' * 32}").status == 200


def test_whoever_reads_goes_on_with_the_old_store(tmp_path: Path, own_library: Path) -> None:
    place = tmp_path / "graphcache.lbug"
    build_store(place, SITE / "develop/solvers", stack="hpc", release="r")
    content = place.read_bytes()
    with serving("--library", own_library, cwd=tmp_path) as running:
        replies: list[Reply] = []
        asking = [
            threading.Thread(target=lambda: replies.append(running.ask("/query/stacks?format=csv")))
            for _ in range(40)
        ]
        for number, thread in enumerate(asking):
            thread.start()
            if number % 4 == 0:
                other = tmp_path / "other"
                other.write_bytes(content)
                os.replace(other, place)
        for thread in asking:
            thread.join()
        assert {reply.status for reply in replies} == {200}
        assert len({reply.text for reply in replies}) == 1
        # Of files that were replaced none is held open: here by the store, LadybugDB and Arrow.
        assert open_files(running.process.pid).count(str(place)) == 3
        assert str(place) + " (deleted)" not in open_files(running.process.pid)


# The command --------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_of(served: Served, example_store: Path) -> None:
    ended = run("serve", "--port", str(served.port), cwd=example_store.parent)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"Error: port {served.port}: Address already in use: name another by --port, or 0 for a "
        "free one\n"
    )


def test_no_store_is_told_of(tmp_path: Path) -> None:
    ended = run("serve", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "graphcache.lbug: there is no store" in ended.err


@pytest.mark.parametrize("missing", ["python_multipart", "starlette", "uvicorn"])
def test_without_the_extra_it_says_what_to_install(missing: str, example_store: Path) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; from graphcache.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, "serve"]
    ended = Process(command, example_store.parent, environment()).end()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"Error: {missing} is not installed: pip install 'graphcache[serve]'\n"


def test_what_takes_too_long_is_ended_and_hinders_nobody(
    example_store: Path, own_library: Path
) -> None:
    """Nor the server's own end: what is being answered is answered, and nothing is aborted."""
    options = ("--store", example_store, "--library", own_library)
    with serving(*options, cwd=example_store.parent) as running:
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(running.ask("/query/slow")))
        pid = running.process.pid
        computing, begin = cpu_seconds(pid) + 0.5, time.monotonic()
        thread.start()
        wait_for(lambda: not thread.is_alive() or cpu_seconds(pid) >= computing)
        assert thread.is_alive()
        assert running.ask("/package?name=rocblas").status == 200
        assert not replies
        ended = running.end()
        thread.join()
        assert time.monotonic() - begin >= SECONDS
        assert (ended.code, ended.err.strip()) == (130, "")
    (reply,) = replies
    assert reply.status == 400
    assert "it took longer than 10 seconds" in reply.document.text
    assert reply.document.links["Queries"]


def test_it_ends_when_it_is_told_to(example_store: Path) -> None:
    options = ("--store", example_store)
    with serving(*options, cwd=example_store.parent, is_new=True) as running:
        assert running.ask("/").status == 200  # it serves, and minds signals as a server does
        running.process.send_signal(signal.SIGTERM)
        ended = running.process.end()
        assert (ended.code, ended.out, ended.err.strip()) == (-signal.SIGTERM, "", "")
