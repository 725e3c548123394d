"""Names that a person wrote, held against those that a graph has, in every store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from query_data import STORES, Given, embedded, on_server

from graphcache import QueryError, UsageError
from graphcache.kinds import KINDS, Kind, hash_in, look_up, names
from graphcache.queries import NamedQuery, load_library, parse_query
from graphcache.records import Labels
from graphcache.stores import Store
from graphcache.stores.embedded.store import EmbeddedStore

LIBRARY = load_library()
ZLIB, ZLIB_NEW, HDF5, GCC = ("abcd" + "a" * 28, "abce" + "a" * 28, "abcf" + "a" * 28, "b" * 32)
GLIBC = "g" * 32


def node(spec_hash: str, name: str, version: str, needs: dict[str, list[str]]) -> dict[str, Any]:
    """A spec as an index of form 5 has it; `needs` are hashes, with what each provides."""
    return {
        "name": name,
        "version": version,
        "hash": spec_hash,
        "namespace": "builtin",
        "parameters": {},
        "arch": {"platform": "linux", "platform_os": "ubuntu22.04", "target": "zen3"},
        "dependencies": [
            {"name": "x", "hash": h, "parameters": {"deptypes": ["build"], "virtuals": virtuals}}
            for h, virtuals in needs.items()
        ],
    }


NODES = [
    node(ZLIB, "zlib", "1.2.13", {GCC: ["c"]}),
    node(ZLIB_NEW, "zlib", "1.3.1", {GCC: ["c"]}),
    node(HDF5, "hdf5", "1.14.3", {ZLIB: ["zlib-api"], GCC: ["c"]}),
    node(GCC, "gcc", "13.2.0", {GLIBC: ["libc"]}),
    node(GLIBC, "glibc", "2.36", {}),
]


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("index")
    installs = {one["hash"]: {"spec": one, "in_buildcache": True} for one in NODES}
    (folder / "index.json").write_text(
        json.dumps({"database": {"version": "8", "installs": installs}})
    )
    given = Given([(str(folder / "index.json"), Labels("develop", "e4s"))], [])
    if request.param == "embedded":
        made = embedded(given, folder)
    else:
        made = on_server(given, request.getfixturevalue(request.param))
    with made as store:
        yield store


NAMES: dict[Kind, list[str]] = {
    "package": ["gcc", "glibc", "hdf5", "zlib"],
    "stack": ["e4s"],
    "release": ["develop"],
    "compiler": ["gcc@13.2.0"],
    "os": ["ubuntu22.04"],
    "libc": ["glibc@2.36"],
    "virtual": ["c", "libc", "zlib-api"],
    "hash": [ZLIB, ZLIB_NEW, HDF5, GCC, GLIBC],
}


@pytest.mark.parametrize("kind", NAMES)
def test_each_name_is_there(store: Store, kind: Kind) -> None:
    assert names(store, kind, most=9) == NAMES[kind]
    assert names(store, kind, most=1) == NAMES[kind][:1]
    for name in NAMES[kind]:
        assert look_up(store, kind, name) == name
        assert names(store, kind, name[:3], most=1)[0][:3] == name[:3]
    assert names(store, kind, "no-such", most=9) == []


def test_targets_are_those_of_archspec(store: Store) -> None:
    assert set(NAMES) == {*KINDS} - {"target"}
    assert {"zen3", "zen4"} <= set(names(store, "target", "zen", most=99))


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("package", "zlip", "zlip: no such package in the graph. Did you mean zlib?"),
        (
            "package",
            "",
            "an empty name: no such package in the graph, which has gcc, glibc,",
        ),
        ("stack", "e4ss", "e4ss: no such stack in the graph. Did you mean e4s?"),
        ("release", "develp", "develp: no such release in the graph. Did you mean develop?"),
        ("compiler", "gcc@13", "gcc@13: no such compiler in the graph. Did you mean gcc@13.2.0?"),
        (
            "os",
            "ubuntu2204",
            "ubuntu2204: no such operating system in the graph. Did you mean ubuntu22.04?",
        ),
        (
            "virtual",
            "mpi",
            "mpi: no such virtual package in the graph, which has c, libc,",
        ),
        (
            "package",
            "zlib@1.2 +shared",
            "zlib@1.2 +shared: expected the name of a package, such as zlib, found a spec: "
            "graphcache find 'zlib@1.2 +shared' lists",
        ),
        ("package", "x' OR 1=1 //", "x' OR 1=1 //: no such package in the graph, which has gcc"),
    ],
)
def test_a_name_that_is_not_there_gives_those_that_are_close(
    store: Store, kind: Kind, text: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        look_up(store, kind, text)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("b", GCC),
        ("/bb", GCC),
        (" /abcf ", HDF5),
        ("hdf5/a", HDF5),
        ("zlib@1.3/abc", ZLIB_NEW),
        ("zlib@:1.2/a", ZLIB),
        ("zlib@=1.2.13/a", ZLIB),
        (f"zlib/{ZLIB}", ZLIB),
    ],
)
def test_a_hash_may_be_cut_short_and_have_a_package(store: Store, text: str, found: str) -> None:
    assert look_up(store, "hash", text) == found
    assert found.startswith(hash_in(text))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty hash: expected a hash, or its beginning"),
        ("zlib/", "zlib/: expected a hash, or its beginning"),
        (
            "/abc",
            "/abc: expected one spec, found 3 specs:\n"
            "  zlib@1.2.13/abcdaaa\n  zlib@1.3.1/abceaaa\n  hdf5@1.14.3/abcfaaa",
        ),
        (
            "zlib/a",
            "zlib/a: expected one spec, found 2 specs:\n"
            "  zlib@1.2.13/abcdaaa\n  zlib@1.3.1/abceaaa",
        ),
        ("zlip/a", "zlip: no such package in the graph. Did you mean zlib?"),
        ("zlib/b", "zlib/b: no such spec in the graph. The hash is of:\n  gcc@13.2.0/bbbbbbb"),
        ("zlib@9/abcd", "zlib@9/abcd: no such spec in the graph. The hash is of:\n  zlib@1.2.13/a"),
        ("zz", "zz: no such spec in the graph"),
        (
            "abcdq",
            "abcdq: no such spec in the graph. Hashes that begin with abcd:\n  zlib@1.2.13/abcdaaa",
        ),
    ],
)
def test_a_hash_that_is_not_one_spec_gives_the_candidates(
    store: Store, text: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        look_up(store, "hash", text)
    assert str(caught.value).startswith(said)


# Parameters of queries ----------------------------------------------------------------------------


def taking(kind: str, default: str = "") -> NamedQuery:
    """A query of a user's own with a parameter of that kind, which it gives back."""
    head = "// Title: T\n// Question: Q?\n// Column: x (text): an x\n"
    return parse_query("q", f"{head}// Parameter: p ({kind}{default}): p\nRETURN $p AS x", "q")


