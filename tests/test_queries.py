"""The named queries: every answer held against plain Python over the files, on every store."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from conftest import WriteSnapshot
from pairwise import all_pairs
from query_data import KINDS, STORES, Given, embedded, given, of_kind, of_pages
from query_oracles import oracle_of
from query_oracles.common import described, held_by, named

from graphcache import GraphcacheError, NotKnownError, UsageError, kinds, named_queries
from graphcache.queries import NamedQuery, load_library
from graphcache.stores import Store

LIBRARY = load_library()

Row = tuple[Any, ...]

TYPICAL = {"target": "zen4"}
"""Values of parameters that do not take any text."""


# The first three have thousands of statements; the mixed ones have all that is odd in less data.
_SLOW = ("real pages", "made pages", "real files")


@pytest.fixture(
    scope="module",
    params=[pytest.param(k, marks=[pytest.mark.slow] * (k in _SLOW)) for k in KINDS],
)
def asked(
    request: pytest.FixtureRequest,
    example_pages: Path,
    legacy_pages: Path,
    write_snapshot: WriteSnapshot,
    tmp_path_factory: pytest.TempPathFactory,
) -> Given:
    folder = tmp_path_factory.mktemp("files")
    return given(request.param, folder, (example_pages, legacy_pages), write_snapshot)


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, asked: Given, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    with of_kind(request.param, asked, tmp_path_factory.mktemp("store"), request) as store:
        yield store


@pytest.fixture(scope="module", autouse=True)
def named_once() -> Iterator[None]:
    """Each name is looked up once in each store, of which none changes here.

    With every combination of values anew, that took as long as all that is asked.
    """
    with (
        patch.object(kinds, "look_up", remembering(kinds.look_up)),
        patch.object(
            named_queries, "_specs_of_package", remembering(named_queries._specs_of_package)
        ),
    ):
        yield


def remembering(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """The same, which asks a store once of a name, and then gives or raises what came of it."""

    @functools.cache
    def outcome(*asked: Any) -> tuple[Any, GraphcacheError | None]:
        try:
            return look_up(*asked), None
        except GraphcacheError as error:
            return None, error

    def remembered(*asked: Any, timeout: float | None = None) -> Any:
        found, error = outcome(*asked)
        if error:
            raise error.with_traceback(None)
        return found

    return remembered


# Every query, with values that are there, that are not, and that are empty ------------------------


def choices(parameter: str, asked: Given) -> list[str]:
    """What to ask for: names that the files have, and names that they have not."""
    releases = [*asked.names("releases"), "v9.9.9"]
    packages = asked.names("name")
    known = [name for name in ("hdf5", "zlib") if name in packages]
    hashes = asked.names("hash")
    stacks = [*asked.names("stacks")[:4], "root", "no-such-stack"]
    return {
        "release": ["", *releases],
        "old": releases,
        "new": releases,
        "package": [
            *(*packages[:4], *known, packages[-1], "no-such-package", "quote'\"`\\"),
            *(f"{name}@={version}" for name in known[:1] for version in ("1.10", "9.9.9")),
        ],
        "part": ["", "py-", "lib", "z", "no-such-part", "'"],
        "version": ["", *asked.names("version")[:2], "1.2.13", "1.10"],
        "stack": ["", *stacks],
        "other": stacks,
        "virtual": ["", "mpi", "zlib-api", "no-such-virtual"],
        "hash": ["", hashes[0], hashes[-1][:1], hashes[5][:7], "a" * 32],
        "target": [*asked.names("target")[:5], "zen4", "x86_64", "m1"],
        "os": ["", asked.names("os")[0], "plan9"],
    }[parameter]


def is_unknown(query: NamedQuery, values: dict[str, str], asked: Given) -> bool:
    """Whether one of the values is no name that the files have."""
    for parameter in query.parameters:
        value = values[parameter.name]
        known = asked.there.get(parameter.type)
        if parameter.type == "hash":
            begins = [key for key in asked.there["hash"] if value and key.startswith(value)]
            if len(begins) != 1:
                return True
        elif parameter.type == "version" and value:
            some = named(asked.specs, values["package"].partition("@")[0])
            if value not in {spec["version"] for spec in some}:
                return True
        elif parameter.type == "spec":
            if value.partition("@")[0] not in asked.there["spec"]:
                return True
        elif known is not None and (value or parameter.required) and value not in known:
            return True
    return False


def nobody_tells(query: NamedQuery, values: dict[str, str], asked: Given) -> bool:
    """Whether what the query stands on is there, and without a value everywhere."""
    if query.told is None:
        return False
    needs = [need for spec in asked.specs for need in spec["needs"].values()]
    specs = held_by(asked.specs, values.get("release", ""))
    # Who tells the namespace tells all that a spec needs, compilers among it.
    built = [spec["compilers"] or spec["namespace"] or None for spec in described(specs)]
    languages = [told for spec in specs for told in spec["compilers"].values()]
    found = {
        ("BUILT_WITH", ""): built,
        ("BUILT_WITH", "languages"): languages or built,
        ("DEPENDS_ON", "types"): [types for types, _ in needs],
        ("DEPENDS_ON", "virtuals"): [virtuals for _, virtuals in needs],
        ("IN_RELEASE", "root"): [told for spec in specs for told in spec["releases"].values()],
        ("IN_STACK", "root"): [
            spec["roots"].get(values.get("stack"))
            for spec in asked.specs
            if values.get("stack") in spec["stacks"]
        ],
        ("Spec", "external"): [spec["external"] for spec in specs],
        ("Spec", "in_buildcache"): [spec["in_buildcache"] for spec in specs],
    }[query.told.type, query.told.property]
    return bool(found) and all(value is None for value in found)


SERVERS = [name for name in STORES if name != "embedded"]


def values_of(query: NamedQuery, asked: Given, store: str = "embedded") -> Iterator[dict[str, str]]:
    """All combinations of values on the embedded store; on servers all pairs.

    The server counts as a value: each value is asked for on both, and each two of them on one.
    """
    names = [parameter.name for parameter in query.parameters]
    every = [choices(name, asked) for name in names]
    pairs = all_pairs(SERVERS, *every) if store in SERVERS else ()
    ours = (values for server, *values in pairs if server == store)
    for values in ours if store in SERVERS else product(*every):
        yield dict(zip(names, values, strict=True))


TYPES: dict[str, type] = {
    "text": str,
    "integer": int,
    "boolean": bool,
    "version": str,
    "compiler": str,
    "list of text": list,
    "list of versions": list,
    "list of compilers": list,
}


def check_types(query: NamedQuery, row: Row) -> None:
    for value, column in zip(row, query.columns, strict=True):
        if value is None and "null if" in column.doc:
            continue
        assert type(value) is TYPES[column.type], (column.name, value)
        if isinstance(value, list):
            assert all(type(item) is str for item in value), (column.name, value)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_answers_are_those_of_the_oracle(
    name: str, asked: Given, store: Store, request: pytest.FixtureRequest
) -> None:
    query = LIBRARY[name]
    expected = oracle_of(query)
    for values in values_of(query, asked, request.node.callspec.params["store"]):
        if "DEPENDS_ON" in query.cypher and not any(spec["needs"] for spec in asked.specs):
            with pytest.raises(NotKnownError, match="the answer stands on dependencies"):
                query.run(store, values)
            continue
        if is_unknown(query, values, asked):
            if "virtual" in values and nobody_tells(query, values, asked):
                with pytest.raises(NotKnownError, match="of no dependency it is told what it prov"):
                    query.run(store, values)
                continue
            with pytest.raises(
                UsageError, match=r"no such|expected (one spec|a hash|a part of a spec)"
            ):
                query.run(store, values)
            continue
        rows = expected(asked.specs, values)
        unfit = "package" in values and not named(asked.specs, values["package"])
        if not rows and not unfit and nobody_tells(query, values, asked):
            with pytest.raises(NotKnownError, match="which no source told"):
                query.run(store, values)
            continue
        answer = query.run(store, values)
        assert answer.columns == [column.name for column in query.columns]
        assert answer.rows == rows, values
        assert not answer.more
        for row in answer.rows:
            check_types(query, row)


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_what_is_not_given_is_the_default(name: str) -> None:
    """It is bound to what the oracle is asked with on every store: the empty text."""
    query = LIBRARY[name]
    needed = {p.name: TYPICAL.get(p.name, "a") for p in query.parameters if p.required}
    optional = [p for p in query.parameters if not p.required]
    assert {p.default for p in optional} <= {""}
    assert query.bind(needed) == query.bind(needed | dict.fromkeys((p.name for p in optional), ""))


@pytest.mark.slow
def test_every_query_has_an_answer_in_some_files(
    example_pages: Path,
    legacy_pages: Path,
    write_snapshot: WriteSnapshot,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pages = (example_pages, legacy_pages)
    every = [given(k, tmp_path_factory.mktemp("files"), pages, write_snapshot) for k in KINDS]
    for query in LIBRARY.values():
        expected = oracle_of(query)
        assert any(
            expected(asked.specs, values) for asked in every for values in values_of(query, asked)
        ), f"no values were asked for which {query.name} has an answer"


def test_limit_says_that_there_is_more(store: Store) -> None:
    whole = LIBRARY["stacks"].run(store)
    cut = LIBRARY["stacks"].run(store, limit=2)
    assert (cut.rows, cut.more) == (whole.rows[:2], True)
    assert not LIBRARY["stacks"].run(store, limit=len(whole.rows)).more


@pytest.mark.slow
def test_the_real_pages_are_mostly_redundant(example_pages: Path, tmp_path: Path) -> None:
    with embedded(of_pages(example_pages), tmp_path) as opened:
        rows = LIBRARY["redundant-builds"].run(opened, {"release": "develop"}).rows
    assert rows[0][:3] == ("py-pdm-backend", 145, 14)
