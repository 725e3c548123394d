"""What lies behind addresses, from a real server on this machine: in order, and not."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import wait_for
from conftest import within
from web_server import (
    Answer,
    Request,
    Web,
    content,
    cut_off,
    endless,
    for_ever,
    hang,
    serving,
    stall,
    status,
    without_length,
)

from graphcache import InputError, Report, Tables, read
from graphcache.remote import patience
from graphcache.remote.cache import Cache
from graphcache.remote.locations import NO_ADDRESS, NotFetched
from graphcache.sources import inputs
from graphcache.sources.addresses import Remote
from graphcache.sources.gather import gather, labelled
from graphcache.tables.join import join
from graphcache.workflows import fetch_store

MIRRORS = Path(__file__).parent / "data/spack/mirrors"
V2 = "build_cache/index.json"
V3 = "v3/manifests/index/index.manifest.json"
INDEX = b'{"database": {"version": "8", "installs": {}}}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where downloads are kept."""
    return tmp_path / "cache"


def remote(folder: Path, *, limit: int = 2**20, timeout: float = 600, tries: int = 3) -> Remote:
    """Someone who has asked for nothing yet, waits for a slow machine, and tries a few times."""
    return Remote(limit, Cache(folder, timeout=timeout, tries=tries, back_off=0))


def load(url: str, remote: Remote) -> tuple[Tables, Report]:
    reading = within(600, lambda: gather(labelled([url]), remote=remote))
    return join(reading.facts, reading.report), reading.report


def why_not(url: str, remote: Remote) -> str:
    """Why nothing is behind the address; that it is named, and by what name, is seen here."""
    with pytest.raises(InputError) as caught:
        load(url, remote)
    first, second = str(caught.value).split("\n")
    assert first == f"{url}: nothing of a Spack build cache could be read"
    assert second.startswith(f"  {url}: ")
    return second.removeprefix(f"  {url}: ")


def blob(mirror: str = "v3") -> str:
    """Where the index of the mirror lies."""
    manifest = json.loads((MIRRORS / mirror / V3).read_bytes())
    digest = manifest["data"][0]["checksum"]
    return f"/{mirror}/blobs/sha256/{digest[:2]}/{digest}"


def changed_manifest(web: Web, **changes: Any) -> None:
    """Let the manifest of the mirror v3 say something else of its index."""
    manifest = json.loads((MIRRORS / "v3" / V3).read_bytes())
    manifest["data"][0].update(changes)
    web.files[f"/v3/{V3}"] = json.dumps(manifest).encode()


def whole_files(folder: Path) -> list[Path]:
    """What is kept; each file has the content that its name says, and nothing is left over."""
    assert list((folder / "downloads/partial").iterdir()) == []
    kept = [path for path in (folder / "downloads/content").rglob("*") if path.is_file()]
    for path in kept:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    return kept


# In order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "mirror"),
    [
        ("v3", "v3"),
        ("v3/", "v3"),
        ("v3/?part=1", "v3"),
        (f"v3/{V3}", "v3"),
        ("v3-signed", "v3-signed"),
        ("v2", "v2"),
        (f"v2/{V2}", "v2"),
    ],
)
def test_a_mirror_is_its_index(place: str, mirror: str, web: Web, folder: Path) -> None:
    tables, report = load(f"{web.url}/{place}", remote(folder))
    index = MIRRORS / mirror / V2 if mirror == "v2" else MIRRORS / blob(mirror)[1:]
    assert (report.rejects, report.files) == ([], 1)
    assert tables.digest() == read(index)[0].digest()
    assert all(spec["size"] is None for spec in tables.nodes["Spec"].to_pylist())


