"""Java, Maven and Chromium on this machine: installed by apt where that may be, or asked for."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from filelock import FileLock

CACHE = Path(__file__).parents[2] / ".cache" / "neo4j"
_JAVA_PACKAGES = {release: f"openjdk-{release}-jre-headless" for release in (17, 21, 25)}


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
    """Like `find_java`, and installs it if there is none.

    Raises:
        MissingTool: there is none, and it may not or cannot be installed.
    """
    if java := find_java(minimum, variable):
        return java
    package = _java_package(minimum) or _JAVA_PACKAGES[minimum]
    install(package, f"Java {minimum} or later")
    if java := find_java(minimum, variable):
        return java
    raise MissingTool(f"{package} was installed, yet there is no Java {minimum} or later")


def java_to_be_had(minimum: int, variable: str | None = None) -> bool:
    """Whether `need_java` would find or install one; installs nothing."""
    if find_java(minimum, variable):
        return True
    return _may_install() and _java_package(minimum) is not None


def need_maven() -> Path:
    """The `mvn` command, installed if need be.

    Raises:
        MissingTool: there is none, and it may not or cannot be installed.
    """
    if not shutil.which("mvn"):
        install("maven", "Maven")
    if found := shutil.which("mvn"):
        return Path(found)
    raise MissingTool("maven was installed, yet there is no mvn on PATH")


def _may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _java_package(minimum: int) -> str | None:
    """The oldest Java that will do among the packages apt can install."""
    if not shutil.which("apt-cache"):
        return None
    _fetch_package_lists()
    for release, package in _JAVA_PACKAGES.items():
        if release >= minimum and _offered(package):
            return package
    return None


@functools.cache
def _fetch_package_lists() -> None:
    """A fresh container has no package lists: fetch them, so that apt knows what there is."""
    if _may_install() and not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        with _apt_lock():
            _apt("apt-get", "update")


def _offered(package: str) -> bool:
    """Whether apt can install a package; it says nothing at all of one it never heard of."""
    said = _apt("apt-cache", "policy", package)
    return "Candidate:" in said and "Candidate: (none)" not in said


def install(package: str, what: str) -> None:
    """Install a package where we may, else say how."""
    command = f"sudo apt-get install --no-install-recommends {package}"
    if not _may_install():
        raise MissingTool(f"The tests need {what}. Install it:\n  {command}")
    _fetch_package_lists()
    with _apt_lock():
        said = _apt("apt-get", "install", "--yes", "--no-install-recommends", package)
    if not _installed(package):
        raise MissingTool(f"{what} could not be installed by\n  {command}\n{said[-2000:]}")


def _installed(package: str) -> bool:
    return "Installed: (none)" not in _apt("apt-cache", "policy", package)


def _apt_lock() -> FileLock:
    """Held while apt works: the workers of pytest-xdist come here at the same time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return FileLock(CACHE / "apt.lock")


def _apt(*command: str) -> str:
    """What an apt command said, on both streams, whether or not it succeeded."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    return run(command, environment=environment).stdout
