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

from graphcache import analysis, health, stores
from graphcache.analysis.machines.machine import this_libc, this_os, this_target
from graphcache.answers import Answer, Verb
from graphcache.errors import UsageError
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
        with _named_arguments(ask, self, *args, **kwargs):
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
        if not isinstance(environment, Tables):
            environment, _ = read(environment)
        with _named_arguments(ask, self, environment, *args, **kwargs):
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
def _named_arguments(ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Iterator[None]:
    """Let an error that begins with what was given for an argument name that: `stack='e4ss': …`."""
    given = inspect.signature(ask).bind(*args, **kwargs).arguments
    try:
        yield
    except UsageError as error:
        raise UsageError(_with_argument(str(error), given)) from error


def _with_argument(message: str, given: dict[str, Any]) -> str:
    for name, value in given.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            text = f"{one or 'an empty name'}: "
            if isinstance(one, str) and message.startswith(text):
                return f"{name}={one!r}: {message.removeprefix(text)}"
    return message


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
        try:
            found = named_query(load_library(), query)
            return found.run(self, parameters, limit=limit, timeout=timeout)
        except UsageError as error:
            raise UsageError(_with_argument(str(error), parameters)) from error


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
