"""The end of the process: no thread is left that could still hold what is Python's.

Arrow's worker threads may be the last to hold a NumPy array. If Python ends meanwhile, such a
thread can't take the interpreter's lock any more, and the process is aborted after a right answer.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import graphcache
from graphcache import QueryError, open_store

PACKAGE = Path(graphcache.__file__).parent


def calls_in_threads(code: str) -> Iterator[int]:
    """The lines in which Arrow groups or joins in threads of its own."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # A text's join takes one thing, a table's at least a table and a key; as do paths.
            is_table = len(node.args) > 1 and ast.unparse(node.func.value) != "os.path"
            joins = node.func.attr == "join" and is_table
            threads = {k.arg: ast.unparse(k.value) for k in node.keywords}.get("use_threads")
            if (node.func.attr == "group_by" or joins) and threads != "False":
                yield node.lineno


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("t.group_by('a').aggregate([])", [1]),
        ("t.group_by('a', use_threads=True)", [1]),
        ("t.group_by('a', use_threads=False)", []),
        ("x = ', '.join(texts)\nt.join(o, 'key')", [2]),
        ("t.join(o, 'key', use_threads=False)", []),
        ("os.path.join(folder, name)", []),
    ],
)
def test_what_uses_threads_is_found(code: str, lines: list[int]) -> None:
    assert list(calls_in_threads(code)) == lines


@pytest.mark.slow
def test_arrow_groups_and_joins_in_the_thread_that_asks() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        for line in calls_in_threads(path.read_text(encoding="utf-8"))
    }
    assert not found


@pytest.mark.slow
def test_a_statement_leaves_no_thread_behind(example_store: Path) -> None:
    before = threading.enumerate()
    with open_store(example_store) as store:
        for _ in range(20):
            store.query("MATCH (s:Spec) RETURN s.hash LIMIT 1")
            assert threading.enumerate() == before
        with pytest.raises(QueryError):
            store.query("MATCH (s:Spec) RETURN s.nothing")
        assert threading.enumerate() == before


@pytest.mark.process
def test_threads_that_are_the_first_to_ask_are_answered(example_store: Path) -> None:
    """LadybugDB loads its library when it is first used, and who came meanwhile was refused."""
    code = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import ladybug

from graphcache import open_store

sys.setswitchinterval(1e-6)
together = Barrier(8)


def ask(store):
    together.wait()
    return store.query("MATCH (s:Spec) RETURN count(*)").rows


stores = [open_store(sys.argv[1]) for _ in range(8)]
with ThreadPoolExecutor(8) as threads:
    print(len(set(map(str, threads.map(ask, stores)))))
"""
    asked = [sys.executable, "-c", code, str(example_store)]
    ended = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("1\n", "")
