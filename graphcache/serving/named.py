"""The pages of questions: the named queries, and those that have commands of their own."""

from __future__ import annotations

import io
import shlex
from http import HTTPStatus
from typing import Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graphcache.answers import Answer
from graphcache.errors import NotKnownError, QueryError, UsageError
from graphcache.kinds import Kind, names
from graphcache.queries import NamedQuery, by_theme
from graphcache.serving import contents, forms, links
from graphcache.serving.answering import Told
from graphcache.serving.asked import Asked, SiteLinks, asking, form, given, number
from graphcache.serving.pages import SUGGESTED
from graphcache.serving.questions import QUESTIONS, suggested
from graphcache.serving.rendering import page
from graphcache.views.answers import Format, render
from graphcache.views.pictures.answer import answer as draw_answer
from graphcache.views.pictures.drawing import Picture, fragment

ROWS_SHOWN = 500
"""Rows of an answer on a page, unless `limit` says otherwise."""
ROWS_SENT = 50_000
"""Rows of an answer at most, on a page or as CSV or JSON."""
MEDIA_TYPES: dict[Format, str] = {"json": "application/json", "csv": "text/csv; charset=utf-8"}
_WRONG = (NotKnownError, UsageError, QueryError)


def question(request: Request) -> Response:
    """A question with its form, and its answer when nothing is missing."""
    asked_for = QUESTIONS[request.url.path.removeprefix("/")]
    wanted = form(request, ("html", "json", "csv"))
    texts = given(request, "format")
    values = asked_for.values(texts)
    told: Told | None = None
    error, status = None, HTTPStatus.OK
    with asking(request) as asked:
        if asked_for.is_complete(texts):
            try:
                told = asked_for.answer(asked, values)
            except _WRONG as refused:
                if wanted != "html":
                    raise
                error, status = refused.at_shell, HTTPStatus.BAD_REQUEST
        foreign = asked.store.foreign()
    if wanted != "html":
        if told is None:
            missing = ", ".join(one.name for one in asked_for.inputs if one.needed) or "a value"
            raise UsageError(f"{asked_for.name}: expected {missing}, found nothing")
        return as_file(asked_for.name, told.answer, wanted)
    return page(
        "question.html",
        status=status,
        question=asked_for,
        values=values,
        offered=offered(request, list(suggested(asked_for))),
        picture=fragment(told.picture, SiteLinks()) if told else None,
        command=asked_for.shell(values) if told else "",
        error=error,
        foreign=foreign if told else None,
        as_format=lambda kind: links.address(request.url.path, **{**texts, "format": kind}),
    )


def as_file(name: str, found: Answer, wanted: Any) -> Response:
    """An answer as CSV or JSON."""
    text = io.StringIO()
    render(found.columns, found.rows, wanted, text)
    headers = {"Content-Disposition": f'inline; filename="{name}.{wanted}"'}
    return Response(text.getvalue(), media_type=MEDIA_TYPES[wanted], headers=headers)


def offered(request: Request, kinds: list[Kind]) -> dict[str, list[str]]:
    """What a form offers, by kind."""
    with asking(request) as asked:
        return {
            kind: names(asked.store, kind, most=SUGGESTED, timeout=contents.SECONDS)
            for kind in kinds
        }


# Named queries ------------------------------------------------------------------------------------


def queries(request: Request) -> Response:
    """The named queries by theme."""
    return page("queries.html", themes=by_theme(request.app.state.library.values()))


def query(request: Request) -> Response:
    """A named query: its form, and its answer when nothing is missing."""
    found = request.app.state.library.get(request.path_params["name"])
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    wanted = form(request, ("html", "json", "csv"))
    if wanted == "html":
        return _query_page(request, found)
    with asking(request) as asked:
        limit = number(request, "limit", ROWS_SENT, ROWS_SENT)
        answer = _ask(asked, found, forms.values(found, given(request, "format", "limit")), limit)
    if answer.more and "limit" not in request.query_params:
        texts = given(request, "format", "limit")
        raise UsageError(
            f"the answer has more than {ROWS_SENT:,} rows: narrow it, take the first by limit=N, "
            f"or ask in a shell: {forms.command(found, forms.values(found, texts))}"
        )
    return as_file(found.name, answer, wanted)


def _query_page(request: Request, found: NamedQuery) -> Response:
    texts = given(request, "format", "limit")
    answer, picture, error, status = None, None, None, HTTPStatus.OK
    limit = number(request, "limit", ROWS_SHOWN, ROWS_SENT)
    command = ""
    if forms.is_complete(found, texts):
        try:
            values = forms.values(found, texts)
            with asking(request) as asked:
                answer, picture = _answered(asked, found, values, limit)
            command = forms.command(found, values)
        except _WRONG as refused:
            error, status = refused.at_shell, HTTPStatus.BAD_REQUEST
    fields = forms.fields(found, texts)
    kinds = sorted({field.suggested for field in fields if field.suggested})
    return page(
        "query.html",
        status=status,
        query=found,
        fields=fields,
        suggestions=offered(request, kinds),
        answer=answer,
        picture=picture,
        foreign=_foreign(request, found.cypher) if answer is not None else None,
        error=error,
        limit=limit,
        command=command,
        as_format=lambda kind: links.address(
            request.url.path,
            **{**texts, "limit": request.query_params.get("limit"), "format": kind},
        ),
        rows_sent=ROWS_SENT,
        seconds=contents.SECONDS,
    )


def _answered(
    asked: Asked, found: NamedQuery, values: dict[str, Any], limit: int
) -> tuple[Answer, Markup]:
    """An answer and its table as a page has them; of a file those of no more rows are kept."""

    def answered() -> Answer:
        return _ask(asked, found, values, limit)

    def drawn() -> Picture:
        command = shlex.split(forms.command(found, values))
        return draw_answer(answer, found.title, command=command, rows=limit)

    if limit > ROWS_SHOWN:
        answer = answered()
        return answer, fragment(drawn(), SiteLinks())
    key = "query", found.name, repr(sorted(values.items())), limit
    answer = asked.answers.of(asked.store, key, answered)
    return answer, asked.drawn(key, drawn)


def _ask(asked: Asked, found: NamedQuery, values: dict[str, Any], limit: int) -> Answer:
    return found.run(asked.store, values, limit=limit, timeout=contents.SECONDS)


def _foreign(request: Request, statement: str) -> str | None:
    with asking(request) as asked:
        return asked.store.foreign(statement)
