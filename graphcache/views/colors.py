"""The colours by which people know the types: of pages, pictures and Neo4j Browser's style.

`cypher/browser/graphcache.grass` repeats them, since Browser reads nothing else; a test holds it
against this.
"""

from __future__ import annotations

from typing import NamedTuple


class NodeColors(NamedTuple):
    """The colours of a node type."""

    fill: str
    border: str


NODE_COLORS: dict[str, NodeColors] = {
    "Package": NodeColors("#f79767", "#f36924"),
    "Spec": NodeColors("#c990c0", "#b261a5"),
    "Configuration": NodeColors("#a86fc0", "#8a4fa4"),
    "Stack": NodeColors("#57c7e3", "#23b3d7"),
    "Compiler": NodeColors("#d9c8ae", "#c0a378"),
    "Target": NodeColors("#8dcc93", "#5db665"),
    "Release": NodeColors("#f16667", "#eb2728"),
}
"""By node type; a `Configuration` is a node that stands for several specs."""

EDGE_COLORS: dict[str, str] = {
    "OF_PACKAGE": "#f79767",
    "BUILT_WITH": "#c0a378",
    "FOR_TARGET": "#5db665",
    "IN_STACK": "#23b3d7",
    "IN_RELEASE": "#f16667",
    "DEPENDS_ON": "#604a0e",
    "SPLICED_FROM": "#8a6d1f",
    "EXTENDS": "#447666",
}
"""By edge type."""
