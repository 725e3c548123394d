"""spack.lock: an environment, all of whose specs are concrete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import Raw, Struct

from graphcache.records import FileReport, Labels, SpecEntry, SpecHash, SpecList, SpecNode
from graphcache.sources.documents import (
    Document,
    decode,
    decode_entries,
    is_hash,
    unwrap_node,
)
from graphcache.sources.inputs import InputFile
from graphcache.sources.names import Unreadable, check_name

VERSIONS = range(1, 8)
_FIRST_KEYED_BY_HASH = 4
"""Before it, a key is a hash of more than what makes the spec's own hash."""
_MAX_DEPTH = 10
"""Of environments that include environments."""
_NAME = "spack.lock"


class _Meta(Struct, rename="kebab"):
    lockfile_version: int


class _Root(Struct):
    hash: SpecHash


@dataclass(frozen=True)
class _Environment:
    place: str
    specs: dict[str, Raw]
    roots: list[_Root]


def can_read(document: Document) -> bool:
    """Whether the document is a lock file."""
    return "concrete_specs" in document


def read(
    document: Document, file: InputFile, labels: Labels, report: FileReport
) -> Iterator[SpecList]:
    """The specs of the environment, and of those that it includes, as one stack.

    Raises:
        Unreadable: nothing of it can be used.
    """
    version = decode(document.get("_meta", b"{}"), _Meta, "_meta").lockfile_version
    if version not in VERSIONS:
        known = f"{VERSIONS[0]} to {VERSIONS[-1]}"
        raise Unreadable(f"_meta.lockfile-version: expected {known}, found {version}")
    stack = check_name(labels.stack or _environment_name(file.name), "stack", 0)
    environments = list(_environments(document, "", _MAX_DEPTH))
    roots = {root.hash for environment in environments for root in environment.roots}
    before = len(report.rejects)
    entries: dict[str, SpecEntry] = {}
    for environment in environments:
        for key, node in decode_entries(
            environment.specs.items(), environment.place, SpecNode, unwrap_node, report
        ):
            own = node.hash or key
            if not is_hash(key) or (version >= _FIRST_KEYED_BY_HASH and own != key):
                why = f"expected the hash of the spec, {own}, as its key"
                report.reject(why, field=f"{environment.place}.{key}", record=True)
            else:
                entries[key] = SpecEntry(own, node, root=key in roots)
    hashes = {key: entry.hash for key, entry in entries.items()}
    complete = len(report.rejects) == before
    yield SpecList(
        file.name,
        list(entries.values()),
        stack,
        labels.release,
        hashes,
        kind="lock",
        complete=complete,
    )


def _environments(document: Document, place: str, depth: int) -> Iterator[_Environment]:
    """The environment, and below it those that it includes."""
    if depth == 0:
        raise Unreadable(f"{place}expected at most {_MAX_DEPTH} environments in each other")
    yield _Environment(
        f"{place}concrete_specs",
        decode(document["concrete_specs"], Document, f"{place}concrete_specs"),
        decode(document.get("roots", b"[]"), list[_Root], f"{place}roots"),
    )
    key = f"{place}include_concrete"
    included = decode(document.get("include_concrete", b"{}"), dict[str, Document], key)
    for name, inner in included.items():
        if "concrete_specs" in inner:
            yield from _environments(inner, f"{key}.{name}.", depth - 1)


def _environment_name(file: str) -> str:
    """An environment is known by its folder; NAME.spack.lock says its name itself.

    >>> _environment_name("stacks/e4s/spack.lock"), _environment_name("stacks/e4s.spack.lock")
    ('e4s', 'e4s')
    """
    path = Path(file)
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    stem = name.removesuffix(_NAME).rstrip(".")
    return stem if name.endswith(_NAME) and stem else path.absolute().parent.name
