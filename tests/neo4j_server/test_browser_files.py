"""What lies in `cypher/browser` for Neo4j Browser: every type is styled, every query runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from graphcache.schema import EDGE_TYPES, NODE_TYPES
from graphcache.stores.neo4j.constraints import own_label
from graphcache.stores.neo4j.statements import LOAD_LABEL

from .browser_files import FILES
from .examples import push_examples
from .fixtures import Server, driver_of
from .grass import read_grass

STYLE = read_grass(FILES / "graphcache.grass")
COLOUR = re.compile(r"#[0-9a-f]{6}")
QUERIES = sorted(FILES.glob("*.cypher"))


class Guide(HTMLParser):
    """The steps of the guide: their headings and their queries."""

    def __init__(self) -> None:
        super().__init__()
        self.slides = 0
        self.headings: list[str] = []
        self.queries: list[str] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.slides += tag == "slide"
        self._into = {"h3": self.headings, "pre": self.queries}.get(tag)
        if tag == "pre":
            assert ("mode", "cypher") in attrs
            assert "runnable" in str(dict(attrs)["class"]).split()

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._into = None


def read_guide() -> Guide:
    guide = Guide()
    guide.feed((FILES / "guide.html").read_text(encoding="utf-8"))
    return guide


@pytest.fixture(scope="module")
def _pushed(neo4j_526: Server, example_store: Path) -> None:
    push_examples(neo4j_526, example_store)


def answer(server: Server, cypher: str) -> list[list[Any]]:
    with driver_of(server) as driver:
        records, _, _ = driver.execute_query(cypher, database_="neo4j")
    return [record.values() for record in records]


def test_every_type_has_a_style_and_nothing_else_has() -> None:
    labels = [label for t in NODE_TYPES for label in (t.name, own_label(t.name))]
    expected = {f"node.{label}" for label in [*labels, LOAD_LABEL]}
    expected |= {f"relationship.{type_.name}" for type_ in EDGE_TYPES}
    assert STYLE.keys() == {"node", "relationship", *expected}


@pytest.mark.parametrize("type_", NODE_TYPES, ids=lambda type_: type_.name)
def test_a_node_has_colour_size_and_a_caption_of_its_properties(type_: Any) -> None:
    rules = STYLE[f"node.{type_.name}"]
    assert COLOUR.fullmatch(rules["color"])
    assert int(rules["diameter"].removesuffix("px")) >= 50
    names = set(re.findall(r"\{(\w+)\}", rules["caption"]))
    assert names
    assert names <= {p.name for p in type_.properties}


@pytest.mark.parametrize("type_", NODE_TYPES, ids=lambda type_: type_.name)
def test_both_labels_of_a_node_have_one_style(type_: Any) -> None:
    # Browser takes the style of whichever comes last, and one of its own where there is none.
    assert STYLE[f"node.{own_label(type_.name)}"] == STYLE[f"node.{type_.name}"]


def test_no_two_types_look_alike() -> None:
    for kind, types in (("node", NODE_TYPES), ("relationship", EDGE_TYPES)):
        assert len({STYLE[f"{kind}.{type_.name}"]["color"] for type_ in types}) == len(types)


def test_captions_are_quoted() -> None:
    text = (FILES / "graphcache.grass").read_text()
    captions = re.findall(r"caption: (.*);", text)
    assert captions
    assert [c for c in captions if not re.fullmatch(r"'[^';:]+'", c)] == []


def test_every_saved_query_has_a_title_of_its_own() -> None:
    titles = [path.read_text().splitlines()[0] for path in QUERIES]
    assert len(QUERIES) >= 5
    assert [title for title in titles if not re.fullmatch(r"//[A-Z].+", title)] == []
    assert len(set(titles)) == len(titles)


@pytest.mark.usefixtures("_pushed")
@pytest.mark.parametrize("path", QUERIES, ids=lambda path: str(path.stem))
def test_every_saved_query_answers(path: Path, neo4j_526: Server) -> None:
    assert answer(neo4j_526, path.read_text())


def test_the_guide_has_five_numbered_steps_with_a_query_each() -> None:
    guide = read_guide()
    assert guide.slides == 5
    assert [heading.split(".")[0] for heading in guide.headings] == ["1", "2", "3", "4", "5"]
    assert len(guide.queries) == 5


@pytest.mark.usefixtures("_pushed")
@pytest.mark.parametrize("step", range(5))
def test_every_step_of_the_guide_answers(step: int, neo4j_526: Server) -> None:
    assert answer(neo4j_526, read_guide().queries[step])


def test_nothing_names_another_machine() -> None:
    for path in FILES.iterdir():
        assert not re.search(r"//\w+\.\w+|https?:", path.read_text()), path.name
