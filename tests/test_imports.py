"""What a process imports: each costs its start.

Where pandas is, as here, pyarrow imports it for whoever may give it a frame: a command does not.
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
# All but the first come with others; the last three are there as pandas is.
own = {"graphcache", "cython_runtime", "typing_extensions", "dateutil", "six", "pytz"}
print(*(name for name in packages - sys.stdlib_module_names - own if name[0] != "_"))
"""
COMMAND = {"click"}
TABLES = {"msgspec", "numpy", "pyarrow"}
CASES = {
    "run('--help')": COMMAND,
    "import graphcache; graphcache.read(SITE)": {*TABLES, "archspec", "pandas"},
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


@pytest.mark.parametrize("text", CASES)
def test_what_is_imported(text: str, store: Path) -> None:
    given = text.replace("STORE", repr(str(store))).replace("SITE", repr(str(SITE)))
    command = [sys.executable, "-c", IMPORTED, given]
    said = subprocess.run(command, capture_output=True, check=True, text=True, timeout=600).stdout
    assert set(said.split()) == CASES[text]


def test_a_push_imports_no_reader_of_sources() -> None:
    code = "import sys, graphcache; graphcache.push_store; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "graphcache.pushing" in said.stdout.split()
    assert "graphcache.sources" not in said.stdout.split()
