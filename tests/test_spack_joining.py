"""One spec said by several of Spack's files, and files that are wrong."""

from __future__ import annotations

import gzip
import json
from itertools import permutations
from pathlib import Path
from typing import Any

import oracle
import pyarrow as pa
import pytest
from updates import after_updates

from graphcache import (
    InputError,
    Report,
    Tables,
    UsageError,
    build_store,
    read,
    update_store,
)
from graphcache.records import Labels

DATA = Path(__file__).parent / "data/spack"
V3 = DATA / "mirrors/v3"
Json = dict[str, Any]
A, B, C = (letter * 32 for letter in "abc")


def node(spec_hash: str, *needs: str, name: str = "zlib", **values: Any) -> Json:
    """A spec object of form 5, with dependencies of all types."""
    both = {"deptypes": ["build", "link"], "virtuals": ["c"]}
    return {
        "name": name,
        "version": "1.2",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v3"},
        "namespace": "builtin",
        "parameters": {"shared": True, "build_system": "cmake", "cflags": ["-O3"]},
        "dependencies": [{"name": "n", "hash": need, "parameters": both} for need in needs],
        "hash": spec_hash,
        **values,
    }


def index(*nodes: Json, version: Any = "8", **beside: Any) -> Json:
    installs = {one["hash"]: {"spec": one, "in_buildcache": True, **beside} for one in nodes}
    return {"database": {"version": version, "installs": installs}}


def lock(*nodes: Json, roots: tuple[str, ...] = (), version: int = 7, **more: Any) -> Json:
    return {
        "_meta": {"lockfile-version": version, "specfile-version": 5},
        "roots": [{"hash": root, "spec": "x"} for root in roots],
        "concrete_specs": {one["hash"]: one for one in nodes},
        **more,
    }


def read_json(tmp_path: Path, *documents: Any, **options: Any) -> tuple[Tables, Report]:
    paths = []
    for number, document in enumerate(documents):
        paths.append(tmp_path / f"{number}.json")
        text = document if isinstance(document, str) else json.dumps(document)
        paths[-1].write_text(text)
    return read(*paths, **options)


def spec(tables: Tables, spec_hash: str) -> Json:
    (found,) = (s for s in tables.nodes["Spec"].to_pylist() if s["hash"] == spec_hash)
    assert isinstance(found, dict)
    return found


# The same spec by four ways -----------------------------------------------------------------------


def spec_files() -> list[tuple[str, bytes]]:
    """By hash of its first spec, every spec file of the mirror."""
    files = (gzip.decompress(f.read_bytes()) for f in V3.rglob("blobs/*/*/*") if is_gzip(f))
    return [(json.loads(data)["spec"]["nodes"][0]["hash"], data) for data in files]


