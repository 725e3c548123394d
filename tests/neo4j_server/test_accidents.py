"""What can happen to a push: the server or the client is killed, memory or the right is missing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from campaigns import forks
from command_line import Process, run, succeed, wait_for
from conftest import WriteSnapshot
from forked import Forked, fork
from neo4j.exceptions import TransientError
from small_disks import can_mount

from graphcache import StoreError, Tables, open_store
from graphcache.stores.neo4j.rows import PartRows
from graphcache.stores.neo4j.statements import parts
from neo4j_server.fixtures import Server, clear, driver_of, empty
from neo4j_server.pushing import ask, assert_on, built_store, kill_at, login, put, tables_on
from neo4j_server.server import Neo4jServer

# Statements of a push of the made graph to an emptied server, of which there are 33.
NOTED, STACKS, HALF_OF_SPECS, ENDED = 20, 22, 28, 31


@pytest.fixture(scope="module")
def made(write_snapshot: WriteSnapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose push takes some seconds, and several transactions per type."""
    folder = tmp_path_factory.mktemp("made")
    write_snapshot(folder / "pages", records=2_500, pages=40, releases=2)
    return built_store(folder, folder / "pages")


@pytest.fixture(scope="module")
def tables(made: Path) -> Tables:
    with open_store(made) as store:
        return store.tables()


def push(server: Server, store: Path, *options: str) -> Forked | Process:
    return fork("push", *options, "--store", store, cwd=store.parent, env=login(server))


def killing(server: Server, store: Path, statement: int, process: int | None) -> forks.Started:
    """A push that has a process killed at a statement; itself, if none is given."""

    def prepare() -> None:
        os.environ.update(login(server))
        kill_at(statement, process or os.getpid())

    return forks.start("push", "--store", store, before=prepare)


def test_a_killed_client_is_followed_by_one_that_goes_on(
    neo4j_own: Neo4jServer, made: Path, tables: Tables
) -> None:
    specs = []
    for statement in (NOTED, HALF_OF_SPECS, ENDED):
        empty(neo4j_own)
        client = killing(neo4j_own, made, statement, None)
        assert client.end() == forks.Ended(-signal.SIGKILL, "")
        specs.append(ask(neo4j_own, "MATCH (s:Spec) RETURN count(s)")[0][0])
        assert not put(neo4j_own, tables).unchanged
        assert tables_on(neo4j_own).digest() == tables.digest()
    assert 0 == specs[0] < specs[1] < specs[2] == tables.node_counts()["Spec"]


@pytest.mark.parametrize("statement", [STACKS, HALF_OF_SPECS])
def test_after_a_server_was_killed_a_push_goes_on(
    statement: int, neo4j_own: Neo4jServer, made: Path, tables: Tables
) -> None:
    """One that waits for a server that is not ready."""
    clear(neo4j_own)
    uri = neo4j_own.uri
    client = killing(neo4j_own, made, statement, neo4j_own.pid)
    wait_for(lambda: not neo4j_own.running)
    neo4j_own.kill()  # what watches over it
    waiting = push(neo4j_own, made, "--wait", "600")
    neo4j_own.start()
    assert neo4j_own.uri == uri
    (packages,) = ask(neo4j_own, "MATCH (p:Package) RETURN count(p)")
    assert packages == [tables.node_counts()["Package"]]  # what was committed is kept
    # While the cut one still tries again: it has lost its lock, and writes nothing any more.
    through = waiting.end()
    assert (through.code, through.err) == (0, "")
    ended = client.end()
    assert tables_on(neo4j_own).digest() == tables.digest()
    assert ended.code == 1
    assert ended.said.startswith(f"Error: {neo4j_own.uri}: ")


