"""The pages that take what does not fit an address: a lock file, and a statement in Cypher.

How they are sent is told in `sent.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from graphcache.analysis.machines.environments import check_environment, share
from graphcache.analysis.machines.environments import coverage as find_coverage
from graphcache.answers import Answer
from graphcache.errors import GraphcacheError, UsageError
from graphcache.schema import EDGE_TYPES, NODE_TYPES
from graphcache.serving import contents
from graphcache.serving.asked import SiteLinks, asking
from graphcache.serving.named import as_file
from graphcache.serving.rendering import page
from graphcache.serving.sent import Sent, as_path, sent
from graphcache.sources.gather import read
from graphcache.views.pictures.answer import answer as draw_answer
from graphcache.views.pictures.drawing import Picture, fragment

_ROWS = 500
_LOCK_FILE = "spack.lock"


async def coverage(request: Request) -> Response:
    """How much of an environment the cache holds, of a lock file that is sent."""
    if request.method != "POST":
        return _coverage_page(request, {})
    return await run_in_threadpool(_covered, request, await sent(request))


def _covered(request: Request, form: Sent) -> Response:
    try:
        found, said = _coverage(request, form)
    except GraphcacheError as error:
        return _coverage_page(request, form.fields, error=error.at_shell)
    if form.format != "html":
        return as_file("coverage", found, form.format)
    picture = draw_answer(
        found,
        "How much of the environment does the cache hold?",
        said,
        command=_command(form),
        rows=_ROWS,
        tidy=True,
    )
    return _coverage_page(request, form.fields, picture=picture)


def _coverage(request: Request, form: Sent) -> tuple[Answer, str]:
    content = form.content("lockfile")
    if not content:
        raise UsageError("expected a lock file (spack.lock), pasted or as a file, found nothing")
    name = form.file_name or _LOCK_FILE
    with as_path(content, name) as path:
        environment, report = read(path)
    check_environment(environment, name)
    specs = form.fields.get("spec") or None
    with asking(request) as asked:
        found = find_coverage(
            environment,
            asked.part(find_coverage.reads),
            specs=specs,
            reuse="reuse" in form.fields,
        )
    if not found.rows and specs:
        return found, ""  # a note of the answer says it
    return found, share(found, report.rejected).rstrip(".") + "."


def _command(form: Sent) -> list[str]:
    words = ["graphcache", "coverage", form.file_name or _LOCK_FILE]
    if spec := form.fields.get("spec"):
        words += ["--spec", spec]
    return [*words, "--reuse"] if "reuse" in form.fields else words


def _coverage_page(
    request: Request,
    fields: Mapping[str, str],
    *,
    picture: Picture | None = None,
    error: str | None = None,
) -> Response:
    return page(
        "coverage.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        token=request.app.state.token,
        fields=fields,
        picture=fragment(picture, SiteLinks()) if picture else None,
        error=error,
    )


# Cypher -------------------------------------------------------------------------------------------


async def cypher(request: Request) -> Response:
    """A page that asks what a visitor writes: only where the server was started with it."""
    if request.method != "POST":
        return _cypher_page(request, "")
    return await run_in_threadpool(_asked, request, await sent(request))


def _asked(request: Request, form: Sent) -> Response:
    statement = form.fields.get("statement", "")
    if not statement:
        return _cypher_page(request, "", error="expected a statement, found nothing")
    try:
        with asking(request) as asked:
            found = asked.store.query(statement, limit=_ROWS, timeout=contents.SECONDS)
    except GraphcacheError as error:
        return _cypher_page(request, statement, error=error.at_shell)
    if form.format != "html":
        return as_file("cypher", found, form.format)
    picture = draw_answer(
        found, "Cypher", command=["graphcache", "query", "--cypher", statement], rows=_ROWS
    )
    return _cypher_page(request, statement, picture=picture)


def _cypher_page(
    request: Request, statement: str, *, picture: Picture | None = None, error: str | None = None
) -> Response:
    types: dict[str, Any] = {"nodes": NODE_TYPES, "edges": EDGE_TYPES}
    return page(
        "cypher.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        token=request.app.state.token,
        statement=statement,
        picture=fragment(picture, SiteLinks()) if picture else None,
        error=error,
        seconds=contents.SECONDS,
        rows=_ROWS,
        types=types,
    )
