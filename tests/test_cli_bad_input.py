"""What is bad is refused in words, with its exit code, and leaves all files as they were.

That there is never a traceback, `command_line.run` sees to.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import oracle
import pytest
from command_line import Argument, Process, environment, run

PAGE = oracle.page_text("zlib", records=[oracle.record("a" * 32)])


@pytest.fixture(scope="module")
def strange(
    example_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, tuple[int, int]]]:
    """A folder of what is no page and no store, and what is in it."""
    folder = tmp_path_factory.mktemp("strange")
    (folder / "empty").mkdir()
    (folder / "pages").mkdir()
    (folder / "pages/zlib.md").write_text(PAGE)
    (folder / "binary").write_bytes(bytes(range(256)) * 20)
    (folder / "nothing").write_bytes(b"")
    (folder / "whole.lbug").write_bytes(example_store.read_bytes())
    (folder / "damaged.lbug").write_bytes(example_store.read_bytes()[:100_000])
    (folder / "cut.tar.gz").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\x03abc")
    (folder / "latin.cypher").write_bytes(b"RETURN '\xe9'")
    (folder / "library").mkdir()
    (folder / "library/bad.cypher").write_text("RETURN 1")
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("pipe")
    (folder / "loop").symlink_to("loop")
    return folder, sizes(folder)


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything below the folder, with its kind and size."""
    found = ((path, path.lstat()) for path in folder.rglob("*"))
    return {str(path): (status.st_mode, status.st_size) for path, status in found}


