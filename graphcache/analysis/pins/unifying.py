"""Which packages, held to one choice throughout some stacks, would make most builds one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from graphcache.analysis.dependencies import Dependencies, Mask, Rows
from graphcache.analysis.memberships import specs_in
from graphcache.analysis.pins.build_graphs import build_graph
from graphcache.analysis.pins.candidates import told
from graphcache.analysis.pins.graphs import BuildGraph
from graphcache.analysis.pins.holding import Pin
from graphcache.analysis.pins.identities import identities_of
from graphcache.analysis.pins.remaining import Builds
from graphcache.analysis.pins.trying import Trial
from graphcache.answers import Answer, reads
from graphcache.errors import UsageError
from graphcache.spack.flags import quoted
from graphcache.tables import Tables
from graphcache.words import counted

COLUMNS = ["package", "kind", "held_to", "instead_of", "saves", "bytes", "remain", "require"]


@reads(
    {
        **build_graph.reads,
        "Spec": (*build_graph.reads["Spec"], "size"),
        "IN_STACK": ("releases", "root"),
        "IN_RELEASE": (),
        "Release": (),
    }
)
def unify(
    tables: Tables,
    stacks: str | Iterable[str] = (),
    release: str | None = None,
    max_pins: int = 5,
) -> Answer:
    """Which packages, held to one choice throughout the stacks, would make most builds one.

    A pin holds a package to one version, value of a variant, flags, namespace, recipe or external,
    one that is needed only to build to one target, or a virtual to one provider. It is put in, and
    the graphs are compared anew: two builds are one that agree in their own settings and in all
    that is below. So many distinct builds remain as there are then. Pins are chosen one after the
    other, best first, each on top of those before.

    A version is held to the newest that is there, all else to what most builds have.

    Args:
        tables: the graph.
        stacks: only what these hold; if there are none, all.
        release: only what is in this release; in all of them if None.
        max_pins: so many at most.

    Returns:
        A row per pin: the package, or of a provider the virtuals; the kind; what it is held to, and
        instead of what; how many builds it saves, and how many bytes, None where a size is not
        known; how many builds remain; and what `require:` of a packages.yaml says of it, None where
        that can't say it.

    Raises:
        UsageError: the graph has no such stack or release, or no pin is asked for.
        NotKnownError: no dependencies are known.

    >>> import graphcache
    >>> stack = [f"examples/site/{release}/tools" for release in ("2026-10", "develop")]
    >>> unify(graphcache.read(*stack)[0], max_pins=1).rows[0][:5]
    ('python', 'version', '3.13.13', ['3.12.13'], 29)
    """
    if max_pins < 1:
        raise UsageError(f"max_pins: expected 1 or more, found {max_pins}")
    graph = Dependencies(tables)
    notes = graph.notes()
    rows = _chosen(tables, graph, [stacks] if isinstance(stacks, str) else stacks, release)
    builds, sizes = first_builds(tables, graph, rows)
    first = builds.distinct
    found: list[tuple[object, ...]] = []
    trial = Trial()
    while len(found) < max_pins and (best := trial.best(builds)):
        pin, changes = best
        after = builds.then(changes)
        package, held_to, instead_of = told(builds.graph, pin, changes)
        saved = builds.distinct - after.distinct
        bytes_ = _bytes_saved(builds, after, sizes)
        remain = after.distinct
        kind = "several" if pin.kind == "spec" else pin.kind
        required = requirement(pin)
        found.append((package, kind, held_to, instead_of, saved, bytes_, remain, required))
        builds = after
    notes += [*trial.notes, *_said(first, builds.distinct, len(found))]
    return Answer(COLUMNS, found, notes=notes)


def _said(first: int, remain: int, pins: int) -> list[str]:
    if not first:
        return ["None: nothing of this is built."]
    if not pins:
        return [f"None: no choice of one package makes fewer of the {counted(first, 'build')}."]
    return [
        f"Of {counted(first, 'build')} {counted(remain, 'remains', 'remain')}. A pin is a promise "
        "only as far as constraints allow it: concretize with them to see."
    ]


def requirement(pin: Pin) -> str | None:
    """What `require:` of a packages.yaml says of a pin; None where it can't say it.

    >>> requirement(Pin("version", "zlib-ng", "2.3.3")), requirement(Pin("recipe", "zlib-ng"))
    ('@=2.3.3', None)
    """
    if pin.kind == "version":
        return f"@{pin.value}" if "=" in pin.value else f"@={pin.value}"
    if pin.kind == "variant":
        name, equals, value = pin.value.partition("=")
        return f"{name}:={quoted(value)}" if equals else name
    required = {
        "spec": pin.value,
        "flags": pin.value or None,
        "target": f"target={pin.value}",
        "namespace": f"{pin.value}.{pin.package}",
        "provider": pin.package,
    }
    return required.get(pin.kind)


# What is chosen -----------------------------------------------------------------------------------


def _chosen(
    tables: Tables, graph: Dependencies, stacks: Iterable[str], release: str | None
) -> Rows:
    """The specs that are asked for, but those that are only named by others, in order."""
    rows = np.flatnonzero(pc.is_valid(graph.specs["version"]).to_numpy())
    held = [specs_in(tables, "stack", stack, release) for stack in stacks]
    if held:
        rows = np.intersect1d(rows, np.concatenate(held))
    elif release is not None:
        rows = np.intersect1d(rows, specs_in(tables, "release", release))
    return rows


def first_builds(tables: Tables, graph: Dependencies, rows: Rows) -> tuple[Builds, Rows]:
    """The builds of the chosen specs with all that they need, and their sizes, -1 if not known."""
    every = graph.needed(rows).rows
    builds = build_graph(tables, graph, every)
    chosen = np.isin(every, rows)
    roots = _roots(tables, graph, builds, every, chosen)
    needed = builds.reached(roots)
    sizes = pc.fill_null(graph.specs["size"], -1).to_numpy()[every]
    return Builds(builds, identities_of(builds), chosen, roots, needed, needed), sizes


def _roots(
    tables: Tables, graph: Dependencies, builds: BuildGraph, every: Rows, chosen: Mask
) -> Rows:
    """The chosen specs that no other chosen one needs, and the roots of environments."""
    named = tables.edges["IN_STACK"].filter(pc.fill_null(tables.edges["IN_STACK"]["root"], False))
    is_root = np.isin(every, graph.rows(named["from"]))
    needed = np.zeros(len(every), bool)
    needed[builds.ends[chosen[builds.starts]]] = True
    return np.flatnonzero(chosen & (is_root | ~needed))


def _bytes_saved(before: Builds, after: Builds, sizes: Rows) -> int | None:
    """The bytes of builds that are there no more; of some that become one, the largest stays."""
    rows = np.flatnonzero(before.counts)
    _, first = np.unique(before.identities[rows], return_index=True)
    rows = rows[first]
    kept = after.counts[rows]
    gone, stay = sizes[rows[~kept]], rows[kept]
    _, group, count = np.unique(after.identities[stay], return_inverse=True, return_counts=True)
    largest = np.full(len(count), -1)
    np.maximum.at(largest, group, sizes[stay])
    several = count[group] > 1
    concerned = np.concatenate([gone, sizes[stay][several]])
    if (concerned < 0).any():
        return None
    return int(concerned.sum() - largest[count > 1].sum())
