"""Which specs are in which stack, release, target or compiler, as arrays; releases in an order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.names import require
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join


@dataclass(frozen=True)
class Members:
    """Pairs of a spec and something that it is in."""

    specs: Rows
    """Rows in the Spec table."""
    groups: Rows
    """Positions in `names`."""
    names: list[str]
    """Sorted."""

    def of(self, name: str) -> Rows:
        """The specs in the group of that name, in order; none if there is no such group."""
        at = self.names.index(name) if name in self.names else -1
        return np.sort(self.specs[self.groups == at])


def ends_by_spec(tables: Tables, edge: str, hashes: pa.ChunkedArray) -> dict[str, list[str]]:
    """By hash what specs have an edge of this type to; of those that have none, nothing."""
    edges = tables.edges[edge]
    chosen = semi_join(edges, edges["from"], hashes)
    found: dict[str, list[str]] = {}
    for spec, end in zip(chosen["from"].to_pylist(), chosen["to"].to_pylist(), strict=True):
        found.setdefault(spec, []).append(end)
    return found


def members(tables: Tables, edge: str, release: str | None = None) -> Members:
    """The specs with what they have an edge of this type to; in all releases if it is None.

    A stack holds a spec in a release where its edge says so, and not where both are merely there.

    Raises:
        UsageError: the graph has no such release.
    """
    edges = tables.edges[edge]
    if release is not None:
        require(release, tables.nodes["Release"]["name"].to_pylist(), "release")
        if edge == "IN_STACK":
            lists = edges["releases"].combine_chunks()
            of_release = pc.equal(pc.list_flatten(lists), release)
            edges = edges.take(pc.list_parent_indices(lists).filter(of_release))
        else:
            held = tables.edges["IN_RELEASE"]
            held = held["from"].filter(pc.equal(held["to"], release))
            edges = semi_join(edges, edges["from"], held)
    rows = pc.index_in(edges["from"], tables.nodes["Spec"]["hash"].combine_chunks())
    names = pc.unique(edges["to"]).sort()
    groups = pc.index_in(edges["to"], names)
    known = pc.is_valid(rows)
    return Members(
        _integers(rows.filter(known)), _integers(groups.filter(known)), names.to_pylist()
    )


def specs_in(tables: Tables, kind: str, name: str, release: str | None = None) -> Rows:
    """The specs in a `release` or `stack`, as rows, in order; of a stack in one release, if given.

    A stack that is in other releases alone has none.

    Raises:
        UsageError: the graph has no such release or stack.

    >>> from graphcache import read
    >>> len(specs_in(read("examples/pages")[0], "stack", "hep"))
    3
    """
    edge = f"IN_{kind.upper()}"
    require(name, pc.unique(tables.edges[edge]["to"]).to_pylist(), kind)
    return members(tables, edge, release).of(name)


def codes(column: Any) -> tuple[Rows, list[Any]]:
    """Each value of a column as a position in the list of distinct values; -1 for null."""
    encoded = column.combine_chunks().dictionary_encode()
    return _integers(pc.fill_null(encoded.indices, -1)), encoded.dictionary.to_pylist()


def configuration_codes(tables: Tables) -> Rows:
    """A number for each spec's configuration; one that has none is alone in its own."""
    specs = tables.nodes["Spec"]
    return codes(pc.coalesce(specs["configuration"], specs["hash"]))[0]


def releases_in_order(tables: Tables, releases: Iterable[str] | None = None) -> list[str]:
    """The releases as given; or all: by date, those without one before them, `develop` last.

    Releases without a date are in natural order, in which v0.9 stands before v0.10. `develop` is
    what the dated snapshots are taken of, and so newer than any.

    Raises:
        UsageError: the graph has no such release.
    """
    dates = release_dates(tables)
    if releases is None:
        return sorted(dates, key=lambda name: _release_key(name, dates[name]))
    chosen = list(releases)
    for name in chosen:
        require(name, dates, "release")
    return chosen


def release_dates(tables: Tables) -> dict[str, date | None]:
    """Each release with its date, where it has one that is in the calendar."""
    table = tables.nodes["Release"]
    pairs = zip(table["name"].to_pylist(), table["date"].to_pylist(), strict=True)
    return {name: _date(text) for name, text in pairs}


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _release_key(name: str, day: date | None) -> tuple[Any, ...]:
    return name == "develop", day or date.min, natural_key(name)


def natural_key(text: str) -> list[tuple[int, str]]:
    """A key by which numbers in texts are sorted as numbers.

    >>> sorted(["v0.10", "v0.9"], key=natural_key)
    ['v0.9', 'v0.10']
    """
    parts = re.split("([0-9]+)", text)
    # Numbers by their length and digits: int() refuses very long ones.
    return [
        (len(digits), digits) if at % 2 else (0, part)
        for at, part in enumerate(parts)
        for digits in [part.lstrip("0")]
    ]


def _integers(column: Any) -> Rows:
    found: Rows = np.asarray(column.to_numpy()).astype(np.int64)
    return found


def table_of(**columns: Rows) -> pa.Table:
    """A table of arrays, for Arrow's joins and groups."""
    return pa.table(columns)
