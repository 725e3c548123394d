"""graphcache: one property graph of what Spack build caches publish.

>>> import graphcache as gc
>>> tables, report = gc.read("examples/pages")
>>> graph = tables.to_networkx()
>>> graph.nodes["Package", "rocblas"]
{'type': 'Package', 'label': 'rocblas', 'name': 'rocblas'}
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphcache.version import __version__ as __version__

if TYPE_CHECKING:
    from graphcache.answers import Answer
    from graphcache.asking import Store, open_store
    from graphcache.errors import (
        ExportError,
        GraphcacheError,
        GraphError,
        InputError,
        LakeError,
        NotKnownError,
        QueryError,
        StoreError,
        UsageError,
    )
    from graphcache.pushing import push_store
    from graphcache.records import Reject, Report
    from graphcache.sources.advisories import read_advisories
    from graphcache.sources.gather import read
    from graphcache.sources.openvex import read_openvex
    from graphcache.stores.base import Description, Load
    from graphcache.stores.neo4j.push import PushReport
    from graphcache.tables import Tables
    from graphcache.workflows import build_store, update_store

# OpenBLAS, which numpy's wheels hold, starts a thread for each processor as numpy is imported, and
# lets it wait for work in a loop: for 2**28 ticks, a tenth of a second, where this says 2**20. That
# was a third of a short command. It reads this once, as it is loaded (its
# driver/others/blas_server.c), so what a script set itself, and a numpy that it imported before,
# stay as they are.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "20")

# Found on first use, so that `graphcache --help` does not wait for Arrow.
_HOMES = {
    "Answer": "answers",
    "Description": "stores.base",
    "ExportError": "errors",
    "GraphError": "errors",
    "GraphcacheError": "errors",
    "InputError": "errors",
    "LakeError": "errors",
    "Load": "stores.base",
    "NotKnownError": "errors",
    "PushReport": "stores.neo4j.push",
    "QueryError": "errors",
    "Reject": "records",
    "Report": "records",
    "Store": "asking",
    "StoreError": "errors",
    "Tables": "tables",
    "UsageError": "errors",
    "build_store": "workflows",
    "open_store": "asking",
    "push_store": "pushing",
    "read": "sources.gather",
    "read_advisories": "sources.advisories",
    "read_openvex": "sources.openvex",
    "update_store": "workflows",
}

__all__ = [
    "Answer",
    "Description",
    "ExportError",
    "GraphError",
    "GraphcacheError",
    "InputError",
    "LakeError",
    "Load",
    "NotKnownError",
    "PushReport",
    "QueryError",
    "Reject",
    "Report",
    "Store",
    "StoreError",
    "Tables",
    "UsageError",
    "build_store",
    "open_store",
    "push_store",
    "read",
    "read_advisories",
    "read_openvex",
    "update_store",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphcache' has no attribute {name!r}")
    return getattr(import_module(f"graphcache.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
