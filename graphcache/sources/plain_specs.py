"""Specs as Spack 0.18 and later write them in indexes and lock files, and what they need at once.

A spec that is plain is decoded without its dependencies and parameters: specs have few distinct
parameters, each of which is decoded once, and the dependencies of all specs of a file become
columns by Arrow's JSON reader. What is not plain (an external or spliced spec, an older form,
whatever is wrong) is decoded as `documents.py` says; where a dependency is, so is the whole file.
So are specs with a key that is not known here: one that `SpecNode` gains is read, if more slowly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, get_args

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, Raw, Struct, UnsetType

from graphcache.records import (
    MAX_NAME,
    Annotations,
    Arch,
    DependencyType,
    Form,
    Name,
    Parameters,
    SpecEntry,
    SpecHash,
    SpecNode,
)
from graphcache.sources.json_lines import Doubt, read_lines, require
from graphcache.sources.keys import repeated_key
from graphcache.sources.names import Unreadable, may_hide_characters
from graphcache.tables.columns import SEPARATOR, map_unique

_LINES = 5_000
"""Specs whose dependencies become columns at once."""
_KEY = b'":'
"""What stands behind each key of compact JSON."""
_SPACES = (b" :", b"\t", b"\n", b"\r")
_SCHEMA = pa.schema(
    [
        ("row", pa.int32()),
        (
            "needs",
            pa.list_(
                pa.struct(
                    [
                        ("name", pa.string()),
                        ("hash", pa.string()),
                        (
                            "parameters",
                            pa.struct(
                                [
                                    ("deptypes", pa.list_(pa.string())),
                                    ("virtuals", pa.list_(pa.string())),
                                ]
                            ),
                        ),
                    ]
                )
            ),
        ),
    ]
)
NEEDS = pa.schema(
    [
        ("row", pa.int32()),
        ("to", pa.string()),
        ("types", pa.string()),
        ("virtuals", pa.string()),
    ]
)
"""What the specs of a list need: the position of the spec, the hash of what it needs, and types and
virtuals, sorted and joined."""


class _Arch(Struct, forbid_unknown_fields=True, gc=False):
    platform: Name
    platform_os: Name
    target: Name


class _Annotations(Struct, forbid_unknown_fields=True, gc=False):
    original_specfile_version: Form


class _Spec(Struct, forbid_unknown_fields=True, gc=False):
    name: Name
    version: Name
    arch: _Arch
    namespace: Name
    parameters: Raw
    package_hash: Name
    hash: SpecHash
    dependencies: Raw | UnsetType = UNSET
    annotations: _Annotations | UnsetType = UNSET
    patches: list[str] | UnsetType = UNSET


class _Install(Struct, forbid_unknown_fields=True, gc=False):
    spec: _Spec
    in_buildcache: bool | UnsetType = UNSET
    ref_count: int | UnsetType = UNSET


_REQUIRED = len(_Arch.__struct_fields__) + sum(
    field.required for field in msgspec.structs.fields(_Spec)
)
_TYPES = frozenset(get_args(DependencyType))


class PlainSpecs:
    """The plain specs of one file, and what they need, until all are there."""

    def __init__(self, text: bytes) -> None:
        """Take the text of the file: where it is not compact, none of its specs is plain."""
        self._compact = not any(space in text.strip() for space in _SPACES)
        self._may_hide = may_hide_characters(text)
        self._decode_spec = msgspec.json.Decoder(_Spec).decode
        self._decode_install = msgspec.json.Decoder(_Install).decode
        self._parameters: dict[bytes, dict[str, Any] | None] = {}
        self._plain: dict[str, tuple[SpecNode, bytes]] = {}

    def spec(self, data: bytes) -> SpecNode | None:
        """The spec, but for what it needs, if it is plain."""
        try:
            spec = self._decode_spec(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None
        return self._node(spec, data, 0)

    def install(self, data: bytes) -> tuple[SpecNode, bool | None] | None:
        """The spec of an entry of an index, and whether that says that the cache holds it."""
        try:
            install = self._decode_install(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None
        held = install.in_buildcache
        keys = 1 + (held is not UNSET) + (install.ref_count is not UNSET)
        node = self._node(install.spec, data, keys)
        return None if node is None else (node, None if held is UNSET else held)

    def _node(self, spec: _Spec, data: bytes, keys: int) -> SpecNode | None:
        if not self._compact or (self._may_hide and may_hide_characters(data)):
            return None
        given = bytes(spec.parameters)
        needs = b"" if spec.dependencies is UNSET else bytes(spec.dependencies)
        # A decoder keeps the last of two equal keys in silence, so the keys are counted.
        keys += _REQUIRED + (spec.patches is not UNSET) + 2 * (spec.annotations is not UNSET)
        keys += (spec.dependencies is not UNSET) + given.count(_KEY) + needs.count(_KEY)
        parameters = self._decoded(given)
        if parameters is None or data.count(_KEY) != keys:
            return None
        node = SpecNode(
            name=spec.name,
            version=spec.version,
            arch=Arch(spec.arch.target, spec.arch.platform, spec.arch.platform_os),
            hash=spec.hash,
            namespace=spec.namespace,
            parameters=parameters,
            package_hash=spec.package_hash,
            annotations=None
            if spec.annotations is UNSET
            else Annotations(spec.annotations.original_specfile_version),
        )
        self._plain[spec.hash] = node, needs
        return node

    def _decoded(self, text: bytes) -> dict[str, Any] | None:
        if text not in self._parameters:
            try:
                value = msgspec.json.decode(text, type=Parameters)
                self._parameters[text] = value if repeated_key(text) is None else None
            except (msgspec.MsgspecError, UnicodeError, RecursionError, Unreadable):
                self._parameters[text] = None
        return self._parameters[text]

    def needs(self, entries: list[SpecEntry]) -> pa.Table | None:
        """What the entries need that are plain, as `NEEDS`; None where there is any doubt.

        Each has to need specs among the entries alone, which have no other hashes than their own.
        """
        if any(e.node.build_hash or e.node.full_hash or e.node.build_spec for e in entries):
            return None
        lines = []
        for row, entry in enumerate(entries):
            node, needs = self._plain.get(entry.hash, (None, b""))
            if node is entry.node and needs:
                lines.append((row, needs))
        known = pa.array([entry.hash for entry in entries], pa.string())
        try:
            parts = [_needs(part) for part in _batches(lines)]
        except Doubt:
            return None
        needs = pa.concat_tables([NEEDS.empty_table(), *parts])
        return needs if pc.all(pc.is_in(needs["to"], known)).as_py() is not False else None


def _batches(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    rest = iter(lines)
    while batch := list(islice(rest, _LINES)):
        yield batch


def _needs(lines: list[tuple[int, bytes]]) -> pa.Table:
    """What some specs need, by their rows."""
    rows, lists = read_lines(lines, _SCHEMA)
    needs = lists.flatten()
    name, hashes, parameters = needs.flatten()
    types, virtuals = parameters.flatten()
    for column in (needs, name, hashes, parameters, types, virtuals):
        require(column.null_count == 0)
    _check_names(name)
    of_virtuals = virtuals.flatten()
    require(of_virtuals.null_count == 0)
    _check_names(of_virtuals)
    require(_TYPES.issuperset(pc.unique(types.flatten()).to_pylist()))
    columns = (rows.take(lists.value_parent_indices()), hashes, _sorted(types), _sorted(virtuals))
    return pa.table(columns, schema=NEEDS)


def _check_names(names: pa.Array) -> None:
    """All is ASCII, so bytes are characters."""
    ends = pc.min_max(pc.binary_length(names))
    least, most = ends["min"].as_py(), ends["max"].as_py()
    require(least is None or (least >= 1 and most <= MAX_NAME))


def _sorted(lists: pa.Array) -> pa.Array:
    """The texts of each list, sorted and joined."""

    def in_order(texts: str) -> str:
        return SEPARATOR.join(sorted(set(texts.split(SEPARATOR))))

    return map_unique(pc.binary_join(lists, SEPARATOR), in_order, pa.string())
