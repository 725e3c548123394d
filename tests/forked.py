"""A command in a process of its own that need not be a new one: a fork of one that imported all.

A new process imports for a second or two. A fork has a process's signals, streams, variables and
folder, but not its start: what is about that takes `start` of `command_line`.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from command_line import ENOUGH, Argument, Ended, Process, environment, start
from preloaded import preloaded


class Forked:
    """A command that runs, with pipes for its streams."""

    def __init__(self, arguments: list[str], cwd: Path, env: Mapping[str, str]) -> None:
        (its_in, given), (out, its_out), (err, its_err) = os.pipe(), os.pipe(), os.pipe()
        self.stdin = os.fdopen(given, "wb")
        self.stdout, self.stderr = os.fdopen(out, "rb"), os.fdopen(err, "rb")
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.connect(str(_place() / "socket"))
        said = json.dumps([arguments, str(cwd), dict(env)]).encode()
        its = [its_in, its_out, its_err]
        socket.send_fds(self._server, [said], its)
        for one in its:
            os.close(one)
        self.pid = int(self._server.recv(16))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, None while it runs."""
        with suppress(BlockingIOError):
            self._take_code(socket.MSG_DONTWAIT)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def end(self, given: bytes = b"") -> Ended:
        """Give it the bytes, and wait until it has ended; a traceback is never right."""
        with ThreadPoolExecutor() as pool, self.stdout, self.stderr, self._server:
            out, err = pool.submit(self.stdout.read), pool.submit(self.stderr.read)
            with suppress(BrokenPipeError), self.stdin:
                self.stdin.write(given)
            self._server.settimeout(ENOUGH)
            self._take_code()
            assert self.returncode is not None
            assert b"Traceback" not in err.result(), err.result().decode()
            return Ended(self.returncode, out.result().decode(), err.result().decode())

    def _take_code(self, how: int = 0) -> None:
        if self.returncode is None:
            self.returncode = int(self._server.recv(16, how))


def fork(*arguments: Argument, cwd: Path, env: Mapping[str, str] | None = None) -> Forked | Process:
    """Start the command in a fork; where there is none to be had, in a new process."""
    if sys.platform != "linux":
        return start(*arguments, cwd=cwd, env=env)
    return Forked([*map(os.fsdecode, arguments)], cwd, environment(env))


@functools.cache
def _place() -> Path:
    """The folder of the process that forks, which is there as long as this one."""
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="graphcache-forks-")))
    stack.enter_context(preloaded(folder))
    return folder
