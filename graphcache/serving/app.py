"""The application: its routes, its headers, and what it refuses."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphcache.errors import GraphcacheError, StoreError
from graphcache.queries import NamedQuery
from graphcache.serving import advising, named, pages, posted
from graphcache.serving.advising import GivenAdvisories
from graphcache.serving.holding import HeldStore
from graphcache.serving.kept import Kept
from graphcache.serving.questions import QUESTIONS
from graphcache.serving.rendering import page
from graphcache.serving.sent import MOST_BYTES
from graphcache.views.pictures.drawing import ASSETS

HOSTS = ("127.0.0.1", "localhost", "[::1]")
"""Names by which the pages may be asked for. Any other is a foreign page that was made to point
here (DNS rebinding). The port is free: behind `ssh -L` it is another one."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

LONGEST = 32_768
"""Bytes of a path and of a query string: room for a name of 10,000 characters, encoded."""

THREADS = 8
"""Requests that are answered at a time; others wait."""

KEPT_PARTS, KEPT_PICTURES, KEPT_ANSWERS = 8, 64, 64
"""Parts of the graph, pictures of at most some megabytes, and answers as pages show them, that are
kept of a file."""

_STATIC = Path(__file__).parent / "static"


def make_app(
    store: HeldStore,
    library: Mapping[str, NamedQuery],
    *,
    cypher: bool = False,
    advisories: GivenAdvisories | None = None,
) -> ASGIApp:
    """The application that serves a store; it closes the store when it ends.

    With `cypher` it has a page on which a visitor asks statements of their own. What `advisories`
    touch is shown without sending them.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        store.close()

    app = Starlette(
        routes=[
            *_routes(cypher=cypher),
            Mount("/static/view", StaticFiles(directory=ASSETS)),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False),
        ],
        exception_handlers={
            GraphcacheError: _refused,
            HTTPException: _not_there,
            Exception: _failed,
        },
        lifespan=lifespan,
    )
    app.state.store = store
    app.state.library = library
    app.state.advisories = advisories
    # What a server holds may change at any time, so of it nothing is kept.
    app.state.parts = Kept(KEPT_PARTS if store.is_file else 0)
    app.state.pictures = Kept(KEPT_PICTURES if store.is_file else 0)
    app.state.answers = Kept(KEPT_ANSWERS if store.is_file else 0, at_once=THREADS)
    app.state.token = secrets.token_urlsafe()
    return Guard(app)


def _routes(*, cypher: bool) -> list[Route]:
    both = ["GET", "POST"]
    return [
        Route("/", pages.home),
        Route("/suggest", pages.suggest),
        Route("/search", pages.search),
        Route("/package", pages.package),
        Route("/spec/{hash:path}", pages.spec),
        Route("/stack", pages.stack),
        Route("/store", pages.store),
        *(Route(f"/{name}", named.question) for name in QUESTIONS),
        Route("/coverage", posted.coverage, methods=both),
        Route("/advisories", advising.advisories, methods=both),
        Route("/sbom", advising.sbom),
        *([Route("/cypher", posted.cypher, methods=both)] if cypher else []),
        Route("/queries", named.queries),
        Route("/query/{name:path}", named.query),
    ]


class Guard:
    """Sets the headers of every response, and refuses what is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if max(len(scope["raw_path"]), len(scope["query_string"])) > LONGEST:
            text = f"The address is too long: expected at most {LONGEST:,} bytes\n"
            refusal = PlainTextResponse(text, HTTPStatus.REQUEST_URI_TOO_LONG)
            await refusal(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)


def _refused(request: Request, error: Exception) -> Response:
    """What was asked for makes no sense, or the store can't answer it: the error says why."""
    is_store = isinstance(error, StoreError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_store else HTTPStatus.BAD_REQUEST
    text = error.at_shell if isinstance(error, GraphcacheError) else str(error)
    return error_response(request, status, text)


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    texts = {
        HTTPStatus.NOT_FOUND: "There is no such page.",
        HTTPStatus.METHOD_NOT_ALLOWED: "These pages are only read: expected GET or HEAD.",
        HTTPStatus.FORBIDDEN: "The form is not of this server as it runs now: open it again.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
            f"Too much was sent: expected at most {MOST_BYTES:,} bytes"
        ),
    }
    status = HTTPStatus(error.status_code)
    return error_response(request, status, texts.get(status, status.description), error.headers)


def _failed(request: Request, _: Exception) -> Response:
    """A bug: uvicorn prints it where the server was started; the visitor learns no more."""
    text = "graphcache failed on this page. What happened stands where it was started."
    return error_response(request, HTTPStatus.INTERNAL_SERVER_ERROR, text)


def error_response(
    request: Request, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The error in the form that was asked for: a page, JSON or plain text."""
    form = request.query_params.get("format")
    if form == "json":
        content: Any = json.dumps({"error": text}, ensure_ascii=False) + "\n"
        return Response(content, status, headers, "application/json")
    if form == "csv":
        return PlainTextResponse(f"{text}\n", status, headers)
    return page(
        "error.html",
        status=status,
        headers=headers,
        searched=request.query_params.get("q", ""),
        title=status.phrase,
        text=text,
    )
