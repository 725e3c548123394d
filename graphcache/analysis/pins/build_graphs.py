"""From the tables of a graph to its builds, as `identities.py` tells them apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows
from graphcache.analysis.pins.graphs import AT, FIELDS, BuildGraph, Codes
from graphcache.analysis.pins.identities import identities_of
from graphcache.answers import reads
from graphcache.spack.variants import PATCHES
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, decoded_pairs
from graphcache.tables.columns import SEPARATOR, anti_join, flat, joined_texts, look_up, semi_join

_PLAIN = ("name", "version", "namespace", "platform", "os", "package_hash")


@reads(
    {
        **NEEDS,
        "Spec": (
            *_PLAIN,
            *("variants", "flags", "dependencies_known"),
            *("external", "external_path", "external_modules"),
        ),
        "DEPENDS_ON": ("types", "virtuals"),
        "FOR_TARGET": (),
        "BUILT_WITH": (),
    }
)
def build_graph(tables: Tables, graph: Dependencies, rows: Rows) -> BuildGraph:
    """The builds of some specs, in the order of their rows.

    Two specs that differ in their hashes, and in nothing that a source tells, are two builds all
    the same: each gets a number of its own as `unknown`. So does a spec of which nobody tells what
    it needs, or that needs itself, as no sound data has it.

    Args:
        tables: the graph.
        graph: its dependencies.
        rows: the specs, in order; with each, all that it needs.
    """
    codes = {name: Codes() for name in (*FIELDS, "how")}
    own = np.zeros((len(rows), len(FIELDS)), np.int64)
    for name, (texts, value) in _columns(graph, rows, tables).items():
        own[:, AT[name]] = _coded(texts, codes[name], value)
    unknown = graph.unknown[rows]
    codes["unknown"].code(None)
    _number(own, unknown, codes["unknown"])
    found = BuildGraph.of(own, _edges(tables, graph, rows, codes["how"]), codes)
    return _told_apart(_without_circles(found) if found.has_circles else found)


def _columns(
    graph: Dependencies, rows: Rows, tables: Tables
) -> dict[str, tuple[Any, Callable[[str], Any]]]:
    """A column of texts for each field, and what makes a value of each text."""
    specs = graph.specs.take(pa.array(rows))
    of_lists = {
        name: pc.binary_join(flat(specs[name]), SEPARATOR)
        for name in ("variants", "flags", "external_modules")
    }
    external = pc.if_else(
        pc.fill_null(specs["external"], False),
        pc.binary_join_element_wise(
            pc.fill_null(specs["external_path"], ""),
            pc.fill_null(of_lists["external_modules"], ""),
            SEPARATOR,
        ),
        None,
    )
    columns: dict[str, tuple[Any, Callable[[str], Any]]]
    columns = {name: (specs[name], str) for name in _PLAIN}
    columns |= {
        "variants": (of_lists["variants"], _variants),
        "patches": (of_lists["variants"], _patches),
        "flags": (of_lists["flags"], _texts),
        "external": (external, _texts),
        "target": (_ends(tables.edges["FOR_TARGET"], specs["hash"]), str),
        "compiler": (_compilers_not_told(tables, specs["hash"]), str),
    }
    return columns


def _texts(text: str) -> tuple[str, ...]:
    return tuple(text.split(SEPARATOR)) if text else ()


def _variants(text: str) -> tuple[str, ...]:
    return tuple(variant for variant in _texts(text) if not variant.startswith(PATCHES))


def _patches(text: str) -> tuple[str, ...]:
    return tuple(variant for variant in _texts(text) if variant.startswith(PATCHES))


def _coded(column: Any, codes: Codes, value: Callable[[str], Any]) -> Rows:
    """The codes of the values that a column of texts stands for."""
    encoded = flat(column).dictionary_encode(null_encoding="encode")
    of_text = [codes.code(None if t is None else value(t)) for t in encoded.dictionary.to_pylist()]
    found: Rows = np.array(of_text, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]
    return found


def _ends(edges: pa.Table, hashes: Any) -> Any:
    """Of each spec the other ends of its edges as one text; null where it has none."""
    found = edges.select(["from", "to"]).sort_by([("from", "ascending"), ("to", "ascending")])
    grouped = found.group_by("from", use_threads=False).aggregate([("to", "list")])
    grouped = grouped.combine_chunks()
    texts = pc.binary_join(flat(grouped["to_list"]), " ")
    return look_up(hashes, grouped["from"], texts)


def _compilers_not_told(tables: Tables, hashes: Any) -> Any:
    """The compilers of specs that don't have them among their dependencies, as before form 5."""
    specs, built, needs = (
        tables.nodes["Spec"],
        tables.edges["BUILT_WITH"],
        tables.edges["DEPENDS_ON"],
    )
    names = flat(pc.binary_join_element_wise(specs["name"], specs["version"], "@"))
    of_compilers = pc.is_in(names, flat(pc.unique(built["to"])))
    needs = semi_join(needs, needs["to"], specs["hash"].filter(of_compilers))
    needed = look_up(needs["to"], specs["hash"], names)
    told = joined_texts(needs["from"], needed)
    pairs = joined_texts(built["from"], built["to"])
    return _ends(anti_join(built, pairs, told), hashes)


