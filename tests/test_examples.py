"""The scripts of examples/ run as a user runs them, and print the right answers.

The one that pushes to Neo4j runs in `neo4j_server/test_examples.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import oracle
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = {path.stem: path for path in EXAMPLES.glob("*.py")}
NOTEBOOK = EXAMPLES / "notebook.ipynb"

pytestmark = pytest.mark.process

# As a kernel does: each cell to its end, and what its last line gives is shown.
RUN_CELLS = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for cell in json.load(open(sys.argv[1]))["cells"]:
    if cell["cell_type"] == "code":
        shell.run_cell("".join(cell["source"])).raise_error()
"""


def run(*command: str | Path, cwd: Path) -> str:
    """What a script prints; it must end well and say nothing else."""
    settings = {"IPYTHONDIR": str(cwd / "ipython"), "MPLCONFIGDIR": str(cwd / "mpl")}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=cwd,
        env={**os.environ, **settings, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def records() -> list[tuple[str, dict[str, Any]]]:
    """Each record of the pages with its package, read without graphcache."""
    pages = oracle.read_pages(EXAMPLES / "pages")
    return [(page.package, record) for page in pages for record in page.records]


Records = list[tuple[str, dict[str, Any]]]


def test_library(records: Records, tmp_path: Path) -> None:
    printed = run(SCRIPTS["library"], cwd=tmp_path)
    assert f"{len(records)} of {len(records)} records were read, from 6 pages.\n" in printed
    targets = Counter(
        record["target"] for package, record in records if package == "py-pdm-backend"
    )
    assert {f"{count:5}  {target}" for target, count in targets.items()} <= {*printed.splitlines()}
    assert "rocblas@6.1.2/6zzrwog  develop-2025-03-23\n" in printed
    assert "py-pdm-backend: 131 of 145 specs\n" in printed
    assert "py-ml-dtypes@0.4.0 for ubuntu24.04: 31 times.\n" in printed
    assert not list(tmp_path.iterdir())


def test_graph_algorithms(records: Records, tmp_path: Path) -> None:
    printed = run(SCRIPTS["graph_algorithms"], cwd=tmp_path)
    holds = defaultdict(set)
    for _, record in records:
        for stack in set(record["stacks"]) - {"root"}:
            holds[stack].add(record["hash"])
    shared = {pair: len(holds[pair[0]] & holds[pair[1]]) for pair in combinations(sorted(holds), 2)}
    (a, b), most = max(shared.items(), key=lambda item: item[1])
    assert f"Which stacks share most specs?\n{most:5}  {a} and {b}\n" in printed
    alone = {stack for stack in holds if not any(n for p, n in shared.items() if stack in p)}
    assert f"and {len(alone)} stacks that share no spec with any other\n" in printed
    together = [line.strip() for line in printed.splitlines() if ", " in line]
    assert sorted(", ".join(together).split(", ")) == sorted(holds.keys() - alone)


def test_parquet_polars(records: Records, tmp_path: Path) -> None:
    printed = run(SCRIPTS["parquet_polars"], cwd=tmp_path)
    made = {
        (
            package,
            *(record[part] for part in ("os", "platform", "target")),
            *record["versions"],
            record["compiler"].replace("@=", "@"),
            *sorted(variant.replace(":=", "=") for variant in record["variants"]),
        )
        for package, record in records
    }
    again = len(records) - len(made)
    said = f"{again} of {len(records)} specs repeat a configuration that was built before."
    assert printed.splitlines()[-1] == said
    first = next(line for line in printed.splitlines() if line.startswith("│ py-pdm"))
    assert first.replace("┆", "│").split("│")[1:4] == [" py-pdm-backend ", " aarch64 ", " 73    "]


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_plot(ending: str, records: Records, tmp_path: Path) -> None:
    printed = run(SCRIPTS["plot"], f"plot.{ending}", cwd=tmp_path)
    pairs = Counter(
        (stack, record["target"])
        for _, record in {record["hash"]: (p, record) for p, record in records}.values()
        for stack in set(record["stacks"]) - {"root"}
    )
    [((stack, target), most)] = pairs.most_common(1)
    assert f"{stack} has most specs for one target: {most} for {target}.\n" in printed
    picture = tmp_path / f"plot.{ending}"
    assert picture.stat().st_size > 10_000
    if ending == "svg":
        assert ElementTree.parse(picture).getroot().tag.endswith("svg")  # noqa: S314


def test_notebook() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [(cell["outputs"], cell["execution_count"]) for cell in code] == [([], None)] * len(code)


def test_notebook_runs(records: Records, tmp_path: Path) -> None:
    (tmp_path / "pages").symlink_to(EXAMPLES / "pages")
    printed = run("-c", RUN_CELLS, NOTEBOOK, cwd=tmp_path)
    assert f"{len(records)} specs from 6 pages" in printed
    counts = Counter(package for package, _ in records)
    for package, count in counts.items():
        assert f"│ {package:<14} ┆ {count:<5} ┆" in printed
    assert "│ rebuilt ┆ 2     ┆ 1        │" in printed
    assert "rocblas@6.1.2 rebuilt: 6zzrwog -> m5jut4q\n" in printed


def test_every_example_is_listed_and_says_how_to_run_it() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    for path in [*SCRIPTS.values(), NOTEBOOK]:
        assert f"[{path.name}]({path.name})" in listed
        assert f"examples/{path.name}" in path.read_text()[:600]
        assert 20 <= len(path.read_text().splitlines()) <= 60 or path is NOTEBOOK
