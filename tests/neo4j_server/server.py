"""One Neo4j server: its own ports, home and password; gone when the test process is."""

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import neo4j
import neo4j.exceptions
from small_disks import OWN_MOUNTS

from .jars import RELEASES, Release, class_archive, jars
from .tools import QUICK_START, run
from .watched import Watched

_OPENED = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.nio", "java.io", "sun.nio.ch")
]
# Tests change all of the data all the time, for which a server would plan each question anew, as it
# would for texts and lists of another order of length, and of a list of one item. That of the
# fixture `neo4j_own` counts their lengths, as at users'.
_PLANS_KEPT = {
    "dbms.cypher.min_replan_interval": "1h",
    "internal.cypher.use_parameter_size": "false",
}
_NO_FILES_ELSEWHERE = "-XX:-UsePerfData"
# Below what systems give to outgoing connections: there, a client that tries again and again to
# reach a server that is down can be given that very port, connect to itself, and keep it.
_PORTS = range(15_000, 32_000)


class ServerError(RuntimeError):
    """The server did not do what it should; the message ends with its logs."""


class Neo4jServer:
    """A Neo4j Community server, as a context manager; starts at `with`, is removed at the end.

    Attributes:
        release: Which of `RELEASES`.
        home: The folder of its data, configuration and logs.
        username: The user to connect as.
        password: Their password, made for this server.

    Args:
        release: A name in `RELEASES`, such as `5.26`.
        config: Further lines of `neo4j.conf`.
        heap: The most memory that Java's heap takes.
        quick_start: Start in half the time, and keep plans, at the cost of speed in the long run.
        disk: The size of a file system for its data alone, such as `9m`, where `can_mount`.
    """

    def __init__(
        self,
        release: str = "5.26",
        *,
        config: Mapping[str, str] | None = None,
        heap: str = "1g",
        quick_start: bool = True,
        disk: str | None = None,
    ) -> None:
        self.release = RELEASES[release]
        self.username = "neo4j"
        self.password = secrets.token_hex(16)
        self.home = Path()
        self._config = {**(_PLANS_KEPT if quick_start else {}), **(config or {})}
        self._disk = disk
        self._jvm = [f"-Xmx{heap}", *_OPENED, _NO_FILES_ELSEWHERE]
        self._jvm += QUICK_START if quick_start else []  # a benchmark wants the real thing
        self._reads_archive = quick_start
        self._bolt_port = self._http_port = 0
        self._process: Watched | None = None

    def __repr__(self) -> str:
        return f"<Neo4j {self.release.version} at {self.uri}>"

    @property
    def uri(self) -> str:
        """Where drivers connect."""
        return f"neo4j://127.0.0.1:{self._bolt_port}"

    @property
    def http_url(self) -> str:
        """Where HTTP is served, Browser at `/browser/`; without a slash at the end."""
        return f"http://127.0.0.1:{self._http_port}"

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.running

    @property
    def pid(self) -> int:
        """The process id of the running server, for its memory and CPU time."""
        assert self._process is not None
        assert self.running
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self.prepare()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def prepare(self) -> None:
        """Make the home, with its configuration; `import_full` may come before `start`."""
        self.home = Path(tempfile.mkdtemp(prefix="graphcache-neo4j-"))
        for name in ("conf", "data", "logs", "tmp"):
            (self.home / name).mkdir()
        if self._reads_archive:
            self._jvm.append(f"-XX:SharedArchiveFile={_need_archive(self.release)}")
        self._take_ports()

    def start(self, wait: float = 600) -> None:
        """Start, and wait until a driver is answered.

        Raises:
            ServerError: the server ended, or did not answer within `wait` seconds.
        """
        for _ in range(3):
            self.launch()
            try:
                self._await_answer(time.monotonic() + wait)
            except ServerError:
                clash = not self.running and "Address already in use" in self.log_tail()
                self.kill()
                if not clash or self._has_run():
                    raise
                self._take_ports()
            else:
                return
        raise ServerError("three pairs of ports were taken by others before the server had them")

    def launch(self) -> None:
        """Start the process, under a watchdog that ends it when we are gone; do not wait."""
        assert not self.running
        server = self._java(
            self.release.main_class, f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}"
        )
        if self._disk:
            server = _on_small_disk(self.home / "data", self._disk, server)
        log = self.home / "logs" / "console.log"
        self._process = Watched(server, self.home, log, self._environment())

    def kill(self) -> None:
        """End it as `kill -9` does, at once and with nothing saved; nothing if it does not run."""
        self._end("KILL")

    def stop(self) -> None:
        """Ask it to end, as at a shutdown, and wait until it has.

        Raises:
            ServerError: it had to be killed.
        """
        self._end("TERM")

    def restart(self, wait: float = 600) -> None:
        """Start again with the same home and ports; stops first what still runs."""
        self.stop()
        self.start(wait)

    @contextlib.contextmanager
    def configured(self, settings: Mapping[str, str]) -> Iterator[None]:
        """Restarted with further lines of `neo4j.conf`; without them again at the end."""
        usual = self._config
        try:
            self._config = {**usual, **settings}
            self._write_config()
            self.restart()
            yield
        finally:
            self._config = usual
            self._write_config()
            self.restart()

    def move_to_a_larger_disk(self) -> None:
        """Kill it, and start it again with its data where there is room."""
        data = self.home / "data"
        rescue = ["cp", "-a", f"{data}/.", f"{data}.rescued"]
        inside = ["nsenter", f"--target={self.pid}", "--user", "--mount"]
        subprocess.run([*inside, *rescue], check=True)
        self.kill()
        shutil.rmtree(data)
        data.with_name("data.rescued").rename(data)
        self._disk = None
        self.start()

    def close(self) -> None:
        """End it and remove its home."""
        self.kill()
        if self.home.name:  # else `prepare` made none, and this would be the current folder
            shutil.rmtree(self.home, ignore_errors=True)

    def log_tail(self, lines: int = 40) -> str:
        """The ends of what it printed and logged."""
        names = ("console.log", "neo4j.log", "debug.log")
        logs = [log for name in names if (log := self.home / "logs" / name).is_file()]
        return "\n".join(f"--- {log.name} ---\n{_tail(log, lines)}" for log in logs)

    def import_full(self, folder: Path, args: Sequence[str], timeout: float = 3600) -> str:
        """Run `neo4j-admin database import full neo4j ARGS` in a folder; replaces the database.

        Returns:
            What the tool printed.

        Raises:
            ServerError: it failed.
        """
        assert not self.running, "the database can be imported only while the server is stopped"
        command = ["database", "import", "full", "neo4j", "--overwrite-destination=true", *args]
        return self._admin(command, folder, timeout)

    def _take_ports(self) -> None:
        """Choose two free ports and write the configuration with them."""
        self._bolt_port, self._http_port = free_ports(2)
        self._write_config()

    def _write_config(self) -> None:
        bolt, http = f"127.0.0.1:{self._bolt_port}", f"127.0.0.1:{self._http_port}"
        settings = {
            "server.default_listen_address": "127.0.0.1",
            "server.bolt.listen_address": bolt,
            "server.bolt.advertised_address": bolt,
            "server.http.listen_address": http,
            "server.http.advertised_address": http,
            "server.memory.pagecache.size": "128m",
            "db.tx_log.preallocate": "false",  # else half a gigabyte on the disk
            "dbms.usage_report.enabled": "false",
            "dbms.security.auth_lock_time": "0s",  # a test of wrong passwords locks nobody out
            "internal.server.bolt.thread_pool_shutdown_wait_time": "0s",  # else ten seconds to stop
            **self._config,
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.home / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")

    def _has_run(self) -> bool:
        """Whether there is a database already, whose users know the ports."""
        return (self.home / "data" / "databases" / "neo4j").is_dir()

    def _java(self, main_class: str, *arguments: str) -> list[str]:
        """The command line of a Java program among the jars."""
        classes = f"{jars(self.release)}{os.sep}*"
        own = f"-Djava.io.tmpdir={self.home / 'tmp'}"
        return [str(self.release.java()), *self._jvm, own, "-cp", classes, main_class, *arguments]

    def _environment(self) -> dict[str, str]:
        """The environment of its programs: nothing of another Neo4j."""
        ours = {name: text for name, text in os.environ.items() if not name.startswith("NEO4J_")}
        return ours | {"NEO4J_HOME": str(self.home), "NEO4J_CONF": str(self.home / "conf")}

    def _admin(self, arguments: Sequence[str], folder: Path, timeout: float = 900) -> str:
        """Run neo4j-admin."""
        command = self._java("org.neo4j.cli.AdminTool", *arguments)
        done = run(command, folder=folder, environment=self._environment(), timeout=timeout)
        if done.returncode:
            raise ServerError(f"neo4j-admin {' '.join(arguments)} failed:\n{done.stdout[-8000:]}")
        return done.stdout

    def _await_answer(self, deadline: float) -> None:
        """Wait until a driver can ask and is answered."""
        problem = "nothing was tried"
        while time.monotonic() < deadline:
            if not self.running:
                raise ServerError(f"{self!r} ended while it started\n{self.log_tail()}")
            try:
                return self._ask()
            except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as error:
                problem = str(error)
                time.sleep(0.1)
        raise ServerError(f"{self!r} does not answer in time: {problem}\n{self.log_tail()}")

    def _ask(self) -> None:
        """One question to the database; by `bolt:`, as routing logs each failure.

        A server that answers for the first time is given its password, and is to be asked again.
        """
        if not listens(self._bolt_port) or not listens(self._http_port):
            raise neo4j.exceptions.ServiceUnavailable("not listening")
        try:
            with self._driver(self.password) as driver:
                driver.execute_query("RETURN 1", database_="neo4j")
        except neo4j.exceptions.AuthError:  # it is new; neo4j-admin would start Java once more
            with self._driver("neo4j") as driver:
                change = "ALTER CURRENT USER SET PASSWORD FROM 'neo4j' TO $password"
                driver.execute_query(change, password=self.password, database_="system")
            raise

    def _driver(self, password: str) -> neo4j.Driver:
        uri = self.uri.replace("neo4j:", "bolt:")
        auth = (self.username, password)
        return neo4j.GraphDatabase.driver(uri, auth=auth, connection_timeout=60)

    def _end(self, signal: str) -> None:
        """Send it a signal, and wait until all is over."""
        process, self._process = self._process, None
        if process is not None and not process.end(signal):
            raise ServerError(f"{self!r} had to be killed\n{self.log_tail()}")


def _need_archive(release: Release) -> Path:
    """The archive of a release's classes, with which it starts at half the cost."""

    def make(options: list[str]) -> None:
        server = Neo4jServer(release.name)
        server._reads_archive = False
        server._jvm += options
        with server:
            server.stop()

    folder = jars(release)
    return class_archive(release.java(), folder, folder.parent, make)


def _on_small_disk(data: Path, size: str, command: list[str]) -> list[str]:
    """The command with a small file system in the place of the folder, that nobody else sees."""
    script = (
        'cp -a "$1" "$1.first" && mount -t tmpfs -o "size=$2" tmpfs "$1" && '
        'cp -a "$1.first/." "$1" && shift 2 && exec "$@"'
    )
    return [*OWN_MOUNTS, "sh", "-c", script, "sh", str(data), size, *command]


def listens(port: int) -> bool:
    """Whether something on this machine takes connections at a port."""
    with socket.socket() as probe:
        probe.settimeout(60)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    free: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            free.append(port)
        if len(free) == count:
            return free
    raise ServerError("no free ports")


def _tail(file: Path, lines: int) -> str:
    """The last lines of a file."""
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
