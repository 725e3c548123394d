"""One S3 server on loopback: its own port, key and folder of buckets; gone when the tests are."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Self

from neo4j_server.jars import copied
from neo4j_server.server import free_ports, listens
from neo4j_server.tools import CACHE, QUICK_START, need_java
from neo4j_server.watched import ENOUGH, Watched

_POM = Path(__file__).with_name("pom-s3proxy.xml")
_VERSION = "4.1.0"
_SMALL = ("-Xmx256m", "-XX:-UsePerfData")
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
        self._process: Watched | None = None

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

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, under a watchdog that ends it when we are gone, and wait until it listens."""
        lib = copied(_POM, CACHE.with_name("s3proxy") / _VERSION, f"s3proxy-{_VERSION}.jar")
        command = [
            str(need_java(17)),
            *QUICK_START,
            *_SMALL,
            f"-Dlogback.configurationFile={self._home / 'logback.xml'}",
            "-cp",
            f"{lib}/*",
            "org.gaul.s3proxy.Main",
            "--properties",
            str(self._home / "s3proxy.conf"),
        ]
        log = self._home / "s3proxy.log"
        self._process = Watched(command, self._home, log)
        end = time.monotonic() + ENOUGH
        while not listens(self._port):
            if not self._process.running or time.monotonic() > end:
                raise RuntimeError(f"s3proxy did not begin:\n{log.read_text()[-4000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once; its buckets stay."""
        process, self._process = self._process, None
        if process is not None:
            process.end("KILL")
