"""Time every named query in one process, and print a Markdown table.

    python benchmarks/queries.py STORE [STORE ...]

Several stores must hold the same graph; one can be the URI of a Neo4j server.
"""

import sys
import time
from typing import Any

from graphcache import NotKnownError
from graphcache.queries import NamedQuery, load_library
from graphcache.stores import Store, open_store

RUNS = 5


def choose_values(store: Store) -> dict[str, Any]:
    """A value for each parameter that a query can't do without: the largest package and stacks."""
    library = load_library()
    new, old = (list(store.describe().releases) * 2)[:2]
    spec = store.query("MATCH (s:Spec) RETURN min(s.hash)").rows[0][0]
    package = library["biggest-packages"].run(store, limit=1).rows[0][0]
    stacks = [row[0] for row in library["stacks"].run(store, limit=2).rows]
    names = {"package": package, "stack": stacks[0], "other": stacks[-1], "part": "py-"}
    names |= {"hash": spec, "target": "zen4"}
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


def main() -> None:
    """Print a table with a column for each store."""
    stores = {name_of(place): open_store(place) for place in sys.argv[1:]}
    known = choose_values(next(iter(stores.values())))
    titles = [f"{name}, ms, least of {RUNS}" for name in stores]
    print(f"| query | rows | {' | '.join(titles)} |")
    print(f"| --- | ---: |{' ---: |' * len(stores)}")
    for query in load_library().values():
        needed = [parameter.name for parameter in query.parameters if parameter.required]
        if not known.keys() >= set(needed):
            print(f"{query.name}: not timed, no values for {needed}", file=sys.stderr)
            continue
        values = {name: known[name] for name in needed}
        try:
            found = [least_milliseconds(query, store, values) for store in stores.values()]
        except NotKnownError as error:
            print(f"{query.name}: not timed: {error}", file=sys.stderr)
            continue
        [rows] = {rows for _, rows in found}
        times = " | ".join(f"{milliseconds:.1f}" for milliseconds, _ in found)
        print(f"| {query.name} | {rows:,} | {times} |")
    for store in stores.values():
        store.close()


def name_of(place: str) -> str:
    """Which kind of store a place has."""
    return "Neo4j" if "://" in place else "LadybugDB"


if __name__ == "__main__":
    main()
