"""Any folder of real files, held against a plain count: `make real REAL=FOLDER`.

Every page, index, lock file, spec file and mirror below the folder is read by graphcache, alone,
and counted here from its JSON or YAML, by nothing that graphcache reads with. Each gets one line;
where a count, a spec or a dependency differs, the line says so, and the exit code is 1. Files may
be packed by gzip.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from graphcache import InputError, read
from graphcache.words import counted

TYPES = ("build", "link", "run", "test")
HASH = re.compile("[a-z2-7]{32}")
PUSHED = {"binary_cache_checksum", "buildcache_layout_version", "buildinfo"}
"""Keys of a spec file that lies in a build cache."""

Json = dict[str, Any]
Need = tuple[str, str]


OLD_PAGE = "old page"
"""It has no hashes, and those that graphcache derives are its own."""


class Broken(Exception):
    """The file can't be read at all."""


@dataclass
class Plain:
    """What a file says, by hash."""

    kind: str
    specs: set[str] = field(default_factory=set)
    needs: dict[Need, set[str]] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    roots: set[str] = field(default_factory=set)
    stacks: set[str] = field(default_factory=set)
    releases: set[str] = field(default_factory=set)
    rejects: int = 0

    def need(self, needing: str, needed: str, types: list[str]) -> None:
        """One dependency."""
        self.specs |= {needing, needed}
        self.needs.setdefault((needing, needed), set()).update(types)

    def add(self, other: Plain) -> None:
        """What another file of the same mirror says."""
        for (needing, needed), types in other.needs.items():
            self.need(needing, needed, list(types))
        self.specs |= other.specs
        self.held |= other.held
        self.rejects += other.rejects

    def counts(self) -> Counter[str]:
        """All of it in numbers; what there is none of is left out."""
        types = Counter(kind for kinds in self.needs.values() for kind in kinds)
        return +Counter(
            {
                "specs": len(self.specs),
                "held": len(self.held),
                "dependencies": len(self.needs),
                **{f"to {kind}": types[kind] for kind in TYPES},
                "roots": len(self.roots),
                "stacks": len(self.stacks),
                "releases": len(self.releases),
                "rejects": self.rejects,
            }
        )


# Spack's own files --------------------------------------------------------------------------------


def of_document(document: Json, path: Path) -> Plain | None:
    """An index, a lock file or a spec file; None if it is none."""
    if "database" in document:
        return of_index(document["database"])
    if "concrete_specs" in document:
        return of_lock(document)
    if "spec" in document and path.name.endswith((".spec.json", ".spec.json.gz", ".sig")):
        return of_spec_file(document)
    return None


def of_index(database: Json) -> Plain:
    """Every install, and what it needs."""
    plain = Plain(f"index {database['version']}")
    for key, install in database["installs"].items():
        body = unwrapped(install["spec"])
        if described(plain, key, body, {}, strict=True) and install.get(
            "in_buildcache", install.get("installed")
        ):
            plain.held.add(key)
    return plain


def of_lock(document: Json) -> Plain:
    """An environment with those that it includes."""
    version = document["_meta"]["lockfile-version"]
    plain = Plain(f"lock {version}", stacks={"the environment"})
    for environment in included(document):
        bodies = {k: unwrapped(node) for k, node in environment["concrete_specs"].items()}
        hashes = {key: body.get("hash", key) for key, body in bodies.items()}
        for key, body in bodies.items():
            described(plain, key, body, hashes, strict=version > 3)
        roots = {hashes.get(root["hash"]) for root in environment.get("roots", [])}
        plain.roots |= {root for root in roots if root is not None}
    return plain


def included(environment: Json) -> Iterator[Json]:
    yield environment
    for inner in environment.get("include_concrete", {}).values():
        if "concrete_specs" in inner:
            yield from included(inner)


def of_spec_file(document: Json) -> Plain:
    """One spec with all that it needs; only the first lies in the cache."""
    said = document["spec"]
    nodes = said if isinstance(said, list) else said["nodes"]
    plain = Plain("spec file")
    for node in nodes:
        body = unwrapped(node)
        described(plain, body.get("hash", ""), body, {}, strict=True)
    first = unwrapped(nodes[0]).get("hash", "")
    if PUSHED & document.keys() and first in plain.specs:
        plain.held.add(first)
    return plain


