"""Joining: from facts, in which things are said many times, to tables, by work on whole columns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Report
from graphcache.schema import EdgeType, NodeType, edge_type, node_type
from graphcache.spack.targets import with_ancestors
from graphcache.spack.variants import PATCHES, shown_variant
from graphcache.tables.arrays import firsts, numbers
from graphcache.tables.columns import (
    ARROW_TYPES,
    SEPARATOR,
    arrow_schema,
    conform,
    first_of_runs,
    flat,
    joined_codes,
    joined_texts,
    look_up,
    map_unique,
    semi_join,
    sort_table,
    sorted_unique,
    split_codes,
    split_texts,
    united,
)
from graphcache.tables.compilers import built_with, compiler_columns, fill_compilers, languages_of
from graphcache.tables.facts import DEPENDS_ON_FACTS, SPEC_FACTS, Facts, facts_table
from graphcache.tables.tables import Tables

_SPEC = node_type("Spec")
IDENTITY = (*(p.name for p in _SPEC.properties if p.agreed), "target", "compilers", "spliced_from")
"""What all records of one hash must agree on, where they know it."""

_OF_SPEC = re.compile(r"spec ([a-z0-9]+): (?:records disagree|described as)")
_DATED = re.compile(r"(\d{4}-\d{2}-\d{2})$")


def join(facts: Facts, report: Report) -> Tables:
    """The graph of all that the facts say; contradictions become warnings in the report."""
    hashes, rank = _ranked(facts.specs["hash"])
    specs = _join_specs(facts.specs, hashes, rank, report)
    in_stack, in_release = facts.in_stack, facts.in_release
    depends_on = _join_depends_on(facts.depends_on)
    languages = languages_of(depends_on, specs)
    specs = fill_compilers(specs, languages)
    compilers, of = _explode(specs["compilers"])
    edges = {
        "OF_PACKAGE": {"from": specs["hash"], "to": specs["name"]},
        "BUILT_WITH": built_with(specs["hash"].take(of), compilers, languages),
        "FOR_TARGET": _to_one(specs, "target"),
        "IN_STACK": _join_in_stack(in_stack, rank, specs["hash"]),
        "IN_RELEASE": _join_in_release(in_release, rank, specs["hash"]),
        "DEPENDS_ON": {
            **{end: depends_on[end] for end in ("from", "to")},
            **{p.name: _as_lists(depends_on[p.name]) for p in edge_type("DEPENDS_ON").properties},
        },
        "SPLICED_FROM": _to_one(specs, "spliced_from"),
    }
    named = {
        "Package": sorted_unique(specs["name"]),
        "Stack": sorted_unique(in_stack["stack"]),
        "Compiler": sorted_unique(compilers),
        "Target": sorted_unique(specs["target"]),
        "Release": sorted_unique(in_release["release"]),
    }
    columns = {"Spec": _spec_columns(specs), **edges, **named_columns(named)}
    return Tables.of(lambda type_: sorted_table(columns[type_.name], type_))


def named_columns(named: dict[str, pa.Array]) -> dict[str, dict[str, Any]]:
    """The columns of all but specs and what they are in, of the names of each type, sorted."""
    targets = with_ancestors(set(named["Target"].to_pylist()))
    extends = [(t.name, parent) for t in targets for parent in t.parents]
    return {
        "Package": {"name": named["Package"]},
        "Stack": {"name": named["Stack"]},
        "Compiler": compiler_columns(named["Compiler"]),
        "Target": {
            p.name: pa.array([getattr(target, p.name) for target in targets], ARROW_TYPES[p.type])
            for p in node_type("Target").properties
        },
        "Release": _release_columns(named["Release"]),
        "EXTENDS": {
            "from": pa.array([a for a, _ in extends], pa.string()),
            "to": pa.array([b for _, b in extends], pa.string()),
        },
    }


def _to_one(specs: pa.Table, column: str) -> dict[str, Any]:
    """The edges of specs to the one node that a column names, where it does."""
    known = pc.is_valid(specs[column])
    return {"from": specs["hash"].filter(known), "to": specs[column].filter(known)}


def sorted_table(columns: dict[str, Any], type_: NodeType | EdgeType) -> pa.Table:
    """The table of a type, of its columns in any order."""
    return sort_table(conform(pa.table(columns), type_), type_).combine_chunks()


def _ranked(hashes: Any) -> tuple[pa.Array, pa.Array]:
    """The distinct hashes, sorted, and of each row the place of its own among them."""
    encoded = flat(hashes).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    place = pc.sort_indices(order)  # the way back
    return encoded.dictionary.take(order), place.take(encoded.indices).cast(pa.int64())


def _join_specs(facts: pa.Table, hashes: pa.Array, rank: pa.Array, report: Report) -> pa.Table:
    """One row per hash, sorted by it: a source that knows more fills in, none erases."""
    if facts.num_rows == len(hashes):
        return _with_whole_patches(facts.take(pc.sort_indices(rank))).combine_chunks()
    facts = _with_whole_patches(_without_mere_names(facts, report))
    facts = facts.group_by(facts.column_names, use_threads=False).aggregate([])
    if facts.num_rows > len(hashes):
        rest = [name for name in facts.column_names if name != "hash"]
        # Minimum and maximum pass over nulls, and do not depend on the order of the input.
        ends = [(name, end) for name in rest for end in ("min", "max")]
        joined = facts.group_by("hash", use_threads=False).aggregate(ends)
        for name in IDENTITY:
            _warn_of_contradictions(joined, name, report)
        best = {
            name: joined[f"{name}_max" if pa.types.is_boolean(facts[name].type) else f"{name}_min"]
            for name in rest
        }
        facts = facts_table({"hash": joined["hash"], **best}, SPEC_FACTS)
    return facts.sort_by("hash").combine_chunks()


def _without_mere_names(facts: pa.Table, report: Report) -> pa.Table:
    """The facts, but where a spec is described, not what others call it; another name is said."""
    if not facts["version"].null_count:
        return facts
    is_described = pc.is_valid(facts["version"])
    described, called = facts.filter(is_described), facts.filter(pc.invert(is_described))
    # Of several names the one that is kept, whatever the order of files.
    names = semi_join(described, described["hash"], called["hash"])
    names = names.group_by("hash", use_threads=False).aggregate([("name", "min")])
    name = look_up(called["hash"], names["hash"], flat(names["name_min"]))
    for spec_hash, found, known in _distinct(called["hash"], called["name"], name):
        if known not in (None, found):
            report.warn(called_otherwise(spec_hash, known, found))
    return pa.concat_tables([described, called.filter(pc.is_null(name))])


def _distinct(*columns: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of the columns that differ, sorted."""
    rows = {tuple(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)}
    yield from sorted(rows, key=repr)


