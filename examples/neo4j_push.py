"""Neo4j: put the graph on a server, and ask the server.

Run it:  python examples/neo4j_push.py

Set NEO4J_URI (such as neo4j://localhost:7687) and NEO4J_PASSWORD first; NEO4J_USERNAME (neo4j) and
NEO4J_DATABASE if they are others. docs/neo4j.md says how to start a server. A second run sends
nothing, since all is there already; what others put on the server is left alone.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import graphcache as gc

try:
    uri = os.environ["NEO4J_URI"]
except KeyError:
    sys.exit("NEO4J_URI is not set: it says where the server is, such as neo4j://localhost:7687")

with TemporaryDirectory() as folder, gc.open_store(uri, wait=10) as server:
    store_file = Path(folder) / "graphcache.lbug"
    gc.build_store(store_file, Path(__file__).parent / "pages")
    report = gc.push_store(store_file, server)
    if report.unchanged:
        print("The graph was there already.")
    else:
        print(f"{report.sent['Spec']:,} specs were sent, with what they are joined to.")

    # The same Cypher as on a store in a file.
    answer = server.query(
        """
        MATCH (s:Spec)-[:IN_STACK]->(k:Stack)
        RETURN k.name AS stack, count(DISTINCT s) AS specs, count(DISTINCT s.name) AS packages
        ORDER BY specs DESC, stack LIMIT 3
        """
    )
print("\nWhich stacks are the biggest?")
for stack, specs, packages in answer.rows:
    print(f"{specs:5} specs of {packages} packages  {stack}")
