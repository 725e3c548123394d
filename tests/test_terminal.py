"""Answers on a terminal: nothing that is a name or a hash is broken, whatever the width."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest
from command_line import on_terminal, run
from conftest import tries
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from graphcache.cli.telling import broken_between_words
from graphcache.views.answers import FORMATS, render
from graphcache.views.terminal import Screen, lay_out

WIDTHS = st.sampled_from([40, 80, 200])
HASH = "27m4hfs6hzyiv3h33urmjffu33wx4kzo"


def printed(columns: Sequence[str], rows: Sequence[Sequence[Any]], screen: Screen) -> list[str]:
    layout = lay_out(columns, rows, screen)
    return [*layout.above, *layout.head, *layout.body]


def told(text: str, width: int) -> list[str]:
    return broken_between_words(text, width).split("\n")


# Words ----------------------------------------------------------------------------------------

NAMES = st.text("bdfgx019-_.@+~=é漢", min_size=1, max_size=18)
HASHES = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=32, max_size=32)
VALUES = st.one_of(
    NAMES,
    HASHES,
    st.lists(st.one_of(NAMES, HASHES), max_size=12),
    st.lists(NAMES, min_size=2, max_size=9).map(" ".join),
    st.integers(0, 10**6),
)
TITLES = ("package", "hash", "versions", "needed_by", "stacks", "variants", "os")
TABLES = st.integers(1, len(TITLES)).flatmap(
    lambda count: st.lists(st.tuples(*[VALUES] * count), max_size=12)
)


def words_of(value: Any) -> list[str]:
    """What must not be broken."""
    if isinstance(value, list):
        return [word for item in value for word in words_of(item)]
    return [w[:7] if len(w) == 32 else w for w in str(value).split()]


@pytest.mark.slow
@given(TABLES, WIDTHS, st.one_of(st.none(), st.integers(1, 30)))
@example([], 40, None)
@example([([HASH] * 12,)] * 2, 40, None)
@example([("漢" * 18, ["漢" * 18] * 2, 1)] * 3, 40, 8)
@tries(300)
def test_no_word_is_broken(rows: list[tuple[Any, ...]], width: int, height: int | None) -> None:
    columns = TITLES[: len(rows[0]) if rows else 1]
    lines = printed(columns, rows, Screen(width, height))
    assert all(cell_len(line) <= width for line in lines)
    known = {word for row in rows for value in row for word in words_of(value)}
    known |= {*columns, *(f"{name}:" for name in columns), "…", "and", "more", "in", "all", "-"}
    counts = {str(n) for n in range(13)}
    for word in (word for line in lines for word in line.split()):
        assert word in known | counts | {"(--all)"} or set(word) == {"─"}, (word, lines)


@pytest.mark.slow
@given(TABLES, WIDTHS)
def test_all_values_are_there_but_for_what_lists_leave_out(
    rows: list[tuple[Any, ...]], width: int
) -> None:
    shown = " ".join(printed(TITLES[: len(rows[0]) if rows else 1], rows, Screen(width))).split()
    for row in rows:
        for value in row:
            if not isinstance(value, list) or len(value) == 1 or len(rows) == 1:
                assert set(words_of(value)) <= set(shown)


@given(TABLES, WIDTHS, st.integers(1, 40))
def test_what_is_cut_is_counted(rows: list[tuple[Any, ...]], width: int, height: int) -> None:
    columns = ["row", *TITLES[: len(rows[0]) if rows else 1]]
    numbered = [(f"row{number}", *row) for number, row in enumerate(rows)]
    lines = printed(columns, numbered, Screen(width, height))
    shown = [word for line in lines for word in line.split() if word.startswith("row")]
    shown = [word for word in shown if word not in ("row", "row:")]
    assert shown == [f"row{number}" for number in range(len(shown))]
    note = [line for line in lines if line.endswith("(--all)")]
    rest = len(rows) - len(shown)
    assert note == ([f"… and {rest} more (--all)"] if rest else [])
    # The first row is there on any screen; with more of them, a line is left for the prompt.
    assert len(shown) >= min(len(rows), 1)
    assert len(lines) < height or len(shown) <= 1


# Forms ------------------------------------------------------------------------------------------


def test_one_row_stands_upright() -> None:
    row = ("py-pdm-backend", 1234, ["e4s", "ml-linux"], None, True)
    assert printed(["package", "specs", "stacks", "os", "held"], [row], Screen(80)) == [
        "package: py-pdm-backend",
        "specs:   1234",
        "stacks:  e4s ml-linux",
        "os:      None",
        "held:    True",
    ]


def test_what_is_the_same_throughout_stands_above() -> None:
    rows = [("zlib", "develop", n) for n in (1, 2)]
    assert printed(["package", "release", "specs"], rows, Screen(80)) == [
        "package: zlib",
        "release: develop",
        "",
        "specs",
        "─────",
        "    1",
        "    2",
    ]
    assert printed(["package", "release"], [("zlib", "a")] * 2, Screen(80)) == [
        "release: a",
        "",
        "package",
        "───────",
        "zlib",
        "zlib",
    ]


def test_a_list_is_shortened_before_rows_stand_upright() -> None:
    rows = [("zlib", ["e4s", "hep", "radiuss"]), ("hdf5", ["e4s"])]

    def at(width: int) -> list[str]:
        return printed(["package", "stacks"], rows, Screen(width))

    assert at(25)[-2:] == ["zlib      e4s hep radiuss", "hdf5      e4s"]
    assert at(24)[2] == "zlib      3 in all"
    assert at(18)[2] == "zlib      3 in all"
    assert at(17) == [
        *("package: zlib", "stacks:  3 in all", ""),
        *("package: hdf5", "stacks:  e4s"),
    ]


def test_a_sentence_is_wrapped_between_its_words() -> None:
    rows = [("zlib", "what needs it most"), ("hdf5", "nothing")]
    assert printed(["package", "said"], rows, Screen(20)) == [
        "package   said",
        "────────────────────",
        "zlib      what needs",
        "          it most",
        "hdf5      nothing",
    ]


def test_hashes_are_seven_characters_unless_they_are_asked_for() -> None:
    rows = [(HASH, f"zlib@1.3/{HASH}", [HASH], HASH + "a"), ("b", "c", [], "d")]
    short = printed(list("abcd"), rows, Screen(200))
    assert short[2].split() == ["27m4hfs", "zlib@1.3/27m4hfs", "27m4hfs", HASH + "a"]
    long = printed(list("abcd"), rows, Screen(200, whole_hashes=True))
    assert long[2].split() == [HASH, f"zlib@1.3/{HASH}", HASH, HASH + "a"]


def test_lines_stay_as_they_are() -> None:
    plan = "┌──┐\n│ a│\n└──┘"
    assert printed(["plan"], [(plan,)], Screen(80)) == [
        "plan: ┌──┐",
        "      │ a│",
        "      └──┘",
    ]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_answer_without_columns_is_empty(format_: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for out in (io.StringIO(), Terminal()):
        render([], [], format_, out)
        assert out.getvalue().strip() == ("[]" if format_ == "json" else "")


@pytest.mark.parametrize("format_", FORMATS)
def test_what_a_terminal_obeys_does_not_reach_it(format_: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    hostile = "a\x1b[31m\x9b1m\x07\r\u202eb\u2066\u2028\ufeff\U000e0041"
    out = Terminal()
    render(["name", "names"], [(hostile, [hostile])] * 2, format_, out, Screen(200))
    shown = out.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert shown.replace("\n", "").isprintable()
    assert "\\u202e" in shown


def test_csv_quotes_what_a_reader_takes_for_the_end_of_a_row() -> None:
    rows = [("a\rb", "c"), ("d\ne", 'f"'), ("g\r\nh", "i,j"), ("", "\r")]
    out = io.StringIO()
    render(["x", "y"], rows, "csv", out)
    assert out.getvalue().startswith('x,y\n"a\rb",c\n"d\ne","f"""\n')
    assert list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:] == [list(r) for r in rows]
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    table = pyarrow.csv.read_csv(io.BytesIO(out.getvalue().encode()), parse_options=options)
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


