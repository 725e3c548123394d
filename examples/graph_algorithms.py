"""networkx: which stacks belong together, since they share specs?

Run it:  python examples/graph_algorithms.py

The graph has stacks and specs as nodes. Its projection on the stacks joins two stacks that hold
the same specs, the more of them the closer; Louvain's method then finds the communities.
"""

from pathlib import Path

import networkx as nx
from networkx.algorithms.bipartite import weighted_projected_graph

import graphcache as gc

tables, _ = gc.read(Path(__file__).parent / "pages")
graph = tables.to_networkx()  # its nodes are (TYPE, KEY), the keys of its edges their type
print(f"{graph.number_of_nodes():,} nodes and {graph.number_of_edges():,} edges")

stacks = [node for node, kind in graph.nodes(data="type") if kind == "Stack"]
holds = nx.Graph()
holds.add_nodes_from(stacks)
holds.add_edges_from((a, b) for a, b, kind in graph.edges(keys=True) if kind == "IN_STACK")
shared = weighted_projected_graph(holds, stacks)

print("\nWhich stacks share most specs?")
for (_, a), (_, b), specs in sorted(shared.edges(data="weight"), key=lambda e: (-e[2], e))[:3]:
    print(f"{specs:5}  {a} and {b}")

print("\nWhich stacks belong together?")
communities = nx.community.louvain_communities(shared, weight="weight", seed=1)
for community in sorted(communities, key=lambda c: (-len(c), sorted(c))):
    if len(community) > 1:
        print("  " + ", ".join(sorted(name for _, name in community)))
print(f"  and {nx.number_of_isolates(shared)} stacks that share no spec with any other")
