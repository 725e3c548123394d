"""A store that answers what the commands ask, by the same names: `store.why("zlib-ng")`.

Each question is declared once, by the function of `graphcache.analysis` that answers it. The method
reads of the store what that function reads; its arguments, types and words are the function's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from graphcache import analysis, arguments, health, stores
from graphcache.analysis.changes import Diff
from graphcache.analysis.machines.machine import this_libc, this_os, this_target
from graphcache.analysis.sides import diff_by_name
from graphcache.answers import Answer, Verb
from graphcache.queries import load_library, named_query
from graphcache.sources.gather import read
from graphcache.spack.libc import Libc
from graphcache.stores.embedded.store import EmbeddedStore
from graphcache.tables import Tables

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Environment = Tables | str | PathLike[str]
"""The tables of an environment, or the path of its lock file."""
_EXAMPLES = "\n    >>>"


def _asked(
    function: Verb[Concatenate[Tables, _P], _R],
) -> Callable[Concatenate[stores.Store, _P], _R]:
    """The method of a store that asks a function of tables."""

    def ask(self: stores.Store, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        with _checked(ask, function, self, *args, **kwargs):
            return function(self.part(function.reads), *args, **kwargs)

    _describe(ask, function, "self")
    return ask


def _asked_of_environment(
    function: Verb[Concatenate[Tables, Tables, _P], _R],
) -> Callable[Concatenate[stores.Store, _Environment, _P], _R]:
    """The method of a store that asks a function of an environment's tables and the store's."""

    def ask(
        self: stores.Store, environment: _Environment, /, *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        with _checked(ask, function, self, environment, *args, **kwargs):
            if not isinstance(environment, Tables):
                environment, _ = read(environment)
            return function(environment, self.part(function.reads), *args, **kwargs)

    _describe(ask, function, "self", "environment")
    return ask


def _describe(ask: Callable[..., Any], function: Any, *first: str) -> None:
    """Have `help` show a method as the function that it asks, with the arguments that it takes.

    The examples are left out, since they give tables.
    """
    words, _, _ = (inspect.getdoc(function) or "").partition(_EXAMPLES.replace("    ", ""))
    ask.__name__ = function.__name__
    ask.__qualname__ = f"Store.{function.__name__}"
    ask.__doc__ = (
        f"{words.rstrip()}\n\nAs `graphcache.analysis.{function.__name__}`, of this store."
    )
    signature = inspect.signature(function)
    others = list(signature.parameters.values())[len(first) :]
    named = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in first]
    ask.__dict__["__signature__"] = signature.replace(parameters=[*named, *others])


@contextmanager
def _checked(
    ask: Callable[..., Any], function: Callable[..., Any], *args: Any, **kwargs: Any
) -> Iterator[None]:
    """Refuse arguments of a wrong kind, and let an error name the argument that it is about."""
    given = inspect.signature(ask).bind(*args, **kwargs).arguments
    given.pop("self")
    hints = {**arguments.hints_of(function), "environment": _Environment}
    arguments.check(given, hints)
    with arguments.named(given):
        yield


class Store(stores.Store):
    """A graph that answers Cypher, and what the commands ask; it closes itself after a `with`.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/site/develop")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         found = store.find("hdf5 +mpi ^openmpi@5", stack="io")
    ...         most = store.run("most-needed", limit=1)
    >>> len(found), most.to_dicts()
    (1, [{'package': 'gcc', 'dependents': 204, 'uses': 494}])
    """

    find = _asked(analysis.find)
    """The specs that are as is asked; see `graphcache.analysis.find`."""

    _usable = _asked(analysis.usable)

    def usable(
        self,
        specs: str | Iterable[str],
        target: str | None = None,
        os: str | None = None,
        *,
        libc: str | Libc | None = None,
        stack: str | None = None,
        release: str | None = None,
        every: bool = False,
    ) -> Answer:
        """The binaries that Spack would take on a machine; see `graphcache.analysis.usable`.

        What is not told is taken from this machine, as by the command: the C library, if no `os`
        is given either; the target, and with both of these the operating system.

        Raises:
            UsageError: as `find` does; or the library is none, or this machine is not known.
            NotKnownError: of none of what would do it is known whether the cache holds it.
        """
        if os is None and libc is None:
            libc = this_libc()
            os = this_os() if target is None else None
        place: dict[str, Any] = {"stack": stack, "release": release, "every": every}
        return self._usable(specs, target or this_target(), os, libc=libc, **place)

    why = _asked(analysis.why)
    """The roots that need specs; see `graphcache.analysis.why`."""

    impact = _asked(analysis.impact)
    """What a change to specs touches; see `graphcache.analysis.impact`."""

    advisories = _asked(analysis.advisories)
    """What security advisories touch; see `graphcache.analysis.advisories`."""

    sbom = _asked(analysis.sbom)
    """A bill of material; see `graphcache.analysis.sbom`."""

    rebuilds = _asked(analysis.rebuilds)
    """The causes of rebuilds; see `graphcache.analysis.rebuilds`."""

    unify = _asked(analysis.unify)
    """What would make most builds one; see `graphcache.analysis.unify`."""

    prune_plan = _asked(analysis.prune_plan)
    """What nothing that is kept needs; see `graphcache.analysis.prune_plan`."""

    keeplist = _asked(analysis.keeplist)
    """The hashes that Spack's prune is to keep; see `graphcache.analysis.keeplist`."""

    diff_specs = _asked(analysis.diff_specs)
    """In what two specs differ; see `graphcache.analysis.diff_specs`."""

    def diff(
        self, old: str, new: str, *, kind: str | None = None, release: str | None = None
    ) -> Diff:
        """What is added, removed, rebuilt and changed between two releases or two stacks.

        Args:
            old: the name of a release or stack.
            new: the name of another one.
            kind: `release` or `stack`; found out, if None.
            release: with two stacks, only what is in this release.

        Returns:
            `summary`, `packages` and `specs`, each an `Answer`; see `graphcache.analysis.diff`.
            Of two specs `diff_specs` says in what they differ; two stores are compared by
            `analysis.diff(one.tables(), other.tables())`.

        Raises:
            UsageError: the graph has no such release or stack, or both of a name.
        """
        given = {"old": old, "new": new, "kind": kind, "release": release}
        arguments.check(given, arguments.hints_of(Store.diff))
        with arguments.named(given):
            return diff_by_name(self.part(diff_by_name.reads), (old, new), kind, release)

    coverage = _asked_of_environment(analysis.coverage)
    """Which specs of an environment, or of its lock file, the cache holds; see
    `graphcache.analysis.coverage`."""

    def check(self) -> list[health.Finding]:
        """All that may be wrong, with what was found of it; see `graphcache.health.check`."""
        return health.check(self)

    def run(
        self,
        query: str,
        /,
        *,
        limit: int | None = None,
        timeout: float | None = None,
        **parameters: Any,
    ) -> Answer:
        """Ask a named query: `store.run("redundant-builds", release="develop", limit=10)`.

        The answer has at most `limit` rows, in at most `timeout` seconds. `parameters` are those
        of the query; `graphcache.queries.load_library` lists all queries with theirs.

        Raises:
            UsageError: there is no such query or parameter, or the graph has nothing of a name.
            NotKnownError: no source told what the query stands on.
            QueryError: it takes too long.
        """
        given = {"query": query, "limit": limit, "timeout": timeout}
        arguments.check(given, arguments.hints_of(Store.run))
        with arguments.named(parameters):
            found = named_query(load_library(), query)
            return found.run(self, parameters, limit=limit, timeout=timeout)


class _File(Store, EmbeddedStore):
    """A store in a file."""


def open_store(
    location: str | PathLike[str],
    *,
    password: str | None = None,
    database: str | None = None,
    wait: float = 0,
) -> Store:
    """Open a store to read: the path of an embedded store, or the URI of a Neo4j server.

    Args:
        location: a path, or a URI such as `neo4j://localhost:7687`.
        password: for a server; else NEO4J_PASSWORD. The user is NEO4J_USERNAME, else `neo4j`.
        database: for a server; else NEO4J_DATABASE, else the user's own.
        wait: for how many seconds to try while a server does not answer.

    Raises:
        StoreError: there is none, or it is locked, damaged, foreign or of another format; or the
            server does not answer or refuses.
        UsageError: the URI is of another scheme, or there is no password.
    """
    if not stores.is_server(fspath(location)):
        return _File(Path(location))
    from graphcache.stores.neo4j.store import Login, Neo4jStore

    class Server(Store, Neo4jStore):
        """A store on a server, whose driver is loaded for nobody else."""

    login = Login.from_environment(password)
    return Server(fspath(location), login, database=database, wait=wait)
