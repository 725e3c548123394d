"""What several oracles count by."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from archspec.cpu import TARGETS

from graphcache.spack.versions import version_key

Row = tuple[Any, ...]
Spec = dict[str, Any]
Values = Mapping[str, str]


def configuration(spec: Spec) -> str:
    """The digest of what a person sees of a spec."""
    seen = [spec[key] or "" for key in ("name", "version", "platform", "os", "target")]
    said = [*seen, "\x1f".join(spec["compilers"]), "\x1f".join(map(_shown, spec["variants"]))]
    return hashlib.sha256("\x1e".join(said).encode()).hexdigest()[:16]


def _shown(variant: str) -> str:
    """Of patches what pages show: seven characters of each."""
    name, _, values = variant.partition("=")
    if name != "patches":
        return variant
    return "patches=" + ",".join(sorted({patch[:7] for patch in values.split(",")}))


def described(specs: Iterable[Spec]) -> list[Spec]:
    """Those of which more is known than that something needs them."""
    return [spec for spec in specs if spec["version"] is not None]


def maybe_held(specs: Iterable[Spec]) -> list[Spec]:
    """Those of which the cache may hold a binary, for all that is known."""
    return [s for s in specs if s["in_buildcache"] is not False and not s["external"]]


def held_by(specs: Iterable[Spec], release: str) -> list[Spec]:
    """The specs that the release holds, which may be any."""
    return [spec for spec in specs if release in ("", *spec["releases"])]


def named(specs: Iterable[Spec], text: str) -> list[Spec]:
    """The specs of a package, or of one version of it, written as `zlib@=1.3`."""
    package, _, version = text.partition("@=")
    of_package = [spec for spec in specs if spec["name"] == package]
    return [spec for spec in of_package if version in ("", spec["version"])]


def stacks_in(spec: Spec, release: str) -> list[str]:
    """The stacks that hold the spec in the release, which may be any."""
    return sorted(k for k, releases in spec["stacks"].items() if release in ("", *releases))


def by_stack(specs: Iterable[Spec], release: str) -> dict[str, list[Spec]]:
    """The specs of each stack."""
    found = defaultdict(list)
    for spec in specs:
        for stack in stacks_in(spec, release):
            found[stack].append(spec)
    return found


def by_release(specs: Iterable[Spec]) -> dict[str, list[Spec]]:
    """The specs of each release, in the order of their names."""
    found = defaultdict(list)
    for spec in specs:
        for release in spec["releases"]:
            found[release].append(spec)
    return dict(sorted(found.items()))


def by_compiler(specs: Iterable[Spec]) -> list[tuple[str, list[Spec]]]:
    """The specs of each compiler; those without one are not among them."""
    pairs = [(compiler, spec) for spec in specs for compiler in spec["compilers"]]
    groups = grouped(pairs, lambda pair: pair[0])
    return [(compiler, [spec for _, spec in group]) for compiler, group in groups]


def grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> list[tuple[Any, list[Any]]]:
    """The items by a key."""
    return [(value, list(group)) for value, group in groupby(sorted(items, key=key), key)]


def by_version(version: str | None) -> tuple[Any, ...]:
    """A key that sorts versions as Spack does; one that is not known comes last."""
    return (version is None, version_key(version))


def by_name_and_version(compiler: str) -> tuple[Any, ...]:
    """A key that sorts compilers."""
    name, _, version = compiler.partition("@")
    return (name, version_key(version))


def distinct(specs: Iterable[Spec], key: str) -> list[str]:
    """The values that the specs have for the key, each once, in order; null is none."""
    order = version_key if key == "version" else None
    return sorted({spec[key] for spec in specs} - {None}, key=order)


def names_in(specs: Iterable[Spec], key: str) -> list[str]:
    """All names in a dict of the specs (stacks, releases, compilers), each once, sorted."""
    order = by_name_and_version if key == "compilers" else None
    return sorted({name for spec in specs for name in spec[key]}, key=order)


def configurations_of(specs: Iterable[Spec]) -> int:
    """How many distinct ones there are."""
    return len({configuration(spec) for spec in specs})


def runs_on(target: str) -> set[str]:
    """The targets whose binaries run on a CPU."""
    machine = TARGETS[target]
    return {machine.name, *(ancestor.name for ancestor in machine.ancestors)}


def needs_to_install(specs: Iterable[Spec]) -> list[tuple[Spec, Spec]]:
    """Each spec and one without whose binary it can't be installed: a need, or what was built."""
    found = {spec["hash"]: spec for spec in specs}
    pairs = {(spec["hash"], other["hash"]) for spec, other, _, _ in needs(found.values())}
    pairs |= {(spec["hash"], spec["built"]) for spec in found.values() if spec["built"]}
    return [(found[spec], found[other]) for spec, other in sorted(pairs)]


def needs(specs: Iterable[Spec]) -> Iterator[tuple[Spec, Spec, list[str] | None, list[str]]]:
    """Each spec and one that it needs, with types and virtuals."""
    found = {spec["hash"]: spec for spec in specs}
    for spec in found.values():
        for other, (types, virtuals) in spec["needs"].items():
            yield spec, found[other], types, virtuals or []
