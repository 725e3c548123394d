"""Pytest fixtures: a real Neo4j server for whoever asks.

In a `conftest.py`: `pytest_plugins = ["neo4j_server.fixtures"]`. Then a test takes

- `neo4j_526`: the server of the session, 5.26. All tests on Neo4j run on it.
- `neo4j_2026`: the same, 2026.08.
- `neo4j_server`: the test runs once on each of the two. For the contract and parity suites.
- `neo4j_own`: a 5.26 for tests that kill, stop or reconfigure it; always made from the jars, with
  the settings of `docker-compose.yml`, TLS for who wants it, and little memory per transaction.

All of a session share a server, and Neo4j Community has one database: a test that needs it empty
calls `empty` first, and one that needs it without constraints too, `clear`. With pytest-xdist,
`--dist loadgroup` has all tests of a server run in one worker, so that each server is started once
and no two tests are on it at a time. All other tests of a module run in one worker too, so that
what its fixtures make is made once.

What the servers need and this machine lacks is brought here: see `tools`. Nothing is ever skipped;
a test of a full disk is there where the system lets a user mount a small one.
"""

import os
import subprocess
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import neo4j
import pytest

from .browser_files import serve_files
from .compose import ComposeServer, docker_works, settings
from .server import Neo4jServer, ServerError
from .tools import need_openssl

# The fixtures that start a server, in the order in which a test that takes several is grouped.
_SERVERS = ("neo4j_own", "neo4j_526", "neo4j_2026")
_LONGEST = (
    "neo4j_own",
    "neo4j_526",
    "spark",
    "neo4j_2026",
    "test_docs",
    "test_queries",
    "test_stores",
)
"""The groups of tests that take longest: they are begun first, so that none ends alone."""
_FIXTURE_OF = {"5.26": "neo4j_526", "2026.08": "neo4j_2026"}


class Server(Protocol):
    """What a test knows of a server, whoever runs it."""

    @property
    def uri(self) -> str:
        """Where drivers connect."""
        ...

    @property
    def username(self) -> str:
        """The user to connect as."""
        ...

    @property
    def password(self) -> str:
        """Their password."""
        ...

    @property
    def http_url(self) -> str:
        """Where HTTP is served."""
        ...

    def log_tail(self, lines: int = 40) -> str:
        """The end of the logs, if they can be read."""
        ...


@dataclass(frozen=True)
class GivenServer:
    """The server that `NEO4J_URI` names."""

    uri: str
    username: str
    password: str = field(repr=False)
    http_url: str

    def log_tail(self, lines: int = 40) -> str:
        """Nothing: its logs are elsewhere."""
        return f"(the logs of {self.uri} are not here)"


def driver_of(server: Server) -> neo4j.Driver:
    """A driver for a server, to be closed by the caller."""
    return neo4j.GraphDatabase.driver(server.uri, auth=(server.username, server.password))


def empty(server: Server) -> None:
    """Remove all nodes and edges; not the constraints, which take longest to make anew."""
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        # Edges first: to take a node with all of its edges, a server may have too little memory.
        for pattern, name in (("()-[e]->()", "e"), ("(n)", "n")):
            delete = f"CALL ({name}) {{ DELETE {name} }} IN TRANSACTIONS OF 2000 ROWS"
            session.run(f"MATCH {pattern} {delete}").consume()


def clear(server: Server) -> None:
    """Remove all nodes, edges, constraints and indexes.

    For a test that is about a server without them: each push after it has all its statements
    planned anew, for a second and a half of a processor.
    """
    empty(server)
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        for row in session.run("SHOW CONSTRAINTS YIELD name").data():
            session.run(f"DROP CONSTRAINT `{row['name']}`").consume()
        for row in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP'").data():
            session.run(f"DROP INDEX `{row['name']}`").consume()


@pytest.fixture(scope="session")
def neo4j_526(pytestconfig: pytest.Config) -> Iterator[Server]:
    """The 5.26 of the session: `NEO4J_URI`, else by Docker, else from the jars."""
    if os.environ.get("NEO4J_URI"):
        yield from _given(pytestconfig)
    elif docker_works():
        with ComposeServer() as composed:
            yield composed
    else:
        with Neo4jServer("5.26") as made:
            yield made


