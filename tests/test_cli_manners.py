"""How the command behaves: on a terminal, in a broken pipe, at Ctrl-C, in a shell."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import oracle
import pytest
from command_line import (
    ENOUGH,
    TOOL,
    Process,
    cpu_seconds,
    environment,
    feed,
    on_terminal,
    open_files,
    run,
    start,
    succeed,
    wait_for,
)
from conftest import WriteSnapshot

from graphcache.queries import load_library
from graphcache.views.progress import progress

PAGE = oracle.page_text("zlib", records=[oracle.record("a" * 32)])
SOME = ("query", "redundant-builds", "--limit", "1")

pytestmark = pytest.mark.process


# On a terminal ------------------------------------------------------------------------------------


def test_a_terminal_gets_a_table(example_store: Path) -> None:
    shown = on_terminal(*SOME[:-1], "2", cwd=example_store.parent)
    assert shown.code == 0
    header, line, row, _, more = shown.out.splitlines()
    assert re.sub("\x1b\\[[0-9;]*m", "", header).split()[:2] == ["package", "specs"]
    assert set(line) == {"─"}
    assert row.split() == ["py-pdm-backend", "145", "14", "131", "18"]
    assert more == "The first 2 rows; there are more."


def test_a_terminal_gets_one_row_upright(example_store: Path) -> None:
    shown = on_terminal(*SOME, cwd=example_store.parent)
    *lines, more = shown.out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["package:", "py-pdm-backend"],
        ["specs:", "145"],
    ]
    assert len(lines) == 5
    assert more == "The first row; there are more."


def test_it_is_told_that_there_is_no_row(example_store: Path) -> None:
    nothing = ("query", "-c", "MATCH (p:Package) WHERE p.name = '' RETURN p.name AS package")
    shown = on_terminal(*nothing, cwd=example_store.parent)
    assert (shown.code, shown.out.splitlines()[-1]) == (0, "No rows.")
    piped = on_terminal(*nothing, cwd=example_store.parent, piped=True)
    assert (piped.out, piped.err) == ("package\n", "No rows.\n")


def test_a_pipe_gets_the_answer_alone(example_store: Path) -> None:
    shown = on_terminal(*SOME, cwd=example_store.parent, piped=True)
    assert shown.out.splitlines()[1:] == ["py-pdm-backend,145,14,131,18"]
    assert shown.err == "The first row; there are more.\n"


@pytest.mark.parametrize(
    ("env", "styled"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_no_color_is_no_color(env: dict[str, str], styled: bool, tmp_path: Path) -> None:
    shown = on_terminal("query", cwd=tmp_path, env=env)
    assert shown.code == 0
    assert ("\x1b" in shown.out) == styled


@pytest.mark.parametrize("columns", [30, 8, 1])
def test_a_narrow_terminal_shows_all(columns: int, example_store: Path) -> None:
    plain = {"NO_COLOR": "1"}
    shown = on_terminal(*SOME[:-1], "2", cwd=example_store.parent, columns=columns, env=plain)
    words = [word for word in shown.out.split() if not word.endswith(":")]
    assert words[:5] == ["py-pdm-backend", "145", "14", "131", "18"]


def test_text_of_the_data_is_no_command_to_the_terminal(example_store: Path) -> None:
    evil = r"RETURN '\u001b[31mred\u0007\u009b' AS x, '[bold]b' AS `[red]`"
    for format_ in ("table", "csv"):
        asked = ("query", "-c", evil, "--format", format_)
        shown = on_terminal(*asked, cwd=example_store.parent, env={"NO_COLOR": "1"})
        assert "\\x1b[31mred\\x07\\x9b" in shown.out
        assert "[bold]b" in shown.out
        assert shown.out.replace("\n", "").isprintable()


def test_a_file_name_is_no_command_to_the_terminal(tmp_path: Path) -> None:
    shown = on_terminal("build", "\x1b[31mred\x07", cwd=tmp_path)
    assert shown.code == 1
    assert shown.out.replace("\n", "").isprintable()


def test_progress_is_for_a_terminal_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is the test's: whoever looks at it finds that two seconds have gone by."""
    monkeypatch.setattr(time, "monotonic", count(0.0, 2.0).__next__)
    (tmp_path / "page.md").write_text(PAGE)
    build = ("build", "page.md", "--store", "store")
    shown = on_terminal(*build, cwd=tmp_path, piped=True)
    assert (shown.code, shown.out) == (0, "store: 1 record of 1 file\n")
    assert "1 file read" in shown.err
    shown = on_terminal(*build, "-q", cwd=tmp_path, piped=True)
    assert (shown.code, shown.out, shown.err) == (0, "", "")
    assert succeed(*build, cwd=tmp_path) == "store: 1 record of 1 file\n"


