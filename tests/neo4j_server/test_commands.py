"""The commands on a real server: what they answer, and what they say where something is wrong."""

from __future__ import annotations

import json
import socket
import socketserver
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run, start, succeed
from web_server import in_background

from graphcache import QueryError, Store, UsageError, open_store
from graphcache.views.answers import FORMATS
from neo4j_server.fixtures import Server, driver_of, empty
from neo4j_server.pushing import built_store, everything, login, opened, put
from neo4j_server.server import Neo4jServer, free_ports


@pytest.fixture(scope="module")
def store(
    example_pages: Path, legacy_pages: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An embedded store of the real pages."""
    return built_store(tmp_path_factory.mktemp("store"), example_pages, legacy_pages)


@pytest.fixture(scope="module")
def embedded(store: Path) -> Iterator[Store]:
    with open_store(store) as there:
        yield there


@pytest.fixture(scope="module")
def server(neo4j_526: Server, embedded: Store) -> Server:
    """A server with the graph of that store, which no test here changes."""
    empty(neo4j_526)
    put(neo4j_526, embedded.tables())
    return neo4j_526


# Asking -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_a_query_prints_the_same_on_server_and_file(
    format_: str, server: Server, store: Path, tmp_path: Path
) -> None:
    for query in (
        ["query", "package", "--package", "py-pdm-backend"],
        ["query", "-c", "MATCH (s:Spec) RETURN s.hash, s.variants, s.size ORDER BY s.hash LIMIT 5"],
    ):
        asked = [*query, "--format", format_, "--store"]
        on_file = succeed(*asked, store, cwd=tmp_path)
        assert succeed(*asked, server.uri, cwd=tmp_path, env=login(server)) == on_file
        assert len(on_file) > 100


@pytest.mark.parametrize("asked", [[], ["rocblas"], ["e4s"], ["--query", "single-stack-packages"]])
def test_a_page_shows_the_same_of_server_and_file(
    asked: list[str], server: Server, store: Path, tmp_path: Path
) -> None:
    view = ["view", *asked, "-o", "-", "--store"]
    on_file = run(*view, store, cwd=tmp_path)
    assert on_file.code == 0
    assert run(*view, server.uri, cwd=tmp_path, env=login(server)) == on_file


def test_a_limit_cuts_and_says_so(server: Server, tmp_path: Path) -> None:
    asked = ["query", "stacks", "--limit", "2", "--format", "csv", "--store", server.uri]
    ended = run(*asked, cwd=tmp_path, env=login(server))
    assert (ended.code, ended.err) == (0, "The first 2 rows; there are more.\n")
    assert len(ended.out.splitlines()) == 3


def test_a_time_limit_ends_a_query(server: Server, tmp_path: Path) -> None:
    long = "UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b RETURN sum(a * b)"
    asked = ["query", "-c", long, "--timeout", "0.5", "--store", server.uri]
    ended = run(*asked, cwd=tmp_path, env=login(server))
    said = "Error: it took longer than 0.5 seconds: narrow it, or raise the timeout\n"
    assert (ended.code, ended.out, ended.err) == (1, "", said)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_no_time_is_no_limit(timeout: float, server: Server) -> None:
    with opened(server) as there, pytest.raises(UsageError, match=r"^timeout: expected a number"):
        there.query("RETURN 1", timeout=timeout)


@pytest.mark.parametrize("timeout", [60, 10.0**12, 1e300, float("inf")])
def test_any_time_above_zero_is_a_limit(timeout: float, server: Server) -> None:
    with opened(server) as there:
        assert there.query("RETURN 1", timeout=timeout).rows == [(1,)]


WRITES = "a query only reads, this one writes: nothing was changed"
REFUSED = {
    "MATCH (s:Spec) SET s.version = '0'": WRITES,
    "MATCH (s:Spec) DETACH DELETE s": WRITES,
    "UNWIND ['x'] AS name MERGE (:Package {name: name})": WRITES,
    "CALL () { CREATE (:Package {name: 'x'}) }": WRITES,
    "CALL db.createLabel('X')": WRITES,
    "CREATE (:Package {name: 'x'})": "a query only reads: expected MATCH, OPTIONAL, UNWIND, WITH",
    "DROP CONSTRAINT graphcache_Spec": "a query only reads: expected MATCH, OPTIONAL, UNWIND, WITH",
    "MATCH (s:Spec RETURN s": "Invalid input",
    "RETURN nothing(1)": "Unknown function 'nothing'",
    "RETURN $missing": "the query needs $missing: give it as a parameter, missing=VALUE",
    "RETURN 1; RETURN 2": "expected one statement, found several: run them one by one",
}


@pytest.mark.parametrize(("cypher", "said"), REFUSED.items(), ids=REFUSED)
def test_what_does_not_read_is_refused(cypher: str, said: str, server: Server) -> None:
    before = everything(server)
    with opened(server) as there, pytest.raises(QueryError) as caught:
        there.query(cypher)
    assert said in str(caught.value)
    assert everything(server) == before


def test_a_write_is_refused_by_the_command(server: Server, tmp_path: Path) -> None:
    asked = ["query", "-c", "MATCH (s:Spec) DETACH DELETE s", "--store", server.uri]
    ended = run(*asked, cwd=tmp_path, env=login(server))
    assert (ended.code, ended.out, ended.err) == (1, "", f"Error: {WRITES}\n")


def test_a_parameter_that_no_store_takes_is_said(server: Server, tmp_path: Path) -> None:
    asked = ["query", "-c", "RETURN $x", "--param", f"x={2**200}", "--store", server.uri]
    ended = run(*asked, cwd=tmp_path, env=login(server))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Error: x: expected an integer of 64 bits, found 1606938")


def test_stats_are_those_of_the_store(server: Server, store: Path, tmp_path: Path) -> None:
    asked = ["stats", "--format", "json", "--store"]
    there = json.loads(succeed(*asked, server.uri, cwd=tmp_path, env=login(server)))
    here = json.loads(succeed(*asked, store, cwd=tmp_path))
    assert [load["command"] for load in there.pop("loads")] == ["push"]
    assert len(here.pop("loads")) == 1
    assert there == here
    table = succeed("stats", "--store", server.uri, cwd=tmp_path, env=login(server))
    assert f"digest {here['digest']}\n" in table


@pytest.mark.parametrize(
    "part", [[], ["--around", "rocblas", "--hops", "0"], ["--around", "rocblas"]], ids=len
)
def test_an_export_is_the_same_from_server_and_file(
    part: list[str], server: Server, store: Path, tmp_path: Path
) -> None:
    asked = ["export", "json", "-", *part, "--store"]
    there = succeed(*asked, server.uri, cwd=tmp_path, env=login(server))
    assert there == succeed(*asked, store, cwd=tmp_path)
    assert "rocblas" in there


def test_a_diff_of_server_and_file(server: Server, store: Path, tmp_path: Path) -> None:
    def diff(*asked: str | Path) -> str:
        return succeed("diff", *asked, cwd=tmp_path, env=login(server))

    same = diff(server.uri, store, "--exit-code", "--format", "jsonl")
    counts = {row["change"]: row["specs"] for row in map(json.loads, same.splitlines())}
    assert counts["old"] == counts["new"] == counts["kept"] > 200
    stacks = ("e4s", "hep", "--release", "develop", "--details", "--store")
    assert diff(*stacks, server.uri) == diff(*stacks, store)


def test_networkx_is_the_same_from_server_and_file(server: Server, embedded: Store) -> None:
    with opened(server) as there:
        for options in ({}, {"around": "py-pdm-backend"}, {"around": "rocblas", "hops": 1}):
            found, wanted = (store.to_networkx(**options) for store in (there, embedded))
            assert dict(found.nodes(data=True)) == dict(wanted.nodes(data=True))
            edges, wanted_edges = (
                {(a, b, key): data for a, b, key, data in graph.edges(keys=True, data=True)}
                for graph in (found, wanted)
            )
            assert edges == wanted_edges
        with pytest.raises(UsageError, match="nope: no such package in the graph"):
            there.to_networkx(around="nope")


def test_a_server_without_a_graph_says_how_to_put_one(neo4j_own: Neo4jServer) -> None:
    empty(neo4j_own)
    ended = run("stats", "--store", neo4j_own.uri, cwd=Path.cwd(), env=login(neo4j_own))
    said = "no graph of graphcache's is there, or not all of it: 'graphcache push' puts one\n"
    assert (ended.code, ended.out, ended.err) == (1, "", f"Error: {neo4j_own.uri}: {said}")


# The log ------------------------------------------------------------------------------------------


def test_verbose_logs_what_a_server_is_asked_and_nothing_secret(
    server: Server, store: Path, tmp_path: Path
) -> None:
    full = ("--full", "--quiet", "--store", store)
    pushed = run("-v", "push", f"{server.uri}?policy=t0ken", *full, cwd=tmp_path, env=login(server))
    assert pushed.code == 0, pushed.err
    assert f"{server.uri}?…: no other push is under way" in pushed.err
    assert " graphcache.stores.neo4j.push: sent, rows: " in pushed.err
    asked = ["query", "-c", "MATCH (s:Spec {name: $p}) RETURN s.hash", "--param", "p=rocblas"]
    answered = run("-v", *asked, "--store", server.uri, cwd=tmp_path, env=login(server))
    assert "answered, rows: 4, seconds: " in answered.err
    assert ": MATCH (s:Spec {name: $p}) RETURN s.hash\n" in answered.err
    for secret in (server.password, "t0ken", "rocblas"):
        assert secret not in pushed.err + answered.err


# What is wrong ------------------------------------------------------------------------------------


def refused(uri: str, code: int, said: str, store: Path, env: dict[str, str]) -> None:
    """A push says it, without a traceback or a password."""
    ended = run("push", uri, "--store", store, cwd=store.parent, env=env)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"Error: {said}"), ended.err
    assert env.get("NEO4J_PASSWORD", "none of it") not in ended.err


def test_every_command_that_takes_a_server_says_what_is_wrong(server: Server, store: Path) -> None:
    uri = f"neo4j://127.0.0.1:{free_ports(1)[0]}"
    for command in (
        ["verify", uri, "--store", store],
        ["query", "stacks", "--store", uri],
        ["stats", "--store", uri],
        ["export", "json", "-", "--store", uri],
    ):
        ended = run(*command, cwd=store.parent, env=login(server))
        assert (ended.code, ended.out) == (1, ""), command
        assert ended.err.startswith(f"Error: {uri}: no server answers there: is it started, and ")


def test_a_wrong_password(server: Server, store: Path) -> None:
    said = "the server refused the user name or password: check NEO4J_USERNAME and NEO4J_PASSWORD\n"
    for wrong in ({"NEO4J_PASSWORD": "not-this-one"}, {"NEO4J_USERNAME": "nobody"}):
        refused(server.uri, 1, f"{server.uri}: {said}", store, {**login(server), **wrong})


def test_no_password(server: Server, store: Path) -> None:
    env = {"NEO4J_USERNAME": "neo4j"}
    refused(server.uri, 2, "no password: set NEO4J_PASSWORD, or give one", store, env)


@pytest.mark.parametrize("scheme", ["neo4j", "bolt"])
def test_no_server(scheme: str, server: Server, store: Path) -> None:
    uri = f"{scheme}://127.0.0.1:{free_ports(1)[0]}"
    said = f"{uri}: no server answers there: is it started, and the port right? wait "
    refused(uri, 1, said, store, login(server))


def test_no_host(server: Server, store: Path) -> None:
    uri = "neo4j://no-such-host.invalid"
    refused(uri, 1, f"{uri}: there is no such host: check its name", store, login(server))


def test_the_port_of_browser(server: Server, store: Path) -> None:
    uri = server.http_url.replace("http:", "neo4j:")
    said = f"{uri}: this is the port of Neo4j Browser: drivers have another one, 7687 unless it "
    refused(uri, 1, said, store, login(server))


def test_tls_where_there_is_none(server: Server, store: Path) -> None:
    uri = server.uri.replace("neo4j:", "neo4j+s:")
    said = f"{uri}: it does not speak TLS there: use neo4j:// or bolt:// without +s or +ssc"
    refused(uri, 1, said, store, login(server))


class SpeaksBolt5(socketserver.BaseRequestHandler):
    """Answers a driver's first words as Neo4j 5.0 to 5.4 do: by Bolt 5.0."""

    def handle(self) -> None:
        self.request.recv(20, socket.MSG_WAITALL)
        self.request.sendall(bytes([0, 0, 0, 5]))
        self.request.recv(1)  # until the driver closes it


@pytest.mark.process
@pytest.mark.network
@pytest.mark.parametrize("scheme", ["neo4j", "bolt"])
def test_a_server_that_is_too_old(scheme: str, store: Path) -> None:
    with in_background(socketserver.ThreadingTCPServer(("127.0.0.1", 0), SpeaksBolt5)) as old:
        uri = f"{scheme}://127.0.0.1:{old.server_address[1]}"
        env = {"NEO4J_USERNAME": "neo4j", "NEO4J_PASSWORD": "not-this-one"}
        said = f"{uri}: the server is too old: Neo4j 5.7 or later is needed\n"
        refused(uri, 1, said, store, env)


def test_no_database(server: Server, store: Path) -> None:
    said = f"{server.uri}: no database 'nope': name another\n"
    env = {**login(server), "NEO4J_DATABASE": "nope"}
    refused(server.uri, 1, said, store, env)
    ended = run("push", "--database", "nope", "--store", store, cwd=store.parent, env=login(server))
    assert (ended.code, ended.err) == (1, f"Error: {said}")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("http://localhost:7474", "expected a URI of neo4j, neo4j+s, neo4j+ssc, bolt, bolt+s, bo"),
        ("nonsense://localhost", "expected a URI of neo4j, neo4j+s, neo4j+ssc, bolt, bolt+s, bo"),
        ("neo4j://", "expected a host, and a port of 1 to 65535 if any, found '', and no such "),
        (
            "neo4j://neo4j:s3cret-1",
            "expected a host, and a port of 1 to 65535 if any, found 'neo4j'",
        ),
        ("bolt://localhost:99999", "expected a host, and a port of 1 to 65535 if any, found "),
        ("neo4j://neo4j:s3cret-1@localhost", "expected a URI without user or password: set NEO4J_"),
        ("http://neo4j:s3cret-1@localhost", "expected a URI without user or password: set NEO4J_"),
    ],
)
def test_a_uri_that_is_none(uri: str, said: str, server: Server, store: Path) -> None:
    refused(uri, 2, said, store, {**login(server), "NEO4J_PASSWORD": "s3cret-1"})


