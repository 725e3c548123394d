"""What Neo4j's own tools read: CSV by `neo4j-admin`, and the script by `cypher-shell`.

Here both are read by readers that are strict about the form; tests on a server run the tools.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from conftest import tries
from graphs import any_text, csv_text, graphs, small_tables
from hypothesis import given
from hypothesis import strategies as st
from oracle import Graph

from graphcache import Tables
from graphcache.exports import export
from graphcache.exports.cypher import number_literal, text_literal
from graphcache.schema import all_types, edge_type, node_type
from graphcache.stores.neo4j.constraints import constraints

Properties = dict[str, Any]


def graph_of(tables: Tables) -> Graph:
    """The tables as a plain graph, without null."""
    made = Graph()
    for name, table in tables.nodes.items():
        for row in table.to_pylist():
            made.nodes[name, row[node_type(name).key]] = known(row)
    for name, table in tables.edges.items():
        for row in table.to_pylist():
            ends = row.pop("from"), row.pop("to")
            made.edges[(name, *ends)] = known(row)
    return made


def known(properties: Properties) -> Properties:
    return {name: value for name, value in properties.items() if value is not None}


# CSV ----------------------------------------------------------------------------------------------

HEADER = re.compile(r"([^:]*)(?::(ID|START_ID|END_ID|LABEL|TYPE|\w+(?:\[\])?)(?:\((\w+)\))?)?")
SCALARS: dict[str | None, Callable[[str], Any]] = {
    None: str,
    "long": int,
    "double": float,
    "boolean": {"true": True, "false": False}.get,
}


def csv_rows(file: Path) -> Iterator[tuple[list[tuple[str, str | None, str | None]], list[Any]]]:
    """Each row with the header's fields: name, type and group. A value is None if it is not there.

    Only a text in quotes is taken for an empty text, as Neo4j does.
    """
    table = pyarrow.csv.read_csv(
        file,
        pyarrow.csv.ReadOptions(autogenerate_column_names=True, use_threads=False),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types={f"f{number}": pa.string() for number in range(100)},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    header, *rows = (list(row.values()) for row in table.to_pylist())
    fields = []
    for text in header:
        found = HEADER.fullmatch(text)
        assert found, text
        fields.append((found[1], found[2], found[3]))
    for row in rows:
        yield fields, row


def csv_value(kind: str | None, text: str) -> Any:
    """A value as Neo4j reads it; an empty list, and that of one empty text, is none for it."""
    if kind is not None and kind.endswith("[]"):
        item = kind.removesuffix("[]").replace("string", "")
        return [SCALARS[item or None](part) for part in text.split("\x1f")] if text else None
    return SCALARS[kind](text)


def from_csv(folder: Path) -> tuple[Graph, set[str]]:
    """The graph, and all files that the command names."""
    lines = (folder / "import.txt").read_text().replace("\\\n", " ")
    command = shlex.split(lines, comments=True)
    assert command[:5] == ["neo4j-admin", "database", "import", "full", "neo4j"]
    assert command.pop() == "$@"
    options = [word.partition("=")[::2] for word in command[5:]]
    assert options[:2] == [("--array-delimiter", "U+001F"), ("--multiline-fields", "true")]
    made, files = Graph(), set()
    for option, file in options[2:]:
        files.add(file)
        read = {"--nodes": csv_node, "--relationships": csv_edge}[option]
        for fields, row in csv_rows(folder / file):
            read(made, fields, row)
    return made, files


def csv_node(made: Graph, fields: list[Any], row: list[Any]) -> None:
    (key_name, id_, group), *_, label = fields
    assert (id_, label) == ("ID", ("", "LABEL", None))
    assert row[-1].split("\x1f") == [group, f"GraphCache{group}"]
    assert key_name == node_type(group).key
    made.nodes[group, row[0]] = {key_name: row[0]} | csv_properties(fields[1:-1], row[1:-1])


def csv_edge(made: Graph, fields: list[Any], row: list[Any]) -> None:
    start, end, *_, type_ = fields
    declared = edge_type(row[-1])
    assert (start, end) == (("", "START_ID", declared.start), ("", "END_ID", declared.end))
    assert type_ == ("", "TYPE", None)
    assert (declared.start, row[0]) in made.nodes
    assert (declared.end, row[1]) in made.nodes
    made.edges[declared.name, row[0], row[1]] = csv_properties(fields[2:-1], row[2:-1])


def csv_properties(fields: list[Any], row: list[Any]) -> Properties:
    assert all(name and group is None for name, _, group in fields)
    values = zip(fields, row, strict=True)
    return known({n: csv_value(kind, v) for (n, kind, _), v in values if v is not None})


@pytest.mark.slow
@tries(40)
@given(graph=graphs(csv_text))
def test_csv_loses_nothing(tmp_path: Path, graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    export(tables, "csv", tmp_path / "csv")
    wanted = graph_of(tables)
    for properties in (*wanted.nodes.values(), *wanted.edges.values()):
        for name in [name for name, value in properties.items() if value in ([], [""])]:
            del properties[name]  # Neo4j's import has no such list
    found, files = from_csv(tmp_path / "csv")
    assert found == wanted
    assert files == {f"{t.name}.csv" for t in all_types()}
    assert {file.name for file in (tmp_path / "csv").iterdir()} == {*files, "import.txt"}


def test_csv_of_real_pages(tmp_path: Path, examples: Tables) -> None:
    export(examples, "csv", tmp_path / "csv")
    found, _ = from_csv(tmp_path / "csv")
    wanted = graph_of(examples)
    assert found.edges == wanted.edges
    # One spec of these has no variants.
    lost = [key for key in wanted.nodes if found.nodes[key] != wanted.nodes[key]]
    assert [wanted.nodes[key].pop("variants") for key in lost] == [[]]
    assert found.nodes == wanted.nodes


def test_csv_has_every_number(tmp_path: Path) -> None:
    numbers = [float("inf"), float("-inf"), 1e300, 1e-300, -0.0, 5.0]
    graph = small_tables().to_networkx()
    graph.add_node(("Package", "zlib"), numbers=numbers, number=float("nan"), long=-(2**63))
    export(Tables.from_networkx(graph), "csv", tmp_path / "csv")
    [(fields, row)] = csv_rows(tmp_path / "csv/Package.csv")
    values = {name: value for (name, *_), value in zip(fields, row, strict=True)}
    # Java's names of what is no number; its Double.parseDouble knows no others.
    assert values["numbers"].split("\x1f")[:2] == ["Infinity", "-Infinity"]
    assert csv_value("double[]", values["numbers"]) == numbers
    assert (values["number"], values["long"]) == ("NaN", str(-(2**63)))


# Cypher -------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"""\s*(?: '((?:[^'\\\n]|\\.)*)' | `((?:[^`]|``)+)` | (-?[\d.]+(?:e-?\d+)?) | (true|false)
    | ([{}\[\]:,]) )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(u[0-9A-F]{4}|[\\'nrt])")
ESCAPED = {"\\": "\\", "'": "'", "n": "\n", "r": "\r", "t": "\t"}


def text_of(literal: str) -> str:
    """The text that stands between the quotes of a literal."""
    assert "\\" not in ESCAPE.sub("", literal)
    return ESCAPE.sub(lambda m: ESCAPED.get(m[1]) or chr(int(m[1][1:], 16)), literal)


def value_of(literal: str) -> Any:
    """The value of a Cypher literal: by way of Python's, since maps and lists look alike."""
    parts = []
    at = 0
    while at < len(literal):
        found = TOKEN.match(literal, at)
        assert found, literal[at : at + 40]
        text, name, number, boolean, mark = found.groups()
        parts.append(
            mark
            or number
            or (boolean and boolean.title())
            or repr(text_of(text) if name is None else name.replace("``", "`"))
        )
        at = found.end()
    return eval("".join(parts), {"__builtins__": {}})  # noqa: S307 - made of literals just above


MERGE_NODE = re.compile(
    r"UNWIND \$rows AS row\nMERGE \(x:`GraphCache(\w+)` \{`(\w+)`: row\.`\2`\}\)\nSET x:`\1`(.*);",
    re.DOTALL,
)
MERGE_EDGE = re.compile(
    r"UNWIND \$rows AS row\n"
    r"MATCH \(a:`GraphCache(\w+)` \{`(\w+)`: row\.`from`\}\)\n"
    r"MATCH \(b:`GraphCache(\w+)` \{`(\w+)`: row\.`to`\}\)\n"
    r"MERGE \(a\)-\[x:`(\w+)`\]->\(b\)(?:\nSET (.*))?;",
    re.DOTALL,
)
SET = re.compile(r"x\.`((?:[^`]|``)+)` = row\.`((?:[^`]|``)+)`")


def from_cypher(script: Path) -> Graph:
    """The graph that the script makes of nothing."""
    comment, *lines = script.read_bytes().decode().split("\n")
    assert comment.startswith("// ")
    prepared = [*constraints(), "CALL db.awaitIndexes(300)"]
    assert lines[: len(prepared)] == [f"{statement};" for statement in prepared]
    made = Graph()
    blocks = re.split(r"^:param ", "\n".join(lines[len(prepared) :]), flags=re.MULTILINE)
    assert blocks[0] == ""
    for block in blocks[1:]:
        # To cypher-shell a command ends with its line.
        parameters, _, statement = block.partition("\n")
        found = re.fullmatch(r"\{rows: (.*)\}", parameters)
        assert found
        run(made, statement.rstrip("\n"), value_of(found[1]))
    return made


def run(made: Graph, statement: str, rows: list[Properties]) -> None:
    """Do with the rows what the statement says."""
    assert len(rows) <= 1_000
    if node := MERGE_NODE.fullmatch(statement):
        type_, key, sets = node.groups()
        assert key == node_type(type_).key
        for row in rows:
            made.nodes.setdefault((type_, row[key]), {key: row[key]}).update(chosen(sets, row))
        return
    edge = MERGE_EDGE.fullmatch(statement)
    assert edge, statement
    start, start_key, end, end_key, type_, sets = edge.groups()
    assert (start_key, end_key) == (node_type(start).key, node_type(end).key)
    for row in rows:
        if (start, row["from"]) in made.nodes and (end, row["to"]) in made.nodes:
            made.edges[type_, row["from"], row["to"]] = chosen(sets or "", row)


def chosen(sets: str, row: Properties) -> Properties:
    """The properties that SET takes from a row."""
    names = SET.findall(sets)
    assert re.sub(r"^, ", "", sets) == ", ".join(f"x.`{a}` = row.`{b}`" for a, b in names)
    assert all(to == from_ for to, from_ in names)
    return {n: row[n] for n in (to.replace("``", "`") for to, _ in names) if n in row}


@pytest.mark.slow
@tries(40)
@given(graph=graphs())
def test_the_script_loses_nothing(tmp_path: Path, graph: Any) -> None:
    tables = Tables.from_networkx(graph)
    export(tables, "cypher", tmp_path / "graph.cypher")
    assert from_cypher(tmp_path / "graph.cypher") == graph_of(tables)


@pytest.mark.slow
def test_the_script_of_real_pages(tmp_path: Path, examples: Tables) -> None:
    export(examples, "cypher", tmp_path / "graph.cypher")
    assert from_cypher(tmp_path / "graph.cypher") == graph_of(examples)


@pytest.mark.slow
def test_the_script_takes_a_thousand_rows_at_a_time(tmp_path: Path) -> None:
    graph = small_tables().to_networkx()
    graph.add_nodes_from(("Package", f"p{number}") for number in range(2_500))
    tables = Tables.from_networkx(graph)
    export(tables, "cypher", tmp_path / "graph.cypher")
    assert from_cypher(tmp_path / "graph.cypher") == graph_of(tables)
    assert (tmp_path / "graph.cypher").read_text().count("MERGE (x:`GraphCachePackage`") == 3


@given(any_text)
def test_a_text_is_a_literal_of_one_line(text: str) -> None:
    literal = text_literal(text)
    assert value_of(literal) == text
    assert literal.isprintable() or not text.isprintable()
    assert all(0x20 <= ord(character) < 0x7F or ord(character) > 0xFFFF for character in literal)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_it_was(number: float) -> None:
    assert value_of(number_literal(number)) == number


@pytest.mark.parametrize(
    ("number", "literal"),
    [(float("nan"), "0.0/0.0"), (float("inf"), "1.0/0.0"), (float("-inf"), "-1.0/0.0")],
)
def test_what_is_no_number_is_a_division(number: float, literal: str) -> None:
    assert number_literal(number) == literal
