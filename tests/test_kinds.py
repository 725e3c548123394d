"""The guard of the quick tests, seen by tests that break their word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BROKEN = """
import os, socket, subprocess, sys, threading
import pytest

def test_subprocess():
    subprocess.run([sys.executable, "-c", ""])

def test_fork():
    os.waitpid(os.fork(), 0)

def test_connect():
    with socket.socket() as found:
        found.connect(("127.0.0.1", 9))

def test_name():
    socket.getaddrinfo("localhost", 80)

def test_bind():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))

@pytest.fixture
def late():
    yield
    subprocess.run([sys.executable, "-c", ""])

def test_at_the_end(late):
    pass

@pytest.mark.network
def test_another_kind():
    subprocess.run([sys.executable, "-c", ""])
"""
HONEST = """
import contextlib, socket, subprocess, sys
import pytest

@pytest.mark.process
def test_process():
    subprocess.run([sys.executable, "-c", ""], check=True)

@pytest.mark.network
def test_network():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))

@pytest.mark.browser
def test_browser():
    test_process(), test_network()

def test_a_socket_that_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as found:
        found.bind("here")

def test_fonts_that_are_looked_for_once():
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(["fc-list", "--help"], stdout=subprocess.DEVNULL)
"""


@pytest.fixture
def outcomes(pytester: pytest.Pytester) -> pytest.Pytester:
    """Tests that run below this one, with the guard."""
    pytester.makeini("[pytest]\nmarkers =\n  process\n  network\n  browser\n  neo4j\n")
    here = str(Path(__file__).parent)
    pytester.makeconftest(f"import sys\nsys.path.append({here!r})\npytest_plugins = ['kinds']\n")
    return pytester


@pytest.mark.process
def test_a_quick_test_that_starts_or_opens_something_fails(outcomes: pytest.Pytester) -> None:
    outcomes.makepyfile(BROKEN)
    ended = outcomes.runpytest_subprocess()
    ended.assert_outcomes(passed=1, failed=6, errors=1)
    ended.stdout.fnmatch_lines(
        ["*a quick test did subprocess.Popen *: mark it with @pytest.mark.*"]
    )


@pytest.mark.process
def test_a_test_may_do_what_its_mark_says(outcomes: pytest.Pytester) -> None:
    outcomes.makepyfile(HONEST)
    outcomes.runpytest_subprocess().assert_outcomes(passed=5)


def test_make_quick_leaves_out_every_mark() -> None:
    config = (ROOT / "pyproject.toml").read_text()
    block = re.search(r"^markers = \[\n(.*?)^\]", config, re.M | re.S)
    assert block
    marks = re.findall(r'^  "(\w+): ', block[1], re.M)
    quick = re.search(r"^QUICK := not \((.*)\)$", (ROOT / "Makefile").read_text(), re.M)
    assert quick
    assert set(quick[1].split(" or ")) == set(marks)