def _edges(tables: Tables, graph: Dependencies, rows: Rows, hows: Codes) -> tuple[Rows, Rows, Rows]:
    """The dependencies among the rows, by position; what a spec was spliced from is one, too."""
    edges, spliced = tables.edges["DEPENDS_ON"], tables.edges["SPLICED_FROM"]
    types, virtuals = Codes(), Codes()
    of_types, of_virtuals = (
        _coded(pc.binary_join(flat(edges[name]), SEPARATOR), codes, _texts)
        for name, codes in (("types", types), ("virtuals", virtuals))
    )
    width = len(virtuals.values)
    pairs, of_pair = np.unique(coded_pairs(of_types, of_virtuals, width), return_inverse=True)
    coded = [
        hows.code((types.values[type_], virtuals.values[virtual]))
        for type_, virtual in zip(*decoded_pairs(pairs, width), strict=True)
    ]
    how = np.array(coded, np.int64)[of_pair]
    from_build = np.full(spliced.num_rows, hows.code((("build spec",), None)))
    starts = np.concatenate([graph.starts, graph.rows(spliced["from"])])
    ends = np.concatenate([graph.ends, graph.rows(spliced["to"])])
    how = np.concatenate([how, from_build])
    position = np.full(graph.specs.num_rows, -1)
    position[rows] = np.arange(len(rows))
    kept = position[starts] >= 0
    return position[starts[kept]], position[ends[kept]], how[kept]


def _number(own: Rows, which: Any, codes: Codes) -> None:
    """Give some rows a number of their own, which no other has; in place."""
    at = np.flatnonzero(which)
    own[at, AT["unknown"]] = [codes.code(("only this", row)) for row in at.tolist()]


def _without_circles(graph: BuildGraph) -> BuildGraph:
    """The graph without the dependencies of what needs itself, or needs such a one."""
    own, starts = graph.own.copy(), graph.starts
    waiting = graph.levels < 0
    _number(own, waiting, graph.codes["unknown"])
    kept = ~waiting[starts]
    edges = starts[kept], graph.ends[kept], graph.hows[kept]
    return BuildGraph.of(own, edges, graph.codes)


def _told_apart(graph: BuildGraph) -> BuildGraph:
    """The graph in which specs that nothing that is told tells apart have numbers of their own."""
    # Each row by its own settings, and by which rows it needs: these are not compared further.
    rows = np.arange(len(graph.own))
    leaves = BuildGraph.of(
        np.concatenate([graph.own, _as_leaves(graph, rows)]),
        (graph.starts, graph.ends + len(rows), graph.hows),
        graph.codes,
    )
    found = identities_of(leaves)[: len(rows)]
    order = np.argsort(found)
    same = np.flatnonzero(found[order][1:] == found[order][:-1])
    if not len(same):
        return graph
    alike = np.zeros(len(rows), bool)
    alike[order[same]] = alike[order[same + 1]] = True
    own = graph.own.copy()
    _number(own, alike, graph.codes["unknown"])
    return BuildGraph.of(own, (graph.starts, graph.ends, graph.hows), graph.codes)


def _as_leaves(graph: BuildGraph, rows: Rows) -> Rows:
    """For each row one that stands for it alone, and needs nothing."""
    own = np.zeros_like(graph.own)
    own[:, AT["name"]] = graph.column("name")
    own[:, AT["unknown"]] = -1 - rows
    return own
