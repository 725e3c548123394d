"""Time every named query in one process, and print a Markdown table.

python benchmarks/queries.py STORE
"""

import sys
import time
from pathlib import Path
from typing import Any

from graphcache.queries import NamedQuery, load_library
from graphcache.stores import Store, open_store

RUNS = 5


def choose_values(store: Store) -> dict[str, Any]:
    """A value for each parameter that a query can't do without: the largest package and stack."""
    library = load_library()
    new, old = list(store.describe().releases)[:2]
    spec = store.query("MATCH (s:Spec) RETURN min(s.hash)").rows[0][0]
    package = library["biggest-packages"].run(store, limit=1).rows[0][0]
    stack = library["stacks"].run(store, limit=1).rows[0][0]
    names = {"package": package, "stack": stack, "hash": spec, "target": "zen4"}
    return {**names, "release": old, "old": old, "new": new}


def least_milliseconds(
    query: NamedQuery, store: Store, values: dict[str, Any]
) -> tuple[float, int]:
    """The shortest of some runs, and the number of rows."""
    taken, rows = [], 0
    for _ in range(RUNS):
        start = time.perf_counter()
        rows = len(query.run(store, values).rows)
        taken.append((time.perf_counter() - start) * 1000)
    return min(taken), rows


with open_store(Path(sys.argv[1])) as store:
    known = choose_values(store)
    print(f"| query | rows | ms, least of {RUNS} |\n| --- | ---: | ---: |")
    for query in load_library().values():
        needed = [parameter.name for parameter in query.parameters if parameter.required]
        if known.keys() >= set(needed):
            least, rows = least_milliseconds(query, store, {name: known[name] for name in needed})
            print(f"| {query.name} | {rows:,} | {least:.1f} |")
        else:
            print(f"{query.name}: not timed, no values for {needed}", file=sys.stderr)
