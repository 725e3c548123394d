"""Two releases or two stacks of a graph, by name, as graphs of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

import pyarrow.compute as pc

from graphcache.errors import UsageError
from graphcache.stores.base import Part
from graphcache.tables import Tables

READS: Part = {"Release": (), "Stack": (), "IN_RELEASE": (), "IN_STACK": ("releases",)}
"""What is read of the graph to find a release or stack."""
KINDS = {"release": "Release", "stack": "Stack"}
_SHOWN = 20
"""Names that an error lists at most."""


def kind_of(names: Collection[str], tables: Tables) -> str:
    """Whether the names are all those of a `release`, or of a `stack`.

    Raises:
        UsageError: a name is neither, or both, or one is a release and another one a stack.

    >>> from graphcache import read
    >>> kind_of(["e4s", "hep"], read("examples/pages")[0])
    'stack'
    """
    known = {kind: _names(tables, kind) for kind in KINDS}
    kinds = {}
    for name in names:
        found = [kind for kind, of_kind in known.items() if name in of_kind]
        if not found:
            raise _unknown(name, known)
        if len(found) > 1:
            raise UsageError(
                f"{name}: both a release and a stack are called so: "
                f"say which is meant by --by release or --by stack"
            )
        kinds[name] = found[0]
    different = set(kinds.values())
    if len(different) > 1:
        said = ", ".join(f"{name} is a {kind}" for name, kind in kinds.items())
        raise UsageError(f"expected two of a kind: {said}")
    return different.pop()


def side(tables: Tables, kind: str, name: str, release: str | None = None) -> Tables:
    """The graph of the specs in a release or stack alone; of a stack in one release, if given.

    Raises:
        UsageError: there is no such release or stack, or it has no specs there.

    >>> from graphcache import read
    >>> tables, _ = read("examples/pages")
    >>> side(tables, "stack", "hep").node_counts()["Spec"]
    3
    """
    for a_kind, a_name in ((kind, name), ("release", release)):
        if a_name is not None and a_name not in _names(tables, a_kind):
            raise _unknown(a_name, {a_kind: _names(tables, a_kind)})
    edges = tables.edges[f"IN_{kind.upper()}"]
    edges = edges.filter(pc.equal(edges["to"], name))
    if release is not None:
        pairs = pc.list_parent_indices(edges["releases"]), pc.list_flatten(edges["releases"])
        edges = edges.take(pairs[0].filter(pc.equal(pairs[1], release)))
    if not edges.num_rows:
        where = f" in release {release}" if release is not None else ""
        raise UsageError(f"{name}: the {kind} has no specs{where}")
    return _only(tables, edges["from"])


def _names(tables: Tables, kind: str) -> list[str]:
    names: list[str] = tables.nodes[KINDS[kind]]["name"].to_pylist()
    return names


def _only(tables: Tables, hashes: Any) -> Tables:
    """The graph without other specs, and without the edges of others."""

    def kept(table: Any, column: str) -> Any:
        return table.filter(pc.is_in(table[column], hashes))

    nodes = {**tables.nodes, "Spec": kept(tables.nodes["Spec"], "hash")}
    edges = {name: kept(tables.edges[name], "from") for name in ("FOR_TARGET", "BUILT_WITH")}
    return Tables(nodes, {**tables.edges, **edges})


def _unknown(name: str, known: Mapping[str, list[str]]) -> UsageError:
    """That there is no such name: the names that are close, or else all that there are."""
    every = [one for names in known.values() for one in names]
    close = get_close_matches(name, every, n=3, cutoff=0.5)
    name = name or "an empty name"
    what = " or ".join(known)
    if close:
        return UsageError(f"{name}: no such {what}: did you mean {' or '.join(close)}?")
    there = "; ".join(f"{kind}s: {_listed(names)}" for kind, names in known.items())
    return UsageError(f"{name}: no such {what} in the store, which has {there}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN]) or "none"
    return f"{shown}, and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else shown
