"""Pages of pictures of real data in Chromium: readable, as measured, and as a person meets them.

`docs/pictures/*.png` are drawn anew by `PICTURES=write pytest tests/test_pictures_page.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from chromium import MEASURE, PATIENCE, axe_violations, open_chromium
from conftest import WriteSnapshot
from pages import other_pictures, site_pictures, snapshot_pictures, write_pages
from playwright.sync_api import Browser, Page, ViewportSize, expect

DOCS = Path(__file__).parents[1] / "docs/pictures"
WIDE: ViewportSize = {"width": 1400, "height": 900}
NARROW: ViewportSize = {"width": 420, "height": 800}
MOST_LINES = {"package": 30, "spec": 60, "why": 60, "diff": 60}
MOST_CROSSINGS = {"package": 0, "spec": 15, "why": 0, "diff": 5}
OPENED = {
    "package hdf5": [
        "#open=by-petsc",
        "#open=by-petsc+by-conduit+elsewhere",
        "#at=spec-hhaw2z5hxmbnbk74czhiliym6s2d6mu3",
    ],
    "package zlib-ng": ["#open=by-more+specs"],
    "package python": ["#open=by-more+needs-more"],
    "spec hdf5": ["#builds=on", "#open=elsewhere+by-conduit"],
    "spec libxml2": ["#builds=on"],
    "spec py-merlin": ["#builds=on"],
    "diff hdf5": ["#open=follow+same+only-b"],
    "stack io": ["#open=root-py-xarray+packages"],
    "store": ["#stacks=io%26tools", "#stacks=io&release=develop", "#target=x86_64_v4"],
    "query redundant-builds": ["#rows=on", "#sort-rows=2a"],
}
"""States of pages that are measured as well, as their addresses."""
SHOWN = {
    "package hdf5": "package",
    "spec openssl": "spec",
    "why hdf5": "why",
    "diff hdf5": "diff",
    "stack io": "stack",
    "store": "store",
}
"""The pages in the documentation, and the names of their pictures."""
CONTRAST_BY_AXE = {*SHOWN, "query compilers-by-target"}
"""A page of each kind, whose colours axe looks at too."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    return write_pages(folder, {**site_pictures(folder), **other_pictures()})


class View:
    """A window: what its pages asked of the network, and what went wrong in them."""

    def __init__(
        self, browser: Browser, file: Path | None = None, state: str = "", **options: Any
    ) -> None:
        self.context = browser.new_context(**{"viewport": WIDE, **options})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.opened: list[str] = []
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text))
        if file is not None:
            self.open(file, state)

    def open(self, file: Path, state: str = "") -> None:
        """Open a page, also one that differs in its state alone."""
        self.opened.append(file.as_uri())
        # Only a page of another address is loaded again.
        self.page.goto("about:blank")
        self.page.goto(f"{file.as_uri()}{state}")

    def close(self) -> None:
        """They asked for nothing but themselves, and nothing went wrong."""
        assert [url.partition("#")[0] for url in self.requests] == self.opened
        assert self.errors == []
        self.context.close()


@dataclass
class Look:
    """What was seen of a page in one width: it is opened once, and looked at in all ways."""

    readable: dict[str, Any] = field(default_factory=dict)
    """By state and scheme, what the measure gives: all of it in light, contrast alone in dark."""
    axe: list[str] = field(default_factory=list)
    printed: dict[str, Any] = field(default_factory=dict)


SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_GO = """state => new Promise(done => {
  const drawn = () => requestAnimationFrame(() => setTimeout(done));
  addEventListener("hashchange", drawn, { once: true });
  location.hash = state;
})"""
_PRINTED = """() => {
  const seen = (one) => one.checkVisibility({ visibilityProperty: true });
  const of = (selector) => [...document.querySelectorAll(selector)];
  return {
    ground: getComputedStyle(document.body).backgroundColor,
    folded: of(".gc-more summary").every(seen),
    buttons: of(".gc button:not(.gc-name, .gc-square)").filter(seen).length,
    command: seen(document.querySelector(".gc-paste code")),
  };
}"""


