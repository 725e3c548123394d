"""What may be wrong."""

from __future__ import annotations

from collections import Counter

from .common import (
    Row,
    Spec,
    Values,
    by_version,
    described,
    distinct,
    grouped,
    held_by,
    names_in,
    needs_to_install,
)


def dangling_dependencies(specs: list[Spec], _: Values) -> list[Row]:
    missed = Counter(
        (other["hash"], other["name"])
        for _, other in needs_to_install(specs)
        if not other["version"]
    )
    return sorted(((*one, count) for one, count in missed.items()), key=lambda r: (-r[2], r[0]))


def holes(specs: list[Spec], _: Values) -> list[Row]:
    pairs = [
        (spec, other)
        for spec, other in needs_to_install(specs)
        if spec["in_buildcache"] and other["in_buildcache"] is False and not other["external"]
    ]
    rows = []
    for key, found in grouped(pairs, lambda pair: pair[1]["hash"]):
        group = [spec for spec, _ in found]
        other = found[0][1]
        counts = (len(group), len(names_in(group, "stacks")))
        rows.append((key, other["name"], other["version"], *counts))
    return sorted(rows, key=lambda row: (-row[3], row[1], by_version(row[2]), row[0]))


def in_no_stack(specs: list[Spec], _: Values) -> list[Row]:
    in_use = {one["built"] for one in specs if one["stacks"]}
    rows = [
        (one["hash"], one["name"], one["version"], sorted(one["releases"]))
        for one in specs
        if one["in_buildcache"] and not one["stacks"] and one["hash"] not in in_use
    ]
    return sorted(rows, key=lambda row: (row[1], by_version(row[2]), row[0]))


def left_behind(specs: list[Spec], values: Values) -> list[Row]:
    released = [spec for spec in specs if spec["releases"]]
    rows = [
        (package, len(group), names_in(group, "releases"))
        for package, group in grouped(released, lambda s: s["name"])
        if values["release"] not in names_in(group, "releases")
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def not_in_root(specs: list[Spec], _: Values) -> list[Row]:
    missed = Counter(
        (release, stack)
        for one in specs
        for stack, releases in one["stacks"].items()
        for release in releases
        if one["releases"][release] is False
    )
    return sorted(((*place, count) for place, count in missed.items()), key=lambda r: (-r[2], *r))


def unknown_compiler(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    held = held_by(described(specs), values["release"])
    for package, group in grouped(held, lambda s: s["name"]):
        unknown = sum(not spec["compilers"] for spec in group)
        if 0 < unknown < len(group):
            rows.append((package, len(distinct(group, "hash")), unknown))
    return sorted(rows, key=lambda row: (-row[2], row[0]))
