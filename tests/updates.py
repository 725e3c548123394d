"""An update of a graph, as `update_store` does it, without a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from graphcache import Report, Tables
from graphcache.records import Labels
from graphcache.sources.gather import gather, labelled
from graphcache.tables.update import update


def bring_in(old: Tables, folder: Path, **options: Any) -> tuple[Tables, Report]:
    """The graph of pages after an update with all pages of a folder."""
    reading = gather(labelled([folder]), **options)
    replaced = reading.claimed.keys() - reading.incomplete
    return update(old, None, reading.facts, replaced, reading.report)[0], reading.report


def after_updates(file: Path, *loads: tuple[str, Labels]) -> Tables:
    """The graph of nothing after an update with each text in turn, which has these labels."""
    tables = Tables.empty()
    said: pa.Table | None = None
    for text, labels in loads:
        file.write_text(text)
        reading = gather(labelled([file], labels))
        replaced = reading.claimed.keys() - reading.incomplete
        tables, said = update(tables, said, reading.facts, replaced, reading.report)
    return tables
