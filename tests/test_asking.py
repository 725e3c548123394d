"""What the commands ask, in Python: methods of a store, and what their answers can become."""

from __future__ import annotations

import html
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import succeed

import graphcache as gc
from graphcache import analysis, health
from graphcache.analysis.differing.spec_diff import SpecDiff
from graphcache.analysis.machines.machine import this_libc, this_os, this_target

SITE = Path(__file__).parents[1] / "examples/site"
MY_ENV = SITE / "my-env/spack.lock.gz"
QUESTIONS = (
    *("advisories", "sbom", "coverage", "diff_specs", "find", "impact", "keeplist"),
    *("prune_plan", "rebuilds", "unify", "why"),
)
"""Methods that are functions of `graphcache.analysis`."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the site's two releases."""
    path = tmp_path_factory.mktemp("site") / "site.lbug"
    gc.build_store(path, SITE / "2026-10", release="2026-10")
    gc.update_store(path, SITE / "develop", release="develop")
    return path


@pytest.fixture
def store(path: Path) -> Iterator[gc.Store]:
    with gc.open_store(path) as store:
        yield store


# Questions ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_a_store_is_asked_is_answered_of_it(store: gc.Store) -> None:
    tables = store.tables()
    pairs: list[tuple[Any, Any]] = [
        (store.find("hdf5+mpi"), analysis.find(tables, "hdf5+mpi")),
        (store.find(["hdf5", "+mpi"], stack="io"), analysis.find(tables, "hdf5+mpi", "io")),
        (
            store.usable("hdf5", "zen4", libc="glibc@2.40"),
            analysis.usable(tables, "hdf5", "zen4", libc="glibc@2.40"),
        ),
        (
            store.usable("hdf5", "zen4", "almalinux9", stack="io"),
            analysis.usable(tables, "hdf5", "zen4", "almalinux9", stack="io"),
        ),
        (store.why("zlib-ng"), analysis.why(tables, "zlib-ng")),
        (
            store.impact("openssl", release="develop", deptype="link"),
            analysis.impact(tables, "openssl", release="develop", deptype="link"),
        ),
        (store.rebuilds(stack="io"), analysis.rebuilds(tables, stack="io")),
        (store.prune_plan("develop"), analysis.prune_plan(tables, ["develop"])),
        (store.keeplist("develop"), analysis.keeplist(tables, ["develop"])),
    ]
    for found, expected in pairs:
        assert found == expected
        assert len(found) > 0


@pytest.mark.slow
def test_what_is_usable_is_asked_for_this_machine(store: gc.Store) -> None:
    tables, libc = store.tables(), this_libc()
    assert store.usable("hdf5", "zen4") == analysis.usable(tables, "hdf5", "zen4", libc=libc)
    here = analysis.usable(tables, "hdf5", this_target(), this_os(), libc=libc)
    assert store.usable("hdf5") == here


@pytest.mark.slow
def test_a_lock_file_is_held_against_a_store(store: gc.Store) -> None:
    environment, _ = gc.read(MY_ENV)
    expected = analysis.coverage(environment, store.tables())
    assert store.coverage(MY_ENV) == store.coverage(environment) == expected
    assert store.coverage(str(MY_ENV)) == expected


@pytest.mark.slow
def test_two_specs_are_compared(store: gc.Store) -> None:
    first, second = [row[0] for row in store.find("curl", stack="io")][:2]
    difference = store.diff_specs(f"/{first}", f"curl/{second}")
    assert isinstance(difference, SpecDiff)
    assert difference == analysis.diff_specs(store.tables(), f"/{first}", f"/{second}")


@pytest.mark.slow
def test_two_releases_or_stacks_are_compared(store: gc.Store) -> None:
    tables = store.tables()
    sides = [analysis.side(tables, "release", name) for name in ("2026-10", "develop")]
    found = store.diff("2026-10", "develop")
    assert found == analysis.diff(*sides)
    assert found.specs.rows
    assert store.diff("2026-10", "develop", kind="release") == found
    stacks = [analysis.side(tables, "stack", name, "develop") for name in ("io", "tools")]
    assert store.diff("io", "tools", release="develop") == analysis.diff(*stacks)


