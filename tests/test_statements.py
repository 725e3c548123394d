"""The Cypher that graphcache makes, and how it tells what only reads.

`golden/statements/embedded.cypher` is written anew by `make golden`.
"""

from __future__ import annotations

import os
from pathlib import Path

import ladybug
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcache import QueryError
from graphcache.schema import all_types, edge_type, node_type, quote
from graphcache.stores.statements import (
    EMBEDDED_TYPES,
    MACROS,
    check_parameters,
    check_reads,
    create_table,
    match_all,
    match_keys,
    match_neighbours,
)
from graphcache.tables.columns import ARROW_TYPES, arrow_schema

GOLDEN = Path(__file__).parent / "golden/statements/embedded.cypher"


# Statements that are made -------------------------------------------------------------------------


def test_golden_create_statements() -> None:
    made = "".join(f"{create_table(type_, arrow_schema(type_))};\n" for type_ in all_types())
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(made)
    assert made == GOLDEN.read_text()


def test_every_type_a_property_can_have_has_a_column_type() -> None:
    schema = pa.schema([("name", pa.string()), *((f"a {n}", t) for n, t in ARROW_TYPES.items())])
    assert create_table(node_type("Package"), schema) == (
        "CREATE NODE TABLE `Package`(`name` STRING, `a text` STRING, `a integer` INT64, "
        "`a boolean` BOOL, `a list of text` STRING[], `a number` DOUBLE, "
        "`a list of integers` INT64[], `a list of numbers` DOUBLE[], PRIMARY KEY(`name`))"
    )
    assert EMBEDDED_TYPES.keys() == ARROW_TYPES.keys()


def test_an_edge_table_keeps_the_columns_of_a_script() -> None:
    schema = pa.schema(
        [("from", pa.string()), ("to", pa.string()), ("weight", pa.float64()), ("a`b", pa.int64())]
    )
    assert create_table(edge_type("EXTENDS"), schema) == (
        "CREATE REL TABLE `EXTENDS`(FROM `Target` TO `Target`, `weight` DOUBLE, `a``b` INT64)"
    )


def test_statements_that_read_name_every_column() -> None:
    assert match_all(node_type("Compiler"), ["spec", "a`b"]) == (
        "MATCH (x:`Compiler`) RETURN x.`spec` AS `spec`, x.`a``b` AS `a``b`"
    )
    assert match_all(edge_type("IN_STACK"), ["releases", "root"]) == (
        "MATCH (a:`Spec`)-[x:`IN_STACK`]->(b:`Stack`) RETURN a.`hash` AS `from`, "
        "b.`name` AS `to`, x.`releases` AS `releases`, x.`root` AS `root`"
    )
    assert match_all(edge_type("FOR_TARGET"), [], lambda name: f"My{name}") == (
        "MATCH (a:`MySpec`)-[x:`FOR_TARGET`]->(b:`MyTarget`) "
        "RETURN a.`hash` AS `from`, b.`name` AS `to`"
    )
    assert match_keys(edge_type("BUILT_WITH"), ["languages"]) == (
        "UNWIND $keys AS key MATCH (a:`Spec`)-[x:`BUILT_WITH`]->(b:`Compiler`) "
        "WHERE a.`hash` = key "
        "RETURN a.`hash` AS `from`, b.`spec` AS `to`, x.`languages` AS `languages`"
    )
    pattern = "UNWIND $keys AS key MATCH (a:`Spec`)-[x:`OF_PACKAGE`]->(b:`Package`) "
    assert match_neighbours(edge_type("OF_PACKAGE"), outward=True) == (
        pattern + "WHERE a.`hash` = key RETURN DISTINCT b.`name`"
    )
    assert match_neighbours(edge_type("OF_PACKAGE"), outward=False) == (
        pattern + "WHERE b.`name` = key RETURN DISTINCT a.`hash`"
    )
    assert match_neighbours(edge_type("OF_PACKAGE"), outward=False, few=True) == (
        "MATCH (a:`Spec`)-[x:`OF_PACKAGE`]->(b:`Package`) WHERE b.`name` IN $keys "
        "RETURN DISTINCT a.`hash`"
    )


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("name", "`name`"),
        ("a b", "`a b`"),
        ("a`b", "`a``b`"),
        ("`", "````"),
        ("``) DETACH DELETE x //", "`````) DETACH DELETE x //`"),
        ("é\n'\"\\", "`é\n'\"\\`"),
    ],
)
def test_quote(name: str, quoted: str) -> None:
    assert quote(name) == quoted


