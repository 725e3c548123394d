"""`graphcache serve` in a real Chromium, as a person meets it.

Its pictures in `docs/pictures` are drawn by `PICTURES=write pytest tests/test_serve_browser.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import oracle
import pytest
from chromium import MEASURE, PATIENCE, axe_violations, open_chromium
from pages import ADVISORIES, SITE, site_store
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from served import Served, serving

PICTURES = Path(__file__).parents[1] / "docs/pictures"
MOST = 250_000
"""Bytes of a picture."""
PICTURED: ViewportSize = {"width": 1200, "height": 760}
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
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of the site's cache, which knows dependencies."""
    folder = tmp_path_factory.mktemp("site")
    site_store(folder / "graphcache.lbug")
    with serving(cwd=folder) as running:
        yield running


@pytest.fixture(scope="module")
def specs(example_pages: Path) -> list[dict[str, Any]]:
    return oracle.specs(oracle.read_pages(example_pages))


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Open]:
    """Open the pages of a store of pages in a window of its own."""
    with windows(browser, served) as visited:
        yield visited


@pytest.fixture
def visit_site(browser: Browser, site: Served) -> Iterator[Open]:
    """The same of the site's cache."""
    with windows(browser, site) as visited:
        yield visited


@contextmanager
def windows(browser: Browser, served: Served) -> Iterator[Open]:
    """Windows in which nothing may be fetched elsewhere, or go wrong."""
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
    assert wrong == []


def rows(page: Page, caption: str) -> Locator:
    table = page.locator("table", has=page.locator("caption", has_text=caption))
    return table.locator("tbody tr")