@pytest.mark.parametrize("kind", NAMES)
def test_a_parameter_is_looked_up_before_the_statement_is_asked(store: Store, kind: Kind) -> None:
    known = NAMES[kind][0]
    assert taking(kind).run(store, {"p": known}).rows == [(known,)]
    for text in ("", "no-such-name"):
        with pytest.raises(UsageError, match=r"no such|expected a hash"):
            taking(kind).run(store, {"p": text})


@pytest.mark.parametrize("kind", NAMES)
def test_an_empty_default_stands_for_any(store: Store, kind: str) -> None:
    query = taking(kind, ', default ""')
    assert query.run(store).rows == query.run(store, {"p": ""}).rows == [("",)]
    with pytest.raises(UsageError, match="no such"):
        query.run(store, {"p": "no-such-name"})


def test_a_default_that_is_a_name_is_looked_up_too(store: Store) -> None:
    assert taking("stack", ', default "e4s"').run(store).rows == [("e4s",)]
    with pytest.raises(UsageError, match=r"e5s: no such stack in the graph\. Did you mean e4s"):
        taking("stack", ', default "e5s"').run(store)


def test_a_part_of_a_hash_is_the_spec(store: Store) -> None:
    for text in ("/abcf", "hdf5@1.14/a", HDF5):
        [row] = LIBRARY["spec"].run(store, {"hash": text}).rows
        assert row[:3] == (HDF5, "hdf5", "1.14.3")


