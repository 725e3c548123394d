"""What the stores log of a statement: never a value, be it a parameter or written in the text."""

from __future__ import annotations

import logging
import re
import time

from graphcache.stores.statements import TOKEN

_LONGEST = 200
"""Characters of a statement in a log."""


def log_statement(log: logging.Logger, what: str, cypher: str, rows: int, start: float) -> None:
    """Say at debug level that a statement was done: over how many rows, and since `start`."""
    if log.isEnabledFor(logging.DEBUG):
        seconds = time.monotonic() - start
        log.debug("%s, rows: %d, seconds: %.3f: %s", what, rows, seconds, outline(cypher))


def outline(cypher: str) -> str:
    r"""A statement on one line, cut, and without the texts that are written in it.

    >>> outline("MATCH (s:`Spec` {name: 'zlib'})\nRETURN s.hash // the key")
    "MATCH (s:`Spec` {name: '…'}) RETURN s.hash"
    """
    line = " ".join(TOKEN.sub(_shown, cypher).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _shown(token: re.Match[str]) -> str:
    text = token.group()
    if text.startswith("`"):
        return text
    return " " if text.startswith("/") else "'…'"
