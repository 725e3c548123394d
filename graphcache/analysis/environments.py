"""How much of an environment a cache holds; for what it lacks, the nearest that it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from graphcache.analysis.builds import PARTS, as_built, change_of, differences
from graphcache.analysis.dependencies import NEEDS, Dependencies
from graphcache.answers import Answer, reads
from graphcache.errors import NotKnownError
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.words import counted

COLUMNS = ["package", "version", "hash", "held", "nearest", "differs"]

_Build = dict[str, Any]
"""A row of `as_built`, whether its dependencies are known, and `needs`, each `PACKAGE@VERSION`."""


@reads(
    {
        **as_built.reads,
        "Spec": (*as_built.reads["Spec"], "dependencies_known"),
        **NEEDS,
        "IN_STACK": (),
    }
)
def coverage(environment: Tables, cache: Tables) -> Answer:
    """For each spec of an environment whether the cache holds it, by hash; first what it lacks.

    For one that it lacks: the hash of the nearest spec of the package that it holds, and in what
    that one differs, as far as it is known of both. What is external is in no cache, and left out.
    A spliced spec is installed from the binary of the spec that it was spliced from, so that is the
    one to be held.

    Raises:
        NotKnownError: of no spec of the cache it is known whether it is held.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> pages, _ = graphcache.read("examples/pages")
    >>> coverage(tables, pages).rows[0][3:]
    (False, None, ['no spec of this package'])
    """
    _require_held_known(cache)
    held: dict[str, list[_Build]] = defaultdict(list)
    unknown = set()
    for build in _builds(cache):
        if build["in_buildcache"]:
            held[build["name"]].append(build)
        elif build["in_buildcache"] is None:
            unknown.add(build["hash"])
    hashes = {build["hash"] for builds in held.values() for build in builds}
    built, not_installed = _spliced_from(environment), _only_built(environment)
    rows = []
    external = 0
    for build in _builds(environment):
        if build["hash"] in not_installed:
            continue
        if build["external"]:
            external += 1
            continue
        others = held[build["name"]]
        found = built.get(build["hash"], build["hash"]) in hashes
        near, differs = (None, []) if found else _nearest(build, others)
        rows.append((build["name"], build["version"], build["hash"], found, near, differs))
    rows.sort(key=lambda row: (row[3], row[0], version_key(row[1]), row[2]))
    notes = []
    if external:
        notes.append(f"Left out: {counted(external, 'external spec')}, which no cache holds.")
    if not_said := sum(built.get(row[2], row[2]) in unknown for row in rows):
        specs = "spec of it is" if not_said == 1 else "specs of it are"
        notes.append(f"{not_said:,} {specs} in the store, but not known to be in the cache.")
    return Answer(COLUMNS, rows, notes=notes)


def _require_held_known(cache: Tables) -> None:
    specs = cache.nodes["Spec"]
    if specs.num_rows and not pc.any(pc.is_valid(specs["in_buildcache"])).as_py():
        raise NotKnownError(
            "of no spec in the store it is known whether the cache holds it: lock files don't tell "
            "that; load the index, the mirror or the pages of the cache, by "
            "'graphcache update PATH...'"
        )


def _spliced_from(tables: Tables) -> dict[str, str]:
    ends = (tables.edges["SPLICED_FROM"][end].to_pylist() for end in ("from", "to"))
    return dict(zip(*ends, strict=True))


def _only_built(tables: Tables) -> set[str]:
    graph = Dependencies(tables)
    members = graph.rows(tables.edges["IN_STACK"]["from"])
    return {graph.hash(row) for row in graph.only_built(members).tolist()}


def _nearest(build: _Build, others: list[_Build]) -> tuple[str | None, list[str]]:
    def distance(other: _Build) -> tuple[int, int, str]:
        variants = set(build["variants"] or ()) ^ set(other["variants"] or ())
        return len(_differs(build, other)), len(variants), other["hash"]

    near = min(others, key=distance, default=None)
    return (near["hash"], _differs(build, near)) if near else (None, ["no spec of this package"])


def _differs(build: _Build, other: _Build) -> list[str]:
    """In what the other one differs, a line each; else what is not known of one of them.

    A part that is not known of one of them is no difference.
    """
    unknown = [part for part in PARTS if _is_known(build, part) != _is_known(other, part)]
    found = differences(build, other, [part for part in PARTS if part not in unknown])
    lines = [f"not known: the {part} of one of them" for part in unknown]
    if not (build["dependencies_known"] and other["dependencies_known"]):
        lines.append("not known: the dependencies of one of them")
    elif build["needs"] != other["needs"]:
        found.append(f"dependencies: {change_of(build['needs'], other['needs'])}")
    return found or lines or ["dependencies of dependencies, or the package's recipe"]


def _is_known(build: _Build, part: str) -> bool:
    # A list without variants is known, an empty text is not.
    return build[part] is not None if part == "variants" else bool(build[part])


def _builds(tables: Tables) -> Iterator[_Build]:
    specs = tables.nodes["Spec"].select(["hash", "name", "version", "dependencies_known"])
    specs = specs.to_pylist()
    known = {spec["hash"]: spec["dependencies_known"] for spec in specs}
    shown = {spec["hash"]: f"{spec['name']}@{spec['version'] or '?'}" for spec in specs}
    needs: dict[str, set[str]] = defaultdict(set)
    ends = (tables.edges["DEPENDS_ON"][end].to_pylist() for end in ("from", "to"))
    for start, end in zip(*ends, strict=True):
        needs[start].add(shown[end])
    for build in as_built(tables).to_pylist():
        spec_hash = build["hash"]
        yield {
            **build,
            "needs": frozenset(needs[spec_hash]),
            "dependencies_known": known[spec_hash],
        }
