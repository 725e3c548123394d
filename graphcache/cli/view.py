"""`view`: the graph as a page to look at."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.options import (
    keep_store,
    library_option,
    open_chosen,
    server_options,
    shown_path,
    store_option,
    warn_of_foreign,
)
from graphcache.cli.query import split_parameters
from graphcache.errors import UsageError
from graphcache.queries import NamedQuery, Parameter, load_library, named_query
from graphcache.views.answers import printable
from graphcache.words import counted

if TYPE_CHECKING:
    from graphcache.analysis.subgraphs import Subgraph
    from graphcache.stores.base import Store

_PAGE = "view.html"


@click.command()
@click.argument("name", required=False, metavar="[PACKAGE|HASH|STACK]")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["package", "hash", "stack"]),
    help="What the name is of. [default: found out]",
)
@click.option("--query", "named", metavar="NAME", help="Show what this query's answer names.")
@click.option(
    "--param", "params", metavar="KEY=VALUE", multiple=True, help="With --query: a parameter."
)
@library_option
@click.option(
    "-o",
    "--output",
    "out",
    metavar="FILE",
    type=shown_path,
    default=_PAGE,
    show_default=True,
    help="The page to write; - is standard output.",
)
@click.option(
    "--max-nodes",
    type=click.IntRange(min=1),
    metavar="N",
    default=5000,
    show_default=True,
    help="Fold what is alike, then leave out, until so many are left.",
)
@store_option
@server_options
def view(out: str, max_nodes: int, **options: Any) -> None:
    """Write a page that shows a part of the graph: one HTML file that needs no network.

    PACKAGE: its specs, and what they need, are in, for and built with. HASH (may be cut short and
    begin with /), or another SPEC that is one: the same, and what needs it too. STACK: its specs
    and packages. With none of these the whole store, by package.

    \b
    Example:
      graphcache view -o store.html
      graphcache view hdf5 -o hdf5.html
      graphcache view /bu5ehkv
      graphcache view --query single-stack-packages --param release=develop
    """
    from graphcache.analysis.folding import fit
    from graphcache.exports import write_file
    from graphcache.views.html import standalone_page

    keep_store(out, options["store"])
    with open_chosen(options) as store:
        shown = fit(_chosen(store, options), max_nodes)
    page = standalone_page(shown).encode()
    write_file(out, lambda path: path.write_bytes(page))
    _say(shown, out)


def _chosen(store: Store, options: dict[str, Any]) -> Subgraph:
    from graphcache.analysis.subgraphs import around, find_node, of_answer, overview

    name, named = options["name"], options["named"]
    if named is not None:
        if name is not None:
            raise UsageError("give a name or --query, not both")
        query = named_query(load_library(*map(Path, options["library"])), named)
        values = _values(query, options["params"])
        warn_of_foreign(store, query.cypher)
        return of_answer(store, query.run(store, values), f"Query {query.name}")
    if options["params"]:
        raise UsageError("--param goes with --query")
    if name is not None:
        return around(store, find_node(store, name, options["kind"]))
    if options["kind"] is not None:
        raise UsageError(f"--as {options['kind']}: expected a name")
    return overview(store)


def _values(query: NamedQuery, texts: tuple[str, ...]) -> dict[str, Any]:
    """The query's parameters from texts; a list is given by the same key several times."""
    given = defaultdict(list)
    for key, text in split_parameters(texts):
        given[key].append(text)
    known = {parameter.name: parameter for parameter in query.parameters}
    return {key: _value(known.get(key), found) for key, found in given.items()}


def _value(parameter: Parameter | None, texts: list[str]) -> Any:
    if parameter is not None and parameter.type == "list of text":
        return texts
    if parameter is not None and parameter.type in ("integer", "boolean"):
        try:
            return json.loads(texts[-1])
        except ValueError:
            return texts[-1]  # the query says what it expected
    return texts[-1]


def _say(shown: Subgraph, out: str) -> None:
    edges = shown.graph.number_of_edges()
    counts = f"{counted(len(shown.graph), 'node')}, {counted(edges, 'edge')}"
    title = f"{printable(shown.title)}: {counts}"
    for line in (title if out == "-" else f"{out}: {title}", *shown.notes):
        click.echo(line, err=True)
