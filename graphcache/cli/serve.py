"""`serve`: pages in a browser on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphcache.cli.options import (
    library_option,
    open_chosen,
    server_options,
    shown_path,
    store_option,
)
from graphcache.errors import UsageError


@click.command()
@store_option
@server_options
@library_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8642,
    show_default=True,
    help="Where to listen; 0 is any port that is free.",
)
@click.option("--open", "open_", is_flag=True, help="Open the page in your browser.")
@click.option("--cypher", is_flag=True, help="With a page that asks statements of your own.")
@click.option(
    "--advisories",
    metavar="ADVISORY",
    multiple=True,
    type=shown_path,
    help="With what these advisories touch: a file, folder, archive or address, read at the start.",
)
def serve(port: int, library: tuple[str, ...], open_: bool, **options: Any) -> None:
    """Show the store as pages in a browser on this machine, until Ctrl-C.

    Search for a package, paste a hash, ask what runs here, why something is there or was built
    again, what changed, what an environment lacks, what an advisory touches. The pages only read,
    and only this machine can ask for them.

    \b
    Example:
      graphcache serve
      graphcache serve --port 0 --open
      graphcache serve --advisories osv/
    """
    try:
        from graphcache.serving import running
        from graphcache.serving.advising import GivenAdvisories
        from graphcache.serving.app import make_app
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{(error.name or '').partition('.')[0]} is not installed: "
            "pip install 'graphcache[serve]'"
        ) from error
    from graphcache.queries import load_library
    from graphcache.serving.holding import HeldStore
    from graphcache.stores import is_server

    given = options["advisories"]
    file = None if is_server(options["store"]) else Path(options["store"])
    app = make_app(
        HeldStore(lambda: open_chosen(options), file),
        load_library(*(Path(folder) for folder in library)),
        cypher=options["cypher"],
        advisories=GivenAdvisories.read(given) if given else None,
    )
    listening = running.listen(port)
    url = f"http://{running.LOOPBACK}:{listening.getsockname()[1]}/"
    click.echo(f"{options['store']}: {url} (Ctrl-C ends it)")
    if open_:
        click.launch(url)
    running.serve(app, listening)
