"""Mirrors of version 2: the index is held against the spec files that lie beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_spack_joining import A, B, C, index, node

from graphcache import read


def write_mirror(folder: Path, *hashes: str, listed: tuple[str, ...], ending: str) -> Path:
    """The root of a mirror with these spec files and an index of those that are listed."""
    cache = folder / "build_cache"
    cache.mkdir()
    (cache / "index.json").write_text(json.dumps(index(*(node(key) for key in listed))))
    for key in hashes:
        spec = {"_meta": {"version": 5}, "nodes": [node(key)]}
        name = f"linux-debian12-x86_64-gcc-12.2.0-zlib-1.3-{key}{ending}"
        (cache / name).write_text(json.dumps({"spec": spec}))
    return folder


def test_an_index_is_held_against_the_spec_files_beside_it(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path, A, C, listed=(A, B), ending=".spec.json")
    place = tmp_path / "build_cache/index.json"
    for path in (mirror, place):
        tables, report = read(path)
        assert list(report.warnings) == [
            f"{place}: specs that the index lists, and of which the mirror has no binary: 1, such "
            f"as zlib/{B}; 'spack buildcache update-index' makes the index anew",
            f"{place}: specs that the mirror has a binary of, and which the index does not list: "
            f"1, such as {C}; 'spack buildcache update-index' makes the index anew",
        ]
        specs = tables.nodes["Spec"].to_pylist()
        held = {spec["hash"]: spec["in_buildcache"] for spec in specs}
        assert (held[A], held[B]) == (True, False)


@pytest.mark.parametrize("ending", [".spec.json", ".spec.json.sig", ".spec.yaml"])
def test_nothing_is_said_where_they_agree(tmp_path: Path, ending: str) -> None:
    mirror = write_mirror(tmp_path, A, B, listed=(A, B), ending=ending)
    assert not read(mirror / "build_cache/index.json")[1].warnings


def test_an_index_by_itself_is_taken_at_its_word(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path, listed=(A, B), ending=".spec.json")
    tables, report = read(mirror)
    assert not report.warnings
    assert tables.nodes["Spec"]["in_buildcache"].to_pylist() == [True, True]


def test_an_index_elsewhere_has_other_files_beside_it(tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path, A, listed=(A, B), ending=".spec.json")
    (mirror / "build_cache").rename(tmp_path / "elsewhere")
    assert not read(tmp_path / "elsewhere")[1].warnings
