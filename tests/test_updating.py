"""Newer pages in a graph: what they replace, what they leave, what need not be read again."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import oracle
import pytest
from conftest import WriteSnapshot, derived_hashes, tries
from hypothesis import given
from hypothesis import strategies as st
from test_spack_joining import index, lock, node
from updates import after_updates, bring_in

from graphcache import InputError, Report, Tables, build_store, open_store, read, update_store
from graphcache.records import Claim, HeldFile, Labels
from graphcache.sources.gather import content_digest, gather, labelled
from graphcache.sources.inputs import InputFile

A, B, C = (oracle.record(letter * 32) for letter in "abc")
BAD = A | {"hash": "bad"}


def write(folder: Path, *texts: str) -> Path:
    """A folder of these pages and no others."""
    folder.mkdir(exist_ok=True)
    for file in folder.iterdir():
        file.unlink()
    for number, text in enumerate(texts):
        (folder / f"{number:03}.md").write_text(text)
    return folder


def after(folder: Path, *updates: Sequence[str]) -> tuple[Tables, Report]:
    """The graph of the first pages, brought up to date with the others one after the other."""
    tables, report = read(write(folder, *updates[0]))
    for texts in updates[1:]:
        tables, report = bring_in(tables, write(folder, *texts))
    return tables, report


def page(*records: oracle.Record, package: str = "zlib", release: str = "develop") -> str:
    return oracle.page_text(package, release, records)


def legacy(package: str, *texts: str) -> str:
    return f"---\ntitle: {package}\nspec_names: {json.dumps(texts)}\n---\n"


# Against the oracle: {(release, package): records} ------------------------------------------------

ARCH = "%gcc@8 arch=linux-rhel7-zen2"
NEEDED = [f"n@1{ARCH}", f"m@2+x{ARCH}", f"p@1{ARCH}"]
HASHES = {package: [f"{package}{n}" + "a" * 30 for n in "234"] for package in "pq"}
STACKS = st.lists(st.sampled_from(["e4s", "ml", "root"]), unique=True)


@st.composite
def modern_pages(draw: st.DrawFn) -> str:
    package = draw(st.sampled_from("pq"))
    hashes = draw(st.lists(st.sampled_from(HASHES[package]), unique=True))
    records = [
        oracle.record(
            spec_hash,
            versions=[spec_hash[1]],
            compiler=f"gcc@{spec_hash[1]}" if spec_hash[1] != "2" else "none",
            target=["zen2", "x86_64_v3", "m1"][int(spec_hash[1]) - 2],
            size=spec_hash[1],
            stacks=draw(STACKS),
        )
        for spec_hash in hashes
    ]
    return page(*records, package=package, release=draw(st.sampled_from(["develop", "v1"])))


@st.composite
def old_pages(draw: st.DrawFn) -> str:
    package = draw(st.sampled_from("pq"))
    needs = st.lists(st.sampled_from(NEEDED), unique=True, max_size=2).map(sorted)
    texts = {
        " ^".join([f"{package}@{version}{ARCH}", *draw(needs)])
        for version in draw(st.lists(st.sampled_from("12"), max_size=2))
    }
    return legacy(package, *sorted(texts))


def renamed(tables: Tables, pages: Sequence[oracle.Page]) -> oracle.Graph:
    """The graph with the oracle's hashes in the place of the derived ones."""
    texts = [*NEEDED, *(one["hash"] for p in pages if p.derived for one in p.records)]
    names = {made: text for text, made in derived_hashes(texts).items()}
    return oracle.renamed(oracle.graph_of(tables), names)


