"""What tells graphcache's nodes from others on a server, and keeps each of them there once."""

from __future__ import annotations

from graphcache.schema import NODE_TYPES, quote


def own_label(type_name: str) -> str:
    """The second label of a node in Neo4j, which marks it as graphcache's.

    >>> own_label("Spec")
    'GraphCacheSpec'
    """
    return f"GraphCache{type_name}"


def constraints() -> list[str]:
    """Statements that make Neo4j's constraints, and the indexes that the named queries use."""
    made = [
        f"CREATE CONSTRAINT {quote(f'graphcache_{t.name}')} IF NOT EXISTS "
        f"FOR (n:{quote(own_label(t.name))}) REQUIRE n.{quote(t.key)} IS UNIQUE"
        for t in NODE_TYPES
    ]
    looked_up = [(t.name, t.key) for t in NODE_TYPES] + [
        ("Spec", "name"),
        ("Spec", "configuration"),
    ]
    made += [
        f"CREATE INDEX {quote(f'graphcache_{label}_{key}')} IF NOT EXISTS "
        f"FOR (n:{quote(label)}) ON (n.{quote(key)})"
        for label, key in looked_up
    ]
    return made
