"""`fetch`: a store of the indexes that a manifest names."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from graphcache.cli.load import read_into, reading_options
from graphcache.cli.options import shown_path


@click.command()
@click.argument("manifest", metavar="MANIFEST", type=shown_path)
@click.option("--release", metavar="RELEASE", required=True, help="The release in the manifest.")
@click.option(
    "--stack",
    "stacks",
    metavar="STACK",
    multiple=True,
    help="A stack of the release; may be given again.  [all, and the release's union index]",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    help="Fetch so many indexes at once.  [8]",
)
@reading_options
def fetch(
    manifest: str, release: str, stacks: tuple[str, ...], jobs: int | None, **options: Any
) -> None:
    """Build a store of the indexes that MANIFEST names for a release, each under its stack.

    MANIFEST is the path or URL of a cache_spack_io_index.json:
    {"RELEASE": [{"label": "STACK", "url": "s3://…"}, …]}. What has come is kept, so that a second
    run goes on where the first one ended.

    \b
    Example:
      graphcache fetch cache_spack_io_index.json --release develop --stack e4s
    """
    from graphcache.workflows import JOBS, fetch_store

    load = partial(fetch_store, options["store"], manifest, release, stacks, jobs=jobs or JOBS)
    read_into(load, [manifest], **options)
