"""An update of a graph, as `update_store` does it, without a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphcache import Report, Tables
from graphcache.records import Labels
from graphcache.sources.gather import gather, labelled
from graphcache.tables.update import update


def bring_in(
    old: Tables, path: Path, labels: Labels | None = None, **options: Any
) -> tuple[Tables, Report]:
    """The graph after an update with a file, or with all files of a folder."""
    reading = gather(labelled([path], labels or Labels()), **options)
    replaced = reading.claimed.keys() - reading.incomplete
    return update(old, None, reading.facts, replaced, reading.report)[0], reading.report