def unwrapped(node: Json) -> Json:
    """The spec; in form 1 it stands below its name."""
    if len(node) != 1:
        return node
    ((name, body),) = node.items()
    return {"name": name, **body}


def described(plain: Plain, key: str, body: Json, hashes: dict[str, str], *, strict: bool) -> bool:
    """One spec and its dependencies; a spec without the least is a reject."""
    own = body.get("hash", key)
    whole = {"name", "version", "arch"} <= body.keys() and bool(HASH.fullmatch(own))
    if not whole or (strict and own != key):
        plain.rejects += 1
        return False
    plain.specs.add(own)
    needs = body.get("dependencies", [])
    for need in needs.values() if isinstance(needs, dict) else needs:
        named = need.get("hash") or need["build_hash"]
        types = need["parameters"]["deptypes"] if "parameters" in need else need.get("type", [])
        plain.need(own, hashes.get(named, named), types)
    return True


# Pages --------------------------------------------------------------------------------------------


def of_page(text: str) -> Plain | None:
    """A page of any year; None if the front matter is of something else."""
    try:
        page = yaml.load(text.split("---")[1], yaml.CBaseLoader)  # noqa: S506 - all is text
    except yaml.YAMLError as error:
        raise Broken from error
    if not isinstance(page, dict):
        return None
    if "spec_details" in page:
        return of_records(page)
    if "spec_names" in page:
        return of_texts(page["spec_names"])
    if "spec_files" in page:
        return of_texts([next(iter(entry)) for entry in page["spec_files"]])
    return None


def of_records(page: Json) -> Plain:
    """A page of 2023 or later; `root` is no stack, but the union of the release."""
    plain = Plain("page", releases={page["categories"][1]})
    for record in page["spec_details"]:
        if not HASH.fullmatch(record["hash"]) or record["hash"] in plain.specs:
            plain.rejects += 1
            continue
        plain.specs.add(record["hash"])
        plain.stacks |= {*record["stacks"]} - {"root"}
    plain.held = set(plain.specs)
    return plain


def of_texts(texts: list[str]) -> Plain:
    """A page of 2021 or 2022: the words of a spec text stand for its hash."""
    plain = Plain(OLD_PAGE)
    for text in texts:
        own, *others = (" ".join(sorted(part.split())) for part in text.split("^"))
        own = f"{own} needs {sorted(others)}"
        plain.specs.add(own)
        plain.held.add(own)
        for other in others:
            plain.need(own, other, [])
    return plain


# Mirrors ------------------------------------------------------------------------------------------


def of_mirror(root: Path) -> Plain:
    """A mirror of version 3: its index, and the spec files that its manifests name."""
    plain = Plain("mirror 3")
    plain.add(of_index(blob(root, root / "v3/manifests/index/index.manifest.json")["database"]))
    for manifest in sorted((root / "v3/manifests/spec").rglob("*.spec.manifest.json")):
        try:
            spec_file = of_spec_file(blob(root, manifest, ".spec."))
        except (OSError, Broken):
            plain.rejects += 1
        else:
            plain.add(spec_file)
    return plain


def blob(root: Path, manifest: Path, kind: str = ".db.") -> Json:
    """The document that a manifest names, held against its digest."""
    entries = parsed(manifest.read_bytes())["data"]
    digest = next(entry["checksum"] for entry in entries if kind in entry["mediaType"])
    data = (root / "blobs/sha256" / digest[:2] / digest).read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise Broken
    return parsed(unpacked(data))


# Files --------------------------------------------------------------------------------------------


def unpacked(data: bytes) -> bytes:
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def parsed(data: bytes) -> Json:
    """A JSON object, clear-signed or not."""
    text = data.decode()
    if text.startswith("-----BEGIN PGP SIGNED"):
        text = text[text.index("{") : text.rindex("}") + 1]
    try:
        document: Json = json.loads(text)
    except ValueError as error:
        raise Broken from error
    return document


