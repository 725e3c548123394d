"""A graph as a page to look at: one file that needs no network, or parts for a page of a server.

    page = standalone_page(overview(store))

A server that allows no inline script or style (`script-src 'self'; style-src 'self'`) serves the
files of `SCRIPTS` and `STYLES` from `ASSETS`, in that order, and puts `view_body(subgraph)` into
its page: the same view. What the scripts style, they style by CSSOM, which such a policy allows.
Where drawing takes longer than a visitor waits, it puts in `view_frame(title, address)` instead,
and answers with `graph_data(subgraph)` at that address (`connect-src 'self'`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphcache.schema import NODE_TYPES
from graphcache.views.colors import EDGE_COLORS, NODE_COLORS
from graphcache.views.layout import Place, places

if TYPE_CHECKING:
    from graphcache.analysis.subgraphs import NodeId, Subgraph

__all__ = ["standalone_page"]

ASSETS = Path(__file__).parent / "assets"
"""The folder of the files below."""
SCRIPTS = ("vendor/graphology.umd.min.js", "vendor/sigma.min.js", "view.js")
"""The scripts, in the order in which a page needs them: at its end, or with `defer`."""
STYLES = ("view.css",)
"""The style sheets."""

_LICENCES = tuple((ASSETS / "vendor").glob("*.LICENSE.txt"))
_UNKNOWN = "#a5abb6"
_DOCS = {type_.name: type_.doc for type_ in NODE_TYPES} | {
    "Configuration": "Specs of one configuration: the same build, made again."
}
TYPES = ("Stack", "Release", "Target", "Compiler", "Package", "Configuration", "Spec")
"""All types of nodes, in the order of the legend."""


def graph_data(subgraph: Subgraph) -> str:
    r"""What the page shows, as JSON that may stand in a `<script>`: `<` is written `\u003c`.

    It has `title`, `notes`, `focus` (the index of a node, or null), `nodeTypes`, `edgeTypes`,
    `nodes` (`type` an index of nodeTypes, `key`, `label`, `x`, `y`, `size`, `properties`) and
    `edges` (start, end and type as indexes, properties).
    """
    graph = subgraph.graph
    place_of = places(graph)
    nodes = sorted(graph)
    index = {node: number for number, node in enumerate(nodes)}
    edges = sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3])
    node_types = sorted({node[0] for node in nodes}, key=TYPES.index)
    edge_types = sorted({edge[2] for edge in edges})
    data = {
        "title": subgraph.title,
        "notes": subgraph.notes,
        "focus": index.get(subgraph.focus) if subgraph.focus else None,
        "nodeTypes": [
            {"name": name, "color": NODE_COLORS[name].fill, "doc": _DOCS[name]}
            for name in node_types
        ],
        "edgeTypes": [
            {"name": name, "color": EDGE_COLORS.get(name, _UNKNOWN)} for name in edge_types
        ],
        "nodes": [
            _node_data(node, graph.nodes[node], node_types.index(node[0]), place_of[node])
            for node in nodes
        ],
        "edges": [
            [index[start], index[end], edge_types.index(key), attributes]
            for start, end, key, attributes in edges
        ],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _node_data(
    node: NodeId, attributes: dict[str, Any], type_: int, place: Place
) -> dict[str, Any]:
    return {
        "type": type_,
        "key": node[1],
        "label": _caption(node, attributes),
        "x": round(place.x, 1),
        "y": round(place.y, 1),
        "size": round(place.size, 1),
        "properties": {k: v for k, v in attributes.items() if k not in ("type", "label")},
    }


def _caption(node: NodeId, attributes: dict[str, Any]) -> str:
    if node[0] in ("Spec", "Configuration"):
        return f"{attributes.get('name', '')} {attributes.get('label', node[1])}".strip()
    return node[1]


def view_body(subgraph: Subgraph) -> str:
    """The view as a fragment of HTML, with its data; without inline script or style."""
    return _filled("view.html", title=escape(subgraph.title), source="", data=graph_data(subgraph))


def view_frame(title: str, address: str) -> str:
    """The same fragment without its data, which the script asks for at an address.

    It says so while it waits. If what comes is an error, as `{"error": "…"}`, it shows that.
    """
    source = f' data-source="{escape(address)}"'
    return _filled("view.html", title=escape(title), source=source, data="")


def standalone_page(subgraph: Subgraph) -> str:
    """The view as one page that fetches nothing: all is in it, and its policy allows no more."""
    scripts = [_asset(name) for name in SCRIPTS]
    styles = [_asset(name) for name in STYLES]
    policy = (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return _filled(
        "page.html",
        policy=policy,
        title=escape(subgraph.title),
        styles="".join(f"<style>{text}</style>\n" for text in styles),
        scripts="".join(f"<script>{text}</script>\n" for text in scripts),
        licences="\n".join(_asset(f"vendor/{path.name}") for path in sorted(_LICENCES)),
        body=view_body(subgraph),
    )


def _filled(template: str, **parts: str) -> str:
    """A template with its parts, in one go over it: no {{name}} of the data is ever replaced."""
    first, *pieces = (ASSETS / template).read_text(encoding="utf-8").split("{{")
    filled = [first]
    for piece in pieces:
        name, _, rest = piece.partition("}}")
        filled += [parts[name], rest]
    return "".join(filled)


def _asset(name: str) -> str:
    return (ASSETS / name).read_bytes().decode("utf-8").replace("\r\n", "\n")


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