@pytest.fixture(scope="session")
def neo4j_2026() -> Iterator[Server]:
    """The 2026.08 of the session, from the jars."""
    with Neo4jServer("2026.08") as server:
        yield server


@pytest.fixture(scope="session")
def neo4j_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A 5.26 that tests may kill and stop, as long as they leave it running.

    A start takes as long as dozens of tests. So it has from the first one on what each of its tests
    needs, and no test starts it again for its settings alone.
    """
    certificate = tmp_path_factory.mktemp("certificate")
    _sign_a_certificate(certificate)
    with serve_files() as port:
        config = {
            **settings(browser_files_port=port),
            "db.memory.transaction.max": "14m",
            "internal.cypher.use_parameter_size": "true",  # as at users'
            "dbms.ssl.policy.bolt.enabled": "true",
            "dbms.ssl.policy.bolt.base_directory": str(certificate),
            "server.bolt.tls_level": "OPTIONAL",
        }
        with Neo4jServer("5.26", config=config) as server:
            yield server


def _sign_a_certificate(folder: Path) -> None:
    """A key, and a certificate that nobody but itself has signed, where Neo4j looks for them."""
    command = [need_openssl(), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", "private.key", "-out", "public.crt", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def neo4j_server(request: pytest.FixtureRequest) -> Server:
    """Each server in turn; see `pytest_generate_tests`."""
    server: Server = request.getfixturevalue(_FIXTURE_OF[request.param])
    return server


def _given(config: pytest.Config) -> Iterator[Server]:
    """The server of `NEO4J_URI`, which must be empty, and is again at the end."""
    if hasattr(config, "workerinput") and not config.getoption("loadgroup", False):
        raise ServerError("tests on the one server of NEO4J_URI: add --dist loadgroup, or -n 0")
    server = GivenServer(
        os.environ["NEO4J_URI"],
        os.environ.get("NEO4J_USERNAME", "neo4j"),
        os.environ.get("NEO4J_PASSWORD", ""),
        os.environ.get("NEO4J_HTTP_URL", "http://localhost:7474"),
    )
    with driver_of(server) as driver:
        nodes = driver.execute_query("MATCH (n) RETURN count(n)", database_="neo4j").records[0][0]
    if nodes:
        raise ServerError(
            f"The tests empty the server they run on, and {server.uri} holds {nodes:,} nodes. "
            "Unset NEO4J_URI, and the tests make a server of their own."
        )
    yield server
    clear(server)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `neo4j_server` runs on each release."""
    if "neo4j_server" in metafunc.fixturenames:
        metafunc.parametrize("neo4j_server", _FIXTURE_OF, indirect=True, scope="session")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # so that pytest-xdist comes in the midst of it
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Mark the tests on a server, and group them by it, the others by their module."""
    for item in items:
        if servers := _servers_of(item):
            item.add_marker("neo4j")
            item.add_marker(pytest.mark.xdist_group(servers[0]))
        elif not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    yield
    if not config.getoption("loadgroup", False):
        return
    if not all("@" in item.nodeid for item in items):
        raise pytest.UsageError(
            "this pytest-xdist does not group tests with this pytest, so that each worker would "
            "start all servers: install the versions of constraints.txt"
        )
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """The turn of a test's group, where each worker takes the next: the longest come first."""
    group = item.nodeid.rpartition("@")[2]
    return _LONGEST.index(group) if group in _LONGEST else len(_LONGEST)


def _servers_of(item: pytest.Item) -> list[str]:
    """The fixtures by which a test has its servers."""
    taken = set(getattr(item, "fixturenames", ()))
    if callspec := getattr(item, "callspec", None):
        taken.add(_FIXTURE_OF.get(callspec.params.get("neo4j_server", ""), ""))
        # A fixture for any store has the servers' names as parameters.
        taken.update(value for value in callspec.params.values() if isinstance(value, str))
    return [name for name in _SERVERS if name in taken]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its server logged."""
    report = yield
    if report.failed:
        for name in ("neo4j_server", *_SERVERS):
            if server := getattr(item, "funcargs", {}).get(name):
                report.sections.append((f"Logs of {name}", server.log_tail()))
    return report
