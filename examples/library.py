"""The library: a store of some pages, questions put to it, and the same from the tables.

Run it:  python examples/library.py
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import graphcache as gc

PAGES = Path(__file__).parent / "pages"

# A store is one file that answers Cypher. Yours would stay; this one goes with its folder.
with TemporaryDirectory() as folder:
    store_file = Path(folder) / "graphcache.lbug"
    report = gc.build_store(store_file, PAGES)
    print(f"{report.kept} of {report.records} records were read, from {report.files} pages.")

    with gc.open_store(store_file) as store:
        answer = store.query(
            """
            MATCH (s:Spec)-[:FOR_TARGET]->(t:Target)
            WHERE s.name = $package
            RETURN t.name AS target, count(*) AS binaries
            ORDER BY binaries DESC, target
            """,
            {"package": "py-pdm-backend"},
        )
        # What the commands ask, by the same names.
        found = store.find("rocblas@6: +tensile")
        again = store.run("redundant-builds", release="develop", limit=3)
print("\nFor which targets are there binaries of py-pdm-backend?")
for target, binaries in answer.rows:
    print(f"{binaries:5}  {target}")

print("\nWhat is there of rocblas 6 or later with Tensile?")
for spec in found.to_dicts():
    print(f"{spec['name']}@{spec['version']}/{spec['hash'][:7]}  {' '.join(spec['releases'])}")
print("\nWhich packages are built again and again in the same configuration?")
for row in again.to_dicts():
    print(f"{row['package']}: {row['redundant']} of {row['specs']} specs")

# Without a store: the same graph as Arrow tables, one per type of node and edge.
tables, _ = gc.read(PAGES)
specs = tables.nodes["Spec"].to_pylist()
builds = Counter((spec["name"], spec["configuration"]) for spec in specs)
(package, configuration), times = builds.most_common(1)[0]
example = next(spec for spec in specs if spec["configuration"] == configuration)
print("\nWhat is built most often in one and the same configuration?")
print(f"{package}@{example['version']} for {example['os']}: {times} times.")