def _with_whole_patches(facts: pa.Table) -> pa.Table:
    """The facts, with the whole sha256 of each patch of which another source shows the beginning.

    Pages show 7 characters, as Spack does, and Spack takes such a text for the patch, too.
    """
    patched = pc.fill_null(pc.match_substring(facts["variants"], PATCHES), False)
    if not pc.any(patched).as_py():
        return facts
    pairs = joined_texts(facts["name"].filter(patched), facts["variants"].filter(patched))
    variants = pc.replace_with_mask(flat(facts["variants"]), flat(patched), whole_patches(pairs))
    return facts.set_column(facts.column_names.index("variants"), "variants", variants)


def whole_patches(pairs: pa.Array) -> pa.Array:
    """Of texts that join a package and its variants these, with the whole sha256 of each patch.

    `pairs` are all in which patches stand.
    """
    whole: dict[tuple[str, str], str] = {}
    for name, variant in _patches(pairs):
        shown = name, shown_variant(variant)
        whole[shown] = max(whole.get(shown, ""), variant)

    def with_whole(pair: str) -> str:
        name, *variants = pair.split(SEPARATOR)
        return SEPARATOR.join(whole.get((name, variant), variant) for variant in variants)

    return map_unique(pairs, with_whole, pa.string())


def _patches(pairs: pa.Array) -> Iterator[tuple[str, str]]:
    """The packages and their patches in texts that join a name and variants."""
    for pair in pc.unique(pairs).to_pylist():
        name, *variants = pair.split(SEPARATOR)
        yield from ((name, variant) for variant in variants if variant.startswith(PATCHES))


