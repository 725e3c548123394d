"""The join in shards: each has the specs of a range of hashes, and is a graph of its own.

Nearly all that the tables of a spec hang on is said under its hash. What else there is, every shard
is given (`Common`): the specs that are compilers, what the builds of spliced specs need, and which
patches stand for which whole ones. So the join of a shard is `tables/join.py` as it is, and the
tables of all shards, one behind the other, are those of the whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.lake import sql
from graphcache.lake.facts import FACTS, facts_of, members_said
from graphcache.records import Claim, Report
from graphcache.schema import all_types
from graphcache.spack.compilers import LANGUAGES
from graphcache.spack.variants import PATCHES
from graphcache.tables.arrays import firsts, numbers
from graphcache.tables.columns import (
    flat,
    joined_texts,
    key_columns,
    map_unique,
    semi_join,
    sorted_unique,
    split_texts,
)
from graphcache.tables.disagreements import Differences
from graphcache.tables.join import join, whole_patches

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
"""Of hashes, in the order in which texts are sorted."""
_WIDTH = 3
"""How much of a hash tells its shard."""
MOST = len(_ALPHABET) ** _WIDTH
"""How many shards there may be."""
KEYS = {"spec": "hash", "said": "hash", "depends_on": "from"}
"""The kinds of facts that are joined, with the column that tells the shard."""
TYPES = tuple(type_ for type_ in all_types() if type_.name in sql.TABLES)
"""The types of which each shard has its part; the others are few, and made of all names."""

Kinds = dict[str, pa.Table]
"""Facts by kind."""


@dataclass(frozen=True)
class Shards:
    """How hashes are dealt out: evenly, as they are spread evenly themselves."""

    bounds: tuple[str, ...]
    """The beginnings of the first hash of each shard but the first."""

    @classmethod
    def of(cls, number: int) -> Shards:
        """So many shards.

        >>> Shards.of(4).bounds
        ('c22', 'k22', 's22')
        """
        number = max(1, min(number, MOST))
        return cls(tuple(_beginning(at * MOST // number) for at in range(1, number)))

    def __len__(self) -> int:
        return len(self.bounds) + 1

    def of_hashes(self, hashes: Any) -> pa.Array:
        """The number of the shard of each hash.

        >>> Shards.of(4).of_hashes(pa.array(["2b", "c22", "zz"])).to_pylist()
        [0, 1, 3]
        """
        starts = pc.utf8_slice_codeunits(hashes, 0, _WIDTH)
        return map_unique(starts, lambda start: bisect_right(self.bounds, start), pa.int64())

    def split(self, table: pa.Table, key: str) -> Iterator[tuple[int, pa.Table]]:
        """The rows of each shard, by the column that holds the hash."""
        of = numbers(self.of_hashes(table[key]))
        order = np.argsort(of, kind="stable")
        of, rows = of[order], table.take(pa.array(order))
        ends = [*np.flatnonzero(firsts(of)).tolist(), len(of)]
        for start, end in pairwise(ends):
            yield int(of[start]), rows.slice(start, end - start)


def _beginning(number: int) -> str:
    letters = ""
    for _ in range(_WIDTH):
        number, at = divmod(number, len(_ALPHABET))
        letters = _ALPHABET[at] + letters
    return letters


@dataclass(frozen=True)
class Wanted:
    """Whose facts are of use in other shards than their own, and where patches are named."""

    compilers: pa.Array
    builds: pa.Array
    patched: pa.Array
    """Packages and variants with patches, joined."""

    @classmethod
    def by(cls, facts: Kinds) -> Wanted:
        """What some facts want."""
        specs, needs = facts["spec"], facts["depends_on"]
        compiles = map_unique(
            needs["virtuals"], lambda joined: bool(LANGUAGES & {*split_texts(joined)}), pa.bool_()
        )
        patched = specs.filter(_are_patched(specs))
        return cls(
            sorted_unique(needs["to"].filter(compiles)),
            sorted_unique(specs["spliced_from"]),
            sorted_unique(joined_texts(patched["name"], patched["variants"])),
        )

    @classmethod
    def of_all(cls, parts: list[Wanted]) -> Wanted:
        """What several want."""

        def of(name: str) -> pa.Array:
            said = [getattr(part, name) for part in parts]
            return sorted_unique(pa.chunked_array(said, pa.string()))

        return cls(of("compilers"), of("builds"), of("patched"))

    def among(self, facts: Kinds) -> Kinds:
        """The facts of these, each once."""
        chosen = {
            "spec": semi_join(facts["spec"], facts["spec"]["hash"], self.compilers),
            "depends_on": semi_join(facts["depends_on"], facts["depends_on"]["from"], self.builds),
        }
        return {kind: _each_once(rows) for kind, rows in chosen.items()}


WANTS = {"spec": ["name", "variants", "spliced_from"], "depends_on": ["to", "virtuals"]}
"""The columns that tell what is wanted."""


@dataclass(frozen=True)
class Common:
    """What a shard has to know of the others."""

    facts: Kinds
    patched: pa.Array
    """Packages and variants with patches, joined, ..."""
    whole: pa.Array
    """... and with the whole sha256 of each."""

    @classmethod
    def of_all(cls, wanted: Wanted, parts: list[Kinds]) -> Common:
        """Of what is wanted, and the facts that were found of it."""
        facts = {
            kind: _each_once(
                pa.concat_tables([FACTS[kind].empty_table(), *(p[kind] for p in parts)])
            )
            for kind in WANTS
        }
        return cls(facts, wanted.patched, whole_patches(wanted.patched))

    def with_whole_patches(self, specs: pa.Table) -> pa.Table:
        """The facts of specs, with whole patches where any shard knows them."""
        patched = _are_patched(specs)
        if not pc.any(patched).as_py():
            return specs
        rows = specs.filter(patched)
        place = pc.index_in(joined_texts(rows["name"], rows["variants"]), self.patched)
        variants = pc.replace_with_mask(
            flat(specs["variants"]), flat(patched), self.whole.take(place)
        )
        return specs.set_column(specs.column_names.index("variants"), "variants", variants)


def _are_patched(specs: pa.Table) -> Any:
    return pc.fill_null(pc.match_substring(specs["variants"], PATCHES), False)


def _each_once(rows: pa.Table) -> pa.Table:
    return rows.group_by(rows.column_names, use_threads=False).aggregate([])


@dataclass
class Found:
    """What shards found besides their tables."""

    named: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in sql.NAMED})
    """What their edges name, by type."""
    warnings: set[str] = field(default_factory=set)
    differences: Differences = field(default_factory=Differences)

    def add(self, other: Found) -> None:
        """Take over what another shard found."""
        for name, texts in other.named.items():
            self.named[name] |= texts
        self.warnings |= other.warnings
        self.differences.add(other.differences)


def join_shard(
    facts: Kinds, common: Common, is_own: Callable[[Any], Any], claims: list[Claim]
) -> tuple[dict[str, pa.Table], Found]:
    """The tables of a shard, by type, and what was found besides.

    Args:
        facts: all of its hashes.
        common: what it has to know of others.
        is_own: tells of a column of hashes which ones are its own.
        claims: what was read whole, if pages and others are to be compared.
    """
    specs = pa.concat_tables([facts["spec"], common.facts["spec"]])
    needs = pa.concat_tables([facts["depends_on"], common.facts["depends_on"]])
    known = {"spec": common.with_whole_patches(specs), "said": facts["said"], "depends_on": needs}
    report = Report()
    joined = join(facts_of(known), report).by_type()
    tables = {}
    for type_ in TYPES:
        table = joined[type_.name]
        tables[type_.name] = table.filter(is_own(table[key_columns(type_)[0]])).combine_chunks()
    # What is common to all is warned of by each, in the same words.
    found = Found({name: _names(tables[edge]["to"]) for name, edge in sql.NAMED.items()})
    found.warnings.update(report.warnings)
    if claims:
        found.differences = Differences.of(*members_said(facts["said"]), claims)
    return tables, found


def _names(column: Any) -> set[str]:
    return set(pc.unique(column).to_pylist())
