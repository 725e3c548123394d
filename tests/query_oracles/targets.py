"""Targets and machines."""

from __future__ import annotations

from archspec.cpu import TARGETS

from .common import (
    Row,
    Spec,
    Values,
    by_version,
    described,
    distinct,
    grouped,
    held_by,
    named,
    names_in,
    runs_on,
)


def orphan_targets(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    for target, group in grouped(described(specs), lambda s: s["target"]):
        releases = names_in(group, "releases")
        if values["release"] not in releases:
            rows.append((target, len(group), len(distinct(group, "name")), releases))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def platforms(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(described(specs), values["release"])
    rows = [
        (*place, len(group), len(distinct(group, "name")))
        for place, group in grouped(held, lambda s: (s["platform"], s["os"], s["target"]))
    ]
    return sorted(rows, key=lambda row: (-row[3], *row[:3]))


def targets(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(described(specs), values["release"])
    rows = []
    for name, group in grouped(held, lambda s: s["target"]):
        known = TARGETS.get(name)
        what = (known.family.name, known.vendor) if known else ("", "")
        rows.append((name, *what, len(group), len(distinct(group, "name"))))
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def usable(spec: Spec, values: Values) -> bool:
    """Whether the cache holds a binary of it that runs on the machine."""
    fits = spec["target"] in runs_on(values["target"]) and values["os"] in ("", spec["os"])
    return bool(spec["in_buildcache"]) and fits


def usable_packages(specs: list[Spec], values: Values) -> list[Row]:
    some = [spec for spec in held_by(specs, values["release"]) if usable(spec, values)]
    return [
        (package, len(group), distinct(group, "version"), distinct(group, "target"))
        for package, group in grouped(some, lambda s: s["name"])
    ]


def unusable_packages(specs: list[Spec], values: Values) -> list[Row]:
    binaries = [spec for spec in held_by(specs, values["release"]) if spec["in_buildcache"]]
    rows = [
        (package, len(group), distinct(group, "os"), distinct(group, "target"))
        for package, group in grouped(binaries, lambda s: s["name"])
        if not any(usable(spec, values) for spec in group)
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def usable_specs(specs: list[Spec], values: Values) -> list[Row]:
    some = [one for one in named(specs, values["package"]) if usable(one, values)]
    some.sort(key=lambda one: str(one["hash"]))
    some.sort(key=lambda one: (by_version(one["version"]), one["target"]), reverse=True)
    return [
        (
            *(one[key] for key in ("version", "hash", "os", "target", "variants")),
            sorted(one["stacks"]),
            sorted(one["releases"]),
        )
        for one in some
    ]
