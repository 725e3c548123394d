"""The server of `docker-compose.yml`, for tests where a Docker engine runs."""

import functools
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from .server import ServerError, free_ports
from .tools import run

_FILE = Path(__file__).parents[2] / "docker-compose.yml"


# Not of the service, but of who runs it: the password, and the ports outside.
_OTHERS = {"AUTH", "server.bolt.advertised_address", "server.http.advertised_address"}


def settings(browser_files_port: int) -> dict[str, str]:
    """The settings of docker-compose.yml, as Neo4j's image makes them of variables."""
    compose = yaml.safe_load(_FILE.read_text())
    found = {}
    for name, text in compose["services"]["neo4j"]["environment"].items():
        setting = name.removeprefix("NEO4J_").replace("_", ".").replace("..", "_")
        if setting not in _OTHERS:
            value = text.replace("${BROWSER_FILES_PORT:-7475}", str(browser_files_port))
            found[setting] = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
    return found


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
