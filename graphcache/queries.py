"""The library of named queries: `cypher/*.cypher`, and folders of a user's own.

A file holds one statement that runs on every store, behind a header of comment lines that says
what it is about, what it answers, which parameters it takes and which columns it gives:

    // Theme: builds
    // Title: Redundant builds
    // Question: Which packages are built again and again in the same configuration?
    // Example: --release develop --limit 10
    // Parameter: release (release, default ""): only this release; all of them if empty
    // Column: package (text): the package

A parameter's type may be a kind of names (`graphcache.kinds`): what is given is then held against
the graph before the statement is asked, but for the empty text where that is the default, which
stands for any. A `spec` is a package, or some of its specs as Spack takes them (`hdf5@1.14: +mpi`):
the statement gets the package, and as `$hashes` those of the specs that are as asked, or none where
the package alone was given:

    // Parameter: package (spec): the package, or a spec of it
    MATCH (s:Spec {name: $package}) WHERE size($hashes) = 0 OR s.hash IN $hashes

A store orders versions as text. Where rows are ordered by a column that holds versions or
compilers, the header repeats the statement's ORDER BY, and the rows are put in Spack's order:

    // Order: package, version desc
    // Column: version (version): its version

An empty answer means nothing where no source told what it stands on. A header names that, with who
tells it: an answer without rows is refused where nobody did, and any answer says of how much of the
graph it is not told:

    // Told: BUILT_WITH.languages by indexes, lock files and spec files of Spack 1

The theme is one of `THEMES`. A file may go without: a folder of few queries needs no themes, and
they are listed under `others`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

from graphcache.errors import UsageError, did_you_mean, what_to_do
from graphcache.named_queries import (
    PACKAGE,
    PARAMETER_TYPES,
    PYTHON_TYPES,
    THEMES,
    Column,
    ColumnType,
    NamedQuery,
    Parameter,
    Theme,
)
from graphcache.told import parse_told

__all__ = ["Column", "NamedQuery", "Parameter", "load_library", "named_query"]

_KEYS = ("Theme", "Title", "Question", "Example", "Order", "Told", "Parameter", "Column")
_HEADER = re.compile(rf"// ({'|'.join(_KEYS)}): (.+)")
_PARAMETER = re.compile(
    r"(?P<name>[a-z]\w*) \((?P<type>[a-z ]+)(?:, default (?P<default>.+?))?\): (?P<doc>.+)"
)
_ORDER = re.compile(r"(?P<name>\w+)(?P<desc> desc)?")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_TAKEN = frozenset(
    (
        *("store", "database", "password_file", "wait", "format", "all", "very_long"),
        *("limit", "timeout", "explain", "help"),
    )
)
"""Options that every query has."""


def load_library(*folders: Path) -> dict[str, NamedQuery]:
    """The queries that graphcache brings and those of the folders, by name, sorted.

    A query of a folder goes before one of the same name that stood before it.

    Raises:
        UsageError: a folder or file can't be read, or a header is not as it should be.

    >>> load_library()["redundant-builds"].title
    'Redundant builds'
    """
    queries = {}
    for folder in (builtin_folder(), *folders):
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder of queries")
        for path in folder.glob("*.cypher"):
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise UsageError(f"{path}: can't be read: {error}") from error
            queries[path.stem] = parse_query(path.stem, text, str(path))
    return dict(sorted(queries.items()))


def named_query(library: Mapping[str, NamedQuery], name: str) -> NamedQuery:
    """The query of that name.

    Raises:
        UsageError: there is none; it says which names are close.

    >>> named_query(load_library(), "stacks").title
    'Stacks'
    """
    if name not in library:
        hint = did_you_mean(name, library)
        raise what_to_do(
            UsageError,
            f"No query named {name!r}.{hint} ",
            python="graphcache.queries.load_library lists all.",
            at_shell="'graphcache query' lists all.",
        )
    return library[name]


def by_theme(queries: Iterable[NamedQuery]) -> dict[Theme, list[NamedQuery]]:
    """The queries of each theme that has any: themes in their order, queries by name.

    >>> list(by_theme(load_library().values()))[:3]
    ['packages', 'stacks', 'releases']
    """
    found = sorted(queries, key=lambda query: (THEMES.index(query.theme), query.name))
    return {theme: list(group) for theme, group in groupby(found, lambda query: query.theme)}


def builtin_folder() -> Path:
    """Where graphcache's own queries are: in the package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "cypher"
    return installed if installed.is_dir() else package.parent / "cypher"


