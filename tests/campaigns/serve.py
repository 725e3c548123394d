"""Pages of a hostile store, asked for by hostile visitors, from a server that runs.

Nothing fails on the server's side; no statement has text of the data or of a visitor in it; of a
page only text has it, of JSON and CSV only values; every answer has the headers.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import ladybug
from graphs import put_store

from campaigns import hostile
from campaigns.changes import TEXTS, changed
from campaigns.inputs import DOCUMENTS
from campaigns.trials import Campaign
from graphcache import open_store
from graphcache.queries import load_library
from graphcache.serving.app import HEADERS, make_app
from graphcache.serving.contents import SECONDS
from graphcache.serving.holding import HeldStore
from graphcache.serving.questions import QUESTIONS
from graphcache.serving.running import listen, server

EACH = 20
_LIBRARY = load_library()
_FILTERS = ("name", "version", "os", "target", "compiler", "release", "stack", "q", "page", "limit")
_OTHERS = ("/", "/suggest", "/search", "/package", "/stack", "/store", "/queries", "/coverage")
_SPECS = ("{}", "{}@1.2", "{} +x ^{}", "/{}", "{} %{}", "^{}", "@{}", "'{}'", "{} os={} target={}")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Request:
    """What a visitor sends; the body of a form gets the token of the server."""

    method: str
    address: str
    headers: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, str], ...] = ()
    raw: bytes = b""
    """What is sent instead of all this."""


@dataclass(frozen=True, slots=True)
class Visit:
    """The names that a store holds, and what is asked of it."""

    names: tuple[str, ...]
    requests: tuple[Request, ...]


class Complaints(logging.Handler):
    """What a server says that goes wrong in it; that a request is none is no such thing."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