# The command ------------------------------------------------------------------------------------

PACKAGE = ("query", "package", "--package", "rocblas")


def plain(shown: str) -> list[str]:
    return shown.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_terminal_shows_whole_words(columns: int, example_store: Path) -> None:
    specs = ("query", "usable-specs", "--package", "rocblas", "--target", "zen4")
    for command in (PACKAGE, specs, ("query", "shared-specs")):
        short = on_terminal(*command, cwd=example_store.parent, columns=columns)
        assert all(cell_len(line) <= columns for line in plain(short.out)), short.out


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 60, 200])
def test_check_shows_every_problem(columns: int, example_store: Path) -> None:
    shown = on_terminal("check", cwd=example_store.parent, columns=columns).out
    lines = plain(shown)
    assert "holes, dangling-dependencies, not-reached: " in " ".join(lines)
    assert all(cell_len(line) <= columns for line in lines), shown
    rows = csv.reader(run("check", cwd=example_store.parent).out.splitlines())
    problems = [row[0] for row in rows][1:]
    assert len(problems) == 7
    assert all(problem in shown for problem in problems)
    assert "more (--all)" not in shown


@pytest.mark.slow
def test_what_is_said_beside_an_answer_has_room_on_the_screen(example_store: Path) -> None:
    lock = Path("examples/site/my-env/spack.lock.gz").resolve()
    shown = on_terminal("coverage", lock, cwd=example_store.parent).out
    lines = plain(shown)
    assert len(lines) < 24
    assert lines[-1].endswith(" %")
    assert any(line.endswith("more (--all)") for line in lines)


