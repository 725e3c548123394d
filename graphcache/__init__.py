"""graphcache: one property graph of what Spack build caches publish.

>>> import graphcache as gc
>>> tables, report = gc.read("examples/pages")
>>> graph = tables.to_networkx()
>>> graph.nodes["Package", "rocblas"]
{'type': 'Package', 'label': 'rocblas', 'name': 'rocblas'}
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from graphcache.errors import (
        ExportError,
        GraphcacheError,
        GraphError,
        InputError,
        QueryError,
        StoreError,
        UsageError,
    )
    from graphcache.ingest import read
    from graphcache.loading import build_store, push_store, update_store
    from graphcache.records import Reject, Report
    from graphcache.stores import Store, open_store
    from graphcache.stores.push import PushReport
    from graphcache.tables import Tables

# Found on first use, so that `graphcache --help` does not wait for Arrow.
_HOMES = {
    "ExportError": "errors",
    "GraphError": "errors",
    "GraphcacheError": "errors",
    "InputError": "errors",
    "PushReport": "stores.push",
    "QueryError": "errors",
    "Reject": "records",
    "Report": "records",
    "Store": "stores",
    "StoreError": "errors",
    "Tables": "tables",
    "UsageError": "errors",
    "build_store": "loading",
    "open_store": "stores",
    "push_store": "loading",
    "read": "ingest",
    "update_store": "loading",
}

__all__ = [
    "ExportError",
    "GraphError",
    "GraphcacheError",
    "InputError",
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
    "update_store",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'graphcache' has no attribute {name!r}")
    return getattr(import_module(f"graphcache.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
