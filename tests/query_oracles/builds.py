"""Builds of the same."""

from __future__ import annotations

from collections import Counter

from .common import (
    Row,
    Spec,
    Values,
    by_name_and_version,
    by_version,
    configuration,
    described,
    distinct,
    grouped,
    held_by,
    maybe_held,
    named,
    names_in,
    stacks_in,
)


def configurations(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(described(named(specs, values["package"])), values["release"])
    rows = []
    for digest, group in grouped(held, configuration):
        one = group[0]
        seen = [one[key] for key in ("version", "platform", "os", "target")]
        hashes = distinct(group, "hash")
        rows += [
            (digest, *seen, compiler, one["variants"], len(hashes), hashes)
            for compiler in one["compilers"] or [""]
        ]
    return sorted(rows, key=lambda row: (-row[7], row[0], by_name_and_version(row[5])))


def package_bytes(specs: list[Spec], values: Values) -> list[Row]:
    held = maybe_held(held_by(described(specs), values["release"]))
    rows: list[Row] = []
    for package, group in grouped(held, lambda s: s["name"]):
        sized = [spec for spec in group if spec["size"] is not None]
        taken = sum(spec["size"] for spec in sized)
        needed = sum(max(s["size"] for s in same) for _, same in grouped(sized, configuration))
        known = (taken, taken - needed) if sized else (None, None)
        rows.append((package, len(group), len(group) - len(sized), *known))
    return sorted(rows, key=lambda row: (1 if row[3] is None else -row[3], row[0]))


def redundant_builds(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    held = held_by(described(specs), values["release"])
    for name, group in grouped(held, lambda s: s["name"]):
        times = Counter(configuration(spec) for spec in group)
        redundant = len(group) - len(times)
        if redundant:
            rows.append((name, len(group), len(times), redundant, max(times.values())))
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def repeated_across_stacks(specs: list[Spec], values: Values) -> list[Row]:
    placed = [spec for spec in specs if stacks_in(spec, values["release"])]
    rows = []
    for digest, group in grouped(placed, configuration):
        stacks = sorted({k for spec in group for k in stacks_in(spec, values["release"])})
        if len(group) > 1 and len(stacks) > 1:
            rows.append((digest, group[0]["name"], group[0]["version"], len(group), stacks))
    return sorted(rows, key=lambda row: (-row[3], row[1], by_version(row[2]), row[0]))


def shared_specs(specs: list[Spec], values: Values) -> list[Row]:
    placed = [(spec, stacks_in(spec, values["release"])) for spec in specs]
    rows = [
        (spec["hash"], spec["name"], spec["version"], len(stacks), stacks)
        for spec, stacks in placed
        if len(stacks) > 1
    ]
    return sorted(rows, key=lambda row: (-row[3], row[1], by_version(row[2]), row[0]))


def spec(specs: list[Spec], values: Values) -> list[Row]:
    times = Counter(configuration(one) for one in specs)
    return [
        (
            *(one[key] for key in ("hash", "name", "version", "platform", "os", "target")),
            names_in([one], "compilers"),
            one["variants"],
            configuration(one),
            times[configuration(one)],
            sorted(one["stacks"]),
            sorted(one["releases"]),
        )
        for one in described(specs)
        if one["hash"].startswith(values["hash"])
    ]
