"""Types of dependencies, as Spack's commands take them: `link,run`, or `all`."""

from __future__ import annotations

from collections.abc import Iterable

from graphcache.errors import UsageError, no_such

DEPTYPES = ("build", "link", "run", "test")
"""All that Spack has."""
ALL = "all"


def parse_deptypes(text: str | Iterable[str]) -> tuple[str, ...]:
    """The types that a text names, separated by commas, or that a list names; in Spack's order.

    Raises:
        UsageError: one of them is no type of Spack's, or there is none.

    >>> parse_deptypes("run,link"), parse_deptypes(["link"]), parse_deptypes("all")
    (('link', 'run'), ('link',), ('build', 'link', 'run', 'test'))
    """
    names = [n.strip() for n in text.split(",")] if isinstance(text, str) else list(text)
    if names == [ALL]:
        return DEPTYPES
    if ALL in names:
        raise UsageError(
            f"{','.join(names)}: expected {ALL} alone, or some of {', '.join(DEPTYPES)}"
        )
    for name in names or [""]:
        if name not in DEPTYPES:
            raise no_such("dependency type", name, [*DEPTYPES, ALL], "Spack")
    return tuple(name for name in DEPTYPES if name in names)
