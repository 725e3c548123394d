"""`graphcache serve` as a process of its own, asked over HTTP as a browser would."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import urllib3
from command_line import ENOUGH, Argument, Ended, Process, start
from forked import Forked, fork

_NO_RETRIES = urllib3.Retry(0, raise_on_redirect=False)


class Document(HTMLParser):
    """What a page says: its tables, links, form fields and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        """By caption, the rows of the body; the items of a list in a cell are joined by blanks."""
        self.links: dict[str, str] = {}
        """The address of each link, by its text; of several with one text the first."""
        self.addresses: list[str] = []
        """The addresses of all links."""
        self.options: dict[str, list[str]] = {}
        """The values of each `select` and `datalist`, by its id."""
        self.inputs: dict[str, list[str]] = {}
        """The values in the fields of each name."""
        self.code: list[str] = []
        """The text of each `code`."""
        self.text = ""
        self.tags: list[str] = []
        self._caption = ""
        self._rows: list[list[str]] = []
        self._open: list[tuple[str, str | None, int]] = []
        self._options: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        is_ours = given.get("src", "").startswith("/static/") or "json" in given.get("type", "")
        if tag != "script" or not is_ours:
            self.tags.append(tag)
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])
        elif tag == "input":
            self.inputs.setdefault(given.get("name", ""), []).append(given.get("value", ""))
        elif tag in ("select", "datalist"):
            self._options = self.options.setdefault(given.get("id", ""), [])
        elif tag == "option":
            self._options.append(given.get("value", ""))
        elif tag in ("li", "dd"):
            self.text += " "
        if tag in ("a", "td", "caption", "code"):
            self._open.append((tag, given.get("href"), len(self.text)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.tables[self._caption] = [row for row in self._rows if row]
        if self._open and self._open[-1][0] == tag:
            _, href, begin = self._open.pop()
            text = self.text[begin:].strip()
            if tag == "a":
                self.links.setdefault(text, href or "")
                self.addresses.append(href or "")
            elif tag == "code":
                self.code.append(text)
            elif tag == "td":
                self._rows[-1].append(" ".join(text.split()))
            else:
                self._caption = text

    def handle_data(self, data: str) -> None:
        self.text += data


@dataclass(frozen=True)
class Reply:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def document(self) -> Document:
        """The body as a page."""
        assert self.headers["content-type"] == "text/html; charset=utf-8"
        return Document(self.text)


@dataclass
class Served:
    """A server that runs."""

    process: Process | Forked
    url: str
    port: int
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def ask(
        self, address: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Reply:
        """Ask for a path; a redirect is not followed."""
        reply = self.pool.request(
            method,
            urljoin(self.url, address),
            body=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
            retries=_NO_RETRIES,
            redirect=False,
            timeout=ENOUGH,
        )
        return Reply(reply.status, reply.headers, reply.data)

    def page(self, address: str) -> Document:
        """The page at a path, behind redirects, which must be there."""
        reply = self.ask(address)
        while reply.status == 303:
            reply = self.ask(reply.headers["location"])
        assert reply.status == 200, reply.text
        return reply.document

    def end(self) -> Ended:
        """End it by Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        return self.process.end()


@contextmanager
def serving(
    *options: Argument, cwd: Path, env: Mapping[str, str] | None = None, is_new: bool = False
) -> Iterator[Served]:
    """A server on a free port; it must end well, and have nothing to complain of.

    It is a fork, unless it shall be a new process.
    """
    begin = start if is_new else fork
    process = begin("serve", "--port", "0", *options, cwd=cwd, env=env)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.search(r"(http://127\.0\.0\.1:(\d+)/) \(Ctrl-C ends it\)$", line)
        assert found, line or process.end()
        served = Served(process, found[1], int(found[2]))
        yield served
        if process.poll() is None:
            ended = served.end()
            assert (ended.code, ended.out, ended.err.strip()) == (130, "", ""), ended
    finally:
        if process.poll() is None:
            process.kill()
            process.end()
