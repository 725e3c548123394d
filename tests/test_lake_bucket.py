"""A lake in a bucket, on a real S3 server: the same as in a folder, and what may go wrong there."""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from command_line import run, succeed
from lakes import ROOT, SETS
from s3_server.server import S3Server
from web_server import Request, Web, content, cut_off, hang, serving

import graphcache
from graphcache.errors import InputError, LakeError
from graphcache.lake import EngineName
from graphcache.lake.adding import add
from graphcache.lake.asking import opened
from graphcache.lake.describing import describe, verify
from graphcache.lake.joining import join_lake
from graphcache.lake.lake import Lake
from graphcache.lake.listing import LIST, Listing, encode
from graphcache.remote import buckets, signing

pytestmark = [pytest.mark.network, pytest.mark.process]

PAGE = (ROOT / "docs/scale.md").read_text()
SITE = SETS["indexes"][0]
OLD, NEW = SITE / "2026-09", SITE / "2026-10"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server, by whose variables it is found as long as the module runs."""
    signing._session.cache_clear()
    with (
        S3Server(tmp_path_factory.mktemp("s3")) as made,
        patch.dict(os.environ, made.environment),
    ):
        yield made
    signing._session.cache_clear()


@pytest.fixture(scope="module")
def joined(server: S3Server) -> Path:
    """The folder of a bucket with a lake of the real pages, joined, which no test changes."""
    folder = server.make_bucket("joined")
    add("s3://joined/lake", *SETS["pages"])
    join_lake("s3://joined/lake")
    return folder


@pytest.fixture
def bucket(server: S3Server, joined: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket with the same, to be changed; its name."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
    shutil.copytree(joined, server.buckets / name)
    yield name
    shutil.rmtree(server.buckets / name)


@pytest.fixture
def folder(server: S3Server, bucket: str) -> Path:
    """Where the objects of its lake are files."""
    return server.buckets / bucket / "lake"


def listed(lake: str) -> set[str]:
    return {file.path for file in Lake.open(lake).listing.files()}


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# The same as in a folder --------------------------------------------------------------------------


COMMANDS = (
    f"add LAKE {OLD} --release 2026-09",
    "join LAKE",
    f"add LAKE {NEW} --release a/b%41ä",
    "join LAKE --engine duckdb",
    "join LAKE --engine duckdb --all",
    f"add LAKE {NEW} --release a/b%41ä",
    "join LAKE --engine pyarrow",
    "verify LAKE",
    "query lifetimes LAKE",
    "query releases-diff LAKE --old 2026-09 --new a/b%41ä",
    "query impact LAKE zlib-ng",
    "query why LAKE hdf5",
    "export LAKE neo4j OUT",
)


@pytest.mark.slow
def test_each_command_answers_as_of_a_folder(server: S3Server, tmp_path: Path) -> None:
    server.make_bucket("commands")
    for command in COMMANDS:
        said = []
        for lake in ("here", "s3://commands/a/lake"):
            words = [lake if word == "LAKE" else word for word in command.split()]
            out = succeed("lake", *words, cwd=tmp_path)
            said.append(out.replace(lake, "LAKE"))
        assert said[0] == said[1]
    files = listed("s3://commands/a/lake")
    assert files_below(server.buckets / "commands/a/lake") == {LIST, *files}
    assert any("release=a%2Fb%2541%C3%A4" in name for name in files)


@pytest.mark.slow
def test_the_page_shows_what_is_printed(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAPHCACHE_CACHE", str(tmp_path / "cache"))
    server.make_bucket("history")
    shutil.copytree(SITE, server.make_bucket("published"), dirs_exist_ok=True)
    ((commands, shown),) = re.findall(
        r"^```sh s3\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL
    )
    said = [succeed(*shlex.split(line)[1:], cwd=tmp_path) for line in commands.splitlines()]
    assert re.sub("digest .*", "digest …", "".join(said)) == shown  # as in a folder: see above


@pytest.mark.slow
def test_a_slice_is_the_store_of_a_slice_of_a_folder(server: S3Server, tmp_path: Path) -> None:
    server.make_bucket("slices")
    digests = set()
    for lake in ("here", "s3://slices/lake"):
        succeed("lake", "add", lake, OLD, "--release", "2026-09", cwd=tmp_path)
        succeed("build", lake, "--release", "2026-09", "--store", "x.lbug", cwd=tmp_path)
        with graphcache.open_store(tmp_path / "x.lbug") as store:
            digests.add(store.describe().digest)
    assert digests == {graphcache.read(OLD, release="2026-09")[0].digest()}


# Files in a bucket --------------------------------------------------------------------------------


@pytest.mark.slow
def test_files_below_an_address_are_read_as_those_of_a_folder(
    server: S3Server, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    shutil.copytree(SETS["pages"][0], here / "pages/a b%2Fc")
    (here / "pages/.hidden").write_bytes(b"x")
    (here / "pages/zlib-1.spack").write_bytes(b"x")
    (here / "locks").mkdir()
    shutil.copy(SETS["locks"][0], here / "locks")
    shutil.copytree(here, server.make_bucket("files"), dirs_exist_ok=True)
    with patch.dict(os.environ, GRAPHCACHE_CACHE=str(tmp_path / "cache")):
        found, report = graphcache.read("s3://files/")
        expected, reported = graphcache.read(here)
        assert graphcache.read("s3a://files/locks")[1].files == 1
    assert found.digest() == expected.digest()
    assert (report.kept, report.files) == (reported.kept, reported.files)
    there = [line.replace(f"{here}/", "s3://files/") for line in reported.skipped]
    assert sorted(report.skipped) == sorted(there)


def test_a_mirror_below_an_address_is_read_by_its_index(server: S3Server, tmp_path: Path) -> None:
    folder = server.make_bucket("mirrors")
    for name in ("v2", "v3"):
        shutil.copytree(SETS["mirrors"][0] / name, folder / "all" / name)
    with patch.dict(os.environ, GRAPHCACHE_CACHE=str(tmp_path / "cache")):
        found, report = graphcache.read("s3://mirrors/all", release="r")
        each = graphcache.read("s3://mirrors/all/v2", "s3://mirrors/all/v3", release="r")[0]
    assert found.digest() == each.digest()
    assert report.files == 2


def test_settings_may_stand_in_the_files_of_aws(
    server: S3Server, joined: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = "\n".join(
        f"{name.lower()} = {value}"
        for name, value in server.environment.items()
        if name.startswith(("AWS_ACCESS", "AWS_SECRET"))
    )
    endpoint = server.environment["AWS_ENDPOINT_URL"]
    (tmp_path / "credentials").write_text(f"[mine]\n{keys}\n")
    (tmp_path / "config").write_text(f"[profile mine]\nendpoint_url = {endpoint}\n")
    for name in server.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("GRAPHCACHE_CACHE", str(tmp_path / "cache"))
    signing._session.cache_clear()
    shutil.copytree(SETS["pages"][0], server.make_bucket("mine") / "pages")
    assert verify("s3://joined/lake").problems == []
    assert graphcache.read("s3://mine/pages")[0] == graphcache.read(*SETS["pages"])[0]
    signing._session.cache_clear()


# The log ------------------------------------------------------------------------------------------


def test_each_request_is_logged_without_what_proves_who_asks(
    server: S3Server, joined: Path, tmp_path: Path
) -> None:
    size = (joined / "lake" / LIST).stat().st_size
    shutil.copytree(SETS["pages"][0], server.make_bucket("logged") / "a pages")
    endpoint = server.environment["AWS_ENDPOINT_URL"]
    begins = f"graphcache.remote.buckets: {{}} {endpoint}"
    env = os.environ | {"GRAPHCACHE_CACHE": str(tmp_path / "cache")}
    said = run("-v", "lake", "verify", "s3://joined/lake", cwd=tmp_path, env=env).err
    assert f"{begins.format('GET')}/joined/lake/{LIST}: 200, {size} bytes\n" in said
    said += run("-v", "lake", "verify", "s3://joined/no", cwd=tmp_path, env=env).err
    assert f"{begins.format('GET')}/joined/no/{LIST}: 404, " in said
    said += run("-v", "build", "s3://logged/a pages", cwd=tmp_path, env=env).err
    assert f"{begins.format('GET')}/logged?…: 200, " in said
    words = ("lake", "add", "s3://logged/a lake", str(SETS["pages"][0]))
    said += run("-v", *words, cwd=tmp_path, env=env).err
    assert f"{begins.format('PUT')}/logged/a%20lake/{LIST}: 200, 0 bytes\n" in said
    assert f"{begins.format('POST')}/logged?…: 200, " in said
    proofs = [env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    assert not any(proof in said for proof in [*proofs, "Signature", "prefix="])


# Accidents ----------------------------------------------------------------------------------------


def age(file: Path, seconds: float) -> None:
    """Have the server say that the object was written so much earlier."""
    at = file.stat().st_mtime - seconds
    os.utime(file, (at, at))


def in_the_middle(lake: str, happens: Callable[[], object]) -> None:
    """Add pages to a lake, while something else happens once: behind the first file."""
    left = [happens]

    def once(_: int) -> None:
        if left:
            left.pop()()

    add(lake, *SETS["old pages"], on_file=once)


@pytest.mark.slow
def test_of_two_writers_the_second_is_told_and_nothing_is_lost(bucket: str, folder: Path) -> None:
    lake = f"s3://{bucket}/lake"
    before = {one["release"] for one in describe(lake).releases}
    with pytest.raises(LakeError, match=f"^{lake}: another graphcache has changed it meanwhile"):
        in_the_middle(lake, lambda: add(lake, OLD, release="2026-09"))
    assert {one["release"] for one in describe(lake).releases} == {*before, "2026-09"}
    assert verify(lake).problems == []
    assert files_below(folder) == {LIST, *listed(lake)}


@pytest.mark.slow
def test_of_two_who_make_a_lake_the_second_is_told(server: S3Server) -> None:
    folder = server.make_bucket("both")
    with pytest.raises(LakeError, match="another graphcache has changed it meanwhile"):
        in_the_middle("s3://both/lake", lambda: add("s3://both/lake", OLD, release="2026-09"))
    assert [one["release"] for one in describe("s3://both/lake").releases] == ["2026-09"]
    assert files_below(folder / "lake") == {LIST, *listed("s3://both/lake")}


def test_a_list_that_was_written_though_its_answer_was_lost_is_no_other(bucket: str) -> None:
    """Then the request is sent again, and finds its own list there."""
    lake = Lake.open(f"s3://{bucket}/lake")
    assert lake.version is not None
    data, _ = lake.place.read_version(LIST)
    written = lake.place.replace(LIST, data + b" ", lake.version)
    assert written not in (None, lake.version)
    assert lake.place.replace(LIST, data + b" ", lake.version) == written
    assert lake.place.replace(LIST, data, lake.version) is None


def test_files_that_another_one_may_be_writing_stay(bucket: str, folder: Path) -> None:
    lake = f"s3://{bucket}/lake"
    (now, before) = (folder / f"facts/spec/release=x/{n * 16}-00001.parquet" for n in "01")
    now.parent.mkdir()
    for file in (now, before):
        file.write_bytes(b"half a fi")
    age(before, 1000)
    for file in folder.rglob("*.parquet"):  # as if all else had been there for long
        if file != now:
            age(file, 1000)
    age(folder / LIST, 500)
    opened = Lake.open(lake)
    opened.remove_unlisted()
    assert now.exists()
    assert not before.exists()
    age(now, 1000)
    join_lake(lake, everything=True)
    assert files_below(folder) == {LIST, *listed(lake)}


@pytest.mark.slow
def test_more_objects_than_a_listing_has_are_all_seen(bucket: str, folder: Path) -> None:
    work = folder / "work" / ("0" * 16)
    work.mkdir(parents=True)
    for number in range(1_100):
        (work / f"{number}").touch()
        age(work / f"{number}", 1000)
    join_lake(f"s3://{bucket}/lake", everything=True)
    assert not files_below(folder / "work")


@pytest.mark.slow
def test_a_server_that_is_gone_in_the_middle_leaves_the_old_content(
    server: S3Server, bucket: str, folder: Path
) -> None:
    lake = f"s3://{bucket}/lake"
    old = describe(lake)
    try:
        with pytest.raises(LakeError) as caught:
            in_the_middle(lake, server.kill)
    finally:
        server.start()
    assert re.fullmatch(
        rf"{lake}\S*: can't be \w+: the server http://127.0.0.1:\d+ can't be reached, or says "
        rf"nothing: see AWS_ENDPOINT_URL, and whether it runs(; what was there is unchanged)?",
        str(caught.value),
    )
    assert describe(lake) == old
    assert verify(lake).problems == []


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "lost":
        file.unlink()
    elif how == "empty":
        file.write_bytes(b"")
    elif how == "cut":
        file.write_bytes(data[: len(data) // 2])
    else:
        data[len(data) // 2] ^= 1
        file.write_bytes(data)


@pytest.mark.parametrize("how", ["lost", "empty", "cut", "changed"])
def test_a_part_that_is_lost_or_damaged_is_named(how: str, bucket: str, folder: Path) -> None:
    lake = f"s3://{bucket}/lake"
    file = next((folder / "facts/said").rglob("*.parquet"))
    damage(file, how)
    (problem,) = verify(lake).problems
    assert problem.startswith(f"{lake}/{file.relative_to(folder)}: lost or damaged: ")
    assert problem.endswith("; 'graphcache lake add' of its release makes it again")
    engines: list[EngineName] = ["pyarrow", "duckdb"] if how != "changed" else []
    for engine in engines:
        with pytest.raises(LakeError, match=f"{file.name}: lost or damaged"):
            join_lake(lake, engine, everything=True)
    assert describe(lake).joined is not None


def test_a_part_that_is_lost_while_it_is_asked_is_said_in_a_sentence(
    bucket: str, folder: Path
) -> None:

    def lose_and_ask() -> None:
        with opened(f"s3://{bucket}/lake") as (_, engine):
            for file in (folder / "tables/Spec").iterdir():
                file.unlink()
            engine.rows("SELECT count(DISTINCT [name]) FROM [Spec]")

    with pytest.raises(LakeError) as caught:
        lose_and_ask()
    assert re.fullmatch(
        rf"s3://{bucket}/lake: there is no lake/tables/Spec/\S+\.parquet in the bucket {bucket}; "
        rf"what was there is unchanged",
        str(caught.value),
    )


def test_a_place_that_has_something_else_is_left_alone(server: S3Server) -> None:
    folder = server.make_bucket("else")
    for name in ("x/data.parquet", "y/tables/data.parquet", "y/facts/spec/data.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"PAR1")
    before = files_below(folder)
    for lake in ("s3://else", "s3://else/x", "s3://else/y"):
        with pytest.raises(LakeError, match="that holds something else"):
            add(lake, *SETS["pages"])
        with pytest.raises(LakeError, match="expected a lake, found no"):
            join_lake(lake)
    assert files_below(folder) == before


def test_what_was_left_before_there_was_a_list_is_no_hindrance(server: S3Server) -> None:
    folder = server.make_bucket("left")
    left = folder / f"facts/spec/release=develop/{'0' * 16}-00001.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a fi")
    age(left, 1000)
    add("s3://left", *SETS["pages"])
    assert files_below(folder) == {LIST, *listed("s3://left")}


@pytest.mark.parametrize(
    ("settings", "lake", "why"),
    [
        ({}, "s3://no-such-bucket/lake", "there is no bucket no-such-bucket at http://127.0.0.1:"),
        ({"AWS_SECRET_ACCESS_KEY": "another"}, "s3://joined/lake", "403 SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "another"}, "s3://joined/lake", "403 InvalidAccessKeyId"),
        ({"AWS_PROFILE": "nobody"}, "s3://joined/lake", "settings can't be used: The config prof"),
        (
            {"AWS_ENDPOINT_URL": "rubbish"},
            "s3://joined/lake",
            "used: AWS_ENDPOINT_URL is no address",
        ),
        ({}, "s3://me:password@joined/lake", "expected s3://BUCKET/PREFIX alone"),
        ({}, "s3://joined/lake?endpoint_override=x", "expected s3://BUCKET/PREFIX alone"),
    ],
)
def test_what_can_not_be_reached_is_said_in_a_sentence(
    settings: dict[str, str], lake: str, why: str, joined: Path, tmp_path: Path
) -> None:
    for words in (["verify", lake], ["add", lake, str(SETS["pages"][0])], ["join", lake]):
        said = run("lake", *words, cwd=tmp_path, env=os.environ | settings)
        assert said.code == 1
        assert why in said.err
        assert said.err.count("\n") == 1
        assert not re.search(f"password|another|{os.environ['AWS_SECRET_ACCESS_KEY']}", said.err)


def test_without_botocore_it_says_what_brings_it(
    server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets._client.cache_clear()
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(LakeError, match=r"python -m pip install 'graphcache\[s3\]'"):
        verify("s3://joined/lake")


class Careless(Request):
    """A server that writes what it is given, whatever the condition."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_whole(b"", ETag='"1"')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_whole(b"<DeleteResult/>")


