"""Cypher made from the declaration and from Arrow schemas; no text of the data is ever in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pyarrow as pa

from graphcache.errors import QueryError, UsageError, what_to_do
from graphcache.schema import EdgeType, NodeType, node_type, quote
from graphcache.tables.columns import property_type

EMBEDDED_TYPES = {
    "text": "STRING",
    "integer": "INT64",
    "boolean": "BOOL",
    "list of text": "STRING[]",
    "number": "DOUBLE",
    "list of integers": "INT64[]",
    "list of numbers": "DOUBLE[]",
}

# Functions that Neo4j has and LadybugDB lacks, so that one query runs on both. A macro with CASE
# would make the file unreadable (0.22 fails an assertion on opening it), so head() and last(),
# which need one for the empty list, are not among them.
MACROS = (
    "CREATE MACRO type(r) AS label(r)",
    "CREATE MACRO split(s, d) AS string_split(s, d)",
    "CREATE MACRO tail(l) AS list_slice(l, 2, size(l))",
    "CREATE MACRO toString(x) AS cast(x, 'STRING')",
    "CREATE MACRO toInteger(x) AS to_int64(x)",
    "CREATE MACRO toFloat(x) AS to_double(x)",
)

TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | `[^`]*` | //[^\n]* | /\*.*?\*/""",
    re.VERBOSE | re.DOTALL,
)
"""A text, a quoted name or a comment: what is in it is no Cypher."""

_EXPLAINING = ("EXPLAIN", "PROFILE", "LOGICAL")
_READING = ("MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN", "CALL", "EXPLAIN", "PROFILE")


def create_table(type_: NodeType | EdgeType, schema: pa.Schema) -> str:
    """The embedded store's table for a type whose Arrow table has that schema.

    >>> from graphcache.tables.columns import arrow_schema
    >>> from graphcache.schema import edge_type
    >>> create_table(node_type("Package"), arrow_schema(node_type("Package")))
    'CREATE NODE TABLE `Package`(`name` STRING, PRIMARY KEY(`name`))'
    >>> create_table(edge_type("FOR_TARGET"), arrow_schema(edge_type("FOR_TARGET")))
    'CREATE REL TABLE `FOR_TARGET`(FROM `Spec` TO `Target`)'
    """
    is_edge = isinstance(type_, EdgeType)
    columns = [
        f"{quote(field.name)} {EMBEDDED_TYPES[property_type(field.type)]}"
        for field in schema
        if not (is_edge and field.name in ("from", "to"))
    ]
    if isinstance(type_, EdgeType):
        ends = f"FROM {quote(type_.start)} TO {quote(type_.end)}"
        return f"CREATE REL TABLE {quote(type_.name)}({', '.join([ends, *columns])})"
    key = f"PRIMARY KEY({quote(type_.key)})"
    return f"CREATE NODE TABLE {quote(type_.name)}({', '.join([*columns, key])})"


def match_all(
    type_: NodeType | EdgeType, names: list[str], label: Callable[[str], str] = str
) -> str:
    """A statement that returns a type's properties; of an edge its ends' keys before them.

    `label` gives the label of a node type, where a store has another one for its own nodes.

    >>> from graphcache.schema import edge_type
    >>> match_all(edge_type("EXTENDS"), [])
    'MATCH (a:`Target`)-[x:`EXTENDS`]->(b:`Target`) RETURN a.`name` AS `from`, b.`name` AS `to`'
    """
    return f"MATCH {_pattern(type_, label)} RETURN {_columns(type_, names)}"


def match_nodes_by_offset(type_: NodeType, names: list[str]) -> str:
    """What `match_all` asks for nodes, and last the number by which LadybugDB knows each.

    >>> match_nodes_by_offset(node_type("Package"), ["name"])
    'MATCH (x:`Package`) RETURN x.`name` AS `name`, offset(id(x))'
    """
    return f"{match_all(type_, names)}, offset(id(x))"


def match_edges_by_offset(type_: EdgeType, names: list[str]) -> str:
    """What `match_all` asks for edges, with LadybugDB's numbers in the place of the ends' keys.

    >>> from graphcache.schema import edge_type
    >>> print(match_edges_by_offset(edge_type("EXTENDS"), []))
    MATCH (a:`Target`)-[x:`EXTENDS`]->(b:`Target`) \
RETURN offset(id(a)) AS `from`, offset(id(b)) AS `to`
    """
    ends = ["offset(id(a)) AS `from`", "offset(id(b)) AS `to`"]
    properties = (f"x.{quote(name)} AS {quote(name)}" for name in names)
    return f"MATCH {_pattern(type_, str)} RETURN {', '.join([*ends, *properties])}"


def only_columns(
    type_: NodeType | EdgeType, columns: dict[str, str], only: Collection[str] | None
) -> dict[str, str]:
    """Of a type's columns those that are wanted, and the key.

    >>> only_columns(node_type("Spec"), {"hash": "text", "name": "text", "os": "text"}, ["os"])
    {'hash': 'text', 'os': 'text'}
    """
    if only is None:
        return columns
    wanted = {*only, *([type_.key] if isinstance(type_, NodeType) else [])}
    return {name: kind for name, kind in columns.items() if name in wanted}


