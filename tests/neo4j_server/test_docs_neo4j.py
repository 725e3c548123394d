"""Every command of docs/neo4j.md, in the order in which a reader meets them, on a real server.

Blocks marked `sh neo4j` and `python neo4j` run as they stand. One marked `sh neo4j-admin` runs
while the server is stopped. Those with Docker are plain text: see `tests/test_compose.py`.
"""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import sys
from pathlib import Path

import pytest
from preloaded import preloaded

from .examples import ROOT, environment
from .fixtures import clear
from .server import Neo4jServer
from .tools import run

PAGE = (ROOT / "docs" / "neo4j.md").read_text()
BLOCK = re.compile(r"^```(\w+) (neo4j|neo4j-admin)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder such as a reader has."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def write_neo4j_admin(server: Neo4jServer, folder: Path) -> None:
    """Put the server's own neo4j-admin into a folder."""
    command = server._java("org.neo4j.cli.AdminTool")
    variables = {n: t for n, t in server._environment().items() if n.startswith("NEO4J_")}
    words = ["env", *(f"{name}={text}" for name, text in variables.items()), *command]
    script = folder / "neo4j-admin"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)


def run_block(server: Neo4jServer, language: str, text: str, place: Path) -> str:
    command = ["bash", "-euo", "pipefail"] if language == "sh" else [sys.executable]
    ours = environment(server)
    ours["PATH"] = f"{place / 'bin'}:{ours['PATH']}"
    done = run([*command, "-c", text], folder=place, environment=ours)
    assert done.returncode == 0, f"{text}\n{done.stdout}"
    assert "Traceback" not in done.stdout
    return done.stdout


def test_the_page_runs_from_top_to_bottom(neo4j_own: Neo4jServer, place: Path) -> None:
    clear(neo4j_own)
    (place / "bin").mkdir()
    said = []
    with preloaded(place / "bin"):
        write_neo4j_admin(neo4j_own, place / "bin")
        for language, marker, text in BLOCK.findall(PAGE):
            if marker == "neo4j-admin":
                neo4j_own.stop()
                said.append(run_block(neo4j_own, language, text, place))
                neo4j_own.start()
            else:
                said.append(run_block(neo4j_own, language, text, place))
    first, again, asked, python, exported, imported, pushed = said
    browser = f"Look at it in Neo4j Browser at {neo4j_own.http_url}/browser/"
    assert browser in first
    assert "the same as graphcache.lbug" in first
    assert "nothing to do" in again
    assert "py-pdm-backend" in asked
    assert "MultiDiGraph with" in python
    assert exported == "import: 257 nodes, 1,105 edges\n"
    assert "IMPORT DONE" in imported
    assert "216 Spec" in pushed
    assert "the same as graphcache.lbug" in pushed
