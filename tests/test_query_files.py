"""The library's files and values: headers, folders of a user's own, what may be given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from neo4j_server.pushing import opened
from query_data import STORES

from graphcache import UsageError, open_store
from graphcache.named_queries import THEMES
from graphcache.queries import (
    builtin_folder,
    by_theme,
    load_library,
    parse_query,
)
from graphcache.stores import Store
from graphcache.stores.embedded.store import EmbeddedStore

ROOT = Path(__file__).parents[1]
LIBRARY = load_library()


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, example_store: Path) -> Iterator[Store]:
    """One of each kind; what it holds does not matter here."""
    kind = request.param
    with (
        open_store(example_store) if kind == "embedded" else opened(request.getfixturevalue(kind))
    ) as store:
        yield store


# Values -------------------------------------------------------------------------------------------


def test_a_target_becomes_all_that_runs_there() -> None:
    def runs_on(target: str) -> list[str]:
        bound = LIBRARY["usable-specs"].bind({"package": "hdf5", "target": target})
        assert bound.keys() == {"package", "hashes", "target", "os"}
        return list(bound["target"])

    assert {"zen4", "zen3", "x86_64_v4", "x86_64_v3", "x86_64"} <= set(runs_on("zen4"))
    assert "zen5" not in runs_on("zen4")
    assert runs_on("x86_64") == ["x86_64"]
    assert "x86_64" not in runs_on("neoverse_v1")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("zen44", "Did you mean zen4 or "),
        ("x86_64_v33", "Did you mean x86_64_v3 or "),
        ("", "archspec knows, found ''"),
        ("pdp-11/70", "archspec knows, found 'pdp-11/70'"),
    ],
)
def test_an_unknown_target_gives_the_names_that_are_close(target: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        LIBRARY["usable-specs"].bind({"package": "hdf5", "target": target})
    assert str(caught.value).startswith(
        "usable-specs: target: expected a target that archspec knows, found "
    )
    assert said in str(caught.value)


ALL_TYPES = parse_query(
    "typed",
    """// Title: Typed
// Question: What is what?
// Parameter: text (text, default "a"): a text
// Parameter: integer (integer, default 7): a number
// Parameter: boolean (boolean, default true): yes or no
// Parameter: texts (list of text, default ["b", "c"]): texts
// Parameter: needed (integer): a number that must be given
// Column: text (text): the text
// Column: integer (integer): the number
// Column: boolean (boolean): yes or no
// Column: texts (list of text): the texts
// Column: needed (integer): the number that was given
RETURN $text AS text, $integer AS integer, $boolean AS boolean, $texts AS texts, $needed AS needed
""",
    "typed.cypher",
)


VERSIONS = parse_query(
    "versions",
    """// Title: Versions
// Question: Which is above which?
// Column: texts (list of text): as texts
// Column: versions (list of versions): as versions
WITH ["develop", "1.10", "1.9", "1.9rc1"] AS given RETURN given AS texts, given AS versions
""",
    "versions.cypher",
)


def test_a_list_of_versions_is_in_the_order_of_spack(store: Store) -> None:
    [(texts, versions)] = VERSIONS.run(store).rows
    assert texts == ["1.10", "1.9", "1.9rc1", "develop"]
    assert versions == ["1.9rc1", "1.9", "1.10", "develop"]


ORDERED = parse_query(
    "ordered",
    """// Title: Ordered
// Question: Which is above which?
// Order: package, version desc, compiler
// Column: package (text): a package
// Column: version (version): a version
// Column: compiler (compiler): a compiler
UNWIND [['b', '1.9', 'gcc@9'], ['b', '1.10', 'gcc@9'], ['b', 'develop', 'gcc@9'],
        ['a', '1.0', 'gcc@13'], ['a', '1.0', 'gcc@9'], ['a', '1.0', '']] AS row
