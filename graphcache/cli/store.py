"""`stats` and `schema`: what is in a store, and its form."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    open_chosen,
    server_options,
    show_section,
    stats_format_option,
    store_option,
)
from graphcache.cli.telling import print_text
from graphcache.views.answers import to_json

if TYPE_CHECKING:
    from graphcache.stores.base import Description


@click.command()
@store_option
@stats_format_option
@server_options
def stats(format_: str, **options: Any) -> None:
    """Count nodes and edges by type and specs by release; show the digest and the loads.

    \b
    Example:
      graphcache stats --format json
    """
    with open_chosen(options) as opened:
        description = opened.describe()
    if format_ == "json":
        click.echo(to_json(asdict(description), indent=2))
    else:
        _show_tables(description)


def _show_tables(description: Description) -> None:
    show_section(["nodes", "count"], description.nodes.items())
    show_section(["edges", "count"], description.edges.items())
    show_section(["release", "specs"], description.releases.items())
    columns = ["loaded", "by", "files", "unchanged", "records", "rejects", "from"]
    show_section(
        columns,
        (
            (
                load.time,
                load.command,
                load.files,
                load.unchanged,
                load.records,
                load.rejects,
                load.sources,
            )
            for load in description.loads
        ),
    )
    click.echo(f"digest {description.digest}")


@click.command()
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "cypher"]),
    default="text",
    show_default=True,
    help="Plain text, JSON, or the statements that make an embedded store's tables.",
)
def schema(format_: str) -> None:
    """Print the graph's node and edge types with their properties.

    \b
    Example:
      graphcache schema
      graphcache schema --format json
    """
    from graphcache.views.schema import schema_as_cypher, schema_as_json, schema_as_text

    shown = {"text": schema_as_text, "json": schema_as_json, "cypher": schema_as_cypher}
    print_text(shown[format_]())
