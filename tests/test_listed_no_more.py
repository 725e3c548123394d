"""What an update takes away, counted in its report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import oracle
import pytest
from test_spack_joining import A, B, C, index, lock, node

from graphcache import build_store, update_store


@pytest.mark.slow
def test_what_is_listed_no_more_is_counted(tmp_path: Path) -> None:
    def index_of(*keys: str) -> Path:
        path = tmp_path / "index.json"
        path.write_text(json.dumps(index(*(node(key) for key in keys))))
        return path

    place: dict[str, Any] = {"stack": "e4s", "release": "develop"}
    assert build_store(tmp_path / "s.lbug", index_of(A, B), **place).removed == 0
    assert update_store(tmp_path / "s.lbug", index_of(A, C), **place).removed == 1
    assert update_store(tmp_path / "s.lbug", index_of(A, B, C), **place).removed == 0
    # Another kind replaces nothing, and neither does an index of another place.
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(lock(node(A), roots=(A,))))
    assert update_store(tmp_path / "s.lbug", path, **place).removed == 0
    assert update_store(tmp_path / "s.lbug", index_of(A), stack="hep").removed == 0


@pytest.mark.slow
def test_a_page_that_lists_less_is_counted(tmp_path: Path) -> None:
    def page_of(*keys: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(oracle.page_text("zlib", records=[oracle.record(key) for key in keys]))
        return path

    build_store(tmp_path / "s.lbug", page_of(A, B))
    assert update_store(tmp_path / "s.lbug", page_of(B)).removed == 1
    assert update_store(tmp_path / "s.lbug", page_of(A, B)).removed == 0
