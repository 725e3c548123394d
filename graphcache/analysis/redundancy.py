"""Why the same configuration was built again: the lowest dependencies that differ."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.causes import lowest_differences
from graphcache.analysis.dependencies import Dependencies, Rows
from graphcache.analysis.finding import meant
from graphcache.analysis.matching import READS
from graphcache.analysis.memberships import configuration_codes, specs_in
from graphcache.answers import Answer, reads
from graphcache.tables import Tables

COLUMNS = ["cause", "builds", "packages", "example"]


@reads(
    {
        **READS,
        "Spec": (*READS["Spec"], "configuration"),
        "IN_STACK": (),
    }
)
def rebuilds(tables: Tables, package: str | None = None, stack: str | None = None) -> Answer:
    """The causes of rebuilds, ranked by how many builds each explains.

    Two specs of one configuration look alike and are not. Each spec but the first of a
    configuration, in the order of hashes, is compared with that one, down their dependencies: a
    cause is a dependency that differs while nothing below it does. A build may have several.

    Args:
        tables: the graph.
        package: only rebuilds of this package, or of what a spec asks for, as `find` takes it.
        stack: only rebuilds in this stack.

    Returns:
        A row a cause: what changed, the builds that it explains, the number of packages that were
        built again, and as an example the command that compares two such specs.

    Raises:
        UsageError: as `find` does, or the graph has no such stack.
        NotKnownError: no dependencies are known.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> rebuilds(tables).rows[1][:3]
    ('python: with or without libxcrypt', 22, 21)
    """
    graph = Dependencies(tables)
    chosen, notes = _chosen(tables, graph, package, stack)
    first, other = _pairs(configuration_codes(tables), chosen)
    found = lowest_differences(graph, first, other)
    # The pairs are in the order of hashes: the first one of a cause is its example.
    causes, examples, builds = np.unique(found.cause, return_index=True, return_counts=True)
    packages = pa.table({"cause": found.cause, "name": graph.column("name", first[found.pair])})
    counted = packages.group_by("cause", use_threads=False)
    counted = counted.aggregate([("name", "count_distinct")]).sort_by("cause")
    pairs = found.pair[examples]
    columns = (
        [found.texts[cause] for cause in causes.tolist()],
        builds.tolist(),
        counted["name_count_distinct"].to_pylist(),
        map(_compared, graph.column("hash", first[pairs]), graph.column("hash", other[pairs])),
    )
    rows = sorted(zip(*columns, strict=True), key=lambda row: (-row[1], row[0]))
    notes = [*graph.notes(), *notes]
    if not rows:
        where = f" in stack {stack}" if stack else ""
        what = f" of {package}" if package else ""
        notes = [*notes, f"No two specs{what}{where} look alike, so nothing was built again."]
    return Answer(COLUMNS, rows, notes=notes)


def _compared(first: str, other: str) -> str:
    """The command that says in what two specs differ."""
    return f"graphcache diff /{first} /{other}"


def _chosen(
    tables: Tables, graph: Dependencies, package: str | None, stack: str | None
) -> tuple[Rows, list[str]]:
    """The specs to look at, in the order of hashes, and what there is to say of others."""
    rows = np.flatnonzero(pc.is_valid(graph.specs["version"]).to_numpy())
    notes: list[str] = []
    if stack is not None:
        rows = np.intersect1d(rows, specs_in(tables, "stack", stack))
    if package is not None:
        asked, notes = meant(tables, package)
        rows = np.intersect1d(rows, asked)
    return rows, notes


def _pairs(configuration: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """The first spec of each configuration with each other one, in the order of hashes."""
    _, first, group = np.unique(configuration[rows], return_index=True, return_inverse=True)
    firsts = rows[first[group]]
    order = np.lexsort((rows, firsts))
    firsts, others = firsts[order], rows[order]
    again = firsts != others
    return firsts[again], others[again]