def is_gzip(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.slow
def test_index_lock_spec_file_and_manifest_give_the_same_spec(tmp_path: Path) -> None:
    whole, _ = read(V3)
    for spec_hash, data in spec_files():
        file = json.loads(data)
        nodes = {one["hash"]: one for one in file["spec"]["nodes"]}
        said = []
        for document in (
            file,
            lock(*nodes.values()),
            index(*nodes.values()),
        ):
            tables, report = read_json(tmp_path, document)
            assert not report.rejects
            said.append(facts_of(tables, spec_hash))
        assert said == [facts_of(whole, spec_hash)] * 3


def facts_of(tables: Tables, spec_hash: str) -> Json:
    """What all ways know of a spec: not its size, and not whether a cache holds it."""
    edges = {
        name: [edge for edge in tables.edges[name].to_pylist() if edge["from"] == spec_hash]
        for name in ("OF_PACKAGE", "BUILT_WITH", "FOR_TARGET", "DEPENDS_ON")
    }
    known = spec(tables, spec_hash)
    return {**known, "size": None, "in_buildcache": None, **edges}


# Joining ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_page_an_index_and_a_lock_file_in_any_order_are_one_graph(tmp_path: Path) -> None:
    gcc = node(B, name="gcc", version="13.2.0", external={"path": "/usr"})
    page = oracle.page_text(
        "zlib", records=[oracle.record(A, compiler="none", os="debian12", size="-")]
    )
    documents = [
        page.replace("+shared", "+shared"),
        json.dumps(index(node(A, B), gcc)),
        json.dumps(lock(node(A, B), gcc, roots=(A,))),
    ]
    digests = set()
    for order in permutations(documents):
        tables, report = read_json(tmp_path, *order, release="develop", stack="e4s")
        assert (report.rejects, list(report.warnings)) == ([], [])
        digests.add(tables.digest())
    assert len(digests) == 1
    assert spec(tables, A)["namespace"] == "builtin"
    assert tables.edges["BUILT_WITH"].to_pylist() == [
        {"from": A, "to": "gcc@13.2.0", "languages": ["c"]}
    ]
    (edge,) = (e for e in tables.edges["IN_STACK"].to_pylist() if e["from"] == A)
    assert edge == {"from": A, "to": "e4s", "releases": ["develop"], "root": True}


def test_a_page_and_an_index_that_disagree_are_told(tmp_path: Path) -> None:
    page = oracle.page_text(
        records=[oracle.record(letter * 32, os="debian12", stacks=["e4s"]) for letter in "ad"]
    )
    other = oracle.page_text("other", records=[oracle.record("e" * 32, stacks=["other"])])
    documents = (page, other, index(node(A), node(B), node(C, name="has-no-page")))
    _, report = read_json(tmp_path, *documents, stack="e4s", release="develop")
    place = "stack e4s of develop: specs in it by"
    assert sorted(report.warnings) == [
        f"{place} the index and not by their pages: 1, such as {B}",
        f"{place} their pages and not by the index: 1, such as {'d' * 32}",
    ]


def test_a_stub_is_a_hole_and_no_member_of_the_stack(tmp_path: Path) -> None:
    installs = index(node(A, B), node(B))
    installs["database"]["installs"][B]["in_buildcache"] = False
    tables, _ = read_json(tmp_path, installs, stack="e4s", release="develop")
    assert (spec(tables, A)["in_buildcache"], spec(tables, B)["in_buildcache"]) == (True, False)
    assert tables.edges["IN_STACK"]["from"].to_pylist() == [A]
    assert tables.edges["IN_RELEASE"]["from"].to_pylist() == [A]


def test_one_dependency_said_twice_has_all_types_and_virtuals(tmp_path: Path) -> None:
    one, other = node(A, B), node(A, B)
    other["dependencies"][0]["parameters"] = {"deptypes": ["run"], "virtuals": ["mpi"]}
    for documents in ((index(one, node(B)), index(other)), (index(other, node(B)), index(one))):
        tables, _ = read_json(tmp_path, *documents)
        assert tables.edges["DEPENDS_ON"].to_pylist() == [
            {"from": A, "to": B, "types": ["build", "link", "run"], "virtuals": ["c", "mpi"]}
        ]


def test_a_compiler_that_only_annotations_name(tmp_path: Path) -> None:
    annotations = {"original_specfile_version": 4, "compiler": {"name": "gcc", "version": "12"}}
    tables, _ = read_json(tmp_path, index(node(A, annotations=annotations)))
    assert tables.edges["BUILT_WITH"].to_pylist() == [
        {"from": A, "to": "gcc@12", "languages": None}
    ]


def test_the_union_index_of_a_release_is_no_stack(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, index(node(A)), stack="root", release="develop")
    assert tables.node_counts()["Stack"] == 0
    assert tables.edges["IN_RELEASE"].to_pylist() == [{"from": A, "to": "develop", "root": True}]


def test_an_environment_has_the_specs_of_those_it_includes(tmp_path: Path) -> None:
    inner = lock(node(B), roots=(B,))
    tables, _ = read_json(
        tmp_path, lock(node(A), roots=(A,), include_concrete={"/inner": inner}), stack="env"
    )
    edges = tables.edges["IN_STACK"].to_pylist()
    assert [(e["from"], e["to"], e["root"]) for e in edges] == [(A, "env", True), (B, "env", True)]


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
def test_packed_files_are_read(tmp_path: Path, codec: str) -> None:
    data = json.dumps(index(node(A))).encode()
    path = tmp_path / "index"
    path.write_bytes(pa.compress(data, codec=codec, asbytes=True))
    assert read(path)[1].kept == 1


# Updates ------------------------------------------------------------------------------------------


def updated(tmp_path: Path, *loads: tuple[Json | str, Labels]) -> Tables:
    """The graph of nothing after an update with each document, which has these labels."""
    texts = [(doc if isinstance(doc, str) else json.dumps(doc), labels) for doc, labels in loads]
    return after_updates(tmp_path / "file", *texts)


@pytest.mark.slow
def test_a_lock_file_replaces_what_its_stack_held(tmp_path: Path) -> None:
    old, new = lock(node(A), node(B, C), node(C)), lock(node(B, C), node(C))
    tables = updated(tmp_path, (old, Labels(None, "env")), (new, Labels(None, "env")))
    assert tables.nodes["Spec"]["hash"].to_pylist() == [B, C]
    fresh, _ = read_json(tmp_path, new, stack="env")
    assert tables.digest() == fresh.digest()


@pytest.mark.slow
def test_an_index_of_one_stack_leaves_the_others(tmp_path: Path) -> None:
    one, two = Labels("develop", "one"), Labels("develop", "two")
    both = index(node(A), node(B))
    edges = updated(tmp_path, (both, one), (both, two), (index(node(B)), one)).edges
    assert [(e["from"], e["to"]) for e in edges["IN_STACK"].to_pylist()] == [
        (A, "two"),
        (B, "one"),
        (B, "two"),
    ]
    assert edges["IN_RELEASE"]["from"].to_pylist() == [A, B]


@pytest.mark.slow
def test_what_is_known_already_is_not_read_again(tmp_path: Path) -> None:
    store, file = tmp_path / "store.lbug", tmp_path / "spack.lock"
    file.write_text(json.dumps(lock(node(A))))
    build_store(store, file)
    report = update_store(store, file)
    assert (report.unchanged, report.records) == (1, 0)


@pytest.mark.slow
def test_one_spec_file_does_not_empty_its_stack(tmp_path: Path) -> None:
    loads: list[tuple[Json | str, Labels]] = []
    for spec_hash in (A, B):
        document = {"spec": {"_meta": {"version": 5}, "nodes": [node(spec_hash)]}}
        labels = Labels("develop", "e4s")
        loads.append(({**document, "buildcache_layout_version": 2}, labels))
    assert updated(tmp_path, *loads).edges["IN_STACK"]["from"].to_pylist() == [A, B]


@pytest.mark.slow
def test_a_page_read_anew_keeps_what_an_index_said_of_its_specs(tmp_path: Path) -> None:
    loads: list[tuple[Json | str, Labels]] = [
        (index(node(A, B), node(B, name="gcc", version="13")), Labels())
    ]
    for size in "-7":
        page = oracle.page_text(records=[oracle.record(A, os="debian12", size=size)])
        loads.append((page, Labels()))
    tables = updated(tmp_path, *loads)
    assert (spec(tables, A)["namespace"], spec(tables, A)["size"]) == ("builtin", 7)
    assert tables.edge_counts()["DEPENDS_ON"] == 1


# What is wrong ------------------------------------------------------------------------------------


def whole(tmp_path: Path, document: Any) -> list[str]:
    """Why nothing of the document could be read."""
    with pytest.raises(InputError) as caught:
        read_json(tmp_path, document)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()[1:]


META = {"lockfile-version": 6}


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (json.dumps(index(node(A)))[:-30], "  0.json: the JSON is cut off"),
        ('{"database": ', "  0.json: the JSON is cut off"),
        ({"database": {}}, "  0.json: database: object missing required field version"),
        ({"database": []}, "  0.json: database: expected object, found array"),
        (index(node(A), version="4"), "  0.json: database.version: expected 5 to 8, found 4"),
        (index(node(A), version="x"), "  0.json: database.version: expected 5 to 8, found x"),
        (lock(node(A), version=0), "  0.json: _meta.lockfile-version: expected 1 to 7, found 0"),
        ({"concrete_specs": {}}, "  0.json: _meta: object missing required field lockfile-version"),
        (
            {"_meta": META, "concrete_specs": 1},
            "  0.json: concrete_specs: expected object, found int",
        ),
        ({"spec": 1}, "  0.json: spec: expected object, found int"),
        (
            "<!DOCTYPE html><html></html>",
            "  0.json: a web page: not a page, index, lock file or spec file of S",
        ),
        (
            '{"other": 1}',
            "  0.json: not a page, index, lock file or spec file of Spack, nor an arch",
        ),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\n\n{}",
            "  0.json: expected a clear-signed message, f",
        ),
        ('{"database": ' + "[" * 100_000, "  0.json: nested too deep"),
    ],
)
def test_a_document_that_cannot_be_used(tmp_path: Path, document: Any, why: str) -> None:
    (said,) = whole(tmp_path, document)
    assert said.startswith(why)


