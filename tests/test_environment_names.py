"""What a stack is called that a lock file describes, where nobody says."""

from __future__ import annotations

import json
import tarfile
from itertools import permutations
from pathlib import Path

import pytest
from test_spack_dependencies import A, B, C, D, body, lock

from graphcache import Report, Tables, build_store, open_store, read, update_store

ONE, TWO, THREE = (lock(body(n, h), roots=[{"hash": h}]) for n, h in (("x", A), ("y", B), ("z", C)))
CHANGED = lock(body("w", D), roots=[{"hash": D}])
BROKEN = lock(body("x", A), roots=[{"hash": A}, {"hash": "gone"}])


def write(root: Path, **files: object) -> Path:
    """Lock files, `_` for a slash and `__` for a dot in their names."""
    for name, document in files.items():
        path = root / name.replace("__", ".").replace("_", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
    return root


def stacks(tables: Tables) -> dict[str, str]:
    """By name of a stack, the hashes in it, by their first letters."""
    found = dict.fromkeys(tables.nodes["Stack"]["name"].to_pylist(), "")
    for edge in tables.edges["IN_STACK"].to_pylist():
        found[edge["to"]] += edge["from"][0]
    return found


def held(store: Path) -> dict[str, str]:
    with open_store(store) as opened:
        return stacks(opened.tables())


def warnings(report: Report) -> list[str]:
    return list(report.warnings)


# In one go ----------------------------------------------------------------------------------------


def test_one_is_known_by_its_folder_or_its_file(tmp_path: Path) -> None:
    root = write(tmp_path, e4s_spack__lock=ONE, ci_gcc__spack__lock=TWO, ci_clang__lock=THREE)
    tables, report = read(root)
    assert stacks(tables) == {"e4s": "a", "gcc": "b", "clang": "c"}
    assert warnings(report) == []


def test_two_of_one_name_take_as_much_of_their_path_as_tells_them_apart(tmp_path: Path) -> None:
    root = write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO, c_other_spack__lock=THREE)
    tables, report = read(root)
    assert stacks(tables) == {"a/env": "a", "b/env": "b", "other": "c"}
    assert warnings(report) == []


@pytest.mark.slow
def test_in_any_order_and_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, x_a_env_spack__lock=ONE, y_a_env_spack__lock=TWO, y_b_env_spack__lock=THREE)
    files = ["x/a/env/spack.lock", "y/a/env/spack.lock", "y/b/env/spack.lock"]
    monkeypatch.chdir(tmp_path)
    for order in permutations(files):
        tables, _ = read(*order)
        assert stacks(tables) == {"x/a/env": "a", "y/a/env": "b", "b/env": "c"}
    monkeypatch.chdir(tmp_path / "y")
    assert stacks(read("a/env/spack.lock", "./b/env/../env/spack.lock")[0]) == {
        "a/env": "b",
        "b/env": "c",
    }


def test_in_an_archive(tmp_path: Path) -> None:
    root = write(tmp_path / "in", a_env_spack__lock=ONE, b_env_spack__lock=TWO)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(root, ".")
    assert stacks(read(tmp_path / "x.tar")[0]) == {"a/env": "a", "b/env": "b"}


def test_other_names_of_files_tell_apart_what_is_in_one_folder(tmp_path: Path) -> None:
    root = write(tmp_path, ci_gcc__json=ONE)
    assert stacks(read(root)[0]) == {"ci": "a"}
    write(tmp_path, ci_clang__json=TWO)
    assert stacks(read(root)[0]) == {"ci/gcc": "a", "ci/clang": "b"}


@pytest.mark.slow
def test_what_lies_at_one_place_is_joined_with_a_warning(tmp_path: Path) -> None:
    root = write(tmp_path, env_spack__lock=ONE, env_spack__lock__gz=TWO)
    tables, report = read(root)
    assert stacks(tables) == {"env": "ab"}
    assert [text.replace(f"{tmp_path}/", "") for text in report.warnings] == [
        "env/spack.lock.gz: env without a release stands in env/spack.lock too, with other "
        "records: the two are joined"
    ]
    write(tmp_path, env_spack__lock__gz=ONE)
    assert warnings(read(root)[1]) == []


