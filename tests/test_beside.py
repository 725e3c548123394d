"""Pages of 2021 and 2022 that name spec files, with and without those."""

from __future__ import annotations

import json
import tarfile
from itertools import permutations
from pathlib import Path

import pytest
from conftest import derived_hashes
from test_spack_dependencies import A, B, C, body, spec_file

from graphcache import Tables, build_store, open_store, read, update_store

XZ = "xz@1.0%gcc@9.4.0 arch=linux-ubuntu20.04-x86_64"
ADIAK = f"adiak@1.0%gcc@9.4.0 arch=linux-ubuntu20.04-x86_64 ^{XZ}"
OTHER = ADIAK.replace("1.0", "2.0")
SPEC = json.dumps(spec_file(body("adiak", A, {"name": "xz", "hash": B}), body("xz", B)))


def page(*texts: str, names: bool = False, title: str = "adiak") -> str:
    files = [f"spec-{number}.json" for number in range(len(texts))]
    if names:
        said = f"spec_files: {json.dumps(files)}\nspec_names: {json.dumps(texts)}"
    else:
        pairs = [{text: file} for text, file in zip(texts, files, strict=True)]
        said = f"spec_files: {json.dumps(pairs)}"
    meta = json.dumps({"versions": ["1.0", "2.0"][: len(texts)], "compilers": ["gcc@9.4.0"]})
    return f"---\ntitle: {title}\nlayout: cache\nmeta: {meta}\n{said}\n---\n"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".").replace("_", "-")).write_text(text)
    return folder


def builds(tables: Tables) -> list[tuple[str, str | None, bool, bool | None]]:
    specs = tables.nodes["Spec"].to_pylist()
    said = [(s["name"], s["version"], s["derived"], s["in_buildcache"]) for s in specs]
    return sorted(said, key=str)


BOTH = [("adiak", "1.0", False, True), ("xz", "1.0", False, None)]


@pytest.mark.parametrize("names", [True, False])
def test_a_build_with_its_spec_file_counts_once(tmp_path: Path, names: bool) -> None:
    folder = write(tmp_path / "adiak", index__md=page(ADIAK, names=names), spec_0__json=SPEC)
    tables, report = read(folder, release="r")
    assert builds(tables) == BOTH
    assert tables.edges["IN_RELEASE"].to_pylist() == [{"from": A, "to": "r", "root": None}]
    assert (report.records, report.kept, report.rejects) == (2, 2, [])
    assert dict(report.warnings) == {}


@pytest.mark.slow
def test_files_in_any_order_and_wrapping(tmp_path: Path) -> None:
    folder = write(tmp_path / "adiak", index__md=page(ADIAK, OTHER), spec_0__json=SPEC)
    digest = read(folder)[0].digest()
    for paths in permutations([folder / "index.md", folder / "spec-0.json"]):
        assert read(*paths)[0].digest() == digest
    for number, names in enumerate(permutations(["index.md", "spec-0.json"])):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as archive:
            for name in names:
                archive.add(folder / name, f"./adiak/{name}")
        assert read(tmp_path / f"{number}.tar")[0].digest() == digest


def test_a_build_without_its_spec_file_stays_derived(tmp_path: Path) -> None:
    folder = write(tmp_path / "adiak", index__md=page(ADIAK, OTHER), spec_0__json=SPEC)
    other = derived_hashes([OTHER])[OTHER]
    tables, _ = read(folder)
    needed = ("xz", "2.0", True, None)
    assert builds(tables) == sorted([*BOTH, ("adiak", "2.0", True, True), needed], key=str)
    assert other in tables.nodes["Spec"]["hash"].to_pylist()


@pytest.mark.parametrize(
    "spec",
    [
        '{"spec": 1}',
        '{"other": 1}',
        json.dumps(spec_file(body("xz", C))),
        json.dumps(spec_file(body("adiak", C, version=1), body("xz", B))),
        page(ADIAK, title="other"),
    ],
)
def test_a_file_that_does_not_describe_it_says_nothing_of_it(tmp_path: Path, spec: str) -> None:
    folder = write(tmp_path / "adiak", index__md=page(ADIAK), spec_0__json=spec)
    assert ("adiak", "1.0", True, True) in builds(read(folder)[0])


def test_a_name_that_leads_elsewhere_leads_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "other", spec_0__json=SPEC)
    text = page(ADIAK).replace("spec-0.json", "../../other/spec-0.json")
    folder = write(tmp_path / "adiak", index__md=text)
    assert ("adiak", "1.0", True, True) in builds(read(folder)[0])


@pytest.mark.slow
def test_an_update_with_or_without_the_spec_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "adiak", index__md=page(ADIAK))
    store = tmp_path / "store.lbug"

    def held() -> list[tuple[str, str | None, bool, bool | None]]:
        with open_store(store) as opened:
            return builds(opened.tables())

    build_store(store, folder, release="r")
    assert held() == [("adiak", "1.0", True, True), ("xz", "1.0", True, None)]
    assert update_store(store, folder, release="r").unchanged == 1
    write(folder, spec_0__json=SPEC)
    update_store(store, folder, release="r")
    assert held() == BOTH
    report = update_store(store, folder, release="r")
    assert (report.files, report.unchanged) == (0, 2)
    assert held() == BOTH
