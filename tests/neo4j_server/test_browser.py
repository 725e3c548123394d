"""A real Neo4j Browser in Chromium: the style, the saved queries and the guide work there.

README's screenshot is made by the test of the style; to make it anew:

    GRAPHCACHE_SCREENSHOT=docs/neo4j-browser.png python -m pytest tests/neo4j_server/test_browser.py
"""

from __future__ import annotations

import os
import re
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from neo4j.graph import Node

from .browser import Browser, nodes, open_browser
from .browser_files import FILES, serve_files
from .examples import push_examples
from .fixtures import driver_of
from .grass import read_grass
from .server import Neo4jServer

_SHOWN = "package-neighbourhood"
# Browser's own: a font, news, usage and error reports. It does without.
_BROWSERS_OWN = ("fonts.googleapis.com", "canny.io", "segment.com", "sentry.io")


@pytest.fixture(scope="module")
def server(neo4j_own: Neo4jServer, example_store: Path) -> Neo4jServer:
    """A server with the settings of docker-compose.yml, and the example pages on it."""
    push_examples(neo4j_own, example_store)
    return neo4j_own


@pytest.fixture(scope="module")
def browser(server: Neo4jServer) -> Iterator[Browser]:
    """Neo4j Browser, connected; nothing of ours is asked of another machine.

    To load it and log in takes most of all that is done here: one test goes on where another ended,
    the last one without the style that came with the connection.
    """
    with open_browser(server) as browser:
        yield browser
        assert [host for host in browser.outside if not host.endswith(_BROWSERS_OWN)] == []


def saved_query(name: str) -> str:
    return (FILES / f"{name}.cypher").read_text().strip()


def nodes_on(server: Neo4jServer, cypher: str) -> dict[str, Node]:
    with driver_of(server) as driver:
        rows: list[list[Any]] = [r.values() for r in driver.execute_query(cypher).records]
    return {v.element_id: v for row in rows for v in row if isinstance(v, Node)}


def styled(found: dict[str, Node]) -> Counter[tuple[str, str]]:
    """The colour and the caption that the style gives to nodes."""
    style = read_grass(FILES / "graphcache.grass")
    counts: Counter[tuple[str, str]] = Counter()
    for node in found.values():
        [label] = [name for name in node.labels if not name.startswith("GraphCache")]
        rules = style[f"node.{label}"]
        caption = rules["caption"].format_map(node).replace(" ", "")
        counts[rules["color"], caption] += 1
    return counts


def assert_as_styled(shown: list[tuple[str, str]], expected: Counter[tuple[str, str]]) -> None:
    """A long caption may be cut: how much of it fits hangs on the font, which comes when it may."""
    left = expected.copy()
    for colour, caption in shown:
        whole = caption.removesuffix("…")
        fitting = [
            (c, text)
            for c, text in left.elements()
            if c == colour and (text == caption or (whole != caption and text.startswith(whole)))
        ]
        assert fitting, (colour, caption, left)
        left[fitting[0]] -= 1
    assert not left.total()


def test_the_style_comes_with_the_connection(server: Neo4jServer, browser: Browser) -> None:
    browser.frame(":style http").wait_for()
    query = saved_query("releases-of-a-package")
    assert_as_styled(nodes(browser.run(query)), styled(nodes_on(server, query)))


def test_the_guide_comes_with_the_connection_and_each_step_runs(browser: Browser) -> None:
    guide = browser.guide()
    for step in range(1, 6):
        guide.get_by_role("heading", name=re.compile(rf"^{step}\. ")).last.wait_for()
        frame = browser.run_shown(guide.locator("pre.runnable"))
        frame.locator("svg g.node, [role=table]").first.wait_for()
        if step < 5:
            browser.page.get_by_test_id("guideNextSlide").click()
    assert browser.page.get_by_test_id("pagination-5").count() == 1
    assert browser.page.get_by_test_id("pagination-6").count() == 0
    assert browser.page.get_by_test_id("cypherFrameErrorMessage").count() == 0


def test_the_guide_plays_in_a_frame_too(browser: Browser) -> None:
    browser.guide().wait_for()
    with serve_files() as port:
        frame = browser.run(f":play http://localhost:{port}/guide.html")
        for step in range(1, 6):
            frame.get_by_role("heading", name=re.compile(rf"^{step}\. ")).wait_for()
            frame.get_by_text(f"{step} / 5").wait_for()
            if step < 5:
                frame.get_by_test_id("nextSlide").click()


def test_a_dropped_query_is_kept_under_its_title_and_runs(browser: Browser) -> None:
    query = saved_query("target-lattice")
    title = query.splitlines()[0].removeprefix("//")
    browser.guide().wait_for()
    browser.drop(FILES / "target-lattice.cypher")
    browser.page.locator(".filedrop-save-to-favorites").click()
    browser.page.get_by_test_id("navigationFavorites").click()
    entry = browser.page.get_by_test_id("savedScriptListItem")
    assert entry.get_by_test_id(f"scriptTitle-{title}").inner_text().strip() == title
    entry.hover()
    entry.get_by_test_id("savedScriptsButton-Run").click()
    assert nodes(browser.frame(query))


def test_a_dropped_style_gives_colours_and_captions(
    server: Neo4jServer, browser: Browser, tmp_path: Path
) -> None:
    browser.frame(":style http").wait_for()  # here the style is to come by dropping alone
    browser.run(":style reset").wait_for()
    browser.drop(FILES / "graphcache.grass")
    query = saved_query(_SHOWN)
    frame = browser.run(query)
    shown, expected = nodes(frame), styled(nodes_on(server, query))
    assert_as_styled(shown, expected)
    assert len({colour for colour, _ in shown}) == 5
    take_screenshot(browser, frame, tmp_path)


def take_screenshot(browser: Browser, frame: Any, folder: Path) -> None:
    """Save a picture of the frame alone, when its nodes have come to rest."""
    picture = Path(os.environ.get("GRAPHCACHE_SCREENSHOT") or folder / "browser.png")
    # Not by the pointer, before which Browser's editor lies at times, also on the full screen.
    frame.get_by_title("Fullscreen", exact=True).dispatch_event("click")
    frame.get_by_title("Close fullscreen").wait_for()
    places = None
    for _ in range(60):
        earlier, places = places, node_places(frame)
        if places == earlier:
            break
        browser.page.wait_for_timeout(500)
    frame.get_by_label("zoom-to-fit").dispatch_event("click")
    browser.page.mouse.move(700, 890)
    browser.page.wait_for_timeout(1000)  # for the zoom
    browser.page.screenshot(path=picture)
    data = picture.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (1400, 900)
    assert len(data) <= 300_000


def node_places(frame: Any) -> object:
    return frame.locator("svg g.node").evaluate_all(
        "all => all.map(node => node.getAttribute('transform'))"
    )
