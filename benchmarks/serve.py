"""Time the pages of `graphcache serve` over HTTP, and print a Markdown table for each store.

    python benchmarks/serve.py STORE [STORE ...]

A server is started for each store, and each page is asked for several times on one connection. Of
packages, stacks and specs the largest are taken: those with the most specs, or the most dependents.
A page that the store can't answer, since no source tells what is asked, is named and not timed.
"""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from queries import choose_values

from graphcache.queries import load_library
from graphcache.serving import links
from graphcache.stores import Store, open_store

RUNS = 9
AIM = 200
"""Milliseconds."""
_NOT_KNOWN = b"the answer stands on"
"""What is said where no source tells what an answer needs."""
_GRAPHCACHE = [sys.executable, "-c", "from graphcache.cli.main import main; main()"]


@contextmanager
def serving(store: str) -> Iterator[str]:
    """A server of the store; its URL."""
    command = [*_GRAPHCACHE, "serve", "--port", "0", "--store", store]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://\S+/", said)
        assert found, said
        yield found[0].rstrip("/")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def pages_of(store: Store) -> dict[str, str]:
    """The address of a page of each kind."""
    values = choose_values(store)
    package, stack, release = values["package"], values["stack"], values["new"]
    needed = store.query(
        "MATCH (:Spec)-[:DEPENDS_ON]->(s:Spec) "
        "RETURN s.hash, count(*) AS needed, s.hash ORDER BY needed DESC LIMIT 1"
    ).rows
    spec = needed[0][0] if needed else values["hash"]
    pages = {
        "home": "/",
        "search, part of a name": links.address("/search", q=package[:3]),
        "search, name with a slip": links.address("/search", q=f"{package[:-1]}qq"),
        "search, beginning of a hash": links.address("/search", q=spec[:2]),
        "package": links.package_address(package),
        "package, filtered": links.address("/package", name=package, release=release),
        "spec": links.spec_address(spec),
        "stack": links.stack_address(stack),
        "stack, one release": links.address("/stack", name=stack, release=release),
        "list of queries": "/queries",
        "specs as typed": links.address("/find", spec=package),
        "whole store": "/store",
    }
    for query in load_library().values():
        given = {p.name: values[p.name] for p in query.parameters if p.required}
        pages[f"query {query.name}"] = links.query_address(query.name, **given)
    return pages


def milliseconds(pool: urllib3.PoolManager, url: str) -> tuple[list[float], int] | None:
    """How long each run took, the first one too, and the page's bytes; None if it is not known."""
    taken = []
    size = 0
    for _ in range(RUNS + 1):
        start = time.perf_counter()
        reply = pool.request("GET", url, redirect=False)
        taken.append((time.perf_counter() - start) * 1000)
        if _NOT_KNOWN in reply.data:
            return None
        assert reply.status in (200, 303), reply.data
        size = len(reply.data)
    return taken, size


def main() -> None:
    """Print the tables, and name the pages that take longer than the aim."""
    for place in sys.argv[1:]:
        with open_store(place) as store:
            pages = pages_of(store)
            print(f"{store.describe().nodes['Spec']:,} specs, {RUNS} runs:\n")
        print("| page | KB | first, ms | least, ms | median, ms |")
        print("| --- | ---: | ---: | ---: | ---: |")
        slow, refused = [], []
        with serving(place) as url, urllib3.PoolManager() as pool:
            for name, path in pages.items():
                found = milliseconds(pool, url + path)
                if found is None:
                    refused.append(name)
                    continue
                (first, *taken), size = found
                median = statistics.median(taken)
                print(f"| {name} | {size / 1000:.1f} | {first:.1f} ", end="")
                print(f"| {min(taken):.1f} | {median:.1f} |")
                if median > AIM:
                    slow.append(name)
        print(f"\nOver {AIM} ms (median): {', '.join(slow) or 'none'}")
        print(f"Not timed, since not known: {', '.join(refused) or 'none'}\n")


if __name__ == "__main__":
    main()
