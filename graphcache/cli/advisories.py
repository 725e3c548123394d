"""`advisories`: what security advisories touch."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.completing import DEPTYPE
from graphcache.cli.options import (
    format_options,
    open_chosen,
    place_options,
    server_options,
    show,
    shown_path,
    store_option,
)
from graphcache.cli.telling import tell
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.analysis.advising.findings import Findings
    from graphcache.records import Report

_SHOWN = 10
_DOCUMENTS = ("sarif", "openvex")


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="ADVISORY...", type=shown_path)
@place_options
@click.option(
    "--deptype",
    metavar="TYPES",
    type=DEPTYPE,
    default="link,run",
    show_default=True,
    help="Follow dependencies of these types to what has it in it; build-only is counted apart.",
)
@click.option(
    "--ignore",
    metavar="OPENVEX",
    multiple=True,
    type=shown_path,
    help="Pass over what an OpenVEX file says is not affected or fixed.",
)
@store_option
@server_options
@format_options(*_DOCUMENTS)
def advisories(paths: tuple[str, ...], ignore: tuple[str, ...], **options: Any) -> None:
    """Say which specs security advisories mean, and what depends on them. Exit code 1 if any.

    ADVISORY is a file, a folder, an archive or an address, in OSV's JSON form. A row is what one
    says of a package in a stack and release: 'affected', or 'not decided', because of what stands
    last in it; what it does not mean is no row. 'guess' marks a package that is found by its name
    alone. 'fixed' are versions that the cache holds and it does not mean.

    'self' counts the specs that are meant, 'direct' and 'transitive' what has one in it,
    'build_only' what needs one for a build alone, 'rebuild' all that has to be built again.

    \b
    Example:
      graphcache advisories CVE-2025-9086.json --stack e4s --release develop
      graphcache advisories osv/ --ignore looked-at.openvex.json --format sarif > found.sarif
    """
    from graphcache.analysis.advising.findings import advisories as find
    from graphcache.sources.advisories import read_advisories
    from graphcache.sources.openvex import read_openvex
    from graphcache.tables.collector import paused_collector

    read, report = read_advisories(paths)
    ignored, said = read_openvex(ignore)
    with open_chosen(options) as store:
        tables = store.part(find.reads)
        time = store.describe().loads[-1].time if options["format_"] == "openvex" else ""
    places = {name: options[name] for name in ("stack", "release", "deptype")}
    with paused_collector():
        found = find(tables, read, ignored=ignored, **places)
        _show(found, time, options["format_"])
    for line in [*said, *not_read(report)]:
        tell(line)
    if not found:
        tell(f"{counted(len(read), 'advisory', 'advisories')}: none touches it.")
    code = 1 if found else 3 if report.rejects else 0
    click.get_current_context().exit(code)


def _show(found: Findings, time: str, format_: str | None) -> None:
    if format_ not in _DOCUMENTS:
        show(found.detailed if format_ in ("json", "jsonl") else found.answer, format_)
        return
    from graphcache.views.openvex import to_openvex
    from graphcache.views.sarif import to_sarif

    document = to_sarif(found) if format_ == "sarif" else to_openvex(found, time)
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")
    for note in found.notes:
        tell(note)


def not_read(report: Report) -> list[str]:
    """What of the advisories was not read: nobody is to take it for an all-clear."""
    rejects = [f"not read: {reject}" for reject in report.rejects[:_SHOWN]]
    if report.rejected > _SHOWN:
        rejects.append(f"… and {report.rejected - _SHOWN:,} more that were not read")
    return rejects
