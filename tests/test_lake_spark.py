"""A lake on Apache Spark, two tasks at a time: it holds what `build` makes; and accidents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from conftest import tries
from hypothesis import given
from lakes import (
    SETS,
    History,
    Load,
    assert_same,
    histories,
    join_warnings,
    tables_of,
    warnings_of,
)
from sparks import spark_here

import graphcache
from graphcache.lake import increments
from graphcache.lake.adding import add
from graphcache.lake.describing import verify
from graphcache.lake.joining import join_lake
from graphcache.lake.lake import WORK

pytestmark = [
    pytest.mark.process,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.xdist_group("spark"),  # one for all of these tests: it takes a while to begin
    pytest.mark.usefixtures("spark"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """A Spark of this process, which every `engine="spark"` then takes."""
    with spark_here():
        yield


Rows = Counter[tuple[str, ...]]


def facts_of(lake: Path) -> dict[str, Rows]:
    """All rows of facts and notes, by the folder in which they are."""
    found: dict[str, Rows] = {}
    for file in (lake / "facts").glob("*/*/*.parquet"):
        rows = found.setdefault(str(file.parent.relative_to(lake)), Counter())
        for row in pq.ParquetFile(file).read().to_pylist():
            rows[tuple(map(repr, row.values()))] += 1
    return found


@pytest.mark.parametrize("name", SETS)
def test_spark_makes_the_graph_of_build(name: str, tmp_path: Path) -> None:
    path, here = tmp_path / "lake [a-z]*", tmp_path / "here"
    found, added = add(path, *SETS[name], engine="spark"), add(here, *SETS[name])
    assert facts_of(path) == facts_of(here)
    assert found.releases == added.releases
    expected, report = graphcache.read(*SETS[name])
    joined = join_lake(path, "spark").joined
    assert (joined.engine, joined.digest) == ("spark", expected.digest())
    assert_same(tables_of(path), expected)
    assert warnings_of(path) == report.warnings
    assert verify(path).problems == []
    assert not (path / WORK).exists()


@tries(2)
@given(histories())
def test_a_join_of_what_is_new_is_a_join_of_all(
    tmp_path_factory: pytest.TempPathFactory, loads: list[Load]
) -> None:
    history = History(tmp_path_factory.mktemp("history"))
    for load in loads[:-1]:
        history.add(load)
    if loads[:-1]:
        join_lake(history.lake)
    history.add(loads[-1])
    with patch.object(increments, "_LARGEST", 1e9):  # or all would be joined, of so few specs
        joining = join_lake(history.lake, "spark")
    expected, warnings = history.expected()
    assert_same(tables_of(history.lake), expected)
    assert join_warnings(history.lake) == warnings
    assert (joining.touched is None) == (len(loads) == 1)
