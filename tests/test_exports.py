"""Exports: each is read back by the tool it is for, and is there as a whole or not at all.

`golden/exports` has each of a small graph; `make golden` writes it anew.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import networkx as nx
import polars as pl
import pyarrow.parquet as pq
import pytest
from campaigns.kills import Kill, Kills
from conftest import tries
from graphs import graphs, small_tables, xml_text
from hypothesis import given

from graphcache import ExportError, GraphcacheError, Tables, UsageError, exports
from graphcache.exports import FORMATS, export, write_file

GOLDEN = Path(__file__).parent / "golden/exports"
OF_A_FILE = ("graphml", "json", "cypher")
OF_A_FOLDER = ("csv", "parquet")


def content(path: Path) -> bytes | dict[str, bytes]:
    """What an export is, be it a file or a folder."""
    if path.is_dir():
        return {file.name: file.read_bytes() for file in path.iterdir()}
    return path.read_bytes()


@pytest.fixture(params=FORMATS)
def format_(request: pytest.FixtureRequest) -> str:
    """Every format."""
    return str(request.param)


# What is written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "parquet"])
def test_golden_export(tmp_path: Path, format_: str) -> None:
    export(small_tables(), format_, tmp_path / format_)
    if os.environ.get("GOLDEN") == "write":
        export(small_tables(), format_, GOLDEN / format_)
    assert content(tmp_path / format_) == content(GOLDEN / format_)


def test_no_graph_at_all_can_be_exported(tmp_path: Path, format_: str) -> None:
    export(Tables.empty(), format_, tmp_path / "out")
    assert content(tmp_path / "out")


@pytest.mark.slow
def test_large_tables_are_written_in_parts_without_seams(tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for number in range(25_000):
        graph.add_edge(("Spec", f"s{number}"), ("Package", f"p{number}"), "OF_PACKAGE")
    tables = Tables.from_networkx(graph)
    for name in OF_A_FILE[:2]:
        export(tables, name, tmp_path / name)
    assert nx.utils.graphs_equal(from_json(tmp_path / "json"), tables.to_networkx())
    assert_graphml_holds(tmp_path / "graphml", tables)


# GraphML ------------------------------------------------------------------------------------------

XMLNS = "{http://graphml.graphdrawing.org/xmlns}"


def from_graphml(attributes: dict[str, Any], lists: set[str]) -> dict[str, Any]:
    """The attributes with JSON texts read."""
    return {k: json.loads(v) if k in lists else v for k, v in attributes.items()}


def assert_graphml_holds(path: Path, tables: Tables) -> None:
    """Networkx reads the graph of the tables, with ids like `Spec:HASH` and lists as JSON."""
    found = nx.read_graphml(path, force_multigraph=True)
    wanted = tables.to_networkx()
    nodes = {":".join(node): dict(said) for node, said in wanted.nodes(data=True)}
    for node, said in found.nodes(data=True):
        lists = {k for k, v in nodes[node].items() if isinstance(v, list)}
        assert from_graphml(said, lists) == nodes[node]
    assert found.number_of_nodes() == len(nodes)
    for start, end, said in found.edges(data=True):
        key = said.pop("type")
        edge = wanted.edges[tuple(start.split(":", 1)), tuple(end.split(":", 1)), key]
        assert said.pop("label") == key
        lists = {k for k, v in edge.items() if isinstance(v, list)}
        assert from_graphml(said, lists) == edge
    assert found.number_of_edges() == wanted.number_of_edges()


@pytest.mark.slow
@tries(60)
@given(graph=graphs(xml_text))
def test_networkx_reads_all_from_graphml(tmp_path: Path, graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    export(tables, "graphml", tmp_path / "graph.graphml")
    assert_graphml_holds(tmp_path / "graph.graphml", tables)
    assert_graphml_is_valid(tmp_path / "graph.graphml")


@pytest.mark.slow
def test_graphml_of_real_pages(tmp_path: Path, examples: Tables) -> None:
    export(examples, "graphml", tmp_path / "graph.graphml")
    assert_graphml_holds(tmp_path / "graph.graphml", examples)
    assert_graphml_is_valid(tmp_path / "graph.graphml")


def assert_graphml_is_valid(path: Path) -> None:
    """What its schema asks of GraphML, and the types that Gephi and yEd know."""
    root = ET.parse(path).getroot()  # noqa: S314 - our own file
    *keys, graph = root
    assert {key.tag for key in keys} == {f"{XMLNS}key"}
    assert (root.tag, graph.tag) == (f"{XMLNS}graphml", f"{XMLNS}graph")
    declared = {key.get("id"): key for key in keys}
    assert len(declared) == len(keys)
    assert {key.get("attr.type") for key in keys} <= {"string", "boolean", "long", "double"}
    # Gephi reads a name that stands twice for nodes as one column, and loses one of the two.
    names = [(key.get("for"), key.get("attr.name"), key.get("attr.type")) for key in keys]
    assert len(set(names)) == len(names)
    ids = {node.get("id") for node in graph.iter(f"{XMLNS}node")}
    edges = [edge.get("id") for edge in graph.iter(f"{XMLNS}edge")]
    assert len(set(edges)) == len(edges)
    for element in graph:
        kind = element.tag.removeprefix(XMLNS)
        if kind == "edge":
            assert {element.get("source"), element.get("target")} <= ids
        used = [data.get("key") for data in element]
        assert len(set(used)) == len(used)
        assert {declared[key].get("for") for key in used} == {kind}
        assert {data.tag for data in element} == {f"{XMLNS}data"}


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_graphml_refuses_what_xml_cannot_hold(tmp_path: Path, character: str) -> None:
    tables = changed(("Package", "zlib"), note=f"a{character}b")
    with pytest.raises(ExportError) as caught:
        export(tables, "graphml", tmp_path / "graph.graphml")
    assert str(caught.value) == (
        f"Package.note: expected text that XML can hold, found U+{ord(character):04X} in "
        f"{f'a{character}b'!r}: take it out, or export to another format"
    )
    assert list(tmp_path.iterdir()) == []


def changed(node: tuple[str, str], **properties: Any) -> Tables:
    """A graph of a node with these properties."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    graph.add_node(node, **properties)
    return Tables.from_networkx(graph)