WHOLE = ("--store", "whole.lbug")
NO_PIPE = "expected a store file, found a device, a pipe or a socket"
BAD_INPUT: list[tuple[tuple[Argument, ...], int, str]] = [
    # Pages
    (("build",), 2, "Missing argument 'PATH...'."),
    (("build", "none"), 1, "none: there is no such file or folder"),
    (("build", "binary/x"), 1, "binary/x: Not a directory"),
    (("build", ""), 1, "there is no such file or folder"),
    (("build", "empty"), 1, "there are no files"),
    (("build", "binary"), 1, "not a page, index, lock file or spec file of Spack, nor an"),
    (("build", "nothing"), 1, "nothing: the file is empty"),
    (("build", "/dev/null"), 1, "/dev/null: the file is empty"),
    (("build", "cut.tar.gz"), 1, "cut.tar.gz: a damaged archive"),
    (("build", "loop"), 1, "loop: Too many levels of symbolic links"),
    (("build", b"\xff\xfe"), 1, "\\udcff\\udcfe: there is no such file or folder"),
    (("build", "x" * 300), 1, "File name too long"),
    (("build", "pages", "--as", ""), 2, "--release: expected a name of 1 to 1,000 printable char"),
    (
        ("build", "pages", "--as", "a\nb"),
        2,
        "--release: expected a name of 1 to 1,000 printable ch",
    ),
    (
        ("build", "pages", "--as", b"\xff"),
        2,
        "--release: expected a name of 1 to 1,000 printable c",
    ),
    (("build", "pages", "--rejects", "none/x"), 1, "'none/x': No such file or directory"),
    (("build", "pages", "--rejects", "empty"), 2, "File 'empty' is a directory."),
    (("build", "pages", "--colour"), 2, "No such option '--colour'."),
    (("update", "pages", "--store", "none"), 1, "none: there is no store: make one by"),
    # Stores
    *((("build", "pages", "--store", at), 1, f"{at}: {NO_PIPE}") for at in ("pipe", "link")),
    (("build", "pages", "--store", "empty"), 1, "empty: expected a store file, found a folder"),
    (("build", "pages", "--store", "none/x"), 1, "none/x: there is no folder none: make it"),
    (("build", "pages", "--store", b"\xff"), 1, "expected a file name in UTF-8"),
    (("update", "pages", "--store", "pipe"), 1, f"pipe: {NO_PIPE}"),
    (("stats",), 1, "graphcache.lbug: there is no store: make one by 'graphcache build PATH...'"),
    (("stats", "--store", "link"), 1, f"link: {NO_PIPE}"),
    (("stats", "--store", "nothing"), 1, "nothing: the file is empty: build it again"),
    (("stats", "--store", "binary"), 1, "binary: not a store: graphcache makes one by"),
    (("stats", "--store", "ftp://x"), 2, "Error: "),
    (("stats", *WHOLE, "--format", "xml"), 2, "'xml' is not one of 'table', 'json'."),
    (("verify", "--store", "damaged.lbug"), 1, "damaged.lbug: not a whole store: graphcache"),
    (
        ("update", "pages", "--store", "damaged.lbug"),
        1,
        "damaged.lbug: not a whole store: graphcache",
    ),
    (("push",), 2, "no server: give its URI, or set NEO4J_URI"),
    (("schema", "--format", "xml"), 2, "'xml' is not one of 'text', 'json', 'cypher'."),
    # Queries
    (("query", "redundant-build"), 2, "No query named 'redundant-build'. Did you mean redundant-b"),
    (("query", "nothing-like-it"), 2, "No query named 'nothing-like-it'. 'graphcache query' li"),
    (
        ("query", "MATCH (s:Spec {name: 'x'}) RETURN s"),
        2,
        "Error: Cypher goes behind -c: graphcache query -c 'MATCH (s:Spec {name: '\"'\"'x'\"'\"'})",
    ),
    (("query", "MATCH " + "x" * 9999), 2, "xxx…'\n"),
    (("query", b"\xff"), 2, "No query named '\\udcff'."),
    (("query", "usable-specs"), 2, "Missing option '--package'."),
    (("query", "package", *WHOLE, "--package", b"\xff"), 2, "expected a part of a spec, at char"),
    (("query", "stacks", "--limit", "x"), 2, "'x' is not a valid integer range."),
    (("query", "stacks", "--limit", "-1"), 2, "-1 is not in the range x>=0."),
    (("query", "stacks", "--timeout", "0"), 2, "0.0 is not in the range x>0."),
    (("query", "stacks", "-c", "RETURN 1"), 2, "No such option '-c'."),
    (("query", "-c", "RETURN 1", "stacks"), 2, "-c, -f and --param do not go with a named quer"),
    (("query", "-c", "RETURN 1", "-f", "pages/zlib.md"), 2, "give -c or -f, not both"),
    (("query", *WHOLE, "-c", "RETURN 1", "--timeout", "nan"), 2, "expected a number, found nan"),
    (("query", *WHOLE, "-c", "RETURN 1", "--param", "x"), 2, "expected KEY=VALUE, found 'x'"),
    (("query", *WHOLE, "-c", "RETURN 1", "--param", "1=x"), 2, "expected KEY=VALUE, found '1=x'"),
    (("query", *WHOLE, "-c", "RETURN $x", "--param", b"x=\xff"), 2, "x: expected text in UTF-8"),
    (("query", *WHOLE, "-c", "RETURN $x", "--param", f"x={2**63}"), 2, "x: expected an integer of"),
    (("query", *WHOLE, "-c", "RETURN $x", "--param", f"x=[{-(2**63) - 1}]"), 2, "x: expected an i"),
    (("query", *WHOLE, "-c", "RETURN $x", "--param", 'x=["\\ud800"]'), 2, "x: expected text in U"),
    (("query", *WHOLE, "-c", ""), 1, "the query is empty: expected one Cypher statement"),
    (("query", *WHOLE, "-c", "MATCH (s RETURN s"), 1, "Invalid input <MATCH (s RETURN>"),
    (
        ("query", *WHOLE, "-c", "RETURN $p"),
        1,
        "the query needs $p: give it by --param p=VALUE",
    ),
    (
        ("query", *WHOLE, "-c", "RETURN 1 AS x, 2 AS x", "--format", "json"),
        1,
        "two columns are named 'x': name them apart by AS",
    ),
    (("query", "-f", "none"), 2, "'none': No such file or directory"),
    (("query", "-f", "latin.cypher"), 1, "expected UTF-8"),
    (("query", "-f", "empty"), 2, "'empty': Is a directory"),
    (("query", "--library", "none"), 2, "none: there is no such folder of queries"),
    (("query", "--library", "library"), 2, "library/bad.cypher: expected a line '// Title: …'"),
    (
        ("query", "usable-specs", *WHOLE, "--package", "x", "--target", "zen44"),
        2,
        "expected a target that archspec knows, found 'zen44'. Did you mean zen4",
    ),
    # Exports
    (("export",), 2, "Missing argument 'FORMAT'."),
    (("export", "json"), 2, "Missing argument 'OUT'."),
    (("export", "xml", "x"), 2, "'xml' is not one of 'graphml', 'csv', 'parquet', 'json', 'cy"),
    (("export", "json", "empty", *WHOLE), 1, "expected a file to write, found a folder"),
    (("export", "json", "none/x", *WHOLE), 1, "there is no folder"),
    (("export", "json", "link", *WHOLE), 1, "found a device or pipe"),
    (("export", "csv", "-", *WHOLE), 2, "csv writes a folder: expected its path, found -"),
    (("export", "csv", ".", *WHOLE), 1, "is the current folder, or holds it"),
    (("export", "parquet", "pages", *WHOLE), 1, "found one that holds 'zlib.md' too"),
    (("export", "json", "x", "--around", "none", *WHOLE), 2, "none: no such package in the graph"),
    # The rest
    (("none",), 2, "No such command 'none'."),
    ((b"\xff",), 2, "No such command '\\udcff'."),
    (("--none",), 2, "No such option '--none'."),
    (("stats", "extra"), 2, "Got unexpected extra argument (extra)"),
    (("completion", "tcsh"), 2, "'tcsh' is not one of 'bash', 'zsh', 'fish'."),
]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    BAD_INPUT,
    ids=lambda value: " ".join(map(ascii, value))[:60] if isinstance(value, tuple) else "",
)
def test_bad_input_is_refused_in_words(
    arguments: tuple[Argument, ...],
    code: int,
    said: str,
    strange: tuple[Path, dict[str, tuple[int, int]]],
) -> None:
    folder, before = strange
    ended = run(*arguments, cwd=folder)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.replace("\n", "").isprintable()
    assert sizes(folder) == before


