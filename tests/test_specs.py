"""Abstract specs: what is read of a text, and which specs are as it asks, held against Spack."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables, read
from graphcache.analysis.matching.checking import check_names
from graphcache.analysis.matching.matcher import Matcher
from graphcache.errors import UsageError
from graphcache.schema import EdgeType, NodeType, edge_type, node_type
from graphcache.spack.spec_parser import parse_spec, parse_specs
from graphcache.spack.specs import AbstractSpec
from graphcache.spack.targets import known_targets, runs_on
from graphcache.tables.columns import conform, sort_table

DATA = Path(__file__).parent / "data"
LOCKS = {
    "base": DATA / "truth/base.spack.lock.gz",
    "zlibng": DATA / "truth/zlibng.spack.lock.gz",
    "radiuss.v6": DATA / "spack/radiuss.v6.spack.lock.gz",
}


def facts(name: str) -> list[dict[str, str]]:
    with (DATA / "spack/language" / name).open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def matcher_of(lock: str) -> Matcher:
    return Matcher(read(LOCKS[lock])[0])


# What Spack said ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fact", facts("specs.csv"), ids=lambda fact: str(fact["text"]))
def test_a_text_is_read_as_spack_reads_it(fact: dict[str, str]) -> None:
    if fact["specs"] == "error":
        with pytest.raises(UsageError) as caught:
            parse_specs(fact["text"])
        assert str(caught.value).startswith(f"{fact['text']}: ")
        assert ", at character " in str(caught.value)
        return
    specs = parse_specs(fact["text"])
    assert len(specs) == int(fact["specs"])
    assert "; ".join(map(str, specs)) == fact["written"]


@pytest.mark.parametrize(
    "fact", facts("matches.csv"), ids=lambda fact: f"{fact['lock']}: {fact['constraint']}"
)
def test_what_spack_says_of_a_lock(fact: dict[str, str]) -> None:
    matcher = matcher_of(fact["lock"])
    found = matcher.match(parse_spec(fact["constraint"]))
    hashes = matcher.specs["hash"].filter(pa.array(found.sure)).to_pylist()
    assert [hash_[:7] for hash_ in hashes] == fact["specs"].split()
    assert not found.unknown.any()


WRITTEN = [fact["written"] for fact in facts("specs.csv") if fact["specs"] == "1"]


@pytest.mark.parametrize("text", [text for text in WRITTEN if text])
def test_what_is_written_is_read_again(text: str) -> None:
    assert str(parse_spec(text)) == text


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zlib@git.main", "git.main: which version a git reference stands for is known only"),
        ("./zlib.json", "a file of a spec is not read; expected the spec, at character 1"),
        ("zlib os=fe", "expected a name: what fe is depends on the machine, at character 6"),
        ("zlib target=default_target", "what default_target is depends on the machine"),
        ("hdf5 ^a ^a %gcc", "%gcc stands behind a dependency that was named before, at character"),
        ("x" * 20_000, f"{'x' * 20}…: expected a spec, found 20,000 characters"),
    ],
    ids=["reference", "file", "os", "target", "twice", "long"],
)
def test_what_is_not_supported_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_specs(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mpi", "mpi: no package, but what packages provide, and only their recipes say which do"),
        ("hdf5 ^zlib-ng %[when=+x] gcc", "when= is read only of what the spec needs itself"),
        ("hdf5 target=zen99:", "zen99: no such target in archspec"),
    ],
)
def test_what_no_graph_can_tell_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        matcher_of("base").match(parse_spec(text))
    assert said in str(caught.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        specs = parse_specs(text)
    except UsageError:
        return
    assert all(isinstance(spec, AbstractSpec) for spec in specs)


# What a source does not tell ----------------------------------------------------------------------


def graph(**tables: list[dict[str, Any]]) -> Tables:
    """A graph of some rows of some types."""
    empty = Tables.empty()

    def made(type_: NodeType | EdgeType) -> pa.Table:
        rows = tables.get(type_.name)
        table = pa.Table.from_pylist(rows) if rows else empty.by_type()[type_.name]
        return sort_table(conform(table, type_), type_)

    return Tables.of(made)


def spec(key: str, **said: Any) -> dict[str, Any]:
    row = {
        "hash": key.ljust(32, "a"),
        "name": key,
        "version": "1.2",
        "variants": ["+x"],
        "flags": [],
        "dependencies_known": True,
        "original_specfile_version": 5,
    }
    return row | said


def needs(a: str, b: str, types: list[str] | None, virtuals: list[str] | None) -> dict[str, Any]:
    ends = {"from": a.ljust(32, "a"), "to": b.ljust(32, "a")}
    return {**ends, "types": types, "virtuals": virtuals}


def answers(tables: Tables, text: str) -> dict[str, bool | None]:
    """By package, whether it fits; None where nobody can say."""
    found = Matcher(tables).match(parse_spec(text))
    names = tables.nodes["Spec"]["name"].to_pylist()
    pairs = zip(names, found.sure.tolist(), found.unknown.tolist(), strict=True)
    return {name: None if unknown else sure for name, sure, unknown in pairs}


PAGES = graph(
    Spec=[
        spec("a", dependencies_known=False, original_specfile_version=None, flags=None),
        spec("b", dependencies_known=False, original_specfile_version=None, flags=None),
        spec("c", version=None, variants=None, dependencies_known=False, flags=None),
    ],
    BUILT_WITH=[{"from": "a".ljust(32, "a"), "to": "gcc@12.2.0"}],
)


@pytest.mark.parametrize(
    ("text", "a", "b", "c"),
    [
        ("+x", True, True, None),
        ("~x", False, False, None),
        ("@1.2", True, True, None),
        ("a@1", True, False, False),
        ("cflags=-O3", None, None, None),
        ("namespace=builtin", None, None, None),
        ("target=zen4", None, None, None),
        ("^b", None, None, None),
        ("^b +x", None, None, None),
        # A page of an older Spack names the compiler.
        ("%gcc@12", True, None, None),
        ("%gcc@13", False, None, None),
        ("a%gcc@12", True, False, False),
        ("a%gcc@13", False, False, False),
        ("a%clang", False, False, False),
        ("b%gcc", False, None, False),
        ("%gcc+strip", False, None, None),
        ("%b", False, None, None),
        # It may be what a compiler provides.
        ("%mpi", None, None, None),
        ("%c=gcc", True, None, None),
        ("%fortran", None, None, None),
        ("~x ^b", False, False, None),
    ],
)
def test_what_pages_do_not_tell_is_not_denied(
    text: str, a: bool | None, b: bool | None, c: bool | None
) -> None:
    assert answers(PAGES, text) == {"a": a, "b": b, "c": c}


ANNOTATED = graph(
    Spec=[spec("a", original_specfile_version=4), spec("b", original_specfile_version=4)],
    BUILT_WITH=[
        {"from": "a".ljust(32, "a"), "to": "gcc@12.2.0"},
        {"from": "b".ljust(32, "a"), "to": "nag@7.1"},
        {"from": "b".ljust(32, "a"), "to": "aocc@4.1"},
    ],
)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("a%gcc", True),
        ("a%gcc@12", True),
        ("a%gcc@13", False),
        ("a%nag", False),
        ("a%aocc", False),
        ("a%clang", False),
        ("a%llvm", False),
        ("a%oneapi", False),
        # It has no variants, and so none that is another than all that have it are to have.
        ("a%gcc@12++x", True),
        ("a%gcc@13++x", False),
        ("a%gcc ~~x", True),
        ("a%gcc+x", False),
    ],
)
def test_a_compiler_need_be_no_package(text: str, fits: bool) -> None:
    matcher, wanted = Matcher(ANNOTATED), parse_spec(text)
    check_names(matcher, wanted)
    assert bool(matcher.match(wanted).sure[0]) is fits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a%gccc", "gccc: no such package or compiler in the graph. Did you mean gcc"),
        ("a%zlib%gcc", "zlib: no such package or compiler in the graph"),
        ("a^gcc", "gcc: no such package in the graph. Did you mean"),
    ],
)
def test_what_is_neither_package_nor_compiler_is_an_error(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_names(Matcher(ANNOTATED), parse_spec(text))
    assert said in str(caught.value)


MIXED = graph(
    Spec=[
        spec("a"),
        spec("b"),
        spec("c", dependencies_known=False),
        spec("d"),
        spec("e", original_specfile_version=3),
    ],
    DEPENDS_ON=[
        needs("a", "b", ["link"], []),
        needs("b", "c", ["build"], []),
        needs("d", "c", ["run"], ["mpi"]),
        needs("e", "b", None, []),
    ],
)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("^b", {"a": True, "b": False, "c": None, "d": None, "e": None}),
        # What is needed to build b is no matter of a, which is only linked to b.
        ("^c", {"a": False, "b": True, "c": None, "d": True, "e": None}),
        ("^zlib", {"a": False, "b": False, "c": None, "d": None, "e": None}),
        ("^mpi", {"a": False, "b": False, "c": None, "d": True, "e": None}),
        # What provides it may be of any version.
        ("^mpi@3", {"a": False, "b": False, "c": None, "d": None, "e": None}),
        ("%mpi", {"a": False, "b": False, "c": None, "d": True, "e": False}),
        ("++x", {"a": None, "b": None, "c": None, "d": None, "e": None}),
    ],
)
def test_what_lies_behind_the_unknown_is_unknown(text: str, fits: dict[str, bool | None]) -> None:
    assert answers(MIXED, text) == fits


def test_a_patch_that_was_cut_off_may_be_the_one() -> None:
    whole, cut = "ab" * 32, "abababa"
    tables = graph(
        Spec=[spec("a", variants=[f"patches={whole}"]), spec("b", variants=[f"patches={cut}"])]
    )
    assert answers(tables, "patches=abab") == {"a": True, "b": True}
    assert answers(tables, f"patches={whole}") == {"a": True, "b": None}
    assert answers(tables, "patches=cc") == {"a": False, "b": False}


# Held against plain loops -------------------------------------------------------------------------

NAMES = "abcd"
TYPES = [["link"], ["run"], ["build"], ["build", "link"]]


@st.composite
def small_graphs(draw: st.DrawFn) -> Tables:
    """Specs a to d in two versions, of which the earlier ones may need the later ones."""
    keys = [f"{name}{number}" for name in NAMES for number in (1, 2)]
    rows = [
        spec(key, name=key[0], version=key[1], variants=draw(st.sampled_from([["+x"], ["~x"], []])))
        for key in keys
    ]
    pairs = [(a, b) for at, a in enumerate(keys) for b in keys[at + 1 :] if a[0] != b[0]]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    edges = [needs(a, b, draw(st.sampled_from(TYPES)), []) for a, b in chosen]
    return graph(Spec=rows, DEPENDS_ON=edges)


@pytest.mark.slow
@given(small_graphs(), st.sampled_from(NAMES), st.sampled_from(["", "@1", "+x"]), st.booleans())
def test_dependencies_are_those_of_plain_loops(
    tables: Tables, name: str, demand: str, direct: bool
) -> None:
    rows = {row["hash"]: row for row in tables.nodes["Spec"].to_pylist()}
    edges = tables.edges["DEPENDS_ON"].to_pylist()

    def fits(row: dict[str, Any]) -> bool:
        held = {"": True, "@1": row["version"] == "1", "+x": "+x" in row["variants"]}
        return bool(row["name"] == name and held[demand])

    def linked(hash_: str) -> set[str]:
        found = {hash_}
        for edge in edges:
            if edge["from"] == hash_ and {"link", "run"} & set(edge["types"]):
                found |= linked(edge["to"])
        return found

    def is_asked(hash_: str) -> bool:
        own = {e["to"] for e in edges if e["from"] == hash_ and (direct or "build" in e["types"])}
        reached = own if direct else own | (linked(hash_) - {hash_})
        return any(fits(rows[other]) for other in reached)

    found = Matcher(tables).match(parse_spec(f"{'%' if direct else '^'}{name}{demand}"))
    assert found.sure.tolist() == [is_asked(hash_) for hash_ in rows]
    assert not found.unknown.any()


@given(st.sampled_from(known_targets()), st.sampled_from(known_targets()))
def test_a_range_of_targets_holds_what_runs_there(one: str, other: str) -> None:
    tables = graph(Spec=[spec("a")], FOR_TARGET=[{"from": "a".ljust(32, "a"), "to": one}])
    assert answers(tables, f"target={other}:") == {"a": other in runs_on(one)}
    assert answers(tables, f"target=:{other}") == {"a": one in runs_on(other)}


@pytest.mark.slow
@given(st.lists(st.sampled_from([" +x", "@1.2", " ^b", " %b"]), max_size=3, unique=True))
def test_a_demand_more_never_gives_more(demands: list[str]) -> None:
    fewer = Matcher(MIXED).match(parse_spec("a" + "".join(demands)))
    for left_out in range(len(demands)):
        rest = demands[:left_out] + demands[left_out + 1 :]
        more = Matcher(MIXED).match(parse_spec("a" + "".join(rest)))
        assert np.all(fewer.may <= more.may)
        assert np.all(fewer.sure <= more.sure)


def test_the_tables_of_these_tests_have_the_forms_of_the_graph() -> None:
    for name in ("Spec", "DEPENDS_ON"):
        type_ = node_type(name) if name == "Spec" else edge_type(name)
        assert MIXED.by_type()[name].schema == Tables.empty().by_type()[type_.name].schema
