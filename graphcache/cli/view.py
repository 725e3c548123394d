"""`view`: a picture that answers a question, as one page."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from graphcache.cli.completing import OneOf
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
from graphcache.cli.telling import tell
from graphcache.errors import UsageError
from graphcache.queries import NamedQuery, Parameter, load_library, named_query

if TYPE_CHECKING:
    from graphcache.stores.base import Store
    from graphcache.views.pictures.drawing import Picture

_PAGE = "view.html"
_MODES = ("stack", "why", "diff", "named")
_OPTIONS = {"stack": "--stack", "why": "--why", "diff": "--diff", "named": "--query"}


@click.command()
@click.argument("name", required=False, metavar="[PACKAGE|SPEC|STACK]")
@click.option(
    "--why",
    metavar="SPEC",
    type=OneOf("package", "hash"),
    help="Why a spec is there: the paths from the roots.",
)
@click.option(
    "--diff",
    nargs=2,
    metavar="SPEC SPEC",
    type=OneOf("package", "hash"),
    default=None,
    help="In what two specs differ.",
)
@click.option("--stack", metavar="STACK", help="A stack: its roots, and what they bring.")
@click.option("--release", metavar="RELEASE", help="With --stack: in this release alone.")
@click.option("--query", "named", metavar="NAME", help="The answer of a named query.")
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
@store_option
@server_options
def view(out: str, **options: Any) -> None:
    """Draw a picture that answers a question: one HTML page that needs no network.

    PACKAGE: its specs by what tells them apart, what needs them and what they need. SPEC, which may
    be /HASH cut short: what it needs, and what needs it. With nothing at all: the stacks of the
    whole store, and what they share. A STACK may also be named so, where no package is.

    \b
    Example:
      graphcache view hdf5 -o hdf5.html
      graphcache view /bu5ehkv
      graphcache view --why /bu5ehkv
      graphcache view --diff /hhaw2z5 /kylug4g
      graphcache view --stack e4s --release develop
      graphcache view --query redundant-builds
    """
    from graphcache.exports import write_file
    from graphcache.views.pictures.drawing import standalone_page

    keep_store(out, options["store"])
    with open_chosen(options) as store:
        picture = _chosen(store, options)
    page = standalone_page(picture).encode()
    write_file(out, lambda path: path.write_bytes(page))
    _say(picture, out)


def _chosen(store: Store, options: dict[str, Any]) -> Picture:
    from graphcache.views.pictures import asked

    _check(options)
    if options["named"] is not None:
        return _of_query(store, options)
    if options["why"] is not None:
        return asked.of_why(store.part, options["why"])
    if options["diff"] is not None:
        return asked.of_two(store.part, *options["diff"])
    if options["stack"] is not None:
        return asked.of_stack(store.part, options["stack"], options["release"])
    if options["name"] is None:
        return asked.of_store(store.part)
    return asked.of_name(store.part, options["name"])


def _check(options: dict[str, Any]) -> None:
    """Refuse what does not go together: a page answers one question."""
    given = [_OPTIONS[mode] for mode in _MODES if options[mode] is not None]
    if options["name"] is not None:
        given.insert(0, options["name"])
    if len(given) > 1:
        raise UsageError(f"expected one thing to draw, found {' and '.join(given)}")
    for key, option, of in (
        ("params", "--param", "named"),
        ("release", "--release", "stack"),
    ):
        if options[key] and options[of] is None:
            raise UsageError(f"{option} goes with {_OPTIONS[of]}")


def _of_query(store: Store, options: dict[str, Any]) -> Picture:
    from graphcache.views.pictures.answer import answer

    query = named_query(load_library(*map(Path, options["library"])), options["named"])
    values = _values(query, options["params"])
    warn_of_foreign(store, query.cypher)
    command = ["graphcache", "query", query.name]
    for key, text in split_parameters(options["params"]):
        command += [f"--{key.replace('_', '-')}", text]
    return answer(
        query.run(store, values),
        query.title,
        command=command,
        cypher=query.explain(values, store=store),
    )


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


def _say(picture: Picture, out: str) -> None:
    """The answer, and how to see the same as a graph in Neo4j Browser."""
    said = f"{picture.title}. {picture.answer}"
    lines = [said if out == "-" else f"{out}: {said}", *picture.notes]
    if picture.cypher and "\n" not in picture.cypher:
        lines.append(f"To explore it in Neo4j Browser: {picture.cypher}")
    for line in lines:
        tell(line)