FORBIDDEN = """
import os
import filelock, graphcache.workflows  # while this user may read them
from graphcache.cli.main import main
if os.geteuid() == 0:  # whom no permission stops
    os.setegid(65534)
    os.seteuid(65534)
main()
"""


@pytest.fixture
def guarded(example_store: Path) -> Iterator[Path]:
    """A folder in which only `open` can be written, and what is secret not even be read."""
    # Not below pytest's folder, which is closed to others.
    with TemporaryDirectory() as name:
        folder = Path(name)
        for inner in ("open", "secret"):
            (folder / inner).mkdir()
        for page in ("page.md", "secret.md"):
            (folder / page).write_text(PAGE)
        shutil.copy(example_store, folder / "secret.lbug")
        modes = {"open": 0o777, "secret": 0, "secret.md": 0, "secret.lbug": 0, ".": 0o555}
        for place, mode in modes.items():
            (folder / place).chmod(mode)
        yield folder
        for place in (".", "secret"):
            (folder / place).chmod(0o755)


@pytest.mark.process
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("build secret.md --store open/new", "secret.md: no permission to read it"),
        ("build page.md", "graphcache.lbug: can't be written: Permission denied"),
        ("build page.md --rejects list --store open/new", "'list': Permission denied"),
        ("stats --store secret.lbug", "secret.lbug: no permission to read it"),
        ("stats --store secret/x", "secret/x: can't be opened: Permission denied"),
    ],
)
def test_no_permission_is_said(line: str, said: str, guarded: Path) -> None:
    command = [sys.executable, "-c", FORBIDDEN, *line.split()]
    ended = Process(command, guarded, environment()).end()
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err
    assert sorted(os.listdir(guarded)) == ["open", "page.md", "secret", "secret.lbug", "secret.md"]
    assert not os.listdir(guarded / "open")
