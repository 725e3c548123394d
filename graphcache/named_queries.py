"""A named query: what it takes and gives, and how a store is asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from graphcache import kinds
from graphcache.answers import Answer, notes_on_dependencies
from graphcache.errors import UsageError, did_you_mean
from graphcache.kinds import KINDS, Kind
from graphcache.spack.compilers import compiler_key
from graphcache.spack.versions import version_key
from graphcache.told import Told, notes_on_told

if TYPE_CHECKING:
    from graphcache.analysis.matching.choosing import Chosen
    from graphcache.stores.base import Store

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

PACKAGE = "package"
"""The parameter that a spec is, and that says of which package a version is: the first one."""
_HASHES = "hashes"
"""What a statement knows the specs by that are as a spec asks."""
_MORE_THAN_A_NAME = re.compile(r"[\s/@%^+~=]|^-")
"""What a package's name has not, and any other spec has."""
PYTHON_TYPES: dict[str, type] = {"integer": int, "boolean": bool, "list of text": list}
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

        >>> from graphcache.queries import load_library
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

        >>> from graphcache.queries import load_library
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
                    f"{bound[PACKAGE]}: expected the name of a package, since no store is given: "
                    "only that says which hashes a spec stands for"
                )
            found, notes = self._looked_up(store, bound, None)
            if found[_HASHES] == []:
                raise UsageError(f"{bound[PACKAGE]}: {'. '.join(notes)}")
            bound |= found
        return fill_in(self.cypher, bound, limit)

    def needs_store(self, values: Mapping[str, Any]) -> bool:
        """Whether a statement can be written for the values only with a store: for a spec.

        >>> from graphcache.queries import load_library
        >>> query = load_library()["variants-of"]
        >>> query.needs_store({"package": "hdf5"}), query.needs_store({"package": "hdf5+mpi"})
        (False, True)
        """
        return self._takes_spec and bool(_MORE_THAN_A_NAME.search(str(values.get(PACKAGE, ""))))

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
                package = found[PACKAGE]
                found[p.name] = kinds.look_up_version(store, package, text, timeout=timeout)
            elif p.type == "spec":
                found[PACKAGE], hashes, notes = _specs_of_package(store, text)
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


def _bind(query: str, parameter: Parameter, values: Mapping[str, Any]) -> Any:
    value: Any = values.get(parameter.name, parameter.default)
    if value is None:
        raise UsageError(f"{query}: {parameter.name} is missing: {parameter.doc}")
    if isinstance(value, tuple):
        value = list(value)
    fits = type(value) is PYTHON_TYPES.get(parameter.type, str)
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
