"""How two specs are compared: their settings, and which of their dependencies belong together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Dependencies, Rows
from graphcache.schema import node_type
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join

Value = str | int | bool | list[str] | None
Side = Literal["left", "right", "both"]

OF_THE_RECORD = frozenset(
    {
        *("size", "tarball", "in_buildcache"),
        *("derived", "dependencies_known", "original_specfile_version"),
    }
)
"""Properties of what a cache holds and a source tells of a spec, not of how the spec is built."""

_EDGES = {"target": "FOR_TARGET", "compiler": "BUILT_WITH", "spliced_from": "SPLICED_FROM"}
"""Settings that are nodes of their own, and the edges that lead to them."""
PROPERTIES = tuple(
    p.name
    for p in node_type("Spec").properties[1:]
    if not p.computed and p.name != "name" and p.name not in OF_THE_RECORD
)
_NULL_IS_NONE = ("external_path", "external_modules", "spliced_from")
"""Settings that a spec has not, where one of Spack's own files describes it and tells none.

Not the compiler: before form 5 a spec has one, also where there is nothing to compile.
"""

_HIDDEN = {"recipe": "package_hash", "flags": "flags"}
"""What a hash also depends on, and the property that tells it."""

READS = {
    "Spec": ("name", *PROPERTIES, "dependencies_known"),
    "DEPENDS_ON": ("types", "virtuals"),
    **dict.fromkeys(_EDGES.values(), ()),
}
"""What of a graph is compared."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in which two specs differ."""

    what: str
    """A property of a Spec, `target`, `compiler`, or `variant NAME`; of a dependency `dependency
    NAME` (only one of the two has it), `types of NAME`, `virtuals of NAME`, `provider of VIRTUAL`.
    """
    left: Value
    """None where the left spec has no such thing."""
    right: Value
    follows: str | None = None
    """What it comes with, which is told as well; None where it is a difference of its own."""


class Edge(NamedTuple):
    """A dependency of a spec; types and virtuals are None where no source tells them."""

    hash: str
    name: str
    types: tuple[str, ...] | None
    virtuals: tuple[str, ...] | None


class Specs:
    """Some specs of a graph, by hash, with all that is compared of them."""

    def __init__(
        self, tables: Tables, graph: Dependencies, rows: Rows, compared: Rows | None = None
    ) -> None:
        """Take the specs in the rows; `compared` are those of which `edges` are asked: all if None.

        Of some specs that others need, only who they are is asked.
        """
        specs = tables.nodes["Spec"].take(pa.array(rows))
        self._rows: dict[str, dict[str, Any]] = {row["hash"]: row for row in specs.to_pylist()}
        self.compared: dict[tuple[str, str], Compared] = {}
        """What was compared already."""
        self.followed: dict[tuple[str, str], list[Change]] = {}
        """Of what was compared the changes, with what each comes along with."""
        self._edges: dict[str, list[Edge]] = {}
        chosen = graph.among(rows if compared is None else compared)
        needs = pa.array(np.flatnonzero(chosen[graph.starts]))
        self._needs = _by_start(tables.edges["DEPENDS_ON"].take(needs))
        self._ends = {
            name: {
                start: [edge["to"] for edge in edges]
                for start, edges in _by_start(
                    semi_join(tables.edges[type_], tables.edges[type_]["from"], specs["hash"])
                ).items()
            }
            for name, type_ in _EDGES.items()
        }
        built_with = pc.unique(tables.edges[_EDGES["compiler"]]["to"]).to_pylist()
        self.compilers = {compiler.partition("@")[0] for compiler in built_with}
        """The packages that some specs of the graph are built with."""

    def name(self, hash_: str) -> str:
        """The package of a spec."""
        return str(self._rows[hash_]["name"])

    def version(self, hash_: str) -> str | None:
        """The version of a spec; None where no source describes it."""
        version: str | None = self._rows[hash_]["version"]
        return version

    def at_version(self, hash_: str) -> str:
        """A spec as `name@version`."""
        version = self.version(hash_)
        return self.name(hash_) if version is None else f"{self.name(hash_)}@{version}"

    def shown(self, hash_: str) -> str:
        """A spec as `name@version/hash`."""
        return f"{self.at_version(hash_)}/{hash_}"

    def edges(self, hash_: str) -> list[Edge]:
        """What a spec needs itself."""
        if hash_ not in self._edges:  # most are asked for many times
            self._edges[hash_] = [
                Edge(
                    edge["to"],
                    self.name(edge["to"]),
                    *map(_tuple, (edge["types"], edge["virtuals"])),
                )
                for edge in self._needs.get(hash_, ())
            ]
        return self._edges[hash_]

    def settings(self, hash_: str) -> dict[str, Value]:
        """What says how a spec is built, but for its dependencies; None where it is not known.

        Variants are by name, and None as a whole where they are not known.
        """
        row = self._rows[hash_]
        ends = {name: " ".join(found.get(hash_, ())) or None for name, found in self._ends.items()}
        return {name: row[name] for name in PROPERTIES} | ends

    def compilers_of(self, hash_: str) -> set[str]:
        """The compilers of a spec, as `name@version`."""
        return set(self._ends["compiler"].get(hash_, ()))

    def build(self, hash_: str) -> str | None:
        """The spec that a spliced one was built as; None where it is not spliced."""
        return next(iter(self._ends["spliced_from"].get(hash_, ())), None)

    def needs_are_known(self, hash_: str) -> bool:
        """Whether a source told what a spec needs."""
        return bool(self._rows[hash_]["dependencies_known"])


