"""Which specs a graph has of what people ask for in Spack's words, and why where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows
from graphcache.analysis.matching.fitting import together
from graphcache.analysis.matching.matcher import READS, Matcher
from graphcache.analysis.matching.names import wanted_specs
from graphcache.analysis.matching.spec_columns import Truth
from graphcache.analysis.memberships import ends_by_spec, specs_in
from graphcache.answers import Answer, Selection, reads
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join

_MARKS = {True: "[+]", False: " - ", None: "[?]"}
"""What stands before a spec by whether the cache holds it."""
_EXTERNAL = "[e]"
_READS: Selection = {
    **READS,
    "Spec": (*READS["Spec"], "in_buildcache"),
    "IN_STACK": ("releases",),
    "IN_RELEASE": (),
    "Release": (),
}
COLUMNS = (
    "hash",
    "name",
    "version",
    "variants",
    "compilers",
    "platform",
    "os",
    "target",
    "in_buildcache",
    "stacks",
    "releases",
)
"""The columns of what `find` answers."""


@reads(_READS)
def find(
    tables: Tables, specs: str | Iterable[str], stack: str | None = None, release: str | None = None
) -> Answer:
    """The specs that are as one of some abstract specs asks, as Spack reads them.

    `specs` are words that Spack would be given: `["hdf5", "+mpi"]` is one spec, and so is
    `"hdf5 +mpi"`; `"hdf5+mpi zlib"` are two. A word that is no package but begins a hash is one.
    The answer has the `COLUMNS`, ordered by name, by version in Spack's order, and by hash.

    Raises:
        UsageError: a text is no spec, or of a kind that is not supported; or the graph has no
            package, target, operating system, stack or release of a name.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> [row[1:3] for row in find(tables, "hdf5@1.14:+mpi ^zlib-ng@2:").rows]
    [('hdf5', '1.14.6')]
    """
    matcher = Matcher(tables)
    wanted = wanted_specs(matcher, specs)
    held = places(tables, stack, release)
    return _found(tables, [matcher.parts(spec) + held for spec in wanted])


@reads({"Spec": ("name", "version", "variants"), **NEEDS})
def needs(tables: Tables, hashes: Iterable[str]) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """All that specs need, as a tree: by hash the depth, and hash, name, version and variants.

    Each stands once, below the first that needs it on a shortest way.
    """
    graph = Dependencies(tables)
    columns = ["hash", "name", "version", "variants"]
    found = {}
    for row in graph.rows(pa.array(list(hashes), pa.string())).tolist():
        reach = graph.needed(np.array([row]))
        below: dict[int, list[int]] = {}
        for one in reach.rows.tolist():
            below.setdefault(int(reach.came_from[one]), []).append(one)
        steps = list(_walk(below, row))
        specs = graph.specs.select(columns).take(pa.array([at for _, at in steps], pa.int64()))
        depths = [depth for depth, _ in steps]
        found[graph.hash(row)] = list(zip(depths, specs.to_pylist(), strict=True))
    return found


def _walk(below: Mapping[int, list[int]], row: int) -> Iterator[tuple[int, int]]:
    """What lies below a row, depth first; no call in a call, since a graph may be deep."""
    todo = [(1, one) for one in reversed(below.get(row, []))]
    while todo:
        depth, one = todo.pop()
        yield depth, one
        todo += [(depth + 1, other) for other in reversed(below.get(one, []))]


@reads({"Spec": ("in_buildcache", "derived")})
def installable(tables: Tables, hashes: Iterable[str]) -> list[str]:
    """Those of the specs that Spack can install from the cache, in the order given.

    It can't where the cache holds no binary, or where the hash is none of Spack's own.
    """
    specs = tables.nodes["Spec"]
    held = pc.fill_null(specs["in_buildcache"], True)
    own = pc.invert(pc.fill_null(specs["derived"], False))
    known = set(specs["hash"].filter(pc.and_(held, own)).to_pylist())
    return [hash_ for hash_ in hashes if hash_ in known]


@reads({"Spec": ("in_buildcache", "external")})
def marks(tables: Tables, hashes: Iterable[str]) -> dict[str, str]:
    """By hash what `spack find -I` would put before a spec, with the cache for what is installed.

    `[+]` is held, `[e]` an external, ` - ` not held, `[?]` not known. Empty where there is nothing
    to tell apart: no spec is an external, or known not to be held.
    """
    specs = tables.nodes["Spec"]
    specs = semi_join(specs, specs["hash"], pa.array(list(hashes), pa.string()))
    columns = (specs[name].to_pylist() for name in ("hash", "in_buildcache", "external"))
    found = {
        hash_: _EXTERNAL if external and not held else _MARKS[held]
        for hash_, held, external in zip(*columns, strict=True)
    }
    return found if {_EXTERNAL, _MARKS[False]} & set(found.values()) else {}


def places(tables: Tables, stack: str | None, release: str | None) -> list[tuple[str, Truth]]:
    """What a stack and a release hold, as demands."""
    chosen = {"stack": stack, "release": release}
    found = []
    for kind, name in chosen.items():
        if name is not None:
            held = np.zeros(tables.nodes["Spec"].num_rows, bool)
            of_release = release if kind == "stack" else None
            held[specs_in(tables, kind, name, of_release)] = True
            found.append((f"in {kind} {name}", Truth.known(held)))
    return found


def _found(tables: Tables, asked: list[list[tuple[str, Truth]]]) -> Answer:
    """The specs that are as one list of demands asks, and what there is to say of the others."""
    fits, notes = together(tables, asked)
    return replace(listed(tables, np.flatnonzero(fits.sure)), notes=notes)


def listed(tables: Tables, rows: Rows) -> Answer:
    """The specs in the rows, in order, with what they were built with and for, and are in."""
    specs = tables.nodes["Spec"].take(pa.array(rows))
    places = {
        "compilers": ends_by_spec(tables, "BUILT_WITH", specs["hash"]),
        "target": ends_by_spec(tables, "FOR_TARGET", specs["hash"]),
        "stacks": ends_by_spec(tables, "IN_STACK", specs["hash"]),
        "releases": ends_by_spec(tables, "IN_RELEASE", specs["hash"]),
    }
    found = []
    for spec in specs.select([c for c in COLUMNS if c not in places]).to_pylist():
        ends = {name: of_spec.get(spec["hash"], []) for name, of_spec in places.items()}
        target = next(iter(ends["target"]), None)
        values = {**spec, **ends, "target": target}
        found.append(tuple(values[column] for column in COLUMNS))
    found.sort(key=lambda row: (row[1] or "", version_key(row[2]), row[0]))
    return Answer(list(COLUMNS), found)
