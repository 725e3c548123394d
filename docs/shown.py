"""What the pages show: their commands and snippets, run, with what they print behind them.

    python docs/shown.py docs/start.md            write what is printed now into the page
    python docs/shown.py --check docs/start.md    exit code 1, and the difference, if it is another

Each ```sh and ```python block of a page runs in the order in which a reader meets them, in a folder
that holds examples/ and tests/, as a checkout does. A ```text block right behind one is what it
prints on a terminal of 80 columns. `graphcache` is that of `preloaded.py`.
"""

from __future__ import annotations

import difflib
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from preloaded import preloaded

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(
    r"^```(?P<language>sh|python)\n(?P<code>.*?)^```\n(?P<shown>\n```text\n.*?^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_OF_THE_READER = ("GRAPHCACHE_", "NEO4J_", "SPACK_", "AWS_")


def renewed(page: str, tools: Path) -> str:
    """The page's text, with what its blocks print now, by the programs of a folder first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        (folder / "tests").symlink_to(ROOT / "tests")

        def run(block: re.Match[str]) -> str:
            printed = _run(block["language"], block["code"], folder, tools)
            code = f"```{block['language']}\n{block['code']}```\n"
            return code + (f"\n```text\n{printed}```\n" if block["shown"] else "")

        return BLOCK.sub(run, page)


def _run(language: str, code: str, folder: Path, tools: Path) -> str:
    """What it prints on a terminal, from both streams; it has to end well."""
    command = ["bash", "-eu"] if language == "sh" else [sys.executable]
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [*command, "-c", code],
        cwd=folder,
        env=_environment(tools),
        stdin=subprocess.DEVNULL,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    text = _read(terminal)
    if process.wait() or "Traceback" in text:
        raise SystemExit(f"{code}\nended with {process.returncode}:\n{text}")
    lines = (line.rstrip() for line in text.splitlines())
    return "".join(f"{line}\n" for line in lines)


def _environment(tools: Path) -> dict[str, str]:
    """The reader's, without what would lead a command to another store, server or mirror."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OF_THE_READER)}
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    # On a dumb terminal nothing is coloured, and no progress is drawn.
    return {**kept, "PATH": path, "TERM": "dumb"}


def _read(terminal: int) -> str:
    """All that is written to a terminal, until nobody can write to it any more."""
    parts = []
    with suppress(OSError):  # how Linux says so; others give no bytes
        while part := os.read(terminal, 65_536):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def main(arguments: list[str]) -> int:
    """Check or renew some pages."""
    pages = [Path(argument) for argument in arguments if argument != "--check"]
    with tempfile.TemporaryDirectory() as name, preloaded(tools := Path(name)):
        return _renew(pages, tools, check="--check" in arguments)


def _renew(pages: list[Path], tools: Path, *, check: bool) -> int:
    differ = False
    for path in pages:
        old = path.read_text(encoding="utf-8")
        new = renewed(old, tools)
        if old != new and check:
            differ = True
            lines = difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), "now")
            print(*lines, sep="\n")
        elif old != new:
            path.write_text(new, encoding="utf-8")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
