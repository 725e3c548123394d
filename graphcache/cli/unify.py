"""`unify`: what to hold to one choice, so that stacks share more builds."""

from __future__ import annotations

from typing import Any

import click

from graphcache.cli.options import (
    format_options,
    open_chosen,
    server_options,
    show,
    store_option,
)
from graphcache.cli.telling import tell


@click.command()
@click.option(
    "--stack", "stacks", metavar="STACK", multiple=True, help="Only what these hold; one at a time."
)
@click.option("--release", metavar="RELEASE", help="Only what is in this release.")
@click.option(
    "--max-pins",
    metavar="N",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="So many packages at most.",
)
@store_option
@server_options
@format_options("yaml")
def unify(stacks: tuple[str, ...], release: str | None, max_pins: int, **options: Any) -> None:
    """Say which packages, held to one choice in all stacks, would make most builds one.

    A package is held to one version, value of a variant, flags, recipe, namespace or external, one
    that is needed only to build to one target, a virtual to one provider. Each is put in, and the
    graphs are compared anew: so many builds remain as then differ in themselves or in what is below
    them. The best comes first, each on top of those before.

    As yaml it is a packages.yaml for Spack. A pin is a promise only as far as constraints allow it.

    \b
    Example:
      graphcache unify --stack io --stack solvers --release develop
      graphcache unify --release develop --format yaml > packages.yaml
    """
    from graphcache.analysis.pins.unifying import unify as find
    from graphcache.views.packages_yaml import packages_yaml

    with open_chosen(options) as store:
        answer = find(store.part(find.reads), stacks, release, max_pins)
    if options["format_"] != "yaml":
        show(answer, options["format_"], every=True)
        return
    click.echo(packages_yaml(answer.to_dicts()), nl=False)
    for note in answer.notes:
        tell(note)
