"""The Python library as a user has it: `import graphcache as gc`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import networkx as nx
import oracle
import pyarrow as pa
import pytest

import graphcache as gc
from graphcache import errors

PAGE = oracle.page_text("zlib", records=[oracle.record("a" * 32), oracle.record("zz")])
HEAVY = {"archspec", "click", "ladybug", "msgspec", "neo4j", "networkx", "numpy", "pyarrow", "rich"}


def python(code: str) -> Any:
    """What the code prints as JSON, in a process of its own."""
    command = [sys.executable, "-c", code]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=600).stdout)


PUBLIC = {
    "graphcache": {
        *("Answer", "Description", "Load", "PushReport", "Reject", "Report", "Store", "Tables"),
        *("build_store", "open_store", "push_store", "read", "update_store"),
        *("read_advisories", "read_openvex"),
        *("ExportError", "GraphError", "GraphcacheError", "InputError", "LakeError"),
        *("NotKnownError", "QueryError", "StoreError", "UsageError"),
    },
    "graphcache.analysis": {
        *(
            "adoption",
            "advisories",
            "sbom",
            "centrality",
            "churn",
            "coverage",
            "dependents",
            "diff",
        ),
        *(
            "diff_specs",
            "duplicate_bytes",
            "find",
            "half_life",
            "impact",
            "keeplist",
            "package_graph",
            "prune_plan",
            "rebuilds",
        ),
        *("side", "splits", "stack_clusters", "stack_combinations", "stack_similarity"),
        *("unify", "usable", "why"),
    },
    "graphcache.exports": {"FORMATS", "export"},
    "graphcache.health": {"Finding", "check"},
    "graphcache.queries": {"Column", "NamedQuery", "Parameter", "load_library", "named_query"},
    "graphcache.schema": {
        *("EDGE_TYPES", "NODE_TYPES", "EdgeType", "NodeType", "Property"),
        *("edge_type", "node_type"),
    },
    "graphcache.views.pictures.asked": {
        *("of_package", "of_spec", "of_stack", "of_store", "of_two", "of_why"),
    },
    "graphcache.views.pictures.drawing": {"standalone_page"},
}
"""What scripts may use, by module. Who changes this has read what RELEASING.md promises."""

ROOT = Path(__file__).parents[1]
SHOWN = re.compile(r"^::: ([\w.]+)\.(\w+)$", re.MULTILINE)
IMPORTED = re.compile(
    r"^ *\"?(?:from (graphcache[\w.]*) import ([\w, ]+)|import (graphcache[\w.]*))", re.M
)


def scripts() -> Iterator[tuple[str, str]]:
    """The examples, and the pages that show some Python."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    for path in [*(ROOT / "examples").rglob("*.py"), *(ROOT / "examples").rglob("*.ipynb"), *pages]:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


# Names --------------------------------------------------------------------------------------------


def test_every_name_is_there() -> None:
    assert sorted(set(gc.__all__)) == sorted(gc.__all__)
    for name in gc.__all__:
        assert getattr(gc, name).__name__ == name
    assert set(gc.__all__) <= set(dir(gc))


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_public_is_listed(name: str) -> None:
    module = import_module(name)
    assert list(module.__all__) == sorted(module.__all__, key=lambda n: (n.upper() != n, n))
    assert set(module.__all__) == PUBLIC[name]
    for public in PUBLIC[name]:
        value = getattr(module, public)
        assert not isinstance(value, ModuleType)
        assert value.__doc__, public


def test_the_documentation_shows_all_that_is_public_and_nothing_else() -> None:
    shown = SHOWN.findall((ROOT / "docs/api.md").read_text(encoding="utf-8"))
    assert len(shown) == len(set(shown))
    assert set(shown) == {(module, name) for module, names in PUBLIC.items() for name in names}


