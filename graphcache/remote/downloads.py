"""Downloads over HTTP: bounded in size and in time, tried again where that may help."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from graphcache.records import one_line
from graphcache.remote.locations import (
    ESCAPES,
    NO_ADDRESS,
    NotFetched,
    check_address,
    is_url,
    shown,
    without_user,
)
from graphcache.version import __version__
from graphcache.words import counted

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager, Retry

TIMEOUT = 30.0
"""Seconds in which a server must connect, and then say something again and again; `patience` bounds
how long it may take as a whole."""
TRIES = 5
BACK_OFF = 0.5
"""Seconds to wait after the second failure, doubled after each further one, and some at random."""
MAX_WAIT = 60
"""Seconds that are waited at most, whatever `Retry-After` says."""

_LOG = logging.getLogger(__name__)

_CHUNK = 2**18
_CONNECTIONS = 64
"""To one server that are kept open: as many as there may be downloads at once."""
# What a server packs on the way has no digest and no length that could be checked.
_HEADERS = {"User-Agent": f"graphcache/{__version__}", "Accept-Encoding": "identity"}
_REDIRECTS = 5
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MISSING = frozenset({403, 404, 410})
_NOT_MODIFIED = 304
_ADVICE = {
    401: "it wants a user and a password: https://USER:PASSWORD@…",
    403: "no permission to read it, or it is not there: S3 says this of both",
    407: "the proxy wants a user and a password",
}


Receive = Callable[["BaseHTTPResponse", Iterator[bytes]], None]
"""Takes an answer, and the chunks of its body."""


class _Passing(Exception):
    """A failure that may be over soon."""

    def __init__(self, why: str, response: BaseHTTPResponse | None = None) -> None:
        super().__init__(why)
        self.response = response


class Http:
    """Requests to servers, with patience."""

    def __init__(
        self, *, timeout: float = TIMEOUT, tries: int = TRIES, back_off: float = BACK_OFF
    ) -> None:
        self._timeout, self._tries, self._back_off = timeout, tries, back_off

    def get(
        self,
        url: str,
        headers: Mapping[str, str],
        receive: Receive,
    ) -> bool:
        """Give the answer and its chunks to `receive`, anew for each try; False if not modified.

        Raises:
            NotFetched: the server can't be reached, refuses, or breaks off again and again.
        """
        from urllib3.exceptions import InvalidHeader, MaxRetryError

        retry = self._retry()
        while True:
            try:
                return self._try(url, headers, receive)
            except _Passing as failure:
                try:
                    retry = retry.increment("GET", response=failure.response)
                except MaxRetryError:
                    tried = f"{self._tries} times" if self._tries > 1 else "once"
                    raise NotFetched(f"{failure}; tried {tried}: try again later") from None
                left = counted(int(retry.total or 0) + 1, "try", "tries")
                _LOG.debug("%s: %s; %s left", shown(url), one_line(str(failure)), left)
                try:
                    retry.sleep(failure.response)
                except InvalidHeader:
                    retry.sleep()

    def _retry(self) -> Retry:
        from urllib3 import Retry

        return Retry(
            self._tries - 1,
            backoff_factor=self._back_off,
            backoff_jitter=self._back_off,
            backoff_max=MAX_WAIT,
            retry_after_max=MAX_WAIT,
        )

    def _try(self, url: str, headers: Mapping[str, str], receive: Receive) -> bool:
        with _failures_in_words(self._timeout), self._answer(url, headers) as response:
            if response.status == _NOT_MODIFIED and "If-None-Match" in headers:
                return False
            _check_status(response)
            receive(response, response.stream(_CHUNK, decode_content=False))
        return True

    @contextmanager
    def _answer(self, url: str, headers: Mapping[str, str]) -> Iterator[BaseHTTPResponse]:
        """The answer to which the address leads; a body that nobody takes goes with it."""
        from urllib3 import Timeout, make_headers

        at, secret, own = without_user(url), _secret(url), dict(headers)
        for _ in range(_REDIRECTS + 1):
            response = _pool(at).request(
                "GET",
                at,
                headers={**_HEADERS, **make_headers(basic_auth=secret), **own},
                retries=False,
                redirect=False,
                timeout=Timeout(connect=self._timeout, read=self._timeout),
                preload_content=False,
                decode_content=False,
            )
            length = response.headers.get("Content-Length", "?")
            _LOG.debug("GET %s: %d, %s bytes", shown(at), response.status, one_line(length))
            location = response.get_redirect_location()
            if not location:
                break
            response.close()
            to = _redirected(at, location)
            if _origin(to) != _origin(at):
                secret = None
                own = {name: own[name] for name in own if name == "If-None-Match"}
            at = to
        else:
            raise NotFetched(f"it leads from one address to the next, more than {_REDIRECTS} times")
        try:
            yield response
        finally:
            response.close()


def _redirected(url: str, location: str) -> str:
    """Where a server leads from that address."""
    try:
        to = without_user(urljoin(url, location))
        check_address(to)
    except (ValueError, NotFetched):
        to = ""
    if urlsplit(to).scheme not in ("http", "https"):
        raise NotFetched(f"it leads to {shown(location)}: expected http:// or https://")
    return to


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _check_status(response: BaseHTTPResponse) -> None:
    status = response.status
    if status == 200:
        return
    said = f"{status} {response.reason or ''}".strip()
    if status in _PASSING:
        raise _Passing(f"the server says {said}", response)
    advice = f": {_ADVICE[status]}" if status in _ADVICE else ""
    raise NotFetched(
        f"the server says {said}{advice}", missing=status in _MISSING, refused=status == 403
    )


@contextmanager
def _failures_in_words(timeout: float) -> Iterator[None]:
    from urllib3 import exceptions as http

    try:
        yield
    except (http.HTTPError, ValueError) as error:  # the latter is an address that is none
        raise _in_words(error, timeout) from None


def _in_words(error: Exception, timeout: float) -> Exception:
    """What went wrong, and whether it may be over soon."""
    from urllib3 import exceptions as http

    if isinstance(error, ValueError):  # whose text may have a password
        return NotFetched(NO_ADDRESS)
    if isinstance(error, http.SSLError):
        return NotFetched(f"no trust in the server: {error}; SSL_CERT_FILE can name a certificate")
    return _Passing(_broken(error, timeout))


def _broken(error: Exception, timeout: float) -> str:
    from urllib3 import exceptions as http

    if isinstance(error, http.ProxyError):
        return f"the proxy can't be reached: {error.original_error}"
    if isinstance(error, http.NameResolutionError):
        return "there is no such host, or no network"
    if isinstance(error, http.NewConnectionError):
        return "the server can't be reached: " + str(error).rpartition("] ")[2]
    if isinstance(error, http.TimeoutError):
        return _timed_out(error, timeout)
    cause = error.args[-1] if error.args else None
    if isinstance(cause, http.IncompleteRead) and cause.expected is not None:
        there, missing = cause.partial, cause.expected
        return f"cut off: expected {counted(there + missing, 'byte')}, found {there:,}"
    return f"the connection broke: {cause or error}"


def _timed_out(error: Exception, timeout: float) -> str:
    from graphcache.remote.patience import BEGIN, SLOWEST, TooSlow

    if isinstance(error.__cause__, TooSlow):
        return (
            f"the server is too slow: expected {SLOWEST:,} bytes of content per second beyond the "
            f"first {counted(BEGIN * timeout, 'second')}"
        )
    return f"the server said nothing for {counted(timeout, 'second')}"


def _pool(url: str) -> PoolManager:
    """Connections to that server, by way of the proxy that the environment names."""
    parts = urlsplit(url)
    from urllib.request import getproxies, proxy_bypass

    proxy = getproxies().get(parts.scheme)
    return _pool_by(None if proxy is None or proxy_bypass(parts.hostname or "") else proxy)


@cache
def _pool_by(proxy: str | None) -> PoolManager:
    from urllib3 import PoolManager, ProxyManager, make_headers

    from graphcache.remote.patience import POOLS

    if proxy is None:
        pool = PoolManager(maxsize=_CONNECTIONS)
        pool.pool_classes_by_scheme = POOLS
        return pool
    proxy = proxy if is_url(proxy) else f"http://{proxy}"
    _check_proxy(proxy)
    headers = make_headers(proxy_basic_auth=_secret(proxy))
    pool = ProxyManager(without_user(proxy), maxsize=_CONNECTIONS, proxy_headers=headers)
    pool.pool_classes_by_scheme = POOLS
    return pool


def _check_proxy(proxy: str) -> None:
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise NotFetched(
            "expected a proxy at http:// or https://, found another in HTTP_PROXY or HTTPS_PROXY: "
            f"http://USER:PASSWORD@HOST:PORT; {ESCAPES}"
        )


def _secret(url: str) -> str | None:
    """What proves who asks, if the address says it."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    return f"{unquote(parts.username)}:{unquote(parts.password or '')}"