@pytest.mark.slow
def test_check_finds_what_the_function_finds(store: gc.Store) -> None:
    found = store.check()
    assert all(isinstance(finding, health.Finding) for finding in found)
    assert found == health.check(store)


@pytest.mark.slow
def test_a_named_query_is_run_by_its_name(store: gc.Store) -> None:
    answer = store.run("redundant-builds", release="develop", limit=3)
    assert (len(answer), answer.more) == (3, True)
    assert answer.columns[0] == "package"
    assert len(store.run("redundant-builds")) > 3


def test_methods_are_as_the_functions_that_they_ask() -> None:
    assert set(QUESTIONS) | {"check", "run", "query", "usable"} <= set(dir(gc.Store))
    for name in QUESTIONS:
        method, function = getattr(gc.Store, name), getattr(analysis, name)
        assert method.__name__ == name
        assert method.__qualname__ == f"Store.{name}"
        words, shown = (inspect.getdoc(one) or "" for one in (function, method))
        assert shown.startswith(words.partition("\n\n>>>")[0])
        assert shown
        assert ">>>" not in shown
        of_method = list(inspect.signature(method).parameters.values())
        of_function = list(inspect.signature(function).parameters.values())
        first = 2 if name == "coverage" else 1
        assert [p.name for p in of_method[:first]] == ["self", "environment"][:first]
        assert of_method[first:] == of_function[first:]


def test_methods_go_by_the_names_of_the_commands(path: Path) -> None:
    """Each command that asks is a method, but `query` by name, which is `run`."""
    help_ = succeed("--help", cwd=path.parent)
    for name in [*QUESTIONS, "check", "diff", "usable"]:
        if name in ("diff_specs", "keeplist"):  # of `diff` and `prune-plan`
            continue
        assert f"\n  {name.replace('_', '-')} " in help_
        assert callable(getattr(gc.Store, name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.impact("zlib-ng", stack="ioo"), "stack='ioo': no such stack in the graph. D"),
        (lambda s: s.impact("zlibng"), "specs='zlibng': no such package or hash in the graph. D"),
        (lambda s: s.impact("zlib-ng", "io", ""), "release='': no such release in the graph, wh"),
        (lambda s: s.impact("zlib-ng", deptype="lnk"), "deptype='lnk': no such dependency type "),
        (lambda s: s.prune_plan(stacks=["io", "x"]), "stacks='x': no such stack in the graph, w"),
        (lambda s: s.find("hdf5 target=zen44"), "zen44: no such target in the graph. Did you me"),
        (lambda s: s.find("hdf5", release="devel"), "release='devel': no such release in the g"),
        (lambda s: s.why("/zzzz"), "specs='/zzzz': no such spec in the graph, whose "),
        (lambda s: s.run("redundant-build"), "No query named 'redundant-build'. Did you mean re"),
        (lambda s: s.run("variants-of", package="hdf"), "package='hdf': no such package or hash"),
        (lambda s: s.run("variants-of", packag="hdf5"), "variants-of: no parameter packag: expec"),
        (lambda s: s.run("variants-of"), "variants-of: package is missing: "),
        (lambda s: s.run("nothing-like-it"), "No query named 'nothing-like-it'. graphcache.quer"),
        (lambda s: s.diff("2026-10", "develo"), "new='develo': no such release, stack or hash in"),
        (lambda s: s.diff("io", "tools", release="x"), "release='x': no such release in the gr"),
        (lambda s: s.diff("io", "tools", kind="hash"), "io and tools: expected two releases or st"),
        (lambda s: s.diff("2026-10", "develop", release="develop"), "2026-10 and develop: a rele"),
    ],
)
def test_errors_speak_of_arguments(
    ask: Callable[[gc.Store], object], said: str, store: gc.Store
) -> None:
    with pytest.raises(gc.UsageError) as caught:
        ask(store)
    assert str(caught.value).startswith(said)
    assert "--" not in str(caught.value)


