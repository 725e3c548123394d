"""The pages: each reads the address, asks the store, and renders.

They are plain functions, which Starlette runs in threads, since a store blocks while it works.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from graphcache.analysis import subgraphs
from graphcache.analysis.folding import MAX_NODES, fit
from graphcache.answers import Answer
from graphcache.errors import NotKnownError, QueryError, UsageError
from graphcache.kinds import names
from graphcache.queries import NamedQuery, by_theme
from graphcache.schema import node_type
from graphcache.serving import contents, forms, links
from graphcache.serving.drawings import Drawings
from graphcache.serving.holding import HeldStore
from graphcache.serving.rendering import page
from graphcache.stores.base import Store
from graphcache.views.answers import Format, render
from graphcache.views.html import SCRIPTS, STYLES, graph_data, view_frame

ROWS_SHOWN = 500
"""Rows of an answer on a page, unless `limit` says otherwise."""
ROWS_SENT = 50_000
"""Rows of an answer at most, on a page or as CSV or JSON."""

SUGGESTED = 5_000
"""Names that a form offers for a field."""

_MEDIA_TYPES: dict[Format, str] = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


def _store(request: Request) -> HeldStore:
    store: HeldStore = request.app.state.store
    return store


def _number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 of the query string.

    Raises:
        UsageError: it is none, or too large.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and text.isascii() and len(text) < 10 and 1 <= int(text) <= most):
        raise UsageError(f"{name}: expected a whole number from 1 to {most:,}, found {text[:40]!r}")
    return int(text)


def _form(request: Request, known: Sequence[str]) -> str:
    """The format that is asked for, the first one if none is.

    Raises:
        UsageError: it is not known.
    """
    form = request.query_params.get("format", known[0])
    if form not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(f"format: expected {expected}, found {form[:40]!r}")
    return form


def _same_page(request: Request, **changed: Any) -> str:
    """The address of this page with other parameters."""
    return links.address(request.url.path, **{**request.query_params, **changed})


def home(request: Request) -> Response:
    """What is in the store, and the search field."""
    with _store(request).reading() as store:
        return page(
            "home.html",
            description=store.describe(),
            stacks=contents.stacks(store),
            queries=request.app.state.library,
            foreign=store.foreign(),
        )


def search(request: Request) -> Response:
    """Where a text is found; a whole name or a hash goes straight to its page.

    What is more than a name or a hash is a spec, as `find` takes it.
    """
    text = request.query_params.get("q", "").strip()
    if not text:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    with _store(request).reading() as store:
        found, foreign = contents.search(store, text), store.foreign()
        specs = contents.specs_as(store, text) if contents.is_spec(text, found) else None
    if specs is not None:
        return _specs_page(text, specs, foreign)
    whole = _whole(text, found)
    if len(whole) == 1:
        return RedirectResponse(whole[0], HTTPStatus.SEE_OTHER)
    return page("search.html", searched=text, text=text, found=found, foreign=foreign)


def _whole(text: str, found: contents.Found) -> list[str]:
    """The pages of what has just this name or hash; if nothing has, of all that was found."""
    hash_ = contents.hash_in(text)
    pages = [
        *((name == text, links.package_address(name)) for (name,) in found.packages.rows),
        *((name == text, links.stack_address(name)) for (name,) in found.stacks.rows),
        *((key == hash_, links.spec_address(key)) for key, *_ in found.specs.rows),
    ]
    return [page for same, page in pages if same] or [page for _, page in pages]


def _specs_page(text: str, answer: Answer, foreign: str | None) -> Response:
    """The specs that are as a text asks; if it has a hash and there is one, that one's page."""
    specs = answer.to_dicts()
    if len(specs) == 1 and contents.is_of_hash(text):
        return RedirectResponse(links.spec_address(specs[0]["hash"]), HTTPStatus.SEE_OTHER)
    return page(
        "specs.html",
        searched=text,
        foreign=foreign,
        text=text,
        columns=answer.columns,
        specs=specs[:ROWS_SHOWN],
        total=len(specs),
        notes=answer.notes,
        command=forms.find_command(text),
    )


