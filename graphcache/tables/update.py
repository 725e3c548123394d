"""Updating: newer pages into a graph. A page replaces what its release and package held before.

Which specs a page held is in the graph itself: those of its package that are in its release, or,
for a page without a release, those of its package that are in none.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Report
from graphcache.schema import EdgeType, NodeType, edge_type, node_type
from graphcache.tables.columns import (
    SEPARATOR,
    conform,
    extra_columns,
    flat,
    joined_texts,
    key_columns,
    look_up,
    row_keys,
)
from graphcache.tables.facts import (
    DEPENDS_ON_FACTS,
    IN_RELEASE_FACTS,
    IN_STACK_FACTS,
    SPEC_FACTS,
    Facts,
    facts_table,
)
from graphcache.tables.join import join
from graphcache.tables.tables import Tables


def update(old: Tables, new: Facts, replaced: set[Claim], report: Report) -> Tables:
    """The old graph with new facts, and without what the replaced pages and stacks alone held.

    Nodes that no edge reaches any more are gone too, but for specs. Properties that a script
    added stay on what stays.
    """
    kept, dropped = _without_claims(facts_of(old), replaced)
    said_anew = dropped & set(new.specs["hash"].to_pylist())
    # What only a replaced page said of a spec is gone with it: the new page may have corrected it.
    silent = replace(_without_specs(kept, said_anew, set()), depends_on=kept.depends_on)
    facts = _collect(Facts.concat([silent, _still_known(new, old)]), dropped - said_anew)
    return _carry_extras(join(facts, report), old)


def facts_of(tables: Tables) -> Facts:
    """The facts of which `join` makes these tables.

    >>> from graphcache.records import Report
    >>> from graphcache.sources.gather import read
    >>> tables, _ = read("examples/pages")
    >>> join(facts_of(tables), Report()).digest() == tables.digest()
    True
    """
    spec = tables.nodes["Spec"]
    hashes = spec["hash"].combine_chunks()

    def row(edge: str) -> pa.Array:
        return pc.index_in(tables.edges[edge]["from"], hashes).cast(pa.int64())

    def ends(edge: str) -> pa.Array:
        table = tables.edges[edge].group_by("from", use_threads=False).aggregate([("to", "list")])
        joined = pc.binary_join(table["to_list"].combine_chunks(), SEPARATOR)
        return look_up(hashes, table["from"], joined)

    specs = _said(spec, node_type("Spec"))
    specs["target"], specs["compilers"] = ends("FOR_TARGET"), ends("BUILT_WITH")
    in_release, needs = tables.edges["IN_RELEASE"], tables.edges["DEPENDS_ON"]
    releases = {"release": in_release["to"], "root": in_release["root"], "row": row("IN_RELEASE")}
    return Facts(
        facts_table(specs, SPEC_FACTS),
        _stack_facts(tables.edges["IN_STACK"], row("IN_STACK")),
        facts_table(releases, IN_RELEASE_FACTS),
        facts_table(_said(needs, edge_type("DEPENDS_ON")), DEPENDS_ON_FACTS),
    )


def _still_known(new: Facts, old: Tables) -> Facts:
    """The new facts, in which dependencies that the old graph knows are known: their edges stay."""
    spec = old.nodes["Spec"]
    known = flat(spec["hash"].filter(pc.fill_null(spec["dependencies_known"], False)))
    still = pc.or_kleene(new.specs["dependencies_known"], pc.is_in(new.specs["hash"], known))
    at = new.specs.column_names.index("dependencies_known")
    return replace(new, specs=new.specs.set_column(at, "dependencies_known", still))


def _said(table: pa.Table, type_: NodeType | EdgeType) -> dict[str, Any]:
    """What sources say of a type, in the form of facts, and the keys."""
    columns = {name: table[name] for name in key_columns(type_)}
    for property_ in type_.properties:
        if not property_.computed:
            column = table[property_.name]
            is_list = property_.type == "list of text"
            columns[property_.name] = pc.binary_join(flat(column), SEPARATOR) if is_list else column
    return columns


def _stack_facts(edges: pa.Table, row: pa.Array) -> pa.Table:
    """One row per spec, stack and release; one without release where an edge has none."""
    releases = edges["releases"].combine_chunks()
    of_edge = pc.list_parent_indices(releases)
    bare = pc.equal(pc.fill_null(pc.list_value_length(releases), 0), 0)
    edges = pa.table({"row": row, "stack": edges["to"], "root": edges["root"]})
    named = edges.take(of_edge).append_column("release", pc.list_flatten(releases))
    rest = edges.filter(bare)
    rest = rest.append_column("release", pa.nulls(rest.num_rows, pa.string()))
    return pa.concat_tables([named, rest]).select(IN_STACK_FACTS.names)


def _without_claims(facts: Facts, replaced: set[Claim]) -> tuple[Facts, set[str]]:
    """The facts without what the claims say, and the specs that nothing holds any more."""
    kept = _without_stacks(_without_pages(facts, replaced), replaced)
    names = facts.specs["name"].combine_chunks()
    undated = [c.name for c in replaced if c.kind == "package" and not c.release]
    rows = pa.array(range(len(names)), pa.int64())
    # Only pages without hashes name no release. What they only mention is on no page.
    on_undated_page = pc.and_not(
        pc.and_(facts.specs["derived"], pc.fill_null(facts.specs["in_buildcache"], False)),
        _is_member(rows, facts),
    )
    is_undated = pc.is_in(names, pa.array(undated, pa.string()))
    lost_place = pc.and_not(_is_member(rows, facts), _is_member(rows, kept))
    dropped = pc.or_(pc.and_(is_undated, on_undated_page), lost_place)
    return kept, set(facts.specs["hash"].filter(dropped).to_pylist())


def _without_pages(facts: Facts, replaced: set[Claim]) -> Facts:
    """The facts without the memberships that the replaced pages said."""
    names = facts.specs["name"].combine_chunks()
    pages = [f"{c.release}{SEPARATOR}{c.name}" for c in replaced if c.kind == "package"]

    def said_elsewhere(memberships: pa.Table) -> pa.Array:
        page = joined_texts(memberships["release"], names.take(memberships["row"]))
        return pc.invert(pc.fill_null(pc.is_in(page, pa.array(pages, pa.string())), False))

    return replace(
        facts,
        in_stack=facts.in_stack.filter(said_elsewhere(facts.in_stack)),
        in_release=facts.in_release.filter(said_elsewhere(facts.in_release)),
    )


def _without_stacks(facts: Facts, replaced: set[Claim]) -> Facts:
    """The facts without the memberships of the replaced stacks.

    What was in a release by such a stack alone is not in the release any more.
    """
    stacks = [f"{c.release or ''}{SEPARATOR}{c.name}" for c in replaced if c.kind == "stack"]
    stack = joined_texts(pc.fill_null(facts.in_stack["release"], ""), facts.in_stack["stack"])
    gone = pc.is_in(stack, pa.array(stacks, pa.string()))
    lost, in_stack = facts.in_stack.filter(gone), facts.in_stack.filter(pc.invert(gone))

    def places(memberships: pa.Table) -> pa.Array:
        return joined_texts(memberships["release"], memberships["row"].cast(pa.string()))

    at = places(facts.in_release)
    only_by_stack = pc.and_not(pc.is_in(at, places(lost)), pc.is_in(at, places(in_stack)))
    listed = pc.fill_null(facts.in_release["root"], False)
    in_release = facts.in_release.filter(pc.or_(pc.invert(only_by_stack), listed))
    return replace(facts, in_stack=in_stack, in_release=in_release)


def _is_member(rows: pa.Array, facts: Facts) -> pa.Array:
    """Which rows of the specs are in a stack or a release."""
    members = pa.chunked_array(
        [*facts.in_stack["row"].chunks, *facts.in_release["row"].chunks], pa.int64()
    )
    return pc.is_in(rows, members)


def _collect(facts: Facts, dropped: set[str]) -> Facts:
    """The facts without the dropped specs and what only they need.

    A dropped spec that another still needs stays, but whether the cache holds it is not known
    any more.
    """
    if not dropped:
        return facts
    rows = pa.array(range(facts.specs.num_rows), pa.int64())
    held = pc.fill_null(facts.specs["in_buildcache"], False)
    mentioned = pc.and_not(pc.invert(held), _is_member(rows, facts))
    needs: dict[str, list[str]] = defaultdict(list)
    for spec, needed in zip(
        *(facts.depends_on[end].to_pylist() for end in ("from", "to")), strict=True
    ):
        needs[spec].append(needed)
    only_mentioned = set(facts.specs["hash"].filter(mentioned).to_pylist())
    only_mentioned -= set(facts.specs["hash"].filter(pc.invert(mentioned)).to_pylist())
    suspects = dropped | (_reachable(dropped, needs) & only_mentioned)
    everything = set(facts.specs["hash"].to_pylist())
    gone = suspects - _reachable(everything - suspects, needs)
    return _without_specs(facts, gone, dropped - gone)


def _reachable(starts: set[str], needs: dict[str, list[str]]) -> set[str]:
    """The starts and all that they need."""
    found, todo = set(starts), list(starts)
    while todo:
        for spec in needs.get(todo.pop(), ()):
            if spec not in found:
                found.add(spec)
                todo.append(spec)
    return found


def _without_specs(facts: Facts, gone: set[str], not_held: set[str]) -> Facts:
    def is_one_of(column: pa.ChunkedArray, hashes: set[str]) -> pa.Array:
        return pc.is_in(column, pa.array(sorted(hashes), pa.string()))

    keep = pc.invert(is_one_of(facts.specs["hash"], gone))
    new_row = pc.subtract(pc.cumulative_sum(keep.cast(pa.int64())), 1)
    unknown = is_one_of(facts.specs["hash"], not_held)
    in_buildcache = pc.if_else(unknown, pa.scalar(None, pa.bool_()), facts.specs["in_buildcache"])
    at = facts.specs.column_names.index("in_buildcache")
    specs = facts.specs.set_column(at, "in_buildcache", in_buildcache)

    def renumbered(memberships: pa.Table) -> pa.Table:
        return memberships.set_column(0, "row", new_row.take(memberships["row"]))

    return Facts(
        specs.filter(keep),
        renumbered(facts.in_stack),
        renumbered(facts.in_release),
        facts.depends_on.filter(pc.invert(is_one_of(facts.depends_on["from"], gone))),
    )


def _carry_extras(new: Tables, old: Tables) -> Tables:
    """Give the new tables the columns of the old ones that facts do not carry."""
    before, after = old.by_type(), new.by_type()
    return Tables.of(lambda type_: _carry(after[type_.name], before[type_.name], type_))


def _carry(new: pa.Table, old: pa.Table, type_: NodeType | EdgeType) -> pa.Table:
    silent = [p.name for p in type_.properties if not p.on_pages and new[p.name].null_count]
    names = [*extra_columns(old, type_), *silent]
    if not names:
        return new
    at = pc.index_in(row_keys(new, type_), row_keys(old, type_))
    columns = {name: new[name] for name in new.column_names}
    for name in names:
        carried = old[name].take(at)
        columns[name] = pc.coalesce(new[name], carried) if name in columns else carried
    return conform(pa.table(columns), type_)
