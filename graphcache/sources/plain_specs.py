"""Specs as Spack 0.18 and later write them in indexes and lock files, and what they need at once.

Specs of a file have much in common: few distinct parameters and architectures, and what one needs
others need too. So a spec that is plain is decoded with these parts as they stand, and each
distinct text of a part once, by its type. What is not plain (a spliced spec, an older form, a key
that is not known here, whatever is wrong) is decoded as `documents.py` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import astuple

from graphcache.records import (
    Annotations,
    Arch,
    CompilerObject,
    DependencyType,
    External,
    Name,
    Parameters,
    SpecEntry,
    SpecHash,
    SpecNode,
)
from graphcache.sources.keys import repeated_key
from graphcache.sources.names import Unreadable, may_hide_characters
from graphcache.tables.columns import SEPARATOR

_KEY = b'":'
"""What stands behind each key of compact JSON."""
_LINES = (b"\t", b"\n", b"\r")
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


class _Spec(Struct, forbid_unknown_fields=True, gc=False):
    name: Name
    version: Name
    arch: Raw
    parameters: Raw
    hash: SpecHash
    namespace: Name | UnsetType = UNSET
    package_hash: Name | UnsetType = UNSET
    dependencies: Raw | UnsetType = UNSET
    annotations: Raw | UnsetType = UNSET
    compiler: Raw | UnsetType = UNSET
    external: Raw | UnsetType = UNSET
    patches: Raw | UnsetType = UNSET


class _Install(Struct, forbid_unknown_fields=True, gc=False):
    spec: _Spec
    in_buildcache: bool | UnsetType = UNSET
    ref_count: int | UnsetType = UNSET
    # Of an installation:
    installed: bool | UnsetType = UNSET
    path: str | UnsetType | None = UNSET
    explicit: bool | UnsetType = UNSET
    installation_time: float | UnsetType = UNSET


class _Kind(Struct, forbid_unknown_fields=True, gc=False):
    deptypes: list[DependencyType]
    virtuals: list[Name]

    @property
    def texts(self) -> tuple[str, str]:
        """Types and virtuals, each sorted and joined."""
        types, virtuals = (SEPARATOR.join(sorted(set(of))) for of in (self.deptypes, self.virtuals))
        return types, virtuals


class _Needed(Struct, forbid_unknown_fields=True, gc=False):
    name: Name
    hash: SpecHash


_NEED_KEYS = sum(len(type_.__struct_fields__) for type_ in (_Needed, _Kind)) + 1
_KIND = b',"parameters":'
"""What stands between what is needed and how."""
_END = b"}}"
_AROUND = b"[" + _END + b"]"
_NOTHING: tuple[SpecNode | None, bytes, int] = None, b"", 0
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeError, RecursionError, Unreadable)


class _Parts(dict[bytes, tuple[Any, int]]):
    """Parts of specs by their text: the value, and how many keys are in it."""

    def __init__(self, type_: Any) -> None:
        super().__init__()
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(type_).decode

    def __missing__(self, text: bytes) -> tuple[Any, int]:
        value = self._decode(text)
        if repeated_key(text) is not None:
            raise Unreadable("a key stands twice")
        self[text] = part = value, text.count(_KEY)
        return part


class PlainSpecs:
    """The plain specs of one file, and what they need, until all are there."""

    def __init__(self, text: bytes) -> None:
        """Take the text of the file: where it is not compact, none of its specs is plain."""
        text = text.strip()
        has_spaces = b" " in text and b" :" in text
        self._compact = not has_spaces and not any(line in text for line in _LINES)
        self._may_hide = may_hide_characters(text)
        self._decode_spec = msgspec.json.Decoder(_Spec).decode
        self._decode_install = msgspec.json.Decoder(_Install).decode
        self._arch, self._parameters = _Parts(Arch), _Parts(Parameters)
        self._annotations, self._compiler = _Parts(Annotations), _Parts(CompilerObject | None)
        self._external, self._patches = _Parts(External | None), _Parts(list[str])
        self._plain: dict[str, tuple[SpecNode, bytes, int]] = {}

    def spec(self, data: bytes) -> SpecNode | None:
        """The spec, but for what it needs, if it is plain."""
        try:
            return self._node(self._decode_spec(data), data, 0)
        except _NOT_PLAIN:
            return None

    def install(self, data: bytes) -> tuple[SpecNode, bool | None, bool | None] | None:
        """The spec of an entry of an index, whether the cache holds it, and an installation."""
        try:
            install = self._decode_install(data)
            node = self._node(install.spec, data, _keys(install))
        except _NOT_PLAIN:
            return None
        if node is None:
            return None
        held, installed = install.in_buildcache, install.installed
        return node, None if held is UNSET else held, None if installed is UNSET else installed

    def _node(self, spec: _Spec, data: bytes, keys: int) -> SpecNode | None:
        if not self._compact or (self._may_hide and may_hide_characters(data)):
            return None
        arch, in_arch = self._arch[bytes(spec.arch)]
        parameters, in_parameters = self._parameters[bytes(spec.parameters)]
        annotations, in_annotations = _part(self._annotations, spec.annotations)
        compiler, in_compiler = _part(self._compiler, spec.compiler)
        external, in_external = _part(self._external, spec.external)
        _, in_patches = _part(self._patches, spec.patches)
        # A decoder keeps the last of two equal keys in silence, so the keys are counted.
        keys += _keys(spec) + in_arch + in_parameters + in_annotations
        keys += in_compiler + in_external + in_patches
        needs = b"[]" if spec.dependencies is UNSET else bytes(spec.dependencies)
        count, rest = divmod(data.count(_KEY) - keys, _NEED_KEYS)
        if rest or (needs[:1] + needs[-3:] != _AROUND if count else needs != b"[]"):
            return None
        node = SpecNode(
            name=spec.name,
            version=spec.version,
            arch=arch,
            hash=spec.hash,
            namespace=None if spec.namespace is UNSET else spec.namespace,
            parameters=parameters,
            compiler=compiler,
            external=external,
            package_hash=None if spec.package_hash is UNSET else spec.package_hash,
            annotations=annotations,
        )
        self._plain[spec.hash] = node, needs[1:-3], count
        return node

    def needs(self, entries: list[SpecEntry]) -> pa.Table | None:
        """What the entries need that are plain, as `NEEDS`; None where there is any doubt.

        Each has to need specs among the entries alone, which have no other hashes than their own.
        """
        if any(e.node.build_hash or e.node.full_hash or e.node.build_spec for e in entries):
            return None
        rows, texts, lengths = [], [], []
        for row, entry in enumerate(entries):
            node, needs, count = self._plain.get(entry.hash, _NOTHING)
            if node is entry.node and count:
                rows.append(row)
                texts.append(needs)
                lengths.append(count)
        known = pa.array([entry.hash for entry in entries], pa.string())
        try:
            of_list, columns = _columns(texts, lengths, known)
        except _NOT_PLAIN:
            return None
        return pa.table([pa.array(rows, pa.int32()).take(of_list), *columns], schema=NEEDS)


def _keys(one: Struct) -> int:
    """How many fields of a struct its text has."""
    values = astuple(one)
    return len(values) - values.count(UNSET)


def _part(parts: _Parts, text: Raw | UnsetType) -> tuple[Any, int]:
    """A part that may be missing, and how many keys are in it."""
    return (None, 0) if isinstance(text, UnsetType) else parts[bytes(text)]


def _columns(
    texts: list[bytes], lengths: list[int], known: pa.Array
) -> tuple[pa.Array, list[pa.Array]]:
    """Which list holds it, and the hash, types and virtuals of what is needed.

    Each piece between the ends of two objects is an object by itself, or refused; so they are
    what the list holds.

    Raises:
        Unreadable: the lists are not so long, or need what is not known.
        msgspec.MsgspecError: they are not as Spack writes them.
    """
    lists = pc.split_pattern(pa.array(texts, pa.binary()), _END + b",")
    _require(pc.list_value_length(lists).to_pylist() == lengths)
    pieces = lists.flatten().dictionary_encode()
    halves = pc.split_pattern(pieces.dictionary, _KIND, max_splits=1)
    _require(pc.all(pc.equal(pc.list_value_length(halves), 2)).as_py() is not False)
    of_piece, needed = _decoded(pc.list_element(halves, 0), _Needed)
    hashes = pa.array([one.hash for one in needed], pa.string())
    _require(pc.all(pc.is_in(hashes, known)).as_py() is not False)
    columns = [hashes.take(of_piece.take(pieces.indices))]
    of_piece, kinds = _decoded(pc.list_element(halves, 1), _Kind)
    said = [kind.texts for kind in kinds]
    for end in range(len(_Kind.__struct_fields__)):
        joined = pa.array([pair[end] for pair in said], pa.string())
        columns.append(joined.take(of_piece.take(pieces.indices)))
    return pc.list_parent_indices(lists), columns


def _decoded(texts: pa.Array, type_: Any) -> tuple[pa.Array, list[Any]]:
    """Objects without their ends: of each row which it is, and each of them once."""
    encoded = texts.dictionary_encode()
    decode = msgspec.json.Decoder(type_).decode
    return encoded.indices, [decode(text + b"}") for text in encoded.dictionary.to_pylist()]


def _require(holds: bool) -> None:
    if not holds:
        raise Unreadable("not as Spack writes it")
