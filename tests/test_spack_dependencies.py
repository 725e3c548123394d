"""What a spec needs: by the hashes of older Spacks, by one that is nowhere, by none."""

from __future__ import annotations

import json
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

from graphcache import Report, Tables, read
from graphcache.records import Claim
from graphcache.sources.gather import gather, labelled

Json = dict[str, Any]
A, B, C, D, E = (letter * 32 for letter in "abcde")
OLDER = ("hash", "build_hash", "full_hash")
"""The keys by which a dependency is named in spec files of Spack 0.13 to 0.17."""


def body(name: str, spec_hash: str, *needs: Json, **values: Any) -> Json:
    """A spec object of form 2."""
    return {
        "name": name,
        "version": "1.0",
        "arch": {"platform": "linux", "platform_os": "ubuntu20.04", "target": "x86_64"},
        "compiler": {"name": "gcc", "version": "9.4.0"},
        "namespace": "builtin",
        "parameters": {},
        "dependencies": [{"type": ["link"], **need} for need in needs],
        "hash": spec_hash,
        **values,
    }


def of_form_1(node: Json) -> Json:
    """The same spec in form 1: below its name, with dependencies by name."""
    needs = {need.pop("name"): need for need in [dict(n) for n in node["dependencies"]]}
    rest = {key: value for key, value in node.items() if key != "name"}
    return {node["name"]: {**rest, "dependencies": needs}}


def spec_file(*nodes: Json, form: int = 2) -> Json:
    if form == 1:
        return {"spec": [of_form_1(node) for node in nodes]}
    return {"spec": {"_meta": {"version": form}, "nodes": list(nodes)}}


def index(*nodes: Json) -> Json:
    installs = {node["hash"]: {"spec": node, "in_buildcache": True} for node in nodes}
    return {"database": {"version": "7", "installs": installs}}


def lock(*nodes: Json, roots: Any = (), **more: Any) -> Json:
    return {
        "_meta": {"lockfile-version": 4, "specfile-version": 2},
        "roots": list(roots),
        "concrete_specs": {node["hash"]: node for node in nodes},
        **more,
    }


def read_json(folder: Path, document: Any, **options: Any) -> tuple[Tables, Report]:
    path = folder / "0.json"
    path.write_text(json.dumps(document))
    return read(path, **options)


def edges(tables: Tables) -> list[tuple[str, str]]:
    return [(edge["from"], edge["to"]) for edge in tables.edges["DEPENDS_ON"].to_pylist()]


def known(tables: Tables) -> dict[str, bool]:
    """By hash, whether all that a spec needs is known."""
    return {spec["hash"]: spec["dependencies_known"] for spec in tables.nodes["Spec"].to_pylist()}


def warnings(report: Report, folder: Path) -> list[str]:
    return [text.removeprefix(f"{folder}/") for text in report.warnings]


# The hashes of older Spacks -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "form", "inside"), [*product(OLDER, (1, 2), OLDER[1:]), ("hash", 2, "hash")]
)
def test_a_dependency_is_found_by_any_hash_of_its_node(
    tmp_path: Path, key: str, form: int, inside: str
) -> None:
    needed = body("zlib", B, **({inside: C} if inside != "hash" else {}))
    by = C if inside != "hash" else B
    document = spec_file(body("hdf5", A, {"name": "zlib", key: by}), needed, form=form)
    tables, report = read_json(tmp_path, document)
    assert edges(tables) == [(A, B)]
    assert tables.nodes["Spec"]["name"].to_pylist() == ["hdf5", "zlib"]
    assert not report.warnings


def test_the_own_hash_counts_before_that_of_another_node(tmp_path: Path) -> None:
    first = body("hdf5", A, {"name": "zlib", "hash": B})
    tables, _ = read_json(tmp_path, spec_file(first, body("zlib", B), body("xz", C, build_hash=B)))
    assert edges(tables) == [(A, B)]


@pytest.mark.parametrize("key", OLDER)
def test_a_hash_of_an_older_spack_that_leads_nowhere_makes_no_spec(
    tmp_path: Path, key: str
) -> None:
    first = body("hdf5", A, {"name": "zlib", key: E}, {"name": "xz", "hash": D})
    tables, report = read_json(tmp_path, spec_file(first, body("xz", B, build_hash=D)))
    assert tables.nodes["Spec"]["hash"].to_pylist() == [A, B]
    assert edges(tables) == [(A, B)]
    assert known(tables) == {A: False, B: True}
    assert warnings(report, tmp_path) == [
        f"0.json: spec.nodes.0.dependencies[0].hash: zlib: expected the hash of a spec in the "
        f"file, found {E}"
    ]


# No hash, or one that the file does not have ------------------------------------------------------


