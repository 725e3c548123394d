"""Specs as Spack 0.18 and later write them in indexes and lock files, and what they need at once.

Specs of a file have much in common: few distinct parameters and architectures, and what one needs
others need too. So a spec that is plain is decoded with these parts as they stand, and each
distinct text of a part once, by its type. An index of nothing but plain specs is decoded as a
whole. What is not plain (a spliced spec, an older form, a key that is not known here, whatever is
wrong) is decoded as `documents.py` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
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
_BLANKS = b" \t\n\r"
"""What may stand around JSON; Python takes more for blanks."""
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


class _Database(Struct, forbid_unknown_fields=True, gc=False):
    version: str | int
    installs: dict[str, _Install]


class _Index(Struct, forbid_unknown_fields=True, gc=False):
    database: _Database


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
_LISTS = 2_000
"""Lists of what specs need that are taken apart at once: some megabytes of text."""
_NONE = b"[]"
_NOTHING: tuple[SpecNode | None, memoryview, int] = None, memoryview(_NONE), 0
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


class Installed(NamedTuple):
    """An entry of an index: the spec, but for what it needs, and whether its binary is there."""

    spec: SpecNode
    held: bool | None


class PlainSpecs:
    """The plain specs of one file, and what they need, until all are there.

    A decoder keeps the last of two equal keys in silence, so keys are counted: those of the text,
    against those of what was decoded.
    """

    def __init__(self, text: bytes) -> None:
        """Take the text of the file: where it is not compact, none of its specs is plain."""
        self._text = text = text.strip(_BLANKS)
        has_spaces = b" " in text and b" :" in text
        self._compact = not has_spaces and not any(line in text for line in _LINES)
        self._may_hide = may_hide_characters(text)
        self._decode_spec = msgspec.json.Decoder(_Spec).decode
        self._decode_install = msgspec.json.Decoder(_Install).decode
        self._arch, self._parameters = _Parts(Arch), _Parts(Parameters)
        self._annotations, self._compiler = _Parts(Annotations), _Parts(CompilerObject | None)
        self._external, self._patches = _Parts(External | None), _Parts(list[str])
        # Of each spec, by its identity, as two may say that they have one hash: itself, so that no
        # other gets that; what it needs, and how many keys this has; of a whole index all together.
        self._plain: dict[int, tuple[SpecNode, memoryview, int]] = {}
        self._keys_of_needs = 0

    def spec(self, data: bytes) -> SpecNode | None:
        """The spec, but for what it needs, if it is plain."""
        try:
            spec = self._decode_spec(data)
            node, keys = self._node(spec)
            return node if self._is_plain(data, node, spec, keys) else None
        except _NOT_PLAIN:
            return None

    def install(self, data: bytes) -> Installed | None:
        """An entry of an index, if it is plain."""
        try:
            install = self._decode_install(data)
            node, keys = self._node(install.spec)
            is_plain = self._is_plain(data, node, install.spec, keys + _keys(install))
            return _installed(node, install) if is_plain else None
        except _NOT_PLAIN:
            return None

    def index(self) -> tuple[str, dict[str, Installed]] | None:
        """The version of an index, and its entries by hash, if nothing in it is not plain.

        That no key stands twice is known when `needs` does not give None.
        """
        if not self._compact or self._may_hide:
            return None
        try:
            index = msgspec.json.decode(self._text, type=_Index)
            keys = _keys(index) + _keys(index.database)
            installs = {}
            for key, install in index.database.installs.items():
                _require(install.spec.hash == key)
                node, in_node = self._node(install.spec)
                keys += 1 + _keys(install) + in_node
                self._plain[id(node)] = node, _needs_of(install.spec), 0
                installs[key] = _installed(node, install)
        except _NOT_PLAIN:
            return None
        self._keys_of_needs = self._text.count(_KEY) - keys
        return str(index.database.version), installs

    def _is_plain(self, data: bytes, node: SpecNode, spec: _Spec, keys: int) -> bool:
        """Keep a spec of this text and so many keys, but for those of what it needs; if plain."""
        needs = _needs_of(spec)
        rest = data.count(_KEY) - keys
        is_plain = self._compact and not (self._may_hide and may_hide_characters(data))
        if not is_plain or rest % _NEED_KEYS or (needs == _NONE and rest):
            return False
        self._plain[id(node)] = node, needs, rest
        return True

    def _node(self, spec: _Spec) -> tuple[SpecNode, int]:
        """The spec, but for what it needs, and how many keys the rest of it has."""
        arch, in_arch = self._arch[bytes(spec.arch)]
        parameters, in_parameters = self._parameters[bytes(spec.parameters)]
        annotations, in_annotations = _part(self._annotations, spec.annotations)
        compiler, in_compiler = _part(self._compiler, spec.compiler)
        external, in_external = _part(self._external, spec.external)
        _, in_patches = _part(self._patches, spec.patches)
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
        keys = _keys(spec) + in_arch + in_parameters + in_annotations
        return node, keys + in_compiler + in_external + in_patches

    def needs(self, entries: list[SpecEntry]) -> pa.Table | None:
        """What the entries need that are plain, as `NEEDS`; None where there is any doubt.

        Each has to need specs among the entries alone, which have no other hashes than their own.
        All plain specs have to be among them: of one that was rejected, or that stands twice, what
        it needs may be wrong too.
        """
        if any(e.node.build_hash or e.node.full_hash or e.node.build_spec for e in entries):
            return None
        if not self._plain.keys() <= {id(entry.node) for entry in entries}:
            return None
        rows, texts, keys = [], [], self._keys_of_needs
        for row, entry in enumerate(entries):
            _, needs, of_needs = self._plain.get(id(entry.node), _NOTHING)
            if needs != _NONE:
                rows.append(row)
                texts.append(needs)
                keys += of_needs
        known = pa.array([entry.hash for entry in entries], pa.string())
        try:
            of_list, columns = _columns(texts, known)
            _require(len(of_list) * _NEED_KEYS == keys)
        except _NOT_PLAIN:
            return None
        return pa.table([pa.array(rows, pa.int32()).take(of_list), *columns], schema=NEEDS)


def _installed(spec: SpecNode, install: _Install) -> Installed:
    held = install.installed if install.in_buildcache is UNSET else install.in_buildcache
    return Installed(spec, None if held is UNSET else held)


def _needs_of(spec: _Spec) -> memoryview:
    """The text of what the spec needs."""
    return memoryview(_NONE if spec.dependencies is UNSET else spec.dependencies)


def _keys(one: Struct) -> int:
    """How many fields of a struct its text has."""
    values = astuple(one)
    return len(values) - values.count(UNSET)


def _part(parts: _Parts, text: Raw | UnsetType) -> tuple[Any, int]:
    """A part that may be missing, and how many keys are in it."""
    return (None, 0) if isinstance(text, UnsetType) else parts[bytes(text)]


def _columns(texts: list[memoryview], known: pa.Array) -> tuple[pa.Array, list[pa.Array]]:
    """Which list holds it, and the hash, types and virtuals of what is needed.

    Each piece between the ends of two objects is an object by itself, or refused; so they are
    what the list holds.

    Raises:
        Unreadable: they are no lists of objects, or need what is not known.
        msgspec.MsgspecError: they are not as Spack writes them.
    """
    _require(all(bytes(text[:1]) + bytes(text[-3:]) == _AROUND for text in texts))
    of_list, pieces = _pieces([text[1:-3] for text in texts])
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
    return of_list, columns


def _pieces(texts: list[memoryview]) -> tuple[pa.Array, pa.DictionaryArray]:
    """What stands between the ends of objects, and in which of the lists.

    Some lists at a time, as a hundred megabytes of new memory take longer than all else here.
    """
    lengths, pieces = [pa.array([], pa.int32())], [pa.array([], pa.binary()).dictionary_encode()]
    for start in range(0, len(texts), _LISTS):
        lists = pc.split_pattern(_binary(texts[start : start + _LISTS]), _END + b",")
        lengths.append(pc.list_value_length(lists))
        pieces.append(lists.flatten().dictionary_encode())
    of_list = np.repeat(np.arange(len(texts)), pa.concat_arrays(lengths))
    unified = pa.chunked_array(pieces).unify_dictionaries().combine_chunks()
    return pa.array(of_list), unified


def _binary(texts: Sequence[memoryview]) -> pa.Array:
    """The texts as an array; so they are copied once."""
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    return pa.Array.from_buffers(pa.binary(), len(texts), buffers)


def _decoded(texts: pa.Array, type_: Any) -> tuple[pa.Array, list[Any]]:
    """Objects without their ends: of each row which it is, and each of them once."""
    encoded = texts.dictionary_encode()
    decode = msgspec.json.Decoder(type_).decode
    return encoded.indices, [decode(text + b"}") for text in encoded.dictionary.to_pylist()]


def _require(holds: bool) -> None:
    if not holds:
        raise Unreadable("not as Spack writes it")