def _warn_of_contradictions(joined: pa.Table, name: str, report: Report) -> None:
    low, high = joined[f"{name}_min"], joined[f"{name}_max"]
    if pa.types.is_boolean(low.type):
        low, high = high, low  # of flags the true one is kept
    differ = pc.fill_null(pc.not_equal(low, high), False)
    columns = (column.filter(differ) for column in (joined["hash"], low, high))
    for spec_hash, a, b in _distinct(*columns):
        report.warn(contradiction(spec_hash, name, a, b))


def called_otherwise(spec_hash: str, described: str, called: str) -> str:
    """The warning that a spec has another name where it is needed than where it is described."""
    return (
        f"spec {spec_hash}: described as {_quoted(described)}, and called {_quoted(called)} "
        f"by one that needs it; the first is kept"
    )


def contradiction(spec_hash: str, name: str, kept: Any, other: Any) -> str:
    """The warning that records of one hash say two things."""
    said = [_quoted(str(value).replace(SEPARATOR, " ")) for value in (kept, other)]
    return (
        f"spec {spec_hash}: records disagree on {name}: {said[0]} and {said[1]}; the first is kept"
    )


def spec_of_warning(text: str) -> str | None:
    """The hash of the spec that a warning of joining is of; None if it is of something else.

    >>> spec_of_warning(contradiction("a" * 32, "os", "debian12", "sles15"))[:3]
    'aaa'
    """
    found = _OF_SPEC.match(text)
    return found.group(1) if found else None


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 400 else text[:400] + "…")


def _explode(joined: Any) -> tuple[pa.Array, pa.Array]:
    """The texts in a column of joined texts, and the row of each."""
    lists = pc.split_pattern(joined.combine_chunks(), SEPARATOR)
    return pc.list_flatten(lists), pc.list_parent_indices(lists)


def _spec_columns(specs: pa.Table) -> dict[str, Any]:
    """The columns of the Spec table from joined facts."""
    short_hash = pc.utf8_slice_codeunits(specs["hash"], 0, 7)
    seen = ("name", "version", "platform", "os", "target", "compilers", "variants")
    texts = [pc.fill_null(specs[name], "") for name in seen]
    texts[-1] = map_unique(texts[-1], shown_variants, pa.string())
    said = pc.binary_join_element_wise(*texts, "\x1e")
    columns = {name: specs[name] for name in specs.column_names}
    version = pc.fill_null(specs["version"], "?")
    columns["label"] = pc.binary_join_element_wise(version, short_hash, "/")
    columns["configuration"] = map_unique(said, _configuration, pa.string())
    for property_ in _SPEC.properties:
        if property_.type == "list of text":
            columns[property_.name] = _as_lists(specs[property_.name])
    return {field.name: columns[field.name] for field in arrow_schema(_SPEC)}


def shown_variants(variants: str) -> str:
    """Joined variants as Spack shows them: what a source does not show is not told apart by."""
    if PATCHES not in variants:
        return variants
    return SEPARATOR.join(map(shown_variant, variants.split(SEPARATOR)))


def _configuration(said: str) -> str:
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _release_columns(names: pa.Array) -> dict[str, Any]:
    dates = [_DATED.search(name) for name in names.to_pylist()]
    return {"name": names, "date": pa.array([d and d.group(1) for d in dates], pa.string())}


