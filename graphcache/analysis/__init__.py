"""What Cypher can't say, or not on both stores: functions that take tables and give answers.

An `Answer` has `columns`, their names, and `rows`. Each function of tables has `reads`: the part of
the graph that it reads, for `Store.part`.

>>> import graphcache
>>> from graphcache.analysis import stack_similarity
>>> tables, _ = graphcache.read("examples/pages")
>>> answer = stack_similarity(tables, by="specs")
>>> dict(zip(answer.columns, answer.rows[0]))["shared"]
42
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphcache.analysis.advising.findings import advisories
    from graphcache.analysis.bills import sbom
    from graphcache.analysis.changes import diff
    from graphcache.analysis.configurations import duplicate_bytes, splits
    from graphcache.analysis.differing.redundancy import rebuilds
    from graphcache.analysis.differing.spec_diff import diff_specs
    from graphcache.analysis.finding import find
    from graphcache.analysis.hubs import centrality, dependents, package_graph
    from graphcache.analysis.machines.binaries import usable
    from graphcache.analysis.machines.environments import coverage
    from graphcache.analysis.pins.unifying import unify
    from graphcache.analysis.pruning import keeplist, prune_plan
    from graphcache.analysis.reasons import why
    from graphcache.analysis.releases import adoption, churn, half_life
    from graphcache.analysis.sides import side
    from graphcache.analysis.stacks import (
        stack_clusters,
        stack_combinations,
        stack_similarity,
    )
    from graphcache.analysis.touching import impact

# Found on first use: a command asks one question, and waits for no other.
_HOMES = {
    "adoption": "releases",
    "advisories": "advising.findings",
    "centrality": "hubs",
    "churn": "releases",
    "coverage": "machines.environments",
    "dependents": "hubs",
    "diff": "changes",
    "diff_specs": "differing.spec_diff",
    "duplicate_bytes": "configurations",
    "find": "finding",
    "half_life": "releases",
    "impact": "touching",
    "keeplist": "pruning",
    "package_graph": "hubs",
    "prune_plan": "pruning",
    "rebuilds": "differing.redundancy",
    "sbom": "bills",
    "side": "sides",
    "splits": "configurations",
    "stack_clusters": "stacks",
    "stack_combinations": "stacks",
    "stack_similarity": "stacks",
    "unify": "pins.unifying",
    "usable": "machines.binaries",
    "why": "reasons",
}

__all__ = [
    "adoption",
    "advisories",
    "centrality",
    "churn",
    "coverage",
    "dependents",
    "diff",
    "diff_specs",
    "duplicate_bytes",
    "find",
    "half_life",
    "impact",
    "keeplist",
    "package_graph",
    "prune_plan",
    "rebuilds",
    "sbom",
    "side",
    "splits",
    "stack_clusters",
    "stack_combinations",
    "stack_similarity",
    "unify",
    "usable",
    "why",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphcache.analysis' has no attribute {name!r}")
    return getattr(import_module(f"graphcache.analysis.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