def package(request: Request) -> Response:
    """A package's specs, filtered and page by page."""
    name = request.query_params.get("name", "")
    filters = {f: value for f in contents.FILTERS if (value := request.query_params.get(f))}
    number = _number(request, "page", 1, 100_000)
    with _store(request).reading() as store:
        found, foreign = contents.package_page(store, name, filters, number), store.foreign()
        if found is None:
            return _missing(store, "Package", name)
    return page(
        "package.html",
        searched=name,
        name=name,
        found=found,
        foreign=foreign,
        filters=filters,
        queries=_queries_with(request, "package"),
        to_page=lambda n: _same_page(request, page=n),
    )


def spec(request: Request) -> Response:
    """All about a spec; the beginning of a hash goes to the spec, or to those that begin so."""
    hash_ = request.path_params["hash"]
    with _store(request).reading() as store:
        found, foreign = contents.spec_page(store, hash_), store.foreign()
        if found is None:
            hashes = contents.spec_of_prefix(store, hash_)
            if not hashes:
                return _missing(store, "Spec", hash_)
            one = links.spec_address(hashes[0]) if len(hashes) == 1 else None
            return RedirectResponse(one or links.address("/search", q=hash_), HTTPStatus.SEE_OTHER)
    return page(
        "spec.html",
        searched=found.properties["hash"],
        found=found,
        foreign=foreign,
        queries=_queries_with(request, "hash"),
    )


def stack(request: Request) -> Response:
    """A stack's packages, page by page, and what it is built with and for."""
    name = request.query_params.get("name", "")
    release = request.query_params.get("release") or None  # the form sends any as empty
    number = _number(request, "page", 1, 100_000)
    with _store(request).reading() as store:
        found, foreign = contents.stack_page(store, name, release, number), store.foreign()
        if found is None:
            return _missing(store, "Stack", name)
    return page(
        "stack.html",
        searched=name,
        name=name,
        found=found,
        foreign=foreign,
        release=release,
        queries=_queries_with(request, "stack"),
        to_page=lambda n: _same_page(request, page=n),
    )


def graph(request: Request) -> Response:
    """A picture of what is around a package, a spec or a stack.

    The page comes at once, and asks for the picture's data by `format=json`.
    """
    kinds = [kind for kind in subgraphs.KINDS if kind in request.query_params]
    if len(kinds) != 1:
        raise UsageError(f"expected one of {', '.join(subgraphs.KINDS)}, found {len(kinds)}")
    kind, key = kinds[0], request.query_params[kinds[0]]
    node = subgraphs.KINDS[kind], key
    is_data = _form(request, ("html", "json")) == "json"
    with _store(request).reading() as store:
        if not contents.has(store, node_type(node[0]), key):
            if is_data:
                raise UsageError(f"{key}: no such {kind} in the store")
            return _missing(store, node[0], key)
        specs = contents.specs_around(store, *node)
        if specs > MAX_NODES:
            raise UsageError(
                f"{key}: expected at most {MAX_NODES:,} specs to draw, found {specs:,}: draw them "
                f"in a shell: {shlex.join(['graphcache', 'view', key, '--as', kind])}"
            )
        return _graph_data(request, store, node) if is_data else _graph_page(kind, key)


def _graph_data(request: Request, store: Store, node: subgraphs.NodeId) -> Response:
    def draw() -> bytes:
        return graph_data(fit(subgraphs.around(store, node))).encode()

    drawings: Drawings = request.app.state.drawings
    return Response(drawings.of(store, node, draw), media_type=_MEDIA_TYPES["json"])


def _graph_page(kind: str, key: str) -> Response:
    type_name = subgraphs.KINDS[kind]
    data = links.address("/graph", **{kind: key, "format": "json"})
    addresses = {"package": links.package_address, "hash": links.spec_address}
    return page(
        "graph.html",
        searched=key,
        name=key,
        kind=type_name,
        back=addresses.get(kind, links.stack_address)(key),
        frame=Markup(view_frame(f"{type_name} {key}", data)),  # noqa: S704  all in it is escaped
        scripts=SCRIPTS,
        styles=STYLES,
    )