def _join_in_stack(facts: pa.Table, rank: Any, hashes: Any) -> dict[str, Any]:
    """One edge per spec and stack, with the sorted list of its releases.

    Spec, stack and release become one integer, so that sorting and grouping are done on integers.
    """
    stacks, releases = sorted_unique(facts["stack"]), sorted_unique(facts["release"])
    of_stack = pc.index_in(facts["stack"], stacks)
    # 0 is 'no release known': such a membership is an edge with an empty list.
    of_release = pc.add(pc.fill_null(pc.index_in(facts["release"], releases), -1), 1)
    pair = joined_codes(rank.take(facts["row"]), of_stack, len(stacks))
    width = len(releases) + 1
    pairs, release = split_codes(sorted_unique(joined_codes(pair, of_release, width)), width)
    named = pc.greater(release, 0)
    first = first_of_runs(pairs)
    count = named.cast(pa.int32())
    before = pc.subtract(pc.cumulative_sum(count), count)
    ends = pa.array([pc.sum(count).as_py() or 0], pa.int32())
    offsets = pa.concat_arrays([before.filter(first), ends])
    lists = pa.ListArray.from_arrays(
        offsets, releases.take(pc.subtract(release.filter(named), 1)).cast(pa.string())
    )
    pairs = pairs.filter(first)
    spec, stack = split_codes(pairs, len(stacks))
    return {
        "from": hashes.take(spec),
        "to": stacks.take(stack),
        "releases": lists,
        "root": _any_by_code(pair, facts["root"], pairs),
    }


def _join_in_release(facts: pa.Table, rank: Any, hashes: Any) -> dict[str, Any]:
    """One edge per spec and release."""
    releases = sorted_unique(facts["release"])
    of_release = pc.index_in(facts["release"], releases)
    pair = joined_codes(rank.take(facts["row"]), of_release, len(releases))
    pairs = sorted_unique(pair)
    spec, release = split_codes(pairs, len(releases))
    return {
        "from": hashes.take(spec),
        "to": releases.take(release),
        "root": _any_by_code(pair, facts["root"], pairs),
    }


def _any_by_code(codes: Any, flags: Any, wanted: Any) -> Any:
    """Whether any flag of each code is true; null where none is known.

    `wanted` are the distinct codes, sorted.
    """
    if flags.null_count == len(flags):
        return pa.nulls(len(wanted), pa.bool_())
    place = numbers(flat(wanted))

    def among(chosen: Any) -> pa.Array:
        found = np.zeros(len(place), bool)
        found[np.searchsorted(place, numbers(flat(codes.filter(chosen))))] = True
        return pa.array(found)

    are_true = among(pc.fill_null(flags, False))
    return pc.if_else(among(pc.is_valid(flags)), are_true, None) if flags.null_count else are_true


def _join_depends_on(facts: pa.Table) -> pa.Table:
    """One row per pair of specs, sorted, with all types and virtuals that any fact knows.

    A pair becomes one integer, since integers are quicker to sort.
    """
    if not facts.num_rows:
        return facts
    (froms, start), (tos, end) = (_ranked(facts[name]) for name in ("from", "to"))
    pairs = joined_codes(start, end, len(tos))
    order = pc.sort_indices(pairs)
    # Taken from the sorted hashes, which lie closer together than those of the facts.
    ends = {"from": froms.take(start.take(order)), "to": tos.take(end.take(order))}
    said = {name: flat(facts[name]).take(order) for name in ("types", "virtuals")}
    facts = facts_table(ends | said, DEPENDS_ON_FACTS)
    if firsts(numbers(pairs.take(order))).all():
        return facts
    rows = facts.group_by(facts.column_names, use_threads=False).aggregate([])
    lists = [("types", "list"), ("virtuals", "list")]
    pairs = rows.group_by(["from", "to"], use_threads=False).aggregate(lists).combine_chunks()
    return facts_table(
        {
            "from": pairs["from"],
            "to": pairs["to"],
            "types": united(pairs["types_list"].combine_chunks()),
            "virtuals": united(pairs["virtuals_list"].combine_chunks()),
        },
        DEPENDS_ON_FACTS,
    )


def _as_lists(joined: Any) -> pa.Array:
    return map_unique(joined, split_texts, pa.list_(pa.string()))
