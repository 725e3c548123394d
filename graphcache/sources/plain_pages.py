"""Pages as their publisher writes them, many at once: their records never are Python objects.

A page that is plain (`plain_page`) waits until there are some more; then Arrow's JSON reader makes
columns of the records of all. It takes what a decoder by type takes, and refuses keys that stand
twice, but knows no lengths, no patterns and no `meta`: these are held against the columns. Where
there is any doubt, the pages are read one by one by `pages.py`, which says what is wrong and where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Page
from graphcache.sources.json_lines import Doubt, read_lines, require
from graphcache.sources.names import may_hide_characters
from graphcache.tables.arrays import coded_pairs, distinct, firsts, numbers
from graphcache.tables.page_columns import FIELDS, UNKNOWN_SIZE, Field, PageColumns, is_size

_PAGE = re.compile(
    rb'---\ntitle: "([\w.+-]{1,1000})"\nlayout: cache\n'
    rb"categories: \[package, ([A-Za-z][\w.+-]{0,99})\]\n"
    rb"meta: (\{[^\n]*\})\nspec_details: (\[[^\n]*\])\n---\n?"
)
_SCHEMA = pa.schema(
    [
        ("page", pa.int32()),
        ("records", pa.list_(pa.struct([(field.name, field.type) for field in FIELDS]))),
    ]
)
_REPEATED_IN_META = (
    ("versions", "versions"),
    ("compilers", "compiler"),
    ("oss", "os"),
    ("platforms", "platform"),
    ("targets", "target"),
    ("stacks", "stacks"),
)
"""What `meta` lists, and the field of the records that it is made of."""

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlainPage:
    """A page in the form in which they are published; its two JSON values are not decoded yet."""

    package: str
    release: str
    meta: bytes
    records: bytes


class _Meta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    num_specs: int
    num_specs_by_stack: dict[str, int]
    versions: list[str]
    compilers: list[str]
    oss: list[str]
    platforms: list[str]
    targets: list[str]
    stacks: list[str]


_decode_meta = msgspec.json.Decoder(_Meta, strict=True).decode


def plain_page(data: bytes) -> PlainPage | None:
    r"""The page, if it has the form in which they are published; else None.

    >>> text = b'---\ntitle: "zlib"\nlayout: cache\ncategories: [package, develop]\n'
    >>> plain_page(text + b"meta: {}\nspec_details: []\n---\n").package
    'zlib'
    >>> plain_page(text + b"spec_details: []\n---\n")
    """
    found = _PAGE.fullmatch(data)
    if found is None or may_hide_characters(data) or b"\r" in data or b"\t" in data:
        return None
    package, release, meta, records = found.groups()
    return PlainPage(package.decode(), release.decode(), meta, records)


def read_plain_pages(plain: Sequence[PlainPage], pages: Sequence[Page]) -> PageColumns | None:
    """The records of the pages as columns, if all are in order throughout; None if in doubt.

    Args:
        plain: the pages as they stand in files.
        pages: as many, with what is known of each but for its records.
    """
    try:
        columns = _decode([page.records for page in plain], list(pages))
        for field in FIELDS:
            _check_field(field, columns.records[field.name])
        _check_hashes(columns)
        _check_sizes(columns.records["size"])
        _check_meta([page.meta for page in plain], columns)
    except Doubt:
        return None
    return columns


def _decode(values: list[bytes], pages: list[Page]) -> PageColumns:
    """The records by column."""
    _, lists = read_lines(list(enumerate(values)), _SCHEMA)
    records = lists.flatten()
    require(records.null_count == 0)
    page_of = lists.value_parent_indices().cast(pa.int32())
    return PageColumns(
        pages, page_of, dict(zip(records.type.names, records.flatten(), strict=True))
    )


def _check_field(field: Field, column: pa.Array) -> None:
    """Hold a column against the type that `PageRecord` gives the field."""
    require(field.optional or column.null_count == 0)
    if pa.types.is_list(field.type):
        _check_lengths(pc.list_value_length(column), *field.lengths)
        column = column.flatten()
        require(column.null_count == 0)
    # All is ASCII, so bytes are characters.
    _check_lengths(pc.binary_length(column), field.text.min_length or 0, field.text.max_length)
    if field.text.pattern is not None:
        pattern = field.text.pattern.replace(r"\Z", r"\z")  # as RE2 writes the end
        require(pc.all(pc.match_substring_regex(column, pattern)).as_py() is not False)


def _check_lengths(lengths: pa.Array, least: int, most: int | None) -> None:
    ends = pc.min_max(lengths)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    require(low is None or (low >= least and (most is None or high <= most)))


def _check_hashes(columns: PageColumns) -> None:
    """A hash stands once on a page; it may stand on several."""
    hashes = columns.records["hash"].dictionary_encode()
    count = len(hashes.dictionary)
    if count < len(hashes):
        codes = coded_pairs(numbers(columns.page_of), numbers(hashes.indices), count)
        codes.sort()
        require(firsts(codes).all())


def _check_sizes(sizes: pa.Array) -> None:
    """A size that is none is warned of by who reads one by one."""
    known = pc.unique(sizes.drop_null()).to_pylist()
    require(all(size == UNKNOWN_SIZE or is_size(size) for size in known))


def _check_meta(texts: list[bytes], columns: PageColumns) -> None:
    """Each `meta` says what the records of its page say, and no more."""
    try:
        metas = [_decode_meta(text) for text in texts]
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Doubt from error
    # A decoder keeps the last of two equal keys in silence, so the keys are counted.
    keys = len(_Meta.__struct_fields__)
    require(not any(b" :" in text for text in texts))
    require(
        [text.count(b'":') for text in texts]
        == [keys + len(meta.num_specs_by_stack) for meta in metas]
    )
    page_of, count = numbers(columns.page_of).astype(np.int64), len(texts)
    require(np.array_equal([m.num_specs for m in metas], np.bincount(page_of, minlength=count)))
    for key, field in _REPEATED_IN_META:
        values, pages = columns.records[field], page_of
        if pa.types.is_list(values.type):
            pages = page_of[numbers(values.value_parent_indices())]
            values = values.flatten()
        found = _Found.of(values, pages)
        listed = [getattr(meta, key) for meta in metas]
        require(np.array_equal(distinct(found.codes_of(listed)), found.pairs))
        if key == "stacks":
            counted = [meta.num_specs_by_stack for meta in metas]
            said = found.codes_of(counted)
            order = np.argsort(said)
            require(np.array_equal(said[order], found.pairs))
            numbers_said = list(chain.from_iterable(each.values() for each in counted))
            require(np.array_equal(np.array(numbers_said, object)[order], found.counts))


@dataclass(frozen=True, slots=True)
class _Found:
    """The values of a column, by page: each distinct pair of the two once, as an integer."""

    known: pa.Array
    pairs: Codes
    counts: Codes

    @classmethod
    def of(cls, values: pa.Array, pages: Codes) -> _Found:
        encoded = values.dictionary_encode()
        codes = coded_pairs(pages, numbers(encoded.indices), len(encoded.dictionary))
        codes.sort()
        starts = np.flatnonzero(firsts(codes))
        return cls(encoded.dictionary, codes[starts], np.diff(starts, append=len(codes)))

    def codes_of(self, listed: Sequence[Sequence[str] | dict[str, int]]) -> Codes:
        """The integers of what is listed for each page; a doubt, if one is in no record."""
        flat = pa.array(list(chain.from_iterable(listed)), pa.string())
        at = pc.index_in(flat, self.known)
        require(at.null_count == 0)
        pages = np.repeat(np.arange(len(listed)), list(map(len, listed)))
        return coded_pairs(pages, numbers(at), len(self.known))
