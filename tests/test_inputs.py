"""Where pages come from: files, folders, archives, pipes; whole, damaged and hostile ones."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import sys
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import oracle
import pyarrow as pa
import pytest
from conftest import within
from test_spack_dependencies import body, lock

from graphcache import InputError, Report, Tables, read
from graphcache.sources.inputs import MAX_FILE

Mode = Literal["w", "w:gz"]
PAGE = oracle.page_text("zlib", records=[oracle.record("a" * 32)]).encode()
OTHER = oracle.page_text("hdf5", records=[oracle.record("b" * 32)]).encode()
BLOCK = 512


def kept(tables: Tables) -> set[str]:
    return set(tables.nodes["Package"]["name"].to_pylist())


def rejects(report: Report) -> list[str]:
    return [str(reject) for reject in report.rejects]


def why_not(path: Path | str) -> str:
    """What is said of a path of which nothing could be read, without the line that names it."""
    with pytest.raises(InputError) as caught:
        within(600, lambda: read(path))
    first, *rest = str(caught.value).split("\n")
    assert first.endswith(": nothing of a Spack build cache could be read")
    return "\n".join(line.strip() for line in rest)


# One content in many wrappings --------------------------------------------------------------------


def as_tar(folder: Path, out: Path, mode: Mode = "w") -> Path:
    with tarfile.open(out, mode) as archive:
        archive.add(folder, "pages")
    return out


def as_zip(folder: Path, out: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(out, "w", method) as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder))
    return out


def as_deep_folder(folder: Path, out: Path) -> Path:
    for file in folder.iterdir():
        deep = out / file.stem / "a" / "b"
        deep.mkdir(parents=True)
        (deep / "specs.md").write_bytes(file.read_bytes())
    return out


def behind_symlinks(folder: Path, out: Path) -> Path:
    out.mkdir()
    for number, file in enumerate(sorted(folder.iterdir())):
        (out / str(number)).symlink_to(file.resolve())
    return out


@pytest.mark.parametrize(
    "wrap",
    [
        as_tar,
        lambda folder, out: as_tar(folder, out, "w:gz"),
        as_zip,
        lambda folder, out: as_zip(folder, out, zipfile.ZIP_STORED),
        lambda folder, out: as_zip(folder, out, zipfile.ZIP_BZIP2),
        lambda folder, out: as_zip(folder, out, zipfile.ZIP_LZMA),
        as_deep_folder,
        behind_symlinks,
    ],
    ids=["tar", "tar.gz", "zip", "stored zip", "bzip2 zip", "lzma zip", "folders", "symlinks"],
)
def test_pages_in_any_wrapping_are_the_same(
    example_pages: Path, examples: Tables, tmp_path: Path, wrap: Callable[[Path, Path], Path]
) -> None:
    tables, report = read(wrap(example_pages, tmp_path / "any.name"))
    assert tables.digest() == examples.digest()
    assert (report.files, report.kept, report.rejects) == (6, 216, [])
    assert len(report.warnings) == 1


def test_a_page_may_be_gzipped(tmp_path: Path) -> None:
    packed = tmp_path / "page.gz"
    packed.write_bytes(gzip.compress(PAGE, mtime=0))
    assert kept(read(packed)[0]) == {"zlib"}


@pytest.mark.parametrize("content", [PAGE, gzip.compress(PAGE, mtime=0)])
def test_standard_input(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    tables, report = read("-")
    assert kept(tables) == {"zlib"}
    assert (report.files, report.rejects) == (1, [])


def test_an_archive_on_standard_input(
    example_pages: Path, examples: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = as_tar(example_pages, tmp_path / "pages.tar.gz", "w:gz")
    with archive.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert read("-")[0].digest() == examples.digest()


def test_nothing_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert why_not("-") == "standard input: the file is empty"


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[PAGE], daemon=True)
    writer.start()
    assert kept(within(600, lambda: read(pipe))[0]) == {"zlib"}
    writer.join()


@pytest.mark.slow
def test_several_paths_are_one_input(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(PAGE)
    b.write_bytes(OTHER)
    assert kept(read(a, b)[0]) == {"zlib", "hdf5"}
    assert read(a, b)[0].digest() == read(b, a)[0].digest() == read(tmp_path)[0].digest()
    tables, report = read(a, a)
    assert (report.files, dict(report.warnings)) == (2, {})
    assert tables.digest() == read(a)[0].digest()


def test_progress_is_told_after_each_file(example_pages: Path) -> None:
    told: list[int] = []
    read(example_pages, on_file=told.append)
    assert told == [1, 2, 3, 4, 5, 6]


# Folders that hold other things too ---------------------------------------------------------------


def test_what_is_no_page_is_skipped_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "page").write_bytes(PAGE)
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "post.md").write_text("---\ntitle: a post\nlayout: post\n---\ntext\n")
    (tmp_path / ".hidden").write_bytes(OTHER)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "page").write_bytes(OTHER)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "again").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        tables, report = within(600, lambda: read(tmp_path / "folder" / ".."))
    assert kept(tables) == {"zlib"}
    assert report.rejects == []
    here = f"{tmp_path}/folder/.."
    assert sorted(report.skipped) == [
        f"{here}/.git: hidden",
        f"{here}/.hidden: hidden",
        f"{here}/dangling: neither a file nor a folder",
        f"{here}/folder/again: a symlink to a folder that was read already",
        f"{here}/loop: Too many levels of symbolic links",
        f"{here}/notes.txt: not Spack's",
        f"{here}/pipe: neither a file nor a folder",
        f"{here}/post.md: not Spack's",
        f"{here}/socket: neither a file nor a folder",
    ]


@pytest.mark.parametrize("content", [b"notes", b"---\nlayout: post\n---\n", b"\0" * 4096, b"\n"])
def test_what_is_no_page_is_rejected_where_it_was_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert why_not(file) == (
        f"{file}: not a page, index, lock file or spec file of Spack, "
        "nor an archive (.tar, .tar.gz, .zip) of them"
    )


def test_a_folder_without_a_page(tmp_path: Path) -> None:
    assert why_not(tmp_path) == "there are no files"
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    assert (
        why_not(tmp_path) == f"2 other files or folders are not Spack's: {tmp_path}/a: not Spack's"
    )


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none"
    assert why_not(path) == f"{path}: there is no such file or folder"
    assert why_not(f"{path}\0") == f"{path}\\x00: embedded null byte"


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "page").write_bytes(PAGE)
    tables, report = read(tmp_path)
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [f"{tmp_path}/empty: the file is empty"]
    assert (report.files, report.records, report.kept) == (1, 1, 1)


def test_a_name_that_is_not_utf_8_or_not_one_line(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/f\xff")
    (tmp_path / "f\udcff" / "a\nb").write_bytes(b"---\nlayout: cache\n---\n")
    (tmp_path / "f\udcff" / "c\xa0d").write_text("")
    (tmp_path / "page").write_bytes(PAGE)
    assert rejects(read(tmp_path)[1]) == [
        f"{tmp_path}/f\\udcff/a\\nb: missing key title",
        f"{tmp_path}/f\\udcff/c\\xa0d: the file is empty",
    ]


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder for a user to whom file permissions apply, even where the tests are root's."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)  # noqa: S103
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            yield Path(name)
        finally:
            if is_root:
                os.seteuid(0)


def test_files_and_folders_without_permission(tmp_path: Path) -> None:
    with nobody() as folder:
        (folder / "page").write_bytes(PAGE)
        (folder / "closed").write_bytes(OTHER)
        (folder / "closed").chmod(0)
        (folder / "locked").mkdir(mode=0)
        try:
            tables, report = read(folder)
            assert why_not(folder / "closed") == f"{folder}/closed: no permission to read it"
            assert why_not(folder / "locked" / "x") == (
                f"{folder}/locked/x: no permission to read it"
            )
        finally:
            (folder / "locked").chmod(0o700)
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [
        f"{folder}/closed: no permission to read it",
        f"{folder}/locked: no permission to read it",
    ]


# Large files --------------------------------------------------------------------------------------

TOO_LARGE = f"expected a page of at most {MAX_FILE:,} bytes, found more"


def sparse(path: Path, head: bytes) -> Path:
    """A file of 1 GiB that takes no room."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(2**30)
    return path


