"""spack.lock: an environment, all of whose specs are concrete."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Raw, Struct

from graphcache.records import (
    Environment,
    FileReport,
    Labels,
    SpecEntry,
    SpecHash,
    SpecList,
    SpecNode,
)
from graphcache.sources.dependencies import Placed, mark_only_needed, name_dependencies
from graphcache.sources.documents import (
    Document,
    check_form,
    check_version,
    decode,
    decode_entries,
    is_hash,
    unwrap_node,
)
from graphcache.sources.environments import environment_at, without_name
from graphcache.sources.frames import check_frame
from graphcache.sources.inputs import InputFile
from graphcache.sources.keys import Place, shown_place
from graphcache.sources.names import Unreadable, check_name
from graphcache.sources.plain_specs import PlainSpecs

FORMS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 5, 8: 6}
"""The form of the spec objects by the version of the lock file."""
VERSIONS = range(1, 8)
"""Versions that are known; one that is later is read as the last of them."""
_FIRST_KEYED_BY_HASH = 4
"""Before it, a key is a hash of more than what makes the spec's own hash."""
_MAX_DEPTH = 10
"""Of environments that include environments."""


class _Meta(Struct, rename="kebab"):
    lockfile_version: int
    specfile_version: int = 0


class _Root(Struct):
    hash: SpecHash


@dataclass(frozen=True)
class _Environment:
    path: Place
    specs: dict[str, Raw]
    roots: list[Raw]

    @property
    def place(self) -> str:
        """The path as messages begin with it."""
        return f"{shown_place(self.path)}." if self.path else ""


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
    meta: _Meta = decode(document.get("_meta", b"{}"), _Meta, "_meta")
    version = meta.lockfile_version
    check_version("_meta.lockfile-version", str(version), VERSIONS, report)
    if version in VERSIONS:
        check_form(meta.specfile_version, report)
    stack, unnamed = _stack(file, labels)
    environments = list(_environments(document, (), _MAX_DEPTH))
    before = report.rejected
    groups = {
        (*environment.path, "concrete_specs"): environment.specs for environment in environments
    }
    check_frame(file.data, groups, report)
    roots = _roots(environments, report)
    plain = PlainSpecs(file.data) if version >= _FIRST_KEYED_BY_HASH else None
    part = report.part()
    placed = _specs(environments, version, roots, part, plain)
    needs = plain.needs([entry for _, entry in placed.values()]) if plain else None
    if plain and needs is None:
        part.close()
        part = report.part()
        placed = _specs(environments, version, roots, part)
    report.take(part)
    complete = report.rejected == before
    keys = {key: entry.hash for key, (_, entry) in placed.items()}
    entries = name_dependencies(placed.values(), report, keys)
    mark_only_needed(entries)
    form = FORMS.get(version)
    yield SpecList(
        file.name,
        entries,
        stack,
        labels.release,
        kind="lock",
        form=form,
        needs=needs,
        environment=unnamed,
        complete=complete,
    )


def _specs(
    environments: list[_Environment],
    version: int,
    roots: set[str],
    report: FileReport,
    plain: PlainSpecs | None = None,
) -> dict[str, Placed]:
    """The specs by key; those that are plain without what they need."""
    placed: dict[str, Placed] = {}
    for environment in environments:
        place = f"{environment.place}concrete_specs"
        for key, node in decode_entries(
            environment.specs.items(),
            place,
            SpecNode,
            unwrap_node,
            report,
            plain=plain.spec if plain else None,
        ):
            own = node.hash or key
            if not is_hash(key) or (version >= _FIRST_KEYED_BY_HASH and own != key):
                why = f"expected the hash of the spec, {own}, as its key"
                report.reject(why, field=f"{place}.{key}", record=True)
            else:
                placed[key] = f"{place}.{key}", SpecEntry(own, node, root=key in roots)
    return placed


def _stack(file: InputFile, labels: Labels) -> tuple[str, Environment | None]:
    """The stack as it is given; else what stands for it, and the environment to be named."""
    if labels.stack is not None:
        return labels.stack, None
    environment = environment_at(file.name)
    check_name(environment.names[0], "stack", 0)
    return without_name(environment, labels.release), environment


def _roots(environments: list[_Environment], report: FileReport) -> set[str]:
    """The keys of the specs that somebody asked for; a root that is none of the specs is rejected.

    Without it the environment is not whole, whatever else there is of it.
    """
    keys = {key for environment in environments for key in environment.specs}
    roots = set()
    for environment in environments:
        for number, raw in enumerate(environment.roots):
            place = f"{environment.place}roots[{number}]"
            try:
                root: str = decode(raw, _Root, place).hash
            except Unreadable as problem:
                where, _, why = str(problem).partition(": ")
                report.reject(why, field=where)
                continue
            if root in keys:
                roots.add(root)
            else:
                report.reject(
                    f"expected a key of concrete_specs, found {root}", field=f"{place}.hash"
                )
    return roots


def _environments(document: Document, path: Place, depth: int) -> Iterator[_Environment]:
    """The environment, and below it those that it includes."""
    place = f"{shown_place(path)}." if path else ""
    if depth == 0:
        raise Unreadable(f"{place}expected at most {_MAX_DEPTH} environments in each other")
    yield _Environment(
        path,
        decode(document["concrete_specs"], Document, f"{place}concrete_specs"),
        decode(document.get("roots", b"[]"), list[Raw], f"{place}roots"),
    )
    key = f"{place}include_concrete"
    included = decode(document.get("include_concrete", b"{}"), dict[str, Document], key)
    for name, inner in included.items():
        if "concrete_specs" in inner:
            yield from _environments(inner, (*path, "include_concrete", name), depth - 1)
