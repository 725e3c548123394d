"""Neo4j Browser in Chromium: what a person would do in it, as functions."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from chromium import PATIENCE, launch
from playwright.sync_api import Locator, Page, TimeoutError, ViewportSize, sync_playwright

from .fixtures import Server

_CLICKS = 60
"""How often Run is clicked before it is taken to run nothing."""
_WINDOW: ViewportSize = {"width": 1400, "height": 900}
_LOOPBACK = ("localhost", "127.0.0.1")
# Not by Playwright's routing: where that is on, Chromium no longer asks other origins for leave,
# and all would seem well where Browser may not read the files.
_NO_NETWORK = "--host-resolver-rules=MAP * ~NOTFOUND" + "".join(
    f", EXCLUDE {host}" for host in _LOOPBACK
)


class Browser:
    """A page with Neo4j Browser, connected to a server.

    Attributes:
        page: The page.
        outside: The hosts, other than this machine, that anything was asked of; none was reached.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.outside: set[str] = set()
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in _LOOPBACK:
            self.outside.add(parts.hostname or "")

    def log_in(self, server: Server) -> None:
        """Open it and connect."""
        self.page.goto(f"{server.http_url}/browser/")
        self.page.get_by_test_id("boltaddress").fill(urlsplit(server.uri).netloc)
        self.page.get_by_test_id("username").fill(server.username)
        self.page.get_by_test_id("password").fill(server.password)
        self.page.get_by_test_id("connect").click()
        self.page.get_by_test_id("activeEditor").get_by_text("neo4j$").wait_for()

    def drop(self, file: Path) -> None:
        """Drop a file on the window."""
        transfer = self.page.evaluate_handle(
            "([text, name]) => { const transfer = new DataTransfer();"
            " transfer.items.add(new File([text], name)); return transfer; }",
            [file.read_text(encoding="utf-8"), file.name],
        )
        for event in ("dragenter", "dragover", "drop"):
            self.page.locator(".filedrop").dispatch_event(event, {"dataTransfer": transfer})

    def run(self, command: str) -> Locator:
        """Write into the editor and run; the frame that answers."""
        self.page.get_by_test_id("activeEditor").locator(".monaco-editor").first.click()
        self.page.keyboard.insert_text(command)
        self.page.get_by_test_id("editor-Run").click()
        return self.frame(command)

    def run_shown(self, query: Locator) -> Locator:
        """Run a query that a guide shows; the frame that answers.

        A click puts it into the editor, which Browser may empty before the next click, on Run, by
        what it does itself when it has connected. Then nothing comes of it, and a person clicks
        again.
        """
        frame = self.frame(query.inner_text().strip())
        for _ in range(_CLICKS):
            query.click()
            self.page.get_by_test_id("editor-Run").click()
            with suppress(TimeoutError):
                frame.wait_for(timeout=PATIENCE / _CLICKS)
                return frame
        raise AssertionError(f"nothing came of {_CLICKS} clicks on Run: {query.inner_text()}")

    def frame(self, command: str) -> Locator:
        """The newest frame of a command."""
        title = self.page.get_by_test_id("frameCommand").filter(has_text=" ".join(command.split()))
        return self.page.locator("article").filter(has=title).first

    def guide(self) -> Locator:
        """The guide beside the frames."""
        return self.page.get_by_test_id("guidesDrawer")


def nodes(frame: Locator) -> list[tuple[str, str]]:
    """The fill colour and the caption, without blanks, of each node that a frame shows."""
    frame.locator("svg g.node").first.wait_for()
    found: list[tuple[str, str]] = frame.locator("svg g.node").evaluate_all(
        "all => all.map(node => [node.querySelector('circle.b-outline').getAttribute('fill'),"
        " [...node.querySelectorAll('text')].map(text => text.textContent).join('')])"
    )
    return [(colour.lower(), re.sub(r"\s", "", caption)) for colour, caption in found]


@contextmanager
def open_browser(server: Server) -> Iterator[Browser]:
    """Neo4j Browser in a new profile, connected."""
    with (
        sync_playwright() as playwright,
        launch(playwright.chromium, _NO_NETWORK, whole=True) as chromium,
    ):
        browser = Browser(chromium.new_page(viewport=_WINDOW))
        browser.log_in(server)
        yield browser
