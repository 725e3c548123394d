"""Updating: newer files into a graph. A source replaces what its own kind said before.

What each kind of source said of a spec is remembered (`tables/said.py`). Of a graph that pages
alone made nothing need be: a spec of package P in release R was on the page (R, P).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Report, SourceKind
from graphcache.schema import EdgeType, NodeType, edge_type, node_type
from graphcache.tables.columns import (
    SEPARATOR,
    anti_join,
    conform,
    extra_columns,
    flat,
    joined_texts,
    key_columns,
    look_up,
    row_keys,
    semi_join,
)
from graphcache.tables.compilers import needed_compilers
from graphcache.tables.facts import DEPENDS_ON_FACTS, SPEC_FACTS, Facts, facts_table
from graphcache.tables.join import join
from graphcache.tables.said import SAID, claim_text, kinds_of, page_claims
from graphcache.tables.tables import Tables

_OTHERWISE = frozenset({"hash", "name", "dependencies_known"})
"""What stays of a spec by another rule than that a kind of source tells it."""
_KINDS: tuple[SourceKind, ...] = get_args(SourceKind)


def update(
    old: Tables, said: pa.Table | None, new: Facts, replaced: set[Claim], report: Report
) -> tuple[Tables, pa.Table]:
    """The old graph with new facts, and without what the replaced claims alone said.

    Args:
        old: the graph so far.
        said: what `said_of` gave for it; None if pages alone made it.
        new: what newer files say.
        replaced: the claims that they make anew.
        report: for contradictions, and for how many specs are said no more.

    Returns:
        The graph, and who says of which spec that it is where.

    Nodes that no edge reaches any more are gone too, but for specs. Properties that a script
    added stay on what stays.
    """
    by_pages = said is None or not said.num_rows
    if said is None or by_pages:
        said = said_by_a_page(old)
    before = _Sayings(old, said)
    texts = [claim_text(claim) for claim in replaced if claim.kind != "file"]
    gone = pa.array(texts, pa.string())
    stays = pc.invert(pc.is_in(said["claim"], gone))
    report.removed += _said_no_more(old, said.filter(pc.invert(stays)), new)
    after = _Sayings(old, said.filter(stays))
    facts = Facts.concat([_still_said(old, before, after, flat(new.specs["hash"])), new])
    tables = join(facts, report)
    return _carry_extras(tables, old, by_pages=by_pages), said_of(facts, tables)


def _said_no_more(old: Tables, replaced: pa.Table, new: Facts) -> int:
    """Of how many specs sources said something that they no longer do."""
    hashes = flat(old.nodes["Spec"]["hash"]).take(flat(replaced["row"]))
    now = joined_texts(new.said["claim"], new.specs["hash"].take(new.said["row"]))
    gone = pc.invert(pc.is_in(joined_texts(replaced["claim"], hashes), now))
    return len(pc.unique(hashes.filter(gone)))


def said_of(facts: Facts, tables: Tables) -> pa.Table:
    """Who says of which spec of the tables that it is where; empty if all are pages."""
    kinds = pc.unique(kinds_of(facts.said["claim"]))
    if kinds.to_pylist() in ([], ["page"]):
        return SAID.empty_table()
    hashes = facts.specs["hash"].take(facts.said["row"])
    row = pc.index_in(hashes, flat(tables.nodes["Spec"]["hash"])).cast(pa.int64())
    said = facts.said.set_column(0, "row", row)
    return said.group_by(SAID.names, use_threads=False).aggregate([]).select(SAID.names)


def said_by_a_page(tables: Tables) -> pa.Table:
    """Who says of which spec that it is where, in a graph of which nobody knows but pages."""
    specs = tables.nodes["Spec"]
    hashes = flat(specs["hash"])
    stacks = _by_release(tables.edges["IN_STACK"], hashes)
    in_release = tables.edges["IN_RELEASE"]
    releases = pa.table(
        {
            "row": pc.index_in(in_release["from"], hashes).cast(pa.int64()),
            "release": in_release["to"],
            "listed": in_release["root"],
        }
    )
    keys = [joined_texts(t["row"].cast(pa.string()), t["release"]) for t in (stacks, releases)]
    listed = look_up(keys[0], keys[1], flat(releases["listed"]))
    elsewhere = anti_join(releases, keys[1], keys[0])
    # Only pages without hashes name no release. What they only mention is on no page.
    undated = pc.and_(specs["derived"], pc.fill_null(specs["in_buildcache"], False))
    rows = pa.array(range(len(hashes)), pa.int64())
    members = pa.concat_arrays([flat(stacks["row"]), flat(releases["row"])])
    undated = pc.and_not(pc.fill_null(undated, False), pc.is_in(rows, members))
    parts = [
        stacks.append_column("listed", listed),
        elsewhere,
        pa.table({"row": rows.filter(flat(undated))}),
    ]
    said = pa.concat_tables(parts, promote_options="default")
    claim = page_claims(said["release"], specs["name"].take(said["row"]))
    columns = {name: said[name] for name in said.column_names}
    columns |= {"claim": claim, "in_buildcache": specs["in_buildcache"].take(said["row"])}
    return facts_table(columns, SAID)


def _by_release(edges: pa.Table, hashes: pa.Array) -> pa.Table:
    """One row per spec, stack and release; one without release where an edge has none."""
    releases = edges["releases"].combine_chunks()
    of_edge = pc.list_parent_indices(releases)
    bare = pc.equal(pc.fill_null(pc.list_value_length(releases), 0), 0)
    row = pc.index_in(edges["from"], hashes).cast(pa.int64())
    edges = pa.table({"row": row, "stack": edges["to"], "root": edges["root"]})
    named = edges.take(of_edge).append_column("release", pc.list_flatten(releases))
    rest = edges.filter(bare)
    rest = rest.append_column("release", pa.nulls(rest.num_rows, pa.string()))
    return pa.concat_tables([named, rest])


@dataclass(frozen=True)
class _Sayings:
    """Who says what of the specs of a graph, as one flag per spec."""

    tables: Tables
    said: pa.Table

    @cached_property
    def by_kind(self) -> dict[SourceKind, pa.Array]:
        """Of which specs each kind of source says something."""
        kinds = kinds_of(self.said["claim"])
        return {kind: self._any(pc.equal(kinds, kind)) for kind in _KINDS}

    def by(self, kinds: Iterable[SourceKind]) -> pa.Array:
        """Of which specs any of the kinds says something."""
        found = pa.array([False] * self.tables.nodes["Spec"].num_rows, pa.bool_())
        for kind in kinds:
            found = pc.or_(found, self.by_kind[kind])
        return found

    @cached_property
    def known(self) -> pa.Array:
        """Of which specs any source says something."""
        return self.by(_KINDS)

    @cached_property
    def held(self) -> _Sayings:
        """Who says so of specs that the cache holds."""
        is_held = pc.fill_null(self.said["in_buildcache"], False)
        return _Sayings(self.tables, self.said.filter(is_held))

    @cached_property
    def dependencies(self) -> pa.Array:
        """Of which specs a source says what they need; a page does only by spec texts."""
        derived = flat(pc.fill_null(self.tables.nodes["Spec"]["derived"], False))
        lists = self.by(kind for kind in _KINDS if kind != "page")
        return pc.or_(lists, pc.and_(derived, self.by(["page"])))

    def _any(self, chosen: Any) -> pa.Array:
        rows = pa.array(range(self.tables.nodes["Spec"].num_rows), pa.int64())
        return pc.is_in(rows, flat(self.said["row"].filter(chosen)))


def _still_said(old: Tables, before: _Sayings, after: _Sayings, anew: pa.Array) -> Facts:
    """What is still said of the old graph; `anew` are the specs of which something new is said.

    What a spec needs stays as long as a source that tells it does; or where none ever did, since
    then a script said it.
    """
    needs, spliced = old.edges["DEPENDS_ON"], old.edges["SPLICED_FROM"]
    hashes = flat(old.nodes["Spec"]["hash"])
    rows = pa.array(range(len(hashes)), pa.int32())
    # What no source described is there because another spec needs it, or because a script made it.
    needed = pa.concat_arrays([flat(needs["to"]), flat(spliced["to"])])
    made = pc.invert(pc.or_(before.known, pc.is_in(hashes, needed)))
    stays = pc.or_(pc.or_(after.known, made), pc.is_in(hashes, anew))
    tells = hashes.filter(_tells(before, after))
    needs, spliced = (semi_join(edges, edges["from"], tells) for edges in (needs, spliced))
    pairs = pa.concat_tables([edges.select(["from", "to"]) for edges in (needs, spliced)])
    starts, ends = (flat(pc.index_in(pairs[end], hashes)) for end in ("from", "to"))
    wider, count = stays, -1
    while (now := pc.sum(wider).as_py()) != count:
        stays, count = wider, now
        wider = pc.or_(stays, pc.is_in(rows, ends.filter(stays.take(starts))))
    needs = facts_table(_said(needs, edge_type("DEPENDS_ON")), DEPENDS_ON_FACTS)
    new_row = pc.subtract(pc.cumulative_sum(stays.cast(pa.int64())), 1)
    said = after.said.set_column(0, "row", new_row.take(after.said["row"]))
    by_who_stays = flat(look_up(needs["from"], hashes, stays))
    return Facts(_specs(old, before, after).filter(stays), said, needs.filter(by_who_stays))


def _tells(before: _Sayings, after: _Sayings) -> pa.Array:
    """Of which specs it is still told what they need, or never was."""
    return pc.or_(after.dependencies, pc.invert(before.dependencies))


def _specs(old: Tables, before: _Sayings, after: _Sayings) -> pa.Table:
    """Of each spec what is still said: a property stays as long as a source that tells it does.

    And where none ever did, since then a script said it.
    """
    spec = old.nodes["Spec"]
    columns = _said(spec, node_type("Spec"))
    hashes = flat(spec["hash"])

    def ends(edge: str) -> pa.Array:
        table = old.edges[edge].group_by("from", use_threads=False).aggregate([("to", "list")])
        joined = pc.binary_join(table["to_list"].combine_chunks(), SEPARATOR)
        return look_up(hashes, table["from"], joined)

    def where(stays: Any, column: Any) -> Any:
        return pc.if_else(stays, column, pa.scalar(None, column.type))

    # A spec text describes what it mentions, on whatever page it stands.
    mentioned = pc.and_not(flat(pc.fill_null(spec["derived"], False)), after.known)
    always = pc.or_(pc.invert(before.known), mentioned)
    for property_ in node_type("Spec").properties:
        if property_.name in columns and property_.name not in _OTHERWISE:
            kinds = [kind for kind in _KINDS if property_.is_told_by(kind)]
            told, tells = (
                (sayings.held if property_.of_binary else sayings).by(kinds)
                for sayings in (before, after)
            )
            stays = pc.or_(pc.or_(tells, pc.invert(told)), always)
            columns[property_.name] = where(stays, columns[property_.name])
    held = after.said.group_by("row", use_threads=False).aggregate([("in_buildcache", "max")])
    rows = pa.array(range(len(hashes)), pa.int64())
    still_held = look_up(rows, held["row"], flat(held["in_buildcache_max"]))
    columns["in_buildcache"] = pc.if_else(before.known, still_held, columns["in_buildcache"])
    tells_needs, spliced_from = _tells(before, after), ends("SPLICED_FROM")
    needs_known = flat(columns["dependencies_known"])
    columns["dependencies_known"] = pc.and_kleene(needs_known, tells_needs)
    known = pc.or_(after.known, always)
    columns["target"] = where(known, ends("FOR_TARGET"))
    columns["spliced_from"] = where(tells_needs, spliced_from)
    # What `join` found among the dependencies it finds again, if they are still told.
    needs = facts_table(_said(old.edges["DEPENDS_ON"], edge_type("DEPENDS_ON")), DEPENDS_ON_FACTS)
    compilers = ends("BUILT_WITH")
    spliced = spec.append_column("spliced_from", spliced_from)
    found = pc.fill_null(pc.equal(compilers, needed_compilers(needs, spliced)), False)
    said = pc.or_(pc.invert(found), after.by(["page"]))
    columns["compilers"] = where(pc.and_(known, said), compilers)
    return facts_table(columns, SPEC_FACTS)


def _said(table: pa.Table, type_: NodeType | EdgeType) -> dict[str, Any]:
    """What sources say of a type, in the form of facts, and the keys."""
    columns = {name: table[name] for name in key_columns(type_)}
    for property_ in type_.properties:
        if not property_.computed:
            column = table[property_.name]
            is_list = property_.type == "list of text"
            columns[property_.name] = pc.binary_join(flat(column), SEPARATOR) if is_list else column
    return columns


def _carry_extras(new: Tables, old: Tables, *, by_pages: bool) -> Tables:
    """Give the new tables the columns of the old ones that facts do not carry.

    In a graph of pages, a script also set what pages can't tell.
    """
    before, after = old.by_type(), new.by_type()
    return Tables.of(
        lambda type_: _carry(after[type_.name], before[type_.name], type_, by_pages=by_pages)
    )


def _carry(new: pa.Table, old: pa.Table, type_: NodeType | EdgeType, *, by_pages: bool) -> pa.Table:
    silent = [p.name for p in type_.properties if not p.on_pages and new[p.name].null_count]
    names = [*extra_columns(old, type_), *(silent if by_pages else ())]
    if not names:
        return new
    at = pc.index_in(row_keys(new, type_), row_keys(old, type_))
    columns = {name: new[name] for name in new.column_names}
    for name in names:
        carried = old[name].take(at)
        columns[name] = pc.coalesce(new[name], carried) if name in columns else carried
    return conform(pa.table(columns), type_)
