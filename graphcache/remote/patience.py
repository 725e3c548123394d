"""Connections on which an answer must end: a server that says a little for ever is given up too.

A timeout of a socket begins anew with each byte. So a server could keep whoever asks by saying `100
Continue` again and again, or a byte each second of a head, of content, or of what stands behind it.
Content alone earns an answer more time, and no line of it may be without end.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SLOWEST = 16 * 2**10
"""Bytes of content that a server must send in a second, on average."""
BEGIN = 2
"""How often the timeout it may take besides: to begin, and where it falters."""
_LONGEST_LINE = 2**16


class TooSlow(TimeoutError):
    """An answer that takes longer than it may as a whole."""


class _Timed(io.RawIOBase):
    """What comes from a socket, until its time is over."""

    def __init__(self, source: socket.socket) -> None:
        self._socket, self._raw = source, source.makefile("rb", buffering=0)
        self._timeout = source.gettimeout()
        self._end = time.monotonic() + BEGIN * (self._timeout or 0)

    def readable(self) -> bool:
        """It is read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read what there is; wait for it no longer than is left."""
        if self._timeout is None:
            return self._raw.readinto(buffer)
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlow
        self._socket.settimeout(min(left, self._timeout))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            if time.monotonic() >= self._end:
                raise TooSlow from None
            raise

    def earn(self, content: int) -> None:
        """Give more time for so many bytes of content."""
        self._end += content / SLOWEST

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    """The same with lines; what is not read as lines is content."""

    raw: _Timed

    def read(self, size: int | None = -1, /) -> bytes:
        """Read content."""
        return self._earned(super().read(size))

    def read1(self, size: int = -1, /) -> bytes:
        """Read what there is of content."""
        return self._earned(super().read1(size))

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read content to where it is wanted."""
        read = super().readinto(buffer)
        self.raw.earn(read)
        return read

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line; urllib3 asks for lines of any length where it reads chunks."""
        line = super().readline(_LONGEST_LINE + 1 if size is None or size < 0 else size)
        if len(line) > _LONGEST_LINE:
            raise HTTPException(f"a line of more than {_LONGEST_LINE:,} bytes")
        return line

    def _earned(self, content: bytes) -> bytes:
        self.raw.earn(len(content))
        return content


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *options: Any, **named: Any) -> None:
        super().__init__(sock, *options, **named)
        self.fp.close()
        self.fp = _Reader(_Timed(sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecureConnections(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Connections, "https": _SecureConnections}
"""The connections for each scheme, as urllib3 takes them."""
