"""Addresses: which are read, where they lead, and what of them may be shown."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import url2pathname

from graphcache.errors import UsageError
from graphcache.records import one_line

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HERE = ("", "localhost", "127.0.0.1")
_READ = "expected file://, http://, https:// or s3://BUCKET/"


def is_url(path: str) -> bool:
    """Whether the text is an address rather than a path.

    >>> is_url("https://example.org/x"), is_url("pages/a://b")
    (True, False)
    """
    return _URL.match(path) is not None


def local_path(url: str) -> str | None:
    """The path of a file:// URL, None of any other that can be read.

    Raises:
        UsageError: it is of a kind that is not read.

    >>> local_path("file:///a%20b"), local_path("https://example.org/x")
    ('/a b', None)
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{shown(url)}: not an address: {error}") from None
    if parts.scheme == "file":
        if parts.netloc not in _HERE or not parts.path:
            raise UsageError(f"{shown(url)}: expected file:///PATH, a path on this machine")
        return url2pathname(parts.path)
    if parts.scheme.startswith("oci"):
        raise UsageError(
            f"{shown(url)}: a build cache in an OCI registry is not supported: {_READ}; "
            f"or give graphcache the cache's index.json"
        )
    if parts.scheme not in ("http", "https", "s3"):
        raise UsageError(f"{shown(url)}: {parts.scheme}:// is not supported: {_READ}")
    if not parts.hostname:
        raise UsageError(f"{shown(url)}: expected a host after {parts.scheme}://")
    return None


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

    >>> shown("https://me:secret@example.org/x?signature=secret"), shown("a/path?")
    ('https://example.org/x?…', 'a/path?')
    """
    if not is_url(url):
        return one_line(url)
    head, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    path, query, _ = path.partition("#")[0].partition("?")
    return one_line(f"{head}{separator}{host.rpartition('@')[2]}{slash}{path}{query and '?…'}")
