"""The files for Neo4j Browser, served as docker-compose.yml does it."""

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from web_server import in_background

from .tools import ROOT

FILES = ROOT / "cypher" / "browser"


class _Files(SimpleHTTPRequestHandler):
    """Serves as the service `browser-files` does, with the headers of its configuration."""

    def do_OPTIONS(self) -> None:
        self.send_response(204)
        self.end_headers()

    def end_headers(self) -> None:
        configuration = (ROOT / "docker" / "browser-files.conf").read_text(encoding="utf-8")
        for name, value in re.findall(r"add_header (\S+) (\S+) always;", configuration):
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve_files() -> Iterator[int]:
    """Serve `cypher/browser` as docker-compose.yml does; the port."""
    handler = functools.partial(_Files, directory=FILES)
    with in_background(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as files:
        yield files.server_port
