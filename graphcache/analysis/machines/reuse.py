"""What of a graph Spack takes on a machine in place of a build, and why not the rest.

On Linux Spack does not ask for which operating system a binary was built, but on which C library;
on macOS it asks for the operating system or an older one. What a binary is linked to or needs to
run has to be taken with it, so all of that is asked the same; what only built it is not.

Source: Spack 1.2.0.dev0, `spack.solver`: `libc_compatibility.lp`, `os_compatibility.lp`,
`concretize.lp` (targets, installed packages), `reuse.py` and `asp.py` (`_spec_clauses`); where it
was held against Spack's answers is in `docs/truth.md`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Dependencies, Reach, Rows
from graphcache.analysis.matching.matcher import READS as MATCHED
from graphcache.analysis.matching.matcher import Matcher
from graphcache.analysis.matching.spec_columns import Mask, SpecColumns, Truth, by_column
from graphcache.answers import Selection
from graphcache.errors import no_such
from graphcache.spack.libc import Libc
from graphcache.spack.spec_parser import parse_spec
from graphcache.spack.targets import is_known, known_targets, runs_on
from graphcache.tables import Tables
from graphcache.tables.columns import flat

MACOS = ("catalina", "bigsur", "monterey", "ventura", "sonoma", "sequoia", "tahoe")
"""The systems of macOS, in their order: one runs what was built for those before it."""

READS: Selection = {
    **MATCHED,
    "Spec": (*MATCHED["Spec"], "in_buildcache", "external_path"),
    "SPLICED_FROM": (),
}
"""What `Reuse` reads of a graph."""

_WRAPPER = "compiler-wrapper"
"""What Spack never takes from a cache."""
_RUNTIMES = {"gcc": "gcc-runtime", "intel-oneapi-compilers": "intel-oneapi-runtime"}
"""Compilers, and what a spec that was built with one has to need, or Spack does not take it."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine, as far as Spack asks for it.

    Raises:
        UsageError: archspec does not know the target.
    """

    target: str
    libc: Libc | None = None
    os: str | None = None

    def __post_init__(self) -> None:
        if not is_known(self.target):
            raise no_such("target", self.target, known_targets(), "archspec")

    @property
    def platform(self) -> str | None:
        """The platform, as far as the C library or the operating system tells it."""
        return "linux" if self.libc else "darwin" if self.os in MACOS else None

    @property
    def systems(self) -> tuple[str, ...]:
        """The operating systems whose binaries run there; none where it is not asked."""
        if self.os in MACOS:
            return MACOS[: MACOS.index(self.os) + 1]
        return (self.os,) if self.os else ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What Spack asks of a spec."""

    label: str
    """What specs are that fulfil it: `no zlib in the graph is …`."""
    fits: Truth
    why: Callable[[int], str]
    """Why the spec in a row does not fulfil it."""


