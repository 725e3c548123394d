"""The graph as tables in which packages are held: builds that become one are one spec."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Dependencies, Mask, Rows
from graphcache.analysis.matching.matcher import READS, Matcher
from graphcache.analysis.pins.build_graphs import build_graph
from graphcache.analysis.pins.choices import pins_asked_for
from graphcache.analysis.pins.graphs import BuildGraph
from graphcache.analysis.pins.holding import hold
from graphcache.analysis.pins.identities import identities_of
from graphcache.analysis.pins.packages import Packages
from graphcache.answers import reads
from graphcache.errors import UsageError
from graphcache.schema import edge_type
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs
from graphcache.tables.columns import flat, joined_texts, sort_table

_SETTINGS = (
    *("version", "namespace", "variants", "flags", "package_hash"),
    *("external", "external_path", "external_modules", "configuration"),
)
"""Columns of a spec that a held package may have otherwise."""


@reads(
    {
        **READS,
        **build_graph.reads,
        "Spec": (*READS["Spec"], *build_graph.reads["Spec"], "configuration"),
    }
)
def with_choices(tables: Tables, words: Iterable[str]) -> tuple[Tables, list[str]]:
    """The graph in which packages are held to choices, and a sentence on each.

    A spec that is one with others stands for these: for choice one that is as it was.

    Raises:
        UsageError: as `choices` does; or a build would need itself.
    """
    graph = Dependencies(tables)
    before = after = build_graph(tables, graph, np.arange(graph.specs.num_rows))
    said = []
    changed = np.zeros(len(before.own), bool)
    for pins, sentence in pins_asked_for(Matcher(tables), before, words):
        moved = False
        for pin in pins:
            changes = hold(Packages(after), pin)
            changed[changes.rows] = True
            moved |= bool(len(changes.rows))
            after = after.with_changes(changes)
        if after.has_circles:
            raise UsageError(f"{sentence} A build would need itself by that: hold something else")
        said.append(sentence if moved else f"{sentence} All of it is so already.")
    return _tables(tables, (before, after), changed), said


def _tables(tables: Tables, graphs: tuple[BuildGraph, BuildGraph], changed: Mask) -> Tables:
    before, after = graphs
    stand_in = _stand_ins(after, before.reached(np.flatnonzero(changed), upward=True))
    kept = stand_in == np.arange(len(stand_in))
    specs = _specs(tables.nodes["Spec"], before, after, np.flatnonzero(changed))
    hashes = flat(specs["hash"])
    edges = {
        name: _moved(table, hashes, stand_in) if edge_type(name).start == "Spec" else table
        for name, table in tables.edges.items()
    }
    edges["BUILT_WITH"] = _compilers(edges["BUILT_WITH"], graphs, hashes, np.flatnonzero(changed))
    edges["DEPENDS_ON"] = _needs(tables.edges["DEPENDS_ON"], after, hashes, stand_in)
    nodes = {**tables.nodes, "Spec": specs.filter(pa.array(kept))}
    # Another spec that stands for some comes at another place; who reads tables takes them sorted.
    return Tables(nodes, {name: sort_table(edges[name], edge_type(name)) for name in edges})


def _stand_ins(graph: BuildGraph, changed: Mask) -> Rows:
    """For each build the one that stands for all that are one with it."""
    order = np.lexsort((np.arange(len(changed)), changed))
    _, first, group = np.unique(identities_of(graph)[order], return_index=True, return_inverse=True)
    found = np.empty(len(order), np.int64)
    found[order] = order[first[group]]
    return found


def _specs(specs: pa.Table, before: BuildGraph, after: BuildGraph, changed: Rows) -> pa.Table:
    """The specs, of which some have other settings: those of a spec that has them, if one has."""
    names = [name for name in _SETTINGS if name in specs.column_names]
    has = {number: row for row, number in reversed(list(enumerate(before.settings.tolist())))}
    rows = specs.take(pa.array(changed)).to_pylist()
    for row, at in zip(rows, changed.tolist(), strict=True):
        number = int(after.settings[at])
        model = has.get(number)
        if model is None:
            row.update(_told(after, at), configuration=f"held {number}")
        else:
            row.update({name: specs[name][model].as_py() for name in names})
    position = np.arange(specs.num_rows)
    position[changed] = specs.num_rows + np.arange(len(changed))
    both = pa.concat_tables([specs, pa.Table.from_pylist(rows, specs.schema)])
    return both.take(pa.array(position)).combine_chunks()


def _told(graph: BuildGraph, row: int) -> dict[str, Any]:
    """What is said of a build that no source describes."""
    found: dict[str, Any] = {
        name: graph.value(name, row) for name in ("version", "namespace", "package_hash")
    }
    patches, variants = graph.value("patches", row) or (), graph.value("variants", row) or ()
    found["variants"] = sorted([*variants, *patches])
    found["flags"] = list(graph.value("flags", row) or ())
    return found


def _moved(edges: pa.Table, hashes: pa.Array, stand_in: Rows) -> pa.Table:
    """Edges of specs as those of what stands for them, each once."""
    starts = pc.index_in(edges["from"], hashes)
    edges, rows = edges.filter(pc.is_valid(starts)), pc.drop_null(starts).to_numpy()
    edges = edges.set_column(0, "from", hashes.take(pa.array(stand_in[rows])))
    pairs = joined_texts(edges["from"], edges["to"])
    return edges.take(pc.index_in(pc.unique(pairs), pairs))


def _compilers(
    edges: pa.Table, graphs: tuple[BuildGraph, BuildGraph], hashes: pa.Array, changed: Rows
) -> pa.Table:
    """What specs are built with, which is another version where that is held."""
    before, after = graphs
    other = {
        (hashes[start].as_py(), _at_version(before, row)): _at_version(after, row)
        for row in changed.tolist()
        if before.value("version", row) != after.value("version", row)
        for start in before.needing(row)
    }
    ends = [
        other.get((start, end), end)
        for start, end in zip(edges["from"].to_pylist(), edges["to"].to_pylist(), strict=True)
    ]
    return edges.set_column(1, "to", pa.array(ends, pa.string())) if other else edges


def _at_version(graph: BuildGraph, row: int) -> str:
    return f"{graph.value('name', row)}@{graph.value('version', row)}"


def _needs(edges: pa.Table, graph: BuildGraph, hashes: pa.Array, stand_in: Rows) -> pa.Table:
    """The dependencies of what stands for itself, on what stands for what it needs."""
    hows = graph.codes["how"].values
    own = stand_in[graph.starts] == graph.starts
    spliced = np.array([how[0] == ("build spec",) for how in hows], bool)
    kept = own & ~spliced[graph.hows]
    starts, ends = graph.starts[kept], stand_in[graph.ends[kept]]
    # Two that became one: the first says what for.
    _, first = np.unique(coded_pairs(starts, ends, len(stand_in)), return_index=True)
    how = pa.array(graph.hows[kept][first])
    columns = {
        "from": hashes.take(pa.array(starts[first])),
        "to": hashes.take(pa.array(ends[first])),
        **{
            name: pa.array([of[at] for of in hows], pa.list_(pa.string())).take(how)
            for at, name in enumerate(("types", "virtuals"))
        },
    }
    every = {
        name: columns.get(name, pa.nulls(len(first), edges.schema.field(name).type))
        for name in edges.column_names
    }
    return pa.table(every, edges.schema)
