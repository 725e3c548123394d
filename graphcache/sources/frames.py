"""What stands around the entries of a document: keys that stand twice there, or among theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from msgspec import Raw

from graphcache.records import FileReport
from graphcache.sources.documents import document_text
from graphcache.sources.keys import Place, careful, frame, repeated_keys, shown_place
from graphcache.sources.names import Unreadable

Entries = dict[str, Raw] | list[Raw]


def check_frame(data: bytes, groups: Mapping[Place, Entries], report: FileReport) -> None:
    """Reject what stands twice around the entries of a document.

    Of two entries under one key the first is kept, and put into its group; inside of entries
    nothing is looked at.

    Args:
        data: the file.
        groups: the entries, by the place of what holds them.
        report: where the rejects go.

    Raises:
        Unreadable: a key on the way to entries stands twice, and which of the two is meant is not
            known; or the document is nested too deep.
    """
    entries = [group.values() if isinstance(group, dict) else group for group in groups.values()]
    tree = careful(frame(document_text(data), entries))
    try:
        twice = list(repeated_keys(tree))
    except RecursionError:
        raise Unreadable("nested too deep") from None
    ways = {path[:length] for path in groups for length in range(len(path))}
    lengths = {len(path) for path in groups}
    for place, key in twice:
        where = shown_place((*place, key))
        group = groups.get(place)
        if isinstance(group, dict):
            report.records += 1
            report.reject("stands twice: the first is kept", field=where, record=True)
            first = _at(tree, (*place, key))
            if first != 0:  # what `frame` puts in the place of the last one
                group[key] = Raw(json.dumps(first).encode())
        elif place in ways:
            raise Unreadable(f"{where}: stands twice")
        elif not any(place[:length] in groups for length in lengths):
            report.reject("stands twice: the last is read", field=where)


def _at(tree: Any, place: Place) -> Any:
    for step in place:
        tree = tree[step]
    return tree
