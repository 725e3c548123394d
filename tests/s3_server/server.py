"""One S3 server on loopback: its own port, key and folder of buckets; gone when the tests are."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from neo4j_server.jars import copied
from neo4j_server.server import free_ports
from neo4j_server.tools import CACHE, need_java

_POM = Path(__file__).with_name("pom-s3proxy.xml")
_VERSION = "4.1.0"
_WATCHDOG = Path(__file__).parents[1] / "neo4j_server/watchdog.py"
_QUICK_START = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-XX:-UsePerfData"]
_ENOUGH = 600.0
_LOGGING = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %level %logger %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""


class S3Server:
    """s3proxy, which keeps buckets in a folder, and wants each request signed.

    Attributes:
        buckets: The folder with a folder for each bucket, and in it a file for each object.

    Args:
        home: A folder for all that is its own.
    """

    def __init__(self, home: Path) -> None:
        self.buckets = home / "buckets"
        self._home = home
        self._key = f"AKID{secrets.token_hex(8)}"
        self._secret = secrets.token_urlsafe(24) + "/+"
        (self._port,) = free_ports(1)
        self._watchdog: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which it is found, and nobody else."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ACCESS_KEY_ID": self._key,
            "AWS_SECRET_ACCESS_KEY": self._secret,
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": str(self._home / "no-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self._home / "no-credentials"),
            "no_proxy": "127.0.0.1",
        }

    def make_bucket(self, name: str) -> Path:
        """Make a bucket; the folder in which its objects are."""
        folder = self.buckets / name
        folder.mkdir()
        return folder

    def __enter__(self) -> Self:
        self.buckets.mkdir()
        settings = {
            "s3proxy.endpoint": self.environment["AWS_ENDPOINT_URL"],
            "s3proxy.authorization": "aws-v4",
            "s3proxy.identity": self._key,
            "s3proxy.credential": self._secret,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.filesystem.basedir": str(self.buckets),
        }
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self._home / "s3proxy.conf").write_text(text, encoding="utf-8")
        (self._home / "logback.xml").write_text(_LOGGING, encoding="utf-8")
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start, under a watchdog that ends it when we are gone, and wait until it listens."""
        lib = copied(_POM, CACHE.with_name("s3proxy") / _VERSION, f"s3proxy-{_VERSION}.jar")
        command = [
            str(need_java(17)),
            *_QUICK_START,
            f"-Dlogback.configurationFile={self._home / 'logback.xml'}",
            "-cp",
            f"{lib}/*",
            "org.gaul.s3proxy.Main",
            "--properties",
            str(self._home / "s3proxy.conf"),
        ]
        watchdog = [sys.executable, "-I", "-S", str(_WATCHDOG), str(self._home), str(self._log)]
        self._watchdog = subprocess.Popen(
            [*watchdog, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C is for the tests, not for the server
        )
        end = time.monotonic() + _ENOUGH
        while not self._listens():
            if self._watchdog.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"s3proxy did not begin:\n{self._log.read_text()[-4000:]}")
            time.sleep(0.05)

    @property
    def _log(self) -> Path:
        return self._home / "s3proxy.log"

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._port)) == 0

    def kill(self) -> None:
        """End it at once; its buckets stay."""
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is None:
            return
        assert watchdog.stdin
        assert watchdog.stdout
        with watchdog.stdin, watchdog.stdout, suppress(BrokenPipeError):
            watchdog.stdin.write("KILL\n")
            watchdog.stdin.flush()  # and not closed, or else the buckets go too
            watchdog.wait(_ENOUGH)
