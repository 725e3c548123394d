"""A web server on this machine that serves a folder, and misbehaves where it is told to."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer
from typing import TypeVar
from urllib.parse import unquote, urlsplit

_Server = TypeVar("_Server", bound=BaseServer)


class Request(BaseHTTPRequestHandler):
    """One request; `server` is the `Web` that it came to."""

    server: Web

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((path, headers))
        answers = self.server.answers.get(path)
        if answers:
            answer = answers[0] if len(answers) == 1 else answers.pop(0)
            answer(self)
        else:
            self.send_file(path)

    def send_file(self, path: str) -> None:
        """Send the file, unless it has the ETag that was asked about."""
        content = self.server.content(path)
        if content is None:
            self.send_whole(b"not here", 404)
            return
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        if self.headers.get("If-None-Match") == etag:
            self.send_whole(b"", 304, ETag=etag)
        else:
            self.send_whole(content, 200, ETag=etag)

    def send_whole(self, content: bytes, status: int = 200, **headers: str) -> None:
        """Send an answer that says its length."""
        self.start(status, {"Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def start(self, status: int, headers: Mapping[str, str]) -> None:
        """Send how an answer begins."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


Answer = Callable[[Request], None]


class Web(ThreadingHTTPServer):
    """The server. It notes what it was asked for.

    `files` stand in the place of those in the folder, and `answers` in the place of files: of
    several answers to a path each is given once, and the last one from then on.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.folder = folder
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Paths, and headers with their names in lower case."""
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, list[Answer]] = {}
        self.closing = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]

    def content(self, path: str) -> bytes | None:
        """The content of a file."""
        place = self.folder / path.lstrip("/")
        return self.files.get(path) or (place.read_bytes() if place.is_file() else None)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""


@contextmanager
def serving(folder: Path) -> Iterator[Web]:
    """Serve the folder until the end."""
    with in_background(Web(folder)) as web:
        try:
            yield web
        finally:
            web.closing.set()


@contextmanager
def in_background(server: _Server) -> Iterator[_Server]:
    """A server that serves in a thread of its own until the end."""
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def status(code: int, **headers: str) -> Answer:
    """Answer with a status alone."""
    return lambda request: request.send_whole(b"", code, **headers)


def content(data: bytes, **headers: str) -> Answer:
    """Answer with this, whatever is in the folder."""
    return lambda request: request.send_whole(data, 200, **headers)


def hang(request: Request) -> None:
    """Say nothing, and keep the connection."""
    request.server.closing.wait()


def cut_off(data: bytes, after: int) -> Answer:
    """Announce all of it, and close the connection midway."""

    def answer(request: Request) -> None:
        request.start(200, {"Content-Length": str(len(data)), "ETag": '"whole"'})
        request.wfile.write(data[:after])

    return answer


def stall(data: bytes, after: int) -> Answer:
    """Announce all of it, and say no more midway."""

    def answer(request: Request) -> None:
        request.start(200, {"Content-Length": str(len(data))})
        request.wfile.write(data[:after])
        request.wfile.flush()
        request.server.closing.wait()

    return answer


def without_length(data: bytes) -> Answer:
    """Send it with no word of its length: who reads it can't know whether it is whole."""

    def answer(request: Request) -> None:
        request.start(200, {"ETag": '"any"'})
        request.wfile.write(data)

    return answer


def endless(request: Request) -> None:
    """Send for ever."""
    request.start(200, {})
    while not request.server.closing.is_set():
        request.wfile.write(b'{"database": ' + b" " * 2**16)


def for_ever(begin: bytes, again: bytes) -> Answer:
    """Say the one, and then the other again and again, until nobody listens any more."""

    def answer(request: Request) -> None:
        request.wfile.write(begin)
        while not request.server.closing.wait(0.01):
            request.wfile.write(again)

    return answer
