"""`plot`: charts of the graph, as bars in the terminal or as pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    Decorator,
    open_chosen,
    output_path,
    server_options,
    store_option,
    together,
    warn_of_foreign,
)
from graphcache.errors import UsageError
from graphcache.views.answers import default_format, render

if TYPE_CHECKING:
    from graphcache.answers import Answer
    from graphcache.stores import Store
    from graphcache.views.charts import Drawing

_out_option = click.option(
    "-o",
    "--out",
    metavar="FILE",
    type=output_path,
    help="Draw a picture: .svg, .png or .pdf.  [default: bars in the terminal]",
)
_release_option = click.option(
    "--release",
    metavar="RELEASE",
    callback=lambda _, __, given: given or None,  # empty is all, as for the named queries
    help="Only this release.  [default: all]",
)
_by_option = click.option(
    "--by",
    type=click.Choice(["packages", "configurations", "specs"]),
    default="specs",
    show_default=True,
    help="What is counted.",
)
_answer_options = together(_out_option, store_option, server_options)


def _top_option(default: int, what: str) -> Decorator:
    return click.option(
        "--top",
        metavar="N",
        type=click.IntRange(1, 1000),  # else pictures are too large to look at
        default=default,
        show_default=True,
        help=f"At most N {what}.",
    )


class PlotGroup(click.Group):
    """The plots as commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The plot that the arguments name; all that there are, if there is none."""
        if args and args[0] not in self.commands:
            ctx.fail(
                f"No plot named {args[0]!r}: expected one of {', '.join(sorted(self.commands))}"
            )
        return super().resolve_command(ctx, args)


@click.group(cls=PlotGroup, invoke_without_command=True, subcommand_metavar="[NAME] [OPTIONS]")
@click.pass_context
def plot(ctx: click.Context) -> None:
    """Draw the graph: bars in the terminal, or a picture. Without a name, list the questions.

    Pictures need an extra: pip install 'graphcache[plot]'.

    \b
    Example:
      graphcache plot
      graphcache plot compilers --release develop
      graphcache plot stack-targets -o targets.svg
    """
    if ctx.invoked_subcommand is None:
        rows = [
            (name, command.get_short_help_str(100))
            for name, command in sorted(plot.commands.items())
        ]
        render(["plot", "question"], rows, default_format(sys.stdout), sys.stdout)


@plot.command("stack-targets")
@_release_option
@_top_option(60, "stacks")
@_answer_options
def stack_targets(release: str | None, top: int, **options: Any) -> None:
    """For which targets is each stack built? A heat map, a matrix in the terminal.

    \b
    Example:
      graphcache plot stack-targets --release develop -o targets.svg
    """
    from graphcache.views.charts import targets_map

    answer = _answer_of("stack-targets", release, "no stack holds a spec", options)
    _show(targets_map(answer, top, release), options)


@plot.command("compilers")
@_release_option
@_top_option(30, "compilers")
@_answer_options
def compilers(release: str | None, top: int, **options: Any) -> None:
    """With which compilers are the specs built?

    \b
    Example:
      graphcache plot compilers --top 10
    """
    from graphcache.views.charts import compilers_chart

    answer = _answer_of("compilers-by-target", release, "there is no spec with a target", options)
    _show(compilers_chart(answer, top, release), options)


@plot.command("redundant-builds")
@_release_option
@_top_option(30, "packages")
@_answer_options
def redundant_builds(release: str | None, top: int, **options: Any) -> None:
    """Which packages are built again and again?

    \b
    Example:
      graphcache plot redundant-builds --release develop -o redundant.svg
    """
    from graphcache.views.charts import redundant_chart

    answer = _answer_of("redundant-builds", release, "no configuration is built twice", options)
    _show(redundant_chart(answer, top, release), options)


@plot.command("stack-overlap")
@_by_option
@_release_option
@_top_option(30, "combinations of stacks")
@_answer_options
def stack_overlap(by: Any, release: str | None, top: int, **options: Any) -> None:
    """What do stacks share? An UpSet plot.

    \b
    Example:
      graphcache plot stack-overlap --by packages -o overlap.svg
    """
    from graphcache.analysis.stacks import stack_combinations
    from graphcache.views.charts import overlap_of

    with _opened(options) as store:
        answer = stack_combinations(store.part(stack_combinations.reads), by, release)
    _show(overlap_of(answer, top, release), options)


@plot.command("churn")
@click.option(
    "--release",
    "releases",
    metavar="RELEASE",
    multiple=True,
    help="A release; two or more, in their order.  [default: all, by date]",
)
@_top_option(52, "steps, the latest")
@_answer_options
def churn(releases: tuple[str, ...], top: int, **options: Any) -> None:
    """What did each release keep of the one before it, and bring?

    \b
    Example:
      graphcache plot churn --release develop-2025-03-23 --release develop-2025-03-30
    """
    from graphcache.analysis.releases import churn as find
    from graphcache.analysis.releases import half_life
    from graphcache.views.charts import churn_chart

    with _opened(options) as store:
        tables = store.part(find.reads)
    steps, life = find(tables, releases or None), half_life(tables, releases or None)
    _check(life.rows, "expected two releases or more that hold specs", None)
    _show(churn_chart(steps, life, top), options)


def _opened(options: dict[str, Any]) -> Store:
    """The store; a picture that can't be drawn is refused before it is read."""
    from graphcache.views.plots import check_picture

    if options["out"] is not None:
        check_picture(options["out"])
    return open_chosen(options)


def _answer_of(query: str, release: str | None, nothing: str, options: dict[str, Any]) -> Answer:
    """What a named query answers of a release, or of all; `nothing` says why it may have no row."""
    from graphcache.queries import load_library

    with _opened(options) as store:
        named = load_library()[query]
        warn_of_foreign(store, named.cypher)
        answer = named.run(store, {"release": release or ""})
    _check(answer.rows, nothing, release)
    return answer


def _check(rows: list[Any], why: str, release: str | None) -> None:
    if not rows:
        where = f" in release {release}" if release is not None else ""
        raise UsageError(f"nothing to plot: {why}{where}")


def _show(drawing: Drawing, options: dict[str, Any]) -> None:
    """Bars on standard output, or the picture and a word on what it is."""
    out: Path | None = options["out"]
    if out is None:
        from graphcache.views.bars import render_bars

        render_bars(drawing, sys.stdout)
    else:
        from graphcache.views.plots import write_picture

        write_picture(drawing, out)
        click.echo(f"{out}: {drawing.title}")
