"""Many records, one graph: held against the oracle, in any order, and by its digest."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pytest
from conftest import Read, WriteSnapshot, tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables, read
from graphcache.tables.columns import digest_table
from graphcache.tables.facts import Facts
from graphcache.tables.update import update


def write(folder: Path, *texts: str) -> Path:
    """The pages in a folder, in that order."""
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"{number:03}.md").write_text(text)
    return folder


# Against the oracle -------------------------------------------------------------------------------


def test_the_example_pages(example_pages: Path, examples: Tables) -> None:
    assert oracle.graph_of(examples) == oracle.graph(oracle.read_pages(example_pages))


def test_the_legacy_pages(legacy_pages: Path) -> None:
    found = oracle.graph_of(read(legacy_pages)[0])
    expected = oracle.graph(oracle.read_pages(legacy_pages))
    texts = {node["name"]: key for (type_, key), node in expected.nodes.items() if type_ == "Spec"}
    hashes = {node["name"]: key for (type_, key), node in found.nodes.items() if type_ == "Spec"}
    assert hashes.keys() == texts.keys() == {"mooring", "keelson"}
    names = {hashes[name]: texts[name] for name in hashes}
    assert oracle.renamed(found, names) == expected


@pytest.mark.slow
def test_all_pages_together(example_pages: Path, legacy_pages: Path, examples: Tables) -> None:
    tables, report = read(example_pages, legacy_pages)
    legacy = read(legacy_pages)[0]
    assert report.rejects == []
    for type_, count in tables.node_counts().items():
        both = [part.nodes[type_].column(0).to_pylist() for part in (examples, legacy)]
        assert tables.nodes[type_].column(0).to_pylist() == sorted({*both[0], *both[1]})
        assert count >= examples.node_counts()[type_]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("records", "pages", "releases"), [(1, 1, 1), (60, 20, 1), (400, 30, 4), (500, 60, 20)]
)
def test_made_snapshots(
    tmp_path: Path, write_snapshot: WriteSnapshot, records: int, pages: int, releases: int
) -> None:
    write_snapshot(tmp_path / "_cache", records=records, pages=pages, releases=releases, seed=pages)
    tables, report = read(tmp_path)
    assert (report.kept, report.rejects, dict(report.warnings)) == (records, [], {})
    found = oracle.read_pages(tmp_path)
    assert oracle.graph_of(tables) == oracle.graph(found)
    assert tables.node_counts()["Spec"] == len(oracle.specs(found))


NAMES = st.sampled_from(["a", "b", "é", "none", "root", "e4s"])
RECORDS = st.builds(
    oracle.record,
    st.sampled_from(["a" * 32, "b" * 32, "c" * 32, "7" * 32]),
    versions=st.lists(NAMES, min_size=1, max_size=1),
    compiler=st.sampled_from(["none", "gcc@8", "gcc@=8", "gcc", "clang@1"]),
    os=NAMES,
    target=st.sampled_from(["zen2", "x86_64_v3", "m1", "pdp11"]),
    stacks=st.lists(NAMES, max_size=3),
    variants=st.lists(st.sampled_from(["+x", "~x", "k=v", "k:=v", "a=b,c"]), max_size=3),
    size=st.sampled_from(["-", "0", "7", "12"]),
    tarball=st.sampled_from(["u", "v"]),
)
PAGES = st.lists(
    st.tuples(
        st.sampled_from(["p", "q"]),
        st.sampled_from(["develop", "v1", "w-2025-01-02"]),
        st.lists(RECORDS, max_size=3, unique_by=lambda record: record["hash"]),
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.slow
@tries(30)
@given(PAGES, st.randoms())
def test_any_pages_in_any_order(
    tmp_path_factory: pytest.TempPathFactory,
    pages: list[tuple[str, str, list[oracle.Record]]],
    dice: random.Random,
) -> None:
    texts = [oracle.page_text(*page) for page in pages]
    tables, report = read(write(tmp_path_factory.mktemp("pages"), *texts))
    assert report.rejects == []
    assert oracle.graph_of(tables) == oracle.graph(map(oracle.parse, texts))
    # Where nothing is new, the old graph is taken apart into facts and joined again.
    assert update(tables, None, Facts.concat([]), set(), report)[0].digest() == tables.digest()

    for _, _, records in pages:
        dice.shuffle(records)
        for record in records:
            dice.shuffle(record["stacks"])
            dice.shuffle(record["variants"])
    dice.shuffle(pages)
    texts = [oracle.page_text(*page) for page in pages]
    again, _ = read(write(tmp_path_factory.mktemp("again"), *texts))
    assert again.digest() == tables.digest()
    assert all(again.nodes[name].equals(table) for name, table in tables.nodes.items())
    assert all(again.edges[name].equals(table) for name, table in tables.edges.items())


@pytest.mark.slow
def test_the_example_pages_in_other_orders(example_pages: Path, examples: Tables) -> None:
    files = sorted(example_pages.iterdir())
    for seed in range(3):
        random.Random(seed).shuffle(files)  # noqa: S311
        assert read(*files)[0].digest() == examples.digest()


# What is said twice -------------------------------------------------------------------------------


def test_one_hash_in_many_stacks_and_releases_is_one_node(tmp_path: Path) -> None:
    one, two = oracle.record(stacks=["e4s", "ml", "root"]), oracle.record(stacks=["e4s"])
    pages = [("zlib", "v2", [two]), ("zlib", "develop", [one]), ("zlib", "v1", [one])]
    tables, report = read(write(tmp_path, *(oracle.page_text(*page) for page in pages)))
    assert (report.records, report.kept, dict(report.warnings)) == (3, 3, {})
    assert tables.node_counts()["Spec"] == 1
    ends = {"from": "a" * 32}
    assert tables.edges["IN_STACK"].to_pylist() == [
        ends | {"to": "e4s", "releases": ["develop", "v1", "v2"], "root": None},
        ends | {"to": "ml", "releases": ["develop", "v1"], "root": None},
    ]
    assert tables.edges["IN_RELEASE"].to_pylist() == [
        ends | {"to": "develop", "root": True},
        ends | {"to": "v1", "root": True},
        ends | {"to": "v2", "root": False},
    ]


def test_a_record_that_knows_more_fills_in(tmp_path: Path) -> None:
    less = oracle.record(compiler="none")
    more = oracle.record(compiler="gcc@=13.2.0", size="7", tarball="u")
    pages = [("zlib", "v1", [less]), ("zlib", "v2", [more]), ("zlib", "v3", [less])]
    tables, report = read(write(tmp_path, *(oracle.page_text(*page) for page in pages)))
    assert dict(report.warnings) == {}
    assert tables.edges["BUILT_WITH"]["to"].to_pylist() == ["gcc@13.2.0"]
    (spec,) = tables.nodes["Spec"].to_pylist()
    assert (spec["size"], spec["tarball"]) == (7, "u")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"versions": ["1.1"]}, "version: '1.1' and '1.2'"),
        ({"versions": ["1.3"]}, "version: '1.2' and '1.3'"),
        ({"os": "centos7"}, "os: 'centos7' and 'ubuntu24.04'"),
        ({"platform": "windows"}, "platform: 'linux' and 'windows'"),
        ({"target": "zen2"}, "target: 'x86_64_v3' and 'zen2'"),
        ({"compiler": "clang@1"}, "compilers: 'clang@1' and 'gcc@13.2.0'"),
        ({"variants": ["~b", "+a"]}, "variants: '+a ~b' and '+shared build_system=cmake'"),
        ({"size": "5"}, "size: '5' and '12'"),
    ],
)
def test_a_contradiction_is_told(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    one = oracle.record(size="12")
    for records in ([one], [one | change]), ([one | change], [one]):
        pages = zip(["v1", "v2"], records, strict=True)
        tables, report = read(write(tmp_path, *(oracle.page_text("zlib", *page) for page in pages)))
        assert dict(report.warnings) == {
            f"spec {'a' * 32}: records disagree on {told}; the first is kept": 1
        }
        assert oracle.graph_of(tables) == oracle.graph(oracle.read_pages(tmp_path))


def test_a_hash_under_two_packages_is_told(tmp_path: Path) -> None:
    pages = [oracle.page_text(name, records=[oracle.record()]) for name in ("b", "a")]
    tables, report = read(write(tmp_path, *pages))
    assert dict(report.warnings) == {
        f"spec {'a' * 32}: records disagree on name: 'a' and 'b'; the first is kept": 1
    }
    assert tables.nodes["Package"]["name"].to_pylist() == ["a"]


def test_a_contradiction_is_told_on_one_line_of_bounded_length(tmp_path: Path) -> None:
    pages = [
        oracle.page_text("p", release, [oracle.record(variants=[f"k={letter * 50_000}\n"])])
        for release, letter in (("v1", "a"), ("v2", "b"))
    ]
    (warning,) = read(write(tmp_path, *pages))[1].warnings
    assert len(warning) < 1000
    assert warning.isprintable()


def test_two_pages_that_claim_the_same_are_joined(tmp_path: Path) -> None:
    records = [oracle.record(letter * 32) for letter in "abc"]
    pages = [records[:2], records[1:], records[:2]]
    write(tmp_path, *(oracle.page_text("zlib", "develop", page) for page in pages))
    tables, report = read(tmp_path)
    assert tables.node_counts()["Spec"] == 3
    assert dict(report.warnings) == {
        f"{tmp_path}/001.md: zlib in release develop stands in {tmp_path}/000.md too, "
        "with other records: the two are joined": 1
    }


def test_two_pages_with_the_same_hashes_in_other_stacks_are_told(tmp_path: Path) -> None:
    pages = [[oracle.record(stacks=[stack, "root"])] for stack in ("e4s", "ml")]
    write(tmp_path, *(oracle.page_text("zlib", "develop", page) for page in pages))
    tables, report = read(tmp_path)
    assert tables.edges["IN_STACK"]["to"].to_pylist() == ["e4s", "ml"]
    assert list(report.warnings) == [
        f"{tmp_path}/001.md: zlib in release develop stands in {tmp_path}/000.md too, "
        "with other records: the two are joined"
    ]


def test_the_same_page_twice_is_no_news(tmp_path: Path) -> None:
    text = oracle.page_text("zlib", records=[oracle.record("a" * 32), oracle.record("b" * 32)])
    write(tmp_path, text, text, text.replace("zlib", "zlib") + "\n")
    tables, report = read(tmp_path)
    assert (report.files, report.records, dict(report.warnings)) == (3, 6, {})
    assert tables.digest() == read(tmp_path / "000.md")[0].digest()


def test_configurations_are_what_a_person_sees(read_page: Read) -> None:
    same = [oracle.record("a" * 32), oracle.record("b" * 32, size="7", stacks=[])]
    variants = ["build_system:=cmake", "+shared"]
    notation = oracle.record("c" * 32, compiler="gcc@13.2.0", variants=variants)
    changes: list[dict[str, Any]] = [
        {"versions": ["1.3"]},
        {"platform": "darwin"},
        {"os": "centos7"},
        {"target": "zen2"},
        {"compiler": "none"},
        {"variants": ["~shared", "build_system=cmake"]},
        {"variants": []},
    ]
    hashes = [letter * 32 for letter in "defghij"]
    others = [oracle.record() | change for change in changes]
    others = [record | {"hash": one} for record, one in zip(others, hashes, strict=True)]
    tables, _ = read_page(oracle.page_text(records=[*same, notation, *others]))
    found = dict(
        zip(
            *(tables.nodes["Spec"][name].to_pylist() for name in ("hash", "configuration")),
            strict=True,
        )
    )
    assert found["a" * 32] == found["b" * 32] == found["c" * 32]
    assert len(set(found.values())) == 1 + len(others)


@pytest.mark.slow
def test_parts_that_move_to_a_neighbour_make_another_configuration(read_page: Read) -> None:
    records = [
        oracle.record("a" * 32, os="ab", platform="c", variants=["x", "y"]),
        oracle.record("b" * 32, os="a", platform="bc", variants=["x", "y"]),
        oracle.record("c" * 32, os="ab", platform="c", variants=["x y"]),
    ]
    tables, _ = read_page(oracle.page_text(records=records))
    assert len(set(tables.nodes["Spec"]["configuration"].to_pylist())) == 3


# The digest ---------------------------------------------------------------------------------------


COLUMNS: dict[str, list[Any]] = {
    "text": ["a", "bc", "", None, "é"],
    "integer": [0, 1, -1, None, 2**62],
    "boolean": [True, False, None],
    "number": [0.0, 1.5, None, -0.0, float("inf"), float("nan")],
    "list of text": [[], None, [""], ["a", "b"], ["ab"], ["", "ab"], ["a"], [None]],
    "list of integers": [[], None, [0], [1, 2], [12]],
    "list of numbers": [[], None, [0.0], [1.0, 2.0]],
}
ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "number": pa.float64(),
    "list of text": pa.list_(pa.string()),
    "list of integers": pa.list_(pa.int64()),
    "list of numbers": pa.list_(pa.float64()),
}


FORMATS = {"integer": "<q", "boolean": "<?", "number": "<d"}


def fed(type_: str, values: list[Any]) -> bytes:
    """What of a column goes into the digest, as `digest_table` describes it."""
    if type_ in FORMATS:
        nulls = bytes(value is None for value in values)
        known = [0 if value is None else value for value in values]
        return nulls + b"".join(struct.pack(FORMATS[type_], value) for value in known)
    sizes = [-1 if v is None else len(v.encode() if type_ == "text" else v) for v in values]
    lengths = struct.pack(f"<{len(sizes)}i", *sizes)
    if type_ == "text":
        return lengths + "".join(value or "" for value in values).encode()
    items = [item for value in values for item in value or ()]
    return lengths + fed(type_.removeprefix("list of ").removesuffix("s"), items)


def digest(type_: str, *columns: list[Any]) -> str:
    names = [f"c{number}" for number in range(len(columns))]
    table = pa.table([pa.array(column, ARROW[type_]) for column in columns], names=names)
    return digest_table("t", table)


@pytest.mark.parametrize("type_", COLUMNS)
def test_the_digest_is_made_as_described(type_: str) -> None:
    values = [*COLUMNS[type_], *reversed(COLUMNS[type_])]
    head = f"graphcache tables 1\nt {len(values)}\n\nc0 {type_}\n".encode()
    assert digest(type_, values) == hashlib.sha256(head + fed(type_, values)).hexdigest()


@pytest.mark.parametrize("type_", COLUMNS)
def test_every_value_has_its_own_digest(type_: str) -> None:
    values = COLUMNS[type_]
    assert len({digest(type_, [value]) for value in values}) == len(values)
    pairs = [[a, b] for a in values for b in values]
    assert len({digest(type_, pair) for pair in pairs}) == len(pairs)
    assert len({digest(type_, [a], [b]) for a, b in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        (["", "a"], ["a", ""]),
        ([None, "a"], ["", "a"]),
        ([[], ["a"]], [["a"], []]),
        ([["a", "b"], ["c"]], [["a"], ["b", "c"]]),
        ([["ab"], ["c"]], [["a"], ["bc"]]),
        ([[], []], [None, []]),
        ([[""], []], [[], [""]]),
    ],
)
def test_what_moves_to_a_neighbour_changes_the_digest(one: list[Any], other: list[Any]) -> None:
    type_ = "list of text" if isinstance(one[-1], list) else "text"
    assert digest(type_, one) != digest(type_, other)
    assert digest(type_, *([value] for value in one)) != digest(type_, *([v] for v in other))


def test_the_digest_covers_names_types_and_the_number_of_rows() -> None:
    column = pa.array([None, None], pa.string())
    tables = [
        ("t", pa.table({"a": column})),
        ("u", pa.table({"a": column})),
        ("t", pa.table({"b": column})),
        ("t", pa.table({"a": column.cast(pa.int64())})),
        ("t", pa.table({"a": column.cast(pa.bool_())})),
        ("t", pa.table({"a": column[:1]})),
        ("t", pa.table({"a": column, "b": column})),
    ]
    assert len({digest_table(name, table) for name, table in tables}) == len(tables)


@given(st.data())
def test_chunks_do_not_change_the_digest(data: st.DataObject) -> None:
    type_ = data.draw(st.sampled_from(sorted(COLUMNS)))
    values = data.draw(st.lists(st.sampled_from(COLUMNS[type_]), max_size=9))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=4)))
    ends = [0, *cuts, len(values)]
    whole = pa.array(values, ARROW[type_])
    slices = [whole[a:b] for a, b in pairwise(ends)]
    copies = [pa.array(values[a:b], ARROW[type_]) for a, b in pairwise(ends)]
    for chunks in slices, copies, [*slices, whole[:0]]:
        table = pa.table({"c0": pa.chunked_array(chunks, ARROW[type_])})
        assert digest_table("t", table) == digest(type_, values)


@pytest.mark.slow
def test_every_value_of_a_graph_counts(examples: Tables) -> None:
    found = {examples.digest()}
    changes = 0
    for kind, tables in (("nodes", examples.nodes), ("edges", examples.edges)):
        for name, table in tables.items():
            for column in table.column_names if table.num_rows else ():
                values = table[column].to_pylist()
                values[len(values) // 2] = changed(table, column)
                at = table.column_names.index(column)
                array = pa.array(values, table.schema.field(column).type)
                other = tables | {name: table.set_column(at, column, array)}
                parts = {"nodes": examples.nodes, "edges": examples.edges} | {kind: other}
                found.add(Tables(**parts).digest())
                changes += 1
    assert len(found) == 1 + changes


def changed(table: pa.Table, column: str) -> Any:
    """Another value than the one in the middle of the column."""
    value = table[column][table.num_rows // 2].as_py()
    kind = table.schema.field(column).type
    if pa.types.is_list(kind):
        return [*(value or []), "x"]
    if pa.types.is_string(kind):
        return (value or "") + "x"
    return not value if pa.types.is_boolean(kind) else (value or 0) + 1


def test_meta_does_not_count(read_page: Read) -> None:
    records = [oracle.record()]
    plain = read_page(oracle.page_text(records=records))[0].digest()
    assert read_page(oracle.page_text(records=records, meta=json.dumps({})))[0].digest() == plain
