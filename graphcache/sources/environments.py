"""How environments are called to which nobody gave a name: as their folder, or their file.

Many repositories keep `env/spack.lock`. Where two would go by one name, each takes so much of its
path before it as tells them apart. So names are given when all files were read; until then an
environment stands under a text that no name can be.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from graphcache.records import Claim, Environment, HeldFile

_UNNAMED = "\x1e"
_LOCK = "spack.lock"
_HEAD = 1024
_PACKED = (".gz", ".zst")


def is_lock(data: bytes) -> bool:
    """Whether the content is that of a lock file, as Spack begins one."""
    return b'"lockfile-version"' in data[:_HEAD]


def environment_at(file: str) -> Environment:
    """The environment whose lock file is given.

    >>> environment_at("/stacks/e4s/spack.lock").names
    ('e4s', 'stacks/e4s')
    >>> environment_at("/ci/gcc.spack.lock.gz").names, environment_at("/ci/gcc.lock").names
    (('gcc', 'ci/gcc'), ('gcc', 'ci/gcc'))
    >>> environment_at("/ci/gcc.json").names
    ('ci', 'ci/gcc')
    """
    path = PurePath(os.path.abspath(file))
    name = path.name
    for ending in _PACKED:
        name = name.removesuffix(ending)
    steps = list(path.parent.parts[1:])
    stem = name.removesuffix(".lock").removesuffix(".spack") if name != _LOCK else ""
    if stem:
        steps.append(stem if name.endswith(".lock") else PurePath(name).stem)
    names = ["/".join(steps[start:]) for start in reversed(range(len(steps)))]
    if stem and not name.endswith(".lock") and len(steps) > 1:
        names[0] = steps[-2]
    place = hashlib.blake2b("/".join(steps).encode(errors="replace"), digest_size=16).hexdigest()
    return Environment(tuple(names) or ("",), file, place)


def without_name(environment: Environment, release: str | None) -> str:
    """What stands for the name of an environment until it has one."""
    return f"{_UNNAMED}{environment.place}{release or ''}"


def is_unnamed(claim: Claim) -> bool:
    """Whether a claim is of an environment without a name.

    >>> is_unnamed(Claim("lock", None, without_name(environment_at("/a/spack.lock"), None)))
    True
    """
    return claim.name.startswith(_UNNAMED)


def name_environments(
    found: Mapping[Claim, Environment], held: Iterable[HeldFile], known: Iterable[Claim]
) -> tuple[dict[str, str], list[str]]:
    """The names of environments by what stood for them, and warnings of what they replace.

    Args:
        found: the environments by their claims, without a name.
        held: the files that a graph was made from.
        known: the claims of lock files in it.
    """
    by_release: dict[str | None, dict[str, Environment]] = defaultdict(dict)
    for claim, environment in found.items():
        by_release[claim.release][claim.name] = environment
    names: dict[str, str] = {}
    warnings: list[str] = []
    held, known = list(held), list(known)
    for release, unnamed in by_release.items():
        files = [
            file for file in held if (file.claim.kind, file.claim.release) == ("lock", release)
        ]
        taken = {claim.name for claim in known if claim.release == release}
        naming = _Naming(files, taken | {file.claim.name for file in files})
        for stands_for, name in naming.choose(unnamed).items():
            names[stands_for] = name
            warnings += naming.said_of(unnamed[stands_for], name)
    return names, warnings


class _Naming:
    """Names in one release, where a graph has some environments already."""

    def __init__(self, files: list[HeldFile], taken: set[str]) -> None:
        self._taken = taken
        self._files: dict[str, list[HeldFile]] = defaultdict(list)
        self._name_at = {}
        for file in files:
            self._files[file.claim.name].append(file)
            self._name_at[file.place] = file.claim.name

    def choose(self, unnamed: dict[str, Environment]) -> dict[str, str]:
        """What was read before at the same place keeps its name; the others get new ones."""
        kept = {key: self._name_at.get(one.place) for key, one in unnamed.items()}
        names = {key: name for key, name in kept.items() if name is not None}
        used = set(names.values())
        steps = {key: 0 for key in unnamed if key not in names}
        longer = True
        while longer:
            chosen = {key: unnamed[key].names[step] for key, step in steps.items()}
            counts = Counter(chosen.values())
            longer = False
            for key, name in chosen.items():
                is_free = counts[name] == 1 and name not in used and self._may(unnamed[key], name)
                if not is_free and steps[key] + 1 < len(unnamed[key].names):
                    steps[key] += 1
                    longer = True
        return names | chosen

    def _may(self, environment: Environment, name: str) -> bool:
        """Whether a name is free for an environment, or was given to what may be the same."""
        files = self._files[name]
        return not files or any(_may_be_same(environment.file, file.file) for file in files)

    def said_of(self, environment: Environment, name: str) -> list[str]:
        """Where another environment is replaced, or kept under a name that was the shorter one."""
        if self._name_at.get(environment.place) == name:
            return []
        files = self._files[name]
        if any(file.place is None and _may_be_same(environment.file, file.file) for file in files):
            return []  # it was given this name
        if name in self._taken:
            before = files[0].file if files else "another file"
            return [
                f"{environment.file}: replaces the stack {name}, which was read from {before} at "
                f"another place; --stack gives it a name of its own"
            ]
        short = environment.names[0]
        if name == short or not self._files[short]:
            return []
        return [
            f"{environment.file}: is the stack {name}, since {short} was read from "
            f"{self._files[short][0].file}; --stack {short} replaces that"
        ]


def _may_be_same(one: str, other: str) -> bool:
    """Whether two paths as they were given may be of one file: the longer ends as the shorter."""
    first, second = (os.path.normpath(path).split("/") for path in (one, other))
    length = min(len(first), len(second))
    return first[-length:] == second[-length:]
