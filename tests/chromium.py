"""The Chromium that tests drive: this machine's, else installed, else Playwright's own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neo4j_server import tools
from playwright.sync_api import Browser, BrowserType, Page, expect, sync_playwright

PATIENCE = 600_000
"""Milliseconds in which a page has done anything, also on a slow machine that does much else."""
expect.set_options(timeout=PATIENCE)

_AXE = Path(__file__).parent / "data/axe/axe.min.js"
_CONTRAST = "color-contrast"
MEASURE = (Path(__file__).parent / "data/pictures/measure.js").read_text(encoding="utf-8")
"""What makes a page hard to read; with `true`, the contrast of all its text alone."""
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_INSTALL = f"{sys.executable} -m playwright install chromium"


def need_chromium(chromium: BrowserType) -> str:
    """The Chromium on this machine, brought here if need be.

    Raises:
        MissingTool: there is none, and none could be brought.
    """
    if not _found(chromium):
        if tools.may_install():
            tools.install("chromium", "Chromium")
        else:
            done = tools.run(_INSTALL.split())
            if done.returncode:
                raise tools.MissingTool(
                    f"The tests need Chromium, and none is here. Install it, or let this do it:\n"
                    f"  {_INSTALL}\n{done.stdout[-2000:]}"
                )
    if found := _found(chromium):
        return found
    raise tools.MissingTool(f"Chromium was installed, yet it is not found: {_CHROMIUM}")


def _found(chromium: BrowserType) -> str | None:
    """The first of those on PATH, else Playwright's own if that is installed."""
    own = chromium.executable_path
    return next(filter(None, map(shutil.which, (*_CHROMIUM, own))), None)


@contextmanager
def open_chromium() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright, launch(playwright.chromium) as browser:
        yield browser


@contextmanager
def launch(chromium: BrowserType, *arguments: str) -> Iterator[Browser]:
    """The same with other arguments, of a Playwright that runs; its temporary files go with it."""
    with tempfile.TemporaryDirectory(
        prefix="graphcache-chromium-", ignore_cleanup_errors=True
    ) as folder:
        browser = chromium.launch(
            executable_path=need_chromium(chromium),
            args=["--no-sandbox", *arguments],
            env={**os.environ, "TMPDIR": folder},
        )
        try:
            yield browser
        finally:
            browser.close()


def axe_violations(page: Page, *, contrast: bool = True, contrast_alone: bool = False) -> list[str]:
    """What axe-core finds wrong for people who can't see or point: rule and element.

    Contrast takes it longer than all else, and is all that another scheme of colours changes.
    """
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    # It would name all elements in which nothing is wrong too.
    options: dict[str, object] = {"resultTypes": ["violations"], "selectors": False}
    if contrast_alone:
        options["runOnly"] = [_CONTRAST]
    else:
        options["rules"] = {_CONTRAST: {"enabled": contrast}}
    found: list[str] = page.evaluate(
        "async (options) => (await axe.run(options)).violations.flatMap(rule =>"
        " rule.nodes.map(node => `${rule.id}: ${node.html} ${node.failureSummary}`))",
        options,
    )
    return found
