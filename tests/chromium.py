"""The Chromium that tests drive: this machine's, else installed, else Playwright's own.

Our pages are looked at in its shell, where that can be had. Neo4j Browser is driven in the whole
one: in the shell it has stood still once, without drawing. The shell asks for no icon of a page.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
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
_SHELL = "chromium-headless-shell"
"""Chromium without what a window has around its page: one opens in a third of the time."""
_WHOLE = ("chromium", "chromium-browser", "google-chrome")
_INSTALL = f"{sys.executable} -m playwright install chromium"


@functools.cache
def _need_chromium(own: str, *, whole: bool) -> str | None:
    """The Chromium on this machine, brought here if need be; None for Playwright's own.

    Args:
        own: Where Playwright has its own, once that is installed; its shell comes along.
        whole: Chromium itself. Else its shell, and itself where there can be no shell.

    Raises:
        MissingTool: there is none, and none could be brought.
    """
    names = _WHOLE if whole else (_SHELL,)
    if found := _on_path(names):
        return found
    if Path(own).is_file():
        return None
    said = []
    for package in dict.fromkeys((names[0], _WHOLE[0])):
        said.append(_install(package))
        if found := _on_path((*names, *_WHOLE)):
            return found
    done = tools.run(_INSTALL.split())
    if done.returncode:
        said.append(done.stdout[-2000:])
        raise tools.MissingTool(
            f"The tests need Chromium, and none is here. Install it, or let this do it:\n"
            f"  {_INSTALL}\n{''.join(said)}"
        )
    return None


def _on_path(names: Sequence[str]) -> str | None:
    """The first of those that are there; not half of one that is just being installed."""
    with tools.lock("apt"):
        return next(filter(None, map(shutil.which, names)), None)


def _install(package: str) -> str:
    """Install a package of the system if that can be; why it could not."""
    try:
        if tools.may_install():
            tools.install(package, "Chromium")
    except (tools.MissingTool, subprocess.TimeoutExpired) as error:
        return f"{error}\n"
    return ""


@contextmanager
def open_chromium(*, whole: bool = False) -> Iterator[Browser]:
    """Chromium without a window: its shell, or the whole one."""
    with sync_playwright() as playwright, launch(playwright.chromium, whole=whole) as browser:
        yield browser


@contextmanager
def launch(chromium: BrowserType, *arguments: str, whole: bool = False) -> Iterator[Browser]:
    """The same with other arguments, of a Playwright that runs; its temporary files go with it.

    Args:
        chromium: Playwright's.
        arguments: What Chromium is started with.
        whole: Chromium itself, not its shell.
    """
    with tempfile.TemporaryDirectory(
        prefix="graphcache-chromium-", ignore_cleanup_errors=True
    ) as folder:
        browser = chromium.launch(
            executable_path=_need_chromium(chromium.executable_path, whole=whole),
            channel="chromium" if whole else None,  # of Playwright's own the whole one
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
    if not page.evaluate("typeof window.axe?.run === 'function'"):
        page.evaluate(_AXE.read_text(encoding="utf-8"))
    # It would name all elements in which nothing is wrong too, and make ready for frames, sound and
    # style sheets of elsewhere: no page of ours has any.
    options: dict[str, object] = {"resultTypes": ["violations"], "selectors": False}
    options |= {"iframes": False, "preload": False}
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
