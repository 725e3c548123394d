"""What the schema has in place of a type or property that a statement asks by and nobody has."""

from __future__ import annotations

import re
from typing import Literal

from graphcache.errors import close_names
from graphcache.schema import EDGE_TYPES, NODE_TYPES, EdgeType, NodeType, all_types
from graphcache.stores.statements import without_tokens

What = Literal["node type", "edge type", "property"]


def no_such_type(what: What, name: str, cypher: str = "") -> str:
    """That nothing has such a name, and what is close to it, or else what there is.

    Of a property the statement says of which type it is asked.

    >>> no_such_type("node type", "Specs")
    'no node type Specs: did you mean Spec?'
    >>> no_such_type("property", "nam", "MATCH (k:Stack) RETURN k.nam")
    'no property nam of Stack: did you mean name?'
    >>> no_such_type("edge type", "X")
    'no edge type X: expected OF_PACKAGE, BUILT_WITH, FOR_TARGET, IN_STACK, IN_RELEASE, \
DEPENDS_ON, SPLICED_FROM or EXTENDS'
    """
    if what == "property":
        types = _types_asked(name, cypher)
        place = f" of {' or '.join(type_.name for type_ in types)}" if types else ""
        known = [p.name for type_ in types or all_types() for p in type_.properties]
    else:
        place = ""
        nodes, edges = ([t.name for t in types] for types in (NODE_TYPES, EDGE_TYPES))
        known, others = (nodes, edges) if what == "node type" else (edges, nodes)
        if name in others:
            is_one = "an edge type: [:NAME]" if what == "node type" else "a node type: (:NAME)"
            return f"no {what} {name}, which is {is_one.replace('NAME', name)}"
    known = list(dict.fromkeys(known))
    lower = {one.lower(): one for one in known}
    same = [name.lower()] if name.lower() in lower else close_names(name.lower(), lower)
    close = [lower[one] for one in same]
    if close:
        return f"no {what} {name}{place}: did you mean {' or '.join(close)}?"
    expected = f"{', '.join(known[:-1])} or {known[-1]}" if len(known) > 1 else "".join(known)
    return f"no {what} {name}{place}: expected {expected or 'none'}"


def is_declared(what: What, name: str) -> bool:
    """Whether the graph declares such a name, or graphcache keeps something for itself under it.

    >>> is_declared("property", "virtuals"), is_declared("node type", "GraphCacheLoad")
    (True, True)
    >>> is_declared("node type", "IN_STACK")
    False
    """
    declared = {
        "node type": [type_.name for type_ in NODE_TYPES],
        "edge type": [type_.name for type_ in EDGE_TYPES],
        "property": [p.name for type_ in all_types() for p in type_.properties],
    }
    return name in declared[what] or name.startswith("GraphCache")


def is_edge_type(name: str, cypher: str) -> bool:
    """Whether a statement asks by the name in brackets, as it does by the types of edges.

    >>> is_edge_type("IN_STAK", "MATCH (s:Spec)-[x:IN_STACK|IN_STAK]->() RETURN s")
    True
    >>> is_edge_type("Specs", "MATCH (s:Specs)-[:IN_STACK]->() RETURN s")
    False
    """
    return re.search(rf"\[[^\]]*[:|]\s*`?{re.escape(name)}`?[^\]]*\]", cypher) is not None


def _types_asked(name: str, cypher: str) -> list[NodeType | EdgeType]:
    """The types of the variables of which a statement asks the property, where it says them."""
    bare = without_tokens(cypher)
    quoted = rf"`?{re.escape(name)}`?"
    variables = set(re.findall(rf"(\w+)\s*\.\s*{quoted}(?!\w)", bare))
    labels = [
        label
        for variable, label in re.findall(r"[(\[]\s*(\w*)\s*:\s*`?(\w+)", bare)
        if variable in variables
    ]
    # In braces it stands beside its type.
    labels += re.findall(rf":\s*`?(\w+)`?\s*\{{[^}}]*?(?<!\w){quoted}\s*:", bare)
    return [type_ for type_ in all_types() if type_.name in labels]