class Serve(Campaign[Visit]):
    """Visits of a server that runs in this process."""

    def __init__(self, store: Path, port: int) -> None:
        super().__init__()
        self._store, self._port = store, port
        self._statements: list[str] = []
        self._token = ""
        self._complaints = Complaints(logging.ERROR)
        logging.getLogger("uvicorn.error").addHandler(self._complaints)
        execute = ladybug.Connection.execute

        def noted(*arguments: Any, **options: Any) -> Any:
            self._statements.append(str(arguments[1]))
            return execute(*arguments, **options)

        setattr(ladybug.Connection, "execute", noted)  # noqa: B010 - for this process

    def draw(self, dice: Random) -> Visit:
        names = tuple(dict.fromkeys(hostile.text(dice) for _ in range(3)))
        return Visit(names, tuple(_request(names, dice) for _ in range(EACH)))

    def smaller(self, trial: Visit) -> Iterator[Visit]:
        if len(trial.requests) > 1:
            yield from (replace(trial, requests=(one,)) for one in trial.requests)
        elif len(trial.names) > 1:
            yield from (replace(trial, names=(one,)) for one in trial.names)

    def hold(self, trial: Visit) -> None:
        put(self._store, trial.names)
        self._statements.clear()
        self._token = hostile.Structure(self._ask(Request("GET", "/coverage"))).token
        for request in trial.requests:
            self._ask(request)
        found = [text for text in self._statements if hostile.MARK in text]
        assert not found, f"text in a statement: {found[0]}"
        assert self._statements, "nothing was asked of the store"
        assert not self._complaints.heard, self._complaints.heard.pop()

    def _ask(self, request: Request) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20 * SECONDS)
        try:
            if request.raw:
                return self._say(connection, request.raw)
            body = urlencode({"token": self._token, **dict(request.body)}) if request.body else None
            headers = {"Content-Type": _FORM, **dict(request.headers)} if body else {}
            headers |= dict(request.headers)
            connection.request(request.method, request.address, body, headers)
            response = connection.getresponse()
            content = response.read()
            given = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        self.seen[str(response.status)] += 1
        assert response.status < 500, f"{response.status}: {content[:200]!r}"
        for name, value in HEADERS.items():
            assert given.get(name.lower()) == value, f"without the header {name}"
        assert not [name for name in given if hostile.MARK in name], "a header of a visitor"
        where = given.get("location", "/")
        assert where.startswith("/") and not where.startswith("//"), f"it leads to {where}"  # noqa: PT018
        if request.method != "HEAD":
            _hold_content(given.get("content-type", ""), content.decode())
        return content.decode()

    def _say(self, connection: http.client.HTTPConnection, raw: bytes) -> str:
        """Say what may be no HTTP at all: it is answered or cut off, and the next is answered."""
        connection.connect()
        assert connection.sock
        connection.sock.sendall(raw)
        connection.sock.shutdown(1)
        answer = connection.sock.recv(100)
        assert answer[:10] in (b"", b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4"), answer
        self.seen["no request"] += 1
        return self._ask(Request("GET", "/queries"))


def _hold_content(kind: str, text: str) -> None:
    if kind.startswith("text/html"):
        hostile.Structure(text)
    elif kind == "application/json":
        json.loads(text)
    elif kind.startswith("text/csv"):
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert len({len(row) for row in rows}) <= 1, "rows of different lengths"


def put(store: Path, names: tuple[str, ...]) -> None:
    """Put a store of these names in the place of the one that is there."""
    put_store(store, hostile.graph(names), names, names)


def _request(names: tuple[str, ...], dice: Random) -> Request:
    if dice.random() < 0.05:
        whole = f"GET /search?q={quote(names[0])} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        return Request("GET", "", raw=changed(whole.encode(), dice) or b"\r\n")
    headers = {
        name: quote(dice.choice(names))
        for name in ("Host", "X-Forwarded-Host", "Cookie", "Referer", "Accept", "Origin")
        if dice.random() < 0.03
    }
    method = dice.choice(("GET",) * 8 + ("HEAD", "POST", "PUT"))
    if dice.random() < 0.1:
        lock = changed(dice.choice(DOCUMENTS), dice).decode(errors="replace")
        fields = {"lockfile": lock, "spec": _value(names, dice), "format": _format(dice)}
        given = tuple(headers.items())
        return Request("POST", "/coverage", given, tuple(fields.items()))
    path, known = _path(names, dice)
    parameters = [
        (dice.choice(known) if known and dice.random() < 0.9 else names[0], _value(names, dice))
        for _ in range(dice.randint(0, 3))
    ]
    parameters += [(name, dice.choice(names)) for name in known if dice.random() < 0.3]
    if dice.random() < 0.4:
        parameters.append(("format", _format(dice)))
    address = f"{path}?{urlencode(parameters)}" if parameters else path
    return Request(method, address, tuple(headers.items()))


def _path(names: tuple[str, ...], dice: Random) -> tuple[str, tuple[str, ...]]:
    """A page, and the names of what it takes."""
    kind = dice.random()
    if kind < 0.35:
        question = dice.choice(list(QUESTIONS.values()))
        return f"/{question.name}", tuple(one.name for one in question.inputs)
    if kind < 0.55:
        query = dice.choice(list(_LIBRARY.values()))
        return f"/query/{query.name}", tuple(one.name for one in query.parameters)
    if kind < 0.65:
        key = dice.choice(("a" * 32, "b" + "a" * 31, dice.choice(names)))
        return f"/spec/{quote(key, safe='')}", ()
    if kind < 0.7:
        return f"/{quote(dice.choice(names), safe='')}", ()
    return dice.choice(_OTHERS), _FILTERS


def _value(names: tuple[str, ...], dice: Random) -> str:
    name = dice.choice(names)
    if dice.random() < 0.4:
        return dice.choice(_SPECS).replace("{}", name)
    return dice.choice((name, hostile.text(dice), dice.choice(TEXTS), "a" * 7, "yes", "1"))


def _format(dice: Random) -> str:
    return dice.choice(("html", "csv", "json", "csv", "json", hostile.text(dice)))


@contextmanager
def campaign(folder: Path) -> Iterator[Serve]:
    """The campaign, with a server in a thread of this process."""
    store = folder / "store.lbug"
    put(store, ("zlib",))
    app = make_app(HeldStore(lambda: open_store(store), store), _LIBRARY)
    listening, running = listen(0), server(app)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield Serve(store, listening.getsockname()[1])
    finally:
        running.should_exit = True
        thread.join()