@dataclass(frozen=True, slots=True)
class Compared:
    """In what two specs differ, as far as it can be seen at them."""

    settings: list[Change]
    needs: list[Change]
    """What only one of them needs, and how what both need is needed otherwise."""
    pairs: dict[tuple[str, str], tuple[str, ...]]
    """What they need for the same and is not the same: two specs by hash. Where these are of two
    packages, with the virtuals for which they are needed."""
    unknown: dict[str, Side]
    """What could not be compared, and on which side it is not known."""


def compare(specs: Specs, left: str, right: str) -> Compared:
    """Compare two specs, given by hash; of two packages only what both need is compared."""
    if (left, right) not in specs.compared:  # below several pairs there are the same ones
        specs.compared[left, right] = _compare(specs, left, right)
    return specs.compared[left, right]


def _compare(specs: Specs, left: str, right: str) -> Compared:
    matched = match_needs(specs.edges(left), specs.edges(right))
    differ = dict(matched.differ)
    build, other = specs.build(left), specs.build(right)
    if build is not None and other is not None and build != other:
        differ.setdefault((build, other), ())
    if specs.name(left) != specs.name(right):
        package = Change("package", specs.at_version(left), specs.at_version(right))
        return Compared([package], [], differ, {})
    settings, unknown = _settings(specs, left, right)
    swapped = {virtual for virtuals in differ.values() for virtual in virtuals}
    needs = _needed_otherwise(matched.pairs, swapped)
    side = _side(specs.needs_are_known(left), specs.needs_are_known(right))
    if side is None:
        provided = {specs.name(hash_) for pair in differ if differ[pair] for hash_ in pair}
        needs += _not_of_both(specs, matched.alone, provided, (left, right))
    else:
        unknown["dependencies"] = side
    return Compared(settings, sorted(needs, key=lambda change: change.what), differ, unknown)


def _side(left: bool, right: bool) -> Side | None:
    """Where something is not known."""
    return (None if right else "right") if left else "left" if right else "both"


def why_not_told(unknown: Collection[str]) -> str:
    """What may differ where all that is known is equal."""
    said = ["dependencies not known"] if "dependencies" in unknown else []
    words = [word for word, name in _HIDDEN.items() if name in unknown]
    if len(words) > 1:
        said.append(f"{' or '.join(words)}, not told apart")
    elif words:
        said.append(f"{words[0]} not known")
    return "; ".join(said) or "nothing that sources tell"


# Settings -----------------------------------------------------------------------------------------


def _settings(specs: Specs, left: str, right: str) -> tuple[list[Change], dict[str, Side]]:
    """The settings that differ, and those that can't be compared."""
    changes: list[Change] = []
    unknown: dict[str, Side] = {}
    mine, theirs = specs.settings(left), specs.settings(right)
    told = _tell_compilers(specs, left) and _tell_compilers(specs, right)
    described = specs.needs_are_known(left) and specs.needs_are_known(right)
    for name, a in mine.items():
        b = theirs[name]
        side = _side(a is not None, b is not None)
        if side is not None and not (described and name in _NULL_IS_NONE):
            unknown[name] = side
        elif name == "variants" and isinstance(a, list) and isinstance(b, list):
            changes += _variants(a, b)
        # An empty list says as little as none.
        elif name == "spliced_from" and side is None:
            continue  # both builds are compared, as what both need is
        elif (a or None) != (b or None) and not (name == "compiler" and told):
            changes.append(Change(name, a, b))
    return changes, unknown


def _variants(left: list[str], right: list[str]) -> list[Change]:
    mine, theirs = ({_variant_name(text): text for text in texts} for texts in (left, right))
    return [
        Change(f"variant {name}", mine.get(name), theirs.get(name))
        for name in sorted(mine.keys() | theirs.keys())
        if mine.get(name) != theirs.get(name)
    ]


def _variant_name(text: str) -> str:
    return text[1:] if text[:1] in ("+", "~") else text.partition("=")[0]


def _tell_compilers(specs: Specs, hash_: str) -> bool:
    """Whether the compilers of a spec are among its dependencies, as in spec form 5."""
    return specs.compilers_of(hash_) <= {specs.at_version(e.hash) for e in specs.edges(hash_)}


# Dependencies -------------------------------------------------------------------------------------

_Edges = list[Edge]


@dataclass(frozen=True, slots=True)
class Matched:
    """Which dependencies of two specs belong together."""

    pairs: list[tuple[Edge, Edge]]
    """Those on one package."""
    alone: tuple[_Edges, _Edges]
    """The others of each side."""
    differ: dict[tuple[str, str], tuple[str, ...]]
    """What is needed for the same and is not the same; see `Compared.pairs`."""


