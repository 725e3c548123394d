"""Commands in forks of this process, so that each costs no start: this one has imported it all."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from graphcache.cli.main import main


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, or the signal that ended it as a negative number."""

    code: int
    said: str


class Started:
    """A command that runs in a fork."""

    def __init__(self, arguments: list[str], before: Callable[[], None]) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - until the end
        with warnings.catch_warnings():
            # From 3.12 on Python warns of a fork beside threads, such as Arrow's: none is needed.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            _become(self._out.fileno(), before, arguments)

    def end(self) -> Ended:
        """Wait for its end."""
        _, status = os.waitpid(self.pid, 0)
        with self._out as out:
            out.seek(0)
            return Ended(os.waitstatus_to_exitcode(status), out.read().decode(errors="replace"))


def start(*arguments: str | Path, before: Callable[[], None] = lambda: None) -> Started:
    """Start the command line in a fork; `before` is called in it first."""
    return Started([*map(str, arguments)], before)


def run(*arguments: str | Path, before: Callable[[], None] = lambda: None) -> Ended:
    """The same, to its end."""
    return start(*arguments, before=before).end()


def _become(out: int, before: Callable[[], None], arguments: list[str]) -> None:
    """Be the command, and never return."""
    code = 70
    try:
        for stream in (1, 2):
            os.dup2(out, stream)
        sys.stdout, sys.stderr = (os.fdopen(stream, "w", closefd=False) for stream in (1, 2))
        sys.argv = ["graphcache", *arguments]
        before()
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
