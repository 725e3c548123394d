"""`export`: the graph for other tools."""

from __future__ import annotations

import click

from graphcache.cli.options import store_option


@click.command("export")
@click.argument(
    "format_", metavar="FORMAT", type=click.Choice(["graphml", "csv", "parquet", "json", "cypher"])
)
@click.argument("out", metavar="OUT")
@store_option
def export_command(format_: str, out: str, store: str) -> None:
    """Write the whole graph to OUT, as graphml, csv, parquet, json or cypher.

    csv and parquet are folders with a file a type, the others are one file (- is standard output).

    \b
    Example:
      graphcache export graphml graph.graphml
      graphcache export parquet graph/
    """
    from graphcache.exports import export
    from graphcache.stores import open_store

    with open_store(store) as opened:
        tables = opened.tables()
    export(tables, format_, out)
    if out != "-":
        click.echo(
            f"{out}: {sum(tables.node_counts().values()):,} nodes, "
            f"{sum(tables.edge_counts().values()):,} edges"
        )
