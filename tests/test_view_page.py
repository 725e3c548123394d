"""The page of `graphcache view`, in a real Chromium, as a person meets it."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from chromium import PATIENCE, axe_violations, launch, open_chromium
from playwright.sync_api import Browser, Page, expect

from graphcache import build_store, open_store
from graphcache.analysis.subgraphs import Subgraph, around, find_node, overview
from graphcache.views.html import standalone_page

ROOT = Path(__file__).parents[1]
HOSTILE = [
    "</script><script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    "x" * 10_000,
    "\u202eright to left\u2066\u200f",
    "two\nlines\u2028three",
    "<!--<script>",
    "{{scripts}}",
    "__proto__",
    "]]>'\"&amp;",
]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(example_store: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages of real data: the whole store, a package."""
    folder = tmp_path_factory.mktemp("pages")
    with open_store(example_store) as store:
        shown = {"store": overview(store)}
        shown["rocblas"] = around(store, find_node(store, "rocblas"))
    shown["hostile"] = hostile()
    paths = {name: folder / f"{name}.html" for name in shown}
    for name, path in paths.items():
        path.write_bytes(standalone_page(shown[name]).encode())
    return paths


def hostile() -> Subgraph:
    """Every name is one of those texts, and every property."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for text in HOSTILE:
        graph.add_node(("Package", text), type="Package", label=text, name=text)
        said = {"name": text, "version": text, "label": text, "variants": HOSTILE}
        graph.add_node(("Spec", text), type="Spec", hash=text, **said)
        graph.add_edge(("Spec", text), ("Package", text), "OF_PACKAGE")
        graph.add_edge(("Spec", text), ("Spec", HOSTILE[0]), "DEPENDS_ON", types=[text])
    return Subgraph(graph, HOSTILE[0], ("Package", HOSTILE[1]), (HOSTILE[1],))


class View:
    """An open page: what it asked of the network, and what went wrong in it."""

    def __init__(self, page: Page, file: Path) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text))
        page.goto(file.as_uri())
        page.locator(".graph-view[data-ready]").wait_for()

    def place(self, label: str) -> dict[str, float]:
        """Where on the window a node is drawn."""
        found: Any = self.page.evaluate(
            """label => {
              const { renderer } = document.querySelector(".graph-view").graphView;
              const graph = renderer.getGraph();
              const node = graph.findNode((_, { label: own }) => own === label);
              const shown = renderer.getNodeDisplayData(node);
              const box = renderer.getContainer().getBoundingClientRect();
              const spot = renderer.framedGraphToViewport(shown);
              return { x: box.x + spot.x, y: box.y + spot.y };
            }""",
            label,
        )
        return dict(found)

    def click(self, label: str) -> None:
        """Click on a node of the picture."""
        spot = self.place(label)
        self.page.mouse.move(spot["x"], spot["y"])
        self.page.mouse.click(spot["x"], spot["y"])

    def drawn(self) -> list[str]:
        """The labels of the nodes that the picture does not hide."""
        found: list[str] = self.page.evaluate(
            """() => {
              const { renderer } = document.querySelector(".graph-view").graphView;
              return renderer.getGraph().filterNodes(
                node => !renderer.getNodeDisplayData(node).hidden
              ).map(node => renderer.getGraph().getNodeAttribute(node, "label"));
            }"""
        )
        return sorted(found)

    def zoomed_to(self, ratio: float) -> bool:
        """Whether the picture comes to be shown at this ratio: less than 1 is nearer."""
        for _ in range(6000):
            now = self.page.evaluate(
                "document.querySelector('.graph-view').graphView.renderer.getCamera().ratio"
            )
            if now == pytest.approx(ratio):
                return True
            self.page.wait_for_timeout(50)
        return False

    def selected(self) -> str | None:
        """The title of the panel on the selected node."""
        title = self.page.locator(".gv-details h2")
        return title.inner_text() if title.count() else None

    def listed(self) -> list[str]:
        """The nodes that the list names."""
        return self.page.locator(".gv-results .gv-node-label").all_inner_texts()


@pytest.fixture
def opened(browser: Browser, pages: dict[str, Path]) -> Iterator[Any]:
    """Open a page by its name; in the end it must have fetched nothing and said no error."""
    views = []

    def open_view(name: str, **options: Any) -> View:
        page = browser.new_page(**{"viewport": {"width": 1400, "height": 900}, **options})
        views.append(View(page, pages[name]))
        return views[-1]

    yield open_view
    for view in views:
        assert [url for url in view.requests if not url.startswith("file:")] == []
        assert len(view.requests) == 1
        assert view.errors == []
        view.page.close()


def colours(view: View) -> int:
    """How many different colours the drawn nodes and edges have."""
    # Sigma draws on layers without a buffer that stays, so a picture is taken.
    data = view.page.locator(".gv-canvas").screenshot()
    found: int = view.page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          const pixels = context.getImageData(0, 0, picture.width, picture.height).data;
          return new Set(new Uint32Array(pixels.buffer)).size;
        }""",
        list(data),
    )
    return found


