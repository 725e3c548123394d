"""Compilers."""

from __future__ import annotations

from .common import (
    Row,
    Spec,
    Values,
    by_compiler,
    by_name_and_version,
    by_release,
    described,
    distinct,
    grouped,
    held_by,
    names_in,
)


def compilers(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (
            compiler,
            len(group),
            len(distinct(group, "name")),
            distinct(group, "os"),
            distinct(group, "target"),
        )
        for compiler, group in by_compiler(held_by(specs, values["release"]))
    ]
    return sorted(rows, key=lambda row: (-row[1], by_name_and_version(row[0])))


def compilers_by_release(specs: list[Spec], _: Values) -> list[Row]:
    rows = []
    for release, group in by_release(specs).items():
        without = [spec for spec in group if not spec["compilers"]]
        for compiler, some in [("", without), *by_compiler(group)]:
            if some:
                rows.append((release, compiler, len(some), len(distinct(some, "name"))))
    return sorted(rows, key=lambda row: (row[0], -row[2], by_name_and_version(row[1])))


def compilers_by_target(specs: list[Spec], values: Values) -> list[Row]:
    pairs = [
        (spec["target"], compiler, spec)
        for spec in held_by(described(specs), values["release"])
        for compiler in spec["compilers"] or [""]
    ]
    rows = []
    for key, found in grouped(pairs, lambda pair: pair[:2]):
        group = [spec for _, _, spec in found]
        rows.append((*key, len(group), len(distinct(group, "name"))))
    return sorted(rows, key=lambda row: (row[0], -row[2], by_name_and_version(row[1])))


def languages(specs: list[Spec], values: Values) -> list[Row]:
    triples = [
        (language, compiler, spec)
        for spec in held_by(specs, values["release"])
        for compiler, compiled in spec["compilers"].items()
        for language in compiled or []
    ]
    rows = []
    for key, found in grouped(triples, lambda triple: triple[:2]):
        group = [spec for _, _, spec in found]
        rows.append((*key, len(group), len(distinct(group, "name"))))
    return sorted(rows, key=lambda row: (row[0], -row[2], by_name_and_version(row[1])))


def many_compilers(specs: list[Spec], values: Values) -> list[Row]:
    known = [spec for spec in held_by(specs, values["release"]) if spec["compilers"]]
    rows = []
    for package, group in grouped(known, lambda s: s["name"]):
        names = names_in(group, "compilers")
        if len(names) > 1:
            rows.append((package, len(names), len(group), names))
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))
