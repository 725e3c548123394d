"""The example that pushes to a server, as a user runs it: twice."""

from __future__ import annotations

import sys
from pathlib import Path

import oracle
import pytest

from .examples import ROOT, environment
from .fixtures import empty
from .server import Neo4jServer
from .tools import run

SCRIPT = ROOT / "examples/neo4j_push.py"


def test_the_example_pushes_and_asks(neo4j_526: Neo4jServer, tmp_path: Path) -> None:
    empty(neo4j_526)
    first, again = (
        run([sys.executable, str(SCRIPT)], folder=tmp_path, environment=environment(neo4j_526))
        for _ in range(2)
    )
    assert (first.returncode, again.returncode) == (0, 0), first.stdout + again.stdout
    assert first.stdout.startswith("216 specs were sent, with what they are joined to.\n")
    assert again.stdout.startswith("The graph was there already.\n")
    held = [
        record["hash"]
        for page in oracle.read_pages(ROOT / "examples/pages")
        for record in page.records
        if "ml-linux-x86_64-cpu" in record["stacks"]
    ]
    line = f"{len(set(held)):5} specs of 2 packages  ml-linux-x86_64-cpu\n"
    assert f"Which stacks are the biggest?\n{line}" in first.stdout
    assert first.stdout.partition("\n\n")[2] == again.stdout.partition("\n\n")[2]


@pytest.mark.process
def test_without_a_server_the_example_says_what_to_set(tmp_path: Path) -> None:
    done = run([sys.executable, str(SCRIPT)], folder=tmp_path, environment={})
    assert done.returncode == 1
    assert done.stdout.startswith("NEO4J_URI is not set: ")
