"""A property is declared in one place: followed from there and from its record to every sink.

This is the recipe 'Add a property' of CONTRIBUTING.md, done to a copy of the package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from neo4j_server.fixtures import Server, empty
from neo4j_server.pushing import login

from graphcache.sources.plain_pages import plain_page

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
DECLARED = """
            Property("new_text", "text", "a text", on_pages=False),
            Property("new_integer", "integer", "an integer", on_pages=False),
            Property("new_boolean", "boolean", "a boolean", on_pages=False),
            Property("new_list_of_text", "list of text", "texts"),
"""
IN_SPECS = """
    new_text: Name | None = None
    new_integer: int | None = None
    new_boolean: bool | None = None
    new_list_of_text: list[Text] | None = None
"""
IN_PAGES = """
    new_list_of_text: list[Text] | None = None
"""
A, B = "a" * 32, "b" * 32
SAID = {
    "new_text": "said",
    "new_integer": 7,
    "new_boolean": False,
    "new_list_of_text": ["x", "y"],
}
NOTHING: dict[str, Any] = dict.fromkeys(SAID)


def node(spec_hash: str, name: str, **more: Any) -> dict[str, Any]:
    """One install of an index."""
    arch = {"platform": "linux", "platform_os": "debian12", "target": "zen4"}
    spec = {"name": name, "version": "1.0", "arch": arch, "hash": spec_hash, **more}
    return {"spec": spec, "in_buildcache": True}


def page(is_plain: bool = True, **more: Any) -> str:
    """A page that holds zlib again, as it is published or in another form."""
    record = {"hash": A, "versions": ["1.0"], "compiler": "none", "os": "debian12"}
    record |= {"platform": "linux", "target": "zen4", "stacks": ["e4s"], "variants": [], **more}
    meta: dict[str, Any] = {"num_specs": 1, "num_specs_by_stack": {"e4s": 1}, "stacks": ["e4s"]}
    meta |= {"versions": ["1.0"], "compilers": ["none"], "oss": ["debian12"]}
    meta |= {"platforms": ["linux"], "targets": ["zen4"]}
    lines = ["---", 'title: "zlib"', "layout: cache", "categories: [package, develop]"]
    lines += [f"meta: {json.dumps(meta)}"] if is_plain else []
    return "\n".join([*lines, f"spec_details: {json.dumps([record])}", "---", ""])


def insert(path: Path, anchor: str, lines: str) -> None:
    """Put lines behind the one that begins so."""
    text = path.read_text()
    at = text.index("\n", text.index(anchor))
    path.write_text(text[:at] + lines.rstrip("\n") + text[at:])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with a copy of the package that has the new properties: two files are changed."""
    package = shutil.copytree(
        ROOT / "graphcache",
        tmp_path / "copy/graphcache",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copytree(ROOT / "cypher", tmp_path / "copy/cypher")
    insert(package / "schema.py", '            Property("variants"', DECLARED)
    insert(package / "records/specs.py", "namespace: Name | None = None", IN_SPECS)
    return package.parent


def follow(copy: Path, folder: Path, page_text: str, server: Server | None = None) -> Any:
    """What every sink has, as the process says it that runs in the copy."""
    installs = {A: node(A, "zlib", **SAID), B: node(B, "hdf5")}
    database = {"database": {"version": "8", "installs": installs}}
    (folder / "index.json").write_text(json.dumps(database))
    (folder / "page.md").write_text(page_text)
    (folder / "out").mkdir()
    arguments = ["index.json", "page.md", "out", *([server.uri] if server else [])]
    ended = subprocess.run(
        [sys.executable, ROOT / "tests/new_properties.py", *arguments],
        env={**os.environ, **(login(server) if server else {}), "PYTHONPATH": str(copy)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_a_new_property_of_each_type_reaches_every_sink(copy: Path, tmp_path: Path) -> None:
    found = follow(copy, tmp_path, page())
    rows = [{"name": "zlib", **SAID}, {"name": "hdf5", **NOTHING}]
    lakes = ("lake, pyarrow", "lake, duckdb")
    for sink in ("tables", "store", "networkx", "parquet", "bill of material", *lakes):
        assert found[sink] == rows, sink
    for sink in ("graphml", "json", "cypher", "csv", "lake for neo4j", "described"):
        assert found[sink] == [True] * len(SAID), sink
    assert found["facts and back"] is found["networkx and back"] is True


@pytest.mark.parametrize("is_plain", [True, False])
def test_what_pages_do_not_tell_a_page_does_not_take_back(
    is_plain: bool, copy: Path, tmp_path: Path
) -> None:
    insert(copy / "graphcache/records/pages.py", "tarball: Text | None = None", IN_PAGES)
    told = page(is_plain, new_list_of_text=["a"])
    assert (plain_page(told.encode()) is not None) is is_plain
    # Of what both tell, the smaller value is kept.
    found = follow(copy, tmp_path, told)
    updated = {row["name"]: row for row in found["updated by a page"]}
    assert updated["zlib"] == {"name": "zlib", **SAID, "new_list_of_text": ["a"]}


def test_what_a_page_can_not_tell_is_said(copy: Path) -> None:
    insert(
        copy / "graphcache/records/pages.py",
        "tarball: Text | None = None",
        "\n    new_integer: int | None = None\n",
    )
    command = [sys.executable, "-c", "import graphcache.tables.page_columns"]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    *_, error = ended.stderr.splitlines()
    assert error.startswith("TypeError: PageRecord.new_integer: expected text or a list of text, ")


def test_a_page_does_not_take_back_what_an_index_said(copy: Path, tmp_path: Path) -> None:
    found = follow(copy, tmp_path, page())
    updated = {row["name"]: row for row in found["updated by a page"]}
    assert updated["zlib"] == {"name": "zlib", **SAID}


def test_a_new_property_reaches_a_server(copy: Path, tmp_path: Path, neo4j_526: Server) -> None:
    empty(neo4j_526)
    found = follow(copy, tmp_path, page(), neo4j_526)
    assert found["server"] == [{"name": "zlib", **SAID}, {"name": "hdf5", **NOTHING}]
    assert found["server's tables"] is True
