"""Bills of material: what is in some specs, or in a stack, as far as a graph knows it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from graphcache.analysis.advising.places import roots_by_stack
from graphcache.analysis.dependencies import NEEDS, Dependencies, Mask, Rows
from graphcache.analysis.matching.matcher import READS
from graphcache.analysis.matching.names import meant
from graphcache.analysis.memberships import ends_by_spec, specs_in
from graphcache.answers import reads
from graphcache.errors import UsageError
from graphcache.schema import node_type
from graphcache.spack.purl import Purl
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

_IN_IT = ("link", "run")


@dataclass(frozen=True)
class BillPart:
    """A spec in a bill."""

    hash: str
    name: str
    version: str
    """Empty where it is not known, as are the other texts."""
    namespace: str
    external: bool
    is_used: bool
    """Whether a root needs it to be linked or run; else it was needed for a build or test alone."""
    properties: dict[str, Any]
    """What else is known of it; what is not is left out."""
    needs: dict[str, list[str]] = field(default_factory=dict)
    """The hashes of what it needs, each with the types of the dependency, which may not be told."""

    @property
    def purl(self) -> Purl:
        """Its package URL."""
        return Purl(self.name, self.version, self.namespace, self.hash)

    @property
    def shown(self) -> str:
        """As a person writes it."""
        version = f"@{self.version}" if self.version else ""
        return f"{self.name}{version}/{self.hash[:7]}"


_OWN_FIELDS = {one.name for one in fields(BillPart)}
_TOLD = tuple(
    one.name
    for one in node_type("Spec").properties
    if not (one.computed or one.of_binary or one.name in _OWN_FIELDS)
)
"""The properties of a spec that are among those of a part: all that sources tell of the spec.

