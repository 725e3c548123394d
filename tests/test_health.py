"""What is wrong in a cache: on every store, held against plain loops over the files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oracle
import pytest
from query_data import STORES, Given, of_kind
from test_spack_files import MIRRORS, mirror_index
from test_spack_joining import A, B, C, index, lock, node

from graphcache import NotKnownError, build_store, open_store
from graphcache.health import QUERIES, check
from graphcache.queries import load_library
from graphcache.stores import Store

D, E, G = "d" * 32, "e" * 32, "g" * 32
Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with a hole, an external stub and a dangling dependency, two lock files, a page."""
    folder = tmp_path_factory.mktemp("files")
    cache = index(node(A, B, C, D), node(B), node(C, external={"path": "/usr"}))
    for stub in (B, C):
        cache["database"]["installs"][stub]["in_buildcache"] = False
    (folder / "index.json").write_text(json.dumps(cache))
    (folder / "env.spack.lock").write_text(json.dumps(lock(node(A, B, C, D), node(E), roots=(A,))))
    own = lock(node(G), node(E), roots=(G,))
    (folder / "own.spack.lock").write_text(json.dumps(own))
    records = [oracle.record(A, stacks=["e4s"], os="debian12"), oracle.record("f" * 32)]
    (folder / "zlib.md").write_text(oracle.page_text(records=records))
    return folder


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    files = Given.of(folder, MIRRORS / "v3")
    with of_kind(request.param, files, tmp_path_factory.mktemp("store"), request) as opened:
        yield opened


def rows(store: Store, name: str) -> list[tuple[Any, ...]]:
    return load_library()[name].run(store).rows


def needed(installs: dict[str, Json], key: str) -> list[str]:
    """What holds the spec in the cache and needs it itself."""
    return [
        holder
        for holder, entry in installs.items()
        if entry["in_buildcache"]
        and key in {d["hash"] for d in entry["spec"].get("dependencies", [])}
    ]


def test_holes_are_what_the_index_says_it_needs_and_lacks(store: Store) -> None:
    installs = mirror_index("v3")["database"]["installs"]
    expected = [
        (key, entry["spec"]["name"], entry["spec"]["version"], len(needed(installs, key)), 0)
        for key, entry in installs.items()
        if not entry["in_buildcache"] and "external" not in entry["spec"] and needed(installs, key)
    ]
    expected.append((B, "zlib", "1.2", 1, 2))
    assert rows(store, "holes") == sorted(expected, key=lambda row: (-row[3], row[0]))


def test_a_dependency_that_nothing_describes_dangles(store: Store) -> None:
    assert rows(store, "dangling-dependencies") == [(D, "n", 1)]


def test_what_is_in_no_stack(store: Store) -> None:
    installs = mirror_index("v3")["database"]["installs"]
    expected: list[tuple[Any, ...]] = [
        (key, entry["spec"]["name"], entry["spec"]["version"], [])
        for key, entry in installs.items()
        if entry["in_buildcache"]
    ]
    assert rows(store, "in-no-stack") == sorted(expected, key=lambda r: (r[1], r[2], r[0]))


def test_a_record_without_root_is_found_by_its_stack(store: Store) -> None:
    assert rows(store, "not-in-root") == [("develop", "e4s", 1)]


@pytest.mark.slow
def test_check_gives_all_of_it(folder: Path, tmp_path: Path) -> None:
    report = build_store(tmp_path / "s.lbug", folder)
    with open_store(tmp_path / "s.lbug") as store:
        findings = {finding.name: finding for finding in check(store)}
        assert list(findings) == [*QUERIES, "not-reached", "warnings", "rejects"]
        found = {name: finding.answer for name, finding in findings.items()}
        for name in QUERIES:
            assert found[name] == load_library()[name].run(store)
    assert found["not-reached"] is not None
    assert found["not-reached"].rows == [("own", E, "zlib")]
    # Nothing says what d needs, which a root of env needs: that may be e.
    assert findings["not-reached"].note == (
        "The dependencies of 2 of 7 specs are not known, and what these need is not in the answer. "
        "All that the roots of env need is not known."
    )
    assert found["warnings"] is not None
    assert [text for _, text in found["warnings"].rows] == list(report.warnings)


@pytest.mark.slow
def test_what_stands_on_dependencies_is_not_known_of_pages(tmp_path: Path) -> None:
    (tmp_path / "zlib.md").write_text(oracle.page_text(records=[oracle.record(A)]))
    build_store(tmp_path / "s.lbug", tmp_path / "zlib.md")
    with open_store(tmp_path / "s.lbug") as store:
        findings = check(store)
        for name in ("holes", "most-needed"):
            with pytest.raises(
                NotKnownError, match=r"known; pages don.t tell them: load the index"
            ):
                load_library()[name].run(store)
    unknown = [finding.name for finding in findings if finding.answer is None]
    assert unknown == ["holes", "dangling-dependencies", "not-reached"]
    assert not any(finding.is_wrong for finding in findings)


@pytest.mark.slow
def test_what_was_rejected_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphcache.workflows.MAX_REJECTS", 1)
    nodes = [node(A), node(B, version=1.2), node(C, version=1.3)]
    (tmp_path / "index.json").write_text(json.dumps(index(*nodes)))
    report = build_store(tmp_path / "s.lbug", tmp_path / "index.json")
    assert len(report.rejects) == 2
    with open_store(tmp_path / "s.lbug") as store:
        (wrong,) = (finding for finding in check(store) if finding.is_wrong)
    assert wrong.name == "rejects"
    assert wrong.answer is not None
    assert [text for _, text in wrong.answer.rows] == [str(report.rejects[0])]
    assert wrong.note == "1 more reject: only the first of each load are kept."


@pytest.mark.slow
def test_no_stacks_are_nothing_wrong(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps(index(node(A))))
    build_store(tmp_path / "s.lbug", tmp_path / "index.json")
    with open_store(tmp_path / "s.lbug") as store:
        findings = {finding.name: finding for finding in check(store)}
        assert rows(store, "in-no-stack") == [(A, "zlib", "1.2", [])]
    assert not any(finding.is_wrong for finding in findings.values())
    assert findings["in-no-stack"].note == "the graph has no stacks"


@pytest.mark.slow
def test_of_stacks_whose_roots_nobody_tells_none_is_said_to_be_reached(tmp_path: Path) -> None:
    """An index knows no roots: nought that are not reached would be a guess."""
    (tmp_path / "index.json").write_text(json.dumps(index(node(A, B), node(B))))
    build_store(tmp_path / "a.lbug", tmp_path / "index.json", stack="e4s")
    with open_store(tmp_path / "a.lbug") as store:
        found = {finding.name: finding for finding in check(store)}
    assert found["not-reached"].answer is None
    assert found["not-reached"].note.startswith("no source tells the roots of any stack; lock ")
    assert not found["not-reached"].is_wrong