def test_a_push_that_died_with_other_content_is_not_taken_for_done(
    neo4j_own: Neo4jServer, tables: Tables
) -> None:
    """The counts and the noted digest are those of before; only some properties are not."""

    class Killed(BaseException):
        pass

    def die(_: int) -> None:
        raise Killed

    empty(neo4j_own)
    put(neo4j_own, tables)
    graph = tables.to_networkx()
    for node in graph:
        graph.nodes[node]["note"] = "new"
    with pytest.raises(Killed):
        put(neo4j_own, Tables.from_networkx(graph), on_rows=die)
    assert ask(neo4j_own, "MATCH (n {note: 'new'}) RETURN count(n) > 0") == [[True]]
    assert not put(neo4j_own, tables).unchanged
    assert tables_on(neo4j_own).digest() == tables.digest()
    assert put(neo4j_own, tables).unchanged


# Too little memory, and TLS -----------------------------------------------------------------------


def test_too_large_a_batch_is_halved_until_it_passes(
    neo4j_own: Neo4jServer, tables: Tables
) -> None:
    put(neo4j_own, Tables.empty(), prune=True)
    rows = PartRows(next(part for part in parts() if part.node.name == "Spec"), tables, {})
    batch = next(rows.batches(rows.digests.is_valid()))
    with (
        driver_of(neo4j_own) as driver,
        driver.session(database="neo4j") as session,
        pytest.raises(TransientError, match="MemoryPoolOutOfMemory"),
    ):
        session.run(rows.statement(create=True), rows=batch).consume()
    put(neo4j_own, tables)
    assert tables_on(neo4j_own).digest() == tables.digest()
    put(neo4j_own, Tables.empty(), prune=True)
    assert_on(neo4j_own, Tables.empty())


def test_a_row_that_can_never_pass_is_said(neo4j_own: Neo4jServer, tables: Tables) -> None:
    graph = tables.to_networkx()
    graph.nodes[next(node for node in graph if node[0] == "Package")]["huge"] = "x" * 20_000_000
    with pytest.raises(StoreError) as caught:
        put(neo4j_own, Tables.from_networkx(graph))
    assert str(caught.value) == (
        f"{neo4j_own.uri}: the server has too little memory for one row: raise "
        f"server.memory.heap.max_size or db.memory.transaction.max"
    )
    put(neo4j_own, tables)
    assert tables_on(neo4j_own).digest() == tables.digest()


@pytest.mark.parametrize("scheme", ["neo4j+s", "bolt+s"])
def test_a_certificate_that_nobody_signed_is_said(
    scheme: str, neo4j_own: Neo4jServer, made: Path
) -> None:
    uri = neo4j_own.uri.replace("neo4j:", f"{scheme}:")
    ended = run("push", uri, "--store", made, cwd=made.parent, env=login(neo4j_own))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(
        f"Error: {uri}: its TLS certificate is not signed by an authority that this machine trusts:"
        f" if it is self-signed and you trust the network, use neo4j+ssc://"
    )


@pytest.mark.parametrize("scheme", ["neo4j+ssc", "bolt+ssc", "bolt"])
def test_a_certificate_can_be_trusted(
    scheme: str, neo4j_own: Neo4jServer, made: Path, tables: Tables
) -> None:
    put(neo4j_own, tables)
    uri = neo4j_own.uri.replace("neo4j:", f"{scheme}:")
    said = succeed("push", uri, "--store", made, cwd=made.parent, env=login(neo4j_own))
    assert said.startswith(f"{uri}: nothing to do")


# A full disk --------------------------------------------------------------------------------------

if can_mount():

    @pytest.mark.neo4j
    @pytest.mark.xdist_group("neo4j_own")  # where the store is made, and no third server beside
    def test_a_full_disk_is_said_and_a_push_goes_on_where_there_is_room(
        made: Path, tables: Tables
    ) -> None:
        with Neo4jServer(disk="4m") as server:
            for _ in range(2):
                ended = push(server, made).end()
                assert (ended.code, ended.out) == (1, "")
                assert ended.err.startswith(f"Error: {server.uri}: the server can't write: if its ")
            server.move_to_a_larger_disk()
            assert push(server, made).end().code == 0
            assert tables_on(server).digest() == tables.digest()
