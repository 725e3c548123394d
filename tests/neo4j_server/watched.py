"""A server's process, which ends when it is told so, or when whoever started it is gone."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_WATCHDOG = Path(__file__).with_name("watchdog.py")
ENOUGH = 600.0
"""Seconds in which a killed process is gone."""


class Watched:
    """A command under `watchdog.py`.

    Attributes:
        pid: The process id of the command itself.

    Args:
        command: What to run.
        home: Its temporary folder, which is removed if this process dies.
        log: The file that its output is added to.
        environment: Its variables, if not those of this process.
    """

    def __init__(
        self,
        command: Sequence[str],
        home: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WATCHDOG), str(home), str(log), *command],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is for the tests, not for the server
        )
        assert self._watchdog.stdout
        self.pid = int(self._watchdog.stdout.readline())

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._watchdog.poll() is None

    def end(self, signal: str, patience: float = ENOUGH) -> bool:
        """Have the watchdog send a signal, and wait until all is over; its home stays.

        Returns:
            Whether it ended in so many seconds; else it was killed.
        """
        assert self._watchdog.stdin
        assert self._watchdog.stdout
        with self._watchdog.stdin, self._watchdog.stdout:
            self._order(signal)
            try:
                self._watchdog.wait(patience)
            except subprocess.TimeoutExpired:
                self._order("KILL")
                self._watchdog.wait(ENOUGH)
                return False
        return True

    def _order(self, signal: str) -> None:
        """Have a signal sent; if the watchdog is gone already, so is the command."""
        assert self._watchdog.stdin
        with contextlib.suppress(BrokenPipeError):
            os.write(self._watchdog.stdin.fileno(), f"{signal}\n".encode())
