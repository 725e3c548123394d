"""What each spec was built as, one row per spec, and in what two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.answers import reads
from graphcache.spack.variants import PATCHES, shown_variant
from graphcache.tables import Tables
from graphcache.tables.columns import SEPARATOR, flat, look_up

PARTS = ("version", "compiler", "variants", "target", "os", "platform")
"""What a build is told apart by, besides its package: what `configuration` is a digest of."""


@reads(
    {
        "Spec": ("name", "version", "platform", "os", "variants", "external", "in_buildcache"),
        "FOR_TARGET": (),
        "BUILT_WITH": (),
    }
)
def as_built(tables: Tables) -> pa.Table:
    """The specs that are described, and not only named by others, sorted by hash.

    Columns are `hash`, `name`, `external`, `in_buildcache` and `PARTS`. `variants` is a list; the
    others of `PARTS` are text, empty where it is not known. Several compilers stand in one text.
    Patches are as Spack shows them, since pages have no more of them.
    """
    specs = tables.nodes["Spec"]
    specs = specs.filter(pc.is_valid(specs["version"]))
    columns = {name: specs[name] for name in ("hash", "name", "external", "in_buildcache")}
    columns |= {name: pc.fill_null(specs[name], "") for name in ("version", "os", "platform")}
    columns["target"] = _ends(tables.edges["FOR_TARGET"], specs["hash"])
    columns["compiler"] = _ends(tables.edges["BUILT_WITH"], specs["hash"])
    columns["variants"] = _shown(specs["variants"])
    return pa.table(columns).combine_chunks()


def _shown(variants: Any) -> Any:
    """Lists of variants, with patches as Spack shows them."""
    texts = flat(pc.binary_join(flat(variants), SEPARATOR))
    patched = pc.fill_null(pc.match_substring(texts, PATCHES), False)
    if not pc.any(patched).as_py():
        return variants
    shown = [
        [shown_variant(variant) for variant in text.split(SEPARATOR)]
        for text in texts.filter(patched).to_pylist()
    ]
    lists = pa.concat_arrays([flat(variants), pa.array(shown, pa.list_(pa.string()))])
    behind = pc.add(pc.cumulative_sum(patched.cast(pa.int64())), len(texts) - 1)
    return lists.take(pc.if_else(patched, behind, pa.array(range(len(texts)), pa.int64())))


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], parts: Iterable[str] = PARTS
) -> list[str]:
    """In which of the parts the new row of `as_built` differs from the old one, a line each.

    >>> known = dict.fromkeys(PARTS, "")
    >>> old = known | {"version": "1.2", "variants": ["+mpi", "+shared"]}
    >>> differences(old, known | {"version": "1.3", "variants": ["+shared", "~mpi"]})
    ['version: 1.2 -> 1.3', 'variants: +mpi -> ~mpi']
    """
    lines = []
    for part in parts:
        if part == "variants":
            before, after = (frozenset(row[part] or ()) for row in (old, new))
            change = change_of(before, after)
        else:
            before, after = old[part], new[part]
            change = f"{before or 'none'} -> {after or 'none'}"
        if before != after:
            lines.append(f"{part}: {change}")
    return lines


def change_of(old: frozenset[str], new: frozenset[str]) -> str:
    """What is only in the one, and what is only in the other.

    >>> change_of(frozenset(["a", "b"]), frozenset(["b"]))
    'a -> none'
    """
    return f"{' '.join(sorted(old - new)) or 'none'} -> {' '.join(sorted(new - old)) or 'none'}"


def _ends(edges: pa.Table, hashes: Any) -> Any:
    """Of each spec the other ends of its edges, which are sorted, as one text."""
    found = edges.select(["from", "to"]).group_by("from", use_threads=False)
    found = found.aggregate([("to", "list")]).combine_chunks()
    texts = pc.binary_join(found["to_list"].combine_chunks(), " ")
    return pc.fill_null(look_up(hashes, found["from"], texts), "")