@pytest.mark.parametrize("place", ["v3", "v3/", "v3?part=1", f"v3/{V3}"])
def test_of_several_indexes_the_newest_is_read(place: str, web: Web, folder: Path) -> None:
    manifest = json.loads((MIRRORS / "v3" / V3).read_bytes())
    (newest,) = manifest["data"]
    older = {**newest, "mediaType": newest["mediaType"].replace("v8", "v7"), "checksum": "0" * 64}
    manifest["data"] = [older, newest]
    web.files[f"/v3/{V3}"] = json.dumps(manifest).encode()
    _, report = load(f"{web.url}/{place}", remote(folder))
    said = f"of several indexes {newest['mediaType']} is read, and not {older['mediaType']}"
    assert report.kept == 48
    assert list(report.warnings) == [f"{web.url}/{place.replace('part=1', '…')}: {said}"]


def test_a_blob_is_an_index_whose_digest_is_known(web: Web, folder: Path) -> None:
    url = web.url + blob()
    assert load(url, remote(folder))[1].kept == 48
    assert load(url, remote(folder))[1].kept == 48
    assert web.paths == [blob()]


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_any_file_may_be_behind_an_address(
    pack: Callable[[bytes], bytes], example_pages: Path, web: Web, folder: Path
) -> None:
    page = example_pages / "rocblas.develop-2025-03-23.md"
    web.files["/page"] = pack(page.read_bytes())
    tables, _ = load(f"{web.url}/page", remote(folder))
    assert tables.digest() == read(page)[0].digest()
    assert web.paths == [f"/page/{V3}", f"/page/{V2}", "/page"]


@pytest.mark.slow
def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    shutil.copytree(MIRRORS / "v3", tmp_path / "a mirror")
    url = (tmp_path / "a mirror").as_uri()
    assert "%20" in url
    assert read(url)[0].digest() == read(MIRRORS / "v3")[0].digest()


