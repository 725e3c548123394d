"""In what specs of an environment and of a cache differ, themselves and below: lines for people."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.differing.spec_diff import Lowest, lowest_differences
from graphcache.analysis.differing.spec_pairs import READS, Change, Specs, Value
from graphcache.tables import Tables
from graphcache.tables.columns import anti_join

__all__ = ["READS", "Differences"]

_SHOWN = ("version", "compiler", "target", "os", "platform", "variants")
"""Settings that are compared without looking below, or whose changes are told together."""
_LABELS = {"package_hash": "recipe"}
"""What people read in place of a property."""
_SHORT = 7
"""Characters of a hash that are shown."""
_LONG = 32


class Differences:
    """In what pairs of an environment's spec and a cache's differ."""

    def __init__(
        self, environment: Tables, cache: Tables, pairs: Iterable[tuple[str, str]]
    ) -> None:
        both = _together(environment, cache)
        graph = Dependencies(both)
        ends = graph.rows(pa.array([hash_ for pair in pairs for hash_ in pair], pa.string()))
        self._specs = Specs(both, graph, graph.needed(ends).rows)

    def of(self, mine: str, other: str) -> tuple[list[str], list[str], str | None]:
        """What differs in two specs, given by hash.

        Returns:
            What of their own differs besides version, variants, compiler and where they run, such
            as the recipe; what differs in what they need, each where it differs of its own; and
            why nothing is told, if so.
        """
        found = lowest_differences(self._specs, mine, other)
        if not found:
            return [], [], None
        top, *others = found
        own = [_line(change) for change in top.own if not _is_shown(change)]
        return own, list(map(_below, others)), top.unexplained


def _together(environment: Tables, cache: Tables) -> Tables:
    """What is compared of both, in one graph; of a spec of both it is the environment's."""
    mine, theirs = (
        tables.nodes["Spec"].select(["hash", *READS["Spec"]]) for tables in (environment, cache)
    )
    specs = pa.concat_tables([mine, anti_join(theirs, theirs["hash"], mine["hash"])])
    edges = {}
    for name, properties in READS.items():
        if name == "Spec":
            continue
        columns = ["from", "to", *properties]
        ours, others = (tables.edges[name].select(columns) for tables in (environment, cache))
        edges[name] = pa.concat_tables([ours, anti_join(others, others["from"], mine["hash"])])
    return Tables({"Spec": specs}, edges)


def _is_shown(change: Change) -> bool:
    return change.what in _SHOWN or change.what.startswith("variant ")


def _below(found: Lowest) -> str:
    """What differs in a dependency: `python version: 3.13.13 -> 3.14.5`."""
    if not found.own:
        return f"{found.package}: {found.unexplained}"
    return f"{found.package} {'; '.join(map(_line, found.own))}"


def _line(change: Change) -> str:
    what = _LABELS.get(change.what, change.what)
    return f"{what}: {_text(change.left)} -> {_text(change.right)}"


def _text(value: Value) -> str:
    if value is None or value == []:
        return "none"
    text = " ".join(value) if isinstance(value, list) else str(value)
    return text[:_SHORT] if len(text) >= _LONG and text.rstrip("=").isalnum() else text
