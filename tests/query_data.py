"""What the named queries are put to: real and made files, read here plainly, in every store.

A spec is a dict of plain values, read by `oracle.py` from pages and by `test_spack_files.py` from
Spack's own files. Besides what those give it has

- `compilers`: a dict from compiler to the languages that it compiled, None where not known;
- `needs`: a dict from the hash of a spec to types and virtuals, each None where not known;
- `roots`: a dict from stack to whether the spec is a root of it, None where not known.

`releases` is a dict from release to whether its `root` lists the spec, None where not known.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import old_forms
import oracle
import pytest
from conftest import WriteSnapshot, derived_hashes
from neo4j_server.fixtures import Server, empty
from neo4j_server.pushing import opened, put
from test_spack_files import (
    DATA,
    LOCKS,
    MIRRORS,
    SITE,
    environments,
    loaded,
    mirror_index,
    named_stack,
    plain_specs,
    sizes,
)

from graphcache import open_store
from graphcache.records import Labels, Report
from graphcache.sources.gather import Source, gather
from graphcache.stores import Store
from graphcache.tables.join import join
from graphcache.workflows import build_from

Spec = dict[str, Any]
Json = dict[str, Any]

STORES = ["embedded", "neo4j_526", "neo4j_2026"]
"""The kinds of store; the servers by the names of their fixtures."""

_LANGUAGES = ("c", "cxx", "fortran")


@dataclass(frozen=True)
class Given:
    """What is read, and the specs that it holds according to a plain reading."""

    sources: list[Source]
    specs: list[Spec]

    @classmethod
    def of(cls, *paths: Path, specs: Iterable[Spec] = ()) -> Given:
        """Files and folders without labels."""
        return cls([(str(path), Labels()) for path in paths], sorted_specs(specs))

    def names(self, key: str) -> list[str]:
        """All values of a property that the specs have, or all names in a dict of theirs."""
        values = [spec[key] for spec in self.specs if spec[key] is not None]
        return sorted({name for v in values for name in ([v] if isinstance(v, str) else v)})

    @cached_property
    def there(self) -> dict[str, set[str]]:
        """The names that there are, by the type of the parameter that takes them."""
        found = {
            type_: set(self.names(key))
            for type_, key in {
                "stack": "stacks",
                "release": "releases",
                "os": "os",
                "hash": "hash",
                "spec": "name",
            }.items()
        }
        needs = [need for spec in self.specs for need in spec["needs"].values()]
        return found | {"virtual": {name for _, names in needs for name in names or []}}


def sorted_specs(specs: Iterable[Spec]) -> list[Spec]:
    """The specs by hash."""
    return sorted(specs, key=lambda spec: str(spec["hash"]))


@contextmanager
def embedded(given: Given, folder: Path) -> Iterator[Store]:
    """An embedded store of it, in a folder."""
    path = folder / "store.lbug"
    build_from(path, given.sources)
    with open_store(path) as store:
        yield store


@contextmanager
def on_server(given: Given, server: Server) -> Iterator[Store]:
    """The same, on a server."""
    empty(server)
    put(server, join(gather(given.sources).facts, Report()))
    with opened(server) as store:
        yield store


@contextmanager
def of_kind(
    kind: str, given: Given, folder: Path, request: pytest.FixtureRequest
) -> Iterator[Store]:
    """One of `STORES` with it, for a fixture that has them as its parameters."""
    if kind == "embedded":
        made = embedded(given, folder)
    else:
        made = on_server(given, request.getfixturevalue(kind))
    with made as store:
        yield store


# Pages --------------------------------------------------------------------------------------------


def of_pages(*folders: Path) -> Given:
    """Folders of pages; a text without a hash gets the one that graphcache makes."""
    specs = oracle.specs(oracle.read_pages(*folders))
    made = derived_hashes(spec["hash"] for spec in specs if spec["derived"])
    for spec in specs:
        spec["hash"] = made.get(spec["hash"], spec["hash"])
        spec["compilers"] = {spec["compiler"]: None} if spec["compiler"] else {}
        spec |= {"namespace": None, "external": None, "needs": {}, "roots": {}, "built": None}
    found = {spec["hash"]: spec for spec in specs}
    for spec in specs:
        for text in spec["needed_by"]:
            found[made.get(text, text)]["needs"][spec["hash"]] = (None, None)
    return Given.of(*folders, specs=specs)


def write_mixed_pages(folder: Path) -> None:
    """Few names, drawn at random: many ties, and specs whose stacks differ between releases."""
    dice = random.Random(1)  # noqa: S311 - the same every time
    for name, stacks in {"zlib": "a", "hdf5": "abc", "py-six": "abc", "boost": "b"}.items():
        specs = [
            oracle.record(
                "".join(dice.choices("abcdefghijklmnopqrstuvwxyz234567", k=32)),
                versions=[dice.choice(["1.2", "1.10"])],
                compiler=dice.choice(["none", "gcc@=13.2.0"]),
                target=dice.choice(["x86_64_v3", "aarch64", "zen2"]),
                variants=dice.choice([[], ["+mpi", "~cuda"]]),
            )
            for _ in range(8)
        ]
        for release in ("develop", "v1.0", "v0.9"):
            records = [
                spec
                | {
                    "stacks": [
                        *dice.sample(stacks, dice.randrange(len(stacks) + 1)),
                        *dice.sample(["root"], dice.randrange(2)),
                    ]
                }
                for spec in dice.sample(specs, 5)
            ]
            (folder / f"{release}-{name}.md").write_text(oracle.page_text(name, release, records))


# Spack's own files --------------------------------------------------------------------------------


class Reading:
    """Specs of several files of Spack's: what a file knows more is added."""

    def __init__(self) -> None:
        self.specs: dict[str, Spec] = {}

    def add(
        self,
        nodes: Mapping[str, Json],
        labels: Labels,
        *,
        held: Mapping[str, bool] | None = None,
        roots: set[str] | None = None,
    ) -> None:
        """Specs by key, and what the file says of them by hash.

        Members of stack and release are all, unless they are named or `held` says that the cache
        does not hold them.
        """
        held = held or {}
        plain = plain_specs(dict(nodes))
        for spec_hash, known in plain.items():
            spec = self._described(spec_hash, known)
            here = held.get(spec_hash)
            spec["in_buildcache"] = spec["in_buildcache"] or (
                spec["in_buildcache"] if here is None else here
            )
        for spec_hash in (one for one in plain if held.get(one) is not False):
            spec = self.specs[spec_hash]
            if labels.release:
                spec["releases"][labels.release] = None
            if labels.stack:
                in_releases = spec["stacks"].setdefault(labels.stack, [])
                in_releases += [labels.release] if labels.release else []
                spec["roots"][labels.stack] = None if roots is None else spec_hash in roots

    def _described(self, spec_hash: str, known: Json) -> Spec:
        spec = self.specs.setdefault(spec_hash, nameless(spec_hash))
        if spec["version"] is None:
            named = ("name", "version", "platform", "os", "target", "variants")
            spec |= {key: known[key] for key in (*named, "namespace", "external", "built")}
            compiler = known["compiler"]
            spec["said"] = compiler and f"{compiler['name']}@{compiler['version']}"
        for needed, types, virtuals in known["dependencies"]:
            spec["needs"][needed] = (types, virtuals)
            self.specs.setdefault(needed, nameless(needed))
        if known["built"]:
            self.specs.setdefault(known["built"], nameless(known["built"]))
        return spec

    def finished(self) -> list[Spec]:
        """All specs, with their compilers, which may be dependencies of another file."""
        for spec in self.specs.values():
            said = spec.pop("said", None)
            spec["compilers"] = {said: None} if said else self._compilers(spec)
        return sorted_specs(self.specs.values())

    def _compilers(self, spec: Spec) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        built = self.specs[spec["built"]]["needs"] if spec["built"] else {}
        for needed, (types, virtuals) in [*spec["needs"].items(), *built.items()]:
            compiler, languages = self.specs[needed], set(virtuals) & set(_LANGUAGES)
            if "build" in types and languages and compiler["version"]:
                name = f"{compiler['name']}@{compiler['version']}"
                found[name] = sorted({*found.get(name, []), *languages})
        return dict(sorted(found.items()))


