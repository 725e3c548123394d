"""`query`: the named queries, each a command of its own, and Cypher of the user's."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from graphcache.cli.completing import NameOf, OneOf
from graphcache.cli.options import (
    Number,
    format_option,
    library_option,
    open_chosen,
    server_options,
    show,
    show_rows,
    store_option,
    together,
    warn_of_foreign,
)
from graphcache.errors import UsageError
from graphcache.kinds import KINDS
from graphcache.queries import NamedQuery, Parameter, by_theme, load_library, named_query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLICK_TYPES: dict[str, Any] = {
    "text": click.STRING,
    "integer": click.INT,
    "boolean": click.BOOL,
    "list of text": click.STRING,
    "version": click.STRING,
    "spec": OneOf("package", "hash"),
    **{kind: NameOf(kind) for kind in KINDS},
}

_MAX_STATEMENT = 2**20
"""Characters of a statement in a file."""

_SHOWN = 60
"""Characters of a statement that an error repeats."""

_ANSWER_OPTIONS = ("store", "database", "password_file", "wait", "format_", "limit", "timeout")
_answer_options = together(
    store_option,
    server_options,
    format_option,
    click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most N rows."),
    click.option(
        "--timeout",
        type=Number(min=0, min_open=True),
        metavar="SECONDS",
        help="Give up after so long.",
    ),
)

_explain_option = click.option(
    "--explain",
    is_flag=True,
    help="Print the Cypher with the parameters filled in, and do not ask it.",
)


class QueryGroup(click.Group):
    """A group whose commands are the queries of the library."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all queries."""
        return list(_library(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command for a named query."""
        found = _library(ctx).get(cmd_name)
        return None if found is None else _command(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The queries, a section for each theme."""
        for theme, group in by_theme(_library(ctx).values()).items():
            with formatter.section(theme.capitalize()):
                formatter.write_dl([(named.name, named.question) for named in group])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; the names that are close, if there is none."""
        if args and not ctx.resilient_parsing:  # as where a shell completes
            try:
                named_query(_library(ctx), args[0])
            except UsageError as error:
                ctx.fail(_no_query(args[0], error))
        return super().resolve_command(ctx, args)


@click.group(cls=QueryGroup, invoke_without_command=True, subcommand_metavar="[NAME] [OPTIONS]")
@click.option("-c", "--cypher", metavar="TEXT", help="Run this Cypher statement.")
@click.option(
    "-f",
    "--file",
    "file",
    metavar="FILE",
    type=click.File(encoding="utf-8-sig"),
    help="Run the Cypher statement in FILE; - is standard input.",
)
@click.option(
    "--param",
    "params",
    metavar="KEY=VALUE",
    multiple=True,
    help="A parameter of -c or -f: JSON if it is, else text.",
)
@library_option
@_answer_options
@click.pass_context
def query(ctx: click.Context, /, **options: Any) -> None:
    """Ask the graph: by a named query, or in Cypher. Without either, list the named queries.

    \b
    Example:
      graphcache query
      graphcache query redundant-builds --release develop --limit 10
      graphcache query redundant-builds --release develop --limit 10 --explain
      graphcache query -c 'MATCH (p:Package) RETURN p.name ORDER BY p.name' --format json
      graphcache query -c 'MATCH (s:Spec {name: $p}) RETURN s.hash' --param p=hdf5
    """
    cypher, file = options["cypher"], options["file"]
    if ctx.invoked_subcommand is not None:
        if cypher is not None or file is not None or options["params"]:
            raise click.UsageError("-c, -f and --param do not go with a named query")
    elif cypher is not None and file is not None:
        raise click.UsageError("give -c or -f, not both")
    elif cypher is not None or file is not None:
        text = _text_of(file) if cypher is None else cypher
        values = _parameters(options["params"])
        _ask(text, lambda store, **limits: store.query(text, values, **limits), options)
    else:
        themes = by_theme(_library(ctx).values())
        rows = [(theme, q.name, q.question) for theme, group in themes.items() for q in group]
        show_rows(["theme", "query", "answers"], rows, options["format_"])


def _no_query(text: str, error: UsageError) -> str:
    """That there is no query of that name; of a statement, how it is asked."""
    if " " not in text.strip():
        return error.at_shell
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"Cypher goes behind -c: graphcache query -c {shlex.quote(shown)}"


def _library(ctx: click.Context) -> dict[str, NamedQuery]:
    return load_library(*(Path(folder) for folder in ctx.params.get("library") or ()))


def _command(named: NamedQuery) -> click.Command:
    """The command of a named query, its options made from the query's header."""

    @click.pass_context
    def run(ctx: click.Context, /, **options: Any) -> None:
        # --store and its like may stand before the query's name or behind it.
        outer: Mapping[str, Any] = ctx.parent.params if ctx.parent else {}
        for name in _ANSWER_OPTIONS:
            if ctx.get_parameter_source(name) != click.core.ParameterSource.COMMANDLINE:
                options[name] = outer.get(name)
        values = {p.name: _value(p, options[p.name]) for p in named.parameters}
        values = {name: value for name, value in values.items() if value is not None}
        if options["explain"]:
            click.echo(_explained(named, values, options))
            return
        _ask(named.cypher, lambda store, **limits: named.run(store, values, **limits), options)

    command = click.command(named.name, short_help=named.question, help=_help_of(named))(
        _answer_options(_explain_option(run))
    )
    command.params = [_option(p) for p in named.parameters] + command.params
    return command


def _explained(named: NamedQuery, values: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """The statement with the values in it; which hashes a spec stands for is asked of the store."""
    if not named.needs_store(values):
        return named.explain(values, limit=options["limit"])
    with open_chosen(options) as store:
        return named.explain(values, limit=options["limit"], store=store)


def _help_of(named: NamedQuery) -> str:
    columns = "\n".join(f"  {column.name}: {column.doc}" for column in named.columns)
    text = f"{named.question}\n\n\b\nColumns:\n{columns}"
    if named.example is None:
        return text
    command = f"graphcache query {named.name} {named.example}".rstrip()
    return f"{text}\n\n\b\nExample:\n  {command}"


def _option(parameter: Parameter) -> click.Option:
    default = parameter.default
    # To click, None is a default too, with which nothing is missing.
    given = {} if parameter.required else {"default": default}
    return click.Option(
        [f"--{parameter.name.replace('_', '-')}", parameter.name],
        type=_CLICK_TYPES[parameter.type],
        multiple=parameter.type == "list of text",
        required=parameter.required,
        show_default=default not in ("", None, []),
        help=parameter.doc,
        metavar=parameter.type.split()[-1].upper(),
        **given,
    )


def _value(parameter: Parameter, given: Any) -> Any:
    return list(given) if parameter.type == "list of text" else given


def _text_of(file: IO[str]) -> str:
    try:
        text = file.read(_MAX_STATEMENT + 1)
    except UnicodeDecodeError as error:
        raise click.FileError(file.name, f"expected UTF-8: {error}") from error
    if len(text) > _MAX_STATEMENT:
        why = f"expected a statement of at most {_MAX_STATEMENT:,} characters"
        raise click.FileError(file.name, why)
    return text


def _parameters(texts: tuple[str, ...]) -> dict[str, Any]:
    """The values of --param KEY=VALUE."""
    values: dict[str, Any] = {}
    for key, value in split_parameters(texts):
        try:
            values[key] = json.loads(value, parse_constant=_refuse)
        except (ValueError, RecursionError):
            values[key] = value
    return values


def split_parameters(texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The two sides of each --param KEY=VALUE."""
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key.isidentifier() and equals):
            raise click.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--param")
        yield key, value


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and Infinity are no JSON, so they are text


def _ask(statement: str, run: Any, options: Mapping[str, Any]) -> None:
    """Open the store, ask it, and print the answer."""
    with open_chosen(options) as store:
        warn_of_foreign(store, statement)
        answer = run(store, limit=options["limit"], timeout=options["timeout"])
    show(answer, options["format_"], options["limit"])
