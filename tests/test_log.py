"""What --verbose logs of the network, stores and a lake, and that nothing secret is ever in it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import run
from web_server import Web, serving, status

from graphcache import build_store, open_store, update_store
from graphcache.lake.adding import add
from graphcache.lake.asking import ask
from graphcache.lake.joining import join_lake
from graphcache.lake.sql import FUNCTIONS, STEPS
from graphcache.remote.cache import Cache
from graphcache.sources.addresses import Remote

PAGE = "/pages/rocblas.md"
SECRETS = ("pass-word", "pass%2Dword", "cGFzcy13b3Jk", "t0ken", "s1gned")
"""A password as it is, in an address and in base64, and what stands in queries of addresses."""


@pytest.fixture
def address(web: Web, example_pages: Path) -> str:
    """A page on a server, as one who has a password and a token asks for it."""
    web.files[PAGE] = next(example_pages.glob("rocblas*")).read_bytes()
    return f"{web.url.replace('//', '//someone:pass%2Dword@')}{PAGE}?key=t0ken#t0ken"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that graphcache's loggers say."""
    with caplog.at_level(logging.DEBUG, "graphcache"):
        yield caplog


def remote(folder: Path) -> Remote:
    """Who asks anew what an address leads to, but keeps what has come."""
    return Remote(2**20, Cache(folder / "cache", tries=3, back_off=0))


def own_lines(log: pytest.LogCaptureFixture) -> str:
    """What graphcache logged, a line each, with the loggers' names."""
    return "\n".join(
        f"{record.name}: {record.getMessage()}"
        for record in log.records
        if record.name.startswith("graphcache")
    )