def test_a_name_that_is_given_joins_them_with_a_warning(tmp_path: Path) -> None:
    root = write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO)
    tables, report = read(root, stack="all")
    assert stacks(tables) == {"all": "ab"}
    assert len(warnings(report)) == 1


# One after the other ------------------------------------------------------------------------------


@pytest.mark.slow
def test_another_environment_of_that_name_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO))
    store = tmp_path / "s.lbug"
    build_store(store, "a/env/spack.lock")
    report = update_store(store, "b/env/spack.lock")
    assert held(store) == {"env": "a", "b/env": "b"}
    assert warnings(report) == [
        "b/env/spack.lock: is the stack b/env, since env was read from a/env/spack.lock; "
        "--stack env replaces that"
    ]
    write(tmp_path, a_env_spack__lock=CHANGED, b_env_spack__lock=THREE)
    report = update_store(store, "b", "a")
    assert held(store) == {"env": "d", "b/env": "c"}
    assert warnings(report) == []


@pytest.mark.slow
def test_each_keeps_the_name_that_it_got(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=ONE))
    store = tmp_path / "s.lbug"
    build_store(store, "a", "b")
    assert held(store) == {"a/env": "a", "b/env": "a"}
    write(tmp_path, a_env_spack__lock=CHANGED)
    monkeypatch.chdir(tmp_path / "a/env")
    assert warnings(update_store(store, "spack.lock")) == []
    assert held(store) == {"a/env": "d", "b/env": "a"}
    assert update_store(store, "../../b").unchanged == 1


@pytest.mark.slow
@pytest.mark.parametrize("given", ["spack.lock", "env/spack.lock"])
def test_where_the_paths_do_not_tell_it_is_replaced_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO)
    store = tmp_path / "s.lbug"
    inside = "env" if given == "spack.lock" else ""
    monkeypatch.chdir(tmp_path / "a" / inside)
    build_store(store, given)
    monkeypatch.chdir(tmp_path / "b" / inside)
    report = update_store(store, given)
    assert held(store) == {"env": "b"}
    assert warnings(report) == [
        f"{given}: replaces the stack env, which was read from {given} at another place; "
        "--stack gives it a name of its own"
    ]
    assert warnings(update_store(store, given)) == []


@pytest.mark.slow
def test_one_that_was_not_read_whole_is_not_replaced_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, a_env_spack__lock=BROKEN, b_env_spack__lock=TWO))
    store = tmp_path / "s.lbug"
    build_store(store, "a")
    (warning,) = warnings(update_store(store, "b"))
    assert warning.startswith("b/env/spack.lock: replaces the stack env, which was read from")


@pytest.mark.slow
def test_releases_have_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO))
    store = tmp_path / "s.lbug"
    build_store(store, "a", release="1")
    report = update_store(store, "b", release="2")
    assert warnings(report) == []
    with open_store(store) as opened:
        edges = opened.tables().edges["IN_STACK"].to_pylist()
    assert [(e["from"][0], e["to"], e["releases"]) for e in edges] == [
        ("a", "env", ["1"]),
        ("b", "env", ["2"]),
    ]


@pytest.mark.slow
def test_a_name_that_is_given_replaces_what_has_it(tmp_path: Path) -> None:
    root = write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO)
    store = tmp_path / "s.lbug"
    build_store(store, root / "a")
    update_store(store, root / "b", stack="env")
    assert held(store) == {"env": "b"}


@pytest.mark.slow
def test_a_name_that_was_given_is_not_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write(tmp_path, a_env_spack__lock=ONE, b_env_spack__lock=TWO))
    store = tmp_path / "s.lbug"
    build_store(store, "a/env/spack.lock", stack="env")
    write(tmp_path, a_env_spack__lock=CHANGED)
    assert warnings(update_store(store, "a/env/spack.lock")) == []
    assert held(store) == {"env": "d"}