def match_needs(mine: _Edges, theirs: _Edges) -> Matched:
    """Which dependencies of two specs belong together: of one package, or providing the same.

    >>> old, new = Edge("1", "zlib", ("link",), ("zlib-api",)), Edge("2", "ng", (), ("zlib-api",))
    >>> match_needs([old], [new]).differ
    {('1', '2'): ('zlib-api',)}
    """
    swaps = _swaps(mine, theirs)
    pairs, alone = _pair(mine, theirs)
    return Matched(
        pairs, alone, {(a.hash, b.hash): () for a, b in pairs if a.hash != b.hash} | swaps
    )


def _swaps(mine: _Edges, theirs: _Edges) -> dict[tuple[str, str], tuple[str, ...]]:
    """What provides a virtual on the left, with the other package that does on the right."""
    found: dict[tuple[str, str], tuple[str, ...]] = defaultdict(tuple)
    for virtual in sorted(_virtuals(mine) & _virtuals(theirs)):
        left, right = (
            {edge.name: edge.hash for edge in edges if virtual in (edge.virtuals or ())}
            for edges in (mine, theirs)
        )
        only = sorted(left.keys() - right), sorted(right.keys() - left)
        for a, b in zip(*only, strict=False):
            found[left[a], right[b]] += (virtual,)
    return dict(found)


def _virtuals(edges: _Edges) -> set[str]:
    return {virtual for edge in edges for virtual in edge.virtuals or ()}


def _pair(mine: _Edges, theirs: _Edges) -> tuple[list[tuple[Edge, Edge]], tuple[_Edges, _Edges]]:
    """Dependencies of both on one package, two by two; and what is left over on each side."""
    left, right = (_by_name(edges) for edges in (mine, theirs))
    pairs: list[tuple[Edge, Edge]] = []
    for name in sorted(left.keys() & right):
        a, b = left[name], right[name]
        pairs += [(a[0], b[0])] if len(a) == len(b) == 1 else _by_type(a, b)
    paired = {edge for pair in pairs for edge in pair}
    return pairs, ([e for e in mine if e not in paired], [e for e in theirs if e not in paired])


def _by_type(left: _Edges, right: _Edges) -> list[tuple[Edge, Edge]]:
    """Of a package that is needed several times: what is needed alike, with each other.

    Equal ones belong together; of the others those that are needed for the same, say to build.
    """
    ours = {edge.hash: edge for edge in right}
    pairs = {(edge, ours[edge.hash]): None for edge in left if edge.hash in ours}
    for type_ in sorted({t for edge in chain(left, right) for t in edge.types or ("",)}):
        sides = [
            sorted((e for e in edges if type_ in (e.types or ("",))), key=lambda e: e.hash)
            for edges in (left, right)
        ]
        same = {edge.hash for edge in sides[0]} & {edge.hash for edge in sides[1]}
        a, b = ([edge for edge in side if edge.hash not in same] for side in sides)
        pairs |= dict.fromkeys(zip(a, b, strict=False))
    return list(pairs)


def _by_name(edges: _Edges) -> dict[str, _Edges]:
    found: dict[str, _Edges] = defaultdict(list)
    for edge in edges:
        found[edge.name].append(edge)
    return found


def _needed_otherwise(pairs: list[tuple[Edge, Edge]], swapped: set[str]) -> list[Change]:
    """How what both need is needed otherwise: for what, and as the provider of which virtuals."""
    changes = []
    times = Counter(chain.from_iterable(pairs))
    for a, b in pairs:
        if times[a] + times[b] > 2:  # needed several times, and compared by what it is needed for
            continue
        sides = {"types": (a.types, b.types), "virtuals": (a.virtuals, b.virtuals)}
        for what, (mine, theirs) in sides.items():
            if mine is None or theirs is None:
                continue
            left, right = ([t for t in texts if t not in swapped] for texts in (mine, theirs))
            if left != right:
                changes.append(Change(f"{what} of {a.name}", left, right))
    return changes


def _not_of_both(
    specs: Specs, alone: tuple[_Edges, _Edges], provided: set[str], ends: tuple[str, str]
) -> list[Change]:
    """What only one of two specs needs.

    Not so what provides a virtual in the place of another; nor a compiler that the other side has
    as a setting, as before spec form 5.
    """
    mine, theirs = (
        [
            edge
            for edge in edges
            if edge.name not in provided
            and specs.at_version(edge.hash) not in specs.compilers_of(other)
        ]
        for edges, other in zip(alone, reversed(ends), strict=True)
    )
    return [
        *(Change(f"dependency {e.name}", specs.shown(e.hash), None) for e in mine),
        *(Change(f"dependency {e.name}", None, specs.shown(e.hash)) for e in theirs),
    ]


def _by_start(edges: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Edges by where they start."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for edge in edges.to_pylist():
        found[edge["from"]].append(edge)
    return found


def _tuple(texts: list[str] | None) -> tuple[str, ...] | None:
    return None if texts is None else tuple(texts)
