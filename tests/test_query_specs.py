"""Named queries that take a spec: what it stands for, held against `find` on the same graph."""

from __future__ import annotations

from pathlib import Path

import pytest

import graphcache as gc
from graphcache import UsageError
from graphcache.analysis import find
from graphcache.queries import load_library

LIBRARY = load_library()
TAKING = sorted(
    query.name for query in LIBRARY.values() if "spec" in {p.type for p in query.parameters}
)
SITE = Path(__file__).parents[1] / "examples/site"
SPEC = "hdf5@1.14: +mpi target=x86_64_v3 ^openmpi@5"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> gc.Store:
    path = tmp_path_factory.mktemp("store") / "site.lbug"
    gc.build_store(path, SITE / "2026-09", SITE / "develop")
    return gc.open_store(path)


def given(name: str, package: str) -> dict[str, str]:
    needed = {"target": "zen4"} if name == "usable-specs" else {}
    return {"package": package, **needed}


def test_every_query_of_a_package_takes_a_spec() -> None:
    assert [
        *("configurations", "dependencies-of", "dependents-of", "held-where", "package"),
        *("split-settings", "usable-specs", "variants-of"),
    ] == TAKING
    assert not any(p.type == "package" for query in LIBRARY.values() for p in query.parameters)


@pytest.mark.slow
def test_rows_are_of_the_specs_that_find_finds(store: gc.Store) -> None:
    found = find(store.tables(), SPEC)
    hashes = sorted(row[0] for row in found.rows)
    assert 0 < len(hashes) < len(find(store.tables(), "hdf5").rows)
    answer = LIBRARY["usable-specs"].run(store, given("usable-specs", SPEC))
    assert sorted(row[1] for row in answer.rows) == hashes
    (row,) = LIBRARY["package"].run(store, {"package": SPEC}).rows
    assert row[2] == len(hashes)
    rows = LIBRARY["configurations"].run(store, {"package": SPEC}).rows
    assert sorted(hash_ for row in rows for hash_ in row[8]) == hashes


@pytest.mark.slow
def test_what_is_needed_may_be_a_spec(store: gc.Store) -> None:
    query = LIBRARY["dependents-of"]
    old = query.run(store, {"package": "openmpi@:5.0.8"}).rows
    assert old
    assert {version for row in old for version in row[2]} == {"5.0.8"}
    assert old == query.run(store, {"package": "openmpi", "version": "5.0.8"}).rows
    assert old != query.run(store, {"package": "openmpi"}).rows


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKING)
def test_a_hash_stands_for_one_spec_of_its_package(store: gc.Store, name: str) -> None:
    hash_ = find(store.tables(), SPEC).rows[0][0]
    asked = [hash_[:9], f"/{hash_[:9]}", f"hdf5/{hash_}", f"hdf5+mpi/{hash_[:9]}"]
    first, *others = (LIBRARY[name].run(store, given(name, text)).rows for text in asked)
    assert first or name in ("split-settings", "dependents-of")
    assert all(rows == first for rows in others)


@pytest.mark.parametrize("name", TAKING)
@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("hdf6", "hdf6: no such package or hash in the graph. Did you mean hdf5?"),
        ("hdf6+mpi", "hdf6: no such package in the graph. Did you mean hdf5?"),
        ("hdf5 ^openmp", "openmp: no such package in the graph. Did you mean openmpi"),
        ("hdf5 zlib-ng", "hdf5 zlib-ng: expected one spec, found 2"),
        ("+mpi", "+mpi: expected a package, or a spec of one such as hdf5@1.14: +mpi, found a"),
        ("hdf5@@", "hdf5@@: expected a part of a spec, at character 5: '@@'"),
        ("", "an empty text: expected a spec, such as hdf5@1.14: +mpi"),
        ("hdf5/aaaaaaa", "hdf5/aaaaaaa: no such spec in the graph"),
    ],
)
def test_what_is_no_spec_of_a_package_is_refused(
    store: gc.Store, name: str, package: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        LIBRARY[name].run(store, given(name, package))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("name", TAKING)
def test_nothing_like_it_is_none_and_says_why(store: gc.Store, name: str) -> None:
    answer = LIBRARY[name].run(store, given(name, "zlib-ng@9"))
    assert answer.rows == []
    assert answer.columns == [column.name for column in LIBRARY[name].columns]
    assert answer.notes == ["none: no zlib-ng in the graph is @9; there are 2.2.5, 2.3.3"]


@pytest.mark.slow
@pytest.mark.parametrize("name", TAKING)
def test_the_statement_of_a_spec_is_written_with_its_hashes(store: gc.Store, name: str) -> None:
    query, values = LIBRARY[name], given(name, SPEC)
    statement = query.explain(values, store=store)
    assert len(store.query(statement).rows) == len(query.run(store, values).rows)
    assert all(row[0] in statement for row in find(store.tables(), SPEC).rows)
    with pytest.raises(UsageError, match="expected the name of a package, since no store is given"):
        query.explain(values)
    with pytest.raises(UsageError, match="none: no zlib-ng in the graph is @9"):
        query.explain(given(name, "zlib-ng@9"), store=store)
