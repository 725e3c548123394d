"""Sources of several kinds that speak of one stack: each replaces what its own kind said."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Report, Tables, build_store, open_store, read, update_store
from graphcache.health import not_reached
from graphcache.records import Labels
from graphcache.sources.gather import Source, gather
from graphcache.sources.reading import Reading
from graphcache.tables.join import join
from graphcache.tables.update import said_of, update

Json = dict[str, Any]
NEEDS = {"gcc": "", "zlib": "", "hdf5": "zlib", "netcdf": "hdf5 zlib", "silo": "hdf5"}
"""By package, what it needs besides the compiler, which is external."""
HASHES = {name: name[0] * 32 for name in NEEDS}
SPECS = st.sets(st.sampled_from([name for name in NEEDS if name != "gcc"]))


def node(name: str) -> Json:
    """What all sources agree on of the one spec of a package."""
    needed = [] if name == "gcc" else ["gcc", *NEEDS[name].split()]
    return {
        "name": name,
        "version": "13.2.0" if name == "gcc" else "1.2",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "zen4"},
        "namespace": "builtin",
        "parameters": {"shared": True},
        "dependencies": [
            {
                "name": need,
                "hash": HASHES[need],
                "parameters": {
                    "deptypes": ["build"] if need == "gcc" else ["build", "link"],
                    "virtuals": ["c"] if need == "gcc" else [],
                },
            }
            for need in needed
        ],
        "hash": HASHES[name],
        **({"external": {"path": "/usr", "module": None}} if name == "gcc" else {}),
    }


def closure(names: set[str]) -> list[str]:
    """The specs and all that they need."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += ["gcc", *NEEDS[name].split()] if name != "gcc" else []
    return sorted(found)


# What each kind of source says of a stack ---------------------------------------------------------


def index_of(held: set[str]) -> str:
    """An index as Spack writes it: what it holds, and stubs of what that needs."""
    installs = {
        HASHES[name]: {"spec": node(name), "in_buildcache": name in held} for name in closure(held)
    }
    return json.dumps({"database": {"version": "8", "installs": installs}})


def lock_of(roots: set[str]) -> str:
    document = {
        "_meta": {"lockfile-version": 6, "specfile-version": 5},
        "roots": [{"hash": HASHES[root], "spec": root} for root in sorted(roots)],
        "concrete_specs": {HASHES[name]: node(name) for name in closure(roots)},
    }
    return json.dumps(document)


def page_of(release: str, package: str, held: bool) -> str:
    record = oracle.record(
        HASHES[package],
        compiler="gcc@=13.2.0",
        os="debian12",
        target="zen4",
        variants=["+shared"],
        size="77",
        stacks=["io", "root"],
    )
    return oracle.page_text(package, release, [record] if held else [])


def write_mirror(folder: Path, held: set[str], listed: set[str] | None = None) -> Path:
    """A mirror of version 3: a spec file and a binary of each, and an index of what is listed."""

    def put(content: bytes, media_type: str) -> Json:
        digest = hashlib.sha256(content).hexdigest()
        path = folder / f"blobs/sha256/{digest[:2]}/{digest}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {
            "contentLength": len(content),
            "mediaType": f"application/vnd.spack.{media_type}",
            "compression": "none",
            "checksumAlgorithm": "sha256",
            "checksum": digest,
        }

    def manifest(path: str, *blobs: Json) -> None:
        file = folder / "v3" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": 3, "data": blobs}))

    manifest("layout.json")
    for name in sorted(held):
        nodes = [node(one) for one in [name, *sorted(set(closure({name})) - {name})]]
        spec = {"spec": {"_meta": {"version": 5}, "nodes": nodes}, "buildcache_layout_version": 3}
        manifest(
            f"manifests/spec/{name}/{name}-1.2-{HASHES[name]}.spec.manifest.json",
            put(json.dumps(spec).encode(), "spec.v5+json"),
            put(b"7" * 77, "install.v2.tar+gzip"),
        )
    if listed is not None:
        manifest(
            "manifests/index/index.manifest.json", put(index_of(listed).encode(), "db.v8+json")
        )
    return folder


