"""What pages say, as columns: a column for each field of a record, a row for each record.

Both ways of reading a page end here: records that were read one by one, and those of many pages
that were read at once, which never were Python objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.inspect import ListType, NoneType, StrType, UnionType

from graphcache.records import Page, PageRecord, Report
from graphcache.schema import node_type
from graphcache.spack.compilers import normal_compiler
from graphcache.spack.variants import normal_variants
from graphcache.tables.arrays import numbers
from graphcache.tables.columns import SEPARATOR, joined_texts, map_unique
from graphcache.tables.facts import DEPENDS_ON_FACTS, SPEC_FACTS, Facts, facts_table
from graphcache.tables.said import said_by_pages


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: its type, whether it may be missing, and what its texts have to be."""

    name: str
    type: pa.DataType
    optional: bool
    text: StrType
    lengths: tuple[int, int | None]
    """Of a list, how many texts it has at least and at most."""


def _field(name: str, kind: Any) -> Field:
    optional = isinstance(kind, UnionType)
    if isinstance(kind, UnionType):
        (kind,) = (one for one in kind.types if not isinstance(one, NoneType))
    if isinstance(kind, ListType) and isinstance(kind.item_type, StrType):
        lengths = kind.min_length or 0, kind.max_length
        return Field(name, pa.list_(pa.string()), optional, kind.item_type, lengths)
    if isinstance(kind, StrType):
        return Field(name, pa.string(), optional, kind, (0, None))
    raise TypeError(f"PageRecord.{name}: expected text or a list of text, found {kind}")


def _fields(record: Any) -> tuple[Field, ...]:
    return tuple(_field(field.encode_name, field.type) for field in record.fields)


FIELDS = _fields(msgspec.inspect.type_info(PageRecord))
"""The fields of `PageRecord`, in its order."""


@dataclass(frozen=True, slots=True)
class PageColumns:
    """The records of pages, in their order."""

    pages: list[Page]
    """What each page says but for its records."""
    page_of: pa.Array
    """Of each record the position of its page, as int32."""
    records: dict[str, pa.Array]
    """By the name of a field of `PageRecord`, its values."""

    def per_page(self, value: Callable[[Page], Any], type_: pa.DataType) -> pa.Array:
        """Of each record what its page says."""
        return pa.array([value(page) for page in self.pages], type_).take(self.page_of)

    def counts(self) -> list[int]:
        """Of each page the number of its records."""
        counts: list[int] = np.bincount(numbers(self.page_of), minlength=len(self.pages)).tolist()
        return counts

    def by_release(self) -> Iterator[tuple[str | None, PageColumns]]:
        """The pages of each release, with their records."""
        releases = [page.release for page in self.pages]
        for release in dict.fromkeys(releases):
            chosen = [number for number, one in enumerate(releases) if one == release]
            if len(chosen) == len(releases):
                yield release, self
                continue
            at = pc.index_in(self.page_of, pa.array(chosen, pa.int32()))
            rows = pc.is_valid(at)
            records = {name: column.filter(rows) for name, column in self.records.items()}
            pages = [self.pages[number] for number in chosen]
            yield release, PageColumns(pages, at.filter(rows), records)

    def fingerprints(self) -> list[int]:
        """Of each page, what is equal where two pages have the same specs in the same stacks.

        It is the hash of the set of what `record_text` makes of each record.
        """
        stacks = pc.binary_join(self.records["stacks"], SEPARATOR)
        texts = joined_texts(self.records["hash"], stacks).to_pylist()
        ends = np.searchsorted(numbers(self.page_of), np.arange(len(self.pages) + 1)).tolist()
        return [hash(frozenset(texts[start:end])) for start, end in pairwise(ends)]


def record_text(record: PageRecord) -> str:
    """A record's hash and stacks as one text."""
    return SEPARATOR.join((record.hash, SEPARATOR.join(record.stacks)))


def columns_of(pages: list[Page]) -> PageColumns:
    """Pages with their records, as columns."""
    records = list(chain.from_iterable(page.records for page in pages))
    page_of = [number for number, page in enumerate(pages) for _ in page.records]
    columns = {f.name: pa.array(list(map(attrgetter(f.name), records)), f.type) for f in FIELDS}
    return PageColumns(pages, pa.array(page_of, pa.int32()), columns)


def page_facts(said: PageColumns, report: Report) -> Facts:
    """What pages say, as facts; a size that is none is warned of."""
    records = said.records
    count = len(said.page_of)
    specs = {
        "name": said.per_page(lambda page: page.package, pa.string()),
        "version": pc.list_flatten(records["versions"]),  # of which each record has one
        "target": records["target"],
        "compilers": map_unique(records["compiler"], normal_compiler, pa.string()),
        "variants": map_unique(_joined(records["variants"]), _normal_joined, pa.string()),
        "size": map_unique(records["size"], lambda size: _bytes(size, report), pa.int64()),
        "in_buildcache": said.per_page(lambda page: page.in_buildcache, pa.bool_()),
        "derived": said.per_page(lambda page: page.derived, pa.bool_()),
        # Nor does a spec text of 2021 or 2022 say all: what a spec needs to be built is not in it.
        "dependencies_known": pa.array(np.zeros(count, bool)),
    }
    for property_ in node_type("Spec").properties:
        name = property_.name
        if not property_.computed and name not in specs and name in records:
            specs[name] = records[name]
            if property_.type == "list of text":
                specs[name] = map_unique(_joined(records[name]), _sorted_joined, pa.string())
    needs = list(chain.from_iterable(page.dependencies for page in said.pages))
    ends = {
        "from": pa.array([start for start, _ in needs], pa.string()),
        "to": pa.array([end for _, end in needs], pa.string()),
    }
    return Facts(
        facts_table(specs, SPEC_FACTS),
        said_by_pages(said.pages, said.page_of, records["stacks"]),
        facts_table(ends, DEPENDS_ON_FACTS),
    )


def _joined(lists: pa.Array) -> pa.Array:
    return pc.binary_join(lists, SEPARATOR)


def _normal_joined(variants: str) -> str:
    return SEPARATOR.join(normal_variants(variants.split(SEPARATOR))) if variants else ""


def _sorted_joined(texts: str) -> str:
    return SEPARATOR.join(sorted(set(texts.split(SEPARATOR)))) if texts else ""


def is_size(size: str) -> bool:
    """Whether a text is a number of bytes that fits 64 bits.

    >>> is_size("123"), is_size("-"), is_size("9" * 19)
    (True, False, False)
    """
    return size.isascii() and size.isdecimal() and len(size) < 19


def _bytes(size: str, report: Report) -> int | None:
    if is_size(size):
        return int(size)
    if size != UNKNOWN_SIZE:
        report.warn(f"size {size[:40]!r}: expected a number of bytes or -; not read")
    return None


UNKNOWN_SIZE = "-"