# JSON and Parquet ---------------------------------------------------------------------------------


def from_json(path: Path) -> Any:
    return nx.node_link_graph(json.loads(path.read_bytes()), edges="edges")


@pytest.mark.slow
@tries(60)
@given(graph=graphs())
def test_networkx_reads_all_from_json(tmp_path: Path, graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    export(tables, "json", tmp_path / "graph.json")
    found = from_json(tmp_path / "graph.json")
    assert nx.utils.graphs_equal(found, tables.to_networkx())
    assert Tables.from_networkx(found).digest() == tables.digest()


def test_json_has_null_for_what_it_has_no_number_for(tmp_path: Path) -> None:
    tables = changed(("Package", "zlib"), a=float("nan"), b=[1.5, float("inf")])
    export(tables, "json", tmp_path / "graph.json")
    [node] = json.loads((tmp_path / "graph.json").read_bytes())["nodes"]
    assert (node["a"], node["b"]) == (None, [1.5, None])


@pytest.mark.slow
@tries(30)
@given(graph=graphs())
def test_pyarrow_and_polars_read_all_from_parquet(tmp_path: Path, graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    export(tables, "parquet", tmp_path / "graph")
    for name, table in tables.by_type().items():
        assert pq.read_table(tmp_path / "graph" / f"{name}.parquet").equals(table)
        frame = pl.read_parquet(tmp_path / "graph" / f"{name}.parquet")
        assert frame.to_dicts() == table.to_pylist()
        assert frame.columns == table.column_names


# What a format cannot hold ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "properties", "why"),
    [
        ("graphml", {"a\x01": 1}, "name: expected text that XML can hold, found U\\+0001"),
        ("csv", {"a:b": 1}, "can't hold a property named 'a:b' .*misreads it in a header.*rename"),
        ("csv", {"a": ["x", None]}, "Package.a: expected lists without null, which Neo4j can't"),
        ("csv", {"a": ["x\x1fy"]}, "Package.a: expected lists of texts without U\\+001F"),
        ("json", {"id": 1}, "Package: this format can't hold a property named 'id'"),
        ("cypher", {"a\\u0041": 1}, "Package: this format can't hold a property named"),
        ("cypher", {"": 1}, "Package: this format can't hold a property named ''"),
        ("cypher", {"a": [1, None]}, "Package.a: expected lists without null, which Neo4j can't"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, format_: str, properties: dict[str, Any], why: str
) -> None:
    tables = changed(("Package", "zlib"), **properties)
    with pytest.raises(ExportError, match=why):
        export(tables, format_, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# Where it is written ------------------------------------------------------------------------------


def test_an_export_takes_the_place_of_an_earlier_one(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "out"
    export(small_tables(), format_, out)
    export(Tables.empty(), format_, out)
    export(Tables.empty(), format_, tmp_path / "other")
    assert content(out) == content(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]


@pytest.mark.parametrize("format_", OF_A_FILE)
def test_a_link_stays_a_link(tmp_path: Path, format_: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/real")
    export(Tables.empty(), format_, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder/real").read_bytes()


@pytest.mark.parametrize("format_", OF_A_FOLDER)
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, format_: str) -> None:
    out = tmp_path / "out"
    export(small_tables(), format_, out)
    (out / "notes.txt").write_text("mine")
    before = content(out)
    with pytest.raises(ExportError, match=r"new or empty folder or an earlier .* 'notes.txt'"):
        export(Tables.empty(), format_, out)
    assert content(out) == before


def test_a_path_that_cannot_be_written_is_named(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    wrong = tmp_path / ("file" if format_ in OF_A_FOLDER else "folder")
    for out, why in {
        tmp_path / "none" / "out": f"there is no folder {tmp_path / 'none'}: make it",
        tmp_path / "file" / "out": f"expected a folder {tmp_path / 'file'}, found a file",
        tmp_path / ("x" * 300): "can't be written: File name too long",
        wrong: "found a fi" if format_ in OF_A_FOLDER else "found a folder: give a path in it",
        Path("/proc/out"): "can't be written|no permission to write there",
    }.items():
        with pytest.raises(ExportError, match=why) as caught:
            export(Tables.empty(), format_, out)
        assert str(caught.value).startswith(f"{out}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("format_", OF_A_FOLDER)
def test_the_current_folder_is_not_replaced(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExportError, match="is the current folder, or holds it"):
        export(Tables.empty(), format_, ".")


def test_a_device_is_no_place_for_an_export() -> None:
    with pytest.raises(ExportError, match="found a device or pipe: write to standard output by -"):
        export(Tables.empty(), "json", "/dev/null")


def test_an_unknown_format_is_a_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no format 'xml': expected one of graphml, csv"):
        export(Tables.empty(), "xml", tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("format_", OF_A_FILE)
def test_a_file_goes_to_standard_output(
    format_: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    export(small_tables(), format_, tmp_path / "out")
    export(small_tables(), format_, "-")
    assert capfdbinary.readouterr().out == content(tmp_path / "out")


@pytest.mark.parametrize("format_", OF_A_FOLDER)
def test_a_folder_does_not_go_to_standard_output(format_: str) -> None:
    with pytest.raises(UsageError, match="writes a folder: expected its path, found -"):
        export(Tables.empty(), format_, "-")


# When it fails ------------------------------------------------------------------------------------


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """What a full disk does: a write beyond the limit fails."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("earlier", [True, False])
def test_where_the_disk_is_full_the_earlier_export_stays(
    tmp_path: Path, format_: str, examples: Tables, earlier: bool
) -> None:
    out = tmp_path / "out"
    if earlier:
        export(small_tables(), format_, out)
    before = content(out) if earlier else None
    with no_file_over(4_000), pytest.raises(GraphcacheError, match=f"{out}: can't be written"):
        export(examples, format_, out)
    assert (content(out) if out.exists() else None) == before
    assert [path.name for path in tmp_path.iterdir()] == (["out"] if earlier else [])


KILLED = """
import resource, signal, sys
import graphcache
from graphcache.exports import export

tables, _ = graphcache.read(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, 4_000))
export(tables, sys.argv[2], sys.argv[3])
"""


@pytest.mark.process
def test_a_killed_export_leaves_the_earlier_one(
    tmp_path: Path, format_: str, example_pages: Path
) -> None:
    out = tmp_path / "out"
    export(Tables.empty(), format_, out)
    before = content(out)
    # The kernel kills it in the middle of a write.
    command: list[str | Path] = [sys.executable, "-c", KILLED, example_pages, format_, out]
    assert subprocess.run(command, check=False).returncode == -signal.SIGXFSZ
    assert content(out) == before
    # What is left is hidden, and the next export removes it.
    assert all(path == out or path.name.startswith(".") for path in tmp_path.iterdir())
    export(small_tables(), format_, out)
    assert content(out) != before
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.process
@pytest.mark.slow
def test_an_export_that_is_killed_at_any_of_its_last_steps_is_the_old_or_the_new(
    tmp_path: Path,
) -> None:
    killed = Kills(tmp_path)
    steps = killed.steps("export")
    for step in range(steps - 9, steps + 1):
        killed.hold(Kill("export", signal.SIGKILL, (step - 0.5) / steps))
    assert killed.seen["export old by SIGKILL"]
    assert killed.seen["export new by SIGKILL"]


def test_where_folders_can_not_change_names_the_old_export_is_moved_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "exchange", lambda *_: False)
    for tables in (small_tables(), Tables.empty()):
        export(tables, "parquet", tmp_path / "out")
        assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    # Killed in between, what was aside is the only one.
    aside = tmp_path / ".graphcache-export-x"
    (aside / "old").mkdir(parents=True)
    (aside / "lock").touch()
    export(Tables.empty(), "parquet", tmp_path / "out")
    assert (aside / "old").is_dir()


def test_what_another_export_is_writing_is_left_to_it(tmp_path: Path) -> None:
    def write(path: Path) -> None:
        export(Tables.empty(), "json", tmp_path / "other")
        path.write_text("whole")

    write_file(tmp_path / "out", write)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out"]
    assert (tmp_path / "out").read_text() == "whole"