def test_a_wrong_argument_is_a_type_error(store: gc.Store) -> None:
    wrong: dict[str, Any] = {"stak": "io"}
    with pytest.raises(TypeError, match="stak"):
        store.find("hdf5", **wrong)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda s: s.why(5), "specs=5: expected str or an iterable of str, found int"),
        (lambda s: s.why(["zlib", 5]), "specs=['zlib', 5]: expected str or an iterable of str, fo"),
        (lambda s: s.why(None), "specs=None: expected str or an iterable of str, found NoneType"),
        (lambda s: s.why(b"zlib"), "specs=b'zlib': expected str or an iterable of str, found byt"),
        (lambda s: s.find("zlib", stack=["io"]), "stack=['io']: expected str or None, found lis"),
        (lambda s: s.usable("zlib", libc=2.35), "libc=2.35: expected str or Libc or None, found f"),
        (lambda s: s.unify(max_pins="3"), "max_pins='3': expected int, found str"),
        (lambda s: s.unify(max_pins=True), "max_pins=True: expected int, found bool"),
        (lambda s: s.coverage(5), "environment=5: expected Tables or str or PathLike, found int"),
        (lambda s: s.coverage(MY_ENV, target=1), "target=1: expected str or None, found int"),
        (lambda s: s.diff_specs("/abc", 7), "right=7: expected str, found int"),
        (lambda s: s.diff("io", None), "new=None: expected str, found NoneType"),
        (lambda s: s.run(5), "query=5: expected str, found int"),
        (lambda s: s.run("stacks", limit="9"), "limit='9': expected int or None, found str"),
        (lambda s: s.run("stacks", timeout=[]), "timeout=[]: expected float or None, found an e"),
        (lambda s: s.run("variants-of", package=5), "variants-of: package: "),
        (lambda s: s.prune_plan(1), "releases=1: expected str or an iterable of str,"),
    ],
)
def test_values_of_a_wrong_kind_are_told_with_what_is_taken(
    ask: Callable[[gc.Store], object], said: str, store: gc.Store
) -> None:
    with pytest.raises(gc.UsageError) as caught:
        ask(store)
    assert str(caught.value).startswith(said)


@pytest.mark.slow
def test_what_can_be_gone_through_once_is_an_argument(store: gc.Store) -> None:
    assert store.find(word for word in ("hdf5", "+mpi")) == store.find("hdf5+mpi")


@pytest.mark.slow
def test_what_is_not_known_is_loaded_by_a_function(tmp_path: Path) -> None:
    path = tmp_path / "pages.lbug"
    gc.build_store(path, SITE.parent / "pages")
    with gc.open_store(path) as store:
        for ask, about in ((store.why, "rocblas"), (store.prune_plan, "develop-2025-03-23")):
            with pytest.raises(gc.NotKnownError, match=r", by graphcache\.update_store$") as caught:
                ask(about)
            assert caught.value.at_shell.endswith(", by 'graphcache update PATH...'")


def test_errors_of_opening_and_asking_name_no_options(tmp_path: Path, store: gc.Store) -> None:
    with pytest.raises(gc.StoreError, match=r": there is no store: make one by graphcache.bui"):
        gc.open_store(tmp_path / "none")
    with pytest.raises(gc.QueryError, match=r"the query needs \$p: give it as a parameter, p=V"):
        store.query("RETURN $p")


# Answers ------------------------------------------------------------------------------------------

ANSWER = gc.Answer(
    ["package", "size", "held", "stacks"],
    [("zlib", 3, True, ["e4s"]), ("hdf5", None, None, [])],
    notes=["A <note>."],
)