def look(view: View, name: str, file: Path, states: Sequence[str]) -> Look:
    """Open a page and look at it: each state, light and dark, with axe, and as it is printed."""
    page, found = view.page, Look()
    wide = (page.viewport_size or WIDE)["width"] == WIDE["width"]
    page.emulate_media(media="screen", color_scheme="light")
    view.open(file)
    # The measure holds the contrast of all that is seen; axe's own is held of one page of a kind.
    by_axe = wide and name in CONTRAST_BY_AXE
    found.axe += axe_violations(page, contrast=by_axe)
    for state in ("", *states):
        if state:
            page.evaluate(_GO, state)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found.readable[f"{state} {scheme}"] = page.evaluate(MEASURE, scheme == "dark")
    if wide:
        if by_axe:
            found.axe += axe_violations(page, contrast_alone=True)
        page.emulate_media(media="print")  # and still dark
        found.printed = page.evaluate(_PRINTED)
        found.printed["pdf"] = page.pdf(print_background=True)[:4]
    return found


def look_at_all(
    browser: Browser, pages: dict[str, Path], states: dict[str, list[str]]
) -> dict[tuple[str, int], Look]:
    """By name and width, what was seen of each page."""
    found = {}
    for window in (WIDE, NARROW):
        view = View(browser, viewport=window)
        for name, file in pages.items():
            found[name, window["width"]] = look(view, name, file, states.get(name, []))
        view.close()
    return found


@pytest.fixture(scope="module")
def looks(browser: Browser, pages: dict[str, Path]) -> dict[tuple[str, int], Look]:
    return look_at_all(browser, pages, OPENED)


def assert_readable(name: str, found: dict[str, Any]) -> None:
    assert found["faintest"][0] >= 4.5, (name, found["faintest"])
    assert found["faintestLine"] >= 3, name
    if name.endswith("dark"):
        return  # it stands where it stood in light
    for wrong in ("overlaps", "cut", "broken", "through", "small"):
        assert found[wrong] == [], (name, wrong, found[wrong][:5])
    assert found["wider"] <= 0, name
    kind = name.partition(" ")[0]
    assert found["lines"] <= MOST_LINES.get(kind, 0), (name, found["lines"])
    assert found["crossings"] <= MOST_CROSSINGS.get(kind, 0), (name, found["crossings"])


def assert_all_readable(looks: dict[tuple[str, int], Look]) -> int:
    """How many states these were, in both widths."""
    count = 0
    for (name, width), seen in looks.items():
        for state, found in seen.readable.items():
            assert_readable(f"{name} {width} {state}", found)
            count += 1
    return count


def test_pages_are_readable_in_each_state(looks: dict[tuple[str, int], Look]) -> None:
    pages = {name for name, _ in looks}
    assert len(pages) >= 12
    assert set(OPENED) <= pages
    states = len(pages) + sum(map(len, OPENED.values()))
    assert assert_all_readable(looks) == states * 2 * len(SCHEMES)


@pytest.mark.slow
def test_a_large_store_is_readable(
    browser: Browser, write_snapshot: WriteSnapshot, tmp_path: Path
) -> None:
    pages = write_pages(tmp_path, snapshot_pictures(tmp_path, write_snapshot))
    looks = look_at_all(browser, pages, {})
    assert assert_all_readable(looks) == 4 * len(pages)
    assert max(file.stat().st_size for file in pages.values()) < 1_000_000


