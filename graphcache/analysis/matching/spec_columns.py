"""What specs are themselves, held against what an abstract spec asks, a column at a time.

A source may not tell what is asked: a page has no flags. So there are two answers for each spec,
whether it fits for sure and whether it may fit, and where they differ nobody can say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.errors import UsageError
from graphcache.spack.spec_parser import parse_spec
from graphcache.spack.specs import AbstractSpec, Flag, Variant
from graphcache.spack.targets import fits_target
from graphcache.spack.versions import Constraint, parse_version
from graphcache.tables import Tables
from graphcache.tables.arrays import distinct
from graphcache.tables.columns import flat, look_up, sorted_unique

_WHOLE_PATCH = 64
"""Characters of a patch's whole SHA-256; a page may show fewer."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Truth:
    """Of each spec, or edge, whether something is true of it: for sure, and as far as is known.

    >>> never, may = np.array([False]), np.array([True])
    >>> (~Truth(never, may)).unknown
    array([ True])
    """

    sure: Mask
    may: Mask
    """True wherever `sure` is."""

    @classmethod
    def known(cls, mask: Mask) -> Truth:
        """What is known of all."""
        return cls(mask, mask)

    @property
    def unknown(self) -> Mask:
        """Of which it can't be said."""
        found: Mask = self.may & ~self.sure
        return found

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.sure & other.sure, self.may & other.may)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.sure | other.sure, self.may | other.may)

    def __invert__(self) -> Truth:
        return Truth(~self.may, ~self.sure)

    def take(self, rows: NDArray[np.int64]) -> Truth:
        """What is true of some rows."""
        return Truth(self.sure[rows], self.may[rows])


class SpecColumns:
    """The Spec table, prepared for questions on what each spec is itself."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._specs = tables.nodes["Spec"]
        self.size = self._specs.num_rows

    def all(self, value: bool = True) -> Truth:
        """What is true, or false, of every spec."""
        return Truth.known(np.full(self.size, value))

    def named(self, name: str) -> Mask:
        """The specs of a package; of each its name is known."""
        return self._equal("name", name).sure

    def values(self, column: str) -> list[str]:
        """The texts that a column has, sorted."""
        return list(sorted_unique(self._specs[column]).to_pylist())

    @property
    def targets(self) -> list[str]:
        """The targets that specs are for, sorted."""
        return list(sorted_unique(self.target).to_pylist())

    def alone(self, spec: AbstractSpec) -> Truth:
        """Which specs fit, whatever their packages and dependencies are."""
        found = self._arch(spec)
        if spec.hash:
            found = found & Truth.known(pc.starts_with(self._specs["hash"], spec.hash).to_numpy())
        if spec.namespace is not None:
            found = found & self._equal("namespace", spec.namespace)
        if spec.versions is not None:
            found = found & self._versions(spec.versions)
        for variant in spec.variants:
            if not variant.propagated:
                found = found & self.variant(variant) & self.has_variant(variant.name)
        for flag in spec.flags:
            found = found & self._flag(flag)
        return found

    def _equal(self, column: str, value: str) -> Truth:
        return by_column(self._specs[column], lambda text: text == value)

    def _versions(self, constraint: Constraint) -> Truth:
        def fits(text: str) -> bool | None:
            try:
                return parse_version(text) in constraint
            except UsageError:
                return None  # a git reference of which only its repository knows the version

        return by_column(self._specs["version"], fits)

    def _arch(self, spec: AbstractSpec) -> Truth:
        found = self.all()
        for column, value in (("platform", spec.platform), ("os", spec.os)):
            if value == "*":
                # Spack asks for nothing more then, not for the target either.
                return found & by_column(self._specs[column], lambda _: True)
            if value is not None:
                found = found & self._equal(column, value)
        if spec.target is None:
            return found
        wanted = spec.target
        return found & by_column(self.target, lambda name: fits_target(name, wanted))

    @cached_property
    def target(self) -> pa.Array:
        """The target of each spec; null where it is not known."""
        edges = self._tables.edges["FOR_TARGET"]
        return look_up(self._specs["hash"], edges["from"], flat(edges["to"]))

    def has_variant(self, name: str) -> Truth:
        """Which specs have a variant."""
        return self._any_variant(lambda text: _name_of(text) == name)

    def variant_names(self, specs: Mask) -> list[str]:
        """The names of the variants that some specs have, sorted."""
        lists = self._variants
        codes = distinct(lists.codes[specs[lists.rows]]).tolist()
        return sorted({_name_of(lists.texts[code]) for code in codes})

    def variant(self, wanted: Variant) -> Truth:
        """Which specs have no variant of that name, or have it as is wanted."""
        return ~self._any_variant(
            lambda text: _name_of(text) == wanted.name and _negated(_variant_fits(text, wanted))
        )

    def _any_variant(self, test: Callable[[str], bool | None]) -> Truth:
        return self._any_of(self._variants, test)

    def _flag(self, wanted: Flag) -> Truth:
        return self._any_of(self._lists("flags"), lambda text: _flag_fits(text, wanted))

    @cached_property
    def _variants(self) -> _Lists:
        return self._lists("variants")

    def _lists(self, column: str) -> _Lists:
        return _Lists(flat(self._specs[column]))

    def _any_of(self, lists: _Lists, test: Callable[[str], bool | None]) -> Truth:
        """Which specs have a text in their list that passes a test; null is a list not known."""
        held = _by_value(lists.texts, lists.codes, test)
        sure, may = np.zeros(self.size, bool), ~lists.known
        sure[lists.rows[held.sure]] = True
        may[lists.rows[held.may]] = True
        return Truth(sure, may)


class _Lists:
    """A column of lists of texts: for each text its row and its place among the distinct texts."""

    def __init__(self, column: pa.ListArray) -> None:
        self.known: Mask = pc.is_valid(column).to_numpy(zero_copy_only=False)
        self.rows = pc.list_parent_indices(column).to_numpy(zero_copy_only=False)
        encoded = pc.list_flatten(column).dictionary_encode()
        self.codes = encoded.indices.to_numpy(zero_copy_only=False)
        self.texts: list[str] = encoded.dictionary.to_pylist()


def by_column(column: Any, test: Callable[[str], bool | None]) -> Truth:
    """Which rows of a column have a text that passes a test, which each text is put to once.

    >>> by_column(pa.array(["a", None]), lambda text: text == "a").may
    array([ True,  True])
    """
    encoded = flat(column).dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return _by_value(encoded.dictionary.to_pylist(), codes, test)


def _by_value(
    values: list[str], codes: NDArray[np.int64], test: Callable[[str], bool | None]
) -> Truth:
    """What a test says of each code's value; None and -1 are not known."""
    answers = [*map(test, values), None]
    sure = np.array([answer is True for answer in answers])
    may = np.array([answer is not False for answer in answers])
    return Truth(sure[codes], may[codes])