@st.composite
def sources(draw: st.DrawFn) -> tuple[str, str, Any]:
    """A kind of source, a release, and what it says of the stack in that release."""
    kind = draw(st.sampled_from(["index", "lock", "mirror", "page"]))
    release = draw(st.sampled_from(["r1", "r2"]))
    if kind == "page":
        package = draw(st.sampled_from([name for name in NEEDS if name != "gcc"]))
        return f"page {package}", release, draw(st.booleans())
    return kind, release, draw(SPECS.filter(bool) if kind == "mirror" else SPECS)


def write(folder: Path, said: tuple[str, str, Any]) -> Source:
    """The source as a file or folder, and its labels."""
    kind, release, content = said
    path = folder / hashlib.sha256(repr((kind, release, content)).encode()).hexdigest()
    path.mkdir(exist_ok=True)
    if kind == "mirror":
        return str(write_mirror(path / "mirror", content)), Labels(release, "io")
    text = (
        page_of(release, kind.split()[1], content)
        if kind.startswith("page")
        else {"index": index_of, "lock": lock_of}[kind](content)
    )
    (path / "file").write_text(text)
    return str(path / "file"), Labels(release, "io")


def together(sources: list[Source]) -> tuple[Tables, pa.Table, Report]:
    """The graph of all the sources, read at once."""
    reading = gather(sources)
    facts = reading.facts
    tables = join(facts, reading.report)
    return tables, said_of(facts, tables), reading.report


def then(old: Tables, said: pa.Table, reading: Reading) -> tuple[Tables, pa.Table]:
    """The graph after an update, as `update_store` does it."""
    replaced = reading.claimed.keys() - reading.incomplete
    return update(old, said, reading.facts, replaced, reading.report)


