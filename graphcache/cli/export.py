"""`export`: the graph for other tools."""

from __future__ import annotations

from typing import Any

import click

from graphcache.cli.options import (
    keep_store,
    open_chosen,
    server_options,
    shown_path,
    store_option,
)
from graphcache.words import counted


@click.command("export")
@click.argument(
    "format_", metavar="FORMAT", type=click.Choice(["graphml", "csv", "parquet", "json", "cypher"])
)
@click.argument("out", metavar="OUT", type=shown_path)
@store_option
@server_options
@click.option("--around", metavar="PACKAGE", help="Only what is near this package.")
@click.option(
    "--hops",
    type=click.IntRange(min=0),
    default=2,
    show_default=True,
    help="With --around: how many edges away.",
)
def export_command(format_: str, out: str, **options: Any) -> None:
    """Write the graph to OUT, as graphml, csv, parquet, json or cypher.

    csv and parquet are folders with one file per type, the others one file (- is standard output).

    \b
    Example:
      graphcache export graphml graph.graphml
      graphcache export parquet graph/
      graphcache export graphml hdf5.graphml --around hdf5 --hops 2
    """
    from graphcache.exports import export

    keep_store(out, options["store"])
    with open_chosen(options) as opened:
        tables = opened.tables(around=options["around"], hops=options["hops"])
    export(tables, format_, out)
    if out != "-":
        nodes = counted(sum(tables.node_counts().values()), "node")
        click.echo(f"{out}: {nodes}, {counted(sum(tables.edge_counts().values()), 'edge')}")
