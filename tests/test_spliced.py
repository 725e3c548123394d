"""Spliced specs: what they are installed from, what built them, and what that asks of a cache."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import oracle
import pytest
from test_spack_joining import Json, index, lock, read_json, spec

from graphcache import Tables, build_store, open_store, read, update_store
from graphcache.analysis import coverage, impact, prune_plan, rebuilds, why
from graphcache.health import check

APP, BUILT, MPICH, OTHER, GCC, DOC = (letter * 32 for letter in "abmogd")


def made(spec_hash: str, name: str, *needs: tuple[str, str, str], **more: Any) -> Json:
    """A spec object of form 5; what it needs is `(name, hash, types)`."""
    virtuals = {"gcc": ["c"], "mpich": ["mpi"], "mvapich2": ["mpi"]}
    return {
        "name": name,
        "version": "1.0",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v3"},
        "parameters": {},
        "dependencies": [
            {
                "name": needed,
                "hash": to,
                "parameters": {"deptypes": types.split(), "virtuals": virtuals.get(needed, [])},
            }
            for needed, to, types in needs
        ],
        "hash": spec_hash,
        **more,
    }


BY_GCC = ("gcc", GCC, "build")
BUILD_SPEC = {"name": "app", "hash": BUILT}
GCC_NODE = made(GCC, "gcc", external={"path": "/usr", "module": None})
MPICH_NODE = made(MPICH, "mpich", BY_GCC, ("doc", DOC, "build"))
OTHER_NODE = made(OTHER, "mvapich2", BY_GCC)
BUILT_NODE = made(BUILT, "app", ("mpich", MPICH, "build link"), BY_GCC)
SPLICED = made(APP, "app", ("mvapich2", OTHER, "link"), build_spec=BUILD_SPEC)
NODES = [GCC_NODE, made(DOC, "doc"), MPICH_NODE, OTHER_NODE, BUILT_NODE, SPLICED]
LOCK = lock(*NODES, roots=(APP,))


def held(*nodes: Json) -> Json:
    """The index of a cache that holds these."""
    return index(*nodes)


def edges(tables: Tables, name: str) -> set[tuple[str, str]]:
    """The edges of a type, by the first letters of hashes."""
    rows = tables.edges[name].to_pylist()
    return {(row["from"][0], row["to"] if name == "BUILT_WITH" else row["to"][0]) for row in rows}


# What is read -------------------------------------------------------------------------------------


def test_what_an_environment_installs_is_in_its_stack_and_no_more(tmp_path: Path) -> None:
    tables, report = read_json(tmp_path, LOCK, stack="env", release="develop")
    assert (report.rejects, list(report.warnings)) == ([], [])
    assert edges(tables, "SPLICED_FROM") == {("a", "b")}
    assert {start for start, _ in edges(tables, "IN_STACK")} == {"a", "o", "g"}
    assert {start for start, _ in edges(tables, "IN_RELEASE")} == {"a", "o", "g"}
    assert spec(tables, BUILT)["dependencies_known"] is True


def test_a_build_spec_that_is_asked_for_itself_is_installed(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, lock(*NODES, roots=(APP, BUILT)), stack="env")
    assert {start for start, _ in edges(tables, "IN_STACK")} == set("abmogd")


def test_a_spliced_spec_has_the_compiler_of_its_build_spec(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, LOCK)
    assert edges(tables, "BUILT_WITH") == {(one, "gcc@1.0") for one in "abmo"}
    languages = {row["from"]: row["languages"] for row in tables.edges["BUILT_WITH"].to_pylist()}
    assert languages[APP] == languages[BUILT] == ["c"]
    assert spec(tables, APP)["configuration"] == spec(tables, BUILT)["configuration"]


@pytest.mark.parametrize("key", ["hash", "build_hash", "full_hash"])
@pytest.mark.parametrize("form", [2, 3, 4, 5])
def test_a_build_spec_in_each_form_that_has_one(tmp_path: Path, form: int, key: str) -> None:
    other = "7" * 32
    built = BUILT_NODE if key == "hash" else {**BUILT_NODE, key: other}
    said = {"name": "app", key: BUILT if key == "hash" else other}
    nodes = [{**SPLICED, "build_spec": said}, built, *NODES[:4]]
    tables, report = read_json(tmp_path, {"spec": {"_meta": {"version": form}, "nodes": nodes}})
    assert report.rejects == []
    assert edges(tables, "SPLICED_FROM") == {("a", "b")}


def test_a_build_spec_that_the_file_does_not_describe_is_kept_as_a_name(tmp_path: Path) -> None:
    tables, report = read_json(tmp_path, held(SPLICED, OTHER_NODE, GCC_NODE))
    assert (report.rejects, list(report.warnings)) == ([], [])
    known = spec(tables, BUILT)
    assert (known["name"], known["version"], known["dependencies_known"]) == ("app", None, False)
    assert edges(tables, "SPLICED_FROM") == {("a", "b")}


def test_a_build_spec_without_a_hash_is_told(tmp_path: Path) -> None:
    tables, report = read_json(tmp_path, held({**SPLICED, "build_spec": {"name": "app"}}, GCC_NODE))
    assert any(f"installs.{APP}.spec.build_spec.hash: expected a" in w for w in report.warnings)
    assert edges(tables, "SPLICED_FROM") == set()


@pytest.mark.parametrize(
    ("build_spec", "why"),
    [
        ("app", "build_spec: expected object | null, found str"),
        ({"hash": BUILT}, "build_spec: object missing required field name"),
        ({"name": "app", "hash": "../x"}, "build_spec.hash: expected 32 characters of a-z2-7"),
    ],
)
def test_a_build_spec_that_cannot_be_one_costs_the_spec(
    tmp_path: Path, build_spec: Any, why: str
) -> None:
    _, report = read_json(tmp_path, held({**SPLICED, "build_spec": build_spec}, GCC_NODE))
    [reject] = report.rejects
    assert why in f"{reject.field}: {reject.why}"


@pytest.mark.slow
def test_build_specs_that_differ_are_told_in_any_order(tmp_path: Path) -> None:
    other = {**SPLICED, "build_spec": {"name": "app", "hash": "c" * 32}}
    documents = [json.dumps(held(SPLICED)), json.dumps(held(other)), json.dumps(LOCK)]
    digests = set()
    for order in permutations(documents):
        tables, report = read_json(tmp_path, *order, stack="env")
        assert any(f"{APP}: records disagree on spliced_from" in w for w in report.warnings)
        digests.add(tables.digest())
    assert len(digests) == 1


# What becomes of it -------------------------------------------------------------------------------


def test_networkx_keeps_both_edges_between_two_specs(tmp_path: Path) -> None:
    both = {**SPLICED, "dependencies": [*SPLICED["dependencies"], *BUILT_NODE["dependencies"]]}
    both["dependencies"].append({"name": "app", "hash": BUILT, "type": ["run"]})
    tables, _ = read_json(tmp_path, lock(*NODES[:-1], both, roots=(APP,)))
    assert {("a", "b")} <= edges(tables, "SPLICED_FROM") & edges(tables, "DEPENDS_ON")
    assert Tables.from_networkx(tables.to_networkx()).digest() == tables.digest()


@pytest.mark.slow
def test_a_page_takes_no_splice_back_and_who_goes_takes_it_along(tmp_path: Path) -> None:
    store, file = tmp_path / "store.lbug", tmp_path / "file"
    page = oracle.page_text("app", records=[oracle.record(APP, compiler="none", stacks=["env"])])
    expected = [
        (json.dumps(LOCK), {("a", "b")}),
        (page, {("a", "b")}),
        (json.dumps(lock(OTHER_NODE, GCC_NODE, roots=(OTHER,))), set()),
    ]
    load = build_store
    for text, spliced in expected:
        file.write_text(text)
        load(store, file, release="develop", stack="env")
        load = update_store
        with open_store(store) as opened:
            tables = opened.tables()
        assert edges(tables, "SPLICED_FROM") == spliced
        assert ("a", "gcc@1.0") in edges(tables, "BUILT_WITH") or not spliced
    # The page still holds what was spliced; the build spec went with who told of it.
    assert {one["hash"][0] for one in tables.nodes["Spec"].to_pylist()} == {"a", "o", "g"}


# What is asked ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_check_finds_nothing(tmp_path: Path) -> None:
    for number, documents in enumerate([[LOCK], [LOCK, held(SPLICED, BUILT_NODE, OTHER_NODE)]]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for at, document in enumerate(documents):
            name = "env.spack.lock" if document is LOCK else f"{at}.json"
            (folder / name).write_text(json.dumps(document))
        build_store(folder / "store.lbug", *folder.iterdir())
        with open_store(folder / "store.lbug") as store:
            found = {one.name: one.answer.rows for one in check(store) if one.answer}
        # What the index does not describe of the needs of others, the lock file does.
        assert not any(rows for name, rows in found.items() if name != "warnings")


@pytest.mark.parametrize(
    ("cache", "lacks"),
    [
        ([BUILT_NODE, MPICH_NODE, OTHER_NODE], set()),
        # What was spliced away is not installed, so it need not be held.
        ([BUILT_NODE, OTHER_NODE], set()),
        ([OTHER_NODE], {"app"}),
        # Spack takes the binary of the build spec alone.
        ([SPLICED, OTHER_NODE], {"app"}),
        ([BUILT_NODE, MPICH_NODE], {"mvapich2"}),
    ],
)
def test_coverage_asks_for_the_binary_of_the_build_spec(
    tmp_path: Path, cache: list[Json], lacks: set[str]
) -> None:
    environment, _ = read_json(tmp_path, LOCK)
    holding, _ = read_json(tmp_path, held(*cache))
    rows = coverage(environment, holding).to_dicts()
    assert {row["package"] for row in rows} == {"app", "mvapich2"}
    assert {row["package"] for row in rows if not row["held"]} == lacks


@pytest.mark.slow
def test_a_hole_is_also_a_build_spec_that_is_not_held(tmp_path: Path) -> None:
    document = held(SPLICED, BUILT_NODE, OTHER_NODE)
    document["database"]["installs"][BUILT]["in_buildcache"] = False
    (tmp_path / "index.json").write_text(json.dumps(document))
    build_store(tmp_path / "store.lbug", tmp_path / "index.json")
    with open_store(tmp_path / "store.lbug") as store:
        found = {one.name: one.answer.rows for one in check(store) if one.answer}
    assert [row[:3] for row in found["holes"]] == [(BUILT, "app", "1.0")]


def test_why_impact_and_prune_plan_follow_the_splice(tmp_path: Path) -> None:
    documents = [LOCK, held(BUILT_NODE, MPICH_NODE, OTHER_NODE)]
    paths = [tmp_path / "env.spack.lock", tmp_path / "index.json"]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document))
    tables, _ = read(*paths)
    [row] = why(tables, [BUILT]).to_dicts()
    assert row["path"] == ["app@1.0/aaaaaaa", "app@1.0/bbbbbbb"]
    [row] = why(tables, [MPICH]).to_dicts()
    assert row["path"] == ["app@1.0/aaaaaaa", "app@1.0/bbbbbbb", "mpich@1.0/mmmmmmm"]
    assert ("env", "", 1, 1, 0, 0, 1, 0) in impact(tables, "mpich").rows
    assert impact(tables, "mpich", deptype="run").rows[0][-1] == 0
    assert prune_plan(tables, [], ["env"]).rows == []


def test_a_splice_is_no_dependency_of_the_same_configuration(tmp_path: Path) -> None:
    tables, _ = read_json(tmp_path, LOCK)
    causes = [row["cause"] for row in rebuilds(tables).to_dicts()]
    assert causes
    assert not any("with or without app" in cause for cause in causes)
