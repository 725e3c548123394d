"""Buckets that are not public, on a real server that checks how a request is signed."""

from __future__ import annotations

import hashlib
import hmac
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_server import Request, Web, serving, status

from graphcache import InputError, Report, read
from graphcache.remote import signing
from graphcache.remote.cache import Cache
from graphcache.sources.addresses import Remote
from graphcache.sources.gather import gather, labelled

MIRRORS = Path(__file__).parent / "data/spack/mirrors"
MIRROR = MIRRORS / "v2/build_cache/index.json"
INDEX = "/v2/build_cache/index.json"
MANIFEST = "/v2/v3/manifests/index/index.manifest.json"
KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalr/K7MDENG+bPxRfiCYEXAMPLEKEY", "a-token"


def is_signed(request: Request, region: str) -> bool:
    """Whether the signature is the one that AWS's Signature Version 4 has for this request.

    By the steps of "Create a signed AWS API request" in AWS's IAM User Guide.
    """
    said = request.headers.get("Authorization", "")
    if not said.startswith("AWS4-HMAC-SHA256 "):
        return False
    fields = dict(part.split("=", 1) for part in said.split(" ", 1)[1].split(", "))
    scope = fields["Credential"].removeprefix(f"{KEY}/")
    day = request.headers["X-Amz-Date"][:8]
    if scope != f"{day}/{region}/s3/aws4_request":
        return False
    names = fields["SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            "GET",
            request.path.partition("?")[0],
            request.path.partition("?")[2],
            *(f"{name}:{request.headers[name].strip()}" for name in names),
            "",
            fields["SignedHeaders"],
            request.headers["X-Amz-Content-SHA256"],
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, digest])
    return hmac.digest(key, text.encode(), "sha256").hex() == fields["Signature"]


def to_its_owner(request: Request) -> None:
    """Give the file to who signs for it."""
    if is_signed(request, "eu-central-1"):
        request.send_file(INDEX)
    else:
        request.send_whole(b"<Error/>", 403)


@pytest.fixture
def web(web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Web]:
    """A bucket whose index only its owner may read; nobody has credentials yet."""
    signing._session.cache_clear()
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    web.answers = {INDEX: [to_its_owner], MANIFEST: [status(403)]}
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    yield web
    signing._session.cache_clear()


def load(folder: Path) -> Report:
    remote = Remote(2**20, Cache(folder / "cache", timeout=600, tries=1, back_off=0))
    return gather(labelled(["s3://v2"]), remote=remote).report


def log_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


def test_a_bucket_of_the_users_is_read(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    assert load(tmp_path).kept == read(MIRROR)[1].kept
    unsigned, signed = [headers for path, headers in web.asked if path == INDEX]
    assert "authorization" not in unsigned
    assert signed["x-amz-security-token"] == TOKEN


def test_credentials_are_found_in_aws_own_files(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}"
    (tmp_path / "AWS_SHARED_CREDENTIALS_FILE").write_text(f"[mine]\n{keys}\n")
    (tmp_path / "AWS_CONFIG_FILE").write_text("[profile mine]\nregion=eu-central-1\n")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    assert load(tmp_path).kept == read(MIRROR)[1].kept


def test_a_public_bucket_is_asked_without_a_signature(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    web.answers = {}
    assert load(tmp_path).kept == read(MIRROR)[1].kept
    assert not any("authorization" in headers for _, headers in web.asked)


def test_a_signature_stays_with_its_server(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    with serving(MIRRORS) as other:
        web.answers[INDEX] = [status(403), status(302, Location=f"{other.url}{INDEX}")]
        assert load(tmp_path).kept == read(MIRROR)[1].kept
        ((_, headers),) = other.asked
    assert not any(name == "authorization" or name.startswith("x-amz-") for name in headers)


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(folder)
    assert SECRET not in str(caught.value)
    return str(caught.value)


def test_without_credentials_it_says_what_is_needed(web: Web, tmp_path: Path) -> None:
    assert "if the bucket is not public, it needs AWS credentials and graphcache[s3]" in refused(
        tmp_path
    )


def test_without_the_extra_it_says_the_same(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    assert "it needs AWS credentials and graphcache[s3]" in refused(tmp_path)


def test_a_refused_signature_names_its_region(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(monkeypatch)
    monkeypatch.delenv("AWS_REGION")
    said = refused(tmp_path)
    assert "403 Forbidden" in said
    assert "(signed with the AWS credentials, for the region us-east-1)" in said


def test_a_profile_that_is_not_there(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    said = refused(tmp_path)
    assert "the AWS credentials can't be used: The config profile (nobody) could not be" in said
