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
