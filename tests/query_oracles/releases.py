"""Releases."""

from __future__ import annotations

import re
from collections import Counter

from graphcache.spack.versions import version_key

from .common import (
    Row,
    Spec,
    Values,
    by_release,
    configuration,
    configurations_of,
    distinct,
    grouped,
    held_by,
)


def lifetimes(specs: list[Spec], _: Values) -> list[Row]:
    groups = grouped(specs, lambda s: len(s["releases"]))
    return [(n, len(group), len(distinct(group, "name"))) for n, group in groups if n]


def package_changes(specs: list[Spec], values: Values) -> list[Row]:
    old, new = (held_by(specs, values[key]) for key in ("old", "new"))
    came = set(distinct(new, "name")) - set(distinct(old, "name"))
    went = set(distinct(old, "name")) - set(distinct(new, "name"))
    return [
        *((name, "new", sum(s["name"] == name for s in new)) for name in sorted(came)),
        *((name, "gone", sum(s["name"] == name for s in old)) for name in sorted(went)),
    ]


def releases(specs: list[Spec], _: Values) -> list[Row]:
    rows = []
    for release, group in by_release(specs).items():
        date = re.search(r"\d{4}-\d\d-\d\d$", release)
        counts = (len(group), len(distinct(group, "name")), configurations_of(group))
        rows.append(
            (release, date.group() if date else "", *counts, len(distinct(group, "target")))
        )
    return rows


def releases_diff(specs: list[Spec], values: Values) -> list[Row]:
    old, new = (
        {spec["hash"] for spec in specs if values[key] in spec["releases"]}
        for key in ("old", "new")
    )
    rows = []
    for name, group in grouped(specs, lambda s: s["name"]):
        counts: Counter[str] = Counter()
        for _, same in grouped(group, configuration):
            hashes = {spec["hash"] for spec in same}
            before, after = hashes & old, hashes & new
            counts["added"] += 0 if before else len(after)
            counts["removed"] += 0 if after else len(before)
            counts["rebuilt"] += len(after - before) if before else 0
            counts["kept"] += len(before & after)
        if counts["added"] or counts["removed"] or counts["rebuilt"]:
            rows.append((name, *(counts[key] for key in ("added", "removed", "rebuilt", "kept"))))
    return rows


def version_changes(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    for name, group in grouped(specs, lambda s: s["name"]):
        old, new = (set(distinct(held_by(group, values[k]), "version")) for k in ("old", "new"))
        if old and new and old != new:
            sets = (old - new, old & new, new - old)
            rows.append((name, *(sorted(versions, key=version_key) for versions in sets)))
    return rows
