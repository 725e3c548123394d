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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from graphcache import kinds
from graphcache.answers import Answer, notes_on_dependencies
from graphcache.errors import UsageError, did_you_mean
from graphcache.kinds import KINDS, Kind
from graphcache.spack.compilers import compiler_key
from graphcache.spack.versions import version_key
from graphcache.told import Told, notes_on_told, parse_told

if TYPE_CHECKING:
    from graphcache.analysis.matching.choosing import Chosen
    from graphcache.stores.base import Store

__all__ = ["Column", "NamedQuery", "Parameter", "load_library", "named_query"]

Theme = Literal[
    "packages",
    "stacks",
    "releases",
    "compilers",
    "targets",
    "builds",
    "dependencies",
    "health",
    "others",
]
THEMES: tuple[Theme, ...] = get_args(Theme)
"""What a query can be about, in the order in which lists show them."""

_PlainType = Literal["text", "integer", "boolean", "list of text", "version", "spec"]
ParameterType = _PlainType | Kind
PARAMETER_TYPES: tuple[ParameterType, ...] = (*get_args(_PlainType), *KINDS)
ColumnType = Literal[
    "text",
    "integer",
    "number",
    "boolean",
    "version",
    "compiler",
    "list of text",
    "list of versions",
    "list of compilers",
]
_LISTS: dict[ColumnType, Callable[[str], Any]] = {
    "list of text": str,
    "list of versions": version_key,
    "list of compilers": compiler_key,
}
"""How lists are sorted."""
_KEYS_OF_ROWS: dict[ColumnType, Callable[[str], Any]] = {
    "version": version_key,
    "compiler": compiler_key,
}
"""How rows are sorted by a column that is not in the order of its values."""