def match_keys(
    type_: NodeType | EdgeType,
    names: list[str],
    label: Callable[[str], str] = str,
    *,
    few: bool = False,
) -> str:
    """The same for the nodes that $keys name, or the edges that start at them.

    `few` is for up to some 30 keys: LadybugDB joins them with all nodes, and reads all edges for
    it, unless they are a list that each node is held against.

    >>> match_keys(node_type("Package"), ["name"])
    'UNWIND $keys AS key MATCH (x:`Package`) WHERE x.`name` = key RETURN x.`name` AS `name`'
    >>> match_keys(node_type("Package"), ["name"], few=True)
    'MATCH (x:`Package`) WHERE x.`name` IN $keys RETURN x.`name` AS `name`'
    """
    start = f"a.{quote(node_type(type_.start).key)}" if isinstance(type_, EdgeType) else ""
    key = start or f"x.{quote(node_type(type_.name).key)}"
    return f"{_among_keys(_pattern(type_, label), key, few)} RETURN {_columns(type_, names)}"


def match_neighbours(
    type_: EdgeType, *, outward: bool, label: Callable[[str], str] = str, few: bool = False
) -> str:
    """A statement that returns the keys at the other ends of a type's edges at $keys."""
    here, there = ("a", "b") if outward else ("b", "a")
    ends = {"a": node_type(type_.start).key, "b": node_type(type_.end).key}
    at, other = f"{here}.{quote(ends[here])}", f"{there}.{quote(ends[there])}"
    return f"{_among_keys(_pattern(type_, label), at, few)} RETURN DISTINCT {other}"


def _among_keys(pattern: str, key: str, few: bool) -> str:
    if few:
        return f"MATCH {pattern} WHERE {key} IN $keys"
    return f"UNWIND $keys AS key MATCH {pattern} WHERE {key} = key"


def _pattern(type_: NodeType | EdgeType, label: Callable[[str], str]) -> str:
    if isinstance(type_, NodeType):
        return f"(x:{quote(label(type_.name))})"
    start, end = quote(label(type_.start)), quote(label(type_.end))
    return f"(a:{start})-[x:{quote(type_.name)}]->(b:{end})"


def _columns(type_: NodeType | EdgeType, names: list[str]) -> str:
    ends = []
    if isinstance(type_, EdgeType):
        start, end = node_type(type_.start).key, node_type(type_.end).key
        ends = [f"a.{quote(start)} AS `from`", f"b.{quote(end)} AS `to`"]
    return ", ".join([*ends, *(f"x.{quote(name)} AS {quote(name)}" for name in names)])


def without_tokens(cypher: str) -> str:
    """A statement without texts, quoted names and comments.

    >>> without_tokens("RETURN '$x', $y")
    'RETURN  , $y'
    """
    return TOKEN.sub(" ", cypher)


def check_parameters(cypher: str, given: Mapping[str, Any]) -> None:
    """Refuse a parameter that no store takes, or that is missing: LadybugDB would take it as null.

    Raises:
        QueryError: a parameter is missing; the message names it.
        UsageError: an integer has more than 64 bits, or a text can't be written in UTF-8.

    >>> check_parameters("RETURN $x, '$y'", {"x": 1})
    """
    missing = sorted(set(re.findall(r"\$(\w+)", without_tokens(cypher))) - set(given))
    if missing:
        names = ", ".join(f"${name}" for name in missing)
        raise what_to_do(
            QueryError,
            f"the query needs {names}: give it ",
            python=f"as a parameter, {missing[0]}=VALUE",
            at_shell=f"by --param {missing[0]}=VALUE",
        )
    for name, value in given.items():
        _check_value(name, value)


def _check_value(name: str, value: Any) -> None:
    inside = [value]
    while inside:
        one = inside.pop()
        if isinstance(one, str):
            try:
                one.encode()
            except UnicodeEncodeError:
                raise UsageError(f"{name}: expected text in UTF-8, found {one!r}") from None
        elif isinstance(one, int) and not -(2**63) <= one < 2**63:
            raise UsageError(f"{name}: expected an integer of 64 bits, found {one}")
        elif isinstance(one, Mapping):
            inside += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple):
            inside += one


def check_timeout(timeout: float | None) -> None:
    """Refuse a time limit that is none.

    Raises:
        UsageError: it is no number above 0.
    """
    if timeout is not None and not timeout > 0:
        raise UsageError(f"timeout: expected a number of seconds above 0, found {timeout}")


def check_reads(cypher: str) -> None:
    """Refuse what is not one reading statement, before any store sees it.

    A store's own refusal is not enough: an embedded store opened to read still runs COPY … TO,
    EXPORT and INSTALL, which write files.

    Raises:
        QueryError: it is empty, several statements, or begins with another word.

    >>> check_reads("MATCH (s:Spec) RETURN 'a;b' // no; comment counts")
    >>> check_reads("DROP TABLE Spec")
    Traceback (most recent call last):
        ...
    graphcache.errors.QueryError: a query only reads: expected MATCH, OPTIONAL, UNWIND, WITH, \
RETURN, CALL, EXPLAIN or PROFILE at its start, found DROP
    """
    bare = TOKEN.sub(lambda token: " " if token.group().startswith("/") else "x", cypher).strip()
    bare = bare.rstrip("; \t\r\n")
    if not bare:
        raise QueryError(
            "the query is empty: expected one Cypher statement, such as "
            "MATCH (p:Package) RETURN p.name"
        )
    if ";" in bare:
        raise QueryError("expected one statement, found several: run them one by one")
    words = re.findall(r"\w+", bare.upper()) if bare[0].isalpha() else []
    # Behind EXPLAIN and PROFILE some statements write all the same.
    first = next((word for word in words if word not in _EXPLAINING), "")
    if first not in _READING:
        expected = f"{', '.join(_READING[:-1])} or {_READING[-1]}"
        found = first or bare[:20]
        raise QueryError(f"a query only reads: expected {expected} at its start, found {found}")
