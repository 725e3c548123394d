"""Specs as plain dicts, as `oracle.specs` gives them, and graphs of them: to test analysis."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import networkx as nx
import oracle
from conftest import WriteSnapshot
from hypothesis import strategies as st

from graphcache import Tables, read

Spec = dict[str, Any]

STACKS, RELEASES = "abcd", ["v0.9", "v0.10", "develop-2025-03-23", "develop-2025-03-30", "develop"]
"""Releases in the order in which they came."""


def configuration(spec: Spec) -> tuple[Any, ...]:
    """What a person sees of a spec."""
    seen = ("name", "version", "platform", "os", "target", "compiler")
    return (*(spec[key] for key in seen), *spec["variants"])


def in_release(specs: list[Spec], release: str | None) -> list[Spec]:
    """The specs in the release, or in any."""
    return [spec for spec in specs if release in (None, *spec["releases"])]


def in_stacks(specs: list[Spec], release: str | None) -> dict[str, list[Spec]]:
    """The specs of each stack, in the release or in any."""
    found: dict[str, list[Spec]] = {}
    for spec in specs:
        for stack, releases in spec["stacks"].items():
            if release in (None, *releases):
                found.setdefault(stack, []).append(spec)
    return found


def made_pages(folder: Path) -> None:
    """Few names, drawn at random: many ties, sizes of which some are known, stacks that change."""
    dice = random.Random(1)  # noqa: S311 - the same every time
    for name in ("zlib", "hdf5", "py-six", "boost"):
        specs = [
            oracle.record(
                "".join(dice.choices("abcdefghijklmnopqrstuvwxyz234567", k=32)),
                versions=[dice.choice(["1.2", "1.10"])],
                compiler=dice.choice(["none", "gcc@=13.2.0", "clang@=18.0"]),
                target=dice.choice(["x86_64_v3", "aarch64", "zen2"]),
                variants=dice.choice([[], ["+mpi", "~cuda"], ["+mpi", "libs=a,b"]]),
                size=dice.choice(["-", "5000", "700"]),
            )
            for _ in range(12)
        ]
        for release in RELEASES:
            records = [
                spec | {"stacks": [*dice.sample(STACKS, dice.randrange(4)), "root"]}
                for spec in dice.sample(specs, 6)
            ]
            (folder / f"{release}-{name}.md").write_text(oracle.page_text(name, release, records))


def graph_and_specs(
    kind: str, folder: Path, pages: tuple[Path, ...], write_snapshot: WriteSnapshot
) -> tuple[Tables, list[Spec]]:
    """Real pages, a made snapshot or made pages: what graphcache and what the oracle reads."""
    if kind == "snapshot":
        write_snapshot(folder / "made", records=600, pages=40, releases=3)
        pages = (folder / "made",)
    elif kind == "made":
        made_pages(folder)
        pages = (folder,)
    return read(*pages)[0], oracle.specs(oracle.read_pages(*pages))


def tables_of(specs: list[Spec]) -> Tables:
    """The graph of specs, by way of networkx, where `configuration` is what they give."""
    graph: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    for spec in specs:
        node = ("Spec", spec["hash"])
        graph.add_node(node, name=spec["name"], configuration=spec["configuration"])
        for stack, releases in spec["stacks"].items():
            graph.add_edge(node, ("Stack", stack), "IN_STACK", releases=releases)
        for release in spec["releases"]:
            graph.add_edge(node, ("Release", release), "IN_RELEASE")
            date = release.partition("-")[2]
            graph.add_node(("Release", release), **({"date": date} if date else {}))
        graph.add_edge(node, ("Target", spec["target"]), "FOR_TARGET")
    return Tables.from_networkx(graph)


@st.composite
def any_specs(draw: st.DrawFn) -> list[Spec]:
    """Any few specs of few packages, in any stacks and releases."""
    some_releases = st.lists(st.sampled_from(RELEASES), unique=True).map(sorted)
    spec = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["zlib", "hdf5"]),
            "configuration": st.sampled_from("123"),
            "target": st.sampled_from(["zen2", "aarch64"]),
            "releases": some_releases,
            "stacks": st.dictionaries(st.sampled_from(STACKS), some_releases),
        }
    )
    specs = draw(st.lists(spec, max_size=12))
    for number, one in enumerate(specs):
        one["hash"] = f"{number:032}"
        one["configuration"] = f"{one['name']} {one['configuration']}"
    return specs
