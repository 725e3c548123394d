"""The join in shards, without Spark: what all shards come to is what the join at once comes to."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st
from lakes import SETS, indexes, pages

from graphcache.lake.facts import FACTS, members_said, tables_of
from graphcache.lake.shards import KEYS, TYPES, Common, Found, Shards, Wanted, join_shard
from graphcache.records import Labels, Report
from graphcache.sources.gather import gather
from graphcache.tables.disagreements import warn_of_disagreements
from graphcache.tables.join import join


def is_in(shards: Shards, number: int, hashes: Any) -> Any:
    """Which hashes a shard has."""
    return pc.equal(shards.of_hashes(hashes), number)


def assert_shards_join(paths: list[Path], number: int) -> None:
    """That the join in so many shards finds what the join at once does."""
    reading = gather([(str(path), Labels("develop", path.stem[:1])) for path in paths])
    facts = reading.take_facts()
    claims = list(reading.claimed)
    kinds = {kind: table for kind, table in tables_of(facts).items() if kind in KEYS}
    shards = Shards.of(number)
    wanted = Wanted.of_all([Wanted.by(kinds)])
    common = Common.of_all(wanted, [wanted.among(kinds)])
    split = {kind: dict(shards.split(table, KEYS[kind])) for kind, table in kinds.items()}
    parts, found = [], Found()
    for at in range(len(shards)):
        own = {kind: rows.get(at, FACTS[kind].empty_table()) for kind, rows in split.items()}
        tables, one = join_shard(own, common, partial(is_in, shards, at), claims)
        parts.append(tables)
        found.add(one)
    report = Report()
    warn_of_disagreements(*members_said(kinds["said"]), claims, report)
    assert sorted(found.differences.texts()) == sorted(report.warnings)
    report = Report()
    expected = join(facts, report)
    for type_ in TYPES:
        table = pa.concat_tables([part[type_.name] for part in parts])
        assert table.equals(expected.by_type()[type_.name])
    assert found.warnings == set(report.warnings)
    for name in ("Package", "Stack", "Compiler", "Release"):
        assert sorted(found.named[name]) == expected.nodes[name][0].to_pylist()


@pytest.mark.parametrize("name", ["pages", "locks", "old forms", "damaged"])
def test_shards_make_the_graph_of_all(name: str) -> None:
    assert_shards_join(SETS[name], 5)


@tries(20)
@given(st.lists(pages("develop") | indexes(), min_size=1, max_size=4), st.sampled_from([1, 2, 32]))
def test_shards_of_what_contradicts_itself_make_the_graph_of_all(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], number: int
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    paths = [folder / f"{at}.json" for at in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    assert_shards_join(paths, number)


def test_a_patch_is_whole_that_another_shard_shows_so(tmp_path: Path) -> None:
    records = []
    for letter, patch in (("a", "abcdef0"), ("z", "abcdef01" * 8)):
        record = oracle.record(letter * 32)
        record["variants"] = [f"patches={patch}"]
        records.append(record)
    (tmp_path / "zlib.md").write_text(oracle.page_text("zlib", "develop", records))
    assert_shards_join([tmp_path / "zlib.md"], 32)


def test_a_hash_that_is_none_has_a_shard() -> None:
    """What is no hash of Spack is sorted among them."""
    hashes = pa.array(["", "0", "2zz", "9", "m", "z" * 32, "é"])
    numbers = Shards.of(3).of_hashes(hashes).to_pylist()
    assert numbers == sorted(numbers)
    assert set(numbers) == {0, 1, 2}
    assert len(Shards.of(10**9)) == 32**3
