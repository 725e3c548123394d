"""What divides a package's builds into configurations, and the bytes of builds made again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.builds import PARTS, as_built
from graphcache.analysis.matching.names import require
from graphcache.analysis.memberships import configuration_codes, natural_key, specs_in
from graphcache.answers import Answer, reads
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join

_Build = dict[str, str]
"""What a person sees of a spec: by setting its value."""


@reads({**as_built.reads, "IN_RELEASE": ()})
def splits(tables: Tables, package: str, release: str | None = None) -> Answer:
    """Which settings divide a package's specs into configurations, and how much each does.

    Args:
        tables: the graph.
        package: the package.
        release: only its specs in this release; all of them if None.

    Returns:
        One row per setting that has more than one value: its name (version, platform, os, target,
        compiler, or `variant NAME`), its values (empty where a spec has none), and how many
        configurations are left if it is ignored, and how many fall together with another by that.
        What makes most fall together comes first; 0 says that others always differ along with it.

    Raises:
        UsageError: the graph has no such package or release.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> splits(tables, "py-pdm-backend").rows[1]
    ('target', ['aarch64', 'neoverse_v2', 'ppc64le', 'x86_64_v3'], 10, 4)
    """
    builds = _builds(tables, package, release)
    settings = sorted({setting for build in builds for setting in build})
    seen = {tuple(build.get(setting, "") for setting in settings) for build in builds}
    rows: list[tuple[Any, ...]] = []
    for at, setting in enumerate(settings):
        values = {one[at] for one in seen}
        left = len({one[:at] + one[at + 1 :] for one in seen})
        if len(values) > 1:
            key = version_key if setting == "version" else natural_key
            rows.append((setting, sorted(values, key=key), left, len(seen) - left))
    columns = ["setting", "values", "configurations_left", "fall_together"]
    return Answer(columns, sorted(rows, key=lambda row: (-row[3], -len(row[1]), row[0])))


def _builds(tables: Tables, package: str, release: str | None) -> list[_Build]:
    require(package, pc.unique(pc.drop_null(tables.nodes["Spec"]["name"])).to_pylist(), "package")
    # Of a spec that others only name, nothing is known that could divide it from another.
    chosen = as_built(tables)
    chosen = chosen.filter(pc.equal(chosen["name"], package))
    if release is not None:
        held = tables.nodes["Spec"]["hash"].take(pa.array(specs_in(tables, "release", release)))
        chosen = semi_join(chosen, chosen["hash"], held)
    return [
        {part: build[part] for part in PARTS if part != "variants"}
        | _variants(build["variants"] or [])
        for build in chosen.to_pylist()
    ]


def _variants(texts: list[str]) -> _Build:
    """Each variant's value, the sign of one that is on or off."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals and text[:1] in ("+", "~"):
            name, value = text[1:], text[:1]
        found[f"variant {name}"] = value or "="  # which is not as if the spec had it not
    return found


@reads(
    {
        "Spec": ("name", "configuration", "size", "external", "in_buildcache"),
        "IN_RELEASE": (),
    }
)
def duplicate_bytes(tables: Tables, release: str | None = None) -> Answer:
    """The bytes of binaries that repeat a configuration, by package.

    All specs of a configuration but the first, in the order of hashes, repeat it. What is external,
    or known not to be in the cache, has no binary there.

    Args:
        tables: the graph.
        release: only the specs of this release; all of them if None.

    Returns:
        One row per package with such specs: its name, how many there are, the bytes of those whose
        size is known, None if none is, and how many have no known size. Most bytes come first.

    Raises:
        UsageError: the graph has no such release.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> duplicate_bytes(tables).rows[-1]
    ('rocblas', 2, None, 2)
    """
    specs = tables.nodes["Spec"]
    gone = pc.or_kleene(
        pc.fill_null(specs["external"], False), pc.equal(specs["in_buildcache"], False)
    )
    rows = np.flatnonzero(~pc.fill_null(gone, False).to_numpy().astype(bool))
    if release is not None:
        rows = np.intersect1d(rows, specs_in(tables, "release", release))
    _, first = np.unique(configuration_codes(tables)[rows], return_index=True)
    repeated = specs.take(pa.array(np.delete(rows, first)))
    unknown = pc.is_null(repeated["size"]).cast(pa.int64())
    counted = (
        pa.table({"package": repeated["name"], "size": repeated["size"], "unknown": unknown})
        .group_by("package", use_threads=False)
        .aggregate([("unknown", "count"), ("size", "sum"), ("unknown", "sum")])
        .to_pylist()
    )
    found = [
        (row["package"], row["unknown_count"], row["size_sum"], row["unknown_sum"])
        for row in counted
    ]
    columns = ["package", "repeated", "bytes", "unknown"]
    # What is not known comes last: it may be anything.
    found.sort(key=lambda row: (1 if row[2] is None else -row[2], -row[1], row[0] or ""))
    return Answer(columns, found)
