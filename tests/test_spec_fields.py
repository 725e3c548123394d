"""What is kept of a spec object, field by field, and what is known of a spec where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import oracle
import pytest
from test_spack_joining import A, B, C, Json, index, lock, node, read_json, spec

from graphcache import Tables, build_store, open_store, read, update_store


def of_each(tables: Tables, name: str) -> dict[str, Any]:
    """A property of every spec, by the first letter of its hash."""
    specs = tables.nodes["Spec"].select(["hash", name]).to_pylist()
    return {one["hash"][0]: one[name] for one in specs}


def zlib_page(*stacks: str) -> str:
    return oracle.page_text("zlib", records=[oracle.record(A, os="debian12", stacks=list(stacks))])


# Whether dependencies are known -------------------------------------------------------------------


def spec_file(*nodes: Json) -> Json:
    return {"spec": {"_meta": {"version": 5}, "nodes": list(nodes)}}


@pytest.mark.parametrize("document", [index, lock, spec_file], ids=lambda made: made.__name__)
def test_dependencies_are_known_of_what_a_file_of_spack_describes(
    tmp_path: Path, document: Any
) -> None:
    tables, _ = read_json(tmp_path, document(node(A, B), node(C)))
    assert of_each(tables, "dependencies_known") == {"a": True, "b": False, "c": True}


def test_no_page_tells_dependencies_not_even_one_that_lists_some(legacy_pages: Path) -> None:
    tables, _ = read(legacy_pages)
    assert tables.edge_counts()["DEPENDS_ON"] > 0
    assert set(of_each(tables, "dependencies_known").values()) == {False}


def test_a_dependency_without_a_hash_leaves_them_unknown(tmp_path: Path) -> None:
    cut = node(A, B)
    del cut["dependencies"][0]["hash"]
    tables, _ = read_json(tmp_path, index(cut, node(B)))
    assert of_each(tables, "dependencies_known") == {"a": False, "b": True}
    tables, _ = read_json(tmp_path, index(cut, node(B)), lock(node(A, B), node(B)))
    assert of_each(tables, "dependencies_known") == {"a": True, "b": True}


def test_one_source_that_knows_them_is_enough_in_any_order(tmp_path: Path) -> None:
    documents = [zlib_page("e4s"), json.dumps(index(node(A, B)))]
    for order in (documents, documents[::-1]):
        tables, _ = read_json(tmp_path, *order)
        assert of_each(tables, "dependencies_known") == {"a": True, "b": False}


def test_a_page_does_not_take_them_back_and_who_goes_takes_them_along(tmp_path: Path) -> None:
    store, file = tmp_path / "store.lbug", tmp_path / "file"
    page = zlib_page("e4s")
    hdf5, gcc = node(C, A, name="hdf5"), node(B, name="gcc")
    steps: list[tuple[str, str | None, dict[str, Any]]] = [
        (page, None, {"a": False}),
        (json.dumps(index(node(A, B), hdf5)), "ml", {"a": True, "b": False, "c": True}),
        (page.replace("debian12", "debian13"), None, {"a": True, "b": False, "c": True}),
        # Nothing lists c any more; a is known as before, with its edge to b.
        (json.dumps(index(gcc)), "ml", {"a": True, "b": True}),
        (oracle.page_text("zlib", records=[]), None, {"b": True}),
    ]
    load = build_store
    for text, stack, known in steps:
        file.write_text(text)
        load(store, file, stack=stack, release="develop")
        load = update_store
        with open_store(store) as opened:
            assert of_each(opened.tables(), "dependencies_known") == known


def test_networkx_keeps_whether_they_are_known(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, index(node(A, B)))
    graph = tables.to_networkx()
    assert [graph.nodes["Spec", one]["dependencies_known"] for one in (A, B)] == [True, False]
    assert spec(Tables.from_networkx(graph), B)["dependencies_known"] is False