RETURN row[%s] AS package, row[%s] AS version, row[%s] AS compiler
ORDER BY package, version DESC, compiler
""",
    "ordered.cypher",
)
IN_ORDER = [
    *[("a", "1.0", compiler) for compiler in ("", "gcc@9", "gcc@13")],
    *[("b", version, "gcc@9") for version in ("develop", "1.10", "1.9")],
]


def test_rows_are_in_the_order_of_spack(store: Store) -> None:
    # Where a list begins, the two do not say alike.
    first = 1 if isinstance(store, EmbeddedStore) else 0
    cypher = ORDERED.cypher % (first, first + 1, first + 2)
    query = replace(ORDERED, cypher=cypher)
    assert query.run(store).rows == IN_ORDER
    for limit in range(7):
        cut = query.run(store, limit=limit)
        assert (cut.rows, cut.more) == (IN_ORDER[:limit], limit < 6)


def test_the_order_of_a_header_is_that_of_the_statement() -> None:
    """So what `--explain` prints gives the same rows, in the same order but for versions."""
    for query in LIBRARY.values():
        by = query.cypher.rpartition("ORDER BY ")[2].split(", ")
        if query.order:
            assert [f"{name} DESC" if desc else name for name, desc in query.order] == by
        else:
            types = {column.name: column.type for column in query.columns}
            assert not {types.get(key.split()[0]) for key in by} & {"version", "compiler"}


def test_every_type_of_parameter_arrives_as_it_is(store: Store) -> None:
    assert ALL_TYPES.run(store, {"needed": 0}).rows == [("a", 7, True, ["b", "c"], 0)]
    given = {"text": "é\n'", "integer": -1, "boolean": False, "texts": ("z", "é"), "needed": 2**40}
    assert ALL_TYPES.run(store, given).rows == [("é\n'", -1, False, ["z", "é"], 2**40)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "typed: needed is missing: a number that must be given"),
        ({"needed": None}, "typed: needed is missing: a number that must be given"),
        ({"needed": "1"}, "typed: needed: expected integer, found '1'"),
        ({"needed": True}, "typed: needed: expected integer, found True"),
        ({"needed": 1.0}, "typed: needed: expected integer, found 1.0"),
        ({"needed": 1, "text": 2}, "typed: text: expected text, found 2"),
        ({"needed": 1, "text": ["a"]}, "typed: text: expected text, found ['a']"),
        ({"needed": 1, "boolean": 1}, "typed: boolean: expected boolean, found 1"),
        ({"needed": 1, "texts": "a"}, "typed: texts: expected list of text, found 'a'"),
        ({"needed": 1, "texts": ["a", 1]}, "typed: texts: expected list of text, found ['a', 1]"),
        (
            {"needed": 1, "nope": 1},
            "typed: no parameter nope: expected boolean, integer, needed, text, texts",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        ALL_TYPES.bind(values)
    assert str(caught.value) == said


def test_a_query_without_parameters_takes_none() -> None:
    query = parse_query("bare", HEAD + "RETURN 1 AS x", "bare.cypher")
    assert query.bind({}) == {}
    with pytest.raises(UsageError, match=r"^bare: no parameter release: expected none$"):
        query.bind({"release": "develop"})


# Files of queries ---------------------------------------------------------------------------------

HEAD = "// Title: T\n// Question: Q?\n// Column: x (text): an x\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "q.cypher: expected a line '// Title: …' at its beginning"),
        (
            "// Question: Q?\n// Column: x (text): x\nRETURN 1",
            "q.cypher: expected a line '// Title: …'",
        ),
        (
            "// Title: T\n// Column: x (text): x\nRETURN 1",
            "q.cypher: expected a line '// Question: …'",
        ),
        ("\n" + HEAD + "RETURN 1", "q.cypher: expected a line '// Title: …'"),
        (
            "// Title: T\n// Question: Q?\nRETURN 1",
            "q.cypher: expected columns, and a statement behind the header",
        ),
        (HEAD, "q.cypher: expected columns, and a statement behind the header"),
        (
            "// Title: T\n// Author: me\nRETURN 1",
            "q.cypher:2: expected '// KEY: …' with KEY one of Theme, Title, Question, Example, "
            "Order, Told, Parameter, Column; found '// Author: me'",
        ),
        ("// Title:\nRETURN 1", "q.cypher:1: expected '// KEY: …' with KEY one of Theme, "),
        (
            "// Theme: magic\n" + HEAD + "RETURN 1",
            "q.cypher: expected a theme, one of packages, stacks, releases, compilers, targets, "
            "builds, dependencies, health, others; found magic",
        ),
        (
            HEAD + "// Parameter: a (date): a day\nRETURN 1",
            "q.cypher:4: expected NAME (TYPE): MEANING, or NAME (TYPE, default JSON): MEANING, "
            "with TYPE one of text, integer, boolean, list of text, version, spec, package, "
            "stack, release, compiler, os, libc, virtual, target, hash",
        ),
        (HEAD + "// Parameter: A (text): a\nRETURN 1", "q.cypher:4: expected NAME (TYPE): MEANI"),
        (HEAD + "// Parameter: a text\nRETURN 1", "q.cypher:4: expected NAME (TYPE): MEANING, or"),
        (
            HEAD + '// Parameter: a (integer, default "1"): a\nRETURN 1',
            'q.cypher:4: expected a default of type integer, found "1"',
        ),
        (
            HEAD + "// Parameter: a (integer, default true): a\nRETURN 1",
            "q.cypher:4: expected a default of type integer, found true",
        ),
        (
            HEAD + "// Parameter: a (text, default nope): a\nRETURN 1",
            "q.cypher:4: expected a default of type text, found nope",
        ),
        (
            HEAD + "// Parameter: limit (integer): most\nRETURN 1",
            "q.cypher: parameter limit: an option of every query has this name",
        ),
        (
            HEAD + "// Column: y (date): a day\nRETURN 1",
            "q.cypher:4: expected NAME (TYPE): MEANING, with TYPE one of text, integer, number, "
            "boolean, version, compiler, list of text, list of versions, list of compilers",
        ),
        (
            HEAD + "// Order: x desc, z\nRETURN 1",
            "q.cypher: Order: expected COLUMN or COLUMN desc, with COLUMN one of x; found z",
        ),
        (
            HEAD + "// Told: Spec.color by all\nRETURN 1",
            "q.cypher: Told: expected TYPE.PROPERTY by SOURCES, or BUILT_WITH by SOURCES, found "
            "Spec.color by all",
        ),
        (
            HEAD + "// Parameter: a (version): a\nRETURN 1",
            "q.cypher: expected the package of a version as the first parameter",
        ),
        (
            HEAD + "// Parameter: of (spec): a spec\nRETURN 1",
            "q.cypher: expected one spec, called package, as the first parameter",
        ),
        (HEAD + "// Order: x DESC\nRETURN 1", "q.cypher: Order: expected COLUMN or COLUMN desc, "),
        (
            HEAD + "// Parameter: a (stack, default 1): a\nRETURN 1",
            "q.cypher:4: expected a default of type stack, found 1",
        ),
        (HEAD + '// Column: y (text, default ""): y\nRETURN 1', "q.cypher:4: expected NAME (TYPE"),
    ],
)
def test_a_header_that_is_wrong_is_said_to_be(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query("q", text, "q.cypher")
    assert str(caught.value).startswith(said)


def test_a_theme_is_said_or_is_others() -> None:
    assert parse_query("q", HEAD + "RETURN 1", "q.cypher").theme == "others"
    for theme in THEMES:
        assert parse_query("q", f"// Theme: {theme}\n{HEAD}RETURN 1", "q.cypher").theme == theme


def test_queries_stand_by_theme_and_name() -> None:
    mine = parse_query("a", HEAD + "RETURN 1", "a.cypher")
    themes = by_theme([mine, *LIBRARY.values()])
    found = [(theme, query.name) for theme, group in themes.items() for query in group]
    ours = [(query.theme, name) for name, query in LIBRARY.items()]
    assert found == sorted([*ours, ("others", "a")], key=lambda pair: THEMES.index(pair[0]))


@pytest.mark.parametrize("name", ["Upper", "1st", "under_score", "spa ce", "..", "é"])
def test_a_file_name_that_makes_no_command_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(name, HEAD + "RETURN 1", f"{name}.cypher")
    assert str(caught.value) == (
        f"{name}.cypher: expected a file name of a-z, 0-9 and -, found {name}"
    )


def test_a_header_may_be_written_on_any_system() -> None:
    text = (HEAD + "// Parameter: a (text): an a \nRETURN $a AS x // not a header").replace(
        "\n", "\r\n"
    )
    query = parse_query("q", text, "q.cypher")
    assert (query.title, query.question) == ("T", "Q?")
    assert [(p.name, p.required, p.doc) for p in query.parameters] == [("a", True, "an a")]
    assert query.cypher == "RETURN $a AS x // not a header"


def test_a_folder_of_the_user_goes_before_ours(store: Store, tmp_path: Path) -> None:
    (tmp_path / "stacks.cypher").write_text("\ufeff" + HEAD + "RETURN 'mine' AS x")
    (tmp_path / "zz-new.cypher").write_text(HEAD + "RETURN 'new' AS x")
    (tmp_path / "notes.txt").write_text("no query")
    library = load_library(tmp_path)
    assert list(library) == sorted([*LIBRARY, "zz-new"])
    assert library["stacks"].run(store).rows == [("mine",)]
    assert library["zz-new"].run(store).rows == [("new",)]
    assert library["package"] == LIBRARY["package"]
    second = tmp_path / "second"
    second.mkdir()
    (second / "stacks.cypher").write_text(HEAD + "RETURN 'last' AS x")
    assert load_library(tmp_path, second)["stacks"].run(store).rows == [("last",)]
    assert load_library(second, tmp_path)["stacks"].run(store).rows == [("mine",)]


def test_a_folder_or_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: there is no such folder of queries$"):
        load_library(tmp_path / "nowhere")
    (tmp_path / "latin.cypher").write_bytes(HEAD.encode() + b"RETURN '\xe9' AS x")
    with pytest.raises(UsageError, match=r"latin.cypher: can't be read: 'utf-8' codec"):
        load_library(tmp_path)
    (tmp_path / "latin.cypher").unlink()
    (tmp_path / "folder.cypher").mkdir()
    with pytest.raises(UsageError, match=r"folder.cypher: can't be read: "):
        load_library(tmp_path)


def test_our_queries_are_all_there_and_read_as_one() -> None:
    assert builtin_folder().name == "cypher"
    assert set(LIBRARY) == {path.stem for path in builtin_folder().glob("*.cypher")}
    for name, query in LIBRARY.items():
        assert query.name == name
        assert query.question.endswith("?")
        assert query.theme != "others"
        assert len({column.name for column in query.columns}) == len(query.columns)


@pytest.mark.process
def test_an_installed_package_finds_its_queries(tmp_path: Path) -> None:
    """The wheel is laid out as pyproject.toml says: no checkout lies beside it."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    targets = wheel["targets"]["wheel"]
    for folder in targets["packages"]:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for source, place in targets["force-include"].items():
        shutil.copytree(ROOT / source, tmp_path / place)
    code = "from graphcache import queries as q; print(q.builtin_folder(), *q.load_library())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(tmp_path / "graphcache/cypher"), *LIBRARY]
