"""A `graphcache` that starts at once, for pages that show over a hundred commands.

    python docs/preloaded.py FOLDER    put `graphcache` into the folder, and serve it

A process imports for half a second to two seconds what a command needs. This one has imported it: a
`graphcache` of the folder hands its streams, arguments, variables and working folder to a fork of
it, and ends as that does. Only on Linux: elsewhere a fork may not use such libraries.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

import graphcache

_NEEDED = (
    *("archspec.cpu", "filelock", "ladybug._lbug", "networkx", "platformdirs", "pyarrow.acero"),
    *("pyarrow.dataset", "rich.console", "rich.table", "yaml"),
)
"""What graphcache imports late, and most commands need."""
_MOST = 2**17
"""Bytes of arguments and variables; a socket sends no more at once."""
_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({place!r})
    said = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [said], [0, 1, 2])
    server.recv(16)  # the number of the fork
    code = int(server.recv(16))
    sys.exit(code if code >= 0 else 128 - code)
"""


@contextmanager
def preloaded(folder: Path) -> Iterator[None]:
    """Have such a `graphcache` in an empty folder; none where it can't be."""
    if sys.platform != "linux":
        yield
        return
    command = [sys.executable, "-P", __file__, str(folder)]
    ready, says_ready = os.pipe()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=says_ready) as server:
        os.close(says_ready)
        with open(ready) as said:
            said.readline()
        yield
        server.communicate()  # closes its standard input


def _serve(folder: Path) -> None:
    """Fork for each command, until standard input is closed."""
    ours = pkgutil.walk_packages(graphcache.__path__, "graphcache.")
    for name in (*(module.name for module in ours), *_NEEDED):
        with suppress(ModuleNotFoundError):  # extras need not be there
            import_module(name)
    gc.freeze()  # else each fork's search for garbage has a copy made of all of it
    place = folder / "socket"
    tool = folder / "graphcache"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(place))
        listener.listen()
        tool.write_text(_CLIENT.format(python=sys.executable, place=str(place)))
        tool.chmod(0o755)
        os.write(1, b"ready\n")  # at once, also where Python's output is not buffered
        forks: dict[int, tuple[int, socket.socket]] = {}
        while sys.stdin not in (ready := select.select([listener, sys.stdin, *forks], [], [])[0]):
            for ended in (one for one in ready if one in forks):
                _tell(ended, *forks.pop(ended))
            if listener in ready:
                client = listener.accept()[0]
                number = os.fork()
                if number == 0:
                    for _, other in forks.values():
                        other.close()
                    listener.close()
                    os._exit(_run(client))
                client.send(str(number).encode())
                forks[os.pidfd_open(number)] = number, client
        for ended, fork in forks.items():
            _tell(ended, *fork)


def _tell(ended: int, number: int, client: socket.socket) -> None:
    """Tell a client how its fork ended, for which this waits."""
    code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    os.close(ended)
    with client, suppress(BrokenPipeError):
        client.send(str(code).encode())


def _run(client: socket.socket) -> int:
    """Run the command that a client asks for, on its streams; the exit code."""
    with client:
        said, streams, _, _ = socket.recv_fds(client, _MOST, 3)
    arguments, folder, variables = json.loads(said)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["graphcache", *arguments]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
    try:
        import_module("graphcache.cli.main").main()
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
    return 1


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
