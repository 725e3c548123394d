"""The `graphcache` command: its group, its exit codes, and how errors are shown."""

from __future__ import annotations

import io
import os
import sys

import click
from click.shell_completion import get_completion_class

from graphcache import __version__
from graphcache.cli.export import export_command
from graphcache.cli.load import build, update
from graphcache.cli.query import query
from graphcache.cli.server import push, verify
from graphcache.cli.store import schema, stats
from graphcache.errors import GraphcacheError
from graphcache.views.answers import printable

_COMPLETE = "_GRAPHCACHE_COMPLETE"
_EXIT_CODES = """
\b
Exit codes:
  0    all is well
  1    failed; nothing was changed
  2    wrong usage
  3    done, but some files or records were rejected
  130  ended by Ctrl-C; nothing was changed
"""


@click.group(
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", prog_name="graphcache")
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


for command in (build, update, query, stats, export_command, push, verify, schema):
    cli.add_command(command)


def main() -> None:
    """Run the command line, and end the process with its exit code."""
    _prepare_output()
    try:
        code = cli.main(prog_name="graphcache", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        click.echo(printable(shown.getvalue()), err=True, nl=False)
        code = error.exit_code
    except GraphcacheError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = _without_output(130)
    except BrokenPipeError:
        code = _without_output(141)
    except SystemExit:
        if _COMPLETE in os.environ:
            raise
        code = _without_output(141)  # so click ends where the reader is gone
    except OSError as error:
        click.echo(printable(f"Error: {error}"), err=True)
        code = _without_output(1)
    except MemoryError:
        click.echo("Error: out of memory: read fewer pages at once", err=True)
        code = 1
    sys.exit(code or 0)


def _prepare_output() -> None:
    """Make the streams take all that is written: they may be closed, or not be UTF-8."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _without_output(code: int) -> int:
    """The code; Python must not fail on output that is left and that nobody takes any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