def test_a_bucket_is_read_by_its_web_address(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    assert load("s3://v3", remote(folder))[1].kept == 48
    assert web.paths == [f"/v3/{V3}", blob()]


def test_user_and_password_go_to_the_server_alone(web: Web, folder: Path) -> None:
    url = web.url.replace("//", "//me:se%20cret@")
    with serving(MIRRORS) as other:
        web.answers[f"/v2/{V2}"] = [status(302, Location=f"{other.url}/v2/{V2}")]
        tables, report = load(f"{url}/v2/{V2}", remote(folder))
        assert web.asked[0][1]["authorization"] == "Basic bWU6c2UgY3JldA=="
        assert "authorization" not in other.asked[0][1]
    assert (report.kept, tables.nodes["Spec"].num_rows) == (50, 50)
    web.answers = {"/none": [status(401)]}
    with pytest.raises(InputError) as caught:
        load(f"{url}/none?key=secret", remote(folder))
    assert "cret" not in str(caught.value)
    assert "http://127.0.0.1" in str(caught.value)


def test_a_proxy_is_asked_for_other_hosts(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", web.url.replace("//", "//me:secret@"))
    assert load("http://mirror.example.org/v2", remote(folder))[1].kept == 50
    headers = web.asked[0][1]
    assert headers["host"] == "mirror.example.org"
    assert headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    said = why_not("http://mirror.example.org/x", remote(folder))
    assert "expected a proxy at http:// or https://" in said


PASSWORDS = [
    "s/ecret",
    "s?ecret",
    "s#ecret",
    "ecret@",
    "[ecret",
    "ecret%",
    "ecret\u2100",
]


@pytest.mark.parametrize(
    "scheme", ["http://", "https://", "s3://", "oci://", "htps://", "http:/", ""]
)
@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.network
def test_no_password_is_shown(folder: Path, scheme: str, password: str) -> None:
    """Also where it has what ends the host of an address, or the scheme is mistyped."""
    address = f"{scheme}me:{password}@127.0.0.1:1/x"
    with pytest.raises(InputError) as caught:
        load(address, remote(folder, tries=1))
    told = [str(caught.value), *map(str, caught.value.report.rejects)]
    assert all("ecret" not in text and "127.0.0.1:1/x" in text for text in told)


@pytest.mark.parametrize(
    "proxy", ["http://me:s/ecret@127.0.0.1:1", "me:ecret@127.0.0.1:x", "x://ecret"]
)
def test_no_password_of_a_proxy_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    said = why_not("http://mirror.example.org/x", remote(folder, tries=1))
    assert "expected a proxy at http:// or https://" in said
    assert "ecret" not in said


# Kept ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "note",
    [
        *(b"", b"{", b"\xff", b'{"etag": "\xff", "digest": ""}'),
        json.dumps({"etag": '"x"\r\nHost: other', "digest": "0" * 64}).encode(),
        json.dumps({"etag": '"x"', "digest": "../../x\0"}).encode(),
    ],
)
def test_a_damaged_note_is_no_note(web: Web, folder: Path, note: bytes) -> None:
    load(f"{web.url}/v2", remote(folder))
    notes = list((folder / "downloads/addresses").iterdir())
    assert notes
    for one in notes:
        one.write_bytes(note)
    assert load(f"{web.url}/v2", remote(folder))[1].kept == 50
    assert all(one.read_bytes() != note for one in notes)


def test_what_has_not_changed_is_not_sent_again(web: Web, folder: Path) -> None:
    first, _ = load(f"{web.url}/v3", remote(folder))
    web.asked.clear()
    again, _ = load(f"{web.url}/v3", remote(folder))
    assert again.digest() == first.digest()
    ((path, headers),) = web.asked
    assert path == f"/v3/{V3}"
    assert headers["if-none-match"].startswith('"')
    web.files[f"/v2/{V2}"] = INDEX
    load(f"{web.url}/v2", remote(folder))
    web.files.clear()
    assert load(f"{web.url}/v2", remote(folder))[1].kept == 50
    assert len(whole_files(folder)) == 4


def test_an_address_is_asked_once(web: Web, folder: Path) -> None:
    both = remote(folder)
    load(f"{web.url}/v2/{V2}", both)
    load(f"{web.url}/v2/{V2}", both)
    assert len(web.asked) == 1


def test_what_was_damaged_in_the_folder_is_fetched_again(web: Web, folder: Path) -> None:
    load(f"{web.url}/v3", remote(folder))
    for path in whole_files(folder):
        path.write_bytes(path.read_bytes()[:-1])
    for note in (folder / "downloads/addresses").iterdir():
        note.write_bytes(note.read_bytes() + b"}")
    assert load(f"{web.url}/v3", remote(folder))[1].kept == 48
    assert len(whole_files(folder)) == 2


def test_what_may_be_cut_off_is_not_taken_for_what_has_not_changed(web: Web, folder: Path) -> None:
    url = f"{web.url}/{V2}"
    web.answers[f"/{V2}"] = [without_length(INDEX[:20]), without_length(INDEX)]
    assert "the JSON is cut off" in why_not(url, remote(folder))
    load(url, remote(folder))
    assert "if-none-match" not in web.asked[-1][1]


def test_what_nobody_asks_for_any_more_is_removed(web: Web, folder: Path) -> None:
    load(f"{web.url}/v2", remote(folder))
    (folder / "downloads/partial/left-by-a-killed-download").write_bytes(b"part")
    old = time.time() - 100 * 24 * 3600
    (folder / "blobs").mkdir()
    (folder / "blobs/of-somebody-else").write_bytes(b"")
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        os.utime(path, (old, old))
    load(f"{web.url}/v3", remote(folder))
    assert len(whole_files(folder)) == 2
    assert (folder / "blobs/of-somebody-else").exists()


# Failures that pass -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "timeout"),
    [
        (status(500), 600),
        (status(503), 600),
        (status(429, Retry_After="0"), 600),
        (status(429, Retry_After="soon"), 600),
        (status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), 600),
        (cut_off(INDEX, 20), 600),
        (stall(INDEX, 20), 1),
        (hang, 1),
        (lambda request: request.connection.close(), 600),
        (lambda request: request.wfile.write(b"no HTTP\n\n"), 600),
    ],
    ids=["500", "503", "429", "unclear", "past", "cut off", "stall", "hang", "closes", "no HTTP"],
)
def test_what_may_pass_is_tried_again(
    failure: Answer, timeout: float, web: Web, folder: Path
) -> None:
    whole = (MIRRORS / f"v2/{V2}").read_bytes()
    web.answers[f"/v2/{V2}"] = [failure, failure, content(whole)]
    # Where little time was given, this machine may be silent too: then there are tries for long.
    tries = max(3, int(600 / timeout))
    patient = remote(folder, timeout=timeout, tries=tries)
    assert load(f"{web.url}/v2/{V2}", patient)[1].kept == 50
    assert len(web.asked) == 3 if timeout == 600 else len(web.asked) >= 3
    (kept,) = whole_files(folder)
    assert kept.read_bytes() == whole


