"""A little of each campaign; `make campaign` runs them at length."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from campaign import summary
from campaigns.breaking import Breaking
from campaigns.changes import changed
from campaigns.inputs import DOCUMENTS, PAGES
from campaigns.neo4j import Pushes
from campaigns.running import KINDS, run, show
from neo4j_server.fixtures import empty
from neo4j_server.server import Neo4jServer

pytestmark = [pytest.mark.process, pytest.mark.slow]

COUNTS = {
    "inputs": 600,
    "archives": 30,
    "downloads": 20,
    "damage": 20,
    "kills": 2,
    "disk": 1,
    "serve": 40,
    "outputs": 8,
}
SEED = "suite"


@pytest.mark.parametrize("kind", COUNTS)
def test_no_promise_is_broken(kind: str, tmp_path: Path) -> None:
    result = run(kind, SEED, COUNTS[kind], tmp_path)
    assert not result.broken, summary(kind, SEED, result, 0)
    assert result.cases == COUNTS[kind]
    assert sum(result.seen.values()) >= result.cases


def test_each_kind_has_its_test() -> None:
    assert {*COUNTS, "neo4j"} == set(KINDS)


@pytest.mark.neo4j
def test_a_push_that_was_cut_off_is_followed_by_a_whole_one(
    neo4j_own: Neo4jServer, tmp_path: Path
) -> None:
    empty(neo4j_own)
    pushes = Pushes(tmp_path, neo4j_own)
    trial = pushes.draw(Random(f"neo4j-{SEED}-1"))  # noqa: S311 - the same each time
    pushes.hold(replace(trial, is_server=False))


def test_what_breaks_is_made_small_and_kept_and_what_ends_the_process_is_blamed(
    tmp_path: Path,
) -> None:
    drawn = [Breaking().draw(Random(f"breaking-1-{number}")) for number in range(12)]  # noqa: S311
    kinds = Counter(text[-1:] if len(text) < 41 else b"b" for text in drawn)
    assert set(kinds) == {b"a", b"b", b"e"}
    result = run("breaking", "1", len(drawn), tmp_path)
    whys = Counter(one.why for one in result.broken)
    assert whys == {
        "AssertionError: there is a b": kinds[b"b"],
        "the process ended by 9": kinds[b"e"],
    }
    for one in result.broken:
        if not one.place.exists():
            show("breaking", "1", one.trial, tmp_path)
        expected = b"e" if drawn[one.trial] == b"e" else b"b"
        assert (one.place / "text").read_bytes() == expected
    assert f"12 cases of seed 1: {len(result.broken)} broken" in summary("breaking", "1", result, 1)


def test_the_same_dice_give_the_same_changes() -> None:
    for content in (*PAGES[:3], *DOCUMENTS[:3]):
        once, again = (changed(content, Random("dice")) for _ in range(2))  # noqa: S311
        assert once == again
        others = {changed(content, Random(number)) for number in range(20)}  # noqa: S311
        assert others != {content}
