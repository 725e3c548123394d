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

from graphcache.analysis.configurations import duplicate_bytes, splits
from graphcache.analysis.environments import coverage
from graphcache.analysis.hubs import centrality, dependents, package_graph
from graphcache.analysis.reasons import impact, prune_plan, why
from graphcache.analysis.redundancy import rebuilds
from graphcache.analysis.releases import adoption, churn, half_life
from graphcache.analysis.stacks import (
    stack_clusters,
    stack_combinations,
    stack_similarity,
)

__all__ = [
    "adoption",
    "centrality",
    "churn",
    "coverage",
    "dependents",
    "duplicate_bytes",
    "half_life",
    "impact",
    "package_graph",
    "prune_plan",
    "rebuilds",
    "splits",
    "stack_clusters",
    "stack_combinations",
    "stack_similarity",
    "why",
]