Not what is computed of these; nor the size and place of a binary, since the same spec may be built
and packed again, and is the same part of a bill.
"""


@dataclass(frozen=True)
class Bill:
    """What is in some specs: they, and all that they need."""

    name: str
    """What it is of: a stack, or the specs that were asked for."""
    release: str | None
    """Where only what is in a release was asked for."""
    roots: list[str]
    """The hashes of what it is of."""
    parts: list[BillPart]
    """By name, version and hash."""

    @cached_property
    def by_hash(self) -> dict[str, BillPart]:
        """The parts by hash."""
        return {part.hash: part for part in self.parts}

    @cached_property
    def unknown(self) -> list[BillPart]:
        """Those of which no source tells what they need, so that something may be missing."""
        return [part for part in self.parts if not part.properties["dependencies_known"]]

    @property
    def notes(self) -> list[str]:
        """What is not known, a sentence each."""
        notes = ["Suppliers and licences are not in the graph: they are not in the bill."]
        if self.unknown:
            parts = f"of {len(self.parts):,}"
            need = counted(len(self.unknown), f"part {parts} needs", f"parts {parts} need")
            notes.append(f"What {need} is not known, and left out.")
        untold = sum(not types for part in self.parts for types in part.needs.values())
        if untold:
            which = counted(untold, "dependency is", "dependencies are")
            notes.append(f"The type of {which} not known: each counts as link and run.")
        return notes

    @cached_property
    def digest(self) -> str:
        """One SHA-256 of all that it says: equal for equal bills."""
        # No release is an empty text here, as in the digests of the bills that are written already.
        said = replace(self, release=self.release or "")
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()

    def each(self) -> Iterator[Bill]:
        """A bill of each root alone."""
        for root in self.roots:
            yield self._of(root)

    def _of(self, root: str) -> Bill:
        used = self._reached(root, _IN_IT)
        kept = self._reached(root, ())
        parts = [
            replace(part, is_used=part.hash in used) for part in self.parts if part.hash in kept
        ]
        return Bill(self.by_hash[root].shown, self.release, [root], parts)

    def _reached(self, root: str, types: Iterable[str]) -> set[str]:
        """What a root needs, along dependencies of some types, or of any if there are none."""
        found, todo = {root}, [root]
        while todo:
            for hash_, told in self.by_hash[todo.pop()].needs.items():
                if hash_ not in found and (not types or not told or {*types} & {*told}):
                    found.add(hash_)
                    todo.append(hash_)
        return found


@reads(
    {
        **NEEDS,
        **READS,
        "Spec": (*dict.fromkeys((*READS["Spec"], *_TOLD)),),
        "DEPENDS_ON": (*READS["DEPENDS_ON"],),
        "IN_STACK": ("releases", "root"),
        "IN_RELEASE": (),
        "Stack": (),
        "Release": (),
    }
)
def sbom(
    tables: Tables,
    specs: str | Iterable[str] = (),
    *,
    stack: str | None = None,
    release: str | None = None,
) -> Bill:
    """The bill of material of the specs that are as is asked, or of a stack: all that is in it.

    The parts are the specs, or all that the stack holds in the release, and what these need, by any
    type of dependency; `is_used` tells what is linked and run from what only built or tested
    something. Of a stack, its roots are what it names as such.

    Raises:
        UsageError: neither specs nor a stack are given, or both; or as `find` does; or the graph
            has no such stack or release.
        NotKnownError: of none of them it is known what it needs.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> found = sbom(tables, "hdf5")
    >>> len(found.roots), len(found.parts), len([part for part in found.parts if part.is_used])
    (2, 71, 42)
    """
    words = specs if isinstance(specs, str) else list(specs)
    if bool(words) == (stack is not None):
        raise UsageError("expected the specs to make a bill of, or a stack, and not both")
    graph = Dependencies(tables)
    if stack is not None:
        start = specs_in(tables, "stack", stack, release)
        listed = roots_by_stack(tables, graph).get(stack)
        roots = start if listed is None or not listed[start].any() else start[listed[start]]
        name = stack
    else:
        start, _ = meant(tables, words)
        if release is not None:
            start = np.intersect1d(start, specs_in(tables, "release", release))
        roots = start
        name = words if isinstance(words, str) else " ".join(words)
    if not len(start):
        where = " ".join(f"{kind} {one}" for kind, one in (("release", release),) if one)
        raise UsageError(f"{name}: the graph holds nothing of it {where}".rstrip())
    graph.notes()  # which refuses where of no spec it is known what it needs
    rows = graph.needed(start).rows
    used = graph.of_types(_IN_IT).needed(roots).found
    needs = _needs(tables, graph, rows)
    parts = [
        replace(part, needs=dict(sorted(needs[part.hash].items())))
        for part in _parts(tables, graph, rows, used)
    ]
    parts.sort(key=lambda part: (part.name, version_key(part.version), part.hash))
    wanted = {graph.hash(row) for row in roots.tolist()}
    return Bill(name, release, [part.hash for part in parts if part.hash in wanted], parts)


def _parts(tables: Tables, graph: Dependencies, rows: Rows, used: Mask) -> Iterator[BillPart]:
    specs = graph.specs.take(pa.array(rows))
    compilers = ends_by_spec(tables, "BUILT_WITH", specs["hash"])
    targets = ends_by_spec(tables, "FOR_TARGET", specs["hash"])
    for spec, is_used in zip(specs.to_pylist(), used[rows].tolist(), strict=True):
        told = {name: spec[name] for name in _TOLD if spec[name] not in (None, [])}
        told |= {"dependencies_known": bool(spec["dependencies_known"])}
        told |= {"compilers": compilers[spec["hash"]]} if spec["hash"] in compilers else {}
        told |= {"target": targets[spec["hash"]][0]} if spec["hash"] in targets else {}
        yield BillPart(
            hash=spec["hash"],
            name=spec["name"] or spec["hash"],
            version=spec["version"] or "",
            namespace=spec["namespace"] or "",
            external=bool(spec["external"]),
            is_used=is_used,
            properties=dict(sorted(told.items())),
        )


def _needs(tables: Tables, graph: Dependencies, rows: Rows) -> dict[str, dict[str, list[str]]]:
    """By hash what the specs in the rows need, with the types."""
    inside = np.zeros(graph.specs.num_rows, bool)
    inside[rows] = True
    edges = tables.edges["DEPENDS_ON"].filter(pa.array(inside[graph.starts]))
    columns = (edges[name].to_pylist() for name in ("from", "to", "types"))
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for start, end, types in zip(*columns, strict=True):
        found[start][end] = types or []
    spliced = tables.edges["SPLICED_FROM"]
    for start, end in zip(spliced["from"].to_pylist(), spliced["to"].to_pylist(), strict=True):
        if inside[graph.rows(pa.array([start]))].all():
            found[start].setdefault(end, ["build"])
    return found
