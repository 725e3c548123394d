"""Files of Spacks that are later than those that are known: what fits is read, and said once."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from test_spack_joining import A, B, index, lock, node

from graphcache import Report, Tables, read

Json = dict[str, Any]


def later(spec_hash: str, *needs: str) -> Json:
    """A spec of form 6, as it is known, and with what nobody knows yet."""
    return node(
        spec_hash,
        *needs,
        provided_virtuals=["zlib-api"],
        annotations={"original_specfile_version": 6},
        not_known_yet={"a": [1]},
    )


def spec_file(*nodes: Json, form: int) -> Json:
    return {"spec": {"_meta": {"version": form}, "nodes": list(nodes)}}


def lock_file(*nodes: Json, version: int, form: int) -> Json:
    meta = {"file-type": "spack-lockfile", "lockfile-version": version, "specfile-version": form}
    return lock(*nodes, roots=(A,)) | {"_meta": meta}


def read_text(folder: Path, document: Json, **options: Any) -> tuple[Tables, list[str]]:
    path = folder / "file.json"
    path.write_text(json.dumps(document))
    tables, report = read(path, **options)
    assert report.rejects == []
    return tables, [text.replace(f"{folder}/", "") for text in report.warnings]


DOCUMENTS = {
    "database 9": (
        index(later(A, B), later(B), version="9"),
        "file.json: database.version 9 is later than 8",
    ),
    "database 12": (
        index(later(A, B), later(B), version=12),
        "file.json: database.version 12 is later than 8",
    ),
    "lock 8": (
        lock_file(later(A, B), later(B), version=8, form=6),
        "file.json: _meta.lockfile-version 8 is later than 7",
    ),
    "lock 11": (
        lock_file(later(A, B), later(B), version=11, form=9),
        "file.json: _meta.lockfile-version 11 is later than 7",
    ),
    "lock 7 with form 6": (
        lock_file(later(A, B), later(B), version=7, form=6),
        "spec form 6 is later than 5",
    ),
    "form 6": (spec_file(later(A, B), later(B), form=6), "spec form 6 is later than 5"),
    "form 7": (spec_file(later(A, B), later(B), form=7), "spec form 7 is later than 5"),
}


@pytest.mark.parametrize(("document", "warning"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_later_version_is_read_with_one_warning(
    tmp_path: Path, document: Json, warning: str
) -> None:
    tables, warnings = read_text(tmp_path, document)
    assert warnings == [f"{warning}, the last one known: what fits is read"]
    assert tables.nodes["Spec"]["hash"].to_pylist() == [A, B]
    assert tables.edge_counts()["DEPENDS_ON"] == 1


# A mirror with several indexes --------------------------------------------------------------------

DB, SPEC = "application/vnd.spack.db", "application/vnd.spack.spec"
INSTALL = "application/vnd.spack.install"


def blob(root: Path, document: Json, media_type: str, length: int | None = None) -> Json:
    data = gzip.compress(json.dumps(document).encode(), mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    path = root / "blobs/sha256" / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {
        "contentLength": length or len(data),
        "mediaType": media_type,
        "compression": "gzip",
        "checksumAlgorithm": "sha256",
        "checksum": digest,
    }


def manifest(root: Path, name: str, *blobs: Json) -> None:
    path = root / "v3/manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "data": list(blobs)}))
    (root / "v3/layout.json").write_text('{"signing": "unsigned"}')


def mirror(root: Path, *versions: int) -> Path:
    """A mirror that lists indexes of these versions; a later one has a spec more."""
    nodes = [node(letter * 32) for letter in "abcdefghijkl"]
    blobs = [
        blob(root, index(*nodes[:version], version=str(version)), f"{DB}.v{version}+json")
        for version in versions
    ]
    manifest(root, "index/index.manifest.json", *blobs)
    return root


def said(report: Report, root: Path) -> list[str]:
    return [text.replace(f"{root}/", "") for text in report.warnings]


@pytest.mark.parametrize("versions", [(7, 8), (8, 7), (6, 8, 7)])
def test_of_several_indexes_the_newest_is_read_in_any_order(
    tmp_path: Path, versions: tuple[int, ...]
) -> None:
    tables, report = read(mirror(tmp_path, *versions))
    others = ", ".join(f"{DB}.v{version}+json" for version in sorted(versions)[:-1])
    assert tables.node_counts()["Spec"] == 8
    assert report.rejects == []
    assert said(report, tmp_path) == [
        f"v3/manifests/index/index.manifest.json: of several indexes {DB}.v8+json is read, "
        f"and not {others}"
    ]


def test_a_later_index_is_newer_though_10_is_written_before_9(tmp_path: Path) -> None:
    tables, report = read(mirror(tmp_path, 9, 10, 8))
    assert tables.node_counts()["Spec"] == 10
    assert any("database.version 10 is later than 8" in text for text in report.warnings)


def test_two_indexes_of_one_version_give_the_same_in_any_order(tmp_path: Path) -> None:
    blobs = [blob(tmp_path, index(node(spec_hash)), f"{DB}.v8+json") for spec_hash in (A, B)]
    digests = set()
    for order in (blobs, blobs[::-1]):
        manifest(tmp_path, "index/index.manifest.json", *order)
        tables, report = read(tmp_path)
        digests.add(tables.digest())
        assert len(said(report, tmp_path)) == 1
    assert len(digests) == 1


@pytest.mark.parametrize("step", [1, -1])
def test_of_several_forms_of_a_spec_the_newest_is_read(tmp_path: Path, step: int) -> None:
    blobs = [
        blob(tmp_path, spec_file(node(A), form=5), f"{SPEC}.v5+json"),
        blob(tmp_path, spec_file(later(A), form=6), f"{SPEC}.v6+json"),
        blob(tmp_path, {}, f"{INSTALL}.v2.tar+gzip", 22),
        blob(tmp_path, {"a": 1}, f"{INSTALL}.v3.tar+gzip", 33),
    ]
    manifest(tmp_path, f"spec/zlib/zlib-1.2-{A}.spec.manifest.json", *blobs[::step])
    tables, report = read(tmp_path)
    assert tables.nodes["Spec"]["size"].to_pylist() == [33]
    assert said(report, tmp_path) == ["spec form 6 is later than 5, the last one known: what fits "
                                      "is read"]  # fmt: skip


def test_many_spec_files_of_a_later_form_are_one_warning(tmp_path: Path) -> None:
    for number, spec_hash in enumerate((A, B)):
        (tmp_path / f"{number}.spec.json").write_text(
            json.dumps(spec_file(later(spec_hash), form=6))
        )
    assert list(read(tmp_path)[1].warnings.values()) == [2]