FILES = {"index": index, "lock": lock, "spec file": spec_file}
PLACES = {
    "index": f"database.installs.{A}.spec",
    "lock": f"concrete_specs.{A}",
    "spec file": "spec.nodes.0",
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("need", [{"name": "zlib"}, {"name": "zlib", "hash": None}])
def test_a_dependency_without_a_hash_is_warned_of(tmp_path: Path, kind: str, need: Json) -> None:
    document = FILES[kind](body("hdf5", A, {"name": "xz", "hash": B}, need), body("xz", B))
    tables, report = read_json(tmp_path, document)
    assert edges(tables) == [(A, B)]
    assert not report.rejects
    assert known(tables) == {A: False, B: True}
    assert warnings(report, tmp_path) == [
        f"0.json: {PLACES[kind]}.dependencies[1].hash: zlib: expected a hash, found none: what "
        "the spec needs is not wholly known"
    ]


@pytest.mark.parametrize("kind", FILES)
def test_a_dependency_that_the_file_does_not_have_is_a_spec_and_a_warning(
    tmp_path: Path, kind: str
) -> None:
    tables, report = read_json(tmp_path, FILES[kind](body("hdf5", A, {"name": "xz", "hash": B})))
    assert edges(tables) == [(A, B)]
    assert tables.nodes["Spec"]["version"].to_pylist() == ["1.0", None]
    assert known(tables) == {A: True, B: False}
    assert warnings(report, tmp_path) == [
        f"0.json: {PLACES[kind]}.dependencies[0].hash: xz: expected the hash of a spec in the "
        f"file, found {B}"
    ]


ROOTS: dict[str, tuple[Any, str]] = {
    "gone": ({"hash": C, "spec": "gone"}, f"roots[1].hash: expected a key of concrete_specs, "
             f"found {C}"),
    "null": ({"hash": None, "spec": "x"}, "roots[1].hash: expected str, found null"),
    "missing": ({"spec": "x"}, "roots[1]: object missing required field hash"),
    "no hash": ({"hash": "x"}, "roots[1].hash: expected 32 characters of a-z2-7, "
                'found "x"'),
    "no object": ("zlib", "roots[1]: expected object, found str"),
}  # fmt: skip


@pytest.mark.parametrize(("root", "why"), ROOTS.values(), ids=ROOTS)
def test_a_root_that_is_no_spec_of_the_lock_is_rejected(
    tmp_path: Path, root: Any, why: str
) -> None:
    document = lock(body("zlib", A), roots=[{"hash": A, "spec": "zlib"}, root])
    tables, report = read_json(tmp_path, document, stack="env")
    assert [str(reject) for reject in report.rejects] == [f"{tmp_path}/0.json: {why}"]
    assert (report.records, report.kept) == (1, 1)
    assert tables.edges["IN_STACK"]["root"].to_pylist() == [True]


def test_a_root_of_an_included_environment_is_looked_for_there(tmp_path: Path) -> None:
    inner = lock(body("xz", B), roots=[{"hash": B}, {"hash": C}])
    document = lock(body("zlib", A), roots=[{"hash": A}], include_concrete={"/base": inner})
    tables, report = read_json(tmp_path, document, stack="env")
    assert [reject.field for reject in report.rejects] == ["include_concrete./base.roots[1].hash"]
    assert tables.edges["IN_STACK"]["root"].to_pylist() == [True, True]


def test_a_root_whose_spec_is_rejected_is_not_rejected_too(tmp_path: Path) -> None:
    document = lock(body("zlib", A, version=1), body("xz", B), roots=[{"hash": A}, {"hash": B}])
    _, report = read_json(tmp_path, document, stack="env")
    assert [reject.field for reject in report.rejects] == [f"concrete_specs.{A}.version"]


def test_a_lock_without_one_of_its_roots_removes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "0.json"
    path.write_text(json.dumps(lock(body("zlib", A), roots=[{"hash": A}, {"hash": B}])))
    reading = gather(labelled([path]))
    assert reading.incomplete == {Claim("lock", None, tmp_path.name)}


# One hash under several names ---------------------------------------------------------------------


NAMED = {
    "two files": [
        index(body("top", A, {"name": "alpha", "hash": C})),
        index(body("other", B, {"name": "beta", "hash": C})),
    ],
    "one file": [
        index(
            body("top", A, {"name": "alpha", "hash": C}),
            body("other", B, {"name": "beta", "hash": C}),
        )
    ],
    "one spec": [
        index(body("top", A, {"name": "alpha", "hash": C}, {"name": "beta", "hash": C})),
    ],
    "three files": [
        index(body(f"top{letter}", letter * 32, {"name": name, "hash": C}))
        for letter, name in (("a", "alpha"), ("b", "beta"), ("d", "alpha"))
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("documents", NAMED.values(), ids=NAMED)
def test_what_is_needed_under_two_names_is_warned_of(tmp_path: Path, documents: list[Json]) -> None:
    paths = [tmp_path / str(number) for number in range(len(documents))]
    digests = set()
    for order in permutations(zip(paths, documents, strict=True)):
        for path, document in order:
            path.write_text(json.dumps(document))
        tables, report = read(*(path for path, _ in order))
        digests.add(tables.digest())
        names = {spec["hash"]: spec["name"] for spec in tables.nodes["Spec"].to_pylist()}
        assert names[C] == "alpha"
        assert f"spec {C}: records disagree on name: 'alpha' and 'beta'; the first is kept" in (
            report.warnings
        )
    assert len(digests) == 1


def test_what_a_spec_is_described_as_counts_before_what_others_call_it(tmp_path: Path) -> None:
    said = [index(body("top", A, {"name": "alpha", "hash": C})), index(body("zeta", C))]
    for order in (said, said[::-1]):
        paths = [tmp_path / str(number) for number in range(2)]
        for path, document in zip(paths, order, strict=True):
            path.write_text(json.dumps(document))
        tables, report = read(*paths)
        assert tables.nodes["Spec"]["name"].to_pylist() == ["top", "zeta"]
        assert (
            f"spec {C}: described as 'zeta', and called 'alpha' by one that needs it; the first "
            f"is kept"
        ) in report.warnings
