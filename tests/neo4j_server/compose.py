"""The server of `docker-compose.yml`, for tests where a Docker engine runs."""

import functools
import os
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from .server import ServerError, free_ports
from .tools import run

_FILE = Path(__file__).parents[2] / "docker-compose.yml"


@functools.cache
def docker_works() -> bool:
    """Whether there is a Docker engine, and a client with `docker compose`."""
    if not shutil.which("docker"):
        return False
    try:
        return not any(
            run(["docker", *words], timeout=30).returncode
            for words in (["compose", "version"], ["info"])
        )
    except subprocess.TimeoutExpired:
        return False


class ComposeServer:
    """A server by `docker compose`, of its own project, ports, volume and password."""

    def __init__(self) -> None:
        self.username = "neo4j"
        self.password = secrets.token_hex(16)
        self._project = f"graphcache-test-{secrets.token_hex(4)}"
        self._bolt_port, self._http_port = free_ports(2)

    @property
    def uri(self) -> str:
        """Where drivers connect."""
        return f"neo4j://localhost:{self._bolt_port}"

    @property
    def http_url(self) -> str:
        """Where HTTP is served."""
        return f"http://localhost:{self._http_port}"

    def __enter__(self) -> Self:
        try:
            self._compose("up", "--detach", "--wait", "neo4j")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._compose("down", "--volumes", "--timeout=0")

    def log_tail(self, lines: int = 40) -> str:
        """The end of what it printed."""
        return self._compose("logs", f"--tail={lines}", "neo4j")

    def _compose(self, *words: str) -> str:
        """Run `docker compose` for this server."""
        command = ["docker", "compose", f"--file={_FILE}", f"--project-name={self._project}"]
        ours = {
            "NEO4J_PASSWORD": self.password,
            "NEO4J_BOLT_PORT": str(self._bolt_port),
            "NEO4J_HTTP_PORT": str(self._http_port),
        }
        done = run([*command, *words], environment=os.environ | ours)
        if done.returncode:
            raise ServerError(f"docker compose {' '.join(words)} failed:\n{done.stdout[-8000:]}")
        return done.stdout