def test_a_page_opens_from_a_file_and_draws(opened: Any) -> None:
    view = opened("rocblas")
    assert colours(view) > 20
    expect(view.page.locator("h1")).to_have_text("Package rocblas")
    assert view.page.title() == "Package rocblas - graphcache"
    assert view.drawn() == sorted(view.listed())


def test_a_click_on_a_node_shows_its_properties_and_neighbours(opened: Any) -> None:
    view = opened("rocblas")
    view.click("e4s")
    assert view.selected() == "e4s"
    expect(view.page.locator(".gv-details .gv-kind")).to_have_text("Stack")
    details = view.page.locator(".gv-details")
    expect(details.get_by_role("heading", name="← IN_STACK 2")).to_be_visible()
    expect(view.page.get_by_role("status")).to_have_text("Stack e4s selected, 2 neighbours")
    spec = details.get_by_role("button").filter(has_text="rocblas 6").first
    name = spec.locator(".gv-node-label").inner_text()
    spec.click()
    assert view.selected() == name
    assert re.search(r"hash\n+[a-z2-7]{32}", details.inner_text())
    details.get_by_role("button", name="Close").click()
    expect(details).to_be_hidden()


def test_search_finds_by_name_version_and_hash(opened: Any) -> None:
    view = opened("rocblas")
    specs = [label for label in view.listed() if label.startswith("rocblas ")]
    versions = {label.split("/")[0].split()[1] for label in specs}
    for version in versions:
        view.page.locator("#gv-search").fill(f"rocblas@{version}")
        assert view.listed() == [label for label in specs if f" {version}/" in label]
    for label in specs:
        view.page.locator("#gv-search").fill(f"/{label.split('/')[1]}")
        assert view.listed() == [label]
    view.page.locator("#gv-search").fill("E4S")
    assert view.listed() == ["e4s"]
    expect(view.page.get_by_role("status")).to_have_text("1 node found")
    view.page.keyboard.press("Enter")
    assert view.selected() == "e4s"
    view.page.locator("#gv-search").fill("nothing is called so")
    assert view.listed() == []


def test_the_legend_filters_and_counts(opened: Any) -> None:
    view = opened("store")
    every = view.drawn()
    box = view.page.get_by_role("checkbox", name="Stack", exact=False).first
    count = view.page.locator(".gv-node-types .gv-type").filter(has_text="Stack")
    stacks = int(count.locator(".gv-count").inner_text())
    box.uncheck()
    assert len(view.drawn()) == len(every) - stacks
    assert sorted(view.listed()) == view.drawn()
    box.check()
    assert view.drawn() == every
    edges = "document.querySelector('.graph-view').graphView.renderer"
    shown = f"{edges}.getGraph().filterEdges(e => !{edges}.getEdgeDisplayData(e).hidden).length"
    before = view.page.evaluate(shown)
    view.page.locator(".gv-edge-types").get_by_role("checkbox").first.uncheck()
    assert view.page.evaluate(shown) < before


def test_all_is_done_by_keyboard(opened: Any) -> None:
    view = opened("rocblas")
    page, status = view.page, view.page.get_by_role("status")
    page.keyboard.press("/")
    expect(page.locator("#gv-search")).to_be_focused()
    page.keyboard.type("rocblas")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".gv-results .gv-node").first).to_be_focused()
    page.keyboard.press("Enter")
    assert view.selected() == "rocblas"
    page.locator(".gv-canvas").focus()
    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("Spec rocblas")
    pointed = status.inner_text().removeprefix("Spec ")
    page.keyboard.press("Enter")
    assert view.selected() == pointed
    for key, ratio in (("+", 0.5 / 1.5), ("0", 1), ("-", 1.5)):
        page.keyboard.press(key)
        assert view.zoomed_to(ratio)
    page.keyboard.press("Escape")
    assert view.selected() is None


def test_tab_reaches_every_control(opened: Any) -> None:
    view = opened("rocblas")
    wanted = view.page.locator("button:visible, input:visible, .gv-canvas").count()
    reached = set()
    for _ in range(wanted + 10):
        view.page.keyboard.press("Tab")
        reached.add(
            view.page.evaluate(
                "[...document.querySelectorAll('button, input, .gv-canvas')]"
                ".indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) == wanted


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 420])
@pytest.mark.parametrize("name", ["store", "rocblas", "hostile"])
def test_axe_finds_nothing_wrong(opened: Any, name: str, width: int, scheme: str) -> None:
    view = opened(name, color_scheme=scheme, viewport={"width": width, "height": 800})
    assert axe_violations(view.page) == []
    view.page.locator(".gv-results .gv-node").last.click()
    assert view.selected() is not None
    assert axe_violations(view.page) == []


def test_dark_and_light_can_be_chosen(opened: Any) -> None:
    view = opened("rocblas", color_scheme="dark")
    ground = "getComputedStyle(document.querySelector('.graph-view')).backgroundColor"
    dark = view.page.evaluate(ground)
    view.page.get_by_role("button", name="Light").click()
    light = view.page.evaluate(ground)
    assert dark != light
    view.page.emulate_media(color_scheme="light")
    assert view.page.evaluate(ground) == light
    view.page.get_by_role("button", name="Dark").click()
    assert view.page.evaluate(ground) == dark


