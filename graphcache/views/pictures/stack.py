"""The picture of a stack: its packages in layers, or its roots by what they bring."""

from __future__ import annotations

from typing import Any

import networkx as nx

from graphcache.analysis.pictures.stack import DRAWN, PackageShown, StackPicture
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture, listed
from graphcache.views.pictures.layers import crossings, layered
from graphcache.views.pictures.spec import MOST_CROSSINGS, MOST_LINES
from graphcache.words import counted

_BASE = 24
"""Packages that most others need, which are listed at first."""
_SIZES = ((0.5, 34.0), (0.2, 30.0), (0.0, 26.0))
"""Height of a box by the part of all packages that need it."""


def stack(found: StackPicture) -> Picture:
    """Draw a stack."""
    command = ["graphcache", "view", "--stack", found.name]
    if found.release is not None:
        command += ["--release", found.release]
    layout = _layers(found)
    return Picture(
        title=f"Stack {found.name}",
        under=_under(found),
        answer=_answer(found),
        notes=[found.note] if found.note else [],
        template="stack.html",
        values={
            "found": found,
            "layout": layout,
            "most": max((root.needs for root in found.roots), default=1),
            "base": [p for p in found.packages if p.users][:_BASE],
            "users": max((p.users for p in found.packages), default=1),
            "largest": max((p.specs for p in found.packages), default=1),
            "sizes": {p.name: _height(p, found) for p in found.packages} if layout else {},
            "kinds": sorted(set(found.edges.values())) if layout else [],
        },
        command=command,
        cypher=(
            f"MATCH p = (:Stack {{name: {literal(found.name)}}})<-[:IN_STACK]-(:Spec) "
            "RETURN p LIMIT 300"
        ),
        copied={"Copy the name": found.name},
    )


def _under(found: StackPicture) -> str:
    where = f"in release {found.release}" if found.release else ""
    if not where and found.releases:
        where = f"in {listed([name for name, _ in found.releases])}"
    specs = f"{counted(found.specs, 'spec')} of {counted(len(found.packages), 'package')}"
    return f"{specs} {where}".strip()


def _answer(found: StackPicture) -> str:
    if not found.roots:
        most = sorted(found.packages, key=lambda p: (-p.specs, p.name))[:3]
        names = listed([f"{p.name} ({p.specs:,})" for p in most])
        return f"Most specs are of {names}." if most else "The stack has no spec."
    bring = [f"{root.name} ({root.brings:,})" for root in found.roots[:3]]
    roots = counted(len(found.roots), "package is a root", "packages are roots")
    several = counted(found.several, "is needed", "are needed")
    base = [p.name for p in found.packages[:3] if p.users]
    needed = f" Most packages need {listed(base)}." if base else ""
    return f"{roots}; most specs come with {listed(bring)} alone, and {several} by several.{needed}"


def _height(package: PackageShown, found: StackPicture) -> float:
    part = package.users / max(1, len(found.packages) - 1)
    return next(height for least, height in _SIZES if part >= least)


def _layers(found: StackPicture) -> dict[str, Any] | None:
    if not 1 < len(found.packages) <= DRAWN or not found.edges:
        return None
    number = {p.name: at for at, p in enumerate(found.packages)}
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(number.values())
    graph.add_edges_from((number[a], number[b]) for a, b in found.edges)
    pairs = list(nx.transitive_reduction(graph).edges)
    heights = {number[p.name]: _height(p, found) for p in found.packages}
    layout = layered(heights, pairs)
    if len(pairs) > MOST_LINES or crossings(layout, heights) > MOST_CROSSINGS:
        return None
    names = [p.name for p in found.packages]
    return {
        "few": {
            "places": {str(node): place for node, place in layout.places.items()},
            "lines": [
                [str(a), str(b), f"gc-line-{found.edges[names[a], names[b]]}", between]
                for (a, b), between in layout.lines.items()
            ],
            "height": layout.height,
        }
    }
