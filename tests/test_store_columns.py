"""The columns that a store keeps beside its pages: the same graph, and as whole as these."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pyarrow as pa
import pytest
from graphs import put_store

from graphcache import StoreError, Tables, build_store, open_store, read
from graphcache.analysis import find, rebuilds, why
from graphcache.schema import all_types
from graphcache.stores.embedded.columns import write_columns
from graphcache.stores.embedded.seal import SEAL_LENGTH, seal
from graphcache.stores.embedded.store import EmbeddedStore, verify_store

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "tests/data/spack/radiuss.v6.spack.lock.gz"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("columns") / "store.lbug"
    build_store(path, LOCK, stack="radiuss")
    return path


def without_columns(store: Path, path: Path) -> Path:
    """The store as it would be without them: LadybugDB's pages alone, and the seal."""
    content = store.read_bytes()
    with EmbeddedStore(store) as opened:
        assert opened._columns is not None
    page = 4096
    whole = content[: content.index(b"ARROW1") // page * page]
    path.write_bytes(whole)
    seal(path)
    return path


def test_both_forms_are_the_graph(store: Path) -> None:
    with EmbeddedStore(store) as opened:
        tables, _ = read(LOCK, stack="radiuss")
        assert opened.digests() == 2 * [tables.digest()]
        assert opened.tables().digest() == tables.digest()


def test_a_store_without_columns_is_read_the_same(store: Path, tmp_path: Path) -> None:
    old = without_columns(store, tmp_path / "old.lbug")
    with open_store(store) as one, open_store(old) as other:
        assert one.tables() == other.tables()
        assert one.describe() == other.describe()
        for type_ in all_types():
            assert one.columns(type_) == other.columns(type_)
            assert one.table(type_, ()).equals(other.table(type_, ()))
        for question in (find, rebuilds, why):
            parts = [opened.part(question.reads) for opened in (one, other)]
            assert parts[0] == parts[1]
            assert parts[0].ends.keys() == parts[1].ends.keys()
            for name, ends in parts[0].ends.items():
                pairs = zip(ends, parts[1].ends[name], strict=True)
                assert all((a == b).all() for a, b in pairs)
    assert verify_store(old) == verify_store(store)


def test_what_a_script_added_is_kept_in_both_forms(store: Path, tmp_path: Path) -> None:
    with open_store(store) as opened:
        graph = opened.to_networkx()
    values: list[object] = [0.5, math.nan, None]
    lists: list[object] = [["x", ""], [], None, ["y\x1fz"], ["x"]]
    for number, node in enumerate(graph):
        graph.nodes[node].update(
            score=values[number % 3],
            marks=lists[number % 5],
            counts=[number, 1] if number % 2 else [],
        )
    scripted = tmp_path / "scripted.lbug"
    tables = Tables.from_networkx(graph)
    put_store(scripted, tables)
    with EmbeddedStore(scripted) as opened:
        assert opened.digests() == 2 * [tables.digest()]


def test_an_empty_graph_has_columns_too(tmp_path: Path) -> None:
    path = tmp_path / "empty.lbug"
    put_store(path, Tables.empty())
    with EmbeddedStore(path) as opened:
        assert opened.digests() == 2 * [Tables.empty().digest()]


def test_columns_that_are_not_what_is_in_the_pages_are_found(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.lbug"
    other.write_bytes(without_columns(store, tmp_path / "old.lbug").read_bytes())
    os.truncate(other, other.stat().st_size - SEAL_LENGTH)
    tables, _ = read(LOCK, stack="radiuss")
    specs = tables.nodes["Spec"]
    renamed = pa.array(["0"] * specs.num_rows, pa.string())
    at = specs.column_names.index("version")
    changed = Tables(
        {**tables.nodes, "Spec": specs.set_column(at, "version", renamed)}, tables.edges
    )
    with open_store(store) as opened:
        write_columns(other, changed, opened.describe().loads)
    seal(other)
    with pytest.raises(StoreError, match=f"damaged: expected the digest {tables.digest()}, found"):
        verify_store(other)


def test_both_forms_are_of_one_file_also_when_another_takes_its_name(
    store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "store.lbug"
    path.write_bytes(store.read_bytes())
    with open_store(path) as opened:
        before = opened.tables().digest()
        put_store(tmp_path / "other.lbug", Tables.empty())
        os.replace(tmp_path / "other.lbug", path)
        # LadybugDB opens it only now, when it is asked for the first time.
        assert opened.describe().digest == before
        assert opened.query("MATCH (s:Spec) RETURN count(*)").rows[0][0] > 0
    with open_store(path) as opened:
        assert opened.query("MATCH (s:Spec) RETURN count(*)").rows == [(0,)]
