"""`lake`: the whole history, as facts and tables in Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.load import check_name, how_to_read, read_with, show_report
from graphcache.cli.needs import show_roots
from graphcache.cli.options import (
    format_option,
    place_options,
    show,
    show_section,
    shown_path,
    stats_format_option,
    together,
    verbosity_options,
)
from graphcache.errors import LakeError
from graphcache.lake import ENGINES, MEMORY
from graphcache.views.answers import printable, to_json
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.lake.adding import Added

_NAMED = 3
"""Releases that are named, and not counted."""

_lake_argument = click.argument("lake_", metavar="LAKE", type=shown_path)
_memory_option = click.option(
    "--memory",
    metavar="SIZE",
    default=MEMORY,
    show_default=True,
    help="What may be taken of memory, such as 500MB.",
)
_master_option = click.option(
    "--master",
    metavar="MASTER",
    help="Where Spark runs: spark://HOST:7077, yarn, k8s://…, or local[N] for N processors here.  "
    "[what spark-submit or Spark's settings say]",
)
_engine_options = together(
    click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default="auto",
        show_default=True,
        help="What joins: pyarrow in memory, duckdb in as much of it as --memory says, spark on a "
        "cluster. auto chooses by size, and spark where --master is given.",
    ),
    _memory_option,
    _master_option,
)


@click.group()
def lake() -> None:
    """Keep the whole history, release by release, beyond what memory holds.

    A lake is a folder, or a part of a bucket (s3://BUCKET/PREFIX), of Parquet files: what each
    release says (facts), and the graph of all of them (tables). DuckDB, Polars, Spark and Trino
    read it as it is.

    \b
    Example:
      graphcache lake add history/ pages/
      graphcache lake join history/
      graphcache lake query lifetimes history/
    """


@lake.command("add")
@_lake_argument
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=shown_path)
@click.option("--release", metavar="RELEASE", help="The release of all that is read.")
@click.option(
    "--stack",
    metavar="STACK",
    help="The stack of what indexes, lock files and spec files hold.  [a lock's name or folder]",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "spark"]),
    default="auto",
    show_default=True,
    help="Who reads: spark on a cluster, whose workers open the files; auto this process alone, or "
    "spark where --master is given.",
)
@_master_option
@_memory_option
@how_to_read
def add_command(
    lake_: str,
    paths: tuple[str, ...],
    release: str | None,
    stack: str | None,
    **options: Any,
) -> None:
    """Read files, as 'graphcache build' does, and put what each release says into LAKE.

    What was there of a release under the same --stack, or none, is replaced; if this is killed, the
    old facts are there, or the new ones.

    \b
    Example:
      graphcache lake add history/ pages/
      graphcache lake add history/ mirror/ --release develop --stack e4s
      graphcache lake add /shared/history /shared/pages --master spark://host:7077
    """
    from graphcache.lake.adding import add

    check_name(release, "--release")
    check_name(stack, "--stack")
    on_spark = {name: options.pop(name) for name in ("engine", "master", "memory")}
    load = partial(add, lake_, *paths, release=release, stack=stack, **on_spark)

    def summary(added: Added) -> str:
        return _summary(lake_, added)

    read_with(load, (lake_, *paths), lambda added: added.report, summary, **options)


def _summary(lake_: str, added: Added) -> str:
    report = added.report
    said = [f"{counted(report.kept, 'record')} of {counted(report.files, 'file')}"]
    if report.rejected:
        said.append(counted(report.rejected, "reject"))
    if report.skipped:
        said.append(f"{counted(len(report.skipped), 'other file')} skipped")
    releases = _releases(added.releases)
    replaced = f", of which {_releases(added.replaced)} replaced" if added.replaced else ""
    return f"{lake_}: {', '.join(said)}, in {releases}{replaced}"


def _releases(releases: list[str | None]) -> str:
    named = [name for name in releases if name is not None]
    shown = counted(len(named), "release") if len(named) > _NAMED else ", ".join(named)
    without = "no release" if None in releases else ""
    return " and ".join(part for part in (shown, without) if part)


@lake.command("join")
@_lake_argument
@_engine_options
@click.option("--all", "everything", is_flag=True, help="Join all, also what has not changed.")
@together(*verbosity_options)
def join_command(
    lake_: str,
    engine: Any,
    memory: str,
    master: str | None,
    *,
    everything: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Make the tables of LAKE, one per type of node and edge, of the facts of all releases.

    They are those of a store that 'graphcache build' makes of the same files, with the same digest,
    whatever the engine. DuckDB and Spark join only what new releases touch.

    \b
    Example:
      graphcache lake join history/
      graphcache lake join history/ --engine duckdb --memory 2GB
      graphcache lake join /shared/history --master spark://host:7077
    """
    from graphcache.lake.joining import join_lake

    joining = join_lake(lake_, engine, memory, master=master, everything=everything)
    if quiet:
        return
    show_report(joining.report, verbose=verbose)
    joined = joining.joined
    rows = {name: sum(file.rows for file in files) for name, files in joined.tables.items()}
    edges = sum(count for name, count in rows.items() if name.isupper())
    click.echo(printable(joining.why))
    if joining.touched:
        click.echo(f"{counted(joining.touched, 'spec')} joined anew, the others are as they were")
    click.echo(printable(f"{lake_}: {counted(rows['Spec'], 'spec')}, {counted(edges, 'edge')}"))
    click.echo(f"digest {joined.digest}")


@lake.command("stats")
@_lake_argument
@stats_format_option
def stats_command(lake_: str, format_: str) -> None:
    """Count facts by release, what could not be read, and the rows of the tables.

    \b
    Example:
      graphcache lake stats history/
    """
    from graphcache.lake.describing import describe

    found = describe(lake_)
    if format_ == "json":
        click.echo(to_json(asdict(found), indent=2))
        return
    columns = ["release", "stack", "spec", "said", "depends_on", "file"]
    show_section(columns, ([one[name] for name in columns] for one in found.releases))
    columns = ["added", "files", "records", "rejects", "warnings", "skipped", "from"]
    show_section(columns, ([one[name] for name in columns] for one in found.adds))
    show_section(["facts", "rows"], found.facts.items())
    if found.joined is not None:
        show_section(["nodes", "count"], found.nodes.items())
        show_section(["edges", "count"], found.edges.items())
        click.echo(f"digest {found.joined['digest']}")
    if found.to_join:
        partitions = counted(found.to_join, "partition is", "partitions are")
        click.echo(f"{partitions} not joined yet: 'graphcache lake join' does it", err=True)


@lake.command("verify")
@_lake_argument
def verify_command(lake_: str) -> None:
    """Read every file of LAKE, and hold it and the digest of the tables against what was written.

    \b
    Example:
      graphcache lake verify history/
    """
    from graphcache.lake.describing import verify

    found = verify(lake_)
    if found.problems:
        raise LakeError("\n".join(found.problems))
    click.echo(f"{lake_}: {counted(found.files, 'file')} as they were written")
    if found.digest is not None:
        click.echo(f"digest {found.digest}")


@lake.command("export")
@_lake_argument
@click.argument("format_", metavar="FORMAT", type=click.Choice(["neo4j"]))
@click.argument("out", metavar="OUT", type=shown_path)
def export_command(lake_: str, format_: str, out: str) -> None:
    """Write the tables of LAKE to the folder OUT, as neo4j: for neo4j-admin database import.

    A part of a table is in memory at a time, and each is packed. import.txt in OUT is the command.

    \b
    Example:
      graphcache lake export history/ neo4j history-neo4j/
    """
    from graphcache.lake.exporting import export_neo4j

    rows = export_neo4j(lake_, out)
    edges = sum(count for name, count in rows.items() if name.isupper())
    nodes = counted(sum(rows.values()) - edges, "node")
    click.echo(printable(f"{out}: {nodes}, {counted(edges, 'edge')}"))


@lake.group("query", subcommand_metavar="NAME [OPTIONS]")
def lake_query() -> None:
    """Ask the tables of a lake, in bounded memory: needs DuckDB (graphcache[lake]).

    Each answers as 'graphcache query NAME', 'graphcache impact' or 'graphcache why' does of a store
    of the same content.

    \b
    Example:
      graphcache lake query redundant-builds history/ --release develop --limit 10
      graphcache lake query impact history/ openssl@:3.5 --deptype link,run
    """


_release_option = click.option(
    "--release", metavar="RELEASE", help="Only this release.  [all releases]"
)
_answer_options = together(
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most N rows."),
    _memory_option,
    format_option,
)


def _ask(lake_: str, name: str, releases: Iterable[str], options: dict[str, Any]) -> None:
    from graphcache.lake.asking import ask

    answer = ask(lake_, name, releases, options["limit"], options["memory"])
    show(answer, options["format_"], options["limit"])


@lake_query.command("redundant-builds")
@_lake_argument
@_release_option
@_answer_options
def redundant_builds(lake_: str, release: str | None, **options: Any) -> None:
    """Which packages are built again and again in the same configuration?

    \b
    Example:
      graphcache lake query redundant-builds history/ --release develop --limit 10
    """
    _ask(lake_, "redundant-builds", [release] if release else [], options)


@lake_query.command("stack-overlap")
@_lake_argument
@_release_option
@_answer_options
def stack_overlap(lake_: str, release: str | None, **options: Any) -> None:
    """Which stacks share specs, so that a change in one is felt in the other?

    \b
    Example:
      graphcache lake query stack-overlap history/ --limit 10
    """
    _ask(lake_, "stack-overlap", [release] if release else [], options)


@lake_query.command("releases-diff")
@_lake_argument
@click.option("--old", metavar="RELEASE", required=True, help="The earlier release.")
@click.option("--new", metavar="RELEASE", required=True, help="The later release.")
@_answer_options
def releases_diff(lake_: str, old: str, new: str, **options: Any) -> None:
    """Which packages were added, removed or rebuilt from one release to another?

    \b
    Example:
      graphcache lake query releases-diff history/ --old 2026-09 --new 2026-10
    """
    _ask(lake_, "releases-diff", [old, new], options)


@lake_query.command("lifetimes")
@_lake_argument
@_answer_options
def lifetimes(lake_: str, **options: Any) -> None:
    """Through how many releases are specs kept?

    \b
    Example:
      graphcache lake query lifetimes history/
    """
    _ask(lake_, "lifetimes", [], options)


@lake_query.command("impact")
@_lake_argument
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@place_options
@click.option(
    "--deptype",
    metavar="TYPES",
    default="all",
    show_default=True,
    help="Follow only dependencies of these types: build, link, run, test, as link,run.",
)
@_memory_option
@format_option
def impact(lake_: str, specs: tuple[str, ...], **options: Any) -> None:
    """Count what a change to the specs that are as one SPEC asks touches, by stack and release.

    \b
    Example:
      graphcache lake query impact history/ curl@7.69.0:8.3.0 --stack e4s
    """
    from graphcache.lake.reaching import impact as find

    asked = (options["stack"], options["release"], options["deptype"])
    show(find(lake_, specs, *asked, memory=options["memory"]), options["format_"])


@lake_query.command("why")
@_lake_argument
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@_memory_option
@format_option
def why(lake_: str, specs: tuple[str, ...], **options: Any) -> None:
    """Say why a spec is there: the roots that need it, and a shortest path from each.

    \b
    Example:
      graphcache lake query why history/ /bu5ehkv
    """
    from graphcache.lake.reaching import why as find

    show_roots(find(lake_, specs, options["memory"]), options["format_"])
