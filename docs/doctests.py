"""For the site: what a docstring shows as a doctest is an example, also without such a heading."""

from __future__ import annotations

import re
from typing import Any

import griffe

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$")


class Doctests(griffe.Extension):
    """Puts `Examples:` above a docstring's doctests, which Markdown would take for quotations."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called once for each object that griffe has loaded."""
        if obj.docstring:
            obj.docstring.value = with_heading(obj.docstring.value)


def with_heading(docstring: str) -> str:
    """The docstring with its doctests as a section; as it is, if it has none."""
    lines = docstring.splitlines()
    start = next((n for n, line in enumerate(lines) if line.startswith(">>>")), len(lines))
    after = range(start, len(lines))
    end = next((n for n in after if _SECTION.match(lines[n])), len(lines))
    if start == end:
        return docstring
    shown = [f"    {line}" if line else "" for line in lines[start:end]]
    return "\n".join([*lines[:start], "Examples:", *shown, *lines[end:]])
