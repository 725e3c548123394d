"""LadybugDB's errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graphcache.errors import QueryError, StoreError
from graphcache.stores.misspelt import is_edge_type, no_such_type
from graphcache.words import counted


@contextmanager
def errors_of(path: Path, otherwise: str = "damaged, build it again") -> Iterator[None]:
    """LadybugDB's errors on a file, in our words."""
    try:
        yield
    except (RuntimeError, MemoryError, IndexError) as error:
        text = str(error)
        if "lock on file" in text:
            why = "another program holds it open to write: wait until it has ended"
        elif "different version" in text:
            why = f"made by another version of LadybugDB: build it again ({text})"
        elif "Mmap for size" in text:
            why = f"too little address space: raise its limit, as by 'ulimit -v unlimited' ({text})"
        else:
            # Of a full disk, LadybugDB says first that what it could not write is durable.
            why = f"{otherwise} ({text[max(0, text.rfind('IO exception')) :]})"
        raise StoreError(f"{path}: {why}") from error


@contextmanager
def query_errors(timeout: float | None, cypher: str) -> Iterator[None]:
    """LadybugDB's errors on a query, in our words."""
    try:
        yield
    except TimeoutError as error:
        raise QueryError(_too_long(timeout)) from error
    except (RuntimeError, MemoryError, IndexError, ValueError, TypeError, OverflowError) as error:
        text = str(error)
        if "read-only" in text:
            why = "a query only reads, this one writes: nothing was changed"
        elif "Interrupted" in text:
            why = _too_long(timeout)
        elif "bad_alloc" in text or "buffer pool is full" in text:
            why = "it needs more memory than there is: narrow it"
        else:
            why = _misspelt(text, cypher) or text.removeprefix("Runtime exception: ").strip()
        raise QueryError(why) from error


def _misspelt(error: str, cypher: str) -> str | None:
    """What the schema has, where the error is of a name that it has not, or has for another."""
    table = re.search(r"Table (.+) does not exist", error)
    if table:
        edge = is_edge_type(table[1], cypher)
        return no_such_type("edge type" if edge else "node type", table[1])
    wrong = re.search(r"Cannot bind (.+) as a (node|relationship) pattern label", error)
    if wrong:
        return no_such_type("node type" if wrong[2] == "node" else "edge type", wrong[1])
    missing = re.search(r"Cannot find property (.+) for (.+)\.$", error.strip())
    return no_such_type("property", missing[1], cypher) if missing else None


def _too_long(timeout: float | None) -> str:
    return f"it took longer than {counted(timeout or 0, 'second')}: narrow it, or raise the timeout"
