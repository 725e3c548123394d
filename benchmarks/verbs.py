"""Time the verbs, and the other analysis, on a store in one process; print a Markdown table.

    python benchmarks/verbs.py STORE LOCKFILE            the table
    python benchmarks/verbs.py STORE LOCKFILE --chosen   only what the verbs are asked

`load` reads what the verb needs from the store, `answer` is the function alone.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from graphcache import Tables, read
from graphcache.analysis import (
    adoption,
    centrality,
    churn,
    coverage,
    dependents,
    duplicate_bytes,
    impact,
    package_graph,
    rebuilds,
    splits,
    stack_clusters,
    stack_similarity,
    why,
)
from graphcache.answers import Selection
from graphcache.stores import Store, open_store

RUNS = 3


def chosen(store: Store) -> tuple[str, str]:
    """The spec and the package that most others need; of those that a cache holds."""
    rows = store.query(
        "MATCH (:Spec)-[:DEPENDS_ON]->(s:Spec) WHERE s.in_buildcache "
        "RETURN s.hash, s.name, count(*) AS needed ORDER BY needed DESC, s.hash LIMIT 1"
    ).rows
    return rows[0][0], rows[0][1]


def least(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """The shortest of some runs: CPU and wall seconds, and what it gave."""
    taken, found = [], None
    for _ in range(RUNS):
        cpu, wall = time.process_time(), time.perf_counter()
        found = work()
        taken.append((time.process_time() - cpu, time.perf_counter() - wall))
    return min(cpu for cpu, _ in taken), min(wall for _, wall in taken), found


def main() -> None:
    """Print the table."""
    with open_store(sys.argv[1]) as store:
        spec, package = chosen(store)
        if "--chosen" in sys.argv:
            print(spec, package)
            return
        environment, _ = read(sys.argv[2])
        verbs: dict[str, tuple[Selection, Callable[[Tables], Any]]] = {
            "why": (why.reads, lambda tables: why(tables, [spec])),
            "impact": (impact.reads, lambda tables: impact(tables, package)),
            "rebuilds": (rebuilds.reads, rebuilds),
            "coverage": (coverage.reads, lambda tables: coverage(environment, tables)),
            "dependents": (dependents.reads, dependents),
            "centrality": (package_graph.reads, lambda tables: centrality(package_graph(tables))),
            "churn": (churn.reads, churn),
            "adoption": (adoption.reads, lambda tables: adoption(tables, "compiler")),
            "stack_similarity": (stack_similarity.reads, lambda t: stack_similarity(t, "specs")),
            "stack_clusters": (stack_clusters.reads, stack_clusters),
            "splits": (splits.reads, lambda tables: splits(tables, package)),
            "duplicate_bytes": (duplicate_bytes.reads, duplicate_bytes),
        }
        print("| verb | rows | load, CPU s | load, wall s | answer, CPU s | answer, wall s |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name, (reads, verb) in verbs.items():
            cpu, wall, tables = least(partial(store.part, reads))
            own_cpu, own_wall, answer = least(partial(verb, tables))
            times = " | ".join(f"{t:.2f}" for t in (cpu, wall, own_cpu, own_wall))
            print(f"| {name} | {len(answer.rows):,} | {times} |")


if __name__ == "__main__":
    main()
