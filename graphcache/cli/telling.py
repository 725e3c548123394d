"""What is said beside an answer, on standard error: on a terminal no word of it is broken."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import IO

import click

from graphcache.views.answers import printable

_WORD = re.compile(r"'(?:graphcache|spack) [^']*'\S*|(?<=: )(?:graphcache|MATCH) .*|\S+")
"""A word, or a command that is to be pasted, in which a line end would cut it."""


def tell(text: str) -> None:
    """Say something on standard error."""
    click.echo(broken_between_words(printable(text), _width(sys.stderr)), err=True)


def print_text(text: str) -> None:
    """Print a text of whole lines on standard output."""
    click.echo(broken_between_words(text, _width(sys.stdout)))


def lines_of(texts: Sequence[str]) -> int:
    """How many lines of a terminal it takes to say these; 0 where they are said elsewhere."""
    width = _width(sys.stderr)
    if width is None:
        return 0
    shown = (broken_between_words(printable(text), width) for text in texts)
    return sum(text.count("\n") + 1 for text in shown)


def _width(stream: IO[str]) -> int | None:
    """The width of the terminal that a stream is; None if it is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError, AttributeError):
        return None


def broken_between_words(text: str, width: int | None) -> str:
    r"""The text, of which each line that is too wide goes on in the next one.

    >>> print(broken_between_words("none: no such spec\n  'graphcache find x' says", 14))
    none: no such
    spec
      'graphcache find x'
      says
    """
    if width is None:
        return text
    return "\n".join(
        line if len(line) <= width else _broken_line(line, width) for line in text.split("\n")
    )


def _broken_line(line: str, width: int) -> str:
    from graphcache.views.terminal import wrapped

    before = line[: len(line) - len(line.lstrip())]
    words = _WORD.findall(line)
    return "\n".join(before + part for part in wrapped(words, max(width - len(before), 1)))
