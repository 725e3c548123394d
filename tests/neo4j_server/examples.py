"""The graph of the example pages on a server, put there by the command line."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from command_line import run

from .fixtures import Server, empty

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


def push_examples(server: Server, store: Path) -> None:
    """Push a store of the example pages to an emptied server."""
    empty(server)
    done = run("push", "--store", store, cwd=store.parent, env=environment(server))
    assert done.code == 0, done.err
