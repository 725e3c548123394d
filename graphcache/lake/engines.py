"""The join by DuckDB, step by step, and what Spark's has in common with it."""

from __future__ import annotations

import pyarrow as pa

from graphcache.lake import sql
from graphcache.lake.duck import DuckDB
from graphcache.lake.facts import KINDS, read_kind
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Files
from graphcache.lake.places import Place
from graphcache.lake.tables import slices, write_table
from graphcache.records import Claim, Report
from graphcache.schema import all_types, edge_type
from graphcache.tables.columns import arrow_schema, joined_texts, map_unique
from graphcache.tables.disagreements import BY_LISTS, BY_PAGES, disagreement
from graphcache.tables.join import (
    called_otherwise,
    contradiction,
    named_columns,
    shown_variants,
    sorted_table,
    whole_patches,
)
from graphcache.tables.said import claims_of

_VIEWS = {"spec": "spec_facts", "said": "said", "depends_on": "depends_on_facts"}
"""What the facts of a kind are called."""


def view_facts(engine: DuckDB, lake: Lake) -> None:
    """Call all facts of a lake by the names that begin with `all_`."""
    for kind, name in _VIEWS.items():
        engine.view(f"all_{name}", KINDS[kind], lake.listing.facts(kind))


def view_all(engine: DuckDB, lake: Lake) -> None:
    """Call all facts of a lake by the names of what is joined, too."""
    for kind, name in _VIEWS.items():
        engine.view(name, KINDS[kind], lake.listing.facts(kind))


def run_steps(engine: DuckDB) -> None:
    """Join the facts of the views, so that tables can be selected."""
    hold_patches(engine)
    for name, text in sql.STEPS.items():
        engine.make(name, text)


def hold_patches(engine: DuckDB) -> None:
    """Give the engine what patches are whole, and how pages show them: by today's own code."""
    rows = engine.rows(sql.PATCHED)
    name, variants = (pa.array([row[at] for row in rows], pa.string()) for at in (0, 1))
    whole = whole_patches(joined_texts(name, variants))
    patched = pa.table({"name": name, "variants": variants, "whole": whole})
    engine.hold("patched", patched)
    known = pa.array(sorted({*variants.to_pylist(), *whole.to_pylist()}), pa.string())
    shown = pa.table({"variants": known, "shown": map_unique(known, shown_variants, pa.string())})
    engine.hold("shown", shown)


def write_specs(engine: DuckDB, id_: str) -> Files:
    """Write the tables of specs and of what they are in, as `run_steps` joined them."""
    return {
        type_.name: engine.sorted_files(type_, id_, sql.TABLES[type_.name])
        for type_ in all_types()
        if type_.name in sql.TABLES
    }


def write_named(engine: DuckDB, lake: Lake, id_: str, files: Files) -> Files:
    """Write what edges name: packages, stacks, compilers, targets and releases; these are few."""
    named = {}
    for name, edge in sql.NAMED.items():
        engine.view(f"all_{edge}", edge_schema(edge), files[edge])
        rows = engine.rows(f"SELECT DISTINCT [to] FROM all_{edge} ORDER BY [to]")
        named[name] = pa.array([row[0] for row in rows], pa.string())
    return write_names(lake.place, id_, named)


def write_names(place: Place, id_: str, named: dict[str, pa.Array]) -> Files:
    """Write the tables of what edges name, by type, of the names of each, sorted."""
    columns = named_columns(named)
    return {
        type_.name: write_table(place, id_, type_, slices(sorted_table(columns[type_.name], type_)))
        for type_ in all_types()
        if type_.name in columns
    }


def edge_schema(edge: str) -> pa.Schema:
    """The columns of a table of edges."""
    return arrow_schema(edge_type(edge))


def warn_of_contradictions(engine: DuckDB, report: Report) -> None:
    """Warn where records of one hash disagree, in the words of the join in memory."""
    for row in engine.rows(sql.CALLED_OTHERWISE):
        report.warn(called_otherwise(*row))
    for name, text in sql.CONTRADICTIONS.items():
        for spec_hash, kept, other in engine.rows(text):
            report.warn(contradiction(spec_hash, name, kept, other))


def warn_of_disagreements(engine: DuckDB, lake: Lake, report: Report) -> None:
    """Warn where a page and the index of a stack, both given, differ on the stack's specs."""
    claims = claimed(lake)
    if not (claims and all(engine.rows(text) for text in sql.HAVE_MEMBERS)):
        return
    for kinds, by_pages, said in ((("page",), False, BY_LISTS), (_OF_STACKS, True, BY_PAGES)):
        names = [claim for claim in claims if claim.kind in kinds]
        columns = {
            "name": [claim.name for claim in names],
            "release": [claim.release or "" for claim in names],
        }
        engine.hold("claimed", pa.table(columns, schema=_CLAIMED))
        for stack, release, count, such_as in engine.rows(sql.disagreements(by_pages=by_pages)):
            report.warn(disagreement(stack, release, said, count, such_as))


_OF_STACKS = ("index", "lock", "mirror")
_CLAIMED = pa.schema([("name", pa.string()), ("release", pa.string())])


def claimed(lake: Lake) -> list[Claim]:
    """What was read whole, each claim once; nothing where there are no pages, or nothing else."""
    rows = read_kind(lake.place, "file", lake.listing.facts("file"))
    claims = claims_of(rows.filter(rows["complete"]))
    kinds = {claim.kind for claim in claims}
    return claims if "page" in kinds and kinds - {"page"} else []
