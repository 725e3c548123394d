"""Dependencies."""

from __future__ import annotations

from collections import defaultdict

from .common import (
    Row,
    Spec,
    Values,
    by_version,
    distinct,
    grouped,
    held_by,
    named,
    names_in,
    needs,
)


def build_only(specs: list[Spec], _: Values) -> list[Row]:
    found = defaultdict(list)
    for _spec, other, types, _virtuals in needs(specs):
        found[other["name"]].append((other["hash"], types))
    rows = [
        (package, len({key for key, _ in uses}), len(uses))
        for package, uses in found.items()
        if all(types is not None and not {"link", "run"} & set(types) for _, types in uses)
    ]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def dependencies_of(specs: list[Spec], values: Values) -> list[Row]:
    held = {spec["hash"] for spec in held_by(named(specs, values["package"]), values["release"])}
    found = defaultdict(list)
    for spec, other, types, _ in needs(specs):
        if spec["hash"] in held:
            found[other["name"]].append((spec["hash"], other, types or []))
    rows: list[Row] = []
    for dependency, uses in found.items():
        versions = distinct([other for _, other, _ in uses], "version")
        wanted = [
            len({key for key, _, types in uses if kind in types})
            for kind in ("build", "link", "run")
        ]
        rows.append((dependency, versions, len({key for key, _, _ in uses}), *wanted))
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def dependents_of(specs: list[Spec], values: Values) -> list[Row]:
    pairs = [
        (spec, other)
        for spec, other, _, _ in needs(specs)
        if named([other], values["package"]) and values["version"] in ("", other["version"])
    ]
    rows = []
    for dependent, found in grouped(pairs, lambda pair: pair[0]["name"]):
        group = [spec for spec, _ in found]
        versions = distinct([other for _, other in found], "version")
        held = (names_in(group, "stacks"), names_in(group, "releases"))
        rows.append((dependent, len(distinct(group, "hash")), versions, *held))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def held_where(specs: list[Spec], values: Values) -> list[Row]:
    needed_by = defaultdict(set)
    for spec, other, types, _ in needs(specs):
        if {"link", "run"} & set(types or ()):
            needed_by[other["hash"]].add(spec["hash"])
    found = defaultdict(list)
    for spec in named(specs, values["package"]):
        for stack, releases in spec["stacks"].items():
            for release in releases or [""]:
                found[stack, release, spec["target"]].append(spec)
    rows = [
        (
            *place,
            distinct(held, "version"),
            len(held),
            len(set().union(*(needed_by[spec["hash"]] for spec in held))),
        )
        for place, held in found.items()
        if place[2] is not None
    ]
    return sorted(rows)


def externals(specs: list[Spec], _: Values) -> list[Row]:
    users = defaultdict(set)
    for spec, other, _types, _virtuals in needs(specs):
        users[other["hash"]].add(spec["hash"])
    outside = [spec for spec in specs if spec["external"]]
    rows = [
        (*key, len(group), len(set().union(*(users[spec["hash"]] for spec in group))))
        for key, group in grouped(outside, lambda s: (s["name"], s["version"]))
    ]
    return sorted(rows, key=lambda row: (-row[3], row[0], by_version(row[1])))


def mixed_versions(specs: list[Spec], values: Values) -> list[Row]:
    found = defaultdict(list)
    for spec, other, types, _ in needs(specs):
        for stack in spec["stacks"] if {"link", "run"} & set(types or []) else []:
            if values["stack"] in ("", stack):
                found[stack, other["name"]].append(other)
    rows = [
        (*key, distinct(others, "version"), len(others))
        for key, others in found.items()
        if len(distinct(others, "version")) > 1
    ]
    return sorted(rows, key=lambda row: (row[0], -row[3], row[1]))


def most_needed(specs: list[Spec], values: Values) -> list[Row]:
    found = defaultdict(list)
    for spec, other, _, _ in needs(specs):
        if held_by([spec], values["release"]):
            found[other["name"]].append(spec["name"])
    rows = [(package, len(set(names)), len(names)) for package, names in found.items()]
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))


def providers(specs: list[Spec], values: Values) -> list[Row]:
    found = defaultdict(list)
    for _, other, _, virtuals in needs(specs):
        for virtual in virtuals:
            if values["virtual"] in ("", virtual):
                found[virtual, other["name"]].append(other)
    rows = [(*key, distinct(others, "version"), len(others)) for key, others in found.items()]
    return sorted(rows, key=lambda row: (row[0], -row[3], row[1]))