def test_what_is_not_readable_is_found(browser: Browser, tmp_path: Path) -> None:
    """The measure itself, on a page where all is wrong."""
    (tmp_path / "page.html").write_text(
        "<!doctype html><style>.gc{width:2000px;position:relative}.gc-box{position:absolute;"
        "left:20px;width:60px;height:18px;overflow:hidden;white-space:nowrap;color:#ccc}"
        "svg{position:absolute;inset:0;width:400px;height:300px}path{stroke:#ddd}</style>"
        "<div class='gc'><div class='gc-layers'>"
        "<svg class='gc-lines'><path d='M0,40H300' data-start='a' data-end='b'/>"
        "<path d='M100,0V200' data-start='c' data-end='d'/></svg>"
        "<a class='gc-box' href='#' style='top:30px'>A text that is far too long for it</a>"
        "<a class='gc-box' href='#' style='top:38px'>Another that lies over it</a></div></div>"
    )
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    found = page.evaluate(MEASURE)
    assert all(found[wrong] for wrong in ("overlaps", "cut", "through", "small"))
    assert (found["crossings"], found["wider"] > 0) == (1, True)
    assert found["faintest"][0] < 4.5
    assert found["faintestLine"] < 3
    page.close()


def test_axe_finds_nothing_wrong(looks: dict[tuple[str, int], Look]) -> None:
    assert {name for name, _ in looks} >= CONTRAST_BY_AXE
    assert {key: seen.axe for key, seen in looks.items() if seen.axe} == {}


def test_pages_are_printed_black_on_white_with_all_that_is_folded(
    looks: dict[tuple[str, int], Look],
) -> None:
    printed = {name: seen.printed for (name, _), seen in looks.items() if seen.printed}
    assert set(printed) == {name for name, _ in looks}
    right = {"ground": "rgb(255, 255, 255)", "folded": True, "buttons": 0, "command": True}
    for name, found in printed.items():
        assert found == {**right, "pdf": b"%PDF"}, name


def test_without_script_the_tree_and_the_tables_are_there(
    browser: Browser, pages: dict[str, Path]
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)
    page = context.new_page()
    for name, found in {
        "spec openssl": ".gc-tree a, .gc-tree .gc-cap",
        "why hdf5": ".gc-tree .gc-cap",
        "diff hdf5": ".gc-card",
        "package hdf5": ".gc-matrix .gc-chip",
        "store": ".gc-share .gc-square",
        "stack io": ".gc-table .gc-figure",
        "query redundant-builds": ".gc-table tbody tr",
    }.items():
        page.goto(pages[name].as_uri())
        assert page.locator(found).first.is_visible(), name
        assert not page.locator(".gc-copy:visible, .gc-layers:visible").count(), name
    page.goto(pages["query redundant-builds"].as_uri())
    assert page.locator(".gc-table tbody tr:visible").count() > 200
    context.close()


def test_the_address_carries_what_is_open_and_chosen(
    browser: Browser, pages: dict[str, Path]
) -> None:
    view = View(browser, pages["package hdf5"])
    page = view.page
    page.locator("details[data-state=by-petsc] > summary").click()
    page.get_by_role("link", name="hdf5@1.14.6/kylug4g").first.click()
    expect(page.locator("tr.gc-selected")).to_contain_text("kylug4g")
    address = page.url
    view.close()
    again = View(browser, pages["package hdf5"], address[address.index("#") :])
    expect(again.page.locator("details[data-state=by-petsc]")).to_have_attribute("open", "")
    expect(again.page.locator("tr.gc-selected")).to_contain_text("kylug4g")
    assert again.page.url == address
    again.close()


def test_filters_and_an_opened_stack_are_in_the_address(
    browser: Browser, pages: dict[str, Path]
) -> None:
    view = View(browser, pages["store"])
    page = view.page
    page.get_by_label("release").select_option(label="develop")
    page.get_by_role("button", name="io", exact=True).click()
    heading = page.locator("[data-opened] h2")
    expect(heading).to_have_text("io: 173 specs of 173 packages")
    address = page.url
    view.close()
    again = View(browser, pages["store"], address[address.index("#") :])
    expect(again.page.get_by_label("release")).to_have_value("2")
    expect(again.page.locator("[data-opened] h2")).to_have_text("io: 173 specs of 173 packages")
    again.close()


