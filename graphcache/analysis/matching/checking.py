"""The names in a spec, held against those of the graph: one that it has not is an error.

Where a source does not tell what specs need, as pages do not, a dependency may have any name, and
what is asked of it can neither be found nor denied.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.matching.matcher import Matcher
from graphcache.errors import UsageError, no_such
from graphcache.kinds import ALIKE, LISTED, Spec, spec_lines
from graphcache.spack.specs import AbstractSpec, Dependency
from graphcache.spack.targets import known_targets
from graphcache.spack.versions import version_key
from graphcache.words import counted

PLATFORMS = ("cray", "darwin", "freebsd", "linux", "windows")
"""The platforms of Spack."""

_LONGEST = 32
"""Characters of a whole hash."""


def check_names(matcher: Matcher, spec: AbstractSpec) -> None:
    """Hold the names and hashes in a spec against those of the graph.

    Raises:
        UsageError: the graph, or archspec, has no package, namespace, compiler, virtual package,
            operating system, platform, target or hash as is named. What is not told of
            dependencies may have any name, but a hash is one of the graph's.
    """
    if spec.name and spec.name not in matcher.packages:
        matcher.refuse_provided(spec.name)
        raise no_such("package", spec.name, matcher.packages)
    _check_alone(matcher, spec)
    _check_hash(matcher, spec.hash, str(spec))
    if spec.dependencies:
        told = matcher.told_below(spec.name)
        for edge in spec.dependencies:
            _check_dependency(matcher, edge, spec.name, told)


def _check_dependency(matcher: Matcher, edge: Dependency, root: str, told: bool) -> None:
    spec = edge.spec
    what, there = "package", {*matcher.packages, *matcher.provided}
    if edge.direct:
        what, there = "package or compiler", there | matcher.compilers.used
    is_compiler = edge.direct and spec.name in matcher.compilers.names
    if spec.name and spec.name not in there and not is_compiler and told:
        raise no_such(what, spec.name, sorted(there))
    for virtual in edge.virtuals:
        if virtual not in there and told and matcher.virtuals_told:
            raise no_such("virtual package", virtual, sorted(matcher.provided))
    _check_alone(matcher, spec)
    _check_hash(matcher, spec.hash, str(edge))
    for below in spec.dependencies:
        _check_dependency(matcher, below, root, told)
    if edge.when is not None:
        _check_condition(matcher, edge.when, root, told)


def _check_hash(matcher: Matcher, prefix: str, text: str) -> None:
    if prefix and not matcher.match(AbstractSpec(hash=prefix)).may.any():
        raise no_spec(text, prefix, matcher.specs)


def _check_condition(matcher: Matcher, when: AbstractSpec, root: str, told: bool) -> None:
    """A condition that nothing can meet would make every spec fit."""
    _check_alone(matcher, when)
    for variant in when.variants:
        _require_variant(matcher, variant.name, root)
    for edge in when.dependencies:
        _check_dependency(matcher, edge, root, told)


def _require_variant(matcher: Matcher, name: str, package: str) -> None:
    if not matcher.may_have_variant(name, package):
        raise no_such("variant", name, matcher.variant_names(package), package or "the graph")


def _check_alone(matcher: Matcher, spec: AbstractSpec) -> None:
    """What is named but packages and hashes."""
    for variant in spec.variants:
        if variant.propagated:  # which is asked for only of what has it
            _require_variant(matcher, variant.name, "")
    targets = {*known_targets(), *matcher.values("target")}
    there = (
        ("target", re.split("[,:]", spec.target or ""), targets),
        ("operating system", [spec.os or ""], matcher.values("os")),
        ("platform", [spec.platform or ""], {*PLATFORMS, *matcher.values("platform")}),
    )
    for what, names, known in there:
        for name in names:
            if name not in ("", "*") and name not in known:
                raise no_such(what, name, sorted(known))
    name = spec.name if spec.name in matcher.packages else ""
    if spec.namespace and not matcher.match(AbstractSpec(name, spec.namespace)).may.any():
        raise no_such("namespace", spec.namespace, matcher.values("namespace"), name or "the graph")


def lines_of(specs: pa.Table) -> str:
    """Lines that name the specs of a table, in order, behind a line's end."""
    shown = specs.select(["hash", "name", "version"]).slice(0, LISTED).to_pydict().values()
    more = max(specs.num_rows - LISTED, 0)
    return spec_lines(sorted(zip(*shown, strict=True), key=_in_order), more)


def _in_order(spec: Spec) -> tuple[Any, ...]:
    hash_, name, version = spec
    return name or "", version_key(version), hash_


def no_spec(text: str, prefix: str, specs: pa.Table) -> UsageError:
    """The error that no spec is meant: those that have the hash, or one that is like it."""
    none = f"{text}: no such spec in the graph"
    if not prefix:
        return UsageError(none)
    of_hash = specs.filter(pc.starts_with(specs["hash"], prefix))
    if of_hash.num_rows:
        return UsageError(f"{none}. The hash is of:{lines_of(of_hash)}")
    for length in range(min(len(prefix) - 1, _LONGEST), ALIKE - 1, -1):
        near = specs.filter(pc.starts_with(specs["hash"], prefix[:length]))
        if near.num_rows:
            return UsageError(f"{none}. Hashes that begin with {prefix[:length]}:{lines_of(near)}")
    return UsageError(f"{none}, {other_hashes(specs.num_rows)}")


def other_hashes(specs: int) -> str:
    """How an error says that so many specs of a graph have other hashes than the one asked for.

    >>> other_hashes(1), other_hashes(216)
    ('whose 1 spec has another hash', 'whose 216 specs have other hashes')
    """
    return f"whose {counted(specs, 'spec has another hash', 'specs have other hashes')}"