def _missing(store: Any, type_name: str, key: str) -> Response:
    """That there is no such node, and what is like it."""
    type_ = node_type(type_name)
    close = [] if type_name == "Spec" else contents.close_to(store, key, type_)
    return page(
        "missing.html",
        status=HTTPStatus.NOT_FOUND,
        searched=key,
        type=type_name,
        key=key,
        close=close,
    )


# Named queries ------------------------------------------------------------------------------------


def queries(request: Request) -> Response:
    """The named queries by theme."""
    return page("queries.html", themes=by_theme(request.app.state.library.values()))


def _queries_with(request: Request, parameter: str) -> list[NamedQuery]:
    """The queries that need only a value that a page has."""
    library: dict[str, NamedQuery] = request.app.state.library
    return [
        query
        for query in library.values()
        if any(p.name == parameter for p in query.parameters)
        and all(p.name == parameter or not p.required for p in query.parameters)
    ]


def query(request: Request) -> Response:
    """A named query: its form, and its answer when nothing is missing."""
    found = request.app.state.library.get(request.path_params["name"])
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    form = _form(request, ("html", "json", "csv"))
    if form == "html":
        return _query_page(request, found)
    answer = _ask(request, found, _number(request, "limit", ROWS_SENT, ROWS_SENT))
    if answer.more and "limit" not in request.query_params:
        raise UsageError(
            f"the answer has more than {ROWS_SENT:,} rows: narrow it, take the first by limit=N, "
            f"or ask in a shell: {forms.command(found, forms.values(found, _given(request)))}"
        )
    return _as_file(found.name, answer, form)


def _as_file(name: str, answer: Answer, form: Any) -> Response:
    text = io.StringIO()
    render(answer.columns, answer.rows, form, text)
    headers = {"Content-Disposition": f'inline; filename="{name}.{form}"'}
    return Response(text.getvalue(), media_type=_MEDIA_TYPES[form], headers=headers)


def _query_page(request: Request, found: NamedQuery) -> Response:
    given = _given(request)
    answer, error, status = None, None, HTTPStatus.OK
    limit = _number(request, "limit", ROWS_SHOWN, ROWS_SENT)
    if forms.is_complete(found, given):
        try:
            answer = _ask(request, found, limit)
        except (NotKnownError, UsageError, QueryError) as refused:
            error, status = refused.at_shell, HTTPStatus.BAD_REQUEST
    fields = forms.fields(found, given)
    return page(
        "query.html",
        status=status,
        query=found,
        fields=fields,
        suggestions=_suggestions(request, fields),
        answer=answer,
        foreign=_foreign(request, found.cypher) if answer is not None else None,
        numeric=_numeric(found, answer) if answer is not None else set(),
        error=error,
        limit=limit,
        command=forms.command(found, forms.values(found, given)) if answer is not None else "",
        as_format=lambda form: links.address(
            request.url.path,
            **{**given, "limit": request.query_params.get("limit"), "format": form},
        ),
        rows_sent=ROWS_SENT,
        seconds=contents.SECONDS,
    )


def _numeric(found: NamedQuery, answer: Answer) -> set[int]:
    """The columns that hold figures."""
    figures = {column.name for column in found.columns if column.type in ("integer", "number")}
    return {at for at, name in enumerate(answer.columns) if name in figures}


def _given(request: Request) -> dict[str, list[str]]:
    """The query string without what every query has."""
    own = ("format", "limit")
    names = dict.fromkeys(name for name in request.query_params if name not in own)
    return {name: request.query_params.getlist(name) for name in names}


def _ask(request: Request, found: NamedQuery, limit: int) -> Answer:
    values = forms.values(found, _given(request))
    with _store(request).reading() as store:
        return found.run(store, values, limit=limit, timeout=contents.SECONDS)


def _foreign(request: Request, statement: str) -> str | None:
    with _store(request).reading() as store:
        return store.foreign(statement)


def _suggestions(request: Request, fields: list[forms.Field]) -> dict[str, list[str]]:
    """What the form offers, by kind."""
    wanted = sorted({field.suggested for field in fields if field.suggested})
    with _store(request).reading() as store:
        return {
            kind: names(store, kind, most=SUGGESTED, timeout=contents.SECONDS) for kind in wanted
        }
