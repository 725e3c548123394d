"""A build, an update or an export that a signal ends at any of its steps: the old state or the new.

A step is a file of the folder that is touched, or a statement that is sent to LadybugDB.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import ladybug

from campaigns import forks
from campaigns.inputs import ROOT
from campaigns.trials import Campaign

EACH = 1
_NEW = ROOT / "examples/mirror"
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_COMMANDS = ("build", "update", "export")
_TOUCHING = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"}


@dataclass(frozen=True, slots=True)
class Kill:
    """A command, the signal that it gets, and at which share of its steps."""

    command: str
    signal: int
    place: float


class Kills(Campaign[Kill]):
    """Commands that are ended."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._old, self._new = (folder / name for name in ("work", "old", "new"))
        self._old.mkdir()
        succeed("build", ROOT / "examples/pages", "--store", self._old / "store.lbug")
        succeed("export", "csv", self._old / "csv", "--store", self._old / "store.lbug")
        self._other = folder / "other.lbug"
        succeed("build", _NEW, "--store", self._other)
        self._steps: dict[str, int] = {}

    def _arguments(self, command: str) -> tuple[str | Path, ...]:
        if command == "export":
            return (command, "csv", self._folder / "csv", "--store", self._other)
        return (command, _NEW, "--store", self._folder / "store.lbug")

    def _begin(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.copytree(self._old, self._folder)

    def steps(self, command: str) -> int:
        """How many steps the command takes; what it came to is kept as the new state."""
        if command not in self._steps:
            self._steps[command] = self._count(command)
        return self._steps[command]

    def _count(self, command: str) -> int:
        self._begin()
        counted = self._folder.with_name("steps")
        ended = forks.run(
            *self._arguments(command), before=lambda: _at_step(self._folder, 0, 0, counted)
        )
        assert ended.code == 0, ended.said
        shutil.copytree(self._folder, self._new / command)
        return int(counted.read_text())

    def draw(self, dice: Random) -> Kill:
        # Most steps come before the new is in its place: its last ones are tried more often.
        place = dice.random() if dice.random() < 0.7 else dice.uniform(0.9, 1)
        return Kill(dice.choice(_COMMANDS), dice.choice(_SIGNALS), place)

    def hold(self, trial: Kill) -> None:
        step = 1 + int(trial.place * self.steps(trial.command))
        self._begin()
        ended = forks.run(
            *self._arguments(trial.command),
            before=lambda: _at_step(self._folder, step, trial.signal),
        )
        assert "Traceback" not in ended.said, ended.said
        expected = {-trial.signal, 0} | ({130} if trial.signal == signal.SIGINT else set())
        assert ended.code in expected, f"ended by {ended.code}: {ended.said}"
        name = signal.Signals(trial.signal).name
        self.seen[f"{trial.command} {self._state(trial, ended)} by {name}"] += 1

    def _state(self, trial: Kill, ended: forks.Ended) -> str:
        """Whether the old or the new is there; and nothing else but what SIGKILL leaves."""
        names = set(os.listdir(self._folder))
        left = {name for name in names if name.startswith(".")}
        assert names - left == {"store.lbug", "csv"}, names
        assert not left or trial.signal == signal.SIGKILL, f"left behind: {left}"
        states = {self._old: "old", self._new / trial.command: "new"}
        found = [state for place, state in states.items() if self._is(place)]
        assert found, f"neither the old nor the new is there, after {ended}"
        return found[0]

    def _is(self, place: Path) -> bool:
        return _content(self._folder / "csv") == _content(place / "csv") and _is_same_store(
            self._folder / "store.lbug", place / "store.lbug"
        )


def _is_same_store(one: Path, other: Path) -> bool:
    """Whether two stores hold the same; when they were loaded is another matter."""
    return one.read_bytes() == other.read_bytes() or _graph(one) == _graph(other)


def succeed(*arguments: str | Path) -> str:
    """What a command says that must not fail."""
    ended = forks.run(*arguments)
    assert ended.code == 0, ended.said
    return ended.said


def _graph(store: Path) -> str:
    return succeed("export", "json", "-", "--store", store)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _at_step(folder: Path, last: int, number: int, counted: Path | None = None) -> None:
    """Send this process the signal at a step; with a step of 0, write down how many there were."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), number)

    def touch(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _TOUCHING and str(arguments[0]).startswith(str(folder)):
            step()
            if counted:
                counted.write_text(str(steps))

    execute = ladybug.Connection.execute

    def execute_as_step(*arguments: Any, **options: Any) -> Any:
        step()
        return execute(*arguments, **options)

    setattr(ladybug.Connection, "execute", execute_as_step)  # noqa: B010 - for this process
    sys.addaudithook(touch)


@contextmanager
def campaign(folder: Path) -> Iterator[Kills]:
    """The campaign, with a store and an export that are there before."""
    yield Kills(folder)
