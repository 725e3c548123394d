"""Which binaries run on a machine: what Spack would take there in place of a build."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.finding import COLUMNS as FOUND
from graphcache.analysis.finding import listed, places
from graphcache.analysis.machines.reuse import READS, Host, Reuse
from graphcache.analysis.matching.fitting import all_of, any_of, together
from graphcache.analysis.matching.matcher import Matcher
from graphcache.analysis.matching.names import wanted_specs
from graphcache.analysis.matching.spec_columns import Mask, SpecColumns, Truth, by_column
from graphcache.answers import Answer, Selection, reads
from graphcache.errors import close_names, no_such, not_known
from graphcache.spack.libc import Libc, parse_libc
from graphcache.tables import Tables
from graphcache.tables.columns import flat
from graphcache.words import counted

_READS: Selection = {
    **READS,
    "Spec": (*READS["Spec"], "derived"),
    "IN_STACK": ("releases",),
    "IN_RELEASE": (),
    "Release": (),
}
COLUMNS = (*FOUND, "libc", "mpi", "externals", "paste")
"""The columns of what `usable` answers; with `every` there is `why_not` behind them."""

_Parts = list[tuple[str, Truth]]


@reads(_READS)
def usable(
    tables: Tables,
    specs: str | Iterable[str],
    target: str,
    os: str | None = None,
    *,
    libc: str | Libc | None = None,
    stack: str | None = None,
    release: str | None = None,
    every: bool = False,
) -> Answer:
    """The binaries that are as asked and that Spack would take on a machine in place of a build.

    A target runs what is built for it and for all that it extends. A machine with a `libc`, such as
    `glibc@2.35`, is a Linux, and Spack asks there for what was built on the same library of that
    version at most, and not for the operating system. `os` is asked of a spec of which nobody tells
    what it needs, and so its library; and of all where no library is given. A macOS runs what is
    for an older one. Where neither is given, any system will do. `stack` and `release` are as with
    `find`. What a binary is linked to or needs to run has to be there and to fit as well.

    The answer has the `COLUMNS`: those of `find`, on which library it was built, what provides MPI
    to it, which externals Spack has to find in packages.yaml, and the line to paste. With `every`,
    what Spack does not take is listed too, and `why_not` has the reasons; it is empty for the rest.

    Raises:
        UsageError: as `find` does; or the library is none.
        NotKnownError: of none of what would do it is known whether the cache holds it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/pages")
    >>> len(usable(tables, "rocblas@6:", "zen4", "ubuntu22.04").rows)
    2
    >>> tables, _ = graphcache.read("examples/site/develop")
    >>> answer = usable(tables, "hdf5+mpi", "zen4", libc="glibc@2.28", every=True)
    >>> answer.to_dicts()[0]["why_not"]
    ['built on glibc@2.34']
    """
    library = parse_libc(libc) if isinstance(libc, str) else libc
    reuse = Reuse(tables, Host(target, library, os))
    matcher = Matcher(tables)
    wanted = [matcher.parts(spec) for spec in wanted_specs(matcher, specs)]
    held = places(tables, stack, release)
    demands = [(demand.label, demand.fits) for demand in reuse.demands]
    asked = [[*parts, *demands, *held] for parts in wanted]
    _require_held(asked, reuse)
    asked = [[*parts, ("held by the cache", reuse.held)] for parts in asked]
    fits, notes = together(tables, asked)
    fitting = any_of([all_of([*parts, *held], len(fits.sure)) for parts in wanted], len(fits.sure))
    rows = np.flatnonzero(fitting.sure if every else fits.sure)
    notes += _notes(reuse, fits.sure, fitting.sure)
    return replace(_answer(tables, reuse, rows, every), notes=notes)


def check_os(tables: Tables, os: str) -> None:
    """Refuse the name of an operating system that looks like a misspelling; reads `READS`.

    One that the graph lacks may be right all the same, as another version of one that it has is.

    Raises:
        UsageError: it is none of the graph's, but like one of them.
    """
    there = SpecColumns(tables).values("os")
    systems = {_without_version(name) for name in there}
    mistyped = os not in there and os.replace(".", "") in {name.replace(".", "") for name in there}
    known = os in there or (_without_version(os) in systems and not mistyped)
    if not os or (not known and close_names(os, there)):
        raise no_such("operating system", os, there)


def _without_version(os: str) -> str:
    return os.rstrip("0123456789.")


def _require_held(asked: list[_Parts], reuse: Reuse) -> None:
    """Refuse where of nothing that would do it is known whether the cache holds it."""
    size = len(reuse.told)
    fits = any_of([all_of(parts, size) for parts in asked], size).may
    if fits.any() and reuse.held.unknown[fits].all():
        specs = counted(int(fits.sum()), "spec that may do", "specs that may do")
        raise not_known(
            f"whether the cache holds a binary is not known of {specs}: lock files and spec "
            "files don't tell; load the index or pages of the cache,"
        )


# What there is to say -----------------------------------------------------------------------------


def _notes(reuse: Reuse, usable: Mask, fitting: Mask) -> list[str]:
    """On what the answer stands, where that is not what Spack stands on."""
    host = reuse.host
    return [
        *_by_system(host, int((usable & ~reuse.told).sum())),
        *_silent(int((usable & reuse.silent).sum()) if host.libc else 0),
        *_elsewhere(reuse, usable),
        *_with_externals(reuse, usable),
        *([] if host.libc or host.platform else _other_systems(reuse, usable, fitting)),
    ]


def _by_system(host: Host, untold: int) -> list[str]:
    if not (host.libc and untold):
        return []
    of_them = counted(untold, "binary", "binaries")
    taken = f"taken by os={host.os}" if host.os else "taken whatever system they are for"
    return [
        f"Of {of_them} it is not known what they need, and so not on which C library they were "
        f"built: {taken}"
    ]


def _silent(count: int) -> list[str]:
    if not count:
        return []
    binaries = counted(count, "compiled binary names", "compiled binaries name")
    return [
        f"{binaries} no C library, as of an older Spack: none is asked for then, and they may need "
        "a newer one than the machine has"
    ]


def _elsewhere(reuse: Reuse, usable: Mask) -> list[str]:
    """Where the C libraries lie, if this is asked by Spack, and was not said of the machine."""
    host = reuse.host.libc
    if host is None or host.path is not None:
        return []
    rows = np.flatnonzero(usable).tolist()
    paths = sorted({libc.path for row in rows for libc in reuse.libcs(row) if libc.path})
    if len(paths) < 2:
        return []
    return [
        f"These were built on libraries at {', '.join(paths)}: Spack takes only those of the path "
        "where the machine has its own"
    ]


def _with_externals(reuse: Reuse, usable: Mask) -> list[str]:
    needing = sum(bool(usable[row]) for row in reuse.externals)
    if not needing:
        return []
    binaries = counted(needing, "binary is", "binaries are")
    return [
        f"{binaries} taken by Spack only where packages.yaml has the same externals, which they "
        "are linked to or need to run"
    ]


def _other_systems(reuse: Reuse, usable: Mask, fitting: Mask) -> list[str]:
    """How many binaries would do but for their operating system, which Spack does not ask for."""
    if reuse.host.os is None:
        return []
    of_any = Reuse(reuse.tables, Host(reuse.host.target))
    others = fitting & of_any.held.sure & ~usable
    for demand in of_any.demands:
        others &= demand.fits.sure
    if not others.any():
        return []
    binaries = counted(int(others.sum()), "binary is", "binaries are")
    there = reuse.tables.nodes["Spec"]["os"]
    of_os = np.flatnonzero(pc.fill_null(pc.equal(there, reuse.host.os), False).to_numpy())
    libcs = {str(libc) for row in of_os.tolist() for libc in reuse.libcs(row)}
    known = f", here {libcs.pop()}" if len(libcs) == 1 else ""
    return [
        f"{binaries} left out, being for other operating systems: on Linux Spack asks for the "
        f"machine's C library (libc) instead{known}"
    ]


# The answer ---------------------------------------------------------------------------------------


def _answer(tables: Tables, reuse: Reuse, rows: Rows, every: bool) -> Answer:
    """The specs in the rows, with what `find` says of them and what a user asks next."""
    found = listed(tables, rows)
    specs = tables.nodes["Spec"]
    mpi = _providers(tables, "mpi")
    derived = pc.fill_null(specs["derived"], False).to_numpy()
    of_row = {specs["hash"][row].as_py(): row for row in rows.tolist()}
    more = []
    for hash_, name, *_ in found.rows:
        row = of_row[hash_]
        refused = reuse.why_not(row) if every else []
        taken = not refused and not derived[row]
        values: tuple[Any, ...] = (
            " ".join(map(str, reuse.libcs(row))) or None,
            mpi.get(hash_),
            reuse.externals.get(row, []),
            f"spack install --cache-only {name}/{hash_}" if taken else None,
        )
        more.append((*values, refused) if every else values)
    columns = [*COLUMNS, "why_not"] if every else list(COLUMNS)
    return replace(
        found,
        columns=columns,
        rows=[(*row, *values) for row, values in zip(found.rows, more, strict=True)],
    )


def _providers(tables: Tables, virtual: str) -> dict[str, str]:
    """By hash what provides a virtual package to a spec, as `name@version`."""
    edges = tables.edges["DEPENDS_ON"]
    texts = pc.binary_join(flat(edges["virtuals"]), ",")
    provides = by_column(texts, lambda text: virtual in text.split(",")).sure
    edges = edges.filter(pa.array(provides))
    specs = tables.nodes["Spec"]
    at = pc.index_in(edges["to"], specs["hash"])
    names, versions = (specs[column].take(at).to_pylist() for column in ("name", "version"))
    ends = zip(edges["from"].to_pylist(), names, versions, strict=True)
    return {start: f"{name}@{version or '?'}" for start, name, version in ends}
