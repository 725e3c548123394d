"""What a push notes on the server: which graph is there, and whether all of it.

The note is the one node of `LOAD_LABEL`. Its properties are those of the load, and JSON texts of
what Neo4j has no type for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from graphcache.stores.base import Load


@dataclass(frozen=True, slots=True)
class PushNote:
    """What pushes have noted so far; a server that none has reached has an empty note."""

    load: Load | None = None
    """The last push that ended."""
    unfinished: bool = False
    """Whether one has begun since, and not ended."""
    counts: dict[str, int] | None = None
    """The server's own nodes and edges by type, when the last push ended."""
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    """By type, the properties that the last push sent, with the names of their types."""
    once_set: dict[str, list[str]] = field(default_factory=dict)
    """By type, the properties that any push has set, be it one that did not end."""

    @classmethod
    def from_properties(cls, properties: Mapping[str, Any]) -> PushNote:
        """The note that a node holds.

        >>> PushNote.from_properties({}) == PushNote()
        True
        """
        load = None
        if "digest" in properties:
            names = Load.__dataclass_fields__.keys() & properties.keys()
            load = Load(**{name: properties[name] for name in names})
        counts = properties.get("counts")
        return cls(
            load,
            bool(properties.get("unfinished")),
            None if counts is None else json.loads(counts),
            json.loads(properties.get("columns", "{}")),
            json.loads(properties.get("once_set", "{}")),
        )

    def to_properties(self) -> dict[str, Any]:
        """The properties of the node; one that is null is taken away from it.

        >>> note = PushNote(unfinished=True, counts={"Spec": 2})
        >>> PushNote.from_properties(note.to_properties()) == note
        True
        """
        return {
            **(asdict(self.load) if self.load else {}),
            "unfinished": True if self.unfinished else None,
            "counts": None if self.counts is None else json.dumps(self.counts),
            "columns": json.dumps(self.columns),
            "once_set": json.dumps(self.once_set),
        }
