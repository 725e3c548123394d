"""What binaries and installed packages hold is not read, wherever they lie."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Literal

import pytest
from test_spack_dependencies import A, B, body, index, lock, spec_file

from graphcache import InputError, read

Mode = Literal["w", "w:gz"]
HIDDEN = json.dumps(lock(body("hidden", B), roots=[{"hash": B}]))
INSIDE = {
    "opt/zlib/.spack/binary_distribution": "buildinfo: {}",
    "opt/zlib/.spack/spec.json": json.dumps(spec_file(body("hidden", B))),
    "opt/zlib/lib/__init__.py": "",
    "opt/zlib/share/tests/spack.lock": HIDDEN,
}
"""An installed package, which ships a lock file among its test data."""


def packed(files: dict[str, str], mode: Mode = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def mirror(
    root: Path, binary: str = "linux/gcc-12/zlib-1.0/zlib.spack", mode: Mode = "w:gz"
) -> Path:
    """A mirror of version 2."""
    zlib = body("zlib", A)
    return write(
        root,
        {
            "build_cache/index.json": json.dumps(index(zlib)),
            "build_cache/zlib.spec.json": json.dumps(spec_file(zlib)),
            f"build_cache/{binary}": packed(INSIDE, mode),
        },
    )


@pytest.mark.parametrize("given", [".", "build_cache", ".."])
@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize(
    "binary", ["linux/gcc-12/zlib-1.0/zlib.spack", "zlib.spack", "linux/zlib", "linux/zlib.tar.gz"]
)
def test_of_a_mirror_of_version_2_no_binary_is_read(
    tmp_path: Path, given: str, mode: Mode, binary: str
) -> None:
    root = mirror(tmp_path / "mirrors/m2", binary, mode)
    tables, report = read(root / given, stack="st")
    assert tables.nodes["Spec"]["name"].to_pylist() == ["zlib"]
    assert (report.rejects, report.files) == ([], 2)
    assert any(line.endswith(": a binary of a build cache") for line in report.skipped)


def test_nor_is_one_opened(tmp_path: Path) -> None:
    root = mirror(tmp_path)
    (root / "build_cache/linux/gcc-12/zlib-1.0/zlib.spack").write_bytes(b"\x1f\x8bdamaged")
    assert read(root)[1].rejects == []
    (tmp_path / "damaged").write_bytes(b"\x1f\x8bdamaged")
    assert len(read(tmp_path)[1].rejects) == 1


def test_in_the_folder_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mirror(tmp_path) / "build_cache")
    tables, report = read(".")
    assert (tables.node_counts()["Spec"], report.rejects) == (1, [])


def test_a_folder_of_that_name_that_is_no_mirror_is_read_whole(tmp_path: Path) -> None:
    root = write(tmp_path, {"build_cache/env/spack.lock": HIDDEN})
    assert read(root)[0].nodes["Spec"]["name"].to_pylist() == ["hidden"]


def test_a_binary_that_is_named_is_rejected(tmp_path: Path) -> None:
    root = mirror(tmp_path, "zlib.spack")
    with pytest.raises(InputError, match="a binary of a build cache: expected its spec file, or"):
        read(root / "build_cache/zlib.spack")


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_packed_mirror(tmp_path: Path, mode: Mode) -> None:
    root = mirror(tmp_path / "m2")
    with tarfile.open(tmp_path / "m2.tar", mode) as archive:
        archive.add(root, "m2")
    tables, report = read(tmp_path / "m2.tar")
    assert (tables.node_counts()["Spec"], report.rejects) == (1, [])


@pytest.mark.parametrize("prefix", ["", "./", "a/"])
def test_a_package_that_was_packed_is_passed_over(tmp_path: Path, prefix: str) -> None:
    """As in a blob of a mirror of version 3, whose name does not say what it is."""
    other = {f"{prefix}opt/other/spack.lock": json.dumps(lock(body("zlib", A)))}
    inside = {prefix + name: text for name, text in INSIDE.items()}
    (tmp_path / "blob").write_bytes(packed({**inside, **other}))
    tables, report = read(tmp_path / "blob")
    assert tables.nodes["Spec"]["name"].to_pylist() == ["zlib"]
    assert report.rejects == []
    assert report.skipped == [f"{tmp_path}/blob/{prefix}opt/zlib/: a package that Spack installed"]


def test_a_package_that_was_installed_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {**INSIDE, "opt/spack.lock": json.dumps(lock(body("zlib", A)))})
    tables, report = read(tmp_path)
    assert tables.nodes["Spec"]["name"].to_pylist() == ["zlib"]
    assert report.skipped == [f"{tmp_path}/opt/zlib: a package that Spack installed"]


def test_the_settings_of_a_user_are_no_package(tmp_path: Path) -> None:
    root = write(tmp_path, {".spack/mirrors.yaml": "mirrors: {}", "env/spack.lock": HIDDEN})
    assert read(root)[0].nodes["Spec"]["name"].to_pylist() == ["hidden"]


def test_sources_in_a_mirror_are_passed_over(tmp_path: Path) -> None:
    root = mirror(tmp_path)
    write(root, {"_source-cache/archive/ab/abc.tar.gz": packed({"spack/spack.lock": HIDDEN})})
    tables, report = read(root)
    assert tables.nodes["Spec"]["name"].to_pylist() == ["zlib"]
    assert f"{root}/_source-cache: sources of packages" in report.skipped
