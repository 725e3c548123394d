"""The Chromium that tests drive: found on this machine, installed by apt where that may be."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neo4j_server import tools
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

_AXE = Path(__file__).parent / "data/axe/axe.min.js"
# WebGL without a graphics card.
_SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def need_chromium() -> str:
    """The Chromium on this machine, installed if need be.

    Raises:
        MissingTool: there is none, and it may not or cannot be installed.
    """
    if not any(map(shutil.which, _CHROMIUM)):
        tools.install("chromium", "Chromium")
    for found in filter(None, map(shutil.which, _CHROMIUM)):
        return found
    raise tools.MissingTool("chromium was installed, yet there is none on PATH")


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Chromium without a window, which draws WebGL in software."""
    with sync_playwright() as playwright, launch(playwright.chromium, *_SOFTWARE_GL) as browser:
        yield browser


@contextmanager
def launch(chromium: BrowserType, *arguments: str) -> Iterator[Browser]:
    """The same with other arguments, of a Playwright that runs."""
    browser = chromium.launch(executable_path=need_chromium(), args=["--no-sandbox", *arguments])
    try:
        yield browser
    finally:
        browser.close()


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds wrong for people who can't see or point: rule and element."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        "async () => (await axe.run()).violations.flatMap(rule =>"
        " rule.nodes.map(node => `${rule.id}: ${node.html} ${node.failureSummary}`))"
    )
    return found
