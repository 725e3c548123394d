"""spec.json: one spec of a build cache, with all that it needs; also clear-signed."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw, Struct, field

from graphcache.records import FileReport, Labels, SourceKind, SpecEntry, SpecList, SpecNode
from graphcache.sources.dependencies import name_dependencies
from graphcache.sources.documents import Document, check_form, decode, decode_entries, unwrap_node
from graphcache.sources.frames import check_frame
from graphcache.sources.inputs import InputFile

_OF_A_BUILD_CACHE = frozenset({"binary_cache_checksum", "buildcache_layout_version", "buildinfo"})

FORMS = range(1, 7)
"""Forms of the spec objects; from 5 on each says itself in which it was concretized."""


class _Meta(Struct):
    version: int = 0


class _Nodes(Struct):
    nodes: list[Raw]
    meta: _Meta = field(default_factory=_Meta, name="_meta")


def can_read(document: Document) -> bool:
    """Whether the document is a spec file."""
    return "spec" in document


def read(
    document: Document, file: InputFile, labels: Labels, report: FileReport
) -> Iterator[SpecList]:
    """The spec, which comes first, and those that it needs.

    Only of the first is it said that the build cache holds it, and only that one is put under a
    stack or release: what it needs may lie elsewhere.

    Raises:
        Unreadable: nothing of it can be used.
    """
    raw = document["spec"]
    in_list = bytes(raw).lstrip()[:1] == b"["  # form 1
    said = _Nodes(decode(raw, list[Raw], "spec")) if in_list else decode(raw, _Nodes, "spec")
    check_form(said.meta.version, report)
    place = "spec" if in_list else "spec.nodes"
    held = True if document.keys() & _OF_A_BUILD_CACHE else None
    before = report.rejected
    check_frame(file.data, {("spec",) if in_list else ("spec", "nodes"): said.nodes}, report)
    seen: set[str] = set()
    placed = []
    numbered = ((str(number), node) for number, node in enumerate(said.nodes))
    for key, node in decode_entries(numbered, place, SpecNode, unwrap_node, report):
        if node.hash is None:
            report.reject("missing key hash", field=f"{place}.{key}", record=True)
        elif node.hash in seen:
            why = f"{node.hash} stands twice in this file: the first is kept"
            report.reject(why, field=f"{place}.{key}.hash", record=True)
        else:
            seen.add(node.hash)
            first = key == "0"
            size = file.binary_size if first else None
            in_buildcache = held if first else None
            entry = SpecEntry(node.hash, node, in_buildcache, size=size, only_needed=not first)
            placed.append((f"{place}.{key}", entry))
    complete = report.rejected == before
    entries = name_dependencies(placed, report)
    kind: SourceKind = "mirror" if file.mirror else "file"
    yield SpecList(
        file.name,
        entries,
        labels.stack,
        labels.release,
        kind=kind,
        form=1 if in_list else said.meta.version if said.meta.version in FORMS else None,
        complete=complete,
    )
