"""The picture of a spec: layers of what it needs, or a tree where there is more than these show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from graphcache.analysis.pictures.shown import SpecShown
from graphcache.analysis.pictures.spec import DRAWN, Needed, SpecPicture
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture, listed
from graphcache.views.pictures.layers import Layout, crossings, layered
from graphcache.words import counted

MOST_LINES, MOST_CROSSINGS = 60, 15
"""What is drawn in layers at most before anything is opened: more is a ball."""
BOX = 26.0
"""Pixels that a box is high."""
_OPEN = 30
"""Rows of a tree that are seen at first."""
_FIRST = 12
_ORDER = ("link", "run", "build", "test", "unknown")


@dataclass(slots=True)
class Twig:
    """A spec in a tree."""

    number: int
    spec: SpecShown
    kind: str
    brings: int
    also: list[int]
    """Its other users."""
    below: list[Twig] = field(default_factory=list)
    size: int = 0
    """How many lie below it."""
    is_open: bool = False


def spec(found: SpecPicture) -> Picture:
    """Draw a spec."""
    one = found.spec
    parts = [("", found.lasting), ("on", found.whole)]
    if len(found.whole.specs) == len(found.lasting.specs):
        parts = [("", found.whole)]
    is_first_whole = len(parts) == 1
    return Picture(
        title=one.caption,
        under=", ".join(filter(None, [*one.compilers, one.os, one.target])),
        answer=_answer(found),
        notes=[note for note in (_variants(one), _where(one), found.note) if note],
        template="spec.html",
        values={
            "found": found,
            "parts": [(on, drawn(needed), tree(needed), needed) for on, needed in parts],
            "builds": len(found.whole.specs) - len(found.lasting.specs),
            "is_whole": is_first_whole,
            "kinds": sorted({edge.kind for edge in found.whole.edges}),
            "marks": {one.mark for one in found.whole.specs.values()},
            "first": _FIRST if len(found.needed_by) > _FIRST + 1 else len(found.needed_by),
        },
        command=["graphcache", "view", f"/{one.hash}"],
        cypher=(
            f"MATCH p = (:Spec {{hash: {literal(one.hash)}}})-[:DEPENDS_ON*1..2]->(:Spec) "
            "RETURN p LIMIT 300"
        ),
        copied={"Copy the hash": f"/{one.hash}", "Copy the spec": f"{one.at_version}/{one.hash}"},
    )


def _answer(found: SpecPicture) -> str:
    whole, lasting = found.whole, found.lasting
    if len(whole.specs) == 1:
        needs = "It needs nothing" if found.known else "What it needs is not known"
    else:
        direct = sum(edge.start == whole.root for edge in whole.edges)
        needs = (
            f"It needs {counted(len(whole.specs) - 1, 'spec')}, {len(lasting.specs) - 1:,} of them "
            f"to link or run, {direct:,} directly; the longest chain has "
            f"{counted(whole.steps, 'step')}"
        )
    direct_users = sum(len(use.specs) for use in found.needed_by)
    users = f"{counted(direct_users, 'spec')} {'needs' if direct_users == 1 else 'need'} it"
    if found.needing > direct_users:
        users += f", and through {'it' if direct_users == 1 else 'these'} {found.needing:,}"
    if not direct_users:
        users = "Nothing that is known needs it"
    return f"{needs}. {users}."


def _variants(one: SpecShown) -> str:
    short = [text for text in one.variants if len(text) < 30]
    return " ".join(short)


def _where(one: SpecShown) -> str:
    if not (one.stacks or one.releases):
        return "It is in no stack and no release."
    stacks = f"In {listed(one.stacks)}" if one.stacks else "In no stack"
    return f"{stacks}; of {listed(one.releases)}." if one.releases else f"{stacks}."


# Layers -------------------------------------------------------------------------------------------


def drawn(needed: Needed) -> dict[str, Any] | None:
    """The layers of all that is needed; None where there is more than they show well."""
    if not 1 < len(needed.specs) <= DRAWN:
        return None
    few = [pair for pair in needed.kind if pair not in needed.implied]
    heights = dict.fromkeys(needed.specs, BOX)
    first = layered(heights, few)
    if len(few) > MOST_LINES or crossings(first, heights) > MOST_CROSSINGS:
        return None
    kinds = {pair: f"gc-line-{kind}" for pair, kind in needed.kind.items()}
    shown = {"few": placed(first, kinds)}
    if needed.implied:
        shown["all"] = placed(layered(heights, needed.kind), kinds)
    return shown


def placed(layout: Layout[int], kinds: dict[tuple[int, int], str]) -> dict[str, Any]:
    """A layout as the page's script reads it."""
    return {
        "places": {str(node): place for node, place in layout.places.items()},
        "lines": [
            [str(start), str(end), kinds[start, end], between]
            for (start, end), between in layout.lines.items()
        ],
        "height": layout.height,
    }


# The tree -----------------------------------------------------------------------------------------


def tree(needed: Needed) -> Twig:
    """Each spec once, below its nearest user; as many levels are open as fit a screen."""
    users, kinds = needed.users, needed.kind
    twigs = {
        number: Twig(
            number,
            shown,
            kinds.get((needed.parent.get(number, number), number), ""),
            needed.brings.get(number, 0) if number != needed.root else 0,
            [user for user in users.get(number, ()) if user != needed.parent.get(number)],
        )
        for number, shown in needed.specs.items()
    }
    for number, parent in needed.parent.items():
        twigs[parent].below.append(twigs[number])
    return grown(twigs[needed.root], lambda twig: (_ORDER.index(twig.kind), twig.spec.name))


def grown(root: Twig, order: Any) -> Twig:
    """The tree with its branches in order, their sizes, and which are open at first."""
    levels = [root]
    for twig in levels:  # which grows meanwhile
        twig.below.sort(key=order)
        levels += twig.below
    for twig in reversed(levels):
        twig.size = sum(1 + one.size for one in twig.below)
    room = _OPEN
    for twig in levels:
        if twig.below and (twig is root or room >= len(twig.below)):
            twig.is_open = True
            room -= len(twig.below)
        if twig is root:
            room = max(room, 0)
    return root
