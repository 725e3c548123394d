"""Why the same configuration was built again: all that differs in two specs, and below them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.dependencies import NEEDS, Dependencies, Rows, Runs
from graphcache.analysis.differing.causes import causes_of_pairs
from graphcache.analysis.differing.spec_pairs import READS as COMPARED
from graphcache.analysis.matching.matcher import READS
from graphcache.analysis.matching.names import meant
from graphcache.analysis.memberships import codes, configuration_codes, members, specs_in
from graphcache.analysis.pins.held_tables import with_choices
from graphcache.answers import Answer, reads
from graphcache.spack.versions import words_key
from graphcache.tables import Tables
from graphcache.tables.arrays import coded_pairs, decoded_pairs, distinct
from graphcache.words import counted

COLUMNS = ["cause", "kind", "builds", "alone", "packages", "stacks", "bytes", "example"]


@reads(
    {
        **READS,
        **COMPARED,
        **NEEDS,
        **with_choices.reads,
        "Spec": (*with_choices.reads["Spec"], *COMPARED["Spec"], "configuration", "size"),
        "DEPENDS_ON": (*READS["DEPENDS_ON"], *COMPARED["DEPENDS_ON"]),
        "IN_STACK": (),
    }
)
def rebuilds(
    tables: Tables,
    package: str | None = None,
    stack: str | None = None,
    what_if: str | Iterable[str] = (),
) -> Answer:
    """The causes of rebuilds, ranked by how many builds each takes part in.

    Two specs of one configuration look alike and are not. Each spec but the first of a
    configuration, in the order of hashes, is compared with that one, down their dependencies: a
    cause is what differs in one of them and comes along with nothing else that does, as
    `diff_specs` tells it. A build may have several causes.

    Args:
        tables: the graph.
        package: only rebuilds of this package, or of what a spec asks for, as `find` takes it.
        stack: only rebuilds in this stack.
        what_if: specs to which packages are held, as `zlib-ng@2.3.3`: only the rebuilds that remain
            then, with what they still have for causes. A name alone holds the package to what most
            of its builds are; `mpi=openmpi` holds what provides a virtual.

    Returns:
        One row per cause: what differs, with the lower version first; its kind; the builds in
        which it takes part, and those of which it is the only cause; how many packages were built
        again, and how many stacks hold these builds; their bytes, null where of none the size is
        known; and as an example the command that compares two such specs.

        Kinds are version, variant, compiler, target, os, platform, flags, recipe, namespace,
        external, provider (of a virtual), dependency types, virtuals, dependency, splice; "recipe
        or flags" where the source tells neither, and "not known".

    Raises:
        UsageError: as `find` does, or the graph has no such stack.
        NotKnownError: no dependencies are known.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> rebuilds(tables).rows[1][:5]
    ('python 3.12.12 → 3.14.2', 'version', 22, 17, 21)
    """
    graph = Dependencies(tables)
    chosen, notes = _chosen(tables, graph, package, stack)
    first, other = _pairs(configuration_codes(tables), chosen)
    if what_if := [what_if] if isinstance(what_if, str) else list(what_if):
        told, before = graph.notes(), (_built(graph, chosen), len(first))
        tables, said = with_choices(tables, what_if)
        graph = Dependencies(tables)
        chosen, _ = _chosen(tables, graph, package, stack)
        first, other = _pairs(configuration_codes(tables), chosen)
        notes = [*told, *notes, *said, _remaining(before, (_built(graph, chosen), len(first)))]
    found = causes_of_pairs(tables, graph, first, other)
    # The pairs are in the order of hashes: the first one of a cause is its example.
    causes, examples, builds = np.unique(found.cause, return_index=True, return_counts=True)
    alone = np.bincount(found.pair)[found.pair] == 1
    again = other[found.pair]
    pairs = found.pair[examples]
    of_cause = np.searchsorted(causes, found.cause)
    columns = (
        [found.causes[cause].text for cause in causes.tolist()],
        [found.causes[cause].kind for cause in causes.tolist()],
        builds.tolist(),
        np.bincount(of_cause, alone).astype(int).tolist(),
        _groups(of_cause, codes(graph.specs["name"])[0][again], len(causes)),
        _stacks(tables, graph, of_cause, again, len(causes)),
        _bytes(graph, of_cause, again, len(causes)),
        map(_compared, graph.column("hash", first[pairs]), graph.column("hash", other[pairs])),
    )
    rows = sorted(zip(*columns, strict=True), key=lambda row: (-row[2], words_key(row[0])))
    notes = [*([] if what_if else graph.notes()), *notes, *_size_notes(graph, distinct(again))]
    if not rows and not what_if:
        where = f" in stack {stack}" if stack else ""
        what = f" of {package}" if package else ""
        notes = [*notes, f"No two specs{what}{where} look alike, so nothing was built again."]
    return Answer(COLUMNS, rows, notes=notes)


def _built(graph: Dependencies, rows: Rows) -> int:
    """How many of the specs are builds, and no externals."""
    external = pc.fill_null(graph.specs["external"], False).to_numpy()
    return int((~external[rows]).sum())


def _remaining(before: tuple[int, int], after: tuple[int, int]) -> str:
    """How many builds there are then, and how many of them look like another one."""
    (builds, again), (remain, still) = before, after
    # What is held may look alike that did not, and so more of fewer builds.
    do = counted(still, "does", "do")
    alike = f"{again:,} looked like another one before, and {do} then"
    return f"Of {counted(builds, 'build')} {counted(remain, 'remains', 'remain')}: {alike}."


def _groups(cause: Rows, group: Rows, causes: int) -> list[int]:
    """For each cause how many different groups it comes with."""
    width = int(group.max(initial=0)) + 1
    of_groups, _ = decoded_pairs(distinct(coded_pairs(cause, group, width)), width)
    found: list[int] = np.bincount(of_groups, minlength=causes).tolist()
    return found


def _stacks(
    tables: Tables, graph: Dependencies, cause: Rows, again: Rows, causes: int
) -> list[int]:
    """For each cause how many stacks hold builds that it takes part in."""
    held = members(tables, "IN_STACK")
    order = np.argsort(held.specs, kind="stable")
    which, edges = Runs(held.specs[order], graph.specs.num_rows).of(again)
    return _groups(cause[which], held.groups[order][edges], causes)


def _bytes(graph: Dependencies, cause: Rows, again: Rows, causes: int) -> list[int | None]:
    """For each cause the bytes of the builds that it takes part in; None where of none known."""
    sizes = graph.specs["size"].take(pa.array(again))
    known = sizes.is_valid().to_numpy()
    total = np.zeros(causes, np.int64)
    np.add.at(total, cause, pc.fill_null(sizes, 0).to_numpy())
    some = np.bincount(cause[known], minlength=causes) > 0
    return [size if told else None for size, told in zip(total.tolist(), some, strict=True)]


def _size_notes(graph: Dependencies, again: Rows) -> list[str]:
    """Of how many builds the size is not known, where it is of some."""
    unknown = graph.specs["size"].take(pa.array(again)).null_count
    if not 0 < unknown < len(again):
        return []
    builds = counted(len(again), "build")
    return [f"Of {unknown:,} of {builds} the size is not known, and not in the bytes."]


def _compared(first: str, other: str) -> str:
    """The command that says in what two specs differ."""
    return f"graphcache diff /{first} /{other}"


def _chosen(
    tables: Tables, graph: Dependencies, package: str | None, stack: str | None
) -> tuple[Rows, list[str]]:
    """The specs to look at, in the order of hashes, and what there is to say of others."""
    rows = np.flatnonzero(pc.is_valid(graph.specs["version"]).to_numpy())
    notes: list[str] = []
    if stack is not None:
        rows = np.intersect1d(rows, specs_in(tables, "stack", stack))
    if package is not None:
        asked, notes = meant(tables, package)
        rows = np.intersect1d(rows, asked)
    return rows, notes


def _pairs(configuration: Rows, rows: Rows) -> tuple[Rows, Rows]:
    """The first spec of each configuration with each other one, in the order of hashes."""
    _, first, group = np.unique(configuration[rows], return_index=True, return_inverse=True)
    firsts = rows[first[group]]
    order = np.lexsort((rows, firsts))
    firsts, others = firsts[order], rows[order]
    again = firsts != others
    return firsts[again], others[again]
