"""What each named query must answer, by plain loops over the specs that `query_data.py` reads.

One module per theme, and in it one function per query, named like it: `(specs, values) -> rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from graphcache.queries import NamedQuery

from .common import Row, Spec, Values


def oracle_of(query: NamedQuery) -> Callable[[list[Spec], Values], list[Row]]:
    """The function that says what a query must answer."""
    module = import_module(f"query_oracles.{query.theme}")
    found: Callable[[list[Spec], Values], list[Row]] = getattr(module, query.name.replace("-", "_"))
    return found