def test_an_answer_is_iterated_and_has_a_length() -> None:
    assert len(ANSWER) == 2
    assert list(ANSWER) == ANSWER.rows
    assert not gc.Answer(["a"], [])
    assert repr(ANSWER) == "<Answer of 2 rows: package, size, held, stacks>"
    assert repr(gc.Answer(["a"], [(1,)], more=True)) == "<Answer of 1 row, and there are more: a>"


@pytest.mark.slow
def test_an_answer_as_a_table_of_arrow(store: gc.Store) -> None:
    table = ANSWER.to_arrow()
    assert table.to_pylist() == ANSWER.to_dicts()
    assert [str(field.type) for field in table.schema] == [
        *("string", "int64", "bool", "list<item: string>"),
    ]
    empty = gc.Answer(["a", "b"], []).to_arrow()
    assert (empty.column_names, empty.num_rows) == (["a", "b"], 0)
    for answer in (store.why("zlib-ng"), store.impact("cmake"), store.prune_plan("develop")):
        assert answer.to_arrow().to_pylist() == answer.to_dicts()


@pytest.mark.parametrize(
    ("columns", "row", "said"),
    [
        (["a"], [(1,), ("x",)], "column a: expected values that .* one type, found int, str"),
        (["a"], [(2**80,)], "column a: expected values that .* one type, found int"),
        (["a", "a"], [(1, 2)], "two columns are named 'a': name them apart by AS"),
    ],
)
def test_an_answer_that_is_no_table(columns: list[str], row: Any, said: str) -> None:
    for ask in (gc.Answer.to_arrow, gc.Answer.to_pandas, gc.Answer.to_polars):
        with pytest.raises(gc.UsageError, match=said):
            ask(gc.Answer(columns, row))


@pytest.mark.slow
def test_an_answer_as_a_frame(store: gc.Store) -> None:
    for answer in (ANSWER, store.impact("openssl"), store.why("zlib-ng")):
        polars, pandas = answer.to_polars(), answer.to_pandas()
        assert polars.to_dicts() == answer.to_dicts()
        assert list(pandas.columns) == answer.columns
        assert len(pandas) == len(answer)
    pandas = ANSWER.to_pandas()
    assert str(pandas["size"].dtype) == "Int64"
    assert pandas["size"].isna().tolist() == [False, True]


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_what_is_not_installed_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # as Python marks what can't be imported
    expected = f"{name} is not installed: pip install 'graphcache\\[{name}\\]', or take to_arrow"
    with pytest.raises(gc.UsageError, match=expected):
        getattr(ANSWER, f"to_{name}")()


def test_a_notebook_shows_an_answer_and_nothing_of_it_is_markup() -> None:
    bad = "<script>alert(1)</script>"
    rows = [(bad, [bad, "b"], n) for n in range(50)]
    shown = gc.Answer(["x", bad, "n"], rows, notes=[bad])._repr_html_()
    assert "<script" not in shown
    assert shown.count(html.escape(bad)) == 2 + 2 * 20
    assert shown.count("<tr>") == 21
    assert "<p>20 of 50 rows</p>" in shown
    assert len(gc.Answer(["x"], [("y" * 10_000,)])._repr_html_()) < 500
    assert len(gc.Answer(["x"], [(["y" * 10_000] * 10_000,)])._repr_html_()) < 500
    assert "<td></td>" in ANSWER._repr_html_()
    assert "A &lt;note&gt;." in ANSWER._repr_html_()


# What things say that they are --------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_shown_says_what_is_in_it(path: Path, store: gc.Store) -> None:
    counts = store.describe().nodes
    assert repr(store) == (
        f"<Store {path}: {counts['Spec']:,} specs of {counts['Package']} packages, 3 stacks, "
        "2 releases>"
    )
    store.close()
    assert repr(store) == f"<Store {path}: not open>"
    tables, report = gc.read(MY_ENV)
    assert repr(tables).startswith("<Tables of 5")
    assert repr(tables).endswith(" edges>")
    assert repr(gc.Tables.empty()) == "<Tables of 0 edges>"
    assert repr(report) == "<Report of 59 records in 1 file, 59 kept>"
