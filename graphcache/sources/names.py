"""What can be a name, and what can't be read: the same for every format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from graphcache.records import MAX_NAME, short

A_NAME = "text of 1 to 1,000 characters"
"""What is expected of a name, as messages say it."""
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no text of a record may have; some of them no store or export can hold."""

_ESCAPE = re.compile(rb"\\[ubf]")


class Unreadable(ValueError):
    """A file, or a part of one, can't be read; `line` is the line in the file, where known."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


def may_hide_characters(text: bytes) -> bool:
    r"""Whether JSON may hold characters that no text may have: beyond ASCII, or by an escape.

    >>> may_hide_characters(rb'["a\"b"]'), may_hide_characters(rb'["\u0000"]')
    (False, True)
    """
    return not text.isascii() or (b"\\" in text and _ESCAPE.search(text) is not None)


def check_name(value: Any, field: str, line: int) -> str:
    """The value, if it can be a name; else Unreadable."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise Unreadable(f"{field}: expected {A_NAME}, found {short(value)}", line)
    if problem := character_problem(value):
        raise Unreadable(f"{field}: {problem}", line)
    return value


def character_problem(value: Any) -> str:
    r"""What is wrong with the characters of the texts in a value, keys too; empty if nothing is.

    >>> character_problem({"os": ["ubuntu", "a\x1bb"]})
    'expected text without control characters, found "a\\u001bb"'
    """
    found = next((text for text in _texts_in(value) if CONTROL.search(text)), None)
    return (
        "" if found is None else f"expected text without control characters, found {short(found)}"
    )


def _texts_in(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            todo += reversed([part for pair in one.items() for part in pair])
        elif isinstance(one, list):
            todo += reversed(one)
