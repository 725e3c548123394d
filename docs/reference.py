"""The generated parts of the documentation; cog calls these from the pages themselves."""

from __future__ import annotations

import click

from graphcache.cli.main import cli
from graphcache.queries import NamedQuery, load_library
from graphcache.schema import NodeType, all_types
from graphcache.views.schema import type_pattern


def schema() -> str:
    """A section a node and edge type, with a table of its properties."""
    blocks: list[str] = []
    for type_ in all_types():
        lines = [f"## `{type_pattern(type_)}`", "", type_.doc]
        if type_.properties:
            lines += ["", "| property | type | meaning |", "| --- | --- | --- |"]
            lines += [f"| `{p.name}` | {p.type} | {p.doc} |" for p in type_.properties]
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
        if isinstance(command, click.Group) and name != "query":
            for part, one in sorted(command.commands.items()):
                context_of_part = click.Context(one, inner, part, max_content_width=100)
                blocks.append(_help(f"graphcache {name} {part}", one, context_of_part))
    return "\n\n".join(blocks)


def _help(title: str, command: click.Command, context: click.Context) -> str:
    # The list of queries stands on its own page.
    text = click.Command.get_help(command, context) if title.endswith("query") else None
    text = text or command.get_help(context)
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"## {title}\n\n```text\n{lines}\n```"


def queries() -> str:
    """A section a named query: question, parameters, columns and statement."""
    return "\n\n".join(_query(query) for query in load_library().values())


def _query(query: NamedQuery) -> str:
    lines = [f"## {query.name}", "", query.question]
    if query.example is not None:
        lines += ["", f"`graphcache query {query.name} {query.example}`"]
    if query.parameters:
        lines += ["", "| parameter | type | default | meaning |", "| --- | --- | --- | --- |"]
        for p in query.parameters:
            default = "required" if p.required else f"`{p.default!r}`"
            lines.append(f"| `--{p.name}` | {p.type} | {default} | {p.doc} |")
    lines += ["", "| column | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{c.name}` | {c.type} | {c.doc} |" for c in query.columns]
    lines += ["", "```cypher", query.cypher, "```"]
    return "\n".join(lines)