@pytest.mark.parametrize(
    ("failure", "timeout", "why"),
    [
        (status(500), 600, "the server says 500 Internal Server Error"),
        (status(429, Retry_After="0"), 600, "the server says 429 Too Many Requests"),
        (cut_off(INDEX, 20), 600, "cut off: expected 46 bytes, found 20"),
        (stall(INDEX, 20), 1, "the server said nothing for 1 second"),
        (hang, 1, "the server said nothing for 1 second"),
    ],
    ids=["500", "429", "cut off", "stall", "hang"],
)
def test_what_does_not_pass_is_said(
    failure: Answer,
    timeout: float,
    why: str,
    *,
    web: Web,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "BEGIN", 600)  # else a slow machine is said to be a slow server
    web.answers[f"/{V2}"] = [failure]
    said = why_not(f"{web.url}/{V2}", remote(folder, timeout=timeout))
    assert said == f"{why}; tried 3 times: try again later"
    wait_for(lambda: len(web.asked) == 3)  # who is silent may have heard nothing yet
    assert not any(path.is_file() for path in folder.rglob("*"))


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"", b"H"),
        (OK + b"X: ", b"a"),
        (OK + b"Content-Length: 1000000\r\n\r\n", b"a"),
        (OK + b"\r\n", b"a"),
        (CHUNKED, b"1\r\na\r\n"),
        (CHUNKED + b"1;", b"a"),
        (CHUNKED + b"1\r\na\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=[
        "100",
        "status",
        "header",
        "content",
        "no length",
        "chunks",
        "size",
        "trailers",
    ],
)
def test_a_little_for_ever_is_given_up(
    begin: bytes, again: bytes, web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.answers[f"/v2/{V2}"] = [for_ever(begin, again)]
    with monkeypatch.context() as limited:
        # With so long a timeout no silence of this machine is taken for one of the server.
        limited.setattr(patience, "BEGIN", 0.5 / 512)
        said = why_not(f"{web.url}/v2/{V2}", remote(folder, timeout=512, tries=1))
    assert said == (
        "the server is too slow: expected 16,384 bytes of content per second beyond the first 0.5 "
        "seconds; tried once: try again later"
    )
    web.answers.clear()
    load(f"{web.url}/v2/{V2}", remote(folder))


@pytest.mark.parametrize(
    ("begin", "again", "why"),
    [
        (CHUNKED + b"1;", b"a" * 2**20, "a line of more than 65,536 bytes"),
        (OK, b"A: b\r\n" * 200, "got more than 100 headers"),
    ],
    ids=["line", "headers"],
)
def test_what_has_no_end_is_not_waited_for(
    begin: bytes, again: bytes, why: str, web: Web, folder: Path
) -> None:
    web.answers[f"/v2/{V2}"] = [for_ever(begin, again)]
    said = why_not(f"{web.url}/v2/{V2}", remote(folder, timeout=600, tries=1))
    assert said == f"the connection broke: {why}; tried once: try again later"


def test_a_server_asks_for_time(web: Web, folder: Path) -> None:
    web.answers[f"/{V2}"] = [status(429, Retry_After="1"), content(INDEX)]
    start = time.monotonic()
    load(f"{web.url}/{V2}", remote(folder))
    assert time.monotonic() - start >= 1


def test_nobody_listens(folder: Path, web: Web) -> None:
    with serving(MIRRORS) as gone:
        url = f"{gone.url}/{V2}"
    assert "the server can't be reached: Connection refused; tried" in why_not(url, remote(folder))


# Failures that stay -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (status(404), "the server says 404 Not Found"),
        (status(410), "the server says 410 Gone"),
        (status(403), "the server says 403 Forbidden: no permission to read it, or it is not "
                      "there: S3 says this of both"),
        (status(401), "the server says 401 Unauthorized: it wants a user and a password: "
                      "https://USER:PASSWORD@…"),
        (status(304), "the server says 304 Not Modified"),
        (status(204), "the server says 204 No Content"),
        (content(b" <!DOCTYPE html><p>Sign in"), "expected a file of Spack's, found a web page"),
        (content(b"{"), "the JSON is cut off"),
        (content(b""), "the file is empty"),
        (content(b"[1]"), "not a page, index, lock file or spec file of Spack, nor an archive "
                          "(.tar, .tar.gz, .zip) of them"),
        (endless, "expected at most 1,048,576 bytes, found more"),
        (content(b" " * 2**20 + b"{"), "expected at most 1,048,576 bytes, found more"),
        (status(302, Location="file:///etc/passwd"), "it leads to file:///etc/passwd: expected "
                                                     "http:// or https://"),
        (status(302, Location="s3://x/y?z"), "it leads to s3://x/y?…: expected http:// or https://"),
        (status(302, Location="http://[::1/x"), "it leads to http://[::1/x: expected http:// or "
                                                "https://"),
        (status(302, Location=f"/{V2}"), "it leads from one address to the next, more than 5 "
                                         "times"),
    ],
)  # fmt: skip
def test_what_is_wrong_for_good_is_said_at_once(
    answer: Answer, why: str, web: Web, folder: Path
) -> None:
    web.answers[f"/{V2}"] = [answer]
    said = why_not(f"{web.url}/{V2}", remote(folder))
    assert said == why
    assert len(web.asked) == (6 if "more than 5" in why else 1)