NAMES = ["name", "a b", "a`b", "`", "``", "x`) RETURN 1 //", "é中", "'\"", "//", "/* ; */", "$x"]


def test_quoted_names_and_the_statements_are_what_ladybugdb_takes() -> None:
    database = ladybug.Database(":memory:")
    connection = ladybug.Connection(database)
    try:
        for statement in [*MACROS, *GOLDEN.read_text().split(";\n")[:-1]]:
            connection.execute(statement)
        columns = ", ".join(f"{n} AS {quote(name)}" for n, name in enumerate(NAMES))
        result = connection.execute(f"RETURN {columns}")
        assert not isinstance(result, list)
        assert result.get_column_names() == NAMES
        assert result.get_next() == list(range(len(NAMES)))
    finally:
        connection.close()
        database.close()


# Statements that are taken ------------------------------------------------------------------------

READING = [
    "MATCH (s:Spec) RETURN s.hash",
    "  \n\tmatch (s) return s",
    "OPTIONAL MATCH (s:Spec) RETURN s",
    "UNWIND [1] AS x RETURN x",
    "WITH 1 AS x RETURN x",
    "RETURN 1",
    "RETURN 1;",
    "RETURN 1 ; \n ;",
    "RETURN/* no space */1",
    "RETURN 1 // a comment; and more",
    "// a comment; first\nRETURN 1",
    "/* a; comment */ RETURN 1 /* ; */",
    "/* // */ RETURN 1",
    "// /*\nRETURN 1 // */",
    "RETURN 'a;b'",
    'RETURN "a;b"',
    "RETURN 'it\\'s; fine'",
    'RETURN "say \\"; \\" twice"',
    "RETURN '\\\\'",
    'RETURN "it\'s; fine"',
    "RETURN '// no comment', 1",
    "RETURN '/* no comment', 1",
    "RETURN 1 AS `a;b`",
    "RETURN 1 AS `a``;b`",
    "RETURN 1 AS `'`, 2 AS `;`",
    "RETURN 'é中😀;'",
    "CALL show_tables() RETURN name",
    "EXPLAIN RETURN 1",
    "explain logical return 1",
    "PROFILE RETURN 1",
]


@pytest.mark.parametrize("cypher", READING)
def test_one_reading_statement_is_taken(cypher: str) -> None:
    check_reads(cypher)


SEVERAL = "expected one statement, found several: run them one by one"
EMPTY = "the query is empty: expected one Cypher statement, such as MATCH (p:Package) RETURN p.name"
EXPECTED = (
    "a query only reads: expected MATCH, OPTIONAL, UNWIND, WITH, RETURN, CALL, EXPLAIN or PROFILE "
    "at its start, found "
)


