"""What changes from release to release: churn, how long specs live, and what is adopted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.memberships import (
    configuration_codes,
    members,
    release_dates,
    releases_in_order,
    table_of,
)
from graphcache.answers import Answer, reads
from graphcache.errors import UsageError
from graphcache.tables import Tables
from graphcache.tables.columns import look_up

Trait = Literal["compiler", "compiler_name", "target", "family"]
"""What releases may adopt: `gcc@13.2.0`, `gcc`, `zen4`, `x86_64`."""


@reads({"Spec": ("configuration",), "Release": ("date",), "IN_RELEASE": ()})
def churn(tables: Tables, releases: Iterable[str] | None = None) -> Answer:
    """What each release kept of the one before it, and what it brought.

    Args:
        tables: the graph.
        releases: the releases, in their order; all if None: by date, those without one before them
            in natural order, `develop` last.

    Returns:
        One row per step: the old and the new release, and their specs; of these specs `kept` are in
        both; `added` are in the new one in configurations that the old one lacks; `removed` are in
        the old one in configurations that the new one lacks; `rebuilt` are only in the new one, in
        configurations that both have; and the share of the old one's specs that was kept.

    Raises:
        UsageError: the graph has no such release.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> steps = churn(tables, ["develop-2025-03-23", "develop-2025-03-30"])
    >>> dict(zip(steps.columns[2:8], steps.rows[0][2:8]))
    {'old_specs': 2, 'new_specs': 2, 'kept': 0, 'added': 0, 'removed': 0, 'rebuilt': 2}
    """
    held, configuration = members(tables, "IN_RELEASE"), configuration_codes(tables)
    rows = []
    for old, new in pairwise(releases_in_order(tables, releases)):
        before, after = held.of(old), held.of(new)
        kept = int(np.isin(after, before).sum())
        known = np.isin(configuration[after], configuration[before])
        lives_on = np.isin(configuration[before], configuration[after])
        rows.append(
            (
                old,
                new,
                len(before),
                len(after),
                kept,
                int((~known).sum()),
                int((~lives_on).sum()),
                int(known.sum()) - kept,
                kept / len(before) if len(before) else None,
            )
        )
    counts = ["old_specs", "new_specs", "kept", "added", "removed", "rebuilt", "kept_share"]
    return Answer(["old", "new", *counts], rows)


@reads(churn.reads)
def half_life(tables: Tables, releases: Iterable[str] | None = None) -> Answer:
    """After how many releases half of the specs are gone.

    The share s of specs that a release keeps of the one before it is taken as the same in all
    steps and for specs of any age, so that a share s ** n lives for n steps and half of them for
    ln(1/2) / ln(s). s is estimated as kept / at risk, both summed over all steps: what the last
    release still holds counts for the steps that it outlived, and nothing has to be assumed of its
    end. That is the maximum-likelihood estimate of a constant hazard of lifetimes that are cut off
    (Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd edition 2002,
    chapters 2 and 3).

    Args:
        tables: the graph.
        releases: as for `churn`.

    Returns:
        One row: the steps; specs at risk and gone, summed over the steps; the share kept; the
        half-life in releases (null where none is gone, 0 where none is kept), and in days, at the
        mean distance of the releases (null where not all have a date, or they do not rise). No row
        where no spec is at risk.

    Raises:
        UsageError: the graph has no such release.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> weeks = ["develop-2025-03-23", "develop-2025-03-30"]
    >>> answer = half_life(tables, weeks)
    >>> dict(zip(answer.columns, answer.rows[0]))["gone"]
    2
    """
    order = releases_in_order(tables, releases)
    steps = churn(tables, order).rows
    at_risk, kept = sum(step[2] for step in steps), sum(step[4] for step in steps)
    columns = ["steps", "at_risk", "gone", "kept_share", "half_life", "days"]
    if not at_risk:
        return Answer(columns, [])
    share = kept / at_risk
    life = _steps_to_half(share)
    known = release_dates(tables)
    dates = [day for day in (known[name] for name in order) if day is not None]
    days = None
    if life is not None and len(dates) == len(order) and all(a < b for a, b in pairwise(dates)):
        days = life * (dates[-1] - dates[0]).days / len(steps)
    return Answer(columns, [(len(steps), at_risk, at_risk - kept, share, life, days)])


def _steps_to_half(share: float) -> float | None:
    if share in (0, 1):
        return None if share else 0.0
    return math.log(0.5) / math.log(share)


@reads(
    {
        "Spec": (),
        "Compiler": ("name",),
        "Target": ("family",),
        "Release": ("date",),
        "IN_RELEASE": (),
        "BUILT_WITH": (),
        "FOR_TARGET": (),
    }
)
def adoption(tables: Tables, by: Trait, releases: Iterable[str] | None = None) -> Answer:
    """The share of each compiler or target among the specs of each release.

    Args:
        tables: the graph.
        by: `compiler` (with its version), `compiler_name`, `target`, or `family` of the target.
        releases: as for `churn`.

    Returns:
        One row per release and value: the release, the value (empty where no source says), its
        specs, and their share of all specs of the release. A spec that several compilers built
        counts for each, so that shares may come to more than 1. Releases are in order, the most
        used first.

    Raises:
        UsageError: the graph has no such release, or `by` is something else.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> adoption(tables, "family", ["develop"]).rows[0]
    ('develop', 'x86_64', 116, 0.5497630331753555)
    """
    if by not in get_args(Trait):
        raise UsageError(f"{by}: expected one of {', '.join(get_args(Trait))}")
    order = releases_in_order(tables, releases)
    held = members(tables, "IN_RELEASE")
    spec, value = _traits(tables, by)
    in_release = table_of(spec=held.specs, release=held.groups)
    traits = pa.table({"spec": spec, "value": value})
    pairs = in_release.join(traits, "spec", use_threads=False)
    pairs = pairs.group_by(["spec", "release", "value"], use_threads=False).aggregate([])
    counted = pairs.group_by(["release", "value"], use_threads=False)
    counted = counted.aggregate([("spec", "count")]).to_pylist()
    sizes = dict(zip(held.names, np.bincount(held.groups).tolist(), strict=False))
    rows = []
    for release in order:
        of_release = [row for row in counted if held.names[row["release"]] == release]
        found = [(row["value"] or "", row["spec_count"]) for row in of_release]
        found.sort(key=lambda row: (-row[1], row[0]))
        rows += [(release, name, specs, specs / sizes[release]) for name, specs in found]
    return Answer(["release", by, "specs", "share"], rows)


def _traits(tables: Tables, by: Trait) -> tuple[Any, Any]:
    """Specs, and the value of each; a spec may have several, or none."""
    edge, node = (
        ("FOR_TARGET", "Target") if by in ("target", "family") else ("BUILT_WITH", "Compiler")
    )
    found = members(tables, edge)
    names = pa.array(found.names, pa.string())
    if by in ("family", "compiler_name"):
        table = tables.nodes[node]
        values = table["family" if by == "family" else "name"].combine_chunks()
        names = pc.coalesce(look_up(names, table.column(0), values), names)
    return pa.array(found.specs), names.take(pa.array(found.groups))
