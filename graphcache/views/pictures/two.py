"""The picture of two specs: the packages that differ, with both values, and the rest in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import networkx as nx

from graphcache.analysis.differing.spec_diff import Difference
from graphcache.analysis.differing.spec_pairs import Change
from graphcache.analysis.pictures.shown import back_edges
from graphcache.analysis.pictures.two import TwoPicture
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture
from graphcache.views.pictures.layers import crossings, layered
from graphcache.views.pictures.spec import placed
from graphcache.views.spec_diff import change_kind, sentence, shortened, value_text
from graphcache.words import counted

_DRAWN = 24
"""Cards at most that show also what differs only because of what it needs."""
_DEEPEST = 8
"""Steps from card to card, at which they need more layers than fit beside one another."""
_CHANGES = 6
"""Changes that a card shows."""
_CROSSINGS = 5
_LINE, _PADDING = 20.0, 10.0
"""Pixels of a line of a card, and of its border and padding."""
_LONGEST = 36
"""Characters of a value in a card."""


@dataclass(frozen=True, slots=True)
class Card:
    """A package that differs."""

    title: str
    lines: list[tuple[str, str]]
    """What stands in it: `a`, `b` or `what`, and the text."""
    is_lowest: bool
    difference: Difference

    @property
    def height(self) -> float:
        """In pixels."""
        return (1 + len(self.lines)) * _LINE + _PADDING


def two(found: TwoPicture) -> Picture:
    """Draw two specs."""
    cards = {number: _card(one) for number, one in enumerate(found.differences)}
    kept, folded = _kept(cards, found)
    lines = _lines(found, kept)
    left, right = found.left, found.right
    if not found.found:
        answer = f"{left.caption} is the same spec on both sides: nothing differs."
    else:
        answer = sentence(found.found)
    return Picture(
        title=f"{left.at_version} and {right.at_version}"
        if left.at_version != right.at_version
        else f"Two of {left.at_version}",
        answer=answer,
        notes=[_rest(found, folded)] if found.found else [],
        template="two.html",
        values={
            "found": found,
            "cards": {number: cards[number] for number in kept},
            "layout": _layout(cards, kept, lines),
            "folded": [cards[number] for number in folded],
        },
        command=["graphcache", "view", "--diff", f"/{left.hash}", f"/{right.hash}"],
        cypher=(
            f"MATCH p = (s:Spec)-[:DEPENDS_ON*1..2]->(:Spec) WHERE s.hash IN "
            f"{literal([left.hash, right.hash])} RETURN p LIMIT 300"
        ),
    )


def _card(one: Difference) -> Card:
    own = [c for c in one.own if c.what != "package" and not c.what.startswith("provider of ")]
    lines: list[tuple[str, str]] = []
    for change in own[:_CHANGES]:
        lines += _said(change)
    if len(own) > _CHANGES:
        lines.append(("what", f"and {len(own) - _CHANGES:,} more"))
    if one.unexplained:
        lines.append(("what", _short(one.unexplained, 60)))
    if one.left.package == one.right.package:
        title = one.right.package
    else:
        what = one.changes[0].what.removeprefix("provider of ") if one.changes else "package"
        title = f"{what}: {one.left.package} or {one.right.package}"
        lines = [("a", str(one.left)), ("b", str(one.right)), *lines]
    return Card(title, lines, bool(one.own or one.unexplained), one)


def _said(change: Change) -> list[tuple[str, str]]:
    """A change as lines of a card: a version or variant says itself what it is."""
    kind = change_kind(change)
    name = "" if kind in ("version", "variant") else f"{kind} "
    if change.what.startswith("dependency "):
        side, other = ("a", change.left) if change.left is not None else ("b", change.right)
        return [(side, f"needs {_short(value_text(other))}")]
    return [
        ("a", f"{name}{_short(value_text(change.left))}"),
        ("b", f"{name}{_short(value_text(change.right))}"),
    ]


def _short(text: str, most: int = _LONGEST) -> str:
    text = shortened(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _kept(cards: dict[int, Card], found: TwoPicture) -> tuple[list[int], list[int]]:
    """The cards that are drawn, and those that are folded: of many, what only follows.

    So is it where they would stand in more layers than a window has room for.
    """
    graph = nx.DiGraph(found.edges - back_edges(found.edges))
    if len(cards) <= _DRAWN and nx.dag_longest_path_length(graph) < _DEEPEST:
        return list(cards), []
    kept = [number for number, card in cards.items() if card.is_lowest or number == 0]
    return kept, [number for number in cards if number not in kept]


def _lines(found: TwoPicture, kept: list[int]) -> list[tuple[int, int, bool]]:
    """What leads to what among those that are kept, and whether it does through others."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(found.differences)))
    graph.add_edges_from(found.edges - back_edges(found.edges))
    wanted = set(kept)
    among: nx.DiGraph[int] = nx.DiGraph()
    among.add_nodes_from(kept)
    for start in kept:
        among.add_edges_from((start, end) for end in nx.descendants(graph, start) & wanted)
    shortest = nx.transitive_reduction(among)
    return [(a, b, not graph.has_edge(a, b)) for a, b in sorted(shortest.edges)]


def _layout(
    cards: dict[int, Card], kept: list[int], lines: list[tuple[int, int, bool]]
) -> dict[str, Any] | None:
    if len(kept) < 2:
        return None
    heights = {number: cards[number].height for number in kept}
    layout = layered(heights, [(a, b) for a, b, _ in lines])
    if crossings(layout, heights) > _CROSSINGS or len(kept) > 2 * _DRAWN:
        return None
    kinds = {(a, b): f"gc-line-{'build' if far else 'link'}" for a, b, far in lines}
    return {"few": placed(layout, kinds)}


def _rest(found: TwoPicture, folded: list[int]) -> str:
    same = counted(len(found.same), "spec is", "specs are") if found.same else "No spec is"
    parts = [f"{same} the same in both"]
    following = sum(not (one.own or one.unexplained) for one in found.differences)
    if following:
        one = following == 1
        parts.append(
            f"{following:,} {'differs' if one else 'differ'} only because of what "
            f"{'it needs' if one else 'they need'}"
        )
    if found.found.left_out:
        parts.append(f"{counted(found.found.left_out, 'pair')} not compared")
    return f"{'; '.join(parts)}."
