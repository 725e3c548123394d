"""The script that one writes without graphcache: pages, PyYAML, networkx.

python benchmarks/plain_script.py FOLDER [--pure]
"""

import argparse
from pathlib import Path
from typing import Any

import networkx as nx
import yaml


def read_page(graph: "nx.MultiDiGraph[Any]", page: dict[str, Any]) -> None:
    """Add the nodes and edges of one page to `graph`."""
    package, release = ("Package", page["title"]), ("Release", page["categories"][1])
    graph.add_node(package, label="Package")
    graph.add_node(release, label="Release")
    for record in page["spec_details"]:
        spec = ("Spec", record["hash"])
        compiler = record["compiler"].replace("@=", "@")
        ends = [("OF_PACKAGE", package), ("IN_RELEASE", release)]
        ends += [("FOR_TARGET", ("Target", record["target"]))]
        ends += [("IN_STACK", ("Stack", name)) for name in record["stacks"] if name != "root"]
        ends += [("BUILT_WITH", ("Compiler", compiler))] if compiler != "none" else []
        graph.add_node(spec, label="Spec", **record)
        for label, end in ends:
            graph.add_node(end, label=end[0])
            graph.add_edge(spec, end, key=label)


parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--pure", action="store_true", help="PyYAML without libyaml")
args = parser.parse_args()
graph: "nx.MultiDiGraph[Any]" = nx.MultiDiGraph()
for path in sorted(args.folder.rglob("*.md")):
    with path.open(encoding="utf-8") as file:
        pages = yaml.load_all(file, Loader=yaml.SafeLoader if args.pure else yaml.CSafeLoader)
        read_page(graph, next(pages))
print(f"{graph.number_of_nodes()} nodes, {graph.number_of_edges()} edges")
