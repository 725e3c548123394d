"""The builds of a graph by package, and what of them is alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.graphs import BuildGraph, Codes, How
from graphcache.analysis.pins.mixing import Identities


class Build(NamedTuple):
    """Builds of a package that have the same settings, and need the same packages."""

    row: int
    """The first of them."""
    own: tuple[int, ...]
    packages: frozenset[int]
    rows: tuple[int, ...]


class Packages:
    """The builds of a graph by package, and what can be told of their needs at once."""

    def __init__(self, graph: BuildGraph) -> None:
        self.graph = graph
        self._order = np.argsort(graph.column("name"), kind="stable")
        self._sorted = graph.column("name")[self._order]
        self._builds: dict[str, list[Build]] = {}
        needed = graph.sums(np.zeros_like(graph.hows))
        self.needed = needed
        """A number for each build, equal for those that need the same packages."""
        self.needed_alike = graph.sums(graph.hows)
        """Equal for those that need them for the same."""

    @cached_property
    def needed_by_recipe(self) -> Identities:
        """The same, but for what is needed for tests: for these a user asks, and no recipe."""
        kinds = Codes()
        return self.graph.sums(
            self._kinds(
                lambda how: (
                    -1
                    if how[0] == ("test",)
                    else kinds.code(
                        (
                            None if how[0] is None else tuple(t for t in how[0] if t != "test"),
                            how[1],
                        )
                    )
                )
            )
        )

    @cached_property
    def providers(self) -> Identities:
        """A number for each build, equal where the same packages provide the same virtuals."""
        kinds = Codes()
        return self.graph.sums(self._kinds(lambda how: kinds.code(how[1]) if how[1] else -1))

    def _kinds(self, kind: Callable[[How], int]) -> Rows:
        """A kind of each dependency, by how it is needed."""
        of_how = np.array([kind(how) for how in self.graph.codes["how"].values], np.int64)
        found: Rows = of_how[self.graph.hows]
        return found

    def rows(self, package: str) -> Rows:
        """The builds of a package, in order."""
        code = self.graph.codes["name"].code(package)
        return self._order[slice(*np.searchsorted(self._sorted, [code, code + 1]))]

    def builds(self, package: str) -> list[Build]:
        """The builds of a package, those together that have the same settings and needs."""
        if package not in self._builds:
            rows, names = self.rows(package), self.graph.column("name")
            keys = zip(map(tuple, self.graph.own[rows].tolist()), self.needed[rows], strict=True)
            found: dict[tuple[tuple[int, ...], int], list[int]] = defaultdict(list)
            for row, key in zip(rows.tolist(), keys, strict=True):
                found[key].append(row)
            self._builds[package] = [
                Build(of[0], own, frozenset(names[_ends(self.graph, of[0])].tolist()), tuple(of))
                for (own, _), of in found.items()
            ]
        return self._builds[package]


def _ends(graph: BuildGraph, row: int) -> list[int]:
    return [end for end, _ in graph.needs(row)]


def variant_name(text: str) -> str:
    """The variant of which a text is a value.

    >>> variant_name("+mpi"), variant_name("api=v18")
    ('mpi', 'api')
    """
    return text[1:] if text[:1] in ("+", "~") else text.partition("=")[0]