def test_nothing_there_says_where_it_was_looked_for(web: Web, folder: Path) -> None:
    missing = "the server says 404 Not Found"
    assert why_not(f"{web.url}/none", remote(folder)) == (
        f"neither a mirror nor a file: {V3}: {missing}; {V2}: {missing}; "
        f"the address itself: {missing}"
    )


def test_a_server_that_answers_all_with_a_web_page(web: Web, folder: Path) -> None:
    page = content(b"<html>welcome</html>")
    web.answers = {f"/v2/{V3}": [page], f"/x/{V3}": [page], f"/x/{V2}": [page], "/x": [page]}
    assert load(f"{web.url}/v2", remote(folder))[1].kept == 50
    assert why_not(f"{web.url}/x", remote(folder)).count("found a web page") == 3


def test_an_outage_does_not_make_a_mirror_an_older_one(web: Web, folder: Path) -> None:
    web.answers[f"/v2/{V3}"] = [status(500)]
    said = why_not(f"{web.url}/v2", remote(folder))
    assert said.startswith(f"{V3}: the server says 500")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("oci://example.org/x", "a build cache in an OCI registry is not supported: expected"),
        ("oci+http://example.org/x", "a build cache in an OCI registry is not supported: expected"),
        ("gs://example.org/x", "gs:// is not supported: expected file://, http://, https:// or s3"),
        ("file://elsewhere/x", "expected file:///PATH, a path on this machine"),
        ("https:///x", "expected a host after https://"),
        ("http://[::1/x", NO_ADDRESS),
        ("http://127.0.0.1:port/x", NO_ADDRESS),
        ("http://127.0.0.1:99999/x", NO_ADDRESS),
    ],
)
def test_addresses_that_are_not_read(url: str, why: str, folder: Path) -> None:
    assert why_not(url, remote(folder)).startswith(why)


