"""What came in and what was mended, of what advisories mean, from one set of specs to another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.advising.affected_specs import IDENTITY, Packages
from graphcache.analysis.advising.ranges import State
from graphcache.analysis.dependencies import Rows
from graphcache.answers import Answer, reads
from graphcache.records.advisories import Advisory
from graphcache.spack.versions import version_key
from graphcache.tables import Tables

COLUMNS = [
    *("change", "advisory", "package", "match", "verdict"),
    *("old_versions", "new_versions", "old_specs", "new_specs"),
]
_Key = tuple[str, str, str]
"""An advisory, a package, and how it was found."""


@dataclass(frozen=True)
class TouchedSide:
    """What advisories mean among some specs."""

    packages: frozenset[str]
    """The packages that there are."""
    versions: Mapping[_Key, list[str]]
    specs: Mapping[_Key, int]
    states: Mapping[_Key, State] = field(default_factory=dict)


@reads({"Package": (), "Spec": (*IDENTITY, "variants", "external", "in_buildcache")})
def touched_side(
    tables: Tables, advisories: Iterable[Advisory], rows: Rows | None = None
) -> TouchedSide:
    """What advisories mean of the specs in some rows, or of all specs; withdrawn ones mean nothing.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-10/io")
    >>> found, _ = graphcache.read_advisories(["examples/advisories"])
    >>> sorted(touched_side(tables, found).versions.values())
    [['3.6.1'], ['8.20.0']]
    """
    specs = tables.nodes["Spec"]
    if rows is not None:
        specs = specs.take(pa.array(rows))
    versions: dict[_Key, set[str]] = {}
    counts: dict[_Key, int] = {}
    states: dict[_Key, State] = {}
    packages = Packages(Tables({**tables.nodes, "Spec": specs}, tables.edges))
    for advisory in advisories:
        for package in () if advisory.withdrawn else packages.meant_by(advisory):
            key = (advisory.id, package.package, package.how)
            for meant in package.meant:
                versions.setdefault(key, set()).update(filter(None, meant.reasons))
                counts[key] = counts.get(key, 0) + len(meant.rows)
                states.setdefault(key, meant.state)
    return TouchedSide(
        frozenset(pc.drop_null(pc.unique(specs["name"])).to_pylist()),
        {key: sorted(texts, key=version_key) for key, texts in versions.items()},
        counts,
        states,
    )


def advisory_changes(old: TouchedSide, new: TouchedSide) -> Answer:
    """What of the old side's findings the new one has too, or not, and what only the new one has.

    `came in` is on the new side alone, `remains` on both. What is on the old side alone is `mended`
    where the new side has the package in other versions, and `gone` where it has none of it.
    """
    rows = []
    for key in sorted({*old.versions, *new.versions}):
        advisory, package, how = key
        if key not in old.versions:
            change = "came in"
        elif key in new.versions:
            change = "remains"
        else:
            change = "mended" if package in new.packages else "gone"
        state = new.states.get(key) or old.states[key]
        texts = (side.versions.get(key, []) for side in (old, new))
        counts = (side.specs.get(key, 0) for side in (old, new))
        rows.append((change, advisory, package, how, state, *texts, *counts))
    order = {"came in": 0, "remains": 1, "mended": 2, "gone": 3}
    return Answer(COLUMNS, sorted(rows, key=lambda row: (order[row[0]], row[1:4])))
