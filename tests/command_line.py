"""Run the `graphcache` command: in this process, in one of its own, or on a terminal.

A process takes half a second to import what it needs, so `run`, `succeed` and `on_terminal` call
the command in this one, with its own arguments, streams, variables and folder. `start` starts a
process, for what only a process has: signals, pipes, closed streams.

`golden/cli` holds what is printed. After a change that is meant, write it anew, and look at the
difference: `make golden`.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import AnyStr, TextIO
from unittest import mock

from graphcache.cli.main import main

TOOL = Path(sys.executable).parent / "graphcache"
GOLDEN = Path(__file__).parent / "golden/cli"
ENOUGH = 600.0
"""Seconds in which any of this is done, also on a slow machine that does much else."""

Argument = str | bytes | Path

_STEERING = ("GRAPHCACHE_", "_GRAPHCACHE_", "NEO4J_", "LC_", "COMP_")
_DRAWING = ("LANG", "COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str = ""


def environment(values: Mapping[str, str] | None = None) -> dict[str, str]:
    """What this process has, without what changes what graphcache does, and with these values."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_STEERING) and name not in _DRAWING
    }
    return {**kept, "LC_ALL": "C.UTF-8", "TERM": "xterm", **(values or {})}


def start(*arguments: Argument, cwd: Path, env: Mapping[str, str] | None = None) -> Process:
    """Start the command, with pipes for its streams."""
    return Process([TOOL, *arguments], cwd, environment(env))


class Process(subprocess.Popen[bytes]):
    """A command that runs, with pipes for its streams."""

    def __init__(self, command: Sequence[Argument], cwd: Path, env: Mapping[str, str]) -> None:
        pipe = subprocess.PIPE
        super().__init__(command, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe)

    def end(self, given: bytes = b"") -> Ended:
        """Give it the bytes, and wait until it has ended; a traceback is never right."""
        out, err = self.communicate(given, timeout=ENOUGH)
        assert b"Traceback" not in err, err.decode()
        return Ended(self.returncode, out.decode(), err.decode())


def run(
    *arguments: Argument, cwd: Path, given: bytes = b"", env: Mapping[str, str] | None = None
) -> Ended:
    """Run the command to its end, in this process."""
    stdin, out, err = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (given, b"", b"")]
    code = _called(arguments, (stdin, out, err), _no_terminal, cwd, env)
    return Ended(code, *(_written(stream) for stream in (out, err)))


def _called(
    arguments: Sequence[Argument],
    streams: tuple[TextIO, TextIO, TextIO],
    size: Callable[..., os.terminal_size],
    cwd: Path,
    env: Mapping[str, str] | None,
) -> int:
    """The code with which the command ends, that reads and writes these and asks for this size."""
    stdin, out, err = streams
    with (
        mock.patch.multiple(sys, argv=_texts(arguments), stdin=stdin, stdout=out, stderr=err),
        mock.patch.dict(os.environ, environment(env), clear=True),
        mock.patch.object(os, "get_terminal_size", size),
        contextlib.chdir(cwd),
        _interrupts_kept(),
        _usual_warnings(),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return code


def _texts(arguments: Sequence[Argument]) -> list[str]:
    """The arguments as Python gives them to a program."""
    return ["graphcache", *map(os.fsdecode, arguments)]


def _no_terminal(*_: int) -> os.terminal_size:
    """There is none, also where pytest runs on one."""
    raise OSError("not a terminal")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


@contextlib.contextmanager
def _interrupts_kept() -> Iterator[None]:
    """Have Ctrl-C end the tests as ever: the command watches for it where nobody else does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _usual_warnings() -> Iterator[None]:
    """Have warnings shown to the user as Python does, none of them as an error."""

    def show(  # noqa: PLR0917 - as Python calls it
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))

    with warnings.catch_warnings():
        warnings.resetwarnings()
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)
        warnings.showwarning = show
        yield


def succeed(
    *arguments: Argument, cwd: Path, given: bytes = b"", env: Mapping[str, str] | None = None
) -> str:
    """What the command writes, when all is well and there is nothing to say beside."""
    ended = run(*arguments, cwd=cwd, given=given, env=env)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def on_terminal(
    *arguments: Argument,
    cwd: Path,
    columns: int = 80,
    env: Mapping[str, str] | None = None,
    piped: bool = False,
) -> Ended:
    """Run the command on a terminal, in this process: `out` is all that it shows.

    Where its standard output is piped, `err` is what the terminal shows.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    size = os.terminal_size((columns, 24))
    pipe = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(_all_of, master)
        with (
            open(terminal, closefd=False) as stdin,
            open(terminal, "w", closefd=False) as shown,
        ):
            out = pipe if piped else shown
            try:
                code = _called(arguments, (stdin, out, shown), lambda *_: size, cwd, env)
            finally:
                out.flush()
                shown.flush()
                os.close(terminal)
        on_screen = reading.result().replace("\r\n", "\n")
    assert "Traceback" not in on_screen, on_screen
    return Ended(code, _written(pipe), on_screen) if piped else Ended(code, on_screen)


def _all_of(master: int) -> str:
    """What is written to a terminal, until the last writer has closed it."""
    parts = []
    try:
        while part := os.read(master, 65_536):
            parts.append(part)
    except OSError:  # so Linux says that it is closed
        pass
    finally:
        os.close(master)
    return b"".join(parts).decode()


def wait_for(there: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + ENOUGH
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def feed(process: subprocess.Popen[AnyStr], given: AnyStr) -> None:
    """Give a process something to read, and wait until it has."""
    pipe = process.stdin
    assert pipe
    pipe.write(given)
    pipe.flush()
    wait_for(lambda: not any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))))


def cpu_seconds(process: int) -> float:
    """What a process has taken of the processors, as Linux says it."""
    return sum(map(int, _state(process)[11:13])) / os.sysconf("SC_CLK_TCK")


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return _state(pid)[0] != "Z"
    except OSError:
        return False


def children(process: int) -> dict[int, str]:
    """The processes that a process has begun, with their command lines, as Linux says it."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile
            if int(_state(int(place.name))[1]) == process:
                words = os.fsdecode((place / "cmdline").read_bytes())
                found[int(place.name)] = words.replace("\0", " ")
    return found


def _state(process: int) -> list[str]:
    """What Linux says of a process behind its name, which may be any text."""
    said = Path(f"/proc/{process}/stat").read_bytes()
    return said.rpartition(b")")[2].decode().split()


def open_files(process: int) -> list[str]:
    """What a process holds open, as Linux says it."""
    found = []
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(link))
    return found


def assert_golden(name: str, printed: str) -> None:
    """Hold what was printed against the file, or write the file if that is asked for."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(printed)
    assert printed == path.read_text()