@pytest.mark.slow
def test_a_note_and_an_error_are_broken_between_words(example_store: Path) -> None:
    cwd = example_store.parent
    note = "66 specs may fit too: no source tells whether they are ^python"
    lines = plain(on_terminal("find", "py-ml-dtypes", "^python", cwd=cwd, columns=40).out)
    assert lines == ["66 specs may fit too: no source tells", "whether they are ^python"]
    assert on_terminal("find", "py-ml-dtypes", "^python", cwd=cwd, piped=True).err == f"{note}\n"
    lines = plain(on_terminal("find", "rocblass", cwd=cwd, columns=40).out)
    assert all(len(line) <= 40 for line in lines)
    error = run("find", "rocblass", cwd=cwd).err
    assert " ".join(" ".join(lines).split()) == " ".join(error.split())


@pytest.mark.slow
def test_the_schema_is_broken_between_words(tmp_path: Path) -> None:
    lines = plain(on_terminal("schema", cwd=tmp_path, columns=60).out)
    assert all(len(line) <= 60 for line in lines)
    assert " ".join(lines).split() == run("schema", cwd=tmp_path).out.split()


def test_a_command_in_a_note_is_one_line() -> None:
    command = "'graphcache update PATH...' and then again"
    assert told(f"Known from pages alone: load them by {command}", 30) == [
        "Known from pages alone: load",
        "them by",
        "'graphcache update PATH...'",
        "and then again",
    ]


@pytest.mark.slow
def test_a_screen_has_no_more_rows_than_lines(example_store: Path) -> None:
    asked = ("query", "-c", "MATCH (s:Spec) RETURN s.hash ORDER BY s.hash")
    folder = example_store.parent
    lines = plain(on_terminal(*asked, cwd=folder).out)
    assert (len(lines), lines[-1]) == (23, "… and 196 more (--all)")
    assert {len(line) for line in lines[2:-1]} == {7}
    lines = plain(on_terminal(*asked, "--all", cwd=folder).out)
    assert len(lines) == 218
    lines = plain(on_terminal("query", "--all", *asked[1:], cwd=folder).out)
    assert len(lines) == 218
    lines = plain(on_terminal(*asked, "-L", "--limit", "30", cwd=folder).out)
    assert (len(lines), lines[-1]) == (33, "The first 30 rows; there are more.")
    assert {len(line) for line in lines[2:-1]} == {32}


@pytest.mark.slow
def test_a_pipe_has_all_rows_and_whole_hashes(example_store: Path) -> None:
    asked = ("query", "-c", "MATCH (s:Spec) RETURN s.hash ORDER BY s.hash")
    for form in ("csv", "table"):
        shown = on_terminal(*asked, "--format", form, cwd=example_store.parent, piped=True)
        lines = shown.out.splitlines()
        assert len(lines) == 217 + (form == "table")
        assert {len(line.strip()) for line in lines[-216:]} == {32}


# Commands ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [20, 60, 200])
def test_a_command_is_one_line(width: int) -> None:
    command = f"graphcache diff /{HASH} /{HASH} --store '/opt/a-{HASH}/my  caches/a.lbug'"
    shown = command.replace(f" /{HASH}", f" /{HASH[:7]}")
    rows = [("zlib: 2.2.5 and 2.3.3", number, command) for number in range(2)]
    for some in (rows, rows[:1]):
        lines = printed(["cause", "builds", "example"], some, Screen(width))
        assert any(shown in line for line in lines)
    whole = printed(["cause", "example"], [rows[0][1:]], Screen(width, whole_hashes=True))
    assert any(command in line for line in whole)
