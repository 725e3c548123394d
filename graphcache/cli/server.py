"""`push` and `verify`: the graph on a Neo4j server, and whether it is what the store has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from graphcache.cli.advisories import not_read
from graphcache.cli.options import read_password, server_options, shown_path, store_option
from graphcache.cli.telling import tell
from graphcache.errors import GraphcacheError, UsageError
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.records import Report
    from graphcache.records.advisories import Advisory
    from graphcache.stores.neo4j.push import PushReport
    from graphcache.stores.neo4j.store import Neo4jStore
    from graphcache.tables import Tables
    from graphcache.tables.compare import Difference

_SHOWN = 10
"""Keys that are named for each type that differs."""


@click.command()
@click.argument("uri", envvar="NEO4J_URI", required=False)
@store_option
@server_options
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Also remove what the store does not have any more.")
@click.option("--full", is_flag=True, help="Send everything, even what seems to be there.")
@click.option(
    "--advisories",
    metavar="ADVISORY",
    multiple=True,
    type=shown_path,
    help="Also put what these advisories touch there; those of an earlier push go.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
def push(uri: str | None, store: str, **options: Any) -> None:
    """Put the store's graph on the Neo4j server at URI (default: NEO4J_URI).

    Only what changed since the last push is sent. What graphcache did not put there is never
    touched, whatever it is called. The user is NEO4J_USERNAME, the password NEO4J_PASSWORD.

    \b
    Example:
      graphcache push neo4j://localhost:7687
      graphcache push neo4j://localhost:7687 --dry-run
      graphcache push neo4j://localhost:7687 --advisories osv/
    """
    if uri is None:
        raise UsageError("no server: give its URI, or set NEO4J_URI")
    from graphcache.pushing import push_store
    from graphcache.views.progress import count_progress

    if options["dry_run"] and options["advisories"]:
        raise UsageError("--dry-run tells nothing of advisories: 'graphcache advisories' does")
    advisories, read = _read_advisories(options["advisories"])
    with _open_server(uri, options) as server:
        if options["dry_run"]:
            _show_plan(server.tables(), _read_tables(store))
            return
        with count_progress("row", "sent", quiet=options["quiet"]) as on_rows:
            report = push_store(
                store,
                server,
                prune=options["prune"],
                full=options["full"],
                advisories=advisories,
                on_rows=on_rows,
            )
        browser = _browser_url(server)
    if not options["quiet"]:
        _show_push(report, uri, browser)
    if read is not None and read.rejects:
        for line in not_read(read):
            tell(line)
        click.get_current_context().exit(3)


@click.command()
@click.argument("uri", required=False)
@store_option
@server_options
def verify(uri: str | None, store: str, **options: Any) -> None:
    """Recompute the digest of a store's content, or hold a server against the store.

    Without URI: finds damage to the store that its format does not show. With URI: compares the
    server's graph with the store's, and names what differs. Exit code 1 if anything does.

    \b
    Example:
      graphcache verify
      graphcache verify neo4j://localhost:7687
    """
    from graphcache.stores.embedded.store import verify_store

    digest = verify_store(Path(store))
    if uri is None:
        click.echo(f"{store}: whole, digest {digest}")
        return
    tables = _read_tables(store)
    with _open_server(uri, options) as server:
        on_server = server.tables()
    if on_server.digest() == digest:
        click.echo(f"{uri}: the same as {store}, digest {digest}")
        return
    if not _show_differences(on_server, tables):
        click.echo(f"{uri}: other columns: a push has not ended: run 'graphcache push' again")
    click.get_current_context().exit(1)


def _read_advisories(paths: Sequence[str]) -> tuple[list[Advisory], Report | None]:
    if not paths:
        return [], None
    from graphcache.sources.advisories import read_advisories

    return read_advisories(paths)


def _read_tables(store: str) -> Tables:
    from graphcache.stores.embedded.store import EmbeddedStore

    with EmbeddedStore(Path(store)) as opened:
        return opened.tables()


def _open_server(uri: str, options: dict[str, Any]) -> Any:
    from graphcache.stores.neo4j.store import Login, Neo4jStore

    login = Login.from_environment(read_password(options["password_file"]))
    return Neo4jStore(uri, login, database=options["database"], wait=options["wait"])


def _changes(server: Tables, tables: Tables) -> dict[str, Difference]:
    from graphcache.tables.compare import differences

    return differences(server, tables)


def _show_plan(server: Tables, tables: Tables) -> None:
    from graphcache.views.answers import render

    rows = [
        (name, len(change.added), len(change.changed), len(change.removed))
        for name, change in _changes(server, tables).items()
    ]
    render(["type", "create", "change", "remove with --prune"], rows, "table", sys.stdout)


def _show_differences(server: Tables, tables: Tables) -> bool:
    """Name the keys that differ; whether there are any."""
    changes = _changes(server, tables)
    for name, change in changes.items():
        for what, keys in (
            ("missing on the server", change.added),
            ("only on the server", change.removed),
            ("other properties on the server", change.changed),
        ):
            for key in keys[:_SHOWN]:
                click.echo(f"{name}: {what}: {key}")
            if len(keys) > _SHOWN:
                click.echo(f"{name}: {what}: {len(keys) - _SHOWN:,} more")
    return any(changes.values())


def _browser_url(server: Neo4jStore) -> str | None:
    """Where the server has Neo4j Browser; None if it does not say, as hosted ones do not."""
    try:
        settings = dict(
            server.read("SHOW SETTINGS YIELD name, value WHERE name STARTS WITH 'server.http'")
        )
    except GraphcacheError:
        return None
    parts = urlsplit(server.uri)
    host = parts.netloc.removesuffix(f":{parts.port}")
    for scheme in ("https", "http"):
        if settings.get(f"server.{scheme}.enabled") == "true":
            port = urlsplit(f"//{settings[f'server.{scheme}.advertised_address']}").port
            return f"{scheme}://{host}:{port}/browser/"
    return None


def _show_push(report: PushReport, uri: str, browser: str | None) -> None:
    if report.unchanged:
        click.echo(f"{uri}: nothing to do, the graph is there already")
    else:
        sent = ", ".join(f"{count:,} {name}" for name, count in report.sent.items() if count)
        click.echo(f"{uri}: sent {sent or 'nothing'}")
        pruned = ", ".join(f"{count:,} {name}" for name, count in report.pruned.items() if count)
        if pruned:
            click.echo(f"{uri}: removed {pruned}")
    _show_advisories(report, uri)
    where = f"at {browser}" if browser else "of your server"
    click.echo(f"Look at it in Neo4j Browser {where} (docs/neo4j.md)")


def _show_advisories(report: PushReport, uri: str) -> None:
    if report.advisories:
        which = counted(report.advisories, "advisory touches", "advisories touch")
        click.echo(f"{uri}: {which} something of it")
    if report.advisories_gone:
        gone = counted(report.advisories_gone, "advisory", "advisories")
        click.echo(f"{uri}: removed {gone} of an earlier push")
