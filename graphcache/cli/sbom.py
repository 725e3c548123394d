"""`sbom`: bills of material."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    keep_store,
    open_chosen,
    server_options,
    shown_path,
    store_option,
)
from graphcache.cli.telling import tell
from graphcache.errors import ExportError, UsageError
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.analysis.bills import Bill


_FORMATS = ("cyclonedx", "spdx")


@click.command()
@click.argument("specs", nargs=-1, metavar="[SPEC]...")
@click.option("--stack", metavar="STACK", help="All that this stack holds, instead of specs.")
@click.option("--release", metavar="RELEASE", help="Only what is in this release.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    default="cyclonedx",
    show_default=True,
    help="CycloneDX 1.6 or SPDX 2.3, both in JSON.",
)
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE",
    type=shown_path,
    default="-",
    help="Where to write it; with --each-root a folder. [default: standard output]",
)
@click.option("--each-root", is_flag=True, help="One file for each root, in the folder -o.")
@store_option
@server_options
def sbom(specs: tuple[str, ...], out: str, **options: Any) -> None:
    """Write a bill of material of specs, or of a stack: all that is in it.

    SPEC is what 'graphcache find' takes, a hash as /abc. Each part has its package URL
    (pkg:spack/NAMESPACE/NAME@VERSION?sha=HASH, as proposed) and what Spack knows of it as
    properties spack:…; what was needed for a build or test alone is marked so, as are externals and
    what the cache does not hold. What is not known is left out and counted.

    Its date is that of SOURCE_DATE_EPOCH, or else when the store was loaded, so that the same store
    gives the same bytes. It needs the extra 'sbom': pip install 'graphcache[sbom]'.

    \b
    Example:
      graphcache sbom --stack e4s --release develop -o e4s.cdx.json
      graphcache sbom hdf5@1.14: +mpi --format spdx -o hdf5.spdx.json
      graphcache sbom --stack e4s --each-root -o boms/
    """
    from graphcache.analysis.bills import sbom as find
    from graphcache.views.bills import ENDINGS, created, writer

    write = writer(options["format_"])
    keep_store(out, options["store"])
    with open_chosen(options) as store:
        tables = store.part(find.reads)
        loads = store.describe().loads
    bill = find(tables, specs, stack=options["stack"], release=options["release"])
    time = created(loads[-1].time if loads else "")
    if options["each_root"]:
        _write_each(bill, Path(out), ENDINGS[options["format_"]], lambda one: write(one, time))
    else:
        _write(out, write(bill, time))
    parts = counted(len(bill.parts), "part")
    built = sum(not part.is_used for part in bill.parts)
    said = f"{bill.name}: {counted(len(bill.roots), 'root')}, {parts}, {built:,} for builds alone"
    tell(said)
    for note in bill.notes:
        tell(note)


def _write(out: str | Path, text: str) -> None:
    from graphcache.exports import write_file

    write_file(out, lambda path: path.write_text(text, encoding="utf-8"))


def _write_each(bill: Bill, folder: Path, ending: str, write: Callable[[Bill], str]) -> None:
    from graphcache.views.bills import file_name

    if str(folder) == "-":
        raise UsageError("--each-root: expected a folder with -o, since it writes several files")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or str(error)
        raise ExportError(f"{folder}: can't be made a folder: {why}") from error
    for one in bill.each():
        root = one.by_hash[one.roots[0]]
        name = file_name(f"{root.name}-{root.version}-{root.hash[:7]}")
        _write(folder / f"{name}{ending}", write(one))