def _name_of(text: str) -> str:
    """The name of a variant as the graph has it: `+x`, `~x` or `k=v`."""
    return text[1:] if text[0] in "+~" else text.partition("=")[0]


def _variant_fits(text: str, wanted: Variant) -> bool | None:
    """Whether a variant of the wanted name has the wanted values; None where it can't be said."""
    name, equals, value = text.partition("=")
    switch = None if equals and text[0] not in "+~" else text[0] == "+"
    if switch is None and value.upper() in ("TRUE", "FALSE"):
        switch = value.upper() == "TRUE"
    if switch is not None or isinstance(wanted.values, bool):
        return wanted.values == (() if wanted.values == () else switch)
    values = value.split(",") if value else []
    if wanted.exact:
        return sorted(set(values)) == list(wanted.values)
    if name != "patches":
        return set(wanted.values) <= set(values)
    found = [_patch_fits(values, patch) for patch in wanted.values]
    return False if False in found else None if None in found else True


def _flag_fits(text: str, wanted: Flag) -> bool | None:
    """Whether flags as the graph has them, `cflags='-O2 -g'`, hold one."""
    try:
        flags = parse_spec(text).flags
    except UsageError:
        return None
    return any((flag.kind, flag.text) == (wanted.kind, wanted.text) for flag in flags)


def _patch_fits(patches: list[str], wanted: str) -> bool | None:
    """Whether one of the patches has a hash that begins so; a page may have cut it off."""
    if any(patch.startswith(wanted) for patch in patches):
        return True
    cut = [patch for patch in patches if len(patch) < _WHOLE_PATCH and wanted.startswith(patch)]
    return None if cut else False


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
