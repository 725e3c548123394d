"""A bucket: its objects listed, read and written, by way of the extra `s3`.

What lies in public mirrors is read by `cache.py`, which needs no extra. Here botocore speaks with
the server, since it knows each place where AWS's own tools look for an endpoint, a region,
credentials, a proxy and a certificate, and takes new credentials where old ones have run out.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from graphcache.records import one_line
from graphcache.remote.locations import NotFetched, shown
from graphcache.remote.signing import region
from graphcache.version import __version__

_LOG = logging.getLogger(__name__)

SCHEMES = ("s3", "s3a")
"""How an address of a bucket begins; the latter is Spark's word for it."""
_CONNECT, _READ = 10, 20
"""Seconds in which a server must take a connection, and then say something again and again."""
_TRIES = 3
_CONNECTIONS = 32
_AT_ONCE = 1_000
"""Objects that S3 removes by one request."""
_OF_AWS = ".amazonaws.com"
_NEEDS = "it needs botocore: python -m pip install 'graphcache[s3]'"


class BucketError(OSError):
    """The server refuses, or can't be reached; what it says is a sentence."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, as the server lists it."""

    key: str
    bytes: int
    modified: datetime
    """By the clock of the server."""


def is_bucket(address: str) -> bool:
    """Whether an address is one of a bucket.

    >>> is_bucket("s3://bucket/lake"), is_bucket("https://example.org/lake")
    (True, False)
    """
    scheme, found, _ = address.partition("://")
    return bool(found) and scheme.lower() in SCHEMES


def bucket_and_key(address: str) -> tuple[str, str]:
    """The name of the bucket, and the key in it, without slashes around it.

    Raises:
        NotFetched: it is no address of a bucket, or says more than that.

    >>> bucket_and_key("s3://bucket/a%20lake/")
    ('bucket', 'a lake')
    """
    expected = "expected s3://BUCKET/PREFIX"
    try:
        parts = urlsplit(address)
        more = parts.query or parts.fragment or parts.port is not None
    except ValueError:
        raise NotFetched(expected) from None
    if not parts.netloc or "@" in parts.netloc or more:
        raise NotFetched(
            f"{expected} alone: the server is that of AWS_ENDPOINT_URL, the credentials are those "
            f"of AWS_ACCESS_KEY_ID or of AWS's own files; in names, ? is written %3F and # %23"
        )
    return parts.netloc, unquote(parts.path).strip("/")