@pytest.mark.parametrize("head", [b"", PAGE, b"\x1f\x8b", b"PK\x03\x04", b"\x7fELF"])
def test_a_file_of_a_gigabyte(tmp_path: Path, head: bytes) -> None:
    large = sparse(tmp_path / "large", head)
    assert why_not(large).startswith(f"{large}: ")
    (tmp_path / "page").write_bytes(PAGE)
    tables, report = within(600, lambda: read(tmp_path))
    assert kept(tables) == {"zlib"}
    assert len(report.rejects) + len(report.skipped) == 1


@pytest.mark.slow
def test_a_page_that_is_too_large(tmp_path: Path) -> None:
    page = sparse(tmp_path / "page", PAGE)
    assert why_not(page) == f"{page}: {TOO_LARGE}"
    page.write_bytes(PAGE + b"\n" * (MAX_FILE - len(PAGE)))
    assert kept(read(page)[0]) == {"zlib"}
    page.write_bytes(PAGE + b"\n" * (MAX_FILE - len(PAGE) + 1))
    assert why_not(page) == f"{page}: {TOO_LARGE}"


@pytest.mark.slow
def test_a_gzip_bomb(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    bomb.write_bytes(gzip.compress(PAGE, mtime=0) + gzip.compress(b"\n" * 2**24) * 200)
    assert why_not(bomb) == f"{bomb}: {TOO_LARGE}"


@pytest.mark.slow
def test_zip_bombs(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("large page", PAGE + b"\n" * MAX_FILE)
        archive.writestr("large", b"\0" * (MAX_FILE + 1))
        archive.writestr("page", PAGE)
    tables, report = read(bomb)
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [f"{bomb}/large page: {TOO_LARGE}"]
    assert report.skipped == [f"{bomb}/large: not Spack's"]


@pytest.mark.slow
def test_a_zip_member_that_lies_about_its_size(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    content = PAGE + b"\n" * MAX_FILE
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("page", content)
    told = bomb.read_bytes()
    assert told.count(len(content).to_bytes(4, "little")) == 2
    bomb.write_bytes(told.replace(len(content).to_bytes(4, "little"), (400).to_bytes(4, "little")))
    assert why_not(bomb).startswith(f"{bomb}/page: ")


def test_a_zip_that_unpacks_to_too_much(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb"
    with zipfile.ZipFile(bomb, "w") as archive:
        for name in "abcdef":
            archive.writestr(name, PAGE)
    told, size = bomb.read_bytes(), len(PAGE).to_bytes(4, "little")
    assert told.count(size) == 24
    bomb.write_bytes(told.replace(size, (2**32 - 2).to_bytes(4, "little")))
    assert why_not(bomb) == f"{bomb}: a damaged archive: more than 17,179,869,184 bytes"


# Hostile and damaged archives ---------------------------------------------------------------------


def test_names_that_lead_out_of_an_archive_lead_nowhere(tmp_path: Path) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    names = ["../outside", "/absolute", "a/../../b", "page"]
    with tarfile.open(inner / "a.tar", "w") as tar, zipfile.ZipFile(inner / "b.zip", "w") as packed:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(PAGE)
            tar.addfile(member, io.BytesIO(PAGE))
            packed.writestr(name, OTHER)
    before = sorted(tmp_path.rglob("*"))
    tables, report = read(inner)
    assert kept(tables) == {"zlib", "hdf5"}
    assert (report.files, report.rejects) == (8, [])
    assert sorted(tmp_path.rglob("*")) == before


def test_only_the_files_of_a_tar_archive_are_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, b"5"):
            member = tarfile.TarInfo(f"member {kind.decode()}")
            member.type, member.linkname = kind, "page"
            archive.addfile(member)
        member = tarfile.TarInfo("page\nnew line\udcff")
        member.size = len(PAGE)
        archive.addfile(member, io.BytesIO(PAGE))
        archive.addfile(tarfile.TarInfo("empty \udcff"))
    tables, report = read(tmp_path)
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [f"{tmp_path}/a.tar/empty \\udcff: the file is empty"]


def tar_of(out: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: Mode = "w") -> Path:
    with tarfile.open(out, mode) as archive:
        for member, content in members:
            member.size = member.size or len(content)
            archive.addfile(member, io.BytesIO(content))
    return out


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_link_in_a_tar_archive_is_read_as_in_a_folder(tmp_path: Path, mode: Mode) -> None:
    archive = tar_of(
        tmp_path / "a.tar",
        [
            link("envs/tools/spack.lock", "../io/spack.lock"),
            link("envs/io/spack.lock", "./../hep/spack.lock"),
            (tarfile.TarInfo("./envs/hep/spack.lock"), environment()),
            link("envs/science/spack.lock", "envs/hep/spack.lock", tarfile.LNKTYPE),
        ],
        mode,
    )
    tables, report = read(archive)
    assert tables.nodes["Stack"]["name"].to_pylist() == ["hep", "io", "science", "tools"]
    assert (report.files, report.skipped) == (4, [])


def test_a_link_in_a_tar_archive_of_zstd(tmp_path: Path) -> None:
    plain = tar_of(
        tmp_path / "a.tar",
        [
            (tarfile.TarInfo("io/spack.lock"), environment()),
            link("hep/spack.lock", "../io/spack.lock"),
        ],
    )
    packed = tmp_path / "a.tar.zst"
    packed.write_bytes(pa.compress(plain.read_bytes(), "zstd", asbytes=True))
    tables, _ = read(packed)
    assert tables.nodes["Stack"]["name"].to_pylist() == ["hep", "io"]


def environment() -> bytes:
    return json.dumps(lock(body("zlib", "a" * 32), roots=[{"hash": "a" * 32}])).encode()


def test_a_link_that_leads_to_no_file_of_the_archive_is_listed(tmp_path: Path) -> None:
    archive = tar_of(
        tmp_path / "a.tar",
        [
            (tarfile.TarInfo("page"), PAGE),
            link("out", "../../etc/passwd"),
            link("absolute", "/etc/passwd"),
            link("loop", "pool"),
            link("pool", "loop"),
            link("later", "nothing", tarfile.LNKTYPE),
        ],
    )
    tables, report = read(archive)
    assert kept(tables) == {"zlib"}
    assert report.skipped == [
        f"{archive}/{name}: a link to what is no file of the archive"
        for name in ("absolute", "later", "loop", "out", "pool")
    ]


@pytest.mark.slow
def test_links_of_an_archive_can_not_make_it_large(tmp_path: Path) -> None:
    page = tarfile.TarInfo("page")
    members = [(page, PAGE + b"\n" * 2**20), *(link(f"{n}", "page") for n in range(2**14))]
    archive = tar_of(tmp_path / "a.tar", members)
    _, report = read(archive)
    assert rejects(report) == [f"{archive}: a damaged archive: more than 17,179,869,184 bytes"]


SAYS = "a damaged archive: "


@pytest.mark.parametrize(
    ("kind", "size", "why"),
    [
        (b"V", 2**60, "x: a sparse file, or one of 1,152,921,504,606,846,976 bytes"),
        (b"V", 2**33, "unexpected end of data"),
        (tarfile.REGTYPE, 2**33, "unexpected end of data"),
        (tarfile.REGTYPE, -512, "x: a sparse file, or one of -512 bytes"),
        (tarfile.GNUTYPE_SPARSE, 512, "x: a sparse file, or one of 512 bytes"),
        (tarfile.GNUTYPE_LONGNAME, 2**30, "a header of 1,073,741,824 bytes, more than 65,536"),
        (tarfile.GNUTYPE_LONGLINK, 2**30, "a header of 1,073,741,824 bytes, more than 65,536"),
        (tarfile.XHDTYPE, 2**30, "a header of 1,073,741,824 bytes, more than 65,536"),
        (tarfile.XGLTYPE, 65_537, "a header of 65,537 bytes, more than 65,536"),
        (tarfile.XHDTYPE, -1, "a header of -1 bytes, more than 65,536"),
    ],
)
def test_what_a_header_of_a_tar_archive_says_costs_nothing(
    tmp_path: Path, kind: bytes, size: int, why: str
) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = kind, size
    archive = tmp_path / "a.tar"
    archive.write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(BLOCK))
    assert why_not(archive) == f"{archive}: {SAYS}{why}"


@pytest.mark.parametrize(
    "headers", [{}, {"path": "é" * 2000}, {"comment": "1" * 60_000}, {"path": "a\nb=c"}]
)
def test_extended_headers_of_a_tar_archive(tmp_path: Path, headers: dict[str, str]) -> None:
    member = tarfile.TarInfo("page")
    member.pax_headers = headers
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.pax_headers = {"comment": "of the whole"}
        member.size = len(PAGE)
        archive.addfile(member, io.BytesIO(PAGE))
        archive.addfile(tarfile.TarInfo("empty"))
    tables, report = read(tmp_path / "a.tar")
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [f"{tmp_path}/a.tar/empty: the file is empty"]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"99 path=a\n", "an extended header is damaged"),
        (b"2 path=a\n", "an extended header is damaged"),
        (b"22 GNU.sparse.major=1\n", "page: a sparse file, or one of over 8 GiB"),
        (b"10 size=1\n", "page: a sparse file, or one of over 8 GiB"),
    ],
)
def test_a_damaged_extended_header_of_a_tar_archive(
    tmp_path: Path, header: bytes, why: str
) -> None:
    first, page = tarfile.TarInfo("x"), tarfile.TarInfo("page")
    first.type, first.size, page.size = tarfile.XHDTYPE, len(header), len(PAGE)
    archive = tmp_path / "a.tar"
    archive.write_bytes(first.tobuf() + header.ljust(BLOCK, b"\0") + page.tobuf() + PAGE)
    assert why_not(archive) == f"{archive}: {SAYS}{why}"


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [as_tar, as_zip, lambda f, out: as_tar(f, out, "w:gz")])
@pytest.mark.parametrize(
    "pack", [gzip.compress, lambda data: pa.compress(data, "zstd", asbytes=True)]
)
def test_what_is_packed_in_an_archive_is_read_as_in_a_folder(
    tmp_path: Path, wrap: Callable[[Path, Path], Path], pack: Callable[[bytes], bytes]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "page").write_bytes(PAGE)
    (folder / "other").write_bytes(pack(OTHER))
    (folder / "damaged").write_bytes(pack(OTHER)[:30])
    (folder / "large").write_bytes(pack(PAGE + b"\n" * MAX_FILE))
    archive = wrap(folder, tmp_path / "out")
    tables, report = read(archive)
    expected, of_folder = read(folder)
    assert kept(tables) == {"zlib", "hdf5"}
    assert tables.digest() == expected.digest()
    assert sorted(reject.why for reject in report.rejects) == sorted(
        reject.why for reject in of_folder.rejects
    )