def test_quick_work_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is the test's, as no work is quick on every machine."""
    terminal, now = io.StringIO(), 0.0
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with progress(quiet=False) as show:
        now = 0.99
        show("1 file read")
        assert terminal.getvalue() == ""
        now = 1.01
        show("2 files read")
    assert "2 files read" in terminal.getvalue()


# A reader that goes away, streams that are closed -------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("--help",),
        ("query",),
        ("query", "--format", "table"),
        ("query", "stacks", "--format", "csv"),
        ("stats",),
        ("schema",),
        ("completion", "bash"),
        ("export", "json", "-"),
    ],
    ids=" ".join,
)
def test_nobody_reads_the_output(command: tuple[str, ...], example_store: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [TOOL, *command],
        cwd=example_store.parent,
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=ENOUGH,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_a_reader_that_has_enough(example_store: Path) -> None:
    many = "MATCH (s:Spec), (t:Spec) RETURN s.hash, t.hash"
    line = f"'{TOOL}' query -c '{many}' | head -1; echo ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", line],
        cwd=example_store.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=ENOUGH,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("s.hash,t.hash\n141\n", "")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("build - <&-", 1, "standard input: the file is empty"),
        ("query -f - <&-", 1, "the query is empty"),
        ("stats >&-", 0, ""),
        ("build none 2>&-", 1, ""),
        ("stats >/dev/full", 1, "No space left on device"),
        ("export json - >/dev/full", 1, "standard output: can't be written: No space left on dev"),
        ("query -f /dev/zero", 1, "expected a statement of at most 1,048,576 characters"),
    ],
)
def test_streams_that_do_not_serve(line: str, code: int, said: str, example_store: Path) -> None:
    ended = subprocess.run(
        ["bash", "-c", f"'{TOOL}' {line}"],
        cwd=example_store.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=ENOUGH,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert os.listdir(example_store.parent) == [example_store.name]


def test_a_terminal_without_unicode(example_store: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    ended = start("query", "-c", "RETURN 'é│' AS x", cwd=example_store.parent, env=env).end()
    assert (ended.code, ended.out, ended.err) == (0, "x\n\\xe9\\u2502\n", "")


# Ctrl-C -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made_pages(write_snapshot: WriteSnapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_snapshot(folder, records=15_000, pages=150)
    return folder


def interrupted(process: Process) -> tuple[int, str, str]:
    """How the process ends by Ctrl-C; only a line end may be said."""
    process.send_signal(signal.SIGINT)
    ended = process.end()
    return ended.code, ended.out, ended.err.strip()


@pytest.mark.parametrize("moment", ["lock", "folder", "file"])
def test_ctrl_c_leaves_the_old_store(moment: str, made_pages: Path, tmp_path: Path) -> None:
    place = tmp_path / "graphcache.lbug"
    place.write_bytes(b"the old store")
    new = tmp_path / ".graphcache.lbug.new"
    seen = {"lock": tmp_path / ".graphcache.lbug.lock", "folder": new, "file": new / place.name}
    build = start("build", made_pages, cwd=tmp_path)
    wait_for(seen[moment].exists)
    assert interrupted(build) == (130, "", "")
    assert os.listdir(tmp_path) == [place.name]
    assert place.read_bytes() == b"the old store"


def test_ctrl_c_ends_a_query(example_store: Path) -> None:
    heavy = "MATCH (a:Spec), (b:Spec), (c:Spec), (d:Spec) WHERE a.name + b.name = c.hash + d.hash "
    query = start("query", "-c", heavy + "RETURN count(*)", cwd=example_store.parent)
    wait_for(lambda: str(example_store) in open_files(query.pid))
    before = cpu_seconds(query.pid)
    wait_for(lambda: cpu_seconds(query.pid) > before + 0.5)  # it computes the answer
    assert query.poll() is None
    assert interrupted(query) == (130, "", "")


def test_ctrl_c_is_for_who_is_in_front(tmp_path: Path) -> None:
    """A shell starts what runs in the background with Ctrl-C ignored."""
    ignoring = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    command = [sys.executable, "-c", ignoring + "os.execv(sys.argv[1], sys.argv[1:])"]
    build = Process([*command, TOOL, "build", "-"], tmp_path, environment())
    wait_for((tmp_path / ".graphcache.lbug.lock").exists)
    build.send_signal(signal.SIGINT)
    assert build.end(PAGE.encode()).code == 0


def test_sigterm_leaves_nothing_behind(made_pages: Path, tmp_path: Path) -> None:
    """And ends the process as it does where nobody minds it."""
    build = start("build", made_pages, cwd=tmp_path)
    wait_for((tmp_path / ".graphcache.lbug.new").exists)
    build.send_signal(signal.SIGTERM)
    ended = build.end()
    assert (ended.code, ended.out) == (-signal.SIGTERM, "")
    assert os.listdir(tmp_path) == []


EXPORT = """
import signal
import graphcache.exports.json
from graphcache.cli.main import main

def write(tables, path):
    path.write_text("a part")
    signal.pause()

graphcache.exports.json.write = write
main()
"""


def test_sigterm_leaves_nothing_of_an_export(example_store: Path, tmp_path: Path) -> None:
    options = ("json", "graph.json", "--store", example_store)
    export = Process([sys.executable, "-c", EXPORT, "export", *options], tmp_path, environment())
    wait_for(lambda: any(tmp_path.glob(".graphcache-export-*/new")))
    export.send_signal(signal.SIGTERM)
    assert export.end().code == -signal.SIGTERM
    assert os.listdir(tmp_path) == []


def test_a_second_writer_is_told(tmp_path: Path) -> None:
    page = PAGE.encode()
    first = start("build", "-", cwd=tmp_path)
    feed(first, page[:1])  # it reads when the store is locked
    for command in ("build", "update"):
        second = run(command, "-", cwd=tmp_path, given=PAGE.encode())
        assert (second.code, second.out) == (1, "")
        assert second.err == (
            "Error: graphcache.lbug: another graphcache is writing it: wait until it has ended, "
            "then try again\n"
        )
    assert first.end(page[1:]).code == 0
    assert os.listdir(tmp_path) == ["graphcache.lbug"]


NAMED = "27m4hfs6hzyiv3h33urmjffu33wx4kzo"
"""A hash of the example pages."""


# In a shell ---------------------------------------------------------------------------------------


def completed(shell: str, words: str, last: str, cwd: Path) -> list[str]:
    """What graphcache offers for the last word, in the form in which it tells that shell."""
    number = str(len(words.split()))
    env = {
        "_GRAPHCACHE_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": f"{words} {last}",
        "COMP_CWORD": last if shell == "fish" else number,
    }
    ended = run(cwd=cwd, env=env)
    assert (ended.code, ended.err) == (0, "")
    return ended.out.splitlines()


@pytest.mark.parametrize(
    ("words", "last", "offered"),
    [
        ("graphcache", "st", ["plain,stats"]),
        ("graphcache query", "red", ["plain,redundant-builds"]),
        (
            "graphcache query",
            "stack",
            [f"plain,{name}" for name in load_library() if name.startswith("stack")],
        ),
        ("graphcache query dependents-of", "--vers", ["plain,--version"]),
        ("graphcache query dependents-of", "--e", ["plain,--explain"]),
        ("graphcache query redundant-builds", "--rel", ["plain,--release"]),
        ("graphcache query stacks --format", "js", ["plain,json", "plain,jsonl"]),
        ("graphcache export", "gr", ["plain,graphml"]),
        ("graphcache build", "pa", ["file,pa"]),
        ("graphcache update --store", "pa", ["file,pa"]),
        ("graphcache export json", "pa", ["file,pa"]),
        ("graphcache query -f", "pa", ["file,pa"]),
        ("graphcache query --library", "pa", ["dir,pa"]),
    ],
)
def test_completion(words: str, last: str, offered: list[str], tmp_path: Path) -> None:
    assert completed("bash", words, last, tmp_path) == offered


@pytest.mark.parametrize(
    ("words", "last", "offered"),
    [
        ("query stacks --release", "v", ["v0.18.0"]),
        ("query package --package", "py", ["py-ml-dtypes", "py-pdm-backend"]),
        ("query stack-lacks --stack e4s --other", "e4s-o", ["e4s-oneapi"]),
        ("query usable-specs --os", "ubuntu2", ["ubuntu20.04", "ubuntu22.04", "ubuntu24.04"]),
        ("query usable-specs --target", "zen4", ["zen4"]),
        ("query spec --hash", "27m4", [NAMED]),
        ("query spec --hash", "/27m4", [f"/{NAMED}"]),
        ("query spec --hash", "py-pdm-backend/27m4", [f"py-pdm-backend/{NAMED}"]),
        ("plot compilers --release", "develop-2025-03-3", ["develop-2025-03-30"]),
        ("diff --release", "v", ["v0.18.0"]),
        ("impact", "rocb", ["rocblas"]),
        ("why", "/27m4", [f"/{NAMED}"]),
        ("query package --package", "py-pdm-backend/27m4", [f"py-pdm-backend/{NAMED}"]),
        ("diff --as stack", "e4s-o", ["e4s-oneapi"]),
        ("diff --as release v0.18.0", "develop-2025-03-3", ["develop-2025-03-30"]),
        ("diff --as spec", "27m4", [NAMED]),
        ("view", "e4s-o", ["e4s-oneapi"]),
        ("view --stack", "e4s-o", ["e4s-oneapi"]),
        ("view --why", "/27m4", [f"/{NAMED}"]),
        ("view --diff /27m4", "rocb", ["rocblas"]),
        ("usable rocblas --os", "ubuntu22", ["ubuntu22.04"]),
        ("usable rocblas --target", "zen4", ["zen4"]),
        ("rebuilds --stack", "e4s-o", ["e4s-oneapi"]),
        ("unify --release", "v", ["v0.18.0"]),
        ("prune-plan --keep-release", "v", ["v0.18.0"]),
        ("prune-plan --deptype", "link,b", ["link,build"]),
        ("impact rocblas --deptype", "", ["build", "link", "run", "test", "all"]),
        ("impact rocblas --release", "v", ["v0.18.0"]),
        ("query package --package", "no-such", []),
    ],
)
def test_completion_knows_the_names_of_the_store(
    words: str, last: str, offered: list[str], example_store: Path
) -> None:
    expected = [f"plain,{name}" for name in offered] or [""]
    folder = example_store.parent
    assert completed("bash", f"graphcache {words}", last, folder) == expected
    # The store may be named before, in the middle, or by the environment.
    (command, *rest), store = words.split(), str(example_store)
    named = f"graphcache {command} --store {store} {' '.join(rest)}"
    if command != "plot":
        assert completed("bash", named, last, folder / "..") == expected


@pytest.mark.parametrize(
    ("words", "last", "offered"),
    [
        ("diff", "e4s-o", ["e4s-oneapi"]),
        ("diff v0.18.0", "develop-2025-03-3", ["develop-2025-03-30"]),
        ("diff", "/27m4", [f"/{NAMED}"]),
        ("diff /27m4hfs", "py-pdm-backend/27m4", [f"py-pdm-backend/{NAMED}"]),
        ("diff --as store", "e4s", []),
    ],
)
def test_sides_of_a_diff_are_completed_and_may_be_files(
    words: str, last: str, offered: list[str], example_store: Path
) -> None:
    found = completed("bash", f"graphcache {words}", last, example_store.parent)
    assert found == [f"file,{last}", *(f"plain,{name}" for name in offered)]


def test_completion_is_silent_where_there_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "damaged.lbug").write_bytes(b"no store")
    for store in ("none.lbug", "damaged.lbug", "neo4j://192.0.2.1", "://"):
        words = f"graphcache query stacks --store {store} --release"
        assert completed("bash", words, "", tmp_path) == [""]
        words = f"graphcache query usable-specs --store {store} --target"
        assert "plain,zen4" in completed("bash", words, "zen", tmp_path)
    assert "plain,stacks" in completed("bash", "graphcache query no-such-query", "", tmp_path)


def test_completion_tells_each_shell_in_its_form(tmp_path: Path) -> None:
    question = "Which packages are built again and…"
    zsh = completed("zsh", "graphcache query", "redundant", tmp_path)
    assert zsh[:2] == ["plain", "redundant-builds"]
    fish = completed("fish", "graphcache query", "redundant", tmp_path)
    assert fish[0].startswith("plain")
    for said in (zsh, fish):
        assert question[:30] in "\n".join(said)


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o nosort -F _graphcache_completion graphcache"),
        ("zsh", "#compdef graphcache"),
        ("fish", "complete --no-files --command graphcache"),
    ],
)
def test_completion_scripts(shell: str, registers: str, tmp_path: Path) -> None:
    script = run("completion", shell, cwd=tmp_path)
    assert (script.code, script.err) == (0, "")
    assert registers in script.out
    by_click = run(cwd=tmp_path, env={"_GRAPHCACHE_COMPLETE": f"{shell}_source"})
    assert by_click.out.strip() == script.out.strip()