@pytest.mark.parametrize(
    ("cypher", "said"),
    [
        ("", EMPTY),
        (" \n\t", EMPTY),
        (";", EMPTY),
        ("// only a comment", EMPTY),
        ("/* only\na comment */ ;", EMPTY),
        ("RETURN 1; RETURN 2", SEVERAL),
        ("RETURN 1;\nCREATE (:Package {name: 'x'})", SEVERAL),
        ("RETURN 1; // and\nDROP TABLE Spec", SEVERAL),
        ("RETURN 'a'; DROP TABLE Spec //'", SEVERAL),
        ("RETURN 'a\\\\'; DROP TABLE Spec //'", SEVERAL),
        ('RETURN "a\\\\"; DROP TABLE Spec //"', SEVERAL),
        ("RETURN 1 AS `a\\`; DROP TABLE Spec //`", SEVERAL),
        ("RETURN 1 /* */; DROP TABLE Spec /* */", SEVERAL),
        ("RETURN 1 /* /* */ ; DROP TABLE Spec */", SEVERAL),
        ("RETURN 1 // \r\n; DROP TABLE Spec", SEVERAL),
        ("CREATE (:Package {name: 'x'})", EXPECTED + "CREATE"),
        ("MERGE (:Package {name: 'x'})", EXPECTED + "MERGE"),
        ("DROP TABLE Spec", EXPECTED + "DROP"),
        ("ALTER TABLE Spec ADD x INT64", EXPECTED + "ALTER"),
        ("COPY (MATCH (s:Spec) RETURN s.*) TO 'x.csv'", EXPECTED + "COPY"),
        ("export database 'x'", EXPECTED + "EXPORT"),
        ("IMPORT DATABASE 'x'", EXPECTED + "IMPORT"),
        ("INSTALL httpfs", EXPECTED + "INSTALL"),
        ("LOAD EXTENSION httpfs", EXPECTED + "LOAD"),
        ("LOAD FROM 'x.csv' RETURN *", EXPECTED + "LOAD"),
        ("ATTACH 'x.db' AS x", EXPECTED + "ATTACH"),
        ("BEGIN TRANSACTION", EXPECTED + "BEGIN"),
        ("CHECKPOINT", EXPECTED + "CHECKPOINT"),
        ("/* MATCH */ COPY Spec FROM 'x.csv'", EXPECTED + "COPY"),
        ("// MATCH\nDROP TABLE Spec", EXPECTED + "DROP"),
        ("EXPLAIN COPY Spec TO 'x.csv'", EXPECTED + "COPY"),
        ("PROFILE COPY (RETURN 1) TO 'x.csv'", EXPECTED + "COPY"),
        ("profile\nlogical\nexport database 'x'", EXPECTED + "EXPORT"),
        ("EXPLAIN/* */EXPORT DATABASE 'x'", EXPECTED + "EXPORT"),
        ("EXPLAIN\u180eEXPORT DATABASE 'x'", EXPECTED + "EXPORT"),
        ("EXPLAIN EXPLAIN PROFILE INSTALL httpfs", EXPECTED + "INSTALL"),
        ("EXPLAIN", EXPECTED + "EXPLAIN"),
        ("RETURNS 1", EXPECTED + "RETURNS"),
        ("(MATCH (s) RETURN s)", EXPECTED + "(MATCH (s) RETURN s)"),
        ("🙂 RETURN 1", EXPECTED + "🙂 RETURN 1"),
    ],
)
def test_anything_else_is_refused(cypher: str, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_reads(cypher)
    assert str(caught.value) == said


STARTS = st.sampled_from(["RETURN 1 ", "EXPLAIN ", "PROFILE", "// ", "/*", ""])
PIECES = st.sampled_from(
    [
        *("'", '"', "`", "\\", "//", "/*", "*/", "\n", "\r", " ", "\u180e", "\ufeff", ";", "--"),
        *("RETURN 1", "EXPLAIN", "LOGICAL", "COPY (RETURN 1) TO 'x'", "EXPORT DATABASE 'x'", "é"),
    ]
)


@given(start=STARTS, rest=st.lists(PIECES, max_size=10).map("".join))
def test_no_text_that_is_taken_writes_or_holds_a_second_statement(
    start: str, rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LadybugDB itself says how many statements a text is, and where it writes."""
    try:
        check_reads(start + rest)
    except QueryError:
        return
    monkeypatch.chdir(tmp_path)
    database = ladybug.Database(":memory:")
    connection = ladybug.Connection(database)
    try:
        result = connection.execute(start + rest)
    except RuntimeError:
        return
    finally:
        connection.close()
        database.close()
    assert not isinstance(result, list)
    assert not list(tmp_path.iterdir())


# Parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cypher", "given_names"),
    [
        ("RETURN 1", set()),
        ("RETURN $x", {"x"}),
        ("RETURN $x, $x, $long_name1", {"x", "long_name1", "more"}),
        ("RETURN '$x', \"$y\", 1 AS `$z` // $a\n/* $b */", set()),
        ("RETURN $é", {"é"}),
    ],
)
def test_parameters_that_are_given_are_enough(cypher: str, given_names: set[str]) -> None:
    check_parameters(cypher, dict.fromkeys(given_names))


@pytest.mark.parametrize(
    ("cypher", "said"),
    [
        ("RETURN $x", "the query needs $x: give it as a parameter, x=VALUE"),
        ("RETURN $b + $a + $b + $c", "the query needs $a, $b: give it as a parameter, a=VALUE"),
        ("RETURN '$c', $X", "the query needs $X: give it as a parameter, X=VALUE"),
        ("RETURN 'it\\'s $c', $d", "the query needs $d: give it as a parameter, d=VALUE"),
    ],
)
def test_parameters_that_are_missing_are_named(cypher: str, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        check_parameters(cypher, {"c": 1})
    assert str(caught.value) == said