@pytest.mark.slow
@tries(40)
@given(st.lists(sources(), min_size=1, max_size=5))
def test_any_updates_come_to_what_the_last_of_each_kind_say_together(
    tmp_path_factory: pytest.TempPathFactory, updates: list[tuple[str, str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("sources")
    held: dict[tuple[str, str], Source] = {}
    tables, said, _ = together([write(folder, updates[0])])
    for one in updates:
        kind, release, _ = one
        source = write(folder, one)
        held[kind, release] = source
        reading = gather([source])
        tables, said = then(tables, said, reading)
        expected, _, _ = together(list(held.values()))
        assert tables.nodes["Spec"].to_pylist() == expected.nodes["Spec"].to_pylist()
        assert tables.digest() == expected.digest()
        assert not reading.report.warnings


def roots_and_held(store: Path) -> tuple[dict[str, bool | None], dict[str, bool | None]]:
    """By package, whether the spec is a root of the stack, and whether the cache holds it."""
    with open_store(store) as opened:
        tables = opened.tables()
    names = {spec["hash"]: spec["name"] for spec in tables.nodes["Spec"].to_pylist()}
    edges = tables.edges["IN_STACK"].to_pylist()
    return (
        {names[edge["from"]]: edge["root"] for edge in edges},
        {spec["name"]: spec["in_buildcache"] for spec in tables.nodes["Spec"].to_pylist()},
    )


@pytest.mark.slow
def test_a_stack_of_an_index_and_a_lock_file_is_updated_by_either(tmp_path: Path) -> None:
    store, index, lock = (tmp_path / name for name in ("store.lbug", "index.json", "spack.lock"))
    options: dict[str, Any] = {"release": "r1", "stack": "io"}
    index.write_text(index_of({"zlib", "hdf5"}))
    lock.write_text(lock_of({"hdf5"}))
    build_store(store, index, lock, **options)
    roots = {"gcc": False, "zlib": False, "hdf5": True}
    held = {"gcc": False, "zlib": True, "hdf5": True}
    assert roots_and_held(store) == (roots, held)

    index.write_text(index_of({"hdf5"}))
    update_store(store, index, **options)
    assert roots_and_held(store) == (roots, held | {"zlib": False})

    lock.write_text(lock_of({"silo"}))
    update_store(store, lock, **options)
    assert roots_and_held(store) == (
        {"gcc": False, "zlib": False, "hdf5": False, "silo": True},
        held | {"zlib": False, "silo": None},
    )


# A mirror's index and its manifests ---------------------------------------------------------------


def test_an_index_is_held_against_the_manifests_of_its_mirror(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror", {"zlib", "silo"}, listed={"zlib", "hdf5"})
    tables, report = read(mirror, release="r1", stack="io")
    index = mirror / "v3/manifests/index/index.manifest.json"
    anew = "'spack buildcache update-index' makes the index anew"
    assert dict(report.warnings) == {
        f"{index}: specs that the index lists, and of which the mirror has no binary: 1, such as "
        f"hdf5/{'h' * 32}; {anew}": 1,
        f"{index}: specs that the mirror has a binary of, and which the index does not list: 1, "
        f"such as {'s' * 32}; {anew}": 1,
    }
    held = {spec["name"]: spec["in_buildcache"] for spec in tables.nodes["Spec"].to_pylist()}
    assert held == {"gcc": False, "zlib": True, "silo": True, "hdf5": False}
    members = tables.edges["IN_STACK"]["from"].to_pylist()
    assert members == sorted([HASHES["zlib"], HASHES["silo"]])


@pytest.mark.slow
def test_what_leaves_a_mirror_is_found_though_its_index_is_the_same(tmp_path: Path) -> None:
    store, mirror = tmp_path / "store.lbug", tmp_path / "mirror"
    write_mirror(mirror, {"zlib", "hdf5"}, listed={"zlib", "hdf5"})
    build_store(store, mirror, release="r1", stack="io")
    assert not update_store(store, mirror, release="r1", stack="io").warnings
    for manifest in mirror.rglob("hdf5*.spec.manifest.json"):
        manifest.unlink()
    report = update_store(store, mirror, release="r1", stack="io")
    assert len(report.warnings) == 1
    assert roots_and_held(store)[1] == {"gcc": False, "zlib": True, "hdf5": False}
    assert roots_and_held(store)[0] == {"zlib": None}


@pytest.mark.slow
def test_a_manifest_that_is_damaged_takes_nothing_away(tmp_path: Path) -> None:
    store, mirror = tmp_path / "store.lbug", tmp_path / "mirror"
    write_mirror(mirror, {"zlib", "hdf5"}, listed=set())
    build_store(store, mirror, release="r1", stack="io")
    write_mirror(mirror, {"zlib", "silo"}, listed=set())
    for manifest in mirror.rglob("hdf5*.spec.manifest.json"):
        manifest.write_text("{}")
    report = update_store(store, mirror, release="r1", stack="io")
    assert len(report.rejects) == 1
    assert "io in r1: read with rejects, so nothing that the store held of it was removed" in (
        report.warnings
    )
    assert set(roots_and_held(store)[0]) == {"zlib", "hdf5", "silo"}


@pytest.mark.slow
def test_what_only_an_index_lists_in_a_release_is_not_said_to_be_reached_by_no_root(
    tmp_path: Path,
) -> None:
    for name, content in (
        ("spack.lock", lock_of({"hdf5"})),
        ("index.json", index_of({"hdf5", "zlib", "silo"})),
    ):
        (tmp_path / name).write_text(content)
    store = tmp_path / "s.lbug"
    build_store(store, tmp_path / "spack.lock", release="2026-09", stack="io")
    update_store(store, tmp_path / "index.json", release="2026-10", stack="io")
    with open_store(store) as opened:
        answer = not_reached(opened.tables())
    assert answer.rows == []
    assert answer.notes == ["1 spec is in releases of stacks whose roots no source tells."]
    update_store(store, tmp_path / "index.json", release="2026-09", stack="io")
    with open_store(store) as opened:
        answer = not_reached(opened.tables())
    assert (answer.rows, answer.notes) == ([("io", HASHES["silo"], "silo")], [])


@pytest.mark.slow
def test_an_index_without_any_root_of_the_lock_file_is_told(tmp_path: Path) -> None:
    lock = {
        "_meta": {"file-type": "spack-lockfile", "lockfile-version": 5, "specfile-version": 4},
        "roots": [{"hash": HASHES["hdf5"], "spec": "hdf5"}],
        "concrete_specs": {HASHES[name]: node(name) for name in closure({"hdf5"})},
    }
    store = tmp_path / "store.lbug"
    (tmp_path / "spack.lock").write_text(json.dumps(lock))
    build_store(store, tmp_path / "spack.lock", release="r1", stack="io")
    (tmp_path / "index.json").write_text(index_of({"hdf5"}))
    update = partial(update_store, store, tmp_path / "index.json", release="r1", stack="io")
    assert not update().warnings
    (tmp_path / "index.json").write_text(index_of({"zlib"}))
    (warning,) = update().warnings
    assert warning.startswith("io in r1: the index lists none of the roots of the stack's lock")