class Bucket:
    """A bucket, be it there or not. Several threads may use it at once."""

    def __init__(self, name: str) -> None:
        """Take its name.

        Raises:
            NotFetched: botocore is not installed, or the AWS settings can't be used.
        """
        self.name = name
        self._client, self._credentials = _client_of_now()

    def read(self, key: str) -> tuple[bytes, str]:
        """A whole object, and its ETag.

        Raises:
            FileNotFoundError: there is none.
            BucketError: it can't be read.
        """
        return self._get({"Key": key})[:2]

    def read_from(self, key: str, start: int, length: int) -> tuple[bytes, int]:
        """So many bytes of an object, or all that there are, and how many it has as a whole.

        Raises:
            FileNotFoundError: there is none.
            BucketError: it can't be read.
        """
        try:
            data, _, size = self._get({"Key": key, "Range": f"bytes={start}-{start + length - 1}"})
        except _BehindItsEnd:
            return b"", start
        return data, size

    def _get(self, what: dict[str, str]) -> tuple[bytes, str, int]:
        from botocore import exceptions as aws

        for _ in range(_TRIES):
            with _in_words(self, what["Key"]):
                found = self._client.get_object(Bucket=self.name, **what)
            try:
                data = found["Body"].read()
            except (aws.ResponseStreamingError, aws.IncompleteReadError, aws.ReadTimeoutError):
                continue
            whole = found.get("ContentRange", "").rpartition("/")[2]
            return data, found["ETag"], int(whole or len(data))
        at = shown(self.endpoint)
        raise BucketError(f"the server {at} stopped in the middle, {_TRIES} times: try again")

    def objects(self, prefix: str) -> Iterator[Stored]:
        """All objects whose keys begin so, sorted by key.

        Raises:
            BucketError: they can't be listed.
        """
        for page in self._pages(prefix, ""):
            for one in page.get("Contents", ()):
                yield Stored(one["Key"], one["Size"], one["LastModified"])

    def folder(self, prefix: str) -> tuple[list[str], list[str]]:
        """What is directly below a prefix: the folders, each with its slash, and the objects.

        Raises:
            BucketError: they can't be listed.
        """
        folders, keys = [], []
        for page in self._pages(prefix, "/"):
            folders += [one["Prefix"] for one in page.get("CommonPrefixes", ())]
            keys += [one["Key"] for one in page.get("Contents", ())]
        return folders, keys

    def _pages(self, prefix: str, delimiter: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter=delimiter
        )
        with _in_words(self):
            yield from pages

    def write(self, key: str, data: Any) -> None:
        """Write an object, whatever was there.

        Raises:
            BucketError: it can't be written.
        """
        with _in_words(self):
            self._client.put_object(Bucket=self.name, Key=key, Body=data)

    def write_if(self, key: str, data: bytes, etag: str | None) -> str | None:
        """Write an object in the place of that of an ETag, or, of None, where there is none.

        Returns:
            Its ETag; None if another one is there, and nothing was written.

        Raises:
            BucketError: it can't be written.
        """
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            with _in_words(self):
                put = self._client.put_object(Bucket=self.name, Key=key, Body=data, **condition)
                return str(put["ETag"])
        except (_NotAsExpected, FileNotFoundError):
            return self._etag_of(key, data)

    def _etag_of(self, key: str, data: bytes) -> str | None:
        """The ETag of an object if it has this content.

        Where an answer was lost, a request is sent again, and finds what the first one has written.
        """
        try:
            found, etag = self.read(key)
        except FileNotFoundError:
            return None
        return etag if found == data else None

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects; what is gone already is no error.

        Raises:
            BucketError: one can't be removed.
        """
        names = list(keys)
        for start in range(0, len(names), _AT_ONCE):
            some = [{"Key": key} for key in names[start : start + _AT_ONCE]]
            with _in_words(self):
                done = self._client.delete_objects(
                    Bucket=self.name, Delete={"Objects": some, "Quiet": True}
                )
            for error in done.get("Errors", ()):
                raise BucketError(f"{error.get('Key')}: {_refusal(error, 0)}")

    @property
    def endpoint(self) -> str:
        """Where the server is."""
        return str(self._client.meta.endpoint_url)

    def settings(self) -> dict[str, str]:
        """The server, its region and the credentials, as variables of the environment.

        Credentials that run out are not among them: those of a machine's role every machine has.
        """
        settings = {"AWS_REGION": self._client.meta.region_name}
        if _OF_AWS not in self.endpoint:
            settings["AWS_ENDPOINT_URL"] = self.endpoint
        found = self._credentials
        if found is not None and not hasattr(found, "refresh_needed"):
            settings |= {
                "AWS_ACCESS_KEY_ID": found.access_key,
                "AWS_SECRET_ACCESS_KEY": found.secret_key,
                "AWS_SESSION_TOKEN": found.token,
            }
        return {name: value for name, value in settings.items() if value}


class _BehindItsEnd(BucketError):
    """No byte of the object is in the range that was asked for."""


class _NotAsExpected(BucketError):
    """Another object is there than the one that was expected."""


def _client_of_now() -> tuple[Any, Any]:
    """The client of this process and of the AWS settings that hold now, and its credentials."""
    settings = sorted(one for one in os.environ.items() if one[0].startswith("AWS_"))
    return _client(os.getpid(), hash(tuple(settings)))


@lru_cache(maxsize=4)
def _client(_process: int, _settings: int) -> tuple[Any, Any]:
    try:
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ImportError:
        raise NotFetched(_NEEDS) from None

    try:
        session = Session()
        usual = Config(
            connect_timeout=_CONNECT,
            read_timeout=_READ,
            retries={"total_max_attempts": _TRIES, "mode": "standard"},
            max_pool_connections=_CONNECTIONS,
            user_agent_extra=f"graphcache/{__version__}",
            # Servers other than AWS's may not know the newer ones.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        credentials = session.get_credentials()
        if credentials is None:
            usual = usual.merge(Config(signature_version=UNSIGNED))
        client = session.create_client("s3", region_name=region(), config=usual)
        if _OF_AWS not in client.meta.endpoint_url:  # and no name is made of a bucket's
            usual = usual.merge(Config(s3={"addressing_style": "path"}))
            client = session.create_client("s3", region_name=region(), config=usual)
    except (BotoCoreError, ValueError) as error:
        raise NotFetched(_unusable(error)) from None
    client.meta.events.register("request-created.s3", _keep_address)
    client.meta.events.register("response-received.s3", _log_answer)
    return client, credentials


def _keep_address(request: Any, **_: Any) -> None:
    """Keep with a request, which may be one of several tries, what its answer is logged with."""
    request.context[__name__] = f"{request.method} {shown(request.url)}"


def _log_answer(
    response_dict: Mapping[str, Any] | None,
    context: Mapping[str, Any],
    exception: Exception | None,
    **_: Any,
) -> None:
    asked = context[__name__]
    if response_dict is None:  # the text of the exception may have a password
        _LOG.debug("%s: no answer: %s", asked, type(exception).__name__)
    else:
        length = response_dict["headers"].get("Content-Length", "?")
        _LOG.debug("%s: %d, %s bytes", asked, response_dict["status_code"], one_line(length))


@contextmanager
def _in_words(bucket: Bucket, key: str = "") -> Iterator[None]:
    """What botocore raises, as a sentence that says what to do."""
    from botocore import exceptions as aws

    at = shown(bucket.endpoint)
    try:
        yield
    except aws.ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise _of_server(bucket, key, error.response.get("Error", {}), status) from None
    except aws.SSLError as error:
        raise BucketError(
            f"no trust in the server {at}: {one_line(str(error.kwargs['error']))}; AWS_CA_BUNDLE "
            f"can name a certificate"
        ) from None
    except (aws.ConnectionError, aws.HTTPClientError):
        raise BucketError(
            f"the server {at} can't be reached, or says nothing: see AWS_ENDPOINT_URL, and whether "
            f"it runs"
        ) from None
    except aws.BotoCoreError as error:
        raise BucketError(_unusable(error)) from None


def _unusable(error: Exception) -> str:
    """What botocore says of the settings, but for an address, in which a password may stand."""
    said = one_line(str(error))
    if "endpoint" in said.lower():
        said = "AWS_ENDPOINT_URL is no address of a server: expected http(s)://HOST:PORT"
    return f"the AWS settings can't be used: {said}"


def _of_server(bucket: Bucket, key: str, error: dict[str, Any], status: int) -> OSError:
    code = str(error.get("Code", ""))
    if code in ("NoSuchKey", "404"):
        return FileNotFoundError(f"there is no {one_line(key)} in the bucket {bucket.name}")
    if code == "NoSuchBucket":
        return BucketError(
            f"there is no bucket {bucket.name} at {shown(bucket.endpoint)}: make it first, or see "
            f"AWS_ENDPOINT_URL"
        )
    if status == 416:
        return _BehindItsEnd("nothing is there")
    if status in (409, 412):
        return _NotAsExpected("another object is there")
    return BucketError(_refusal(error, status))


def _refusal(error: dict[str, Any], status: int) -> str:
    """What the server says, and what may help."""
    code, message = (one_line(str(error.get(name, ""))) for name in ("Code", "Message"))
    code = "" if code == str(status) else code
    said = " ".join(filter(None, ("the server says", str(status or ""), code)))
    if status in (401, 403) or code == "AccessDenied":
        return (
            f"{said}: see whether the AWS credentials are right, and may list, read, write and "
            f"remove what is in the bucket"
        )
    if status in (301, 307, 400) and ("Region" in code or "Redirect" in code):
        return f"{said}: see whether AWS_REGION, now {region()}, is that of the bucket"
    return f"{said}: {message}" if message else said
