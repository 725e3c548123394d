"""Pushes to a real Neo4j that end in their midst, as the client or the server is killed.

The next push brings all: what is on the server then is the graph, to the last value.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from command_line import wait_for
from neo4j_server.pushing import (
    assert_on,
    built_store,
    kill_at,
    login,
    put,
    tables_on,
    watch_statements,
)
from neo4j_server.server import Neo4jServer

from campaigns import forks
from campaigns.inputs import ROOT
from campaigns.trials import Campaign
from graphcache import Tables, open_store

EACH = 1
_GRAPHS = ("examples/site/2026-09", "examples/site/2026-10", "examples/pages")
_OF_SERVER = 0.1
"""The share of trials in which it is the server that is killed: its start takes ten seconds."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A push of one graph in the place of another, who is killed, and at which statement."""

    before: str
    after: str
    prune: bool
    is_server: bool
    place: float
    """As a share of the statements of a whole push."""


class Pushes(Campaign[Cut]):
    """Pushes to a server."""

    def __init__(self, folder: Path, server: Neo4jServer) -> None:
        super().__init__()
        self._server = server
        self._counted = folder / "statements"
        self._stores: dict[str, Path] = {}
        self._tables: dict[str, Tables] = {}
        self._statements: dict[tuple[str, str, bool], int] = {}
        for number, name in enumerate(_GRAPHS):
            place = folder / str(number)
            place.mkdir()
            self._stores[name] = built_store(place, ROOT / name)
            with open_store(self._stores[name]) as store:
                self._tables[name] = store.tables()

    def draw(self, dice: Random) -> Cut:
        before, after = dice.sample(_GRAPHS, 2)
        is_server = dice.random() < _OF_SERVER
        return Cut(before, after, dice.random() < 0.5, is_server, dice.random())

    def hold(self, trial: Cut) -> None:
        statement = 1 + int(trial.place * self._statements_of(trial))
        put(self._server, self._tables[trial.before], prune=True)
        ended = self._cut_off(trial, statement)
        assert "Traceback" not in ended.said, ended.said
        # A server that is killed at the end of a push is asked again, and may be up by then.
        expected = {0, 1} if trial.is_server else {-signal.SIGKILL}
        assert ended.code in expected, f"ended by {ended.code}: {ended.said}"
        who = "server" if trial.is_server else "client"
        self.seen[f"{who} killed, {'whole' if ended.code == 0 else 'cut off'}"] += 1
        put(self._server, self._tables[trial.after], prune=True)
        found = tables_on(self._server)
        assert found.digest() == self._tables[trial.after].digest(), "another graph is there"
        assert_on(self._server, self._tables[trial.after])
        assert put(self._server, self._tables[trial.after], prune=True).unchanged

    def _cut_off(self, trial: Cut, statement: int) -> forks.Ended:
        """How a push ends that kills itself at a statement, or the server, which starts again."""
        server = self._server.pid
        started = self._push(
            trial, lambda: kill_at(statement, server if trial.is_server else os.getpid())
        )
        if trial.is_server:
            wait_for(lambda: not self._server.running)
            self._server.kill()  # what watches over it
            self._server.start()
        return started.end()

    def _push(self, trial: Cut, prepare: Callable[[], None]) -> forks.Started:
        def before() -> None:
            os.environ.update(login(self._server))
            prepare()

        more = ("--prune",) if trial.prune else ()
        return forks.start("push", *more, "--store", self._stores[trial.after], before=before)

    def _statements_of(self, trial: Cut) -> int:
        """How many a whole push has, counted once for two graphs."""
        kind = trial.before, trial.after, trial.prune
        if kind not in self._statements:
            put(self._server, self._tables[trial.before], prune=True)
            ended = self._push(trial, lambda: watch_statements(self._count)).end()
            assert ended.code == 0, ended.said
            self._statements[kind] = int(self._counted.read_text())
        return self._statements[kind]

    def _count(self, statements: int) -> None:
        self._counted.write_text(str(statements))


@contextmanager
def campaign(folder: Path) -> Iterator[Pushes]:
    """The campaign, with a server of its own."""
    with Neo4jServer("5.26") as server:
        yield Pushes(folder, server)
