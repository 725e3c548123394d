"""What nobody told: commands that stand on it count it, and refuse where they would be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import oracle
import pytest
from command_line import run, succeed
from test_spack_joining import A, B, C, index, lock, node

import graphcache as gc
from graphcache import read

pytestmark = pytest.mark.slow

LOAD = (
    "pages don't tell them: load the index, lock files or spec files of the same cache, by "
    "'graphcache update PATH...'\n"
)
D = "d" * 32


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of two pages, which no test changes."""
    folder = tmp_path_factory.mktemp("pages")
    records = [oracle.record(A), oracle.record(B)]
    (folder / "zlib.md").write_text(oracle.page_text(records=records))
    (folder / "hdf5.md").write_text(oracle.page_text("hdf5", "v1", [oracle.record(C)]))
    succeed("build", "zlib.md", "hdf5.md", "--quiet", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def mixed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with an index that tells of hdf5 what it needs: one of the two zlibs."""
    folder = copytree(built, tmp_path_factory.mktemp("mixture"), dirs_exist_ok=True)
    nodes = [node(C, A, name="hdf5"), node(A)]
    (folder / "index.json").write_text(json.dumps(index(*nodes)))
    succeed("update", "index.json", "--release", "v1", "--quiet", cwd=folder)
    return folder


@pytest.fixture
def pages(built: Path, tmp_path: Path) -> Path:
    """A copy of the folder with pages, for one test."""
    return copytree(built, tmp_path, dirs_exist_ok=True)


@pytest.fixture
def mixture(mixed: Path, tmp_path: Path) -> Path:
    """A copy of the folder with pages and an index, for one test."""
    return copytree(mixed, tmp_path, dirs_exist_ok=True)


STANDING_ON_DEPENDENCIES = [
    ("why", f"/{A}"),
    ("impact", "zlib"),
    ("rebuilds",),
    ("unify",),
    ("query", "dependents-of", "--package", "zlib"),
    ("query", "holes"),
]


@pytest.mark.parametrize("asked", STANDING_ON_DEPENDENCIES)
def test_where_no_dependencies_are_known_they_are_asked_for(
    asked: tuple[str, ...], pages: Path
) -> None:
    ended = run(*asked, cwd=pages)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "Error: the answer stands on dependencies, and of none of 3 specs they are known; " + LOAD
    )


@pytest.mark.parametrize("asked", STANDING_ON_DEPENDENCIES)
def test_where_some_are_known_the_others_are_counted(asked: tuple[str, ...], mixture: Path) -> None:
    ended = run(*asked, cwd=mixture)
    assert ended.code == 0
    assert ended.out
    assert ended.err.splitlines()[0] == (
        "The dependencies of 1 of 3 specs are not known, and what these need is not in the answer."
    )


def test_a_plan_is_refused_where_what_is_kept_may_need_anything(pages: Path) -> None:
    ended = run("prune-plan", "--keep-release", "develop", cwd=pages)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"Error: the dependencies of 2 specs that are kept are not known, such as zlib@1.2/{A[:7]}:"
        f" what could go may be needed; {LOAD}"
    )


def test_a_plan_needs_no_more_than_what_is_kept(mixture: Path) -> None:
    printed = run("prune-plan", "--keep-release", "v1", cwd=mixture)
    assert printed.code == 0
    assert printed.out.splitlines()[1:] == [f"zlib@1.2/{B},zlib,1.2,"]
    ended = run("prune-plan", "--keep-release", "develop", cwd=mixture)
    assert (ended.code, ended.out) == (1, "")
    assert "the dependencies of 1 spec that is kept are not known" in ended.err


def test_a_plan_is_refused_where_what_is_needed_is_only_named(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps(index(node(C, A), node(A, D), node(B))))
    (tmp_path / "page.md").write_text(oracle.page_text(release="v1", records=[oracle.record(C)]))
    succeed("build", "page.md", "--quiet", cwd=tmp_path)
    assert run("update", "index.json", "--quiet", cwd=tmp_path).code == 0
    ended = run("prune-plan", "--keep-release", "v1", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert f"such as n@?/{D[:7]}: what could go may be needed" in ended.err


def test_of_a_stack_that_only_pages_tell_of_no_roots_are_known(mixture: Path) -> None:
    page = oracle.page_text("zlib", "v2", [oracle.record(D, stacks=["other"])])
    (mixture / "other.md").write_text(page)
    succeed("update", "other.md", "--quiet", cwd=mixture)
    why = (
        f"he roots of 1 spec are not known, such as those of zlib@1.2/{D[:7]}: of no spec of its "
        "stacks it is known what it needs"
    )
    ended = run("why", f"/{D}", cwd=mixture)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"Error: t{why}; {LOAD}"
    ended = run("why", "zlib", "--format", "jsonl", cwd=mixture)
    assert ended.code == 0
    assert [json.loads(line)["hash"] for line in ended.out.splitlines()] == [A, B]
    assert f"T{why}." in ended.err.splitlines()


# How much of an environment is held ---------------------------------------------------------------


def covered(folder: Path, environment: object, *options: str) -> tuple[int, list[str]]:
    """The exit code of `coverage`, and what it says beside the answer."""
    (folder / "spack.lock").write_text(json.dumps(environment))
    ended = run("coverage", "spack.lock", *options, cwd=folder)
    return ended.code, ended.err.splitlines()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of an index of two specs, which no test changes."""
    folder = tmp_path_factory.mktemp("cache")
    (folder / "index.json").write_text(json.dumps(index(node(A), node(C, A, name="hdf5"))))
    succeed("build", "index.json", "--release", "develop", "--quiet", cwd=folder)
    return folder


@pytest.fixture
def cache(indexed: Path, tmp_path: Path) -> Path:
    """A copy of the folder with an index, for one test."""
    return copytree(indexed, tmp_path, dirs_exist_ok=True)


def test_no_share_is_said_of_a_file_that_was_not_read_whole(cache: Path) -> None:
    environment = lock(node(A), node(C, A, name="hdf5"), node(B, version=1.2), roots=(C,))
    rejected = f"Rejected: spack.lock: concrete_specs.{B}.version: expected str, found float"
    share = "2 of 2 specs that were read are held; of the whole it is not known: 1 reject"
    assert covered(cache, environment) == (3, [rejected, share])
    assert covered(cache, environment, "--fail-under", "100") == (3, [rejected, share])
    lacking = lock(node(A), node(D), node(B, version=1.2))
    assert covered(cache, lacking, "--fail-under", "100")[0] == 1


def test_what_is_external_is_left_out_and_counted(cache: Path) -> None:
    environment = lock(node(B, external={"path": "/usr"}), roots=(B,))
    assert covered(cache, environment, "--fail-under", "100") == (
        0,
        [
            "Left out: 1 external spec, which no cache holds.",
            "There is nothing in it that a cache could hold.",
        ],
    )


def test_a_store_of_lock_files_does_not_say_what_is_held(tmp_path: Path) -> None:
    (tmp_path / "env.spack.lock").write_text(json.dumps(lock(node(A), roots=(A,))))
    succeed("build", "env.spack.lock", "--quiet", cwd=tmp_path)
    code, said = covered(tmp_path, lock(node(A), roots=(A,)))
    assert code == 1
    assert said[0].startswith("Error: of no spec in the store it is known whether the cache holds")


def test_what_is_lacking_is_listed_in_spacks_order(cache: Path) -> None:
    versions = {"e": "1.10", "f": "1.9", "g": "develop"}
    nodes = [node(letter * 32, version=version) for letter, version in versions.items()]
    (cache / "spack.lock").write_text(json.dumps(lock(*nodes)))
    printed = run("coverage", "spack.lock", "--format", "jsonl", cwd=cache).out
    rows = [json.loads(line) for line in printed.splitlines()]
    assert [row["version"] for row in rows] == ["1.9", "1.10", "develop"]


def test_what_pages_do_not_tell_is_no_difference(pages: Path) -> None:
    tables, _ = read(pages / "zlib.md")
    record = next(iter(tables.nodes["Spec"].to_pylist()))
    same = node(D, os=record["os"]) | {
        "arch": {"platform": "linux", "platform_os": "ubuntu24.04", "target": "x86_64_v3"},
        "compiler": {"name": "gcc", "version": "13.2.0"},
    }
    (pages / "spack.lock").write_text(json.dumps(lock(same)))
    printed = run("coverage", "spack.lock", "--format", "jsonl", cwd=pages).out
    assert json.loads(printed)["differs"] == ["not known: the dependencies of one of them"]


def test_a_compiler_that_one_side_does_not_tell_is_no_difference(pages: Path) -> None:
    tables, _ = read(pages / "zlib.md")
    told = next(iter(tables.nodes["Spec"].to_pylist()))
    same = node(D, os=told["os"]) | {
        "arch": {"platform": "linux", "platform_os": "ubuntu24.04", "target": "x86_64_v3"}
    }
    same.pop("compiler", None)
    newer = same | {"hash": "e" * 32, "version": "1.3"}
    (pages / "spack.lock").write_text(json.dumps(lock(same, newer)))
    printed = run("coverage", "spack.lock", "--format", "jsonl", cwd=pages).out
    assert [json.loads(line)["differs"] for line in printed.splitlines()] == [
        ["not known: the compiler of one of them", "not known: the dependencies of one of them"],
        ["version: 1.3 -> 1.2"],
    ]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("languages",), "languages of BUILT_WITH"),
        (("stack-roots", "--stack", "e4s"), "root of IN_STACK"),
    ],
)
def test_an_answer_is_not_empty_since_pages_do_not_tell(
    asked: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    (tmp_path / "zlib.md").write_text(oracle.page_text(records=[oracle.record(A, stacks=["e4s"])]))
    succeed("build", "zlib.md", "--quiet", cwd=tmp_path)
    ended = run("query", *asked, cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"Error: the answer stands on {told}, which no source told; ")


def test_lock_files_do_not_tell_what_is_usable(tmp_path: Path) -> None:
    (tmp_path / "env.spack.lock").write_text(json.dumps(lock(node(A), roots=(A,))))
    succeed("build", "env.spack.lock", "--quiet", cwd=tmp_path)
    ended = run("query", "usable-packages", "--target", "zen2", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    assert "in_buildcache of Spec, which no source told; pages, indexes and mirrors" in ended.err


def test_an_index_is_no_environment(cache: Path) -> None:
    ended = run("coverage", "index.json", cwd=cache)
    assert (ended.code, ended.out) == (2, "")
    assert "index.json: expected the lock file (spack.lock) of an environment, found " in ended.err


def test_of_what_an_environment_has_not_nothing_is_held(cache: Path) -> None:
    environment = lock(node(A), roots=(A,))
    asked = ("--spec", "zlib@99", "--fail-under", "1")
    assert covered(cache, environment, *asked) == (
        1,
        ["No spec of the environment is as is asked."],
    )


def test_no_number_is_no_share(cache: Path) -> None:
    code, said = covered(cache, lock(node(A), roots=(A,)), "--fail-under", "nan")
    assert (code, said[-1]) == (
        2,
        "Error: Invalid value for '--fail-under': expected a number, found nan",
    )


def test_an_environment_without_specs_lacks_nothing(cache: Path) -> None:
    said = ["There is nothing in it that a cache could hold."]
    assert covered(cache, lock(), "--fail-under", "100") == (0, said)


@pytest.mark.parametrize(
    ("form", "database", "error"),
    [(3, "6", gc.NotKnownError), (4, "7", gc.UsageError)],
    ids=["form 3", "form 4"],
)
def test_what_old_forms_do_not_tell_of_virtuals_is_not_denied(
    form: int, database: str, error: type[gc.GraphcacheError], tmp_path: Path
) -> None:
    """Before form 4 no spec says what its dependencies provide; since then, none is none."""
    one = {
        "name": "zlib",
        "version": "1.3",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64"},
        "compiler": {"name": "gcc", "version": "12.2.0"},
        "namespace": "builtin",
        "parameters": {},
        "hash": "a" * 32,
    }
    installs = {"a" * 32: {"spec": one, "in_buildcache": True}}
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"database": {"version": database, "installs": installs}}))
    gc.build_store(tmp_path / "a.lbug", index)
    with gc.open_store(tmp_path / "a.lbug") as store:
        forms = store.tables().nodes["Spec"]["original_specfile_version"].to_pylist()
        assert forms == [form]
        with pytest.raises(error, match=r"^virtual='?mpi'?: |^mpi: of no dependency it is told"):
            store.run("providers", virtual="mpi")