def assert_no_secret(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


# The network --------------------------------------------------------------------------------------


def test_what_was_asked_and_what_came(
    web: Web, address: str, log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    web.answers[PAGE] = [status(503), status(503), lambda request: request.send_file(PAGE)]
    shown = f"{web.url}{PAGE}?…"
    size = len(web.files[PAGE])
    build_store(tmp_path / "store.lbug", address, remote=remote(tmp_path))
    said = own_lines(log)
    assert f"graphcache.remote.downloads: GET {shown}: 503, 0 bytes" in said
    for left in ("2 tries left", "1 try left"):
        assert f"{shown}: the server says 503 Service Unavailable; {left}" in said
    assert f"GET {shown}: 200, {size} bytes" in said
    assert f"graphcache.remote.cache: {shown}: came, {size} bytes, sha256 " in said
    log.clear()
    update_store(tmp_path / "store.lbug", address, remote=remote(tmp_path))
    assert f"{shown}: has not changed, and is in {tmp_path}/cache/downloads" in own_lines(log)


def test_no_secret_of_an_address_is_logged(
    web: Web, address: str, log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with serving(web.folder) as other:
        other.files[PAGE] = web.files[PAGE]
        to = other.url.replace("//", "//someone:pass-word@")
        web.answers[PAGE] = [status(503), status(302, Location=f"{to}{PAGE}?sign=s1gned")]
        build_store(tmp_path / "store.lbug", address, remote=remote(tmp_path))
        assert other.paths[-1] == PAGE
    assert f"GET {other.url}{PAGE}?…: 200" in own_lines(log)
    assert_no_secret(own_lines(log))


def test_no_secret_of_a_proxy_is_logged(
    web: Web,
    address: str,
    log: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", web.url.replace("//", "//someone:pass-word@"))
    elsewhere = address.replace(web.url.partition("//")[2], "mirror.example.org")
    build_store(tmp_path / "store.lbug", elsewhere, remote=remote(tmp_path))
    assert web.asked[-1][1]["proxy-authorization"]
    assert f"GET http://mirror.example.org{PAGE}?…: 200" in own_lines(log)
    assert_no_secret(own_lines(log))


def test_no_secret_of_a_bucket_is_logged(
    web: Web,
    address: str,
    log: pytest.LogCaptureFixture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_S3": web.url,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "pass-word",
        "AWS_SESSION_TOKEN": "t0ken",
    }.items():
        monkeypatch.setenv(name, value)
    web.answers[PAGE] = [status(403), lambda request: request.send_file(PAGE)]
    build_store(tmp_path / "store.lbug", f"s3:/{PAGE}", remote=remote(tmp_path))
    signed = web.asked[-1][1]["authorization"].rpartition("Signature=")[2]
    assert "asked again, signed for the region" in own_lines(log)
    assert signed not in own_lines(log)
    assert_no_secret(own_lines(log))


# The stores ---------------------------------------------------------------------------------------


def test_what_a_store_is_asked_is_logged_without_values(
    example_store: Path, log: pytest.LogCaptureFixture
) -> None:
    with open_store(example_store) as store:
        store.query(
            "MATCH (s:Spec)\nWHERE s.name IN [$name, 'hdf5'] // no zlib\nRETURN `s`.hash",
            {"name": "rocblas"},
        )
    said = own_lines(log)
    assert f"graphcache.stores.embedded.store: opened: {example_store}" in said
    assert "answered, rows: 4, seconds: " in said
    assert ": MATCH (s:Spec) WHERE s.name IN [$name, '…'] RETURN `s`.hash" in said
    for value in ("rocblas", "hdf5", "zlib"):
        assert value not in said


@pytest.mark.slow
def test_what_is_written_is_logged(
    example_pages: Path, log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    store = tmp_path / "store.lbug"
    build_store(store, example_pages)
    said = own_lines(log)
    assert "graphcache.stores.embedded.write: written, rows: 216: Spec" in said
    assert "read back, and as it was given: " in said
    assert f"in place, bytes: {store.stat().st_size}: {store}" in said


@pytest.mark.slow
def test_what_a_lake_gives_to_duckdb_is_logged_without_values(
    example_pages: Path, log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    add(tmp_path / "lake", example_pages)
    join_lake(tmp_path / "lake", "duckdb")
    begins = "graphcache.lake.duck: sent: CREATE OR REPLACE "
    made = [line.removeprefix(begins) for line in own_lines(log).split("\n") if begins in line]
    for name in STEPS:
        assert sum(line.startswith(f"TABLE {name} AS ") for line in made) == 1
    assert sum(line.startswith("TEMP MACRO gc_") for line in made) == len(FUNCTIONS)
    log.clear()
    ask(tmp_path / "lake", "redundant-builds", ["develop"])
    said = own_lines(log)
    assert "sent: SELECT" in said
    assert "[name]" in said
    assert "develop" not in said


# The command line ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["--verbose", "build"], ["build", "--verbose"]])
def test_verbose_logs_to_standard_error(command: list[str], address: str, tmp_path: Path) -> None:
    env = {"GRAPHCACHE_CACHE": str(tmp_path / "cache")}
    quiet = run("build", address, cwd=tmp_path, env=env)
    ended = run(*command, address, cwd=tmp_path, env=env)
    assert (ended.code, ended.out) == (quiet.code, quiet.out)
    assert " graphcache.remote.downloads: GET http://127.0.0.1:" in ended.err
    assert " graphcache.stores.embedded.write: in place, bytes: " in ended.err
    assert "urllib3" not in ended.err
    assert_no_secret(ended.err)
    assert "graphcache." not in quiet.err


@pytest.mark.slow
def test_the_log_ends_with_the_command(example_store: Path) -> None:
    command = ("query", "-c", "MATCH (s:Spec) RETURN count(*)", "--store", example_store)
    first, second = (run(*more, *command, cwd=example_store.parent) for more in (["-v"], []))
    assert first.out == second.out
    assert "answered, rows: 1, seconds: " in first.err
    assert second.err == ""
    assert logging.getLogger("graphcache").handlers == []


@pytest.mark.slow
def test_what_a_terminal_would_obey_is_escaped(example_pages: Path, tmp_path: Path) -> None:
    page, store = next(example_pages.iterdir()), tmp_path / "\x1b[31mred.lbug"
    ended = run("-v", "build", page, "--store", store, cwd=tmp_path)
    assert ended.code == 0
    assert f"{tmp_path}/\\x1b[31mred.lbug" in ended.err
    assert "\x1b" not in ended.err
