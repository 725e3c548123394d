"""`build` and `update`: from paths to a store."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from graphcache.cli.options import (
    Number,
    is_same_file,
    output_path,
    shown_path,
    store_option,
    together,
    verbosity_options,
)
from graphcache.cli.telling import tell
from graphcache.errors import UsageError
from graphcache.views.answers import printable
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.records import Reject, Report

_Read = TypeVar("_Read")

_SHOWN = 20
"""Lines of one kind that are printed without --verbose."""

how_to_read = together(
    click.option(
        "--rejects",
        "rejects_file",
        metavar="FILE",
        type=output_path,
        help="Write each file and record that was not read to FILE, as JSON lines.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=Number(min=0, min_open=True),
        help="Give up on a server that says nothing for so long.  [30]",
    ),
    *verbosity_options,
)
reading_options = together(store_option, how_to_read)

_load_options = together(
    click.argument("paths", nargs=-1, metavar="PATH...", type=shown_path),
    click.option(
        "--mirror",
        "mirrors",
        metavar="NAME",
        multiple=True,
        help="Read the mirror that your own Spack knows by this name. May be given again.",
    ),
    click.option(
        "--release", "--as", "release", metavar="RELEASE", help="The release of all that is read."
    ),
    click.option(
        "--stack",
        metavar="STACK",
        help="The stack of what indexes, lock files and spec files hold.  "
        "[a lock's name or folder]",
    ),
    reading_options,
)


@click.command()
@_load_options
def build(**options: Any) -> None:
    """Build a store from files, folders, archives (.tar, .tar.gz, .zip) or - (standard input).

    What a file is, is found out from its content. A URL (file, http, https, s3) is the root of a
    mirror, or one file; downloads are kept in the user's cache, or in GRAPHCACHE_CACHE. A store
    that is there is replaced when the new one is whole, not before.

    Of a lake ('graphcache lake'), --release and --stack choose what of it becomes a store.

    \b
    Example:
      graphcache build pages/ --store graphcache.lbug
      tar cz pages | graphcache build -
      graphcache build https://binaries.example.org/e4s --release develop --stack e4s
      graphcache build history/ --release develop
    """
    from graphcache.lake.listing import is_lake
    from graphcache.workflows import build_store

    if any(map(is_lake, options["paths"])):
        _build_slice(**options)
    else:
        _load(build_store, **options)


def _build_slice(
    *,
    paths: tuple[str, ...],
    mirrors: tuple[str, ...],
    release: str | None,
    stack: str | None,
    **options: Any,
) -> None:
    from graphcache.lake.slicing import build_slice

    if len(paths) > 1 or mirrors or options["rejects_file"]:
        lake = next(path for path in paths if path != "-")
        raise click.UsageError(
            f"a lake goes with no other path, nor with --mirror or --rejects: give {lake} alone"
        )
    sliced = build_slice(options["store"], paths[0], release, stack)
    if options["quiet"]:
        return
    show_report(sliced.report, verbose=options["verbose"])
    specs = counted(sliced.tables.node_counts()["Spec"], "spec")
    said = f"{options['store']}: {specs} of the lake {paths[0]}"
    rejected = sum(add.rejected for add in sliced.adds)
    if rejected:
        said += (
            f", where {counted(rejected, 'file or record', 'files or records')} could not be read"
        )
    click.echo(printable(said))


@click.command()
@_load_options
def update(**options: Any) -> None:
    """Bring newer files into a store.

    A page replaces what pages said of its package in its release; an index, a lock file or a
    mirror's spec files, what their own kind said of their stack in its release. What another kind
    said stays. Files that the store has already are not read again. A file with rejects adds what
    it has and removes nothing.

    \b
    Example:
      graphcache update pages/ --store graphcache.lbug
    """
    from graphcache.workflows import update_store

    _load(update_store, **options)


def _load(
    load: Callable[..., Report],
    *,
    paths: tuple[str, ...],
    mirrors: tuple[str, ...],
    release: str | None,
    stack: str | None,
    **options: Any,
) -> None:
    from graphcache.remote.spack_mirrors import mirror_address

    check_name(release, "--release")
    check_name(stack, "--stack")
    if not paths and not mirrors:
        raise click.UsageError("Missing argument 'PATH...'.")
    everything = [*paths, *map(mirror_address, mirrors)]
    load_all = partial(load, options["store"], *everything, release=release, stack=stack)
    read_into(load_all, paths, **options)


def read_into(
    load: Callable[..., Report], paths: Iterable[str], *, store: str, **options: Any
) -> None:
    """Load a store from the paths, show how it goes on, and say what was not read."""
    read_with(
        load,
        (store, *paths),
        lambda report: report,
        lambda report: _summary(report, store),
        **options,
    )


def read_with(
    load: Callable[..., _Read],
    files: Iterable[str],
    report_of: Callable[[_Read], Report],
    summary: Callable[[_Read], str],
    *,
    rejects_file: Path | None,
    timeout: float | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Read by a function, show how it goes on, and say what was not read.

    `files` are read and written, so that rejects must not go there.
    """
    from graphcache.remote.cache import Cache
    from graphcache.remote.downloads import TIMEOUT
    from graphcache.sources.addresses import Remote
    from graphcache.sources.documents import MAX_DOCUMENT
    from graphcache.views.progress import progress

    logging.getLogger("urllib3").setLevel(logging.ERROR)  # all that matters is said as a reject
    _keep(files, rejects_file)
    with progress(quiet=quiet) as show, _rejects_to(rejects_file) as on_reject:
        cache = Cache(
            timeout=timeout or TIMEOUT,
            on_bytes=lambda count: show(f"{count / 1e6:,.1f} MB fetched"),
        )
        read = load(
            remote=Remote(MAX_DOCUMENT, cache),
            on_file=lambda count: show(f"{counted(count, 'file')} read"),
            on_reject=on_reject,
        )
    report = report_of(read)
    if not quiet:
        show_report(report, verbose=verbose)
        click.echo(printable(summary(read)))
    if report.rejected:
        click.get_current_context().exit(3)


