"""Versions and constraints on them, held against what Spack said of them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcache.errors import UsageError
from graphcache.spack.versions import fitting, parse_constraint, parse_version, version_key

LANGUAGE = Path(__file__).parent / "data/spack/language"


def facts(name: str) -> list[dict[str, str]]:
    with (LANGUAGE / name).open(newline="") as file:
        return list(csv.DictReader(file))


PLACES = {fact["version"]: int(fact["place"]) for fact in facts("versions.csv")}
CONSTRAINTS = facts("constraints.csv")
READ = [fact for fact in CONSTRAINTS if fact["written"] != "refused"]
REFUSED = [fact["constraint"] for fact in CONSTRAINTS if fact["written"] == "refused"]


# What Spack said ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", PLACES)
def test_a_version_stands_where_spack_puts_it(text: str) -> None:
    version, place = parse_version(text), PLACES[text]
    for other_text, other_place in PLACES.items():
        other = parse_version(other_text)
        assert (version < other) == (place < other_place)
        assert (version == other) == (place == other_place)
        assert (version > other) == (place > other_place)


@pytest.mark.parametrize("fact", READ, ids=lambda fact: str(fact["constraint"]))
def test_a_constraint_holds_what_spack_says(fact: dict[str, str]) -> None:
    constraint = parse_constraint(fact["constraint"])
    assert fitting(PLACES, constraint) == fact["held"].split()
    assert str(constraint) == fact["written"]


@pytest.mark.parametrize("text", REFUSED)
def test_what_spack_does_not_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_constraint(text)


# What can't be answered ---------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["git.main", "git.feature/x", "a" * 40, f"git.{'A' * 40}"])
def test_a_reference_that_only_its_repository_knows_is_named(reference: str) -> None:
    said = f"^{re.escape(reference)}: .* Expected {re.escape(reference)}=VERSION$"
    with pytest.raises(UsageError, match=said):
        parse_version(reference)
    for asked in (reference, f"={reference}", f" {reference}")[: 1 if "/" in reference else 3]:
        with pytest.raises(UsageError, match=said):
            parse_constraint(asked)
    with pytest.raises(UsageError, match=said):
        fitting(["1.2", reference], parse_constraint("1.2"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty version: expected a version: letters"),
        ("1.2+3", "1.2+3: expected a version: letters"),
        ("git.main=", "an empty version: expected a version"),
        ("git.=1.2", "git.=1.2: expected a git reference before the ="),
        ("git.main=1.2=1.3", "1.2=1.3: expected a version: letters"),
        ("9" * 10_000, "99999999999999999999…: expected a version, found Exceeds the limit"),
    ],
)
def test_what_is_no_version_is_said_to_be_none(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_version(text)
    assert str(caught.value).startswith(said)


def test_an_error_names_the_place_in_a_constraint() -> None:
    with pytest.raises(UsageError) as caught:
        parse_constraint("1.2,,1.3")
    assert str(caught.value) == (
        "@1.2,,1.3: expected versions such as 1.2, =1.2, 1.2:1.4 or :1.2,1.4:, found nothing"
    )


# What holds of all of them ------------------------------------------------------------------------

NUMBERS = ["0", "1", "2", "9", "10", "02", "20240101"]
WORDS = ["a", "b", "p", "z", "Z", "rc", "beta", "alpha", "final", "dev", "post"]
BRANCHES = ["stable", "master", "main", "develop"]
PARTS = st.sampled_from([*NUMBERS, *WORDS, *BRANCHES])
SEPARATORS = st.sampled_from([".", ".", ".", "-", "_", ""])


@st.composite
def versions(draw: st.DrawFn) -> str:
    """Versions as people may type them; many of them equal, or nearly so."""
    text = draw(PARTS)
    for part in draw(st.lists(PARTS, max_size=3)):
        text += draw(SEPARATORS) + part
    return text


RANGES = st.one_of(
    versions(),
    versions().map("={}".format),
    versions().map("{}:".format),
    versions().map(":{}".format),
    # Ordered, since of a range with its ends the wrong way round nothing is to be held.
    st.tuples(versions(), versions()).map(lambda ends: ":".join(sorted(ends, key=version_key))),
)
LISTS = st.lists(RANGES, min_size=1, max_size=4).map(",".join)


def orders(texts: list[str]) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    """The texts in two orders."""
    return st.tuples(st.just(texts), st.permutations(texts))


@given(versions(), versions(), versions())
def test_the_order_is_total(a: str, b: str, c: str) -> None:
    one, two, three = map(parse_version, (a, b, c))
    assert [one < two, one == two, one > two].count(True) == 1
    assert (one < two) == (two > one)
    assert not (one < two < three) or one < three
    assert not (one == two == three) or (one == three and hash(one) == hash(three))


@given(st.lists(st.one_of(versions(), st.text())).flatmap(orders))
def test_any_texts_have_one_order(two: tuple[list[str], list[str]]) -> None:
    one, other = two
    assert sorted(one, key=version_key) == sorted(other, key=version_key)


def test_what_has_no_place_stands_first() -> None:
    texts = ["1.10", "git.main", "develop", "1.2+3", "1.9", None, "A"]
    assert sorted(texts, key=version_key) == [
        *(None, "1.2+3", "git.main"),
        *("A", "1.9", "1.10", "develop"),
    ]


@given(versions(), versions())
def test_sorted_texts_are_in_the_order_of_versions(a: str, b: str) -> None:
    first, second = (parse_version(text) for text in sorted([a, b], key=version_key))
    assert first <= second


@given(versions(), versions())
def test_an_exact_version_holds_itself_alone(a: str, b: str) -> None:
    assert (parse_version(b) in parse_constraint(f"={a}")) == (parse_version(a) == parse_version(b))


@given(versions(), versions())
def test_ranges_hold_their_ends_and_what_is_between(a: str, b: str) -> None:
    one, two = parse_version(a), parse_version(b)
    assert one in parse_constraint(a)
    assert one in parse_constraint(f":{a}")
    assert one in parse_constraint(":")
    assert (two in parse_constraint(f"{a}:")) == (one <= two)
    assert (two in parse_constraint(a)) == (
        two in parse_constraint(f"{a}:") and two in parse_constraint(f":{a}")
    )


@pytest.mark.slow
@given(st.lists(RANGES, min_size=1, max_size=4), versions())
def test_a_list_holds_what_any_of_its_parts_holds(parts: list[str], text: str) -> None:
    version = parse_version(text)
    assert (version in parse_constraint(" , ".join(parts))) == any(
        version in parse_constraint(part) for part in parts
    )


@given(versions(), LISTS)
def test_what_is_written_is_read_as_the_same(version: str, constraint: str) -> None:
    assert str(parse_version(version)) == version
    read = parse_constraint(constraint)
    assert parse_constraint(str(read)) == read
