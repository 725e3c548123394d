"""The documentation as a site, in Chromium: it needs no other server, and fits a phone."""

from __future__ import annotations

import functools
import html
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from chromium import PATIENCE, open_chromium
from playwright.sync_api import Browser, Page, ViewportSize
from web_server import in_background

import graphcache

ROOT = Path(__file__).parents[1]
WIDE: ViewportSize = {"width": 1400, "height": 900}
PHONE: ViewportSize = {"width": 420, "height": 900}

pytestmark = pytest.mark.browser


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _FilesWithoutSearch(_Files):
    """Else each page that is opened would index the words of all."""

    def do_GET(self) -> None:
        if "/workers/search." not in self.path:
            return super().do_GET()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "0")
        return self.end_headers()


def build(project: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as `make check` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", folder],
        cwd=project,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site."""
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT, folder)
    assert done.returncode == 0, done.stdout
    return folder


@contextmanager
def serving(site: Path, files: type[_Files]) -> Iterator[str]:
    """The address at which the site is served meanwhile."""
    handler = functools.partial(files, directory=site)
    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


class Reader:
    """A browser window, and what it asked for or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.asked: set[str] = set()
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.add(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def assert_alone(self, address: str) -> None:
        """Nothing was asked of another server, and nothing went wrong."""
        outside = {url for url in self.asked if not url.startswith((f"{address}/", "data:"))}
        assert not outside
        assert not self.complaints


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    page = browser.new_page(viewport=WIDE)
    yield Reader(page)
    page.close()


def pages(site: Path) -> list[str]:
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))
    assert "how-to/cve.html" in found
    return found


def test_no_page_asks_another_server_or_is_wider_than_a_phone(site: Path, reader: Reader) -> None:
    """Without search, which has a test of its own, in the window of a computer."""
    reader.page.set_viewport_size(PHONE)
    wide = []
    with serving(site, _FilesWithoutSearch) as address:
        for name in pages(site):
            reader.page.goto(f"{address}/{name}")
            if reader.page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
                wide.append(name)
    reader.assert_alone(address)
    assert not wide


def test_the_icon_of_each_page_is_there(site: Path) -> None:
    for name in pages(site):
        icons = re.findall(r'<link rel="icon" href="(.*?)"', (site / name).read_text())
        assert icons, name
        for icon in icons:
            assert (site / (icon[1:] if icon[0] == "/" else Path(name).parent / icon)).is_file()


def test_search_leads_to_the_page_of_a_question(site: Path, reader: Reader) -> None:
    page = reader.page
    with serving(site, _Files) as address:
        page.goto(f"{address}/index.html")
        page.get_by_role("textbox", name="Search").click()
        page.get_by_text("Type to start searching").wait_for()  # the index is there
        page.keyboard.type("cve touches")
        page.locator(".md-search-result__link").first.click()
        page.wait_for_url(re.compile(r"how-to/cve\.html"))
        assert (
            page.get_by_role("heading", level=1).inner_text().startswith("See what a CVE touches")
        )
    reader.assert_alone(address)


@pytest.mark.parametrize("name", graphcache.__all__)
def test_what_is_public_is_described_by_its_docstring(name: str, site: Path) -> None:
    page = (site / "api.html").read_text(encoding="utf-8")
    assert f'id="graphcache.{name}"' in page
    first, *_ = (inspect.getdoc(getattr(graphcache, name)) or "").split(".")
    assert first.split("`")[0].strip() in re.sub("<.*?>", "", page)


def test_doctests_are_examples_and_no_quotations(site: Path) -> None:
    page = (site / "api.html").read_text(encoding="utf-8")
    assert "<blockquote>" not in page
    assert "Tables.empty().node_counts()" in html.unescape(re.sub("<.*?>", "", page))


def test_a_dead_link_is_an_error(tmp_path: Path) -> None:
    """By the settings of the site itself, on two pages of it: all of it takes half a minute."""
    (tmp_path / "docs").mkdir()
    settings = "\n".join(
        (f"INHERIT: {ROOT / 'mkdocs.yml'}", "docs_dir: docs", "plugins: []", "hooks: []")
    )
    (tmp_path / "mkdocs.yml").write_text(f"{settings}\nnav: [index.md, start.md]\n")
    (tmp_path / "docs/start.md").write_text("# Start\n\n## Install\n")
    for anchor, code in (("install", 0), ("nowhere", 1)):
        (tmp_path / "docs/index.md").write_text(f"# Index\n\n[there](start.md#{anchor})\n")
        done = build(tmp_path, tmp_path / "site")
        assert done.returncode == code, done.stdout
    assert "does not contain an anchor '#nowhere'" in done.stdout
