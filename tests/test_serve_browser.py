"""`graphcache serve` in a real Chromium, as a person meets it.

`docs/pictures/serve.png` is drawn anew by `PICTURES=write pytest tests/test_serve_browser.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import oracle
import pytest
from chromium import PATIENCE, axe_violations, open_chromium
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect
from served import Served, serving

PICTURE = Path(__file__).parents[1] / "docs/pictures/serve.png"
MOST = 250_000
"""Bytes of the picture."""
WIDE: ViewportSize = {"width": 1400, "height": 900}
NARROW: ViewportSize = {"width": 420, "height": 800}

Open = Callable[..., Page]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def served(example_store: Path) -> Iterator[Served]:
    with serving("--store", example_store, cwd=example_store.parent) as running:
        yield running


@pytest.fixture(scope="module")
def specs(example_pages: Path) -> list[dict[str, Any]]:
    return oracle.specs(oracle.read_pages(example_pages))


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Open]:
    """Open the site in a window of its own; nothing may be fetched elsewhere, or go wrong."""
    asked, wrong, contexts = [], [], []

    def visited(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, "base_url": served.url, **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(f"{said.type}: {said.text}"))
        page.goto(path)
        return page

    yield visited
    for context in contexts:
        context.close()
    assert {urlsplit(url).netloc for url in asked} == {f"127.0.0.1:{served.port}"}
    # Of a picture that is read back, Chromium says that this takes time.
    assert [text for text in wrong if "GPU stall" not in text] == []


def rows(page: Page, caption: str) -> int:
    table = page.locator("table", has=page.locator("caption", has_text=caption))
    return table.locator("tbody tr").count()


def test_a_package_is_found_and_followed(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit()
    page.get_by_label("Package, stack, hash or spec").fill("py")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Found for “py”")
    page.get_by_label("Package, stack, hash or spec").fill("rocblas")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Package rocblas")
    of_package = [spec for spec in specs if spec["name"] == "rocblas"]
    assert rows(page, "Specs, by version") == len(of_package)
    spec = min(of_package, key=lambda spec: str(spec["hash"]))
    page.get_by_role("link", name=spec["hash"][:7], exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Spec rocblas")
    expect(page.get_by_role("cell", name=spec["hash"], exact=True)).to_be_visible()
    stack = min(spec["stacks"])
    page.get_by_role("link", name=stack, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Stack {stack}")
    page.get_by_role("link", name="rocblas", exact=True).click()
    expect(page.locator("#stack")).to_have_value(stack)


def test_a_hash_is_pasted(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit()
    for text in (specs[3]["hash"], f"/{specs[3]['hash']}", specs[3]["hash"][:9]):
        page.get_by_label("Package, stack, hash or spec").fill(text)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/spec/{specs[3]['hash']}")


def test_specs_are_filtered(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit("/package?name=py-ml-dtypes")
    page.get_by_label("Target").select_option("aarch64")
    page.get_by_role("button", name="Filter").click()
    wanted = [s for s in specs if (s["name"], s["target"]) == ("py-ml-dtypes", "aarch64")]
    assert rows(page, "Specs, by version") == len(wanted)
    assert 0 < len(wanted) < 66
    page.get_by_role("link", name="All specs").click()
    assert rows(page, "Specs, by version") == 66


def test_a_query_is_asked_by_its_form(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit("/queries")
    page.get_by_role("link", name="Usable specs").click()
    page.get_by_role("button", name="Ask").click()  # the browser sees what is missing
    expect(page.locator("table")).to_have_count(0)
    page.locator("#package").fill("rocblas")
    page.locator("#target").fill("zen4")
    page.get_by_role("button", name="Ask").click()
    assert rows(page, "Usable specs") > 0
    hashes = page.locator("td:nth-child(2)").all_inner_texts()
    assert {spec["hash"] for spec in specs if spec["name"] == "rocblas"} >= set(hashes)
    expect(page.locator("#package")).to_have_value("rocblas")
    page.get_by_text("Columns and Cypher").click()
    expect(page.locator("pre.cypher")).to_contain_text("MATCH (s:Spec {name: $package})")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "usable-specs.csv"
    assert download.value.path().read_text().count("\n") == 1 + len(hashes)


def test_what_is_wrong_in_a_form_is_said_beside_it(browser: Browser, served: Served) -> None:
    """Chromium's console has a line on every status from 400, so this one is not watched."""
    page = browser.new_page(base_url=served.url)
    page.goto("/query/usable-specs?package=rocblas&target=zen44")
    expect(page.get_by_role("alert")).to_contain_text("Did you mean zen4")
    expect(page.locator("#package")).to_have_value("rocblas")
    page.locator("#target").fill("zen4")
    page.get_by_role("button", name="Ask").click()
    assert rows(page, "Usable specs") > 0
    page.close()


