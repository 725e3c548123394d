"""Stacks."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

from .common import (
    Row,
    Spec,
    Values,
    by_stack,
    by_version,
    configurations_of,
    distinct,
    grouped,
    maybe_held,
    stacks_in,
)


def only_in_stack(specs: list[Spec], values: Values) -> list[Row]:
    stack, release = values["stack"], values["release"]
    lost = [spec for spec in specs if stacks_in(spec, release) == [stack]]
    rows = [
        (package, len(group), distinct(group, "version"))
        for package, group in grouped(lost, lambda s: s["name"])
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def single_stack_packages(specs: list[Spec], values: Values) -> list[Row]:
    found = defaultdict(list)
    for stack, group in by_stack(specs, values["release"]).items():
        for name, builds in grouped(group, lambda s: s["name"]):
            found[name].append((stack, len(builds)))
    rows = [(name, *stacks[0]) for name, stacks in found.items() if len(stacks) == 1]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def stack_bytes(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    for stack, group in by_stack(maybe_held(specs), values["release"]).items():
        known = [spec["size"] for spec in group if spec["size"] is not None]
        rows.append((stack, len(group), len(group) - len(known), sum(known) if known else None))
    return sorted(rows, key=lambda row: (1 if row[3] is None else -row[3], row[0]))


def stack_gaps(specs: list[Spec], values: Values) -> list[Row]:
    built = [spec for spec in specs if not spec["external"]]
    rows = []
    for stack, group in by_stack(built, values["release"]).items():
        known = [spec["in_buildcache"] for spec in group]
        held, missing, unknown = (known.count(value) for value in (True, False, None))
        if held < len(group):
            rows.append((stack, len(group), held, missing, unknown))
    return sorted(rows, key=lambda row: (-row[3], -row[4], row[0]))


def stack_lacks(specs: list[Spec], values: Values) -> list[Row]:
    held = by_stack(specs, values["release"])
    has, others = (held.get(values[key], []) for key in ("stack", "other"))
    rows = [
        (package, len(group), distinct(group, "version"))
        for package, group in grouped(has, lambda s: s["name"])
        if package not in distinct(others, "name")
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def stack_overlap(specs: list[Spec], values: Values) -> list[Row]:
    shared = defaultdict(list)
    for one in specs:
        for pair in combinations(stacks_in(one, values["release"]), 2):
            shared[pair].append(one)
    rows = [(*pair, len(both), len(distinct(both, "name"))) for pair, both in shared.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def stack_packages(specs: list[Spec], values: Values) -> list[Row]:
    held = by_stack(specs, values["release"]).get(values["stack"], [])
    return [
        (
            package,
            len(group),
            configurations_of(group),
            distinct(group, "version"),
            distinct(group, "target"),
        )
        for package, group in grouped(held, lambda s: s["name"])
    ]


def stack_roots(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (one["name"], one["version"], one["hash"], one["in_buildcache"])
        for one in specs
        if one["roots"].get(values["stack"])
    ]
    return sorted(rows, key=lambda row: (row[0], by_version(row[1]), row[2]))


def stack_targets(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (stack, *place, len(some), len(distinct(some, "name")))
        for stack, group in by_stack(specs, values["release"]).items()
        for place, some in grouped(group, lambda s: (s["os"], s["target"]))
    ]
    return sorted(rows, key=lambda row: (row[0], -row[3], row[1], row[2]))


def stacks(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (stack, len(group), len(distinct(group, "name")), configurations_of(group))
        for stack, group in by_stack(specs, values["release"]).items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))