@pytest.mark.slow
@tries(60)
@given(
    st.lists(
        st.lists(st.one_of(modern_pages(), old_pages()), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_any_sequence_of_updates(
    tmp_path_factory: pytest.TempPathFactory, updates: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("pages")
    tables, report = after(folder, *updates)
    assert report.rejects == []
    parsed = [[oracle.parse(text) for text in texts] for texts in updates]
    held = oracle.after_updates(parsed)
    assert renamed(tables, held) == oracle.graph(held)
    # The same digest as when the pages that are held now had been the only ones.
    now = [text for texts in updates for text in texts if oracle.parse(text) in held]
    assert read(write(folder, *now))[0].digest() == tables.digest()


@pytest.mark.slow
def test_snapshots_one_after_the_other(tmp_path: Path, write_snapshot: WriteSnapshot) -> None:
    write_snapshot(tmp_path / "all", records=300, pages=40, releases=4)
    everything, _ = read(tmp_path / "all")
    releases = sorted((tmp_path / "all").iterdir())
    random.Random(1).shuffle(releases)  # noqa: S311
    tables, _ = read(releases[0])
    for release in releases[1:]:
        assert tables.digest() != everything.digest()
        tables, report = bring_in(tables, release)
        assert dict(report.warnings) == {}
    assert tables.digest() == everything.digest()
    assert bring_in(tables, tmp_path / "all")[0].digest() == everything.digest()


# What goes and what stays -------------------------------------------------------------------------


@pytest.mark.slow
def test_what_no_page_holds_any_more_goes_with_all_that_it_alone_had(tmp_path: Path) -> None:
    gone = oracle.record("d" * 32, compiler="xl@1", target="power9le", stacks=["power", "root"])
    tables, report = after(tmp_path / "p", [page(A, gone)], [page(A, B)])
    assert dict(report.warnings) == {}
    assert tables.digest() == read(write(tmp_path / "p", page(A, B)))[0].digest()
    nodes = set(tables.to_networkx())
    assert {("Spec", "a" * 32), ("Spec", "b" * 32)} < nodes
    lost = [("Spec", "d" * 32), ("Compiler", "xl@1"), ("Target", "power9le"), ("Stack", "power")]
    assert nodes.isdisjoint(lost)


@pytest.mark.slow
def test_a_page_without_records_empties_what_it_held(tmp_path: Path) -> None:
    other = page(C, package="hdf5", release="v1")
    tables, _ = after(tmp_path / "p", [page(A, B), other], [page()])
    assert tables.nodes["Package"]["name"].to_pylist() == ["hdf5"]
    assert tables.nodes["Release"]["name"].to_pylist() == ["v1"]
    assert tables.digest() == read(write(tmp_path / "p", other))[0].digest()


def test_other_pages_keep_what_they_hold(tmp_path: Path) -> None:
    pages = [page(A, B), page(A, release="v1"), page(C, package="hdf5")]
    tables, _ = after(tmp_path / "p", pages, [page(B)])
    assert tables.nodes["Spec"]["hash"].to_pylist() == ["a" * 32, "b" * 32, "c" * 32]
    assert [
        (edge["from"][0], edge["releases"]) for edge in tables.edges["IN_STACK"].to_pylist()
    ] == [("a", ["v1"]), ("b", ["develop"]), ("c", ["develop"])]


@pytest.mark.slow
def test_a_page_may_correct_what_it_alone_said(tmp_path: Path) -> None:
    right = A | {"versions": ["9.9"], "os": "centos7", "compiler": "none", "tarball": None}
    wrong = A | {"size": "5", "tarball": "u"}
    tables, report = after(tmp_path / "p", [page(wrong, B)], [page(right, B)])
    assert dict(report.warnings) == {}
    assert tables.digest() == read(write(tmp_path / "p", page(right, B)))[0].digest()


@pytest.mark.slow
def test_a_page_that_contradicts_one_that_stays_is_told(tmp_path: Path) -> None:
    other = page(A, release="v1")
    tables, report = after(tmp_path / "p", [page(A), other], [page(A | {"versions": ["9.9"]}, B)])
    assert dict(report.warnings) == {
        f"spec {'a' * 32}: records disagree on version: '1.2' and '9.9'; the first is kept": 1
    }
    assert tables.nodes["Spec"]["version"].to_pylist() == ["1.2", "1.2"]


@pytest.mark.slow
def test_a_spec_that_another_needs_stays_as_not_known_to_be_held(tmp_path: Path) -> None:
    needs, needed = legacy("p", f"p@1{ARCH} ^n@1{ARCH}"), legacy("n", f"n@1{ARCH}")
    tables, _ = after(tmp_path / "p", [needs, needed])
    assert tables.nodes["Spec"]["in_buildcache"].to_pylist() == [True, True]
    tables, _ = bring_in(tables, write(tmp_path / "p", legacy("n")))
    assert tables.digest() == read(write(tmp_path / "p", needs))[0].digest()
    held = {spec["name"]: spec["in_buildcache"] for spec in tables.nodes["Spec"].to_pylist()}
    assert held == {"p": True, "n": None}
    tables, _ = bring_in(tables, write(tmp_path / "p", legacy("p")))
    assert tables.digest() == Tables.empty().digest()


@pytest.mark.slow
def test_what_a_script_added_stays_on_what_stays(tmp_path: Path) -> None:
    graph = read(write(tmp_path / "p", page(A, B)))[0].to_networkx()
    for spec_hash, rank in (("a" * 32, 0.5), ("b" * 32, 1.5)):
        graph.nodes["Spec", spec_hash].update(rank=rank, namespace="builtin", external=False)
        graph.edges[("Spec", spec_hash), ("Compiler", "gcc@13.2.0"), "BUILT_WITH"].update(
            languages=["c"], seen=3
        )
    graph.nodes["Package", "zlib"]["label"] = "ZLIB"
    folder = write(tmp_path / "p", page(A, C), page(oracle.record("d" * 32), package="hdf5"))
    tables, report = bring_in(Tables.from_networkx(graph), folder)
    assert dict(report.warnings) == {}
    found = tables.to_networkx()
    kept, new = found.nodes["Spec", "a" * 32], found.nodes["Spec", "c" * 32]
    assert (kept["rank"], kept["namespace"], kept["external"]) == (0.5, "builtin", False)
    assert {"rank", "namespace", "external"}.isdisjoint(new)
    compiler = ("Compiler", "gcc@13.2.0")
    assert found.edges[("Spec", "a" * 32), compiler, "BUILT_WITH"] == {
        "languages": ["c"],
        "seen": 3,
    }
    assert found.edges[("Spec", "c" * 32), compiler, "BUILT_WITH"] == {}
    assert [found.nodes["Package", name]["label"] for name in ("zlib", "hdf5")] == ["ZLIB", "hdf5"]


@pytest.mark.slow
def test_edges_that_a_script_added_stay_while_both_ends_do(tmp_path: Path) -> None:
    graph = read(write(tmp_path / "p", page(A, B, C)))[0].to_networkx()
    a, b, c = (("Spec", letter * 32) for letter in "abc")
    graph.add_edge(a, b, "DEPENDS_ON", types=["link"])
    graph.add_edge(c, a, "DEPENDS_ON", types=["run"])
    tables, _ = bring_in(Tables.from_networkx(graph), write(tmp_path / "p", page(A, B)))
    assert tables.edges["DEPENDS_ON"].to_pylist() == [
        {"from": "a" * 32, "to": "b" * 32, "types": ["link"], "virtuals": None}
    ]


@pytest.mark.slow
def test_what_only_a_lock_file_tells_a_later_index_and_page_leave_as_it_was(tmp_path: Path) -> None:
    zlib, hdf5 = node("a" * 32), node("b" * 32, "a" * 32, name="hdf5")
    in_e4s = [A | {"stacks": ["e4s"]}, A | {"hash": "b" * 32, "stacks": ["e4s"]}]
    texts = [
        json.dumps(lock(zlib, hdf5, roots=("b" * 32,))),
        json.dumps(index(zlib, hdf5)),
        page(in_e4s[1], package="hdf5"),
        page(in_e4s[0]),
    ]
    loads = [(text, Labels("develop", "e4s")) for text in texts]
    for count in (2, 3, 4):
        edges = after_updates(tmp_path / "file", *loads[:count]).edges["IN_STACK"].to_pylist()
        assert {edge["from"][0]: edge["root"] for edge in edges} == {"a": False, "b": True}


# Files that are known already ---------------------------------------------------------------------

ZLIB = Claim("page", "develop", "zlib")


def held(*files: tuple[str, Claim]) -> list[HeldFile]:
    return [
        HeldFile(content_digest(InputFile("", text.encode(), False), Labels()), "old", claim)
        for text, claim in files
    ]


def test_a_file_that_is_held_is_not_parsed_again(tmp_path: Path) -> None:
    zlib, hdf5 = page(A), page(B, package="hdf5")
    known = held((zlib, ZLIB))
    reading = gather(labelled([write(tmp_path / "p", zlib, hdf5)]), held=known)
    assert (reading.report.unchanged, reading.report.files, reading.report.records) == (1, 1, 1)
    assert reading.claimed.keys() == {("page", "develop", "hdf5")}
    assert reading.facts.specs["hash"].to_pylist() == ["b" * 32]


def test_a_file_under_another_release_is_another_file(tmp_path: Path) -> None:
    known = held((page(A), ZLIB))
    folder = write(tmp_path / "p", page(A))
    for release in ("v1", "x" * 100 + "1", "x" * 100 + "2"):
        reading = gather(labelled([folder], Labels(release)), held=known)
        assert reading.report.unchanged == 0
        assert reading.claimed.keys() == {("page", release, "zlib")}
        known += reading.files
        assert gather(labelled([folder], Labels(release)), held=known).report.unchanged == 1


def test_one_of_two_files_of_a_page_replaces_both(tmp_path: Path) -> None:
    one, two = page(A), page(B)
    known = held((one, ZLIB), (two, ZLIB))
    both = gather(labelled([write(tmp_path / "p", one, two)]), held=known)
    assert (both.report.unchanged, both.claimed, both.unchanged) == (2, {}, {ZLIB})
    alone = gather(labelled([write(tmp_path / "p", two)]), held=known)
    assert (alone.report.unchanged, alone.report.files) == (0, 1)
    assert alone.claimed.keys() == {ZLIB}
    assert alone.unchanged == set()


def test_a_page_with_rejects_is_not_held(tmp_path: Path) -> None:
    pages = [page(A), page(B, BAD, package="hdf5"), page(C, package="boost") + "more\n"]
    reading = gather(labelled([write(tmp_path / "p", *pages)]))
    assert [file.claim for file in reading.files] == [ZLIB]
    assert reading.incomplete == {("page", "develop", name) for name in ("hdf5", "boost")}


# The store ----------------------------------------------------------------------------------------


def store_digest(store: Path) -> str:
    with open_store(store) as opened:
        return opened.tables().digest()


@pytest.mark.slow
def test_reading_the_same_again_changes_nothing(
    tmp_path: Path, example_pages: Path, legacy_pages: Path
) -> None:
    store = tmp_path / "store"
    build_store(store, example_pages, legacy_pages)
    before, content = store_digest(store), store.read_bytes()
    report = update_store(store, legacy_pages, example_pages)
    assert (report.unchanged, report.files, report.records, report.rejects) == (8, 0, 0, [])
    assert dict(report.warnings) == {}
    assert store.read_bytes() == content
    update_store(store, example_pages / "rocblas.develop-2025-03-23.md", release="again")
    assert store_digest(store) != before


@pytest.mark.slow
def test_a_store_follows_its_pages(tmp_path: Path) -> None:
    store, folder = tmp_path / "store", tmp_path / "p"
    build_store(store, write(folder, page(A, B), page(C, package="hdf5")))
    report = update_store(store, write(folder, page(A), page(C, package="hdf5")))
    assert (report.unchanged, report.files, report.records) == (1, 1, 1)
    assert store_digest(store) == read(folder)[0].digest()

    damaged = page(B, BAD).replace("meta", "META")
    report = update_store(store, write(folder, damaged))
    assert [str(reject) for reject in report.rejects] == [
        f'{folder}/000.md:6: spec_details[1].hash: expected 32 characters of a-z2-7, found "bad"'
    ]
    assert dict(report.warnings) == {
        'unknown key "META" of a page: not read': 1,
        "zlib in develop: read with rejects, so nothing that the store held of it was removed": 1,
    }
    joined = write(folder, page(A, B), page(C, package="hdf5"))
    assert store_digest(store) == read(joined)[0].digest()

    report = update_store(store, write(folder, page(A)))
    assert (report.unchanged, report.files) == (0, 1)
    assert store_digest(store) == read(write(folder, page(A), page(C, package="hdf5")))[0].digest()


@pytest.mark.slow
def test_an_update_of_nothing_changes_nothing(tmp_path: Path) -> None:
    store, folder = tmp_path / "store", tmp_path / "p"
    build_store(store, write(folder, page(A)))
    content = store.read_bytes()
    with pytest.raises(InputError):
        update_store(store, write(folder))
    (folder / "cut").write_text(page(A)[:40])
    with pytest.raises(InputError):
        update_store(store, folder)
    assert store.read_bytes() == content
