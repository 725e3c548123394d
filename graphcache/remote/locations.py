"""Addresses: which are read, where they lead, and what of them may be shown."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from graphcache.records import one_line

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HERE = ("", "localhost", "127.0.0.1")
_UNSAFE = re.compile("[/?#]")
ESCAPES = "in a user or a password, / is written %2F, ? %3F, # %23 and @ %40"
NO_ADDRESS = f"not an address: expected SCHEME://HOST:PORT/PATH; {ESCAPES}"
"""What is said of an address that can't be taken apart, since a part of it may be secret."""
_READ = "expected file://, http://, https:// or s3://BUCKET/"


class NotFetched(Exception):
    """Something that could not be had.

    `missing` where the server says that it is not there, `refused` where it may not be read: S3
    says 403 of both.
    """

    def __init__(self, message: str, *, missing: bool = False, refused: bool = False) -> None:
        super().__init__(message)
        self.missing = missing
        self.refused = refused


def is_url(path: str) -> bool:
    """Whether the text is an address rather than a path.

    >>> is_url("https://example.org/x"), is_url("pages/a://b")
    (True, False)
    """
    return _URL.match(path) is not None


def local_path(url: str) -> str | None:
    """The path of a file:// URL, None of any other.

    >>> local_path("file:///a%20b"), local_path("https://example.org/x")
    ('/a b', None)
    """
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme.lower() != "file" or host not in _HERE or not path:
        return None
    from urllib.request import url2pathname

    return url2pathname(slash + path)


def check_address(url: str) -> None:
    """See that the address is of a kind that is read.

    Raises:
        NotFetched: it is not.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # whose text may have a password
        raise NotFetched(NO_ADDRESS) from None
    if parts.scheme == "file":
        raise NotFetched("expected file:///PATH, a path on this machine")
    if parts.scheme.startswith("oci"):
        raise NotFetched(
            f"a build cache in an OCI registry is not supported: {_READ}, or the index.json itself"
        )
    if parts.scheme not in ("http", "https", "s3"):
        raise NotFetched(f"{parts.scheme}:// is not supported: {_READ}")
    if not parts.hostname:
        raise NotFetched(f"expected a host after {parts.scheme}://")


def web_address(url: str, endpoint: str | None = None) -> str:
    """The http(s):// URL behind which the content is; of a bucket, its public one.

    A server of one's own that speaks S3 is named by `endpoint`, or as for other tools by
    AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.

    >>> web_address("s3://bucket/develop/", endpoint="")
    'https://bucket.s3.amazonaws.com/develop/'
    >>> web_address("s3://bucket/develop/", endpoint="http://localhost:9000")
    'http://localhost:9000/bucket/develop/'
    """
    parts = urlsplit(url)
    if parts.scheme != "s3":
        return url
    if endpoint is None:
        values = (os.environ.get(f"AWS_ENDPOINT_URL{name}") for name in ("_S3", ""))
        endpoint = next(filter(None, values), "")
    path = quote(unquote(parts.path))
    if endpoint:
        return f"{endpoint.rstrip('/')}/{parts.netloc}{path}"
    if "." in parts.netloc:  # the certificate is for names with no more dots
        return f"https://s3.amazonaws.com/{parts.netloc}{path}"
    return f"https://{parts.netloc}.s3.amazonaws.com{path}"


def below(root: str, path: str) -> str:
    """The address of a path below a root; what the root asks for (`?…`) stays.

    >>> below("https://example.org/develop/?a=1", "v3/layout.json")
    'https://example.org/develop/v3/layout.json?a=1'
    """
    parts = urlsplit(root)
    joined = f"{parts.path.rstrip('/')}/{path}"
    return urlunsplit((parts.scheme, parts.netloc, joined, parts.query, ""))


def without_user(url: str) -> str:
    """The address without user and password.

    >>> without_user("https://me:secret@example.org/x?a")
    'https://example.org/x?a'
    """
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def shown(url: str) -> str:
    """The address as messages and the store may have it: without what may be secret.

    A password may have been written with what ends the host (`/`, `?`, `#`), or the scheme with a
    letter less: where there is an `@`, what stands before it is not shown if there is any doubt.

    >>> shown("https://me:secret@example.org/x?signature=secret"), shown("a/path?")
    ('https://example.org/x?…', 'a/path?')
    >>> shown("https://example.org?key=secret"), shown("https://me:se?ret@example.org/x")
    ('https://example.org?…', 'https://…@example.org/x')
    >>> shown("http:/me:secret@example.org"), shown("http://me:1/secret@example.org")
    ('http:…@example.org', 'http://…@example.org')
    """
    before, at, place = url.rpartition("@")
    if not is_url(url):
        hidden = at and ":" in before
        return one_line(f"{before.partition(':')[0]}:…@{place}" if hidden else url)
    scheme, _, user = before.partition("://") if at else url.partition("://")
    if not at:
        place = user
    elif _UNSAFE.search(user):
        place = f"…@{place}"
    place, query, _ = place.partition("#")[0].partition("?")
    return one_line(f"{scheme}://{place}{query and '?…'}")
