"""The graph as Arrow tables, and all work on whole columns of them."""

from graphcache.tables.tables import Tables

__all__ = ["Tables"]
