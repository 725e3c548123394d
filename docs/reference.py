"""The generated parts of the documentation; cog calls these from the pages themselves."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from graphcache import Store, open_store
from graphcache.cli.main import cli
from graphcache.queries import NamedQuery, by_theme, load_library
from graphcache.records import Labels
from graphcache.schema import NodeType, all_types
from graphcache.views.markdown import code, table
from graphcache.views.schema import type_pattern
from graphcache.workflows import build_from

ROOT = Path(__file__).parents[1]
EXAMPLE_SOURCES = [
    (str(ROOT / "examples/pages"), Labels()),
    *[
        (str(ROOT / "examples/site" / r), Labels(release=r))
        for r in ("2026-09", "2026-10", "develop")
    ],
    (str(ROOT / "examples/site/my-env"), Labels()),
    (str(ROOT / "examples/mirror"), Labels(stack="demo")),
]
"""What the named queries are answered from; the page says how to build it."""

MOST_ROWS = 6
MOST_ITEMS = 4
"""How much of an answer, and of a list in it, is shown."""


def schema() -> str:
    """One section per node and edge type, with a table of its properties."""
    blocks: list[str] = []
    for type_ in all_types():
        lines = [f"## `{type_pattern(type_)}`", "", type_.doc]
        if type_.properties:
            rows = [[f"`{p.name}`", p.type, p.doc] for p in type_.properties]
            lines += ["", *table(["property", "type", "meaning"], rows)]
        if isinstance(type_, NodeType):
            lines += ["", f"Key: `{type_.key}`."]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def commands() -> str:
    """The help of every command."""
    context = click.Context(cli, info_name="graphcache", max_content_width=100)
    blocks = [_help("graphcache", cli, context)]
    for name in sorted(cli.commands):
        command = cli.commands[name]
        inner = click.Context(command, info_name=name, parent=context, max_content_width=100)
        blocks.append(_help(f"graphcache {name}", command, inner))
        # Of the queries, each has a section on a page of its own.
        if isinstance(command, click.Group) and name != "query":
            for part, one in sorted(command.commands.items()):
                context_of_part = click.Context(one, inner, part, max_content_width=100)
                blocks.append(_help(f"graphcache {name} {part}", one, context_of_part))
    return "\n\n".join(blocks)


def _help(title: str, command: click.Command, context: click.Context) -> str:
    lines = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## {title}\n\n```text\n{lines}\n```"


def queries() -> str:
    """One section per theme, and in it one per named query, with an answer on real data."""
    blocks = []
    with TemporaryDirectory() as folder:
        place = Path(folder) / "graphcache.lbug"
        build_from(place, EXAMPLE_SOURCES)
        with open_store(place) as store:
            for theme, group in by_theme(load_library().values()).items():
                blocks.append(f"## {theme.capitalize()}")
                blocks += [_query(query, store) for query in group]
    return "\n\n".join(blocks)


def _query(query: NamedQuery, store: Store) -> str:
    example = query.example or ""
    lines = [f"### {query.name}", "", query.question, ""]
    lines += [f"`{f'graphcache query {query.name} {example}'.rstrip()}`", ""]
    lines += _answer(query, store)
    if query.parameters:
        rows = [
            [f"`--{p.name}`", p.type, "required" if p.required else f"`{p.default!r}`", p.doc]
            for p in query.parameters
        ]
        lines += ["", *table(["parameter", "type", "default", "meaning"], rows)]
    rows = [[f"`{c.name}`", c.type, c.doc] for c in query.columns]
    lines += ["", *table(["column", "type", "meaning"], rows)]
    lines += ["", "```cypher", query.cypher, "```"]
    return "\n".join(lines)


def _answer(query: NamedQuery, store: Store) -> list[str]:
    """The first rows of what the example gives."""
    words = shlex.split(query.example or "")
    options = dict(zip(words[::2], words[1::2], strict=True))
    options.pop("--limit", None)
    values = {option.removeprefix("--"): value for option, value in options.items()}
    answer = query.run(store, values, limit=MOST_ROWS)
    if not answer.rows:
        return ["Nothing of the kind is in the example data."]
    lines = table(answer.columns, [[_cell(value) for value in row] for row in answer.rows])
    return [*lines, *(["", "More rows follow."] if answer.more else [])]


def _cell(value: Any) -> str:
    """A value in a table of Markdown; of a long list the beginning."""
    if isinstance(value, list):
        rest = f" … ({len(value)} in all)" if len(value) > MOST_ITEMS else ""
        return " ".join(map(_cell, value[:MOST_ITEMS])) + rest
    return code(value) if isinstance(value, str) else str(value).lower()
