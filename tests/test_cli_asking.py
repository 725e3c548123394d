"""What `query`, `stats`, `schema`, `verify` and `export` print of a store of the real pages.

`golden/cli` is written anew by `make golden`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ladybug
import networkx as nx
import pyarrow.parquet as pq
import pytest
from command_line import Ended, assert_golden, run, succeed

from graphcache import Tables, open_store
from graphcache.named_queries import THEMES
from graphcache.queries import load_library
from graphcache.schema import EDGE_TYPES, NODE_TYPES, all_types
from graphcache.stores.embedded.seal import seal
from graphcache.views.answers import Format, render

QUERIES = load_library()
HASHES = "MATCH (s:Spec) RETURN s.hash ORDER BY s.hash"


# Query --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["table", "csv", "json", "jsonl"])
def test_golden_answer(format_: str, example_store: Path) -> None:
    asked = ("query", "redundant-builds", "--release", "develop", "--format", format_)
    printed = succeed(*asked, cwd=example_store.parent)
    assert_golden(f"redundant-builds.{format_}.txt", printed)


def test_golden_query_list(tmp_path: Path) -> None:
    printed = succeed("query", "--format", "table", cwd=tmp_path)
    assert_golden("query-list.txt", printed)
    listed = list(csv.DictReader(io.StringIO(succeed("query", cwd=tmp_path))))
    ordered = sorted(QUERIES.values(), key=lambda q: (THEMES.index(q.theme), q.name))
    assert listed == [{"theme": q.theme, "query": q.name, "answers": q.question} for q in ordered]


EVERY_KIND = (
    "RETURN 'a,\"b\"' AS text, 1234 AS integer, 0.5 AS number, true AS boolean, "
    "['x y', 'z'] AS list, {a: 1} AS map, null AS nothing, date('2025-03-30') AS day"
)


@pytest.mark.parametrize("format_", ["table", "csv", "json", "jsonl"])
def test_golden_values(format_: Format, example_store: Path) -> None:
    with open_store(example_store) as store:
        answer = store.query(EVERY_KIND)
    out = io.StringIO()
    render(answer.columns, answer.rows, format_, out)
    assert_golden(f"values.{format_}.txt", out.getvalue())


@pytest.mark.parametrize(
    ("format_", "shown"),
    [("table", "name\n────\n"), ("csv", "name\n"), ("json", "[]\n"), ("jsonl", "")],
)
def test_an_answer_without_rows(format_: Format, shown: str) -> None:
    out = io.StringIO()
    render(["name"], [], format_, out)
    assert out.getvalue() == shown


COUNT = "MATCH (s:Spec {name: $name}) RETURN count(*) AS specs"


@pytest.mark.slow
def test_a_statement_comes_from_anywhere(example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "count.cypher").write_text(f"\ufeff// how many\n{COUNT};\n")
    for source in ("count.cypher", "-"):
        asked = ("query", "-f", source, "--param", "name=rocblas", "--store", example_store)
        assert succeed(*asked, cwd=tmp_path, given=COUNT.encode()) == "specs\n4\n"


PARAMETERS = {
    "word": "word",
    "": "",
    "a=b": "a=b",
    "12": 12,
    "1.5": 1.5,
    "true": True,
    "null": None,
    '"12"': "12",
    '["a", "b"]': ["a", "b"],
    '{"a": 1}': {"a": 1},
    "NaN": "NaN",
    "[unfinished": "[unfinished",
    "1e999": None,  # infinity, which JSON has not
}


def test_a_parameter_is_json_or_else_text(example_store: Path) -> None:
    names = [f"x{number}" for number in range(len(PARAMETERS))]
    given = (f"--param={name}={text}" for name, text in zip(names, PARAMETERS, strict=True))
    asked = "RETURN " + ", ".join(f"${name} AS {name}" for name in names)
    printed = succeed("query", "-c", asked, *given, "--format=json", cwd=example_store.parent)
    assert list(json.loads(printed)[0].values()) == list(PARAMETERS.values())


@pytest.mark.slow
def test_options_stand_before_the_name_or_behind(example_store: Path, tmp_path: Path) -> None:
    options = ["--store", str(example_store), "--format", "jsonl", "--limit", "1"]
    before = run("query", *options, "stacks", cwd=tmp_path)
    assert before == run("query", "stacks", *options, cwd=tmp_path)
    assert before.code == 0
    assert len(before.out.splitlines()) == 1


def test_a_limit_is_said(example_store: Path) -> None:
    ended = run("query", "-c", HASHES, "--limit", "2", cwd=example_store.parent)
    assert (ended.code, len(ended.out.splitlines())) == (0, 3)
    assert ended.err == "The first 2 rows; there are more.\n"


@pytest.mark.slow
def test_a_query_ends_at_its_time_limit(example_store: Path) -> None:
    heavy = "MATCH (a:Spec), (b:Spec), (c:Spec), (d:Spec) WHERE a.name + b.name = c.hash + d.hash "
    asked = ("query", "-c", heavy + "RETURN count(*)", "--timeout", "0.2")
    ended = run(*asked, cwd=example_store.parent)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "Error: it took longer than 0.2 seconds: narrow it, or raise the timeout\n"
    )


MINE = """\
// Title: Mine
// Question: How many specs has a package?
// Parameter: package (text): the package
// Parameter: least (integer, default 1): at least so many
// Column: specs (integer): how many
MATCH (s:Spec {name: $package}) WITH count(*) AS specs WHERE specs >= $least RETURN specs
"""


@pytest.mark.slow
def test_a_library_of_ones_own(example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/mine.cypher").write_text(MINE)
    env = {"GRAPHCACHE_LIBRARY": "queries", "GRAPHCACHE_STORE": str(example_store)}
    by_option = ("query", "--library", "queries", "--store", example_store)
    assert succeed(*by_option, "mine", "--package", "rocblas", cwd=tmp_path) == "specs\n4\n"
    by_environment = ("query", "mine", "--package", "rocblas", "--least", "5")
    assert run(*by_environment, cwd=tmp_path, env=env) == Ended(0, "specs\n", "No rows.\n")
    listed = succeed("query", cwd=tmp_path, env=env)
    assert listed.endswith("\nothers,mine,How many specs has a package?\n")
    help_text = succeed("query", "mine", "--help", cwd=tmp_path, env=env)
    assert "--least INTEGER " in help_text
    assert "Example:" not in help_text


@pytest.mark.slow
def test_a_query_that_writes_is_refused(example_store: Path) -> None:
    before = example_store.read_bytes()
    for statement in (
        "CREATE (:Package {name: 'x'})",
        "MATCH (s:Spec) DETACH DELETE s",
        "COPY (MATCH (s:Spec) RETURN s.hash) TO 'out.csv'",
    ):
        ended = run("query", "-c", statement, cwd=example_store.parent)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("Error: a query only reads")
    assert example_store.read_bytes() == before
    assert os.listdir(example_store.parent) == [example_store.name]


# Stats, schema, verify ----------------------------------------------------------------------------


def test_golden_stats_keys(example_store: Path) -> None:
    stats = json.loads(succeed("stats", "--format", "json", cwd=example_store.parent))
    assert list(stats) == ["nodes", "edges", "digest", "releases", "loads"]
    keys = [f"{name}.{key}" for name in ("nodes", "edges", "releases") for key in stats[name]] + [
        f"loads[0].{key}" for key in stats["loads"][0]
    ]
    assert_golden("stats-keys.txt", "\n".join([*stats, *keys, ""]))


def test_stats_count_the_graph(example_store: Path, examples: Tables, example_pages: Path) -> None:
    stats = json.loads(succeed("stats", "--format", "json", cwd=example_store.parent))
    assert stats["nodes"] == examples.node_counts()
    assert stats["edges"] == examples.edge_counts()
    assert stats["digest"] == examples.digest()
    assert stats["releases"]["develop"] == 211
    (load,) = stats["loads"]
    assert (load["command"], load["sources"]) == ("build", [str(example_pages)])
    assert (load["files"], load["records"], load["rejects"]) == (6, 216, 0)


@pytest.mark.slow
def test_stats_as_text(example_store: Path, examples: Tables) -> None:
    printed = succeed("stats", cwd=example_store.parent).splitlines()
    rows = [line.split() for line in printed]
    for name, count in [*examples.node_counts().items(), *examples.edge_counts().items()]:
        assert [name, str(count)] in rows
    assert ["develop", "211"] in rows
    assert printed[-1] == f"digest {examples.digest()}"


def test_schema_as_text_names_everything(tmp_path: Path) -> None:
    printed = succeed("schema", cwd=tmp_path)
    for type_ in all_types():
        assert f":{type_.name}" in printed
        for property_ in type_.properties:
            assert f"\n    {property_.name}: {property_.type}, {property_.doc}\n" in printed + "\n"


def test_schema_as_json(tmp_path: Path) -> None:
    declared = json.loads(succeed("schema", "--format", "json", cwd=tmp_path))
    assert [node["name"] for node in declared["nodes"]] == [type_.name for type_ in NODE_TYPES]
    assert [node["key"] for node in declared["nodes"]] == [type_.key for type_ in NODE_TYPES]
    assert [(edge["name"], edge["start"], edge["end"]) for edge in declared["edges"]] == [
        (type_.name, type_.start, type_.end) for type_ in EDGE_TYPES
    ]


def test_schema_as_cypher_makes_the_tables(tmp_path: Path) -> None:
    printed = succeed("schema", "--format", "cypher", cwd=tmp_path)
    with ladybug.Database(":memory:") as database, ladybug.Connection(database) as connection:
        connection.execute(printed)
        made: Any = connection.execute("CALL show_tables() RETURN name")
        names = {row[0] for row in made}
    assert names == {type_.name for type_ in all_types()}


@pytest.mark.slow
def test_verify_finds_a_change(example_store: Path, examples: Tables, tmp_path: Path) -> None:
    printed = succeed("verify", cwd=example_store.parent)
    assert printed == f"graphcache.lbug: whole, digest {examples.digest()}\n"
    harmed = Path(shutil.copy(example_store, tmp_path / "harmed.lbug"))
    with ladybug.Database(str(harmed)) as database, ladybug.Connection(database) as connection:
        connection.execute("MATCH (s:Spec {name: 'rocblas'}) SET s.version = '0'")
        connection.execute("CHECKPOINT")
    seal(harmed)
    ended = run("verify", "--store", "harmed.lbug", cwd=tmp_path)
    assert (ended.code, ended.out) == (1, "")
    expected = f"Error: harmed.lbug: damaged: expected the digest {examples.digest()}, found "
    assert ended.err.startswith(expected)


# Export -------------------------------------------------------------------------------------------


def specs_of_graphml(path: Path) -> int:
    return [node["type"] for _, node in nx.read_graphml(path).nodes(data=True)].count("Spec")


def specs_of_csv(path: Path) -> int:
    return len((path / "Spec.csv").read_text().splitlines()) - 1


def specs_of_parquet(path: Path) -> int:
    return int(pq.read_table(path / "Spec.parquet").num_rows)


def specs_of_json(path: Path) -> int:
    return sum(node["type"] == "Spec" for node in json.loads(path.read_text())["nodes"])


def specs_of_cypher(path: Path) -> int:
    return len(set(re.findall("`hash`: '([a-z2-7]{32})'", path.read_text())))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format_", "count"),
    [
        ("graphml", specs_of_graphml),
        ("csv", specs_of_csv),
        ("parquet", specs_of_parquet),
        ("json", specs_of_json),
        ("cypher", specs_of_cypher),
    ],
)
def test_export(
    format_: str, count: Callable[[Path], int], example_store: Path, tmp_path: Path
) -> None:
    for _ in range(2):  # an earlier export is replaced
        printed = succeed("export", format_, "out", "--store", example_store, cwd=tmp_path)
        assert printed == "out: 257 nodes, 1,105 edges\n"
    assert count(tmp_path / "out") == 216
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.slow
def test_an_export_goes_to_standard_output(example_store: Path, tmp_path: Path) -> None:
    to_pipe = ("export", "json", "-", "--store", example_store)
    printed = json.loads(succeed(*to_pipe, cwd=tmp_path))
    assert len(printed["nodes"]) == 257
    assert not os.listdir(tmp_path)


@pytest.mark.slow
def test_an_export_of_what_is_near(example_store: Path, tmp_path: Path) -> None:
    near = ("export", "json", "out", "--around", "rocblas", "--hops", "1")
    printed = succeed(*near, "--store", example_store, cwd=tmp_path)
    assert printed == "out: 5 nodes, 4 edges\n"
    nodes = json.loads((tmp_path / "out").read_text())["nodes"]
    assert {node["name"] for node in nodes} == {"rocblas"}