def check_name(name: str | None, option: str) -> None:
    """Refuse what can't be a name, as of a release."""
    from graphcache.records import MAX_NAME

    if name is not None and not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise click.BadParameter(
            "expected a name of 1 to 1,000 printable characters", param_hint=option
        )


def _keep(files: Iterable[str], rejects_file: Path | None) -> None:
    """Refuse to write rejects over what is read or written."""
    for file in files:
        if rejects_file is not None and is_same_file(os.fspath(rejects_file), file):
            raise UsageError(f"--rejects: {file} would be lost: give another path")


@contextmanager
def _rejects_to(path: Path | None) -> Iterator[Callable[[Reject], None] | None]:
    """What writes each reject to the file as it comes; None if there is none.

    The file is opened first: one that can't be written is found out before anything changes.
    """
    if path is None:
        yield None
        return
    try:
        out = path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise click.FileError(str(path), error.strerror or str(error)) from error

    def write(reject: Reject) -> None:
        out.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")

    with out:
        yield write


def show_report(report: Report, *, verbose: bool, whole: str = "--verbose") -> None:
    """Say on standard error what was warned of and not read; `whole` is what lists all of it."""
    warnings = [
        f"Warning: {text}" + (f" ({count:,} times)" if count > 1 else "")
        for text, count in report.warnings.items()
    ]
    rejects = [f"Rejected: {reject}" for reject in report.rejects]
    for lines, count, kind in (
        (warnings, len(warnings), "warning"),
        (rejects, report.rejected, "reject"),
    ):
        shown = lines if verbose else lines[:_SHOWN]
        _show_lines(shown)
        if count > len(shown):
            lists_all = whole if count == len(lines) else "'graphcache build --rejects FILE'"
            more = counted(count - len(shown), f"more {kind}")
            tell(f"… and {more}; {lists_all} lists all")
    if verbose:
        _show_lines([f"Skipped: {line}" for line in report.skipped])


def _show_lines(lines: list[str]) -> None:
    for line in lines:
        tell(printable(line).replace("\n", "\\n"))


def _summary(report: Report, store: str) -> str:
    if not report.files:
        return f"{store}: nothing new: {counted(report.unchanged, 'file')} unchanged"
    said = [f"{counted(report.kept, 'record')} of {counted(report.files, 'file')}"]
    if report.removed:
        said.append(f"{counted(report.removed, 'spec')} listed no more")
    if report.unchanged:
        said.append(f"{counted(report.unchanged, 'file')} unchanged")
    if report.rejected:
        said.append(counted(report.rejected, "reject"))
    if report.skipped:
        said.append(f"{counted(len(report.skipped), 'other file')} skipped")
    return f"{store}: {', '.join(said)}"
