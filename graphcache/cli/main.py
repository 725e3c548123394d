"""The `graphcache` command: its group, its exit codes, and how errors are shown."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

import click
from click.shell_completion import get_completion_class

from graphcache.cli.advisories import advisories
from graphcache.cli.completing import complete_names
from graphcache.cli.coverage import coverage
from graphcache.cli.diff import diff
from graphcache.cli.export import export_command
from graphcache.cli.fetch import fetch
from graphcache.cli.find import find, usable
from graphcache.cli.lake import lake
from graphcache.cli.load import build, update
from graphcache.cli.logs import start_log
from graphcache.cli.needs import impact, prune_plan, why
from graphcache.cli.plot import plot
from graphcache.cli.query import query
from graphcache.cli.sbom import sbom
from graphcache.cli.serve import serve
from graphcache.cli.server import push, verify
from graphcache.cli.store import schema, stats
from graphcache.cli.telling import tell
from graphcache.cli.unify import unify
from graphcache.cli.verbs import check, rebuilds
from graphcache.cli.view import view
from graphcache.errors import GraphcacheError
from graphcache.version import __version__

_COMPLETE = "_GRAPHCACHE_COMPLETE"
_YOUNG = 250_000
"""Objects after which Python looks for garbage, in place of 700 (3.11): a twentieth of a short
command, in which next to nothing was found. It may hold some 50 MB more so."""
_FRAMES = ("pandas", "polars")
"""What no command uses but `plot`, where it draws with marsilea, which takes pandas."""
_EXIT_CODES = """
\b
Exit codes:
  0    all is well
  1    failed; nothing was changed
  2    wrong usage
  3    done, but some files or records were rejected
  130  ended by Ctrl-C; nothing was changed
  141  nobody reads the output any more
"""


@click.group(
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="graphcache")
@click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=start_log,
    help="Log what is asked of networks, servers, stores and lakes.",
)
def cli() -> None:
    """One property graph of what Spack build caches publish.

    \b
    Example:
      graphcache build pages/
      graphcache query redundant-builds --release develop --limit 10
    """


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes graphcache's commands in SHELL.

    \b
    Example:
      eval "$(graphcache completion bash)"
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(cli, {}, "graphcache", _COMPLETE).source())


_LOADS = (build, update, fetch, stats, lake)
_BUILDS = (coverage, usable, rebuilds, prune_plan, unify)
_QUESTIONS = (find, query, diff, check, why, impact, advisories, *_BUILDS)
_VIEWS = (view, plot, serve)
for command in (*_LOADS, *_QUESTIONS, *_VIEWS, export_command, sbom, push, verify, schema):
    cli.add_command(command)
complete_names(cli)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    gc.set_threshold(_YOUNG)
    _open_streams()
    interrupts = _watch_interrupts()
    try:
        with _without_frames():
            code = cli.main(prog_name="graphcache", standalone_mode=False)
        sys.stdout.flush()
    except BaseException as error:
        # What runs when a signal comes may make another error of it, of an import for one.
        code = _end_by_signal(interrupts[0]) if interrupts else _end_by(error)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: nothing is left to be ended
    gc.freeze()  # a last search for garbage is a tenth of a short command
    sys.exit(code or 0)


@contextmanager
def _without_frames() -> Iterator[None]:
    """As if no library of data frames were installed.

    pyarrow, LadybugDB and Neo4j's driver import those to see whether what they are given is a frame
    of theirs, which takes longer than most commands do otherwise. pyarrow takes none for a frame
    then as long as the process lives, which ends with the command.
    """
    if not _draws():
        _replace(PathFinder, _NoFrames)
    try:
        yield
    finally:
        _replace(_NoFrames, PathFinder)


def _draws() -> bool:
    """Whether it may be `plot` with a file to draw."""
    return "plot" in sys.argv and any(word.startswith(("-o", "--out")) for word in sys.argv)


def _replace(old: type[PathFinder], new: type[PathFinder]) -> None:
    """Have Python find modules by another finder; those that a library adds stay."""
    sys.meta_path[:] = [new if finder is old else finder for finder in sys.meta_path]


class _NoFrames(PathFinder):
    """Finds what Python finds, but for those."""

    # None in `sys.modules` would hide them as well, but pyarrow, in Cython, takes it for a module.
    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname in _FRAMES else super().find_spec(fullname, path, target)


def _end_by(error: BaseException) -> int | None:
    """Say what the error is, and give the exit code; raise an error that is a bug."""
    if isinstance(error, click.ClickException | GraphcacheError):
        _say(_message(error))
        return error.exit_code
    if isinstance(error, click.Abort):  # end of file where a password is asked for
        return _without_output(130)
    # Where the reader of the output is gone, click ends by SystemExit, as it does to complete.
    completes = _COMPLETE in os.environ
    if isinstance(error, BrokenPipeError) or (isinstance(error, SystemExit) and not completes):
        return _without_output(141)
    if isinstance(error, OSError):
        _say(f"Error: {error}\n")
        return _without_output(1)
    if isinstance(error, MemoryError):
        _say("Error: out of memory: read fewer pages at once\n")
        return 1
    raise error


def _message(error: click.ClickException | GraphcacheError) -> str:
    if isinstance(error, GraphcacheError):
        return f"Error: {error.at_shell}\n"
    shown = io.StringIO()
    error.show(shown)
    return shown.getvalue()


def _say(text: str) -> None:
    tell(text.removesuffix("\n"))


def _watch_interrupts() -> list[int]:
    """A list that is empty until Ctrl-C or SIGTERM; the second one ends the process at once."""
    interrupts: list[int] = []

    def interrupt(number: int, _: object) -> None:
        interrupts.append(number)
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    # A shell has a command in the background ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, interrupt)
    return interrupts


def _end_by_signal(number: int) -> int:
    """After all is cleaned up: 130 for Ctrl-C; another signal ends the process as it would have."""
    code = _without_output(128 + number)
    if number != signal.SIGINT:
        signal.raise_signal(number)
    return code


def _open_streams() -> None:
    """Make the streams usable: they may be closed, or not be UTF-8."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _without_output(code: int) -> int:
    """The code; Python must not fail on output that is left and that nobody takes any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