def plain_count(path: Path) -> Plain | None:
    """What a file, or the mirror at a folder, says; None if Spack did not write it."""
    try:
        if path.is_dir():
            return of_mirror(path)
        data = unpacked(path.read_bytes())
        if data.startswith(b"---\n"):
            return of_page(data.decode())
        if data.lstrip()[:1] == b"{" or data.startswith(b"-----BEGIN PGP SIGNED"):
            return of_document(parsed(data), path)
    except Broken:
        return Plain("broken", rejects=1)
    except UnicodeDecodeError:
        pass
    return None


def as_read(path: Path) -> Plain:
    """The same of what graphcache makes of it."""
    found = Plain("read")
    try:
        tables, report = read(path)
    except InputError:
        found.rejects = 1
        return found
    specs = tables.nodes["Spec"].to_pylist()
    found.specs = {spec["hash"] for spec in specs}
    found.held = {spec["hash"] for spec in specs if spec["in_buildcache"]}
    for edge in tables.edges["DEPENDS_ON"].to_pylist():
        found.need(edge["from"], edge["to"], edge["types"] or [])
    found.roots = {e["from"] for e in tables.edges["IN_STACK"].to_pylist() if e["root"]}
    found.stacks = set(tables.nodes["Stack"]["name"].to_pylist())
    found.releases = set(tables.nodes["Release"]["name"].to_pylist())
    found.rejects = len(report.rejects)
    return found


def differences(plain: Plain, found: Plain) -> list[str]:
    """In what the two differ: first in numbers, then in what was counted."""
    expected, read_ = plain.counts(), found.counts()
    names = sorted(expected.keys() | read_.keys())
    numbers = [
        f"{name}: {expected[name]:,} counted, {read_[name]:,} read"
        for name in names
        if expected[name] != read_[name]
    ]
    if numbers or plain.kind == OLD_PAGE:
        return numbers
    others: dict[str, set[Any]] = {
        "specs": plain.specs ^ found.specs,
        "held specs": plain.held ^ found.held,
        "roots": plain.roots ^ found.roots,
        "dependencies": {n for n in plain.needs if plain.needs[n] != found.needs.get(n)},
    }
    return [
        f"{name}: {counted(len(some), 'is another', 'are others')}"
        for name, some in others.items()
        if some
    ]


def sources(folder: Path) -> Iterator[Path]:
    """The mirrors of version 3 below a folder, and all files that are in none of them."""
    mirrors = sorted(layout.parents[1] for layout in folder.rglob("v3/layout.json"))
    yield from mirrors
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(mirror) for mirror in mirrors):
            yield path


def check(folder: Path, count: Callable[[Path], Plain | None] = plain_count) -> int:
    """Print one line per file and a summary; how many differ."""
    total: Counter[str] = Counter()
    files = differing = other = 0
    for path in sources(folder):
        plain = count(path)
        if plain is None:
            other += 1
            continue
        differs = differences(plain, as_read(path))
        said = [f"{name} {number:,}" for name, number in plain.counts().items()]
        verdict = f"DIFFERS: {'; '.join(differs)}" if differs else ", ".join(said)
        print(f"{plain.kind:<10} {path.relative_to(folder)}: {verdict}")
        files += 1
        differing += bool(differs)
        total.update(plain.counts())
    dependencies = counted(total["dependencies"], "dependency", "dependencies")
    known = f"{counted(files, 'file')} with {counted(total['specs'], 'spec')} and {dependencies}"
    differ = counted(differing, "differs", "differ")
    print(f"{known}: {differ}; {counted(other, 'other file')} passed over")
    return differing


def main(arguments: list[str]) -> int:
    """Check the folder that is named."""
    folder = Path(arguments[0]) if arguments and arguments[0] else None
    if folder is None or not folder.is_dir():
        found = "none" if folder is None else folder
        print(f"expected a folder of files that Spack wrote, found {found}: make real REAL=FOLDER")
        return 2
    return int(check(folder) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
