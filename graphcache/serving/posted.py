"""The pages that take what does not fit an address: a lock file, and a statement in Cypher.

A form is answered only with the token that its own page gave, so that no other page can send one
here; what is sent is bounded, and kept nowhere.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
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
from graphcache.sources.gather import read
from graphcache.views.pictures.answer import answer as draw_answer
from graphcache.views.pictures.drawing import Picture, fragment

MOST_BYTES = 64_000_000
"""Of what is sent: an encoded lock file of ten thousand specs."""
_ROWS = 500
_FORMATS = ("html", "csv", "json")


async def _sent(request: Request) -> dict[str, str]:
    """The fields of a form that came with the token.

    Raises:
        HTTPException: it has another token or none, or is too long, or is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        parts.append(part)
    try:
        found = parse_qs(b"".join(parts).decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from error
    fields = {name: texts[-1] for name, texts in found.items()}
    if not secrets.compare_digest(
        fields.get("token", "").encode(), request.app.state.token.encode()
    ):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return fields


async def coverage(request: Request) -> Response:
    """How much of an environment the cache holds, of a lock file that is sent."""
    if request.method != "POST":
        return _coverage_page(request, {})
    fields = await _sent(request)
    return await run_in_threadpool(_covered, request, fields)


def _covered(request: Request, fields: Mapping[str, str]) -> Response:
    wanted = fields.get("format", "html")
    try:
        found, said = _coverage(request, fields)
    except GraphcacheError as error:
        return _coverage_page(request, fields, error=error.at_shell)
    if wanted in ("csv", "json"):
        return as_file("coverage", found, wanted)
    picture = draw_answer(
        found,
        "How much of the environment does the cache hold?",
        said,
        command=_command(fields),
        rows=_ROWS,
        tidy=True,
    )
    return _coverage_page(request, fields, picture=picture)


def _coverage(request: Request, fields: Mapping[str, str]) -> tuple[Answer, str]:
    text = fields.get("lockfile", "").strip()
    if not text:
        raise UsageError("expected the text of a lock file (spack.lock), found nothing")
    with tempfile.TemporaryDirectory(prefix="graphcache-") as folder:
        file = Path(folder) / "spack.lock"
        file.write_text(text, encoding="utf-8")
        try:
            environment, report = read(file)
        except GraphcacheError as error:
            raise UsageError(error.at_shell.replace(str(file), "spack.lock")) from error
    check_environment(environment, "spack.lock")
    with asking(request) as asked:
        found = find_coverage(
            environment,
            asked.part(find_coverage.reads),
            specs=fields.get("spec", "").strip() or None,
            reuse="reuse" in fields,
        )
    if not found.rows and fields.get("spec", "").strip():
        return found, ""  # a note of the answer says it
    return found, share(found, report.rejected).rstrip(".") + "."


def _command(fields: Mapping[str, str]) -> list[str]:
    words = ["graphcache", "coverage", "spack.lock"]
    if spec := fields.get("spec", "").strip():
        words += ["--spec", spec]
    return [*words, "--reuse"] if "reuse" in fields else words


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
    fields = await _sent(request)
    return await run_in_threadpool(_asked, request, fields)


def _asked(request: Request, fields: Mapping[str, str]) -> Response:
    statement = fields.get("statement", "").strip()
    if not statement:
        return _cypher_page(request, "", error="expected a statement, found nothing")
    try:
        with asking(request) as asked:
            found = asked.store.query(statement, limit=_ROWS, timeout=contents.SECONDS)
    except GraphcacheError as error:
        return _cypher_page(request, statement, error=error.at_shell)
    if fields.get("format") in ("csv", "json"):
        return as_file("cypher", found, fields["format"])
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
