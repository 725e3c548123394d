"""What is kept of a spec object, field by field, and what is known of a spec where it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import old_forms
import oracle
import pytest
from test_spack_joining import A, B, C, Json, index, lock, node, read_json, spec

from graphcache import Tables, build_store, open_store, read, update_store


def of_each(tables: Tables, name: str) -> dict[str, Any]:
    """A property of every spec, by the first letter of its hash."""
    specs = tables.nodes["Spec"].select(["hash", name]).to_pylist()
    return {one["hash"][0]: one[name] for one in specs}


def zlib_page(*stacks: str) -> str:
    return oracle.page_text("zlib", records=[oracle.record(A, os="debian12", stacks=list(stacks))])


def spec_file(*nodes: Json) -> Json:
    return {"spec": {"_meta": {"version": 5}, "nodes": list(nodes)}}


# Fields of a spec object --------------------------------------------------------------------------

FIELDS = ("external", "external_path", "external_modules", "flags", "package_hash")


def fields(tables: Tables, spec_hash: str) -> tuple[Any, ...]:
    known = spec(tables, spec_hash)
    return tuple(known[name] for name in FIELDS)


def test_what_only_spacks_own_files_tell_is_kept(tmp_path: Path) -> None:
    flags = {"cflags": ["-O2", "-g"], "ldflags": ["-s"], "cxxflags": ["-DX='a'"], "fflags": []}
    built = node(A, B, parameters={"shared": True, **flags}, package_hash="recipe====")
    external = node(
        B,
        parameters={},
        external={"path": "/opt/mpi", "module": ["mpi/4", "fabric"], "extra_attributes": {"x": 1}},
    )
    tables, report = read_json(tmp_path, index(built, external))
    assert report.rejects == []
    shown = ["cflags='-O2 -g'", "cxxflags=\"-DX='a'\"", "ldflags=-s"]
    assert fields(tables, A) == (False, None, None, shown, "recipe====")
    assert fields(tables, B) == (True, "/opt/mpi", ["mpi/4", "fabric"], [], None)
    assert spec(tables, A)["variants"] == ["+shared"]


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ({"path": "/usr", "module": None}, (True, "/usr", [])),
        ({"path": "/usr", "module": "gcc/9.2"}, (True, "/usr", ["gcc/9.2"])),
        ({"path": None, "module": ["gcc/9.2"]}, (True, None, ["gcc/9.2"])),
        ({"path": "/usr", "module": False}, (True, "/usr", [])),
        # Spack takes a spec for external where it has a path or a module.
        ({"path": "", "module": []}, (False, None, None)),
        ({}, (False, None, None)),
        (None, (False, None, None)),
    ],
)
def test_an_external_has_a_path_or_modules(
    tmp_path: Path, external: Any, said: tuple[Any, ...]
) -> None:
    tables, report = read_json(tmp_path, index(node(A, external=external)))
    assert report.rejects == []
    assert fields(tables, A)[:3] == said


@pytest.mark.slow
def test_a_page_tells_none_of_them_and_takes_none_back(tmp_path: Path) -> None:
    store, file = tmp_path / "store.lbug", tmp_path / "file"
    said = node(A, package_hash="recipe====", external={"path": "/usr", "module": ["m"]})
    expected = (True, "/usr", ["m"], ["cflags=-O3"], "recipe====")
    file.write_text(zlib_page("e4s"))
    build_store(store, file)
    with open_store(store) as opened:
        assert fields(opened.tables(), A) == (None,) * len(FIELDS)
    for text in (json.dumps(index(said)), zlib_page("ml")):
        file.write_text(text)
        update_store(store, file)
        with open_store(store) as opened:
            assert fields(opened.tables(), A) == expected


@pytest.mark.slow
def test_two_files_that_differ_on_them_are_told(tmp_path: Path) -> None:
    one = node(A, package_hash="a====", external={"path": "/usr"}, parameters={"cflags": ["-g"]})
    other = node(A, package_hash="b====", external={"path": "/opt"}, parameters={})
    documents = [json.dumps(index(one)), json.dumps(index(other))]
    kept = set()
    for order in (documents, documents[::-1]):
        tables, report = read_json(tmp_path, *order)
        told = [warning for warning in report.warnings if "records disagree on" in warning]
        for name in ("external_path", "flags", "package_hash"):
            assert any(f"disagree on {name}: " in warning for warning in told)
        kept.add(tables.digest())
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"external": {"path": 7}}, "external.path: expected str | null, found int"),
        (
            {"external": {"path": "/" * 100_001}},
            "external.path: expected text of at most 100,000 characters",
        ),
        ({"external": {"module": [1]}}, "external.module[0]: expected str, found int"),
        ({"package_hash": 5}, "package_hash: expected str | null, found int"),
        ({"package_hash": "x" * 1_001}, "package_hash: expected text of at most 1,000 characters"),
        ({"package_hash": "\x1f"}, "expected text without control characters, found"),
        (
            {"annotations": {"original_specfile_version": 10**30}},
            "annotations.original_specfile_version: expected int <= 1000",
        ),
        (
            {"annotations": {"original_specfile_version": 0}},
            "annotations.original_specfile_version: expected int >= 1",
        ),
        (
            {"annotations": {"compiler": 5}},
            "annotations.compiler: expected str | object | null, found int",
        ),
    ],
)
def test_a_field_that_cannot_be_one_costs_the_spec(tmp_path: Path, change: Json, why: str) -> None:
    _, report = read_json(tmp_path, index(node(A, **change), node(B)))
    [reject] = report.rejects
    assert why in f"{reject.field}: {reject.why}"
    assert report.records == 2


# The form, and the compiler of specs in older ones ------------------------------------------------

FORMS = [
    *((f"{version}.index.json", form) for version, form in old_forms.INDEXES.items()),
    *((f"{version}.spack.lock", form) for version, form in old_forms.LOCKS.items()),
]


@pytest.mark.parametrize(("name", "form"), FORMS)
def test_a_file_in_an_old_form_says_it_by_its_version(name: str, form: int) -> None:
    tables, _ = read(old_forms.FOLDER / f"harbor.v{name}")
    assert set(of_each(tables, "original_specfile_version").values()) == {form}


@pytest.mark.parametrize(
    ("document", "form"),
    [
        (index(node(A)), 5),
        (index(node(A), version="9"), 6),
        (lock(node(A)), 5),
        (lock(node(A), version=8), 6),
        ({"spec": {"_meta": {"version": 6}, "nodes": [node(A)]}}, 6),
        ({"spec": {"_meta": {"version": 4}, "nodes": [node(A)]}}, 4),
        ({"spec": {"_meta": {"version": 10**30}, "nodes": [node(A)]}}, None),
        (
            {
                "spec": [
                    {
                        "zlib": {
                            k: v for k, v in node(A).items() if k not in ("name", "dependencies")
                        }
                    }
                ]
            },
            1,
        ),
    ],
)
def test_the_form_is_that_of_the_file(tmp_path: Path, document: Json, form: int | None) -> None:
    tables, _ = read_json(tmp_path, document)
    assert of_each(tables, "original_specfile_version") == {"a": form}


@pytest.mark.parametrize(
    ("compiler", "built_with"),
    [
        ("gcc@=10.5.0", ["gcc@10.5.0"]),  # what every Spack 1.x writes
        ("gcc@10.5.0", ["gcc@10.5.0"]),
        ({"name": "gcc", "version": "10.5.0"}, ["gcc@10.5.0"]),
        ("None", []),  # what it writes where there is none
    ],
)
@pytest.mark.parametrize("written_by", [index, lock, spec_file])
def test_a_spec_of_form_4_reused_by_a_later_spack(
    tmp_path: Path, written_by: Any, compiler: Any, built_with: list[str]
) -> None:
    older = node(A, annotations={"original_specfile_version": 4, "compiler": compiler})
    newer = node(B, annotations={"original_specfile_version": 5})
    tables, report = read_json(tmp_path, written_by(older, newer))
    assert (report.rejects, list(report.warnings)) == ([], [])
    assert of_each(tables, "original_specfile_version") == {"a": 4, "b": 5}
    assert tables.edges["BUILT_WITH"]["to"].to_pylist() == built_with
    assert set(of_each(tables, "name").values()) == {"zlib"}


@pytest.mark.slow
def test_the_oldest_form_that_is_told_counts(tmp_path: Path) -> None:
    documents = [json.dumps(index(node(A), version=version)) for version in ("6", "7", "8")]
    for order in (documents, documents[::-1]):
        tables, _ = read_json(tmp_path, *order)
        assert of_each(tables, "original_specfile_version") == {"a": 3}


# Whether dependencies are known -------------------------------------------------------------------


@pytest.mark.parametrize("document", [index, lock, spec_file], ids=lambda made: made.__name__)
def test_dependencies_are_known_of_what_a_file_of_spack_describes(
    tmp_path: Path, document: Any
) -> None:
    tables, _ = read_json(tmp_path, document(node(A, B), node(C)))
    assert of_each(tables, "dependencies_known") == {"a": True, "b": False, "c": True}


def test_no_page_tells_dependencies_not_even_one_that_lists_some(legacy_pages: Path) -> None:
    tables, _ = read(legacy_pages)
    assert tables.edge_counts()["DEPENDS_ON"] > 0
    assert set(of_each(tables, "dependencies_known").values()) == {False}


def test_a_dependency_without_a_hash_leaves_them_unknown(tmp_path: Path) -> None:
    cut = node(A, B)
    del cut["dependencies"][0]["hash"]
    tables, _ = read_json(tmp_path, index(cut, node(B)))
    assert of_each(tables, "dependencies_known") == {"a": False, "b": True}
    tables, _ = read_json(tmp_path, index(cut, node(B)), lock(node(A, B), node(B)))
    assert of_each(tables, "dependencies_known") == {"a": True, "b": True}


def test_one_source_that_knows_them_is_enough_in_any_order(tmp_path: Path) -> None:
    documents = [zlib_page("e4s"), json.dumps(index(node(A, B)))]
    for order in (documents, documents[::-1]):
        tables, _ = read_json(tmp_path, *order)
        assert of_each(tables, "dependencies_known") == {"a": True, "b": False}


@pytest.mark.slow
def test_a_page_does_not_take_them_back_and_an_index_does_what_it_said(tmp_path: Path) -> None:
    store, file = tmp_path / "store.lbug", tmp_path / "file"
    page = zlib_page("e4s")
    hdf5, gcc = node(C, A, name="hdf5"), node(B, name="gcc")
    steps: list[tuple[str, str | None, dict[str, Any]]] = [
        (page, None, {"a": False}),
        (json.dumps(index(node(A, B), hdf5)), "ml", {"a": True, "b": False, "c": True}),
        (page.replace("debian12", "debian13"), None, {"a": True, "b": False, "c": True}),
        # Nothing lists c any more, and of a its page says no more than before.
        (json.dumps(index(gcc)), "ml", {"a": False, "b": True}),
        (oracle.page_text("zlib", records=[]), None, {"b": True}),
    ]
    load = build_store
    for text, stack, known in steps:
        file.write_text(text)
        load(store, file, stack=stack, release="develop")
        load = update_store
        with open_store(store) as opened:
            assert of_each(opened.tables(), "dependencies_known") == known


def test_networkx_keeps_whether_they_are_known(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, index(node(A, B)))
    graph = tables.to_networkx()
    assert [graph.nodes["Spec", one]["dependencies_known"] for one in (A, B)] == [True, False]
    assert spec(Tables.from_networkx(graph), B)["dependencies_known"] is False


DIFFERENT: dict[str, dict[str, Any]] = {
    "name": {"name": "zlib-ng"},
    "version": {"version": "9.9"},
    "platform": {"arch": {"platform": "darwin", "platform_os": "debian12", "target": "x86_64_v3"}},
    "os": {"arch": {"platform": "linux", "platform_os": "debian13", "target": "x86_64_v3"}},
    "target": {"arch": {"platform": "linux", "platform_os": "debian12", "target": "zen4"}},
    "variants": {"parameters": {"shared": False, "build_system": "cmake", "cflags": ["-O3"]}},
    "flags": {"parameters": {"shared": True, "build_system": "cmake"}},
    "compilers": {"compiler": {"name": "gcc", "version": "14"}},
    "namespace": {"namespace": "mine"},
    "external": {"external": {"path": "/usr"}},
    "package_hash": {"package_hash": "b===="},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DIFFERENT)
def test_two_descriptions_of_one_hash_are_told_in_either_order(name: str, tmp_path: Path) -> None:
    one = node(A, package_hash="a====", compiler={"name": "gcc", "version": "13"})
    documents = [json.dumps(index(one)), json.dumps(index(one | DIFFERENT[name]))]
    read_so = [read_json(tmp_path, *order) for order in (documents, documents[::-1])]
    (tables, report), (other, other_report) = read_so
    assert tables.digest() == other.digest()
    (warning,) = report.warnings
    assert warning.startswith(f"spec {A}: records disagree on {name}: ")
    assert report.warnings == other_report.warnings