def nameless(spec_hash: str) -> Spec:
    """A spec of which only the hash is known."""
    unknown = ("version", "platform", "os", "target", "namespace", "external", "in_buildcache")
    return {
        "hash": spec_hash,
        "name": "n",  # as `mixed_indexes` calls all dependencies
        **dict.fromkeys((*unknown, "size")),
        **{"variants": [], "derived": False, "stacks": {}, "releases": {}, "roots": {}},
        **{"needs": {}, "compilers": {}, "built": None},
    }


def real_spack_files() -> Given:
    """Indexes, lock files and two mirrors, one with sizes; some with a release or stack given."""
    old, new = Labels("v1.0", None), Labels("develop", "demo")
    solvers = SITE / "develop/solvers"
    indexes = [solvers / "index.json.gz", old_forms.FOLDER / "harbor.installed.json"]
    locks = {path: named_stack(path) for path in LOCKS if named_stack(path)}
    locks[solvers / "spack.lock.gz"] = "solvers"
    sources = [(str(path), old) for path in indexes]
    sources += [(str(path), Labels()) for path in locks]
    sources += [(str(MIRRORS / "v2"), Labels()), (str(MIRRORS / "v3"), new)]
    reading = Reading()
    for path in indexes:
        add_index(reading, loaded(path), old)
    for path, stack in locks.items():
        found = environments(loaded(path))
        nodes = {key: node for lock in found for key, node in lock["concrete_specs"].items()}
        keys = {key: body_of(node).get("hash", key) for key, node in nodes.items()}
        roots = {keys[root["hash"]] for lock in found for root in lock["roots"]}
        reading.add(nodes, Labels(None, stack), roots=roots)
    add_index(reading, json.loads((MIRRORS / "v2/build_cache/index.json").read_text()), Labels())
    add_index(reading, mirror_index("v3"), new)
    for spec_hash, size in sizes("v3").items():
        reading.specs[spec_hash]["size"] = size
    return Given(sources, reading.finished())