def test_the_graph_is_drawn(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit("/package?name=rocblas")
    page.get_by_role("link", name="Graph around it").click()
    page.locator(".graph-view[data-ready]").wait_for()
    of_package = [spec for spec in specs if spec["name"] == "rocblas"]
    stacks = {stack for spec in of_package for stack in spec["stacks"]}
    expect(page.locator(".gv-node-types")).to_contain_text(f"Spec{len(of_package)}")
    expect(page.locator(".gv-node-types")).to_contain_text(f"Stack{len(stacks)}")
    page.locator(".gv-search").fill("e4s")
    page.keyboard.press("Enter")
    expect(page.locator(".gv-details h2")).to_have_text("e4s")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
    page.get_by_role("link", name="Package rocblas").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Package rocblas")


def test_the_page_of_a_graph_says_that_it_draws(visit: Open) -> None:
    page = visit()
    seen = []

    def arriving(route: Route) -> None:
        # The script has asked, and what it asked for has not come.
        expect(page.locator("h1")).to_have_text("Package rocblas")
        expect(page.locator(".gv-counts")).to_have_text("Drawing …")
        expect(page.get_by_role("status")).to_have_text("Drawing …")
        expect(page.locator(".graph-view[aria-busy=true]")).to_have_count(1)
        expect(page.locator(".gv-panel")).to_be_hidden()
        seen.append(axe_violations(page))
        route.continue_()

    page.route("**/graph?*format=json", arriving)
    page.goto("/graph?package=rocblas")
    page.locator(".graph-view[data-ready]").wait_for()
    assert seen == [[]]
    expect(page.locator(".graph-view[aria-busy]")).to_have_count(0)
    expect(page.locator(".gv-counts")).to_contain_text("nodes, ")
    expect(page.locator(".gv-panel")).to_be_visible()
    expect(page.locator(".gv-message")).to_be_hidden()


def test_why_a_graph_is_not_drawn_is_said(
    browser: Browser, example_store: Path, tmp_path: Path
) -> None:
    """The store breaks, and then the server ends, after the page has come and before its data."""
    place = tmp_path / "graphcache.lbug"
    place.write_bytes(example_store.read_bytes())
    with serving(cwd=tmp_path) as running, browser.new_page(base_url=running.url) as page:

        def break_store(route: Route) -> None:
            place.write_bytes(b"no store")
            route.continue_()

        def end_server(route: Route) -> None:
            running.end()
            route.continue_()

        for happens, said in (
            (break_store, "The picture can't be drawn: graphcache.lbug"),
            (end_server, "The picture can't be drawn: the server gives no answer. See whether"),
        ):
            place.write_bytes(example_store.read_bytes())
            page.route("**/graph?*format=json", happens, times=1)
            page.goto("/graph?package=rocblas")
            expect(page.get_by_role("alert")).to_contain_text(said)
            expect(page.locator(".graph-view[aria-busy]")).to_have_count(0)
            expect(page.locator(".gv-counts")).to_have_text("")
            assert axe_violations(page) == []


def test_all_but_the_graph_works_without_javascript(visit: Open) -> None:
    page = visit("/package?name=rocblas", java_script_enabled=False)
    page.get_by_label("Target").select_option("x86_64_v3")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("table")).to_have_count(1)
    page.goto("/graph?package=rocblas")
    expect(page.locator("noscript")).to_have_count(1)
    expect(page.locator("h1")).to_have_text("Package rocblas")


def pages(specs: list[dict[str, Any]]) -> list[str]:
    hash_ = specs[0]["hash"]
    return [
        "/",
        "/search?q=py",
        "/package?name=py-pdm-backend&release=develop",
        f"/spec/{hash_}",
        "/stack?name=e4s",
        "/queries",
        "/query/usable-specs",
        "/query/redundant-builds",
        "/graph?stack=e4s",
        f"/graph?hash={hash_}",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_wrong(
    visit: Open, specs: list[dict[str, Any]], window: ViewportSize, scheme: str
) -> None:
    page = visit(viewport=window, color_scheme=scheme)
    for path in pages(specs):
        page.goto(path)
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], path


def test_the_keyboard_is_enough(visit: Open) -> None:
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main :focus")).to_have_count(1)
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_the_picture_in_the_documentation(visit: Open) -> None:
    page = visit("/package?name=py-pdm-backend&target=x86_64_v3", viewport={**WIDE, "height": 860})
    drawn = page.screenshot()
    if os.environ.get("PICTURES") == "write":
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(drawn)
    assert drawn.startswith(b"\x89PNG")
    assert 20_000 < PICTURE.stat().st_size <= MOST
