"""Questions on who needs whom: `why`, `impact`, `prune-plan`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.completing import DEPTYPE
from graphcache.cli.options import (
    all_rows,
    answer_options,
    chosen_part,
    keep_store,
    output_path,
    place_options,
    show,
)
from graphcache.errors import UsageError
from graphcache.views.answers import default_format
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.answers import Answer


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@answer_options
def why(specs: tuple[str, ...], **options: Any) -> None:
    """Say why a spec is there: the roots that need it, and a shortest path from each.

    SPEC is what 'graphcache find' takes; a hash may be cut short.

    In a table, the roots of one package are one row, with how many they are and the shortest of
    their paths; with --all each root has its own. csv and json have every root in any case.

    \b
    Example:
      graphcache why /bu5ehkv
      graphcache why zlib-ng@2.3.2 +compat --all
    """
    from graphcache.analysis.reasons import why as find

    show_roots(find(chosen_part(options, find.reads), specs), options["format_"])


def show_roots(answer: Answer, format_: Any) -> None:
    """Print what `why` answers; in a table, without --all, one row for the roots of a package."""
    from graphcache.analysis.reasons import by_package

    if (format_ or default_format(sys.stdout)) == "table":
        answer = _for_table(answer if all_rows() else by_package(answer))
    show(answer, format_)


def _for_table(answer: Answer) -> Answer:
    """The answer without what the path says too, and with that as a text, which is never cut."""
    shown = ("package", "roots", "stacks", "path")
    kept = [name for name in answer.columns if name in shown]
    rows = [
        tuple(" → ".join(row["path"]) if name == "path" else row[name] for name in kept)
        for row in answer.to_dicts()
    ]
    return replace(answer, columns=kept, rows=rows)


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@place_options
@click.option(
    "--deptype",
    metavar="TYPES",
    type=DEPTYPE,
    default="all",
    show_default=True,
    help="Follow only dependencies of these types: build, link, run, test, as link,run.",
)
@answer_options
def impact(specs: tuple[str, ...], **options: Any) -> None:
    """Count what a change to the specs that are as one SPEC asks touches, by stack and release.

    SPEC is what 'graphcache find' takes. VERSIONS in it are as in Spack: @1.2 stands for 1.2 and
    all 1.2.x, @=1.2 for 1.2 alone, @1.2:1.4, @:1.4 and @1.2: for a range with both its ends.

    'self' counts the specs that are so, 'direct' what needs one itself, 'transitive' what needs one
    through others; 'specs' is all three. 'build_only' is apart: what needs one for a build or test
    alone; --deptype build does not reach what needs it only for a test. For a CVE, follow link,run;
    after a change of a recipe, all of it is built again.

    \b
    Example:
      graphcache impact curl@7.69.0:8.3.0 --stack e4s
      graphcache impact openssl@:3.5 --deptype link,run --release develop
    """
    from graphcache.analysis.touching import impact as find

    asked = (options["stack"], options["release"], options["deptype"])
    show(find(chosen_part(options, find.reads), specs, *asked), options["format_"])


@click.command("prune-plan")
@click.option("--keep-release", "releases", multiple=True, metavar="RELEASE", help="Keep this one.")
@click.option("--keep-stack", "stacks", multiple=True, metavar="STACK", help="Keep this one.")
@click.option(
    "--deptype",
    metavar="TYPES",
    type=DEPTYPE,
    default="all",
    show_default=True,
    help="Keep roots, and what they need by these types: build, link, run, test, as link,run.",
)
@click.option(
    "--keeplist",
    metavar="FILE",
    type=output_path,
    help="Write the hashes to keep, for 'spack buildcache prune --keeplist FILE'.",
)
@answer_options
def prune_plan(releases: tuple[str, ...], stacks: tuple[str, ...], **options: Any) -> None:
    """List the specs that nothing kept needs, and that could go. Deletes nothing.

    Kept is what is in a kept release or stack, with all that it needs; with --deptype link,run only
    its roots, with what they need to be linked and run, so that what only built them can go.

    What is listed is no list for Spack, which takes the hashes to keep and deletes all others:
    --keeplist writes that.

    \b
    Example:
      graphcache prune-plan --keep-release develop
      graphcache prune-plan --keep-release develop --keep-stack e4s --keeplist keep.txt
    """
    from graphcache.analysis.pruning import could_go, to_keep, what_is_kept

    out: Path | None = options["keeplist"]
    if out is not None:
        _check_place(out, options["store"])
    tables = chosen_part(options, what_is_kept.reads)
    kept = what_is_kept(tables, releases, stacks, options["deptype"])
    answer, hashes = could_go(kept), to_keep(kept)
    if out is not None:
        _write(out, hashes)
    said = [_sum_of_sizes(answer)]
    if out is not None:
        said.append(_what_spack_does(out, hashes, answer))
    show(answer, options["format_"], beside=said)


def _check_place(out: Path, store: str) -> None:
    if str(out) == "-":
        raise UsageError("--keeplist: expected a file, found - (standard output has the answer)")
    keep_store(str(out), store)


def _write(out: Path, hashes: list[str]) -> None:
    """Put a whole list in place: one hash per line and nothing else, since Spack takes no more."""
    from graphcache.exports import write_file

    text = "".join(f"{hash_}\n" for hash_ in hashes)
    write_file(out, lambda path: path.write_text(text, encoding="ascii"))


def _what_spack_does(out: Path, hashes: list[str], answer: Answer) -> str:
    """What the list is, and how to see before that Spack will delete what is meant."""
    return (
        f"{out}: {counted(len(hashes), 'hash', 'hashes')} to keep. 'spack buildcache prune "
        f"--keeplist {out} --dry-run MIRROR' should find {counted(len(answer.rows), 'spec')} to "
        "prune: if it finds more, the mirror holds what this store was not built from, and Spack "
        "would delete it"
    )


def _sum_of_sizes(answer: Answer) -> str:
    sizes = [row[answer.columns.index("size")] for row in answer.rows]
    known = [size for size in sizes if size is not None]
    unknown = len(sizes) - len(known)
    specs = f"{counted(len(sizes), 'spec')} could go"
    if sizes and not known:
        return f"{specs}: of none the size is known"
    rest = f", and {unknown:,} whose size is not known" if unknown else ""
    return f"{specs}: {counted(sum(known), 'byte')}{rest}"