def test_bash_completes(tmp_path: Path) -> None:
    lines = """
        eval "$(graphcache completion bash)"
        complete -p graphcache >/dev/null || exit 3
        for line in "graphcache ver" "graphcache query only"; do
            COMP_WORDS=($line) COMPREPLY=()
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _graphcache_completion graphcache
            echo "${COMPREPLY[@]}"
        done
    """
    tools = {"PATH": f"{TOOL.parent}{os.pathsep}{os.environ['PATH']}"}
    ended = subprocess.run(
        ["bash", "-c", lines],
        cwd=tmp_path,
        env=environment(tools),
        capture_output=True,
        text=True,
        timeout=ENOUGH,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "verify\nonly-in-stack\n"


LOADED = """
import sys
from graphcache.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
HEAVY = {"archspec", "ladybug", "msgspec", "neo4j", "networkx", "numpy", "pyarrow", "rich", "yaml"}


@pytest.mark.parametrize(
    "line",
    ["--help", "--version", "build --help", "query --help", "query stacks --help", "query"],
)
def test_what_only_tells_imports_nothing_heavy(line: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOADED, *line.split()]
    ended = Process(command, tmp_path, environment()).end()
    assert ended.code == 0
    loaded = set(ended.err.split())
    assert "click" in loaded
    assert not loaded & HEAVY


def test_what_looks_at_a_store_imports_what_opens_and_shows_it(
    tmp_path: Path, example_store: Path
) -> None:
    command = [sys.executable, "-c", LOADED, "stats", "--store", str(example_store)]
    ended = Process(command, tmp_path, environment()).end()
    assert ended.code == 0
    loaded = {n for n in ended.err.split() if not n.startswith("_")} - sys.stdlib_module_names
    # Not pandas, which is there, and for which pyarrow looks. The last is of some systems' Python.
    assert loaded - {"cython_runtime", "typing_extensions", "sitecustomize"} == {
        "click",
        "graphcache",
        "msgspec",
        "numpy",
        "pyarrow",
        "rich",
    }
