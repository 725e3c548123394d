"""What named queries stand on and only some sources tell: refused where empty, else counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import oracle
import pytest

import graphcache as gc
from graphcache import NotKnownError
from graphcache.answers import Answer
from graphcache.health import check
from graphcache.queries import load_library

LIBRARY = load_library()
SITE = Path(__file__).parents[1] / "examples/site/2026-09/io"


@contextmanager
def store_of(folder: Path, *paths: Path, **labels: Any) -> Iterator[gc.Store]:
    gc.build_store(folder / "s.lbug", *paths, **labels)
    with gc.open_store(folder / "s.lbug") as store:
        yield store


def page(folder: Path, *compilers: str) -> Path:
    records = [
        oracle.record("abc"[at] * 32, compiler=compiler) for at, compiler in enumerate(compilers)
    ]
    path = folder / "page.md"
    path.write_text(oracle.page_text("zlib", records=records))
    return path


def ask(store: gc.Store, name: str, **values: str) -> Answer:
    return LIBRARY[name].run(store, values)


@pytest.mark.slow
def test_an_index_does_not_tell_what_a_union_index_lists(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "index.json.gz", release="develop") as store:
        with pytest.raises(NotKnownError, match="root of IN_RELEASE, which no source told"):
            ask(store, "not-in-root")
        (found,) = (one for one in check(store) if one.name == "not-in-root")
        assert found.answer is None


@pytest.mark.slow
def test_without_releases_nothing_can_miss_in_one(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "index.json.gz") as store:
        (found,) = (one for one in check(store) if one.name == "not-in-root")
        assert (found.is_wrong, found.note) == (False, "the graph has no releases")


@pytest.mark.slow
def test_what_nobody_says_is_held_is_not_missing(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "spack.lock.gz", stack="io") as store:
        ((stack, specs, *counts),) = ask(store, "stack-gaps").rows
        assert (stack, counts) == ("io", [0, 0, specs])
        roots = ask(store, "stack-roots", stack="io").rows
        assert roots
        assert {row[3] for row in roots} == {None}


@pytest.mark.slow
def test_with_an_index_it_is_known_what_is_held(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "spack.lock.gz", SITE / "index.json.gz", stack="io") as store:
        assert all(row[4] == 0 for row in ask(store, "stack-gaps").rows)
        assert {row[3] for row in ask(store, "stack-roots", stack="io").rows} == {True}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compilers", "many-compilers", "languages"])
def test_pages_without_compilers_are_no_answer(name: str, tmp_path: Path) -> None:
    with (
        store_of(tmp_path, page(tmp_path, "none", "none")) as store,
        pytest.raises(NotKnownError, match="which no source told"),
    ):
        ask(store, name)


@pytest.mark.slow
def test_some_compilers_are_counted_with_those_that_are_not_told(tmp_path: Path) -> None:
    with store_of(tmp_path, page(tmp_path, "none", "gcc@=13.2.0", "none")) as store:
        answer = ask(store, "compilers")
        assert [row[:2] for row in answer.rows] == [("gcc@13.2.0", 1)]
        assert answer.notes == [
            "No source tells the compiler of 2 of 3 specs; indexes, lock files, spec files and "
            "some pages do."
        ]


@pytest.mark.slow
def test_a_spec_whose_needs_are_known_has_no_unknown_compiler(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "spack.lock.gz", stack="io") as store:
        assert ask(store, "compilers").notes == []


@pytest.mark.slow
def test_only_what_is_asked_of_counts(tmp_path: Path) -> None:
    with store_of(tmp_path, SITE / "index.json.gz", release="old", stack="io") as store:
        gc.update_store(tmp_path / "s.lbug", page(tmp_path, "none"))
    with gc.open_store(tmp_path / "s.lbug") as store:
        assert ask(store, "compilers", release="old").notes == []
        (note,) = ask(store, "compilers").notes
        assert note.startswith("No source tells the compiler of 1 of ")
        with pytest.raises(NotKnownError):
            ask(store, "compilers", release="develop")