def test_every_parameter_that_is_a_name_has_a_kind() -> None:
    free = {
        (query.name, parameter.name)
        for query in LIBRARY.values()
        for parameter in query.parameters
        if parameter.type not in (*KINDS, "spec")
    }
    assert free == {("packages-named", "part"), ("dependents-of", "version")}


def test_a_version_is_one_of_the_package(store: Store) -> None:
    query = LIBRARY["dependents-of"]
    rows = query.run(store, {"package": "zlib", "version": "1.2.13"}).rows
    assert rows == [("hdf5", 1, ["1.2.13"], ["e4s"], ["develop"])]
    assert query.run(store, {"package": "zlib", "version": "1.3.1"}).rows == []
    with pytest.raises(UsageError) as caught:
        query.run(store, {"package": "zlib", "version": "1.14.3"})
    there = "zlib@1.14.3: no such version in the graph, which has 1.3.1, 1.2.13"
    assert str(caught.value) == there


def test_explain_asks_no_store() -> None:
    printed = LIBRARY["spec"].explain({"hash": "zlib@1.2/abc"})
    assert "s.hash STARTS WITH 'abc'" in printed


# Names in Cypher of a user's own ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cypher", "said"),
    [
        ("MATCH (s:Specs) RETURN s.name", "no node type Specs: did you mean Spec?"),
        ("MATCH (p:package) WHERE p.name = 'x' RETURN p.name", None),
        ("MATCH (s:Spec)-[:IN_STAK]->() RETURN s.name", "no edge type IN_STAK: did you mean IN_ST"),
        (
            "MATCH (:Spec)-[:IN_STACK|WWW]->(k) RETURN k.name",
            "no edge type WWW: expected OF_PACKAGE, BUILT_WITH, FOR_TARGET, IN_STACK, ",
        ),
        ("MATCH (s:Spec) RETURN s.nam", "no property nam of Spec: did you mean name"),
        ("MATCH (k:Stack) WHERE k.nam = 'a' RETURN k", "no property nam of Stack: did you mean na"),
        ("MATCH (s:Spec {nam: 'a'}) RETURN s", "no property nam of Spec: did you mean name"),
        (
            "MATCH (:Spec)-[d:DEPENDS_ON]->(:Spec) RETURN d.typ",
            "no property typ of DEPENDS_ON: did you mean types?",
        ),
        (
            "MATCH (s:IN_STACK) RETURN s",
            "no node type IN_STACK, which is an edge type: [:IN_STACK]",
        ),
        ("MATCH ()-[s:Stack]->() RETURN s", "no edge type Stack, which is a node type: (:Stack)"),
    ],
)
def test_a_name_that_is_not_in_the_schema_gives_what_is(
    store: Store, cypher: str, said: str | None
) -> None:
    if said is None:  # the one store reads labels in any case
        said = "no node type package: did you mean Package?"
        if isinstance(store, EmbeddedStore):
            assert store.query(cypher).rows == []
            return
    with pytest.raises(QueryError) as caught:
        store.query(cypher)
    assert str(caught.value).startswith(said)


def test_what_the_schema_has_and_the_graph_has_not_is_no_error(store: Store) -> None:
    assert store.query("MATCH (s:Spec) RETURN DISTINCT s.size, s.tarball").rows == [(None, None)]
    assert store.query("MATCH (s:Spec) WHERE s.derived RETURN s.name").rows == []
