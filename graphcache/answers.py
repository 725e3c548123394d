"""What a question gives, and what of a graph it reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

Selection = Mapping[str, Collection[str]]
"""Types of nodes and edges, and of each the properties that are read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave: the names of the columns, and one row per result."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """True where the limit cut rows off."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dict per row, by column.

        >>> Answer(["package", "specs"], [("zlib", 3)]).to_dicts()
        [{'package': 'zlib', 'specs': 3}]
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]