def bad(**values: Any) -> Json:
    return {**node(A), **values}


def arch(**values: Any) -> Json:
    return {"platform": "linux", "platform_os": "debian12", "target": "x86_64", **values}


PLACE = f"0.json: database.installs.{A}"


@pytest.mark.parametrize(
    ("spec_object", "why"),
    [
        (bad(hash=B), ": expected the hash of the spec, " + B + ", as its key"),
        (bad(name=""), '.spec.name: expected text of at least 1 character, found ""'),
        (bad(version=1), ".spec.version: expected str, found int"),
        (bad(arch="x"), ".spec.arch: expected object, found str"),
        (bad(arch=arch(target=1)), ".spec.arch.target: expected str | object, found int"),
        (
            bad(dependencies=[{"hash": "x"}]),
            ".spec.dependencies[0].hash: expected 32 characters of a-z2-7",
        ),
        (bad(parameters={"x": {}}), ".spec.parameters[...]: expected "),
        (bad(name="a\u0001"), ": expected text without control characters, found "),
        ({}, ".spec: object missing required field name"),
        (1, ".spec: expected object, found int"),
    ],
)
def test_a_spec_that_is_wrong_costs_no_other(tmp_path: Path, spec_object: Any, why: str) -> None:
    document = index(node(B))
    document["database"]["installs"][A] = {"spec": spec_object, "in_buildcache": True}
    tables, report = read_json(tmp_path, document)
    assert tables.nodes["Spec"]["hash"].to_pylist() == [B]
    assert (report.records, report.kept) == (2, 1)
    (reject,) = report.rejects
    assert str(reject).replace(f"{tmp_path}/", "").startswith(PLACE + why)


def test_a_later_database_is_read_with_a_warning(tmp_path: Path) -> None:
    tables, report = read_json(tmp_path, index(node(A, new_key=1), version="9"))
    assert tables.node_counts()["Spec"] == 1
    assert list(report.warnings) == [
        f"{tmp_path}/0.json: database.version 9 is later than 8, the last one known: "
        f"what fits is read"
    ]


def test_cycles_and_dangling_dependencies_are_read(tmp_path: Path) -> None:
    tables, report = read_json(tmp_path, index(node(A, A, B), node(B, A, C)))
    assert not report.rejects
    pairs = [(e["from"], e["to"]) for e in tables.edges["DEPENDS_ON"].to_pylist()]
    assert pairs == [(A, A), (A, B), (B, A), (B, C)]


def test_a_name_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="stack: expected text"):
        read_json(tmp_path, index(node(A)), stack="")
