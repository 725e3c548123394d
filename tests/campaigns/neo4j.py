"""Pushes to a real Neo4j that end in their midst, as the client or the server is killed.

The next push brings all: what is on the server then is the graph, to the last value.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from neo4j_server.pushing import assert_on, built_store, login, put, tables_on
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
    """A push of one graph in the place of another, who is killed, and when."""

    before: str
    after: str
    prune: bool
    is_server: bool
    place: float
    """As a share of the time that a whole push of this graph took."""


class Pushes(Campaign[Cut]):
    """Pushes to a server."""

    def __init__(self, folder: Path, server: Neo4jServer) -> None:
        super().__init__()
        self._server = server
        self._stores: dict[str, Path] = {}
        self._tables: dict[str, Tables] = {}
        self._seconds: dict[tuple[str, str], float] = {}
        for number, name in enumerate(_GRAPHS):
            place = folder / str(number)
            place.mkdir()
            self._stores[name] = built_store(place, ROOT / name)
            with open_store(self._stores[name]) as store:
                self._tables[name] = store.tables()

    def draw(self, dice: Random) -> Cut:
        before, after = dice.sample(_GRAPHS, 2)
        is_server = dice.random() < _OF_SERVER
        return Cut(before, after, dice.random() < 0.5, is_server, dice.uniform(0, 1.1))

    def hold(self, trial: Cut) -> None:
        seconds = self._seconds_of(trial)
        put(self._server, self._tables[trial.before], prune=True)
        started = self._push(trial)
        time.sleep(trial.place * seconds)
        if trial.is_server:
            self._server.kill()
            self._server.start()
        else:
            os.kill(started.pid, signal.SIGKILL)
        ended = started.end()
        assert "Traceback" not in ended.said, ended.said
        expected = {0, 1} if trial.is_server else {0, -signal.SIGKILL}
        assert ended.code in expected, f"ended by {ended.code}: {ended.said}"
        who = "server" if trial.is_server else "client"
        self.seen[f"{who} killed, {'whole' if ended.code == 0 else 'cut off'}"] += 1
        put(self._server, self._tables[trial.after], prune=True)
        found = tables_on(self._server)
        assert found.digest() == self._tables[trial.after].digest(), "another graph is there"
        assert_on(self._server, self._tables[trial.after])
        assert put(self._server, self._tables[trial.after], prune=True).unchanged

    def _push(self, trial: Cut) -> forks.Started:
        more = ("--prune",) if trial.prune else ()
        return forks.start(
            *("push", *more, "--store", self._stores[trial.after]),
            before=lambda: os.environ.update(login(self._server)),
        )

    def _seconds_of(self, trial: Cut) -> float:
        """What a whole push takes, measured once for two graphs."""
        pair = trial.before, trial.after
        if pair not in self._seconds:
            put(self._server, self._tables[trial.before], prune=True)
            start = time.monotonic()
            put(self._server, self._tables[trial.after], prune=True)
            self._seconds[pair] = time.monotonic() - start
        return self._seconds[pair]


@contextmanager
def campaign(folder: Path) -> Iterator[Pushes]:
    """The campaign, with a server of its own."""
    with Neo4jServer("5.26") as server:
        yield Pushes(folder, server)
