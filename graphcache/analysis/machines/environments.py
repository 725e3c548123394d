"""How much of an environment a cache holds; for what it lacks, the nearest that it has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.builds import PARTS, as_built, differences
from graphcache.analysis.dependencies import NEEDS, Dependencies
from graphcache.analysis.machines.nearest import READS as COMPARED
from graphcache.analysis.machines.nearest import Differences
from graphcache.analysis.machines.reuse import READS as ASKED
from graphcache.analysis.machines.reuse import Host, Reuse
from graphcache.analysis.matching.matcher import Matcher
from graphcache.analysis.matching.names import wanted_specs
from graphcache.answers import Answer, Selection, reads
from graphcache.errors import UsageError, not_known
from graphcache.spack.libc import Libc, parse_libc
from graphcache.spack.versions import version_key
from graphcache.tables import Tables
from graphcache.tables.columns import look_up, semi_join
from graphcache.words import counted

COLUMNS = ["package", "version", "hash", "held", "nearest", "differs", "below"]
"""The columns of what `coverage` answers; where reuse is asked for, with `reuse` behind `held`."""

_Build = dict[str, Any]
"""A row of `as_built`, whether its dependencies are known, and `needs`, each `PACKAGE@VERSION`."""
_PATCHES = "patches="


def _union(*selections: Selection) -> Selection:
    """What several selections read."""
    names = {name for selection in selections for name in selection}
    return {
        name: tuple(dict.fromkeys(c for one in selections for c in one.get(name, ())))
        for name in sorted(names)
    }


@reads(_union(as_built.reads, ASKED, COMPARED, NEEDS, {"IN_STACK": ()}))
def coverage(
    environment: Tables,
    cache: Tables,
    *,
    specs: str | Iterable[str] | None = None,
    reuse: bool = False,
    target: str | None = None,
    libc: str | Libc | None = None,
) -> Answer:
    """For each spec of an environment whether the cache holds it, by hash; first what it lacks.

    For one that it lacks: the hash of the nearest spec of the package that it holds; in what that
    one `differs` itself, as far as it is known of both; and what differs `below`, in dependencies,
    each where it differs of its own. What is external is in no cache, and left out. A spliced spec
    is installed from the binary of the spec that it was spliced from, so that is the one to be
    held.

    With `reuse` there is one more column: what Spack could take in place of a build. That is the
    spec itself where it is held; else a spec of the package that is held, has the version and all
    variants and flags of the one in the environment, and fits the machine, with all that it is
    linked to or needs to run, as `usable` asks it. Of several it is the one that differs least. Its
    dependencies may be others than those of the environment: Spack decides for all specs together,
    so this is what it could take, and no promise that it does.

    Args:
        environment: of a lock file.
        cache: what holds binaries.
        specs: only those that are as one of these asks; all if None.
        reuse: whether it is asked what Spack could take.
        target: of the machine that it is asked for; that of each spec if None.
        libc: the C library there, such as `glibc@2.35`; the newest of the environment if None.

    Raises:
        NotKnownError: of no spec of the cache it is known whether it is held.
        UsageError: `specs` are none, or the environment has nothing of a name; target or library
            is none, or given without `reuse`.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> pages, _ = graphcache.read("examples/pages")
    >>> coverage(tables, pages).rows[0][3:]
    (False, None, ['no spec of this package'], [])
    >>> tables, _ = graphcache.read("examples/site/my-env")
    >>> cache, _ = graphcache.read("examples/site/develop")
    >>> answer = coverage(tables, cache, specs="python", reuse=True)
    >>> row = answer.to_dicts()[0]
    >>> row["reuse"][:7], row["differs"]
    ('m5ih3p6', ['compiler: gcc@14.3.0 -> gcc@13.4.0'])
    """
    if not reuse and (target is not None or libc is not None):
        raise UsageError("target and libc tell for which machine reuse is asked: expected that too")
    _require_held_known(cache)
    wanted, external = _wanted(environment, specs)
    held = _Held(cache)
    built = _spliced_from(environment)
    library = parse_libc(libc) if isinstance(libc, str) else libc
    takes = _Takes(environment, cache, target, library) if reuse else None
    held.describe({b["name"] for b in wanted if built.get(b["hash"], b["hash"]) not in held.hashes})
    found = []
    for build in wanted:
        others = held.of_package[build["name"]]
        is_held = built.get(build["hash"], build["hash"]) in held.hashes
        fits = takes.of(build, others) if takes and not is_held else []
        found.append((build, is_held, None if is_held else _nearest(build, fits or others), fits))
    compared = Differences(
        environment, cache, [(b["hash"], near["hash"]) for b, _, near, _ in found if near]
    )
    rows = []
    for build, is_held, near, fits in found:
        differs: tuple[list[str], list[str]] = [], []
        if not is_held:
            differs = ["no spec of this package"], []
        if near:
            differs = _differs(build, near, compared)
        taken = [build["hash"] if is_held else near["hash"] if near and fits else None]
        near_hash = near["hash"] if near else None
        rows.append(
            (
                *(build["name"], build["version"], build["hash"], is_held),
                *(taken if reuse else []),
                *(near_hash, *differs),
            )
        )
    rows.sort(key=lambda row: (row[3], row[0], version_key(row[1]), row[2]))
    columns = [*COLUMNS[:4], *(["reuse"] if reuse else []), *COLUMNS[4:]]
    unknown = [row for row in rows if built.get(row[2], row[2]) in held.unknown]
    notes = _notes(external, len(unknown))
    if specs is not None and not rows and not external:
        notes.append("No spec of the environment is as is asked.")
    return Answer(columns, rows, notes=notes)


def check_environment(environment: Tables, place: str) -> None:
    """See that what was read is an environment.

    Raises:
        UsageError: it names no roots, as the lock file of an environment does.
    """
    roots = environment.edges["IN_STACK"]["root"]
    if environment.nodes["Spec"].num_rows and roots.null_count == len(roots):
        raise UsageError(
            f"{place}: expected the lock file (spack.lock) of an environment, found "
            "an index, pages or spec files, which name no roots"
        )


def share(found: Answer, rejects: int) -> str:
    """How much `coverage` found to be held; of a file with rejects, the share is not known.

    >>> share(Answer(COLUMNS, [("zlib", "1.3", "a" * 32, True, None, [], [])]), 0)
    '1 of 1 spec is held: 100.0 %'
    """
    specs = len(found.rows)
    held = sum(row[COLUMNS.index("held")] for row in found.rows)
    if rejects:
        of_these = counted(specs, "spec that was read is", "specs that were read are")
        why = counted(rejects, "reject")
        return f"{held:,} of {of_these} held; of the whole it is not known: {why}"
    if not specs:
        return "There is nothing in it that a cache could hold."
    of_all = counted(specs, "spec is", "specs are")
    return f"{held:,} of {of_all} held: {100 * held / specs:.1f} %"


def _notes(external: int, not_said: int) -> list[str]:
    notes = []
    if external:
        notes.append(f"Left out: {counted(external, 'external spec')}, which no cache holds.")
    if not_said:
        specs = "spec of it is" if not_said == 1 else "specs of it are"
        notes.append(f"{not_said:,} {specs} in the store, but not known to be in the cache.")
    return notes


class _Held:
    """What a cache holds: all by hash, and by package what is near one that it lacks."""

    def __init__(self, cache: Tables) -> None:
        self._cache = cache
        specs = cache.nodes["Spec"]
        held = specs["in_buildcache"]
        self.hashes = set(specs["hash"].filter(pc.fill_null(held, False)).to_pylist())
        described = pc.is_valid(specs["version"])
        unknown = pc.and_(described, pc.is_null(held))
        self.unknown = set(specs["hash"].filter(unknown).to_pylist())
        """Specs of which it is not known."""
        self.of_package: dict[str, list[_Build]] = defaultdict(list)

    def describe(self, packages: set[str]) -> None:
        """Read what it holds of some packages into `of_package`."""
        for build in _builds(self._cache, packages):
            if build["hash"] in self.hashes:
                self.of_package[build["name"]].append(build)


def _wanted(environment: Tables, specs: str | Iterable[str] | None) -> tuple[list[_Build], int]:
    """What of an environment is installed from a cache; and how many externals there are."""
    asked = _as_asked(environment, specs)
    not_installed = _only_built(environment)
    found = [
        build
        for build in _builds(environment)
        if build["hash"] not in not_installed and (asked is None or build["hash"] in asked)
    ]
    kept = [build for build in found if not build["external"]]
    return kept, len(found) - len(kept)


def _as_asked(environment: Tables, specs: str | Iterable[str] | None) -> Collection[str] | None:
    """The hashes of the specs that are as one of some abstract specs asks."""
    if specs is None:
        return None
    matcher = Matcher(environment)
    found: set[str] = set()
    for spec in wanted_specs(matcher, specs):
        fits = matcher.match(spec).sure
        found.update(matcher.specs["hash"].filter(pa.array(fits)).to_pylist())
    return found


# What Spack could take ----------------------------------------------------------------------------


class _Takes:
    """What of a cache Spack could take for an environment."""

    def __init__(
        self, environment: Tables, cache: Tables, target: str | None, libc: Libc | None
    ) -> None:
        self._cache, self._target = cache, target
        self._libc = libc or _newest_libc(environment)
        self._flags = _flags(environment) | _flags(cache)
        self._fitting: dict[str, set[str]] = {}

    def of(self, build: _Build, others: list[_Build]) -> list[_Build]:
        """Those of the others that it could take for a spec."""
        fitting = self._on(build["target"] if self._target is None else self._target, build["os"])
        wanted = _chosen(build["variants"])
        return [
            other
            for other in others
            if other["hash"] in fitting
            and other["version"] == build["version"]
            and wanted is not None
            and wanted <= (_chosen(other["variants"]) or set())
            and self._flags.get(build["hash"], set()) <= self._flags.get(other["hash"], set())
        ]

    def _on(self, target: str, os: str) -> set[str]:
        """The hashes of what fits a target."""
        if target not in self._fitting:
            reuse = Reuse(self._cache, Host(target, self._libc, None if self._libc else os or None))
            fits = reuse.held.sure.copy()
            for demand in reuse.demands:
                fits &= demand.fits.sure
            hashes = self._cache.nodes["Spec"]["hash"].filter(pa.array(fits))
            self._fitting[target] = set(hashes.to_pylist())
        return self._fitting[target]


def _newest_libc(environment: Tables) -> Libc | None:
    """The newest C library of an environment; None where it names none, as on macOS."""
    libcs = Reuse(environment, Host("x86_64")).all_libcs
    return max(libcs, key=lambda libc: version_key(libc.version), default=None)


def _flags(tables: Tables) -> dict[str, set[str]]:
    """By hash the compiler flags, where there are any."""
    specs = tables.nodes["Spec"]
    given = specs.filter(pc.greater(pc.fill_null(pc.list_value_length(specs["flags"]), 0), 0))
    pairs = zip(given["hash"].to_pylist(), given["flags"].to_pylist(), strict=True)
    return {hash_: set(flags) for hash_, flags in pairs}


def _chosen(variants: list[str] | None) -> set[str] | None:
    """The variants, without the patches, which nobody chooses; None where they are not known."""
    return None if variants is None else {v for v in variants if not v.startswith(_PATCHES)}


# What is near -------------------------------------------------------------------------------------


def _require_held_known(cache: Tables) -> None:
    specs = cache.nodes["Spec"]
    if specs.num_rows and not pc.any(pc.is_valid(specs["in_buildcache"])).as_py():
        raise not_known(
            "of no spec in the store it is known whether the cache holds it: lock files don't tell "
            "that; load the index, the mirror or the pages of the cache,"
        )


def _spliced_from(tables: Tables) -> dict[str, str]:
    ends = (tables.edges["SPLICED_FROM"][end].to_pylist() for end in ("from", "to"))
    return dict(zip(*ends, strict=True))


def _only_built(tables: Tables) -> set[str]:
    graph = Dependencies(tables)
    members = graph.rows(tables.edges["IN_STACK"]["from"])
    return {graph.hash(row) for row in graph.only_built(members).tolist()}


def _nearest(build: _Build, others: list[_Build]) -> _Build | None:
    def distance(other: _Build) -> tuple[int, int, str]:
        variants = set(build["variants"] or ()) ^ set(other["variants"] or ())
        needs = build["needs"] != other["needs"] and _needs_are_known(build, other)
        return len(_own(build, other)) + needs, len(variants), other["hash"]

    return min(others, key=distance, default=None)


def _differs(build: _Build, near: _Build, compared: Differences) -> tuple[list[str], list[str]]:
    """In what the nearest one differs itself, and what differs below it, a line each.

    A part that is not known of one of them is no difference; where nothing is known that differs,
    the lines say what is not known.
    """
    hidden, below, unexplained = compared.of(build["hash"], near["hash"])
    own = [*_own(build, near), *hidden]
    unknown = [part for part in PARTS if _is_known(build, part) != _is_known(near, part)]
    lines = [f"not known: the {part} of one of them" for part in unknown]
    if not _needs_are_known(build, near):
        lines.append("not known: the dependencies of one of them")
    elif unexplained:
        lines.append(f"not told: {unexplained}")
    return (own if own or below else lines), below


def _own(build: _Build, other: _Build) -> list[str]:
    """In which of the parts that are known of both they differ."""
    parts = [part for part in PARTS if _is_known(build, part) == _is_known(other, part)]
    return differences(build, other, parts)


def _needs_are_known(build: _Build, other: _Build) -> bool:
    return bool(build["dependencies_known"] and other["dependencies_known"])


def _is_known(build: _Build, part: str) -> bool:
    # A list without variants is known, an empty text is not.
    return build[part] is not None if part == "variants" else bool(build[part])


def _builds(tables: Tables, packages: Collection[str] | None = None) -> Iterator[_Build]:
    """What each spec was built as; only those of some packages, if any are given."""
    specs, edges = tables.nodes["Spec"], tables.edges["DEPENDS_ON"]
    builds = as_built(tables)
    if packages is not None:
        builds = semi_join(builds, builds["name"], pa.array(sorted(packages), pa.string()))
        edges = semi_join(edges, edges["from"], builds["hash"])
    known = look_up(builds["hash"], specs["hash"], specs["dependencies_known"])
    builds = builds.append_column("known", known)
    version = pc.fill_null(specs["version"], "?")
    shown = pc.binary_join_element_wise(specs["name"], version, "@")
    ends = look_up(edges["to"], specs["hash"], shown)
    needs: dict[str, set[str]] = defaultdict(set)
    for start, end in zip(edges["from"].to_pylist(), ends.to_pylist(), strict=True):
        needs[start].add(end)
    for build in builds.to_pylist():
        known = build.pop("known")
        needed = frozenset(needs[build["hash"]])
        yield {**build, "needs": needed, "dependencies_known": known}
