"""The combinations that the servers are asked: every pair of values is among them, and few more."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st
from pairwise import all_pairs

CHOICES = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True), max_size=5)


@given(CHOICES)
def test_every_pair_of_values_occurs(choices: list[list[int]]) -> None:
    found = list(all_pairs(*choices))
    assert set(found) <= set(product(*choices))
    for i, j in combinations(range(len(choices)), 2):
        assert {(row[i], row[j]) for row in found} == set(product(choices[i], choices[j]))
    if len(choices) == 1:
        assert [value for (value,) in found] == choices[0]


@given(CHOICES)
def test_no_combination_comes_twice(choices: list[list[int]]) -> None:
    found = list(all_pairs(*choices))
    assert len(set(found)) == len(found)


def test_they_are_few() -> None:
    choices = [list(range(8))] * 4
    assert 8 * 8 <= len(list(all_pairs(*choices))) < 2 * 8 * 8 < 8**4
