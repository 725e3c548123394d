"""A lake in a bucket, on a real S3 server: the same as in a folder, and what may go wrong there."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from command_line import succeed
from lakes import SETS
from s3_server.server import S3Server

from graphcache.lake.adding import add
from graphcache.lake.joining import join_lake
from graphcache.lake.lake import Lake
from graphcache.lake.listing import LIST
from graphcache.remote import signing

pytestmark = [pytest.mark.network, pytest.mark.process]

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
    files = {file.path: file.rows for file in Lake.open("s3://commands/a/lake").listing.files()}
    assert files_below(server.buckets / "commands/a/lake") == {LIST, *files}
    assert any("release=a%2Fb%2541%C3%A4" in name for name in files)
