"""Which specs fulfil all demands of one of several lists, and why none does."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.matching.spec_columns import SpecColumns, Truth
from graphcache.errors import UsageError, did_you_mean
from graphcache.spack.spec_parser import parse_spec
from graphcache.spack.specs import FLAGS
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

_SHOWN = 12
"""Versions that a sentence lists at most, the newest of them."""


def together(tables: Tables, asked: list[list[tuple[str, Truth]]]) -> tuple[Truth, list[str]]:
    """Which specs are as one list of demands asks, and what there is to say of the others."""
    size = tables.nodes["Spec"].num_rows
    found = [all_of(parts, size) for parts in asked]
    notes: list[str] = []
    for parts, one in zip(asked, found, strict=True):
        if not one.may.any():
            notes.append(f"none: {why_none(tables, parts)}")
            notes += misspelt(tables, parts)
        for label, part in parts:
            unknown = int((one.unknown & part.unknown).sum())
            if unknown:
                told = "may fit too: no source tells whether"
                more = counted(unknown, f"spec {told} it is", f"specs {told} they are")
                notes.append(f"{more} {label}")
    return any_of(found, size), notes


def any_of(asked: list[Truth], size: int) -> Truth:
    """Where one of several is true."""
    found = Truth.known(np.zeros(size, bool))
    for one in asked:
        found = found | one
    return found


def all_of(parts: list[tuple[str, Truth]], size: int) -> Truth:
    """Where all demands are fulfilled."""
    found = Truth.known(np.ones(size, bool))
    for _, part in parts:
        found = found & part
    return found


def why_none(tables: Tables, parts: list[tuple[str, Truth]]) -> str:
    """Which demand leaves nothing: one alone if there is such, else the one that comes too much."""
    (first, left), *others = parts
    for label, part in others:
        if not (left & part).may.any():
            one = first if first[:1].isalnum() else f"spec that is {first}" if first else "spec"
            return f"no {one} in the graph is {label}{_there_is(tables, left, label)}"
    so_far = first
    for label, part in others:
        if not (left & part).may.any():
            specs = counted(int(left.may.sum()), "spec is", "specs are")
            return f"{specs} {so_far}, and none of them {label}"
        left, so_far = left & part, f"{so_far} {label}".lstrip()
    return f"no spec in the graph is {first}" if first else "the graph has no spec"


def misspelt(tables: Tables, parts: list[tuple[str, Truth]]) -> list[str]:
    """Which variants are asked for that no spec of their package has, and what is like them."""
    (first, _), *_ = parts
    package = first if first[:1].isalnum() and "=" not in first else ""
    columns, found = SpecColumns(tables), []
    for owner, name in dict.fromkeys(one for label, _ in parts for one in _variants(label)):
        of = owner or package
        base = columns.named(of) if of else columns.all().sure
        if base.any() and not (columns.has_variant(name).may & base).any():
            hint = did_you_mean(name, [*columns.variant_names(base), *FLAGS])
            found.append(f"{of or 'No spec'} has {'no' if of else 'a'} variant {name}.{hint}")
    return found


def _variants(label: str) -> list[tuple[str, str]]:
    """The variants that a demand is on, each behind its package, if that is another one's."""
    try:
        spec = parse_spec(label)
    except UsageError:
        return []
    nodes = [spec, *(edge.spec for edge in spec.dependencies)]
    return [(node.name, variant.name) for node in nodes for variant in node.variants]


def _there_is(tables: Tables, base: Truth, label: str) -> str:
    """Which versions or operating systems there are, where one was asked for."""
    column = "version" if label.startswith("@") else "os" if label.startswith("os=") else None
    if column is None:
        return ""
    values = tables.nodes["Spec"][column].filter(pa.array(base.may))
    there = sorted(pc.drop_null(pc.unique(values)).to_pylist(), key=version_key)
    left_out = ["…"] if len(there) > _SHOWN else []
    return f"; there are {', '.join(left_out + there[-_SHOWN:])}"