class Reuse:
    """A graph, prepared for the question what of it Spack takes on a machine.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/truth/base.spack.lock.gz")
    >>> reuse = Reuse(tables, Host("zen3", Libc("glibc", "2.31")))
    >>> reuse.why_not(tables.nodes["Spec"]["name"].index("curl").as_py())[0]
    'built on glibc@2.36'
    """

    def __init__(self, tables: Tables, host: Host) -> None:
        self.host = host
        self.tables = tables
        self._specs = tables.nodes["Spec"]
        self._columns = SpecColumns(tables)
        self._graph = Dependencies(tables)
        self.told: Mask = ~self._graph.unknown
        """Of which specs it is known what they need, and so their C library."""
        self.held = _boolean(self._specs["in_buildcache"])
        """Which specs the cache holds, as far as a source says."""

    @cached_property
    def demands(self) -> list[Demand]:
        """What is asked of each spec besides that the cache holds it."""
        return [self._own_binary(), *self._of_each, self._what_it_needs()]

    def why_not(self, row: int) -> list[str]:
        """Why Spack does not take the spec in a row; what is not known of it is told as such."""
        if self._external.sure[row]:
            return ["an external, which is no binary"]
        held = Demand("held by the cache", self.held, lambda _: "the cache holds no binary of it")
        *own, needs = self.demands
        found = [why for demand in (*own, held) for why in self._why(demand, row)]
        # A dependency mostly does not fit for the same reason.
        return found or self._why(needs, row)

    def _why(self, demand: Demand, row: int) -> list[str]:
        if demand.fits.sure[row]:
            return []
        known = not demand.fits.may[row]
        return [demand.why(row) if known else f"not known: whether it is {demand.label}"]

    def libcs(self, row: int) -> list[Libc]:
        """The C libraries that the spec in a row was built on; none where none is known."""
        return [self._libc_of(end) for end in self._built_on.get(row, ())]

    @property
    def all_libcs(self) -> set[Libc]:
        """The C libraries that specs were built on."""
        ends = {end for ends in self._built_on.values() for end in ends}
        return {self._libc_of(end) for end in ends}

    @cached_property
    def silent(self) -> Mask:
        """Which specs were compiled, and name no C library, so that Spack asks for none."""
        built = pc.is_in(self._specs["hash"], self.tables.edges["BUILT_WITH"]["from"])
        asked = self._starting(np.flatnonzero(self._to_libc))
        silent: Mask = built.to_numpy() & self.told & ~asked & ~self._external.sure
        return silent

    @cached_property
    def externals(self) -> dict[int, list[str]]:
        """By row what is installed there by others that the spec is linked to or needs to run.

        Spack takes the binary only where packages.yaml names all of them.
        """
        found: dict[int, list[str]] = {}
        below = np.unique(self._ends[self._to_take])
        for row in below[self._external.sure[below]].tolist():
            place = self._specs["external_path"][row].as_py()
            text = f"{self._name(row)} {place}" if place else self._name(row)
            for above in self._taken.needing(np.array([row])).rows.tolist():
                if above != row:
                    found.setdefault(above, []).append(text)
        return {row: sorted(texts) for row, texts in found.items()}

    # What is asked of each spec by itself

    @cached_property
    def _of_each(self) -> list[Demand]:
        """What is asked of a spec, and of all that it is linked to or needs to run."""
        host = self.host
        found = [self._target()]
        if host.platform:
            found.append(self._named("platform", (host.platform,), f"for {host.platform}"))
        if host.libc:
            found.append(self._libc(host.libc))
        if host.systems:
            found.append(self._named("os", host.systems, f"os={host.os}"))
        return [*found, self._never(), self._runtimes()]

    def _own_binary(self) -> Demand:
        return Demand("a binary", ~self._external, lambda _: "an external, which is no binary")

    def _target(self) -> Demand:
        target, runs = self.host.target, set(runs_on(self.host.target))
        column = self._columns.target
        return Demand(
            f"for a target that {target} runs",
            by_column(column, lambda name: name in runs),
            lambda row: f"for {column[row]}",
        )

    def _named(self, column: str, names: tuple[str, ...], label: str) -> Demand:
        values = self._specs[column]
        fits = by_column(values, lambda name: name in names)
        if column == "os" and self.host.libc:  # which is asked instead, where it is known
            fits = fits | Truth.known(self.told)
        return Demand(label, fits, lambda row: f"for {values[row]}")

    def _libc(self, host: Libc) -> Demand:
        rows = np.flatnonzero(self._to_libc)
        ends = self._ends[rows]
        answers = {end: host.runs(self._libc_of(end)) for end in np.unique(ends).tolist()}
        fits = [answers[end] for end in ends.tolist()]
        runs = self._starting(rows[np.array([fit is True for fit in fits], bool)])
        may = self._starting(rows[np.array([fit is not False for fit in fits], bool)])
        # Spack asks nothing of what names no C library, and of an external takes any.
        free = Truth.known(~self._starting(rows) | self._external.sure)
        return Demand(
            f"for {host} or an older one",
            Truth(runs, may) | free,
            lambda row: f"built on {' and '.join(map(self._shown, self.libcs(row)))}",
        )

    def _never(self) -> Demand:
        """That it is nothing that Spack takes on no machine."""
        wrapper = self._columns.named(_WRAPPER)
        developed = self._columns.has_variant("dev_path").sure
        return Demand(
            "what Spack takes from a cache",
            Truth.known(~(wrapper | developed)),
            lambda row: (
                f"{'a compiler wrapper' if wrapper[row] else 'a development build'}, "
                "which Spack never takes from a cache"
            ),
        )

    def _runtimes(self) -> Demand:
        """That there is a runtime to the compiler that it names."""
        matcher = Matcher(self.tables)
        fits = self._columns.all()
        for compiler, runtime in _RUNTIMES.items():
            built = Truth.known(self._columns.named(compiler))
            built = built | matcher.match(parse_spec(f"^{compiler}"))
            fits = fits & (~built | matcher.match(parse_spec(f"^{runtime}")))
        return Demand(
            "built with a compiler whose runtime it needs",
            fits | self._external | ~Truth.known(self.told),
            lambda _: f"it needs a compiler, but not {' or '.join(_RUNTIMES.values())}",
        )

    # What a spec needs

    def _what_it_needs(self) -> Demand:
        """That all that is taken with it fits as well."""
        fits = self.held | self._external
        for demand in self._of_each:
            fits = fits & demand.fits
        below = np.zeros(self._columns.size, bool)
        below[self._ends[self._to_take]] = True
        never, not_sure = (
            self._taken.needing(np.flatnonzero(below & mask)) for mask in (~fits.may, ~fits.sure)
        )
        return Demand(
            "without a dependency that does not fit",
            Truth(~self._above(not_sure), ~self._above(never)),
            lambda row: self._why_below(row, never),
        )

    def _above(self, reach: Reach) -> Mask:
        """Which specs need something that was reached."""
        found = np.zeros(self._columns.size, bool)
        found[self._starts[self._to_take & reach.found[self._ends]]] = True
        return found

    def _why_below(self, row: int, reach: Reach) -> str:
        """Which dependency does not fit, and in what: the nearest one on one way."""
        ends = self._taken.needs(row)
        one = reach.path(int(ends[reach.found[ends]][0]))[-1]
        if not (self.held.may | self._external.sure)[one]:
            return f"it needs {self._name(one)}, of which the cache holds no binary"
        why = next(demand.why(one) for demand in self._of_each if not demand.fits.may[one])
        return f"it needs {self._name(one)}: {why}"

    # Edges

    @cached_property
    def _starts(self) -> Rows:
        return self._graph.starts

    @cached_property
    def _ends(self) -> Rows:
        return self._graph.ends

    @cached_property
    def _to_libc(self) -> Mask:
        """Which edges lead to what a spec needs as its C library."""
        texts = _joined(self.tables.edges["DEPENDS_ON"]["virtuals"])
        return by_column(texts, lambda text: "libc" in text.split(",")).sure

    @cached_property
    def _built_on(self) -> dict[int, list[int]]:
        """By the row of a spec those of its C libraries."""
        found: dict[int, list[int]] = {}
        ends = self._starts[self._to_libc].tolist(), self._ends[self._to_libc].tolist()
        for start, end in zip(*ends, strict=True):
            found.setdefault(start, []).append(end)
        return found

    @cached_property
    def _to_take(self) -> Mask:
        """Which edges lead to what is taken with a spec.

        Not to what builds it alone. C library and gcc-runtime are chosen anew.
        """
        texts = _joined(self.tables.edges["DEPENDS_ON"]["types"])
        build = by_column(texts, lambda text: text == "build").sure
        runtime = self._columns.named("gcc-runtime")[self._ends]
        return ~build & ~runtime & ~self._to_libc

    @cached_property
    def _taken(self) -> Dependencies:
        """What is taken with what."""
        edges = self.tables.edges
        taken = edges["DEPENDS_ON"].filter(pa.array(self._to_take))
        none = edges["SPLICED_FROM"].slice(0, 0)
        chosen = {**edges, "DEPENDS_ON": taken, "SPLICED_FROM": none}
        return Dependencies(Tables(self.tables.nodes, chosen))

    def _starting(self, edges: Rows) -> Mask:
        found = np.zeros(self._columns.size, bool)
        found[self._starts[edges]] = True
        return found

    # Values

    @cached_property
    def _external(self) -> Truth:
        return Truth.known(_boolean(self._specs["external"]).sure)

    def _name(self, row: int) -> str:
        name, version, hash_ = (self._specs[c][row].as_py() for c in ("name", "version", "hash"))
        return f"{name}@{version or '?'}/{hash_[:7]}"

    def _libc_of(self, row: int) -> Libc:
        values = (self._specs[c][row].as_py() for c in ("name", "version", "external_path"))
        name, version, path = values
        return Libc(name or "", version or "", path)

    def _shown(self, libc: Libc) -> str:
        elsewhere = self.host.libc and self.host.libc.path not in (None, libc.path)
        return f"{libc} at {libc.path}" if elsewhere and libc.path else str(libc)


def _boolean(column: pa.ChunkedArray) -> Truth:
    sure, may = (pc.fill_null(column, value).to_numpy() for value in (False, True))
    return Truth(sure, may)


def _joined(lists: pa.ChunkedArray) -> pa.Array:
    return pc.binary_join(flat(lists), ",")