def body_of(node: Json) -> Json:
    """A spec object, which in old lock files stands below its name."""
    return dict(next(iter(node.values()))) if len(node) == 1 else node


def add_index(reading: Reading, index: Json, labels: Labels) -> None:
    """All of an index."""
    installs = index["database"]["installs"]
    reading.add(
        {key: entry["spec"] for key, entry in installs.items()},
        labels,
        # The index of an install tree says only what is installed.
        held={
            k: entry.get("in_buildcache", entry.get("installed")) for k, entry in installs.items()
        },
    )


def mixed_indexes(folder: Path) -> Given:
    """Two indexes that share few specs drawn at random: holes, externals, specs only named."""
    dice = random.Random(2)  # noqa: S311 - the same every time
    hashes = ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz234567", k=32)) for _ in range(40)]
    nodes = [mixed_node(dice, spec_hash, hashes[at + 1 :]) for at, spec_hash in enumerate(hashes)]
    sources, reading = [], Reading()
    for labels in (Labels("develop", "a"), Labels("v1.0", "c"), Labels(None, "mine")):
        some = dice.sample(nodes[:34], 20)
        installs = {
            node["hash"]: {"spec": node, "in_buildcache": dice.random() < 0.7} for node in some
        }
        path = folder / f"{labels.stack}.json"
        path.write_text(json.dumps({"database": {"version": "8", "installs": installs}}))
        sources.append((str(path), labels))
        add_index(reading, json.loads(path.read_text()), labels)
    return Given(sources, reading.finished())


def mixed_node(dice: random.Random, spec_hash: str, others: list[str]) -> Json:
    """A spec object of form 5 that needs some of the others."""
    types = [["build"], ["build", "link"], ["link", "run"], ["test"], ["run"]]
    virtuals = [[], ["mpi"], ["c"], ["c", "cxx"], ["mpi", "zlib-api"]]
    needs = [
        {
            "name": "n",
            "hash": other,
            "parameters": {"deptypes": dice.choice(types), "virtuals": dice.choice(virtuals)},
        }
        for other in dice.sample(others, min(len(others), dice.randrange(8)))
    ]
    target = dice.choice(["x86_64_v3", "aarch64", "zen2"])
    node: Json = {
        "name": dice.choice(["n", "zlib", "hdf5", "gcc"]),
        "version": dice.choice(["1.2", "1.10"]),
        "arch": {"platform": "linux", "platform_os": "debian12", "target": target},
        "namespace": dice.choice(["builtin", "site"]),
        "parameters": dice.choice([{}, {"shared": True}, {"shared": False, "api": "v1"}]),
        "dependencies": needs,
        "hash": spec_hash,
    }
    if others and dice.random() < 0.3:
        node["build_spec"] = {"name": "n", "hash": dice.choice(others)}
    return node | ({"external": {"path": "/usr"}} if dice.random() < 0.4 else {})


# All of it ----------------------------------------------------------------------------------------

KINDS = ["real pages", "made pages", "mixed pages", "real files", "mixed files"]


def given(
    kind: str, folder: Path, real_folders: tuple[Path, ...], write_snapshot: WriteSnapshot
) -> Given:
    """One of the five; what is written is written to the folder."""
    if kind == "real pages":
        return of_pages(*real_folders)
    if kind == "real files":
        return real_spack_files()
    if kind == "mixed files":
        return mixed_indexes(folder)
    if kind == "made pages":
        write_snapshot(folder, records=600, pages=40, releases=3)
    else:
        write_mixed_pages(folder)
    return of_pages(folder)


__all__ = ["DATA", "KINDS", "MIRRORS", "STORES", "Given", "Spec", "embedded", "given", "of_kind"]
