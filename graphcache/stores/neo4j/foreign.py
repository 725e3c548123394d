"""Nodes of others that carry a label of the graph: statements that ask by it meet them too."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graphcache.schema import NODE_TYPES, quote
from graphcache.stores.neo4j.constraints import own_label
from graphcache.stores.neo4j.statements import Counted


def labels_counted() -> list[Counted]:
    """What counts the nodes of each label of the graph, and of each own label."""
    labels = (label for t in NODE_TYPES for label in (t.name, own_label(t.name)))
    return [(label, f"(:{quote(label)})") for label in labels]


def foreign_nodes(counts: Mapping[str, int]) -> dict[str, int]:
    """By label of the graph how many nodes of others carry it, of what `labels_counted` counts.

    >>> counts = {name: 5 for t in NODE_TYPES for name in (t.name, own_label(t.name))}
    >>> foreign_nodes({**counts, "Spec": 7})
    {'Spec': 2}
    """
    beside = {t.name: counts[t.name] - counts[own_label(t.name)] for t in NODE_TYPES}
    return {name: count for name, count in beside.items() if count > 0}


def named_in(statement: str, found: Mapping[str, int]) -> dict[str, int]:
    """Those of the labels that a statement asks by.

    >>> named_in("MATCH (s:Spec)-->(:GraphCachePackage) RETURN s", {"Spec": 2, "Package": 1})
    {'Spec': 2}
    """
    words = set(re.findall(r"\w+", statement))
    return {label: count for label, count in found.items() if label in words}


def foreign_warning(uri: str, found: Mapping[str, int]) -> str:
    """What such nodes mean for an answer, and what to do.

    >>> print(foreign_warning("neo4j://localhost", {"Spec": 2000, "Package": 1}))
    neo4j://localhost: nodes that graphcache did not put there have its labels (2,000 Spec, 1 \
Package), so the answer may hold them too: push to a database of its own, or ask in Cypher by \
GraphCacheSpec, GraphCachePackage
    """
    counts = ", ".join(f"{count:,} {label}" for label, count in found.items())
    own = ", ".join(map(own_label, found))
    return (
        f"{uri}: nodes that graphcache did not put there have its labels ({counts}), so the answer "
        f"may hold them too: push to a database of its own, or ask in Cypher by {own}"
    )