def test_a_package_is_found_and_followed(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit()
    page.get_by_label("Package, stack, hash or spec").fill("py")
    page.get_by_role("search", name="Store").get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Found for “py”")
    page.get_by_label("Package, stack, hash or spec").fill("rocblas")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("rocblas")
    of_package = [spec for spec in specs if spec["name"] == "rocblas"]
    expect(rows(page, "Specs of rocblas")).to_have_count(len(of_package))
    spec = min(of_package, key=lambda spec: str(spec["hash"]))
    caption = f"rocblas@{spec['version']}/{spec['hash'][:7]}"
    page.locator(".gc-table").get_by_role("link", name=caption, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(caption)
    expect(page.get_by_role("cell", name=spec["hash"], exact=True)).to_be_visible()
    stack = min(spec["stacks"])
    page.get_by_role("link", name=stack, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Stack {stack}")
    page.locator("caption:has-text('Packages with') + thead + tbody").get_by_role(
        "link", name="rocblas", exact=True
    ).click()
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
    expect(rows(page, "Specs of py-ml-dtypes")).to_have_count(len(wanted))
    assert 0 < len(wanted) < 66
    page.get_by_role("link", name="All specs").click()
    expect(rows(page, "Specs of py-ml-dtypes")).to_have_count(66)


def test_a_query_is_asked_by_its_form(visit: Open, specs: list[dict[str, Any]]) -> None:
    page = visit("/queries")
    page.get_by_role("link", name="Usable specs").click()
    page.get_by_role("button", name="Ask").click()  # the browser sees what is missing
    expect(page.locator("table")).to_have_count(0)
    page.locator("#package").fill("rocblas")
    page.locator("#target").fill("zen4")
    page.get_by_role("button", name="Ask").click()
    expect(rows(page, "Usable specs")).not_to_have_count(0)
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
    expect(rows(page, "Usable specs")).not_to_have_count(0)
    page.close()


def answer_of(page: Page) -> str:
    return page.locator(".gc-answer").inner_text()


def keep_picture(page: Page, name: str) -> None:
    """Draw the picture that the documentation has of a page, if asked to; it has to be there."""
    if os.environ.get("PICTURES") == "write":
        (PICTURES / f"{name}.png").write_bytes(page.screenshot())
    there = (PICTURES / f"{name}.png").read_bytes()
    assert there.startswith(b"\x89PNG")
    assert 20_000 < len(there) <= MOST


def test_which_hdf5_runs_here_in_three_clicks(visit_site: Open) -> None:
    page = visit_site(viewport=PICTURED)
    card = page.get_by_role("form", name="Which binaries run here?")
    card.get_by_label("spec").fill("hdf5")
    card.get_by_role("button", name="Ask").click()
    assert re.match(r"\d binar(y runs|ies run) on ", answer_of(page))
    expect(page.locator("#spec")).to_have_value("hdf5")
    keep_picture(page, "walk-usable")


def test_why_curl_was_built_again_in_three_clicks(visit_site: Open) -> None:
    page = visit_site(viewport=PICTURED)
    card = page.get_by_role("form", name="Why was it built again?")
    card.get_by_label("package").fill("curl")
    page.keyboard.press("Enter")
    assert answer_of(page).startswith("5 causes of builds of curl that were made again; ")
    keep_picture(page, "walk-rebuilds")
    page.get_by_role("link", name="graphcache diff").first.click()
    assert "differ in" in answer_of(page)
    expect(page.locator(".gc-lowest").first).to_be_visible()
    keep_picture(page, "walk-cause")


def test_what_changed_since_the_last_release_in_one_click(visit_site: Open) -> None:
    page = visit_site(viewport=PICTURED)
    page.get_by_role("form", name="What changed?").get_by_role("button", name="Ask").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("from 2026-10 to develop")
    assert answer_of(page) == (
        "309 and 587 specs: 70 kept, 60 changed, 177 rebuilt, 280 added, 2 removed."
    )
    keep_picture(page, "walk-changed")


def test_a_spec_and_why_it_is_there(visit_site: Open) -> None:
    page = visit_site()
    page.get_by_label("A package, a spec, a hash or a stack").fill("/hhaw2z5")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("hdf5@1.14.6/hhaw2z5")
    page.get_by_role("link", name="Why is it there?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Why hdf5@1.14.6/hhaw2z5 is there")
    assert page.locator(".gc-layers .gc-lines path").count() == 8


def test_names_are_offered_while_one_types(visit_site: Open) -> None:
    page = visit_site()
    page.get_by_label("A package, a spec, a hash or a stack").press_sequentially("hdf")
    offered = page.locator("#start-offered option")
    expect(offered.first).to_have_attribute("value", "hdf5")


def test_a_lock_file_is_chosen_without_script(visit_site: Open) -> None:
    page = visit_site("/coverage", java_script_enabled=False)
    page.get_by_label("lock file, as a file").set_input_files(SITE / "my-env/spack.lock.gz")
    page.get_by_role("button", name="Ask").click()
    assert re.match(r"\d+ of 57 specs are held: \d+\.\d %\.", answer_of(page))


def test_what_an_advisory_touches(visit_site: Open) -> None:
    page = visit_site()
    page.get_by_role("link", name="What do advisories touch?").click()
    page.get_by_label("advisory, as a file").set_input_files(ADVISORIES / "CVE-2026-28387.json")
    page.get_by_label("stack", exact=True).fill("io")
    page.get_by_role("button", name="Ask").click()
    assert answer_of(page) == "1 advisory touches 3 specs of 1 package."
    page.goto("/stack?name=io")
    with page.expect_download() as download:
        page.get_by_role("link", name="CycloneDX").click()
    assert download.value.suggested_filename == "io.cdx.json"


def test_all_but_the_lines_works_without_javascript(visit_site: Open) -> None:
    page = visit_site("/package?name=hdf5", java_script_enabled=False)
    page.locator("#stack").select_option("io")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("hdf5")
    expect(rows(page, "Specs of hdf5")).to_have_count(3)
    page.get_by_role("link", name="hdf5@1.14.6/hhaw2z5").first.click()
    expect(page.locator(".gc-tree").first).to_be_visible()


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
        "/store",
        "/coverage",
        "/advisories",
        "/check",
        "/find?spec=rocblas",
        "/usable?spec=rocblas&target=zen4&os=ubuntu22.04",
        "/diff?from=develop-2025-03-23&to=develop-2025-03-30",
    ]


CONTRAST_BY_AXE = ("/", "/coverage", "/queries")
"""Pages whose colours axe looks at too; the contrast of all is measured, which takes less time."""


@pytest.mark.parametrize("window", [WIDE, NARROW], ids=["wide", "narrow"])
def test_axe_finds_nothing_wrong(
    visit: Open, specs: list[dict[str, Any]], window: ViewportSize
) -> None:
    page = visit(viewport=window)
    for path in pages(specs):
        page.emulate_media(color_scheme="light")
        page.goto(path)
        by_axe = path in CONTRAST_BY_AXE
        assert page.evaluate("document.documentElement.scrollWidth") <= window["width"], path
        assert axe_violations(page, contrast=by_axe) == [], path
        assert page.evaluate(MEASURE, True)["faintest"][0] >= 4.5, path
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(MEASURE, True)["faintest"][0] >= 4.5, path
        if by_axe:
            assert axe_violations(page, contrast_alone=True) == [], path


def test_the_keyboard_is_enough(visit: Open) -> None:
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("main :focus")).to_have_count(1)
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"


def test_the_picture_of_the_start_page(visit_site: Open) -> None:
    keep_picture(visit_site("/", viewport=PICTURED), "serve")
