"""The graph of the example pages on a server, put there by the command line."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from .fixtures import Server, empty
from .tools import run

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def environment(server: Server) -> dict[str, str]:
    """The variables by which graphcache, as Neo4j's own tools, finds a server."""
    ours: Mapping[str, str] = {
        "NEO4J_URI": server.uri,
        "NEO4J_USERNAME": server.username,
        "NEO4J_PASSWORD": server.password,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
    }
    return {**os.environ, **ours}


def push_examples(server: Server, folder: Path) -> str:
    """Push the example pages to an emptied server; what the push printed."""
    empty(server)
    store = folder / "examples.lbug"
    for command in (
        ["graphcache", "build", str(ROOT / "examples/pages"), "--quiet"],
        ["graphcache", "push"],
    ):
        done = run([*command, "--store", str(store)], environment=environment(server))
        assert done.returncode == 0, done.stdout
    return done.stdout