_KEYS = ("Theme", "Title", "Question", "Example", "Order", "Told", "Parameter", "Column")
_HEADER = re.compile(rf"// ({'|'.join(_KEYS)}): (.+)")
_PARAMETER = re.compile(
    r"(?P<name>[a-z]\w*) \((?P<type>[a-z ]+)(?:, default (?P<default>.+?))?\): (?P<doc>.+)"
)
_PACKAGE = "package"
"""The parameter that a spec is, and that says of which package a version is: the first one."""
_HASHES = "hashes"
"""What a statement knows the specs by that are as a spec asks."""
_ORDER = re.compile(r"(?P<name>\w+)(?P<desc> desc)?")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
_MORE_THAN_A_NAME = re.compile(r"[\s/@%^+~=]|^-")
"""What a package's name has not, and any other spec has."""
_TAKEN = frozenset(
    (
        *("store", "database", "password_file", "wait", "format", "all", "very_long"),
        *("limit", "timeout", "explain", "help"),
    )
)
"""Options that every query has."""
_PYTHON_TYPES: dict[str, type] = {"integer": int, "boolean": bool, "list of text": list}
"""Of parameters; of those of any other type, text."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query.

    A `target` is a CPU's name; the statement gets the list of all targets whose binaries run there.
    A `hash` may be cut short, and have a package before it, as in `zlib@1.2/bu5`; the statement
    gets the whole one. Of a `spec` it gets the package, and as `hashes` those that are as asked. A
    `version` is one that the package has which the query is asked of.
    """

    name: str
    type: ParameterType
    doc: str
    required: bool
    default: Any = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a query's answer; a list is sorted, one of versions as Spack orders them."""

    name: str
    type: ColumnType
    doc: str


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query of the library."""

    name: str
    theme: Theme
    title: str
    question: str
    parameters: tuple[Parameter, ...]
    columns: tuple[Column, ...]
    cypher: str
    example: str | None = None
    """Options to try it with."""
    order: tuple[tuple[str, bool], ...] = ()
    """Columns by which the rows are sorted, each with whether the highest comes first; none where
    the statement's own order is right."""
    told: Told | None = None
    """What some source must tell for an empty answer to mean something."""

    def bind(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The statement's parameters from the values given, with the defaults of the others.

        Raises:
            UsageError: a value is missing, unknown, of another type, or no known target.

        >>> load_library()["variants-of"].bind({"package": "hdf5"})
        {'package': 'hdf5', 'release': '', 'hashes': []}
        """
        known = {parameter.name for parameter in self.parameters}
        for name in values:
            if name not in known:
                expected = ", ".join(sorted(known)) or "none"
                raise UsageError(f"{self.name}: no parameter {name}: expected {expected}")
        bound = {p.name: _bind(self.name, p, values) for p in self.parameters}
        return bound | ({_HASHES: []} if self._takes_spec else {})

    @property
    def _takes_spec(self) -> bool:
        return any(p.type == "spec" for p in self.parameters)

    def explain(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        store: Store | None = None,
    ) -> str:
        """The statement that `run` asks, with the values written in: for Neo4j Browser, or to read.

        A store is asked nothing but which hashes a spec stands for, if that is more than a package.

        Raises:
            UsageError: the values do not fit; see `bind`. Or no LIMIT can be added to it; or a
                spec is given and no store.

        >>> print(load_library()["stack-roots"].explain({"stack": "e4s"}, limit=3))
        MATCH (s:Spec)-[x:IN_STACK]->(:Stack {name: 'e4s'})
        WHERE x.root
        RETURN s.name AS package, s.version AS version, s.hash AS hash, s.in_buildcache AS held
        ORDER BY package, version, hash
        LIMIT 3
        """
        from graphcache.stores.literals import fill_in

        bound = self.bind(values or {})
        if self.needs_store(bound):
            if store is None:
                raise UsageError(
                    f"{bound[_PACKAGE]}: expected the name of a package, since no store is given: "
                    "only that says which hashes a spec stands for"
                )
            found, notes = self._looked_up(store, bound, None)
            if found[_HASHES] == []:
                raise UsageError(f"{bound[_PACKAGE]}: {'. '.join(notes)}")
            bound |= found
        return fill_in(self.cypher, bound, limit)

    def needs_store(self, values: Mapping[str, Any]) -> bool:
        """Whether a statement can be written for the values only with a store: for a spec.

        >>> query = load_library()["variants-of"]
        >>> query.needs_store({"package": "hdf5"}), query.needs_store({"package": "hdf5+mpi"})
        (False, True)
        """
        return self._takes_spec and bool(_MORE_THAN_A_NAME.search(str(values.get(_PACKAGE, ""))))

    def run(
        self,
        store: Store,
        values: Mapping[str, Any] | None = None,
        *,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Ask a store; at most `limit` rows, in at most `timeout` seconds.

        Raises:
            UsageError: the values do not fit; see `bind`.
            QueryError: the store refuses the statement, or it takes too long.
            NotKnownError: it stands on dependencies, and none are known; or it has no rows, and no
                source told what it stands on.
        """
        values = values or {}
        bound = self.bind(values)
        # First, since what dependencies provide is a kind of names too.
        notes = _notes_on_dependencies(store) if "DEPENDS_ON" in self.cypher else []
        found, on_specs = self._looked_up(store, values, timeout)
        notes += on_specs
        if found.get(_HASHES) == []:
            return Answer([column.name for column in self.columns], [], notes=notes)
        all_rows = limit if not self.order else None
        answer = store.query(self.cypher, bound | found, limit=all_rows, timeout=timeout)
        if self.told is not None:
            empty = not answer.rows
            notes += notes_on_told(store, self.told, bound | found, empty=empty, timeout=timeout)
        rows = self._sorted(answer.rows)
        more = answer.more or (limit is not None and len(rows) > limit)
        return Answer(answer.columns, rows if limit is None else rows[:limit], more, notes)

    def _looked_up(
        self, store: Store, values: Mapping[str, Any], timeout: float | None
    ) -> tuple[dict[str, Any], list[str]]:
        """What parameters are in the graph, and what there is to say of specs that may be meant.

        Of a spec that nothing is like there are no hashes; a package alone is not among them.
        """
        found: dict[str, Any] = {}
        notes: list[str] = []
        for p in self.parameters:
            text, kind = values.get(p.name, p.default), _kind_in_graph(p)
            if kind is not None and (text or p.default != ""):
                found[p.name] = kinds.look_up(store, kind, text, timeout=timeout)
            elif p.type == "version" and text:
                package = found[_PACKAGE]
                found[p.name] = kinds.look_up_version(store, package, text, timeout=timeout)
            elif p.type == "spec":
                found[_PACKAGE], hashes, notes = _specs_of_package(store, text)
                found |= {} if hashes is None else {_HASHES: hashes}
        return found, notes

    def _sorted(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """The rows in their order, and lists in theirs: stores collect in any."""
        lists = {i: _LISTS[c.type] for i, c in enumerate(self.columns) if c.type in _LISTS}
        ordered = [
            tuple(sorted(v, key=lists[i]) if i in lists and v else v for i, v in enumerate(row))
            for row in rows
        ]
        places = {column.name: i for i, column in enumerate(self.columns)}
        for name, highest_first in reversed(self.order):
            at = places[name]
            ordered.sort(key=_row_key(at, self.columns[at].type), reverse=highest_first)
        return ordered


def _specs_of_package(store: Store, text: str) -> Chosen:
    from graphcache.analysis.matching.choosing import specs_of_package

    return specs_of_package(store, text)


def _notes_on_dependencies(store: Store) -> list[str]:
    ((specs, known),) = store.query(
        "MATCH (s:Spec) "
        "RETURN count(*), coalesce(sum(CASE WHEN s.dependencies_known THEN 1 ELSE 0 END), 0)"
    ).rows
    edges = store.query("MATCH (:Spec)-[d:DEPENDS_ON]->(:Spec) RETURN d.types LIMIT 1").rows
    return notes_on_dependencies(specs - known, specs, edges=bool(edges))


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
        raise UsageError(f"No query named {name!r}.{hint} 'graphcache query' lists all.")
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
    if any(p.type == "version" for p in parameters) and parameters[0].name != _PACKAGE:
        raise UsageError(f"{file}: expected the package of a version as the first parameter")
    specs = [p.name for p in parameters if p.type == "spec"]
    if specs not in ([], [_PACKAGE]) or (specs and parameters[0].name != _PACKAGE):
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
    if type(default) is not _PYTHON_TYPES.get(kind, str):
        raise UsageError(f"{place}: expected a default of type {kind}, found {match['default']}")
    return Parameter(match["name"], kind, match["doc"], required=False, default=default)


def _column(text: str, place: str) -> Column:
    match = _PARAMETER.fullmatch(text)
    if match is None or match["default"] or match["type"] not in get_args(ColumnType):
        expected = f"NAME (TYPE): MEANING, with TYPE one of {', '.join(get_args(ColumnType))}"
        raise UsageError(f"{place}: expected {expected}")
    kind: Any = match["type"]
    return Column(match["name"], kind, match["doc"])


def _bind(query: str, parameter: Parameter, values: Mapping[str, Any]) -> Any:
    value: Any = values.get(parameter.name, parameter.default)
    if value is None:
        raise UsageError(f"{query}: {parameter.name} is missing: {parameter.doc}")
    if isinstance(value, tuple):
        value = list(value)
    fits = type(value) is _PYTHON_TYPES.get(parameter.type, str)
    if not fits or (type(value) is list and not all(type(item) is str for item in value)):
        raise UsageError(f"{query}: {parameter.name}: expected {parameter.type}, found {value!r}")
    if parameter.type == "target":
        return _runs_on(query, parameter, value)
    return kinds.hash_in(value) if parameter.type == "hash" else value


def _kind_in_graph(parameter: Parameter) -> Kind | None:
    """The kind of names that a parameter takes, if it is one whose names the graph has."""
    return next((k for k in KINDS if k == parameter.type and k != "target"), None)


def _row_key(at: int, type_: ColumnType) -> Callable[[Sequence[Any]], Any]:
    """A key that sorts rows by a column; what is not known comes last, as Cypher has it."""
    key: Callable[[Any], Any] = _KEYS_OF_ROWS.get(type_, lambda value: value)
    return lambda row: (True, None) if row[at] is None else (False, key(row[at]))


def _runs_on(query: str, parameter: Parameter, target: str) -> list[str]:
    from graphcache.spack.targets import is_known, known_targets, runs_on

    if not is_known(target):
        raise UsageError(
            f"{query}: {parameter.name}: expected a target that archspec knows, "
            f"found {target!r}.{did_you_mean(target, known_targets())}"
        )
    return runs_on(target)
