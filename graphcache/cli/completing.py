"""Names of the store, which the shell completes."""

from __future__ import annotations

import os
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from graphcache.errors import GraphcacheError
from graphcache.kinds import Kind, names
from graphcache.spack.deptypes import ALL, DEPTYPES, parse_deptypes
from graphcache.spack.targets import known_targets

_OPTIONS: dict[str, Kind] = {
    "--package": "package",
    "--what-if": "package",
    "--stack": "stack",
    "--keep-stack": "stack",
    "--release": "release",
    "--keep-release": "release",
    "--target": "target",
    "--os": "os",
    "--libc": "libc",
}
"""The kinds of names that options of these names take, in every command."""
_ARGUMENTS: dict[str, tuple[Kind, ...]] = {
    "specs": ("package", "hash"),
    "name": ("package", "stack", "hash"),
    "old": ("release", "stack", "hash"),
    "new": ("release", "stack", "hash"),
}
"""The kinds of names that arguments of these names take; a hash stands behind a slash."""
_SIDES = ("old", "new")
"""Arguments that may be files too, which are stores."""

_MOST = 1_000
"""Names that are offered."""
_SECONDS = 2.0
"""A store may take so long; whoever presses Tab does not wait for more."""


class NameOf(click.types.StringParamType):
    """A name of a kind, such as a package's: any text, since who asks the graph looks it up.

    The shell completes it with names of the store that --store names, if that is a file: a server
    may want a password, or be far away.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.name = kind

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so; none, and no word, where there is no store to ask."""
        # Of a hash, what stands before the last slash is the package, or nothing.
        cut = incomplete.rfind("/") + 1 if self.kind == "hash" else 0
        before, beginning = incomplete[:cut], incomplete[cut:]
        return [CompletionItem(before + name) for name in self._names(ctx, beginning)]

    def _names(self, ctx: click.Context, beginning: str) -> list[str]:
        if self.kind == "target":  # a machine may be any, whatever the store holds
            return [name for name in known_targets() if name.startswith(beginning)]
        from graphcache.stores import is_server, open_store

        store = _store(ctx)
        if store is None or is_server(store) or not os.path.isfile(store):
            return []
        try:
            with open_store(store) as opened:
                return names(opened, self.kind, beginning, most=_MOST, timeout=_SECONDS)
        except GraphcacheError:
            return []


class OneOf(click.types.StringParamType):
    """A name of one of several kinds, of which --as may say which; or a file.

    A spec is completed so too: its package, or its hash behind a slash.
    """

    def __init__(self, *kinds: Kind, files: bool = False) -> None:
        self.kinds, self.files = kinds, files
        self.name = kinds[0]

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so; a shell offers files, if they may be meant, where none does."""
        chosen = ctx.params.get("kind")
        kinds = [kind for kind in self.kinds if chosen in (None, kind)]
        if "hash" in self.kinds and ("/" in incomplete or chosen == "spec"):
            kinds = ["hash"]
        elif chosen is None:
            kinds = [kind for kind in kinds if kind != "hash"]
        found = [
            item for kind in kinds for item in NameOf(kind).shell_complete(ctx, param, incomplete)
        ]
        is_file = self.files and chosen in (None, "store")
        return [CompletionItem(incomplete, type="file"), *found] if is_file else found


class DepTypes(click.ParamType[tuple[str, ...]]):
    """Types of dependencies, separated by commas; the shell completes the last of them."""

    name = "deptypes"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The types that are named."""
        return parse_deptypes(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The types that begin so and are not named yet; `all` stands alone."""
        *before, last = incomplete.split(",")
        names = DEPTYPES if before else (*DEPTYPES, ALL)
        return [
            CompletionItem(",".join([*before, name]))
            for name in names
            if name.startswith(last) and name not in before
        ]


DEPTYPE = DepTypes()


def complete_names(command: click.Command) -> None:
    """Have the shell complete what a command, and those in it, take under the usual names."""
    for param in command.params:
        if param.type is not click.STRING:
            continue
        if isinstance(param, click.Option):
            kind = next((_OPTIONS[name] for name in param.opts if name in _OPTIONS), None)
            param.type = NameOf(kind) if kind else param.type
        elif param.name in _ARGUMENTS:
            param.type = OneOf(*_ARGUMENTS[param.name], files=param.name in _SIDES)
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            complete_names(inner)


def _store(ctx: click.Context) -> str | None:
    """The store that the words so far name: of a named query, --store may stand before its name."""
    given = [one for one in (ctx, ctx.parent) if one is not None and "store" in one.params]
    typed = [c for c in given if c.get_parameter_source("store") is ParameterSource.COMMANDLINE]
    found: str | None = (typed or given)[0].params["store"] if given else None
    return found
