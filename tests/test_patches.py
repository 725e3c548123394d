"""Patches, of which a page shows the beginning and Spack's own files all."""

from __future__ import annotations

import json
from pathlib import Path

import oracle
import pytest
from test_spack_dependencies import A, B, body, index, lock

from graphcache import Report, Tables, build_store, open_store, read, update_store
from graphcache.analysis import coverage

ONE, TWO, OTHER = "cc8ac22" + "0" * 57, "0d1f2e3" + "1" * 57, "dd9bd33" + "2" * 57


def page(patches: str, *hashes: str) -> str:
    shown = {"os": "ubuntu20.04", "target": "x86_64", "compiler": "gcc@9.4.0", "versions": ["1.0"]}
    records = [oracle.record(h, **shown, variants=[f"patches:={patches}"]) for h in hashes]
    return oracle.page_text("arkouda", records=records)


def spack(*patches: str, spec_hash: str = A) -> str:
    return json.dumps(index(body("arkouda", spec_hash, parameters={"patches": list(patches)})))


def read_texts(folder: Path, *texts: str) -> tuple[Tables, Report]:
    paths = [folder / str(number) for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return read(*paths)


def variants(tables: Tables) -> list[list[str]]:
    found: list[list[str]] = tables.nodes["Spec"]["variants"].to_pylist()
    return found


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("patches", [[ONE], [ONE, TWO], [TWO, ONE]])
def test_the_whole_patches_are_kept_without_a_warning(
    tmp_path: Path, order: tuple[int, int], patches: list[str]
) -> None:
    shown = ",".join(patch[:7] for patch in patches)
    texts = [page(shown, A), spack(*patches)]
    tables, report = read_texts(tmp_path, *(texts[number] for number in order))
    assert variants(tables) == [[f"patches={','.join(sorted(patches))}"]]
    assert dict(report.warnings) == {}


@pytest.mark.parametrize("patches", [[OTHER], [ONE, TWO], []])
def test_other_patches_are_a_contradiction(tmp_path: Path, patches: list[str]) -> None:
    _, report = read_texts(tmp_path, page(ONE[:7], A), spack(*patches))
    (warning,) = report.warnings
    assert warning.startswith(f"spec {A}: records disagree on variants: ")


def test_a_build_that_only_a_page_tells_of_is_of_the_same_configuration(tmp_path: Path) -> None:
    tables, _ = read_texts(tmp_path, page(ONE[:7], A, B), spack(ONE))
    assert variants(tables) == [[f"patches={ONE}"]] * 2
    assert len(set(tables.nodes["Spec"]["configuration"].to_pylist())) == 1
    alone, _ = read_texts(tmp_path, page(ONE[:7], B))
    assert variants(alone) == [[f"patches={ONE[:7]}"]]
    assert set(alone.nodes["Spec"]["configuration"].to_pylist()) == set(
        tables.nodes["Spec"]["configuration"].to_pylist()
    )


def test_an_environment_is_compared_by_what_is_shown(tmp_path: Path) -> None:
    cache, _ = read_texts(tmp_path, page(ONE[:7], A))
    wanted = body("arkouda", B, parameters={"patches": [ONE], "mpi": True})
    environment, _ = read_texts(tmp_path, json.dumps(lock(wanted, roots=[{"hash": B}])))
    ((*_, nearest, differs, _),) = coverage(environment, cache).rows
    assert (nearest, differs) == (A, ["variants: +mpi -> none"])


@pytest.mark.slow
def test_an_update_fills_patches_in(tmp_path: Path) -> None:
    (tmp_path / "page").write_text(page(ONE[:7], A))
    (tmp_path / "index.json").write_text(spack(ONE))
    build_store(tmp_path / "s.lbug", tmp_path / "page")
    report = update_store(tmp_path / "s.lbug", tmp_path / "index.json")
    assert dict(report.warnings) == {}
    with open_store(tmp_path / "s.lbug") as store:
        assert variants(store.tables()) == [[f"patches={ONE}"]]
