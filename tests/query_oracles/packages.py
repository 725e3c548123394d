"""Packages."""

from __future__ import annotations

from collections import defaultdict

from .common import (
    Row,
    Spec,
    Values,
    by_version,
    configurations_of,
    described,
    distinct,
    grouped,
    held_by,
    named,
    names_in,
)


def biggest_packages(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(described(specs), values["release"])
    rows = [
        (
            package,
            len(group),
            configurations_of(group),
            len(distinct(group, "version")),
            len(distinct(group, "target")),
            len(names_in(group, "stacks")),
        )
        for package, group in grouped(held, lambda s: s["name"])
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def namespaces(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(described(specs), values["release"])
    rows = [
        (namespace, len(group), len(distinct(group, "name")))
        for namespace, group in grouped(held, lambda s: s["namespace"] or "")
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def package(specs: list[Spec], values: Values) -> list[Row]:
    places = [
        (release, spec["version"], spec)
        for spec in named(described(specs), values["package"])
        for release in spec["releases"] or [""]
    ]
    rows = []
    for (release, version), found in grouped(places, lambda place: place[:2]):
        group = [spec for _, _, spec in found]
        lists = (
            distinct(group, "os"),
            distinct(group, "target"),
            names_in(group, "compilers"),
            names_in(group, "stacks"),
        )
        rows.append((release, version, len(group), configurations_of(group), *lists))
    return sorted(rows, key=lambda row: (row[0], by_version(row[1])))


def packages_named(specs: list[Spec], values: Values) -> list[Row]:
    having = [spec for spec in specs if values["part"] in spec["name"]]
    return [
        (package, len(group), distinct(group, "version"), names_in(group, "releases"))
        for package, group in grouped(having, lambda s: s["name"])
    ]


def variants_of(specs: list[Spec], values: Values) -> list[Row]:
    having = defaultdict(list)
    for one in held_by(named(specs, values["package"]), values["release"]):
        for variant in one["variants"]:
            having[variant].append(one)
    rows = [(variant, len(some), configurations_of(some)) for variant, some in having.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def split_settings(specs: list[Spec], values: Values) -> list[Row]:
    builds = held_by(described(named(specs, values["package"])), values["release"])
    rows = []
    for variant in {variant for one in builds for variant in one["variants"]}:
        having = sum(variant in one["variants"] for one in builds)
        if having < len(builds):
            rows.append((variant, having, len(builds) - having))
    return sorted(rows, key=lambda row: (-row[1], row[0]))