def test_what_we_show_others_uses_only_what_is_public() -> None:
    found = 0
    for place, text in scripts():
        for module, names, whole in IMPORTED.findall(text):
            found += 1
            assert (module or whole) in PUBLIC, f"{place}: {module or whole}"
            assert {name.strip() for name in names.split(",")} - {""} <= PUBLIC[module or whole]
    assert found >= 5


def test_every_error_is_there() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert {name for name in defined if name.endswith("Error")} == {
        name for name in gc.__all__ if name.endswith("Error")
    }


@pytest.mark.process
def test_a_star_imports_the_names() -> None:
    code = "from graphcache import *; import json; print(json.dumps(sorted(globals())))"
    assert set(python(code)) >= set(gc.__all__)


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'graphcache' has no attribute 'nothing'"):
        _ = gc.nothing
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from graphcache import nothing  # noqa: F401


@pytest.mark.process
def test_the_import_brings_nothing_along() -> None:
    code = "import graphcache, json, sys; print(json.dumps(sorted(sys.modules)))"
    loaded = {name.partition(".")[0] for name in python(code)}
    assert "graphcache" in loaded
    assert not loaded & HEAVY


@pytest.mark.process
@pytest.mark.parametrize("own", [None, "26"])
def test_threads_of_openblas_wait_a_thousandth_of_a_second(
    own: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "OPENBLAS_THREAD_TIMEOUT"
    monkeypatch.delenv(name, raising=False)
    if own:
        monkeypatch.setenv(name, own)
    code = "import graphcache, json, os, sys; assert 'numpy' not in sys.modules; "
    assert python(code + f"print(json.dumps(os.environ[{name!r}]))") == (own or "20")


@pytest.mark.process
def test_reading_imports_arrow_and_what_decodes_json_alone() -> None:
    code = "import graphcache, json, sys; graphcache.read; print(json.dumps(sorted(sys.modules)))"
    loaded = {name.partition(".")[0] for name in python(code)}
    others = {n for n in loaded if n not in sys.stdlib_module_names and not n.startswith("_")}
    # msgspec, numpy and pyarrow bring the first two, the Python of some systems the last.
    assert others - {"cython_runtime", "typing_extensions", "sitecustomize"} == {
        "graphcache",
        "msgspec",
        "numpy",
        "pyarrow",
    }
    # Only what lies elsewhere needs them.
    assert not loaded & {"asyncio", "http", "multiprocessing", "ssl"}


@pytest.mark.process
def test_names_come_when_they_are_used() -> None:
    code = "import graphcache, json, sys; graphcache.GraphcacheError; graphcache.Report; "
    loaded = set(python(code + "print(json.dumps(sorted(sys.modules)))"))
    assert {"graphcache.errors", "graphcache.records"} <= loaded
    assert not loaded & {"ladybug", "neo4j", "networkx", "pyarrow"}


def test_the_library_is_typed() -> None:
    assert (Path(gc.__file__).parent / "py.typed").is_file()


# What it gives ------------------------------------------------------------------------------------


def test_read_gives_tables_and_a_report(example_pages: Path) -> None:
    tables, report = gc.read(f"{example_pages}/")
    assert isinstance(tables, gc.Tables)
    assert isinstance(report, gc.Report)
    assert (report.files, report.records, report.kept, report.rejects) == (6, 216, 216, [])
    assert tables.node_counts()["Spec"] == 216
    found = list(tables.by_type().values())
    assert {type(table) for table in found} == {pa.Table}
    assert len(tables.digest()) == 64


def test_read_takes_paths_and_tells_of_each_file(example_pages: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    counts: list[int] = []
    tables, report = gc.read(page, str(example_pages), release="mine", on_file=counts.append)
    assert counts == [1, 2, 3, 4, 5, 6, 7]
    assert tables.nodes["Release"]["name"].to_pylist() == ["mine"]
    (reject,) = report.rejects
    assert isinstance(reject, gc.Reject)
    assert (reject.file, reject.line, reject.field) == (str(page), 6, "spec_details[1].hash")
    assert str(reject).startswith(f"{page}:6: spec_details[1].hash: expected 32 characters")
    assert isinstance(report.warnings, Counter)


def test_to_networkx_and_back(examples: gc.Tables) -> None:
    graph = examples.to_networkx()
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.number_of_nodes() == sum(examples.node_counts().values())
    spec = next(node for node in graph if node[0] == "Spec")
    assert graph.nodes[spec]["type"] == "Spec"
    assert graph.nodes[spec]["hash"] == spec[1]
    assert gc.Tables.from_networkx(graph).digest() == examples.digest()


@pytest.mark.slow
def test_a_store_is_opened_asked_and_closed(example_store: Path, examples: gc.Tables) -> None:
    with gc.open_store(example_store) as store:
        assert isinstance(store, gc.Store)
        count = "MATCH (s:Spec {name: $name}) RETURN count(*) AS specs"
        answer = store.query(count, {"name": "rocblas"})
        assert (answer.columns, answer.rows, answer.more) == (["specs"], [(4,)], False)
        assert store.describe().digest == store.tables().digest() == examples.digest()
        assert nx.utils.graphs_equal(store.to_networkx(), examples.to_networkx())
    with pytest.raises(gc.QueryError):
        store.query(count, {"name": "rocblas"})


@pytest.mark.slow
def test_build_and_update_give_reports(tmp_path: Path) -> None:
    page, store = tmp_path / "page.md", tmp_path / "store.lbug"
    page.write_text(PAGE)
    built = gc.build_store(store, page)
    assert isinstance(built, gc.Report)
    assert (built.kept, len(built.rejects)) == (1, 1)
    page.write_text(oracle.page_text("zlib", records=[oracle.record("b" * 32)]))
    updated = gc.update_store(str(store), str(page))
    assert (updated.kept, updated.rejects, updated.unchanged) == (1, [], 0)
    assert gc.update_store(store, page).unchanged == 1
    with gc.open_store(store) as opened:
        assert opened.query("MATCH (s:Spec) RETURN s.hash").rows == [("b" * 32,)]


# What it refuses ----------------------------------------------------------------------------------


def test_a_push_to_a_file_is_refused(example_store: Path) -> None:
    with (
        gc.open_store(example_store) as store,
        pytest.raises(gc.UsageError, match="expected a store on a server to push to, found one in"),
    ):
        gc.push_store(example_store, store)


def test_all_errors_are_of_one_tree() -> None:
    for name in gc.__all__:
        if name.endswith("Error"):
            error = getattr(gc, name)
            assert issubclass(error, gc.GraphcacheError)
            assert error.exit_code in (1, 2)
    assert gc.GraphcacheError.__base__ is Exception


@pytest.mark.slow
def test_what_is_refused_is_one_of_these_errors(example_store: Path, tmp_path: Path) -> None:
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    graph.add_node("no tuple")
    with gc.open_store(example_store) as store:
        attempts: dict[type[Exception], Callable[[], object]] = {
            gc.InputError: lambda: gc.read(tmp_path),
            gc.UsageError: lambda: gc.read(tmp_path, release=""),
            gc.StoreError: lambda: gc.open_store(tmp_path / "none"),
            gc.QueryError: lambda: store.query("MATCH (s:Spec) SET s.name = ''"),
            gc.GraphError: lambda: gc.Tables.from_networkx(graph),
            gc.NotKnownError: lambda: gc.analysis.prune_plan(store.tables(), ["develop"]),
        }
        for error, attempt in attempts.items():
            with pytest.raises(error) as caught:
                attempt()
            assert type(caught.value) is error
            assert str(caught.value)


def test_an_input_error_has_the_report(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("")
    with pytest.raises(gc.InputError) as caught:
        gc.read(tmp_path)
    assert [reject.why for reject in caught.value.report.rejects] == ["the file is empty"]
