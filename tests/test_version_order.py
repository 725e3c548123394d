"""Versions stand in Spack's order in every list: 1.9 before 1.10, develop behind all numbers."""

from __future__ import annotations

import json
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha1
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from test_spec_diff import spec

import graphcache as gc
from graphcache.queries import load_library
from graphcache.spack.versions import version_key

VERSIONS = ["1.1.1k", "1.1.1l", "git.abc=1.2", "1.9", "1.10", "main", "develop"]
"""In Spack's order, which is not that of texts."""
GIVEN = {"package": "lib", "stack": "one", "release": "old", "old": "old", "new": "new"}


def hash_of(*texts: str) -> str:
    return b32encode(sha1("/".join(texts).encode()).digest()).decode().lower()  # noqa: S324


def index_of(folder: Path, stack: str, versions: list[str]) -> Path:
    """An index with a library at each version, an app on each, both of compilers of two versions.

    Libraries have another recipe in each stack, so that all of it is built again.
    """
    specs = []
    for number, version in enumerate(versions):
        compiler = spec(f"gcc{number % 2}", version=["12.9.0", "12.10.0"][number % 2])
        built: Any = (f"gcc{number % 2}", ["build"], ["c"])
        lib = spec(f"lib{number}", built, version=version, package_hash=stack)
        app = spec(f"app{number}", f"lib{number}", built, version=version)
        specs += [compiler, lib, app]
    names = {one["hash"]: hash_of(stack, one["name"], one["version"]) for one in specs}
    installs = {}
    for one in specs:
        needs = [{**edge, "hash": names[edge["hash"]]} for edge in one["dependencies"]]
        hash_ = names[one["hash"]]
        installs[hash_] = {
            "spec": {**one, "hash": hash_, "dependencies": needs},
            "in_buildcache": True,
        }
    path = folder / f"{stack}.json"
    path.write_text(json.dumps({"database": {"version": "8", "installs": installs}}))
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gc.Store]:
    folder = tmp_path_factory.mktemp("order")
    path = folder / "order.lbug"
    gc.build_store(path, index_of(folder, "one", VERSIONS), stack="one", release="old")
    gc.update_store(path, index_of(folder, "two", VERSIONS[::2]), stack="two", release="new")
    with gc.open_store(path) as store:
        yield store


def answers(store: gc.Store) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What each question and each named query answers that needs nothing else to be told."""
    yield "find", store.find("lib app").to_dicts()
    yield "usable", store.usable("lib app", "x86_64_v3", "debian12", every=True).to_dicts()
    yield "prune_plan", store.prune_plan("new").to_dicts()
    yield "unify", store.unify().to_dicts()
    diff = store.diff("old", "new")
    yield "diff", diff.specs.to_dicts()
    for name, query in load_library().items():
        if all(p.name in GIVEN or p.default is not None for p in query.parameters):
            given: Any = {p.name: GIVEN[p.name] for p in query.parameters if p.name in GIVEN}
            try:
                yield name, store.run(name, **given).to_dicts()
            except gc.NotKnownError:
                continue


def in_order(values: list[Any]) -> bool:
    versions = [version_key(str(value).rpartition("@")[2]) for value in values]
    return versions == sorted(versions)


@pytest.mark.slow
def test_lists_of_versions_are_in_spacks_order(store: gc.Store) -> None:
    seen = set()
    for name, rows in answers(store):
        for row in rows:
            for column, value in row.items():
                texts = value if isinstance(value, list) else []
                if len(texts) > 1 and {str(t).rpartition("@")[2] for t in texts} <= {*VERSIONS}:
                    assert in_order(texts), (name, column, texts)
                    seen.add(name)
    assert len(seen) > 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "group", "version"),
    [
        ("find", ("name",), "version"),
        ("usable", ("name",), "version"),
        ("prune_plan", ("name",), "version"),
        ("diff", ("change", "package"), "old_version"),
    ],
)
def test_rows_of_a_package_are_in_spacks_order(
    name: str, group: tuple[str, ...], version: str, store: gc.Store
) -> None:
    rows = dict(answers(store))[name]
    groups = [
        [row[version] for row in of_one]
        for _, of_one in groupby(rows, key=lambda row: [row[column] for column in group])
    ]
    assert all(map(in_order, groups))
    assert len(groups) == len({tuple(row[column] for column in group) for row in rows})
    assert max(map(len, groups)) > 2