def test_a_user_or_password_that_is_not_utf_8(server: Server, store: Path) -> None:
    said = "expected a user and a password in UTF-8: the server takes no others"
    for name in ("NEO4J_PASSWORD", "NEO4J_USERNAME"):
        refused(server.uri, 2, said, store, {**login(server), name: "a\udcffb"})


def test_a_password_that_must_be_changed(neo4j_own: Neo4jServer, store: Path) -> None:
    """As the one that a server is delivered with."""
    with driver_of(neo4j_own) as driver, driver.session(database="system") as session:
        session.run("CREATE USER new SET PASSWORD 'first-password' CHANGE REQUIRED").consume()
        env = {"NEO4J_USERNAME": "new", "NEO4J_PASSWORD": "first-password"}
        said = f"{neo4j_own.uri}: the password must be changed first: log in by Neo4j Browser, or"
        refused(neo4j_own.uri, 1, said, store, env)
        session.run("DROP USER new").consume()


def test_the_password_is_in_no_list_of_processes(
    server: Server, store: Path, tmp_path: Path
) -> None:
    """Neither where it comes from a variable nor from a file."""
    file = tmp_path / "password"
    file.write_text(f"{server.password}\n")
    by_file = {name: text for name, text in login(server).items() if name != "NEO4J_PASSWORD"}
    whole: list[str | Path] = ["push", "--full", "--store", store]
    for command, env in ((whole, login(server)), ([*whole, "--password-file", file], by_file)):
        process = start(*command, cwd=tmp_path, env=env)
        seen = set()
        while process.poll() is None:
            for pid in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(pid.read_bytes())
                except OSError:
                    continue
            time.sleep(0.05)  # leaves the processor to those that are looked at
        ended = process.end()
        assert ended.code == 0
        assert any(str(store).encode() in line for line in seen)
        printed = ended.out.encode() + ended.err.encode()
        assert not any(server.password.encode() in text for text in (*seen, printed))