def test_in_a_narrow_window_the_panel_is_below(opened: Any) -> None:
    view = opened("store", viewport={"width": 420, "height": 800})
    picture = view.page.locator(".gv-picture").bounding_box()
    panel = view.page.locator(".gv-panel").bounding_box()
    assert picture["y"] + picture["height"] <= panel["y"]
    assert picture["width"] == 420
    assert view.page.evaluate("document.documentElement.scrollWidth") == 420


# Notes where labels are drawn; the picture clears their layer before each frame.
_NOTES_LABELS = """
  window.labels = [];
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    window.labels.push([x, x + this.measureText(text).width, y]);
    fillText.call(this, text, x, y);
  };
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    if (this.canvas.className === "sigma-labels") window.labels = [];
    clearRect.apply(this, area);
  };
"""


@pytest.mark.parametrize("name", ["rocblas", "store"])
@pytest.mark.parametrize("width", [1400, 420])
def test_no_label_lies_on_another(
    browser: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.add_init_script(_NOTES_LABELS)
    View(page, pages[name])
    labels = page.evaluate("window.labels")
    assert len(labels) >= 8
    for (left, right, y), (other_left, other_right, other_y) in combinations(labels, 2):
        apart = right <= other_left or other_right <= left or abs(y - other_y) >= 12
        assert apart, (left, right, y, other_left, other_right, other_y)
    page.close()


def test_every_edge_of_a_small_graph_is_seen(opened: Any) -> None:
    view = opened("rocblas")
    faintest = view.page.evaluate(
        """async (bytes) => {
          const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
          const canvas = new OffscreenCanvas(picture.width, picture.height);
          const context = canvas.getContext("2d", { willReadFrequently: true });
          context.drawImage(picture, 0, 0);
          const { renderer } = document.querySelector(".graph-view").graphView;
          // White is the ground: the darkest channel of what is near the middle of an edge.
          const strengths = renderer.getGraph().mapEdges((edge, _, start, end, from, to) => {
            const [a, b] = [from, to].map(({ x, y }) => renderer.graphToViewport({ x, y }));
            const spot = [(a.x + b.x) / 2 - 2, (a.y + b.y) / 2 - 2, 5, 5];
            return 255 - Math.min(...context.getImageData(...spot.map(Math.round)).data);
          });
          return Math.min(...strengths);
        }""",
        list(view.page.locator(".gv-canvas").screenshot()),
    )
    assert faintest > 60


def test_a_picture_for_the_documentation(browser: Browser, tmp_path: Path) -> None:
    """docs/pictures/view.png is made by it, where GRAPHCACHE_SCREENSHOT is that path."""
    path = tmp_path / "store.lbug"
    build_store(path, ROOT / "examples/site/develop", release="develop")
    with open_store(path) as store:
        shown = around(store, find_node(store, "hdf5"))
    (tmp_path / "hdf5.html").write_bytes(standalone_page(shown).encode())
    page = browser.new_page(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    view = View(page, tmp_path / "hdf5.html")
    spec = next(label for label in view.listed() if label.startswith("hdf5 1.14.6/qngw"))
    view.click(spec)
    assert view.selected() == spec
    page.mouse.move(10, 890)
    page.wait_for_timeout(500)
    picture = Path(os.environ.get("GRAPHCACHE_SCREENSHOT") or tmp_path / "view.png")
    data = page.screenshot(path=picture)
    assert struct.unpack(">II", data[16:24]) == (1400, 900)
    assert len(data) <= 250_000
    page.close()


def test_names_are_text_whatever_they_are(opened: Any) -> None:
    view = opened("hostile")
    expect(view.page.locator("h1")).to_have_text(HOSTILE[0])
    assert view.page.title() == f"{HOSTILE[0]} - graphcache"
    assert view.page.locator("img, script:not(body > script):not(.gv-data)").count() == 0
    assert len(view.listed()) == 2 * len(HOSTILE)
    for number, text in enumerate(HOSTILE):
        found: Any = view.page.evaluate(
            """text => {
              const view = document.querySelector(".graph-view");
              const nodes = JSON.parse(view.querySelector(".gv-data").textContent).nodes;
              view.graphView.select(nodes.findIndex(n => n.key === text && n.type === 0), false);
              return view.querySelector(".gv-details h2").textContent;
            }""",
            text,
        )
        assert found == text, number
    assert view.page.title() == f"{HOSTILE[0]} - graphcache"
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 1400


def test_without_webgl_the_list_still_works(browser: Browser, pages: dict[str, Path]) -> None:
    with launch(browser.browser_type, "--disable-gpu", "--disable-3d-apis") as blind:
        view = View(blind.new_page(), pages["rocblas"])
        expect(view.page.locator(".gv-message")).to_contain_text("no WebGL")
        view.page.locator("#gv-search").fill("e4s")
        view.page.keyboard.press("Enter")
        assert view.selected() == "e4s"
        # Sigma asks the graphics card for a limit when it is loaded, and finds none to ask.
        assert [error for error in view.errors if "getParameter" not in error] == []