def parse_query(name: str, text: str, file: str) -> NamedQuery:
    """A query from the text of its file.

    Raises:
        UsageError: the header is not as it should be; the message names file and line.

    >>> text = '''// Title: Packages
    ... // Question: Which packages are there?
    ... // Column: package (text): the package
    ... MATCH (p:Package) RETURN p.name AS package
    ... '''
    >>> parse_query("packages", text, "packages.cypher").question
    'Which packages are there?'
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{file}: expected a file name of a-z, 0-9 and -, found {name}")
    said: dict[str, str] = {}
    parameters: list[Parameter] = []
    columns: list[Column] = []
    lines = text.splitlines()
    body = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    for number, line in enumerate(lines[:body], start=1):
        header = _HEADER.fullmatch(line.rstrip())
        if header is None:
            expected = f"'// KEY: …' with KEY one of {', '.join(_KEYS)}"
            raise UsageError(f"{file}:{number}: expected {expected}; found {line[:60]!r}")
        key, value = header.groups()
        if key == "Parameter":
            parameters.append(_parameter(value, f"{file}:{number}"))
        elif key == "Column":
            columns.append(_column(value, f"{file}:{number}"))
        else:
            said[key] = value
    _check_parameters(parameters, file)
    for key in ("Title", "Question"):
        if key not in said:
            raise UsageError(f"{file}: expected a line '// {key}: …' at its beginning")
    cypher = "\n".join(lines[body:]).strip()
    if not cypher or not columns:
        raise UsageError(f"{file}: expected columns, and a statement behind the header")
    return NamedQuery(
        name,
        _theme(said.get("Theme", "others"), file),
        said["Title"],
        said["Question"],
        tuple(parameters),
        tuple(columns),
        cypher,
        said.get("Example"),
        _order(said.get("Order", ""), columns, file),
        parse_told(said.get("Told", ""), file),
    )


def _order(text: str, columns: Sequence[Column], place: str) -> tuple[tuple[str, bool], ...]:
    """The columns that a line names, each with whether the highest comes first."""
    order = []
    known = {column.name for column in columns}
    for part in filter(None, re.split(r",\s*", text)):
        match = _ORDER.fullmatch(part)
        if match is None or match["name"] not in known:
            expected = f"COLUMN or COLUMN desc, with COLUMN one of {', '.join(sorted(known))}"
            raise UsageError(f"{place}: Order: expected {expected}; found {part}")
        order.append((match["name"], match["desc"] is not None))
    return tuple(order)


def _check_parameters(parameters: Sequence[Parameter], file: str) -> None:
    for taken in _TAKEN.intersection(parameter.name for parameter in parameters):
        raise UsageError(f"{file}: parameter {taken}: an option of every query has this name")
    if any(p.type == "version" for p in parameters) and parameters[0].name != PACKAGE:
        raise UsageError(f"{file}: expected the package of a version as the first parameter")
    specs = [p.name for p in parameters if p.type == "spec"]
    if specs not in ([], [PACKAGE]) or (specs and parameters[0].name != PACKAGE):
        raise UsageError(f"{file}: expected one spec, called package, as the first parameter")


def _theme(text: str, file: str) -> Theme:
    for theme in THEMES:
        if theme == text:
            return theme
    raise UsageError(f"{file}: expected a theme, one of {', '.join(THEMES)}; found {text}")


def _parameter(text: str, place: str) -> Parameter:
    match = _PARAMETER.fullmatch(text)
    if match is None or match["type"] not in PARAMETER_TYPES:
        expected = "NAME (TYPE): MEANING, or NAME (TYPE, default JSON): MEANING, with TYPE one of "
        raise UsageError(f"{place}: expected {expected}{', '.join(PARAMETER_TYPES)}")
    kind: Any = match["type"]
    if match["default"] is None:
        return Parameter(match["name"], kind, match["doc"], required=True)
    try:
        default = json.loads(match["default"])
    except ValueError:
        default = None
    if type(default) is not PYTHON_TYPES.get(kind, str):
        raise UsageError(f"{place}: expected a default of type {kind}, found {match['default']}")
    return Parameter(match["name"], kind, match["doc"], required=False, default=default)


def _column(text: str, place: str) -> Column:
    match = _PARAMETER.fullmatch(text)
    if match is None or match["default"] or match["type"] not in get_args(ColumnType):
        expected = f"NAME (TYPE): MEANING, with TYPE one of {', '.join(get_args(ColumnType))}"
        raise UsageError(f"{place}: expected {expected}")
    kind: Any = match["type"]
    return Column(match["name"], kind, match["doc"])