@pytest.fixture
def strange(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Another server, which does as it is told."""
    with serving(tmp_path) as web:
        monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
        monkeypatch.setattr(buckets, "_READ", 0.2)
        buckets._client.cache_clear()
        yield web
    buckets._client.cache_clear()


def test_a_server_that_knows_no_conditions_is_refused(strange: Web) -> None:
    strange.RequestHandlerClass = Careless
    with pytest.raises(LakeError, match=r"told to write on a condition.*what was there is unch"):
        add("s3://b/lake", *SETS["pages"])


def test_a_server_that_says_nothing_is_given_up(
    strange: Web, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/b/lake/{LIST}"
    strange.answers[path] = [hang]
    with (
        caplog.at_level(logging.DEBUG, "graphcache"),
        pytest.raises(LakeError, match=f"{LIST}: can't be read: the server .* says nothing"),
    ):
        verify("s3://b/lake")
    assert strange.paths == [path] * 3
    assert caplog.messages == [f"GET {strange.url}{path}: no answer: ReadTimeoutError"] * 3


def test_a_password_in_the_address_of_a_server_is_not_logged(
    strange: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = f"/b/lake/{LIST}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", strange.url.replace("//", "//someone:pass-word@"))
    strange.answers[path] = [content(encode(Listing()), ETag='"1"')]
    with caplog.at_level(logging.DEBUG, "graphcache"):
        verify("s3://b/lake")
    assert f"GET {strange.url}{path}: 200, " in caplog.text
    assert "pass-word" not in caplog.text


@pytest.mark.parametrize(
    ("scheme", "port", "said"),
    [
        ("https://", "", "no trust in the server https://127.0.0.1:"),
        ("http://", "x", "AWS_ENDPOINT_URL is no address of a server"),
        ("", "", "AWS_ENDPOINT_URL is no address of a server"),
    ],
)
def test_a_password_in_the_address_of_a_server_is_not_in_an_error(
    scheme: str, port: str, said: str, strange: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = strange.url.replace("http://", f"{scheme}someone:pass-word@")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{server}{port}")
    with pytest.raises(LakeError, match=said) as raised:
        verify("s3://b/lake")
    assert "pass-word" not in str(raised.value)


def test_a_server_that_stops_in_the_middle_is_asked_again(strange: Web) -> None:
    path = f"/b/lake/{LIST}"
    half = cut_off(encode(Listing()), 10)
    strange.answers[path] = [half]
    with pytest.raises(LakeError, match=f"{LIST}: can't be read: the server .* stopped in the"):
        verify("s3://b/lake")
    assert strange.paths == [path] * 3
    strange.answers[path] = [half, content(encode(Listing()), ETag='"1"')]
    assert verify("s3://b/lake").problems == []


def test_a_server_that_does_not_speak_s3_is_said(strange: Web) -> None:
    strange.answers["/b"] = [content(b"<html><p>Welcome")]
    with pytest.raises(InputError, match=r"it can't be listed: the server says 500: Internal"):
        graphcache.read("s3://b/pages")
    with pytest.raises(LakeError, match="can't be written: the server says 501: "):
        add("s3://b/pages", *SETS["pages"])


@pytest.mark.parametrize("lake", ["hdfs://host/lake", "gs://bucket/lake", "https://host/lake"])
def test_an_address_of_another_kind_is_refused(lake: str, tmp_path: Path) -> None:
    said = run("lake", "add", lake, str(SETS["pages"][0]), cwd=tmp_path)
    assert said.code == 2
    assert "expected a folder of this machine, or s3://BUCKET/PREFIX" in said.err