# Mirrors that are wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checksum": "0" * 64}, r"blobs/sha256/00/0{64}, which it names: the server says 404 N.*"),
        ({"checksum": "../../../../../etc/passwd"}, r"data\[0\]\.checksum: .*"),
        ({"checksum": "A" * 64}, r"data\[0\]\.checksum: .*"),
        ({"checksumAlgorithm": "md5"}, "checksumAlgorithm: expected sha256, found md5"),
        ({"mediaType": "text/html"}, r"data: expected a application/vnd\.spack\.db\.…, found t.*"),
        ({"contentLength": 5}, ".*, which it names: expected 5 bytes, found more"),
        ({"contentLength": 500_000}, r".*, which it names: expected 500,000 bytes, found \d\d.*"),
        ({"contentLength": 2**40}, ".*: expected at most 1,048,576 bytes, found 1,099,511,627,776"),
        ({"contentLength": -1}, r"data\[0\]\.contentLength: .*"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_wrong(
    changes: dict[str, Any], why: str, web: Web, folder: Path
) -> None:
    changed_manifest(web, **changes)
    said = why_not(f"{web.url}/v3", remote(folder))
    assert re.fullmatch(f"{re.escape(V3)}: {why}", said), said
    assert len(whole_files(folder)) == 1
    assert all(re.fullmatch(r"/v3/(v3/manifests|blobs/sha256)/[\w/.]+", p) for p in web.paths)
    assert not any(".." in path for path in web.paths)


def test_content_of_another_digest_is_not_kept(web: Web, folder: Path) -> None:
    right = (MIRRORS / blob()[1:]).read_bytes()
    web.answers[blob()] = [content(right.replace(b"demo", b"evil"))]
    said = why_not(f"{web.url}/v3", remote(folder))
    assert re.search(r"expected the sha256 \w{64}, found \w{64}: the mirror is damaged", said)
    web.answers.clear()
    assert load(f"{web.url}/v3", remote(folder))[1].kept == 48


def test_a_packed_index_is_unpacked_no_further_than_allowed(
    web: Web, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = gzip.compress(b'{"database": "' + b" " * 2**24)
    digest = hashlib.sha256(bomb).hexdigest()
    web.files[f"/v3/blobs/sha256/{digest[:2]}/{digest}"] = bomb
    changed_manifest(web, checksum=digest, contentLength=len(bomb), compression="gzip")
    monkeypatch.setattr(inputs, "MAX_DOCUMENT", 2**20)
    said = why_not(f"{web.url}/v3", remote(folder))
    assert said == "expected an index or lock file of at most 1,048,576 bytes, found more"


# Killed, and no room ------------------------------------------------------------------------------

FETCH = """
import sys
from pathlib import Path
from graphcache.remote.cache import Cache
from graphcache.sources.addresses import Remote
print(Remote(2**20, Cache(Path(sys.argv[1]))).file_of(sys.argv[2]), flush=True)
"""


@pytest.mark.process
def test_a_download_that_was_killed_is_not_taken_for_whole(web: Web, folder: Path) -> None:
    url = web.url + blob()
    right = (MIRRORS / blob()[1:]).read_bytes()
    web.answers[blob()] = [stall(right, 2**15)]
    process = subprocess.Popen([sys.executable, "-c", FETCH, folder, url])
    partial = folder / "downloads/partial"
    wait_for(lambda: partial.is_dir() and any(partial.iterdir()))
    process.kill()
    process.wait()
    assert len(list(partial.iterdir())) == 1
    web.answers.clear()
    assert load(url, remote(folder))[1].kept == 48
    assert [path.name for path in (folder / "downloads/content").rglob("*") if path.is_file()] == [
        url.rpartition("/")[2]
    ]


NO_ROOM = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n" + FETCH


@pytest.mark.process
def test_a_full_disk_is_said(web: Web, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NO_ROOM, folder, f"{web.url}/v2/{V2}"],
        capture_output=True,
        text=True,
        check=False,
    )
    last = ended.stderr.splitlines()[-1]
    assert (
        f"the folder of downloads, {folder}/downloads, can't be used: File too large; GRAPHCACHE"
        in last
    )
    assert whole_files(folder) == []


def test_the_folder_can_not_be_made(web: Web, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = why_not(f"{web.url}/v2", remote(tmp_path / "file/x"))
    assert said.endswith("can't be used: Not a directory; GRAPHCACHE_CACHE can name another")


# Several at once ----------------------------------------------------------------------------------


def test_several_are_fetched_at_once(web: Web, folder: Path) -> None:
    urls = [f"{web.url}/{name}" for name in ("v2", "v3", "v3-signed", "none")]
    both = remote(folder)
    both.fetch_all([*urls, *urls], jobs=4)
    asked = len(web.asked)
    assert [load(url, both)[1].kept for url in urls[:3]] == [50, 48, 10]
    with pytest.raises(NotFetched):
        both.file_of(urls[3])
    assert len(web.asked) == asked
    assert len(whole_files(folder)) == 5


def test_they_are_under_way_at_the_same_time(web: Web, folder: Path) -> None:
    together = threading.Barrier(3)

    def answer(request: Request) -> None:
        together.wait(600)  # which ends when three are here, or else fails
        request.send_whole(INDEX)

    urls = [f"{web.url}/{name}/{V2}" for name in "abc"]
    web.answers = {f"/{name}/{V2}": [answer] for name in "abc"}
    others = remote(folder, timeout=600, tries=1)
    others.fetch_all(urls, jobs=3)
    assert all(others.file_of(url).read_bytes() == INDEX for url in urls)


# Manifests of many indexes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b'{"x": [', "the JSON is cut off; expected a manifest: {"),
        (b"[]", "expected object, found array; expected a manifest: {"),
        (b'{"x": [{"label": "a", "url": 1}]}', "[...][0].url: expected str, found int; expected"),
        (b'{"x": [{"label": "a"}]}', "[...][0]: object missing required field url; expected a m"),
        (b'{"x": [{"label": "a", "url": "v3"}]}', "a: v3: expected http://, https:// or s3://"),
        (
            b'{"x": [{"label": "a", "url": "file:///etc/passwd"}]}',
            "a: file:///etc/passwd: expected http://, https:// or s3://",
        ),
        (
            rb'{"x": [{"label": "a\u001b[31m", "url": "v3"}]}',
            r'label: expected text without control characters, found "a\u001b[31m"',
        ),
        (b"<html>", "neither a mirror nor a file: "),
        (b" " * 2**24 + b"{}", "expected at most 16,777,216 bytes, found more; expected a man"),
    ],
    ids=[
        "cut off",
        "a list",
        "a number",
        "no url",
        "a path",
        "a file",
        "a label",
        "a page",
        "too long",
    ],
)
def test_manifests_that_do_not_serve(
    given: bytes, why: str, web: Web, folder: Path, tmp_path: Path
) -> None:
    web.files["/manifest"] = given
    url = f"{web.url}/manifest"
    with pytest.raises(InputError) as caught:
        fetch_store(tmp_path / "store", url, "x", remote=remote(folder, limit=2**25))
    assert str(caught.value).startswith(f"{url}: {why}")
    assert "file://" not in str(caught.value).partition("expected")[2]
    assert not (tmp_path / "store").exists()


def test_a_manifest_here_may_name_files(folder: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"x": [{"label": "a", "url": "v3"}]}')
    with pytest.raises(InputError) as caught:
        fetch_store(tmp_path / "store", str(manifest), "x", remote=remote(folder))
    expected = "expected http://, https:// or s3://, or file:// with a whole path"
    assert str(caught.value) == f"{manifest}: a: v3: {expected}"