def test_a_hash_is_copied(browser: Browser, pages: dict[str, Path]) -> None:
    view = View(browser, pages["spec openssl"], permissions=["clipboard-read", "clipboard-write"])
    view.page.get_by_role("button", name="Copy the hash").click()
    expect(view.page.get_by_role("status")).to_contain_text("Copied /5b4sigg")
    copied = view.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("/5b4sigg")
    view.close()


def test_a_matrix_is_one_stop_and_arrows_go_in_it(browser: Browser, pages: dict[str, Path]) -> None:
    view = View(browser, pages["store"])
    page = view.page
    stops = "[...document.querySelectorAll('[data-matrix] button')].filter(b => b.tabIndex === 0)"
    assert page.evaluate(f"{stops}.length") == 1
    page.evaluate(f"{stops}[0].focus()")
    seen = []
    for key in ("ArrowRight", "ArrowDown", "ArrowRight", "End", "Home", "ArrowUp"):
        page.keyboard.press(key)
        seen.append(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        assert page.evaluate(f"{stops}.length") == 1
    assert seen[0] == "solvers and io: 105 specs"
    assert len(set(seen)) >= 4
    page.keyboard.press("Enter")
    view.close()


def test_a_table_is_sorted_by_its_heads(browser: Browser, pages: dict[str, Path]) -> None:
    view = View(browser, pages["query redundant-builds"])
    page = view.page
    first = page.locator(".gc-table tbody tr").first
    expect(first).to_contain_text("meson")
    page.get_by_role("button", name="package", exact=True).click()
    expect(first).to_contain_text("abseil-cpp")
    page.get_by_role("button", name="package", exact=True).click()
    expect(first).not_to_contain_text("abseil-cpp")
    assert "sort-rows=1d" in page.url
    view.close()


def test_all_lines_and_what_only_builds_are_shown_by_a_switch(
    browser: Browser, pages: dict[str, Path]
) -> None:
    view = View(browser, pages["spec libxml2"])
    page = view.page
    few = page.locator(".gc-lines path:visible").count()
    page.get_by_role("button", name="Show also the 4 specs that only build it").click()
    expect(page.get_by_role("heading", name="With what builds it 9 specs")).to_be_visible()
    assert page.locator(".gc-lines path:visible").count() != few
    assert page.url.endswith("#builds=on")
    view.close()


def test_what_has_no_room_for_layers_is_a_list(browser: Browser, pages: dict[str, Path]) -> None:
    view = View(browser, pages["diff hdf5"])
    cards = view.page.locator(".gc-card")
    tops = "cards => new Set(cards.map(card => card.getBoundingClientRect().top)).size"
    assert cards.evaluate_all(tops) < cards.count()
    view.page.evaluate("document.querySelector('.gc-block').style.width = '300px'")
    view.page.evaluate("dispatchEvent(new Event('resize'))")
    expect(cards.first).to_be_visible()
    assert cards.evaluate_all(tops) == cards.count() > 4
    assert view.page.evaluate(MEASURE)["overlaps"] == []
    view.close()


def test_the_pictures_in_the_documentation(browser: Browser, pages: dict[str, Path]) -> None:
    for name, picture in SHOWN.items():
        if os.environ.get("PICTURES") == "write":
            view = View(browser, pages[name], viewport={"width": 1200, "height": 760})
            drawn = view.page.screenshot(clip=_content(view.page))
            (DOCS / f"{picture}.png").write_bytes(drawn)
            view.close()
        # Letters differ from machine to machine, so that only what is fixed is held.
        there = (DOCS / f"{picture}.png").read_bytes()
        assert there.startswith(b"\x89PNG")
        assert len(there) < 250_000


def _content(page: Page) -> Any:
    """The part of the window that the picture takes."""
    return page.evaluate(
        """() => {
          const box = document.querySelector("main").getBoundingClientRect();
          return { x: 0, y: 0, width: innerWidth, height: Math.min(innerHeight, box.bottom + 14) };
        }"""
    )