def test_an_archive_in_an_archive_is_skipped(example_pages: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    as_zip(example_pages, tmp_path / "in" / "pages.zip")
    (tmp_path / "in" / "page").write_bytes(PAGE)
    tables, report = read(as_tar(tmp_path / "in", tmp_path / "out.tar"))
    assert kept(tables) == {"zlib"}
    assert report.skipped == [f"{tmp_path}/out.tar/pages/pages.zip: not Spack's"]


def test_a_page_is_a_page_even_where_a_tar_archive_has_its_mark(tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.write_bytes(PAGE[:4] + b"# " + b"x" * (257 - 6) + b"ustar\n" + PAGE[4:])
    assert page.read_bytes()[257:262] == b"ustar"
    assert kept(read(page)[0]) == {"zlib"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_archive_that_is_cut_off_anywhere(tmp_path: Path, mode: Mode) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    (inner / "a").write_bytes(PAGE)
    (inner / "b").write_bytes(OTHER)
    whole = as_tar(inner, tmp_path / "whole", mode).read_bytes()
    end = len(whole) if mode == "w:gz" else len(whole.rstrip(b"\0"))
    cut = tmp_path / "cut"
    read_in_part = set()
    # The last one too: of what is packed no member is there before the last few bytes are.
    for size in (*range(1, end, end // 50), end - 1):
        cut.write_bytes(whole[:size])
        try:
            tables, report = read(cut)
        except InputError as error:
            assert len(str(error).split("\n")) == 2  # noqa: PT017
        else:
            read_in_part.add(len(kept(tables)))
            assert len(report.rejects) == 1
            assert rejects(report)[0].startswith(f"{cut}: a damaged archive: ")
    assert read_in_part


def test_a_tar_archive_with_a_damaged_header_is_no_shorter_one(tmp_path: Path) -> None:
    for name, content in (("a", PAGE), ("b", OTHER)):
        (tmp_path / name).write_bytes(content)
    out = tmp_path / "out"
    with tarfile.open(out, "w") as archive:
        archive.add(tmp_path / "a", "a")
        start = archive.offset
        archive.add(tmp_path / "b", "b")
    damaged = bytearray(out.read_bytes())
    damaged[start + 150] ^= 1  # in the checksum
    out.write_bytes(damaged)
    tables, report = read(out)
    assert kept(tables) == {"zlib"}
    assert rejects(report) == [f"{out}: a damaged archive: bad checksum"]


def zipped(path: Path, method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    """A zip of three pages, of zlib, boost and hdf5, as bytes."""
    boost = oracle.page_text("boost", records=[oracle.record("c" * 32)])
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a", PAGE)
        archive.writestr("b", boost)
        archive.writestr("c", OTHER)
    return bytearray(path.read_bytes())


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def second(content: bytearray, mark: bytes) -> int:
    """Where the header of the second member begins."""
    return content.index(mark, content.index(mark) + 1)


@pytest.mark.parametrize(
    ("local", "central", "value", "why"),
    [
        (6, 8, 1, "an archive that can't be read: it is encrypted"),
        (8, 10, 99, "an archive that can't be read: That compression method is not supported"),
        (14, 16, 0, "a damaged archive: Bad CRC-32 for file 'b'"),
        (0, 10, 8, "a damaged archive: Bad magic number for file header"),
    ],
)
def test_a_damaged_member_of_a_zip_costs_no_other(
    tmp_path: Path, local: int, central: int, value: int, why: str
) -> None:
    archive = tmp_path / "archive"
    content = zipped(archive)
    content[second(content, LOCAL) + local] = value
    content[second(content, CENTRAL) + central] = value
    archive.write_bytes(content)
    tables, report = read(archive)
    assert kept(tables) == {"zlib", "hdf5"}
    assert rejects(report) == [f"{archive}/b: {why}"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damaged_content_of_a_zip_member(tmp_path: Path, method: int) -> None:
    archive = tmp_path / "archive"
    content = zipped(archive, method)
    start = second(content, LOCAL) + 41
    content[start : start + 50] = b"\xff" * 50
    archive.write_bytes(content)
    tables, report = read(archive)
    assert kept(tables) == {"zlib", "hdf5"}
    (said,) = rejects(report)
    assert said.startswith(f"{archive}/b: a damaged archive: ")


def test_a_zip_that_is_cut_off(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    content = zipped(archive)
    for size in (4, 40, len(content) // 2, len(content) - 1):
        archive.write_bytes(content[:size])
        assert why_not(archive) == f"{archive}: a damaged archive: File is not a zip file"


def test_an_empty_zip(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    zipfile.ZipFile(archive, "w").close()
    assert why_not(archive) == "there are no files"


@pytest.mark.parametrize("length", [20, -9])
def test_a_gzipped_page_that_is_cut_off(tmp_path: Path, length: int) -> None:
    packed = tmp_path / "page.gz"
    packed.write_bytes(gzip.compress(PAGE)[:length])
    assert why_not(packed) == (
        f"{packed}: a damaged archive: "
        "Compressed file ended before the end-of-stream marker was reached"
    )


def test_a_tar_archive_of_nothing_but_long_names(tmp_path: Path) -> None:
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 1
    archive = tmp_path / "archive"
    archive.write_bytes((member.tobuf() + b"x".ljust(BLOCK, b"\0")) * 5000)
    assert why_not(archive).startswith(f"{archive}: ")
