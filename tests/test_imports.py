"""What a process imports: each costs its start.

pandas and polars are installed here, and libraries that graphcache uses would import them to see
whether they are given a frame: a command hides both.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from graphcache import build_store

pytestmark = [pytest.mark.process, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
SITE = ROOT / "examples/site/2026-09"
IMPORTED = """
import sys

before = set(sys.modules)
def run(*arguments):
    import io, contextlib
    from graphcache.cli.main import main
    sys.argv = ["graphcache", *arguments]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            main()
    except SystemExit as end:
        assert not end.code
exec(sys.argv[1])
packages = {name.partition(".")[0] for name in set(sys.modules) - before}
# All but the first come with others; for the last two Arrow looks, and pandas has brought them.
own = {"graphcache", "cython_runtime", "typing_extensions", "dateutil", "six"}
print(*(name for name in packages - sys.stdlib_module_names - own if name[0] != "_"))
"""
COMMAND = {"click"}
TABLES = {"msgspec", "numpy", "pyarrow"}
WRITING = {"archspec", "filelock", "ladybug", "platformdirs", "yaml"}
CASES = {
    "run('--help')": COMMAND,
    "import graphcache; graphcache.read(SITE)": {*TABLES, "archspec", "pandas", "pytz"},
    "run('build', SITE, '--store', NEW)": {*COMMAND, *TABLES, *WRITING},
    "run('find', 'zlib-ng', '--store', STORE)": {*COMMAND, *TABLES, "archspec"},
    "run('why', 'zlib-ng', '--store', STORE)": {*COMMAND, *TABLES, "archspec"},
    "run('impact', 'zlib-ng', '--store', STORE)": {*COMMAND, *TABLES, "archspec"},
    "run('query', 'stacks', '--store', STORE)": {*COMMAND, *TABLES, "ladybug"},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imports") / "store.lbug"
    build_store(path, SITE)
    return path


def imported(text: str, store: Path, new: Path) -> set[str]:
    """What a process imports that runs the text, with these places in it."""
    for name, place in {"STORE": store, "SITE": SITE, "NEW": new}.items():
        text = text.replace(name, repr(str(place)))
    command = [sys.executable, "-c", IMPORTED, text]
    said = subprocess.run(command, capture_output=True, check=True, text=True, timeout=600).stdout
    return set(said.split())


@pytest.mark.parametrize("text", CASES)
def test_what_is_imported(text: str, store: Path, tmp_path: Path) -> None:
    assert imported(text, store, tmp_path / "new.lbug") == CASES[text]


def test_what_a_command_hides_is_there_after_it(store: Path, tmp_path: Path) -> None:
    built = "run('build', SITE, '--store', NEW)"
    text = f"{built}; from graphcache import build_store; build_store(NEW, SITE)"
    assert {"pandas", "polars"} <= imported(text, store, tmp_path / "new.lbug")


def test_a_picture_is_drawn_with_what_else_is_hidden(store: Path, tmp_path: Path) -> None:
    text = "run('plot', 'stack-overlap', '-o', NEW, '--store', STORE)"
    assert {"marsilea", "pandas"} <= imported(text, store, tmp_path / "new.svg")
    assert (tmp_path / "new.svg").read_text().startswith("<?xml")


def test_a_push_imports_no_reader_of_sources() -> None:
    code = "import sys, graphcache; graphcache.push_store; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "graphcache.pushing" in said.stdout.split()
    assert "graphcache.sources" not in said.stdout.split()
