"""Forms that are sent: what does not fit an address, and is kept nowhere.

A form is answered only with the token that its own page gave, so that no other page can send one
here, and what is sent is bounded. A file is chosen without script, as browsers send one.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import python_multipart  # noqa: F401  Starlette looks for it only when a form comes
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from graphcache.errors import GraphcacheError, UsageError
from graphcache.records import one_line

MOST_BYTES = 64_000_000
"""Of what is sent: an encoded lock file of ten thousand specs, or fifty thousand advisories."""
_KINDS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MOST_FIELDS = 10
_LONGEST_NAME = 100
FORMATS = ("html", "csv", "json")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form brought."""

    fields: Mapping[str, str]
    """Its texts by name, without blanks around them."""
    file_name: str = ""
    """What the visitor calls the file that came along; empty if there is none."""
    data: bytes = b""
    """Of that file."""

    @property
    def format(self) -> str:
        """In which of `FORMATS` the answer is wanted."""
        wanted = self.fields.get("format", "")
        return wanted if wanted in FORMATS else FORMATS[0]

    def content(self, field: str) -> bytes:
        """The file, or the text of a field if none was chosen."""
        return self.data or self.fields.get(field, "").encode()


async def sent(request: Request) -> Sent:
    """What a form brought, which came with the token.

    Raises:
        HTTPException: it has another token or none, or is too long, or is no form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in _KINDS:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    bounded = Request(request.scope, _bounded(request.receive))
    form = bounded.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=MOST_BYTES)
    async with form as found:
        fields = {name: text.strip() for name, text in found.items() if isinstance(text, str)}
        token = fields.get("token", "").encode()
        if not secrets.compare_digest(token, request.app.state.token.encode()):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        files = [file for file in found.values() if isinstance(file, UploadFile) and file.filename]
        if not files:
            return Sent(fields)
        name = one_line(Path(files[0].filename or "").name)[:_LONGEST_NAME]
        return Sent(fields, name or "file", await files[0].read())


def _bounded(receive: Receive) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    return counted


@contextmanager
def as_path(data: bytes, name: str) -> Iterator[Path]:
    """What was sent as a file for what reads files; it goes when the block ends.

    Raises:
        UsageError: for what the block raises of graphcache, with the visitor's name of the file.

    >>> with as_path(b"{}", "spack.lock") as path:
    ...     path.read_bytes()
    b'{}'
    """
    with tempfile.TemporaryDirectory(prefix="graphcache-") as folder:
        path = Path(folder) / "sent"
        path.write_bytes(data)
        try:
            yield path
        except GraphcacheError as error:
            raise UsageError(error.at_shell.replace(str(path), name)) from error
