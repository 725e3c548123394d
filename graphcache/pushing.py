"""The whole way from a store to a Neo4j server; no reader of sources is imported for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from graphcache.errors import UsageError
from graphcache.stores.base import Load, Store
from graphcache.stores.embedded.store import EmbeddedStore
from graphcache.version import __version__

if TYPE_CHECKING:
    from graphcache.records.advisories import Advisory
    from graphcache.stores.neo4j.advisories import AdvisoryNode
    from graphcache.stores.neo4j.push import PushReport
    from graphcache.stores.neo4j.store import Neo4jStore


def push_store(
    store: str | PathLike[str],
    server: Store,
    *,
    prune: bool = False,
    full: bool = False,
    advisories: Iterable[Advisory] = (),
    on_rows: Callable[[int], None] = lambda _: None,
) -> PushReport:
    """Put the graph of the store at `store` on a Neo4j server.

    That there is nothing to do is found out without reading the graph. Of the advisories, those
    that touch something are nodes `Advisory` afterwards, with an edge `AFFECTS` to each spec that
    they mean, and those of an earlier push that are not among them are gone.

    Args:
        store: the store's file.
        server: where to: what `open_store` gives for the URI of a server.
        prune: also remove what the store does not have any more, of what graphcache put there.
        full: send everything, even what the server seems to have.
        advisories: what `read_advisories` gives.
        on_rows: called with the number of rows sent so far.

    Raises:
        StoreError: the store can't be read, or the server can't be written.
        UsageError: `server` is no server, but a store in a file.
    """
    from graphcache.stores.neo4j.advisories import put_advisories
    from graphcache.stores.neo4j.store import Neo4jStore

    if not isinstance(server, Neo4jStore):
        raise UsageError("expected a store on a server to push to, found one in a file")
    with EmbeddedStore(Path(store)) as opened:
        nodes = _advisory_nodes(opened, list(advisories))
        report = _push_graph(opened, server, prune=prune, full=full, on_rows=on_rows)
    report.advisories = len(nodes)
    report.advisories_gone = put_advisories(server, nodes)
    return report


def _push_graph(
    opened: EmbeddedStore,
    server: Neo4jStore,
    *,
    prune: bool,
    full: bool,
    on_rows: Callable[[int], None],
) -> PushReport:
    from graphcache.stores.neo4j.push import PushReport, is_pushed, push

    described = opened.describe()
    counts = described.nodes | described.edges
    if not full and is_pushed(server, described.digest, counts, prune=prune):
        return PushReport(unchanged=True)
    load = replace(
        described.loads[-1],
        time=Load.now(),
        command="push",
        version=__version__,
        digest=described.digest,
    )
    return push(opened.tables(), server, load, prune=prune, full=full, on_rows=on_rows)


def _advisory_nodes(opened: EmbeddedStore, advisories: list[Advisory]) -> list[AdvisoryNode]:
    """Those that touch something of a store, by their names."""
    from graphcache.analysis.advising.findings import advisories as find
    from graphcache.stores.neo4j.advisories import AdvisoryNode, Touched

    if not advisories:
        return []
    nodes: dict[str, AdvisoryNode] = {}
    for finding in find(opened.part(find.reads), advisories).found:
        said = finding.advisory
        node = AdvisoryNode(said.id, said.aliases, said.summary, said.url, [])
        nodes.setdefault(said.id, node).touched.extend(
            Touched(
                spec["hash"], finding.state, finding.match, finding.because([spec["version"] or ""])
            )
            for spec in finding.specs
        )
    return list(nodes.values())
