"""What is added, removed, rebuilt and changed from one set of specs to another.

Specs that both sides have, by hash, are kept. Of the others those of one package are paired, one
of the old side with one of the new, and those that differ in the fewest parts come first: in none
(rebuilt), then in one of `PARTS` in their order, then in two, and so on (changed). Where several
could be paired alike, the highest version goes first, then the order of the parts' texts and
hashes. What is left over on the new side is added, on the old side removed.

Each step sorts the specs that are left; no step compares every spec with every other, so that a
package may have any number of them. There are at most 2^6 steps, one for each set of parts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.analysis.builds import PARTS, as_built, differences
from graphcache.analysis.dependencies import Rows
from graphcache.answers import Answer, reads
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.tables.columns import anti_join, flat, look_up
from graphcache.tables.compare import row_texts
from graphcache.words import counted

CHANGES = ("changed", "rebuilt", "added", "removed")
SPECS = ["change", "package", "old_version", "old_hash", "new_version", "new_hash", "differs"]
SUMMARY = (
    *("old", "new", "kept", "changed"),
    *(f"changed {part}" for part in PARTS),
    *("rebuilt", "added", "added package", "removed", "removed package"),
)

_NOT_KNOWN = "not known"

_Build = dict[str, Any]
"""A row of `as_built`."""
_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Diff:
    """What is otherwise on the new side than on the old one; it is false where nothing is."""

    summary: Answer
    """Specs and packages by kind of change; a spec that changed may count under several parts."""
    packages: Answer
    """The packages of which anything differs, with their specs counted by kind of change."""
    specs: Answer
    """One row per spec or pair of specs that differ; `differs` has one line per part that did."""

    def __bool__(self) -> bool:
        return bool(self.specs.rows)


@reads(
    {**as_built.reads, "Spec": (*as_built.reads["Spec"], "dependencies_known")},
)
def diff(old: Tables, new: Tables) -> Diff:
    """What is added, removed, rebuilt and changed from the old graph to the new one.

    All specs count that are described, but those that are external, or are known not to be in the
    cache. The module says which are paired; the answer for `new` and `old` mirrors this one. What
    no source tells of one side is "not known" in `differs`, and a note of the summary counts it.

    >>> from graphcache import read
    >>> from graphcache.analysis.sides import side
    >>> tables, _ = read("examples/pages")
    >>> week = [side(tables, "release", f"develop-2025-03-{day}") for day in (23, 30)]
    >>> [row[:3] for row in diff(*week).specs.rows]
    [('rebuilt', 'rocblas', '6.1.2'), ('rebuilt', 'rocblas', '6.3.2')]
    """
    before, after = _members(old), _members(new)
    gone = anti_join(before, before["hash"], after["hash"])
    come = anti_join(after, after["hash"], before["hash"])
    both = pa.concat_tables([gone, come]).sort_by("hash").combine_chunks()
    rows = [_row(a, b) for a, b in _paired(both, pc.is_in(both["hash"], come["hash"]).to_numpy())]
    rows.sort(key=_in_order)
    return Diff(_summary(before, after, rows), _packages(before, after, rows), Answer(SPECS, rows))


def _members(tables: Tables) -> pa.Table:
    specs = as_built(tables)
    of_all = tables.nodes["Spec"]
    known = look_up(specs["hash"], of_all["hash"], flat(of_all["dependencies_known"]))
    # Of a spec of which all that it needs is known, it is known too that no compiler built it.
    none = pc.and_(pc.equal(specs["compiler"], ""), pc.fill_null(known, False))
    specs = specs.append_column("no_compiler", none)
    absent = pc.invert(pc.fill_null(specs["in_buildcache"], True))
    return specs.filter(pc.invert(pc.or_(absent, pc.fill_null(specs["external"], False))))


def _in_order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """By kind of change, package, and the versions and hashes of both sides."""
    change, package, *ends, _ = row
    versions = (version_key(version) for version in (ends[0], ends[2]))
    return CHANGES.index(change), package, *versions, ends[1] or "", ends[3] or ""


# Pairs --------------------------------------------------------------------------------------------


def _paired(specs: pa.Table, is_new: _Flags) -> Iterator[tuple[_Build | None, _Build | None]]:
    """Each old spec with the new one that it is paired with; None for what is left over."""
    old, new = _pairs(specs, is_new)
    yield from zip(specs.take(old).to_pylist(), specs.take(new).to_pylist(), strict=True)
    alone = np.setdiff1d(np.arange(specs.num_rows), np.concatenate([old, new]))
    for one, added in zip(specs.take(alone).to_pylist(), is_new[alone].tolist(), strict=True):
        yield (None, one) if added else (one, None)


def _pairs(specs: pa.Table, is_new: _Flags) -> tuple[Rows, Rows]:
    """The rows of old and new specs that belong together; `specs` are sorted by hash."""
    package = _codes(specs["name"])
    codes = {part: _codes(row_texts(specs, [part])) for part in PARTS}
    codes["version"] = _codes(specs["version"], highest_first=True)
    free = _with_both(np.arange(specs.num_rows), package, is_new)
    # A part that is the same in all of them tells none apart.
    varying = [part for part in PARTS if len(np.unique(codes[part][free])) > 1]
    olds, news = [free[:0]], [free[:0]]
    for differing in _subsets(varying):
        alike = [package, *(codes[part] for part in varying if part not in differing)]
        old, new = _matched(free, is_new, alike, [codes[part] for part in differing])
        olds.append(old)
        news.append(new)
        free = _with_both(np.setdiff1d(free, np.concatenate([old, new])), package, is_new)
    return np.concatenate(olds), np.concatenate(news)


def _subsets(parts: list[str]) -> Iterator[tuple[str, ...]]:
    """All subsets, the small ones first."""
    return chain.from_iterable(combinations(parts, size) for size in range(len(parts) + 1))


def _matched(free: Rows, is_new: _Flags, alike: list[Rows], order: list[Rows]) -> tuple[Rows, Rows]:
    """The first, second, … old row with the first, second, … new one of those that are alike.

    `order` says which are first: its first array before its second one, then the rows themselves.
    """
    # The last key counts most.
    keys = [*reversed(order), is_new, *alike]
    rows = free[np.lexsort([key[free] for key in keys])]
    starts = np.zeros(len(rows), bool)
    for key in alike:
        starts[1:] |= key[rows][1:] != key[rows][:-1]
    group = np.cumsum(starts)
    news = np.bincount(group, is_new[rows]).astype(np.int64)
    olds = np.bincount(group, ~is_new[rows]).astype(np.int64)
    # Old rows stand before new ones, so that the place in the group gives the place on the side.
    first = np.concatenate([[0], np.cumsum(olds + news)])[:-1]
    place = np.arange(len(rows)) - first[group] - np.where(is_new[rows], olds[group], 0)
    taken = place < np.minimum(olds, news)[group]
    return rows[taken & ~is_new[rows]], rows[taken & is_new[rows]]


def _with_both(rows: Rows, package: Rows, is_new: _Flags) -> Rows:
    """The rows of packages that have old and new ones among them."""
    of_both = np.intersect1d(package[rows[is_new[rows]]], package[rows[~is_new[rows]]])
    return rows[np.isin(package[rows], of_both)]


def _codes(texts: Any, *, highest_first: bool = False) -> Rows:
    """One number per row, in the order of the texts; or of versions, the highest first."""
    key = version_key if highest_first else None
    known = sorted(pc.unique(texts).to_pylist(), key=key, reverse=highest_first)
    codes: Rows = pc.index_in(texts, pa.array(known, pa.string())).to_numpy().astype(np.int64)
    return codes


# Answers ------------------------------------------------------------------------------------------


def _row(old: _Build | None, new: _Build | None) -> tuple[Any, ...]:
    differs = (
        [_with_unknown(line, old, new) for line in differences(old, new)] if old and new else []
    )
    change = "added" if not old else "removed" if not new else "changed" if differs else "rebuilt"
    package = (old or new or {})["name"]
    ends = (one and one[name] for one in (old, new) for name in ("version", "hash"))
    return change, package, *ends, differs


def _with_unknown(line: str, old: _Build, new: _Build) -> str:
    """A line of what differs, with what no source tells as such."""
    part = line.partition(":")[0]
    if part == "variants":
        return line
    none = [
        _NOT_KNOWN if part != "compiler" or not row["no_compiler"] else "none" for row in (old, new)
    ]
    before, after = (row[part] or missing for row, missing in zip((old, new), none, strict=True))
    return f"{part}: {before} -> {after}"


def _notes(rows: list[tuple[Any, ...]]) -> list[str]:
    """Of how many specs no source tells a part of one side, which may be the same on both."""
    found = Counter(
        line.partition(":")[0] for *_, differs in rows for line in differs if _is_unknown(line)
    )
    return [
        f"Of {counted(found[part], 'changed spec')} no source tells the {part} of one side: it may "
        "be the same on both."
        for part in PARTS
        if found[part]
    ]


def _is_unknown(line: str) -> bool:
    return _NOT_KNOWN in line.partition(": ")[2].split(" -> ")


def _summary(before: pa.Table, after: pa.Table, rows: list[tuple[Any, ...]]) -> Answer:
    old, new = (set(side["name"].to_pylist()) for side in (before, after))
    found: dict[str, list[str]] = {name: [] for name in SUMMARY}
    found["old"], found["new"] = before["name"].to_pylist(), after["name"].to_pylist()
    found["kept"] = _kept(before, after)
    for change, package, *_, differs in rows:
        found[change].append(package)
        for line in differs:
            found[f"changed {line.partition(':')[0]}"].append(package)
        if package not in (old if change == "added" else new):
            found[f"{change} package"].append(package)
    counts = [(name, len(packages), len(set(packages))) for name, packages in found.items()]
    return Answer(["change", "specs", "packages"], counts, notes=_notes(rows))


def _packages(before: pa.Table, after: pa.Table, rows: list[tuple[Any, ...]]) -> Answer:
    sides = [Counter(side["name"].to_pylist()) for side in (before, after)]
    sides.append(Counter(_kept(before, after)))
    changes: dict[str, Counter[str]] = defaultdict(Counter)
    for change, package, *_ in rows:
        changes[package][change] += 1
    counts = [
        (name, *(side[name] for side in sides), *(changes[name][change] for change in CHANGES))
        for name in sorted(changes)
    ]
    return Answer(["package", "old", "new", "kept", *CHANGES], counts)


def _kept(before: pa.Table, after: pa.Table) -> list[str]:
    """The package of each spec that both have."""
    found: list[str] = before["name"].filter(pc.is_in(before["hash"], after["hash"])).to_pylist()
    return found
