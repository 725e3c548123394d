"""Listen on this machine, and serve until the process is told to end."""

from __future__ import annotations

import os
import socket

import uvicorn
from starlette.types import ASGIApp

from graphcache.errors import GraphcacheError

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine alone; port 0 is any that is free.

    Raises:
        GraphcacheError: another program listens there, or the port may not be used.

    >>> listening = listen(0)
    >>> listening.getsockname()[0]
    '127.0.0.1'
    >>> listening.close()
    """
    # With the protocol named, asyncio sends what there is at once; without, a page waits 40 ms for
    # the other side's word that it has the headers (Nagle's algorithm, and delayed ACK).
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would share the port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise GraphcacheError(
            f"port {port}: {error.strerror}: name another by --port, or 0 for a free one"
        ) from error
    return listening


def server(app: ASGIApp) -> uvicorn.Server:
    """What serves the application, on sockets that it is given."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until a signal comes; what is being answered is answered first.

    The signal is raised again when all is closed, so that the process ends as it would have.
    """
    server(app).run(sockets=[listening])
