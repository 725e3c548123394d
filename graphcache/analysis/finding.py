"""Which specs a graph has of what people ask for in Spack's words, and why where it has none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows
from graphcache.analysis.matching import READS, Matcher
from graphcache.analysis.memberships import ends_by_spec, specs_in
from graphcache.analysis.names import one_spec, wanted_specs
from graphcache.analysis.spec_columns import SpecColumns, Truth
from graphcache.answers import Answer, Selection, reads
from graphcache.errors import NotKnownError, UsageError, close_names, did_you_mean, no_such
from graphcache.spack.spec_parser import parse_spec
from graphcache.spack.specs import FLAGS, AbstractSpec
from graphcache.spack.targets import is_known, known_targets, runs_on
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

_SHOWN = 12
"""Versions that a sentence lists at most, the newest of them."""
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
"""The columns of what `find` and `usable` answer."""


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
    places = _places(tables, stack, release)
    return _found(tables, [matcher.parts(spec) + places for spec in wanted])


@reads(_READS)
def usable(
    tables: Tables,
    specs: str | Iterable[str],
    target: str,
    os: str | None = None,
    *,
    stack: str | None = None,
    release: str | None = None,
) -> Answer:
    """The binaries that are as asked and run on a machine: what `find` finds, of them what fits.

    A target runs what is built for it and for all that it extends. Of the operating system, any
    will do if it is None; one that the graph lacks is no error. `stack` and `release` are as with
    `find`.

    Raises:
        UsageError: as `find` does.
        NotKnownError: of none of what would do it is known whether the cache holds it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> len(usable(tables, "rocblas@6:", "zen4", "ubuntu22.04").rows)
    2
    """
    if not is_known(target):
        raise no_such("target", target, known_targets(), "archspec")
    matcher = Matcher(tables)
    wanted = wanted_specs(matcher, specs)
    runs_here = matcher.match(AbstractSpec(target=",".join(runs_on(target))))
    extra = [(f"for a target that {target} runs", runs_here)]
    extra += _places(tables, stack, release)
    of_any_os = [matcher.parts(spec) + extra for spec in wanted]
    held = ("held by the cache", _held(tables))
    if os is None:
        _require_held(tables, of_any_os, held[1])
        return _found(tables, [[*parts, held] for parts in of_any_os])
    of_os = (f"os={os}", matcher.match(AbstractSpec(os=os)))
    asked = [[*parts, of_os] for parts in of_any_os]
    _require_held(tables, asked, held[1])
    answer = _found(tables, [[*parts, held] for parts in asked])
    notes = _other_systems(tables, [[*parts, held] for parts in of_any_os], of_os[1])
    return replace(answer, notes=[*answer.notes, *notes])


def _other_systems(tables: Tables, asked: list[list[tuple[str, Truth]]], of_os: Truth) -> list[str]:
    """How many binaries would do but for their operating system, which Spack may reuse too."""
    size = tables.nodes["Spec"].num_rows
    others = int((_any_of([_all_of(parts, size) for parts in asked], size) & ~of_os).sure.sum())
    if not others:
        return []
    binaries = counted(others, "binary is", "binaries are")
    return [
        f"{binaries} left out, being for other operating systems: Spack may reuse what needs no "
        "newer libc than the machine has"
    ]


def check_os(tables: Tables, os: str) -> None:
    """Refuse the name of an operating system that looks like a misspelling; reads `READS`.

    One that the graph lacks may be right all the same, as another version of one that it has is.

    Raises:
        UsageError: it is none of the graph's, but like one of them.
    """
    there = SpecColumns(tables).values("os")
    systems = {_without_version(name) for name in there}
    known = os in there or _without_version(os) in systems
    if not os or (not known and close_names(os, there)):
        raise no_such("operating system", os, there)


def _without_version(os: str) -> str:
    return os.rstrip("0123456789.")


def _held(tables: Tables) -> Truth:
    """Which specs the cache holds, as far as a source says."""
    column = tables.nodes["Spec"]["in_buildcache"]
    sure, may = (pc.fill_null(column, value).to_numpy() for value in (False, True))
    return Truth(sure, may)


def _require_held(tables: Tables, asked: list[list[tuple[str, Truth]]], held: Truth) -> None:
    """Refuse where of nothing that would do it is known whether the cache holds it."""
    size = tables.nodes["Spec"].num_rows
    fits = _any_of([_all_of(parts, size) for parts in asked], size).may
    if fits.any() and held.unknown[fits].all():
        specs = counted(int(fits.sum()), "spec that may do", "specs that may do")
        raise NotKnownError(
            f"whether the cache holds a binary is not known of {specs}: lock files and spec "
            "files don't tell; load the index or pages of the cache, by 'graphcache update PATH...'"
        )


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
    specs = specs.filter(pc.is_in(specs["hash"], pa.array(list(hashes), pa.string())))
    columns = (specs[name].to_pylist() for name in ("hash", "in_buildcache", "external"))
    found = {
        hash_: _EXTERNAL if external and not held else _MARKS[held]
        for hash_, held, external in zip(*columns, strict=True)
    }
    return found if {_EXTERNAL, _MARKS[False]} & set(found.values()) else {}


def _places(tables: Tables, stack: str | None, release: str | None) -> list[tuple[str, Truth]]:
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


def meant(tables: Tables, words: str | Iterable[str]) -> tuple[Rows, list[str]]:
    """The rows of all specs that words mean, and what there is to say of others; reads `READS`.

    A hash means one spec.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several.
    """
    matcher = Matcher(tables)
    specs = tables.nodes["Spec"]
    asked = []
    for spec in wanted_specs(matcher, words):
        parts = matcher.parts(spec)
        if spec.hash:
            one_spec(specs, _all_of(parts, specs.num_rows), spec.hash, str(spec))
        asked.append(parts)
    fits, notes = _together(tables, asked)
    return np.flatnonzero(fits.sure), notes


def _found(tables: Tables, asked: list[list[tuple[str, Truth]]]) -> Answer:
    """The specs that are as one list of demands asks, and what there is to say of the others."""
    fits, notes = _together(tables, asked)
    return replace(_answer(tables, np.flatnonzero(fits.sure)), notes=notes)


def _together(tables: Tables, asked: list[list[tuple[str, Truth]]]) -> tuple[Truth, list[str]]:
    size = tables.nodes["Spec"].num_rows
    found = [_all_of(parts, size) for parts in asked]
    notes: list[str] = []
    for parts, one in zip(asked, found, strict=True):
        if not one.may.any():
            notes.append(f"none: {_why_none(tables, parts)}")
            notes += _misspelt(tables, parts)
        for label, part in parts:
            unknown = int((one.unknown & part.unknown).sum())
            if unknown:
                more = counted(unknown, "spec")
                notes.append(f"{more} may fit too: no source tells whether they are {label}")
    return _any_of(found, size), notes


def _any_of(asked: list[Truth], size: int) -> Truth:
    found = Truth.known(np.zeros(size, bool))
    for one in asked:
        found = found | one
    return found


def _all_of(parts: list[tuple[str, Truth]], size: int) -> Truth:
    found = Truth.known(np.ones(size, bool))
    for _, part in parts:
        found = found & part
    return found


def _why_none(tables: Tables, parts: list[tuple[str, Truth]]) -> str:
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


def _misspelt(tables: Tables, parts: list[tuple[str, Truth]]) -> list[str]:
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


def _answer(tables: Tables, rows: Rows) -> Answer:
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
