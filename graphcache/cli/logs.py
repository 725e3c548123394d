"""The log of a run, on standard error: what --verbose turns on."""

from __future__ import annotations

import logging
import sys

import click

from graphcache.views.answers import printable

# graphcache's loggers alone: at this level those of urllib3 and botocore tell whole addresses and
# signatures, and the Neo4j driver's the parameters of statements.
_LOGGER = logging.getLogger("graphcache")


class _StandardError(logging.Handler):
    """Writes to what is standard error when there is something to write."""

    def emit(self, record: logging.LogRecord) -> None:
        print(printable(self.format(record)), file=sys.stderr)


_HANDLER = _StandardError()
_HANDLER.setFormatter(
    logging.Formatter("%(asctime)s.%(msecs)03d %(name)s: %(message)s", "%H:%M:%S")
)


def start_log(context: click.Context, _: click.Parameter, verbose: bool) -> bool:
    """Log until the command has ended, if that is asked for; whether it is, here or before it."""
    logs = _HANDLER in _LOGGER.handlers
    if verbose and not logs:
        _LOGGER.addHandler(_HANDLER)
        _LOGGER.setLevel(logging.DEBUG)
        context.call_on_close(_end_log)
    return verbose or logs


def _end_log() -> None:
    _LOGGER.removeHandler(_HANDLER)
    _LOGGER.setLevel(logging.NOTSET)
