"""What each command reads, writes and prints, on the real pages and on small ones.

`golden/cli` holds what is printed. After a change that is meant, write it anew, and look at the
difference: `GOLDEN=write pytest tests/test_cli.py -k golden`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ladybug
import networkx as nx
import oracle
import pyarrow.parquet as pq
import pytest
from command_line import Argument, run, succeed

from graphcache import Tables, open_store
from graphcache.queries import load_library
from graphcache.schema import EDGE_TYPES, NODE_TYPES, all_types
from graphcache.views.answers import Format, render

GOLDEN = Path(__file__).parent / "golden/cli"
COMMANDS = ("build", "completion", "export", "push", "query", "schema", "stats", "update", "verify")
QUERIES = load_library()
HASHES = "MATCH (s:Spec) RETURN s.hash ORDER BY s.hash"
TWO = oracle.page_text("zlib", records=[oracle.record("a" * 32), oracle.record("b" * 32)])
BAD = oracle.page_text(
    "zlib",
    records=[oracle.record("a" * 32), oracle.record("zz"), oracle.record("c" * 32, os="")],
    meta="{}",
)
BAD_REJECTS = [
    'page.md:6: spec_details[1].hash: expected 32 characters of a-z2-7, found "zz"',
    'page.md:6: spec_details[2].os: expected text of 1 to 1,000 characters, found ""',
]


def assert_golden(name: str, printed: str) -> None:
    """Hold what was printed against the file, or write the file if that is asked for."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(printed)
    assert printed == path.read_text()


def digest_of(store: Path) -> str:
    with open_store(store) as opened:
        return opened.describe().digest


def column(store: Path, cypher: str) -> list[object]:
    """The first column of an answer."""
    with open_store(store) as opened:
        return [row[0] for row in opened.query(cypher).rows]


# Help ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS, *(f"query {name}" for name in QUERIES)])
def test_golden_help(command: str, tmp_path: Path) -> None:
    printed = succeed(*command.split(), "--help", cwd=tmp_path)
    assert "\n  Example:\n    " in printed
    assert_golden(f"help/{command.replace(' ', '-') or 'graphcache'}.txt", printed)


def test_all_commands_are_held_here(tmp_path: Path) -> None:
    listed = succeed("--help", cwd=tmp_path).partition("Commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == list(COMMANDS)


def test_short_help_and_version(tmp_path: Path) -> None:
    assert succeed("-h", cwd=tmp_path) == succeed("--help", cwd=tmp_path)
    assert succeed("--version", cwd=tmp_path).startswith("graphcache, version 0.")


@pytest.mark.parametrize("name", QUERIES)
def test_the_example_of_a_query_has_an_answer(name: str, example_store: Path) -> None:
    words = shlex.split(QUERIES[name].example or "")
    options = dict(zip(words[::2], words[1::2], strict=True))
    limit = options.pop("--limit", None)
    values = {option.removeprefix("--"): value for option, value in options.items()}
    with open_store(example_store) as store:
        answer = QUERIES[name].run(store, values, limit=int(limit) if limit else None)
    assert answer.rows
    assert answer.columns == [column.name for column in QUERIES[name].columns]


# Build --------------------------------------------------------------------------------------------


def as_folder(pages: Path, _: Path) -> list[Argument]:
    return [pages]


def as_tar(pages: Path, folder: Path) -> list[Argument]:
    with tarfile.open(folder / "pages.tar.gz", "w:gz") as archive:
        archive.add(pages, "pages")
    return ["pages.tar.gz"]


def as_all_of_them(pages: Path, folder: Path) -> list[Argument]:
    first, second, third, *others = pages.iterdir()
    (folder / "some").mkdir()
    shutil.copy(second, folder / "some")
    with zipfile.ZipFile(folder / "third.zip", "w") as archive:
        archive.write(third, third.name)
    return [first, "third.zip", "some", *others]


@pytest.mark.parametrize("given", [as_folder, as_tar, as_all_of_them])
def test_build_reads_whatever_holds_pages(
    given: Callable[[Path, Path], list[Argument]],
    example_pages: Path,
    examples: Tables,
    tmp_path: Path,
) -> None:
    ended = run("build", *given(example_pages, tmp_path), cwd=tmp_path)
    assert (ended.code, ended.out) == (0, "graphcache.lbug: 216 records of 6 files\n")
    (warning,) = ended.err.splitlines()
    assert warning.startswith("Warning: ")
    assert warning.endswith("with other records: the two are joined")
    assert digest_of(tmp_path / "graphcache.lbug") == examples.digest()


def test_build_reads_standard_input(example_pages: Path, examples: Tables, tmp_path: Path) -> None:
    as_tar(example_pages, tmp_path)
    archive = (tmp_path / "pages.tar.gz").read_bytes()
    assert succeed("build", "-", "-q", cwd=tmp_path, given=archive) == ""
    assert digest_of(tmp_path / "graphcache.lbug") == examples.digest()


def test_the_store_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    env = {"GRAPHCACHE_STORE": "by-environment"}
    said = succeed("build", "-", cwd=tmp_path, given=TWO.encode(), env=env)
    assert said == "by-environment: 2 records of 1 file\n"
    succeed("build", "-", "--store", "by-option", cwd=tmp_path, given=TWO.encode(), env=env)
    assert sorted(os.listdir(tmp_path)) == ["by-environment", "by-option"]


def test_as_names_the_release(tmp_path: Path) -> None:
    (tmp_path / "rejects.jsonl").write_text("of an earlier build")
    options = ("--as", "mine of 2026", "--rejects", "rejects.jsonl")
    succeed("build", "-", *options, cwd=tmp_path, given=TWO.encode())
    found = column(tmp_path / "graphcache.lbug", "MATCH (r:Release) RETURN r.name")
    assert found == ["mine of 2026"]
    assert (tmp_path / "rejects.jsonl").read_text() == ""


# Update -------------------------------------------------------------------------------------------


def test_update_replaces_a_page(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(TWO)
    succeed("build", "page.md", cwd=tmp_path)
    newer = oracle.page_text("zlib", records=[oracle.record("b" * 32), oracle.record("c" * 32)])
    (tmp_path / "page.md").write_text(newer)
    said = succeed("update", "page.md", cwd=tmp_path)
    assert said == "graphcache.lbug: 2 records of 1 file\n"
    assert column(tmp_path / "graphcache.lbug", HASHES) == ["b" * 32, "c" * 32]
    before = (tmp_path / "graphcache.lbug").read_bytes()
    said = succeed("update", "page.md", cwd=tmp_path)
    assert said == "graphcache.lbug: nothing new: 1 file unchanged\n"
    assert (tmp_path / "graphcache.lbug").read_bytes() == before
    (tmp_path / "page.md").write_text(BAD)
    ended = run("update", "page.md", "-q", cwd=tmp_path)
    assert (ended.code, ended.out, ended.err) == (3, "", "")
    hashes = column(tmp_path / "graphcache.lbug", HASHES)
    assert hashes == ["a" * 32, "b" * 32, "c" * 32], "a page with rejects removes nothing"


# Rejects ------------------------------------------------------------------------------------------


def test_rejects_are_said_and_listed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(BAD)
    ended = run("build", "page.md", "--rejects", "rejects.jsonl", cwd=tmp_path)
    assert (ended.code, ended.out) == (3, "graphcache.lbug: 1 records of 1 file, 2 rejects\n")
    assert ended.err.splitlines() == [f"Rejected: {reject}" for reject in BAD_REJECTS]
    listed = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    expected = [
        {"file": "page.md", "line": 6, "field": field, "why": why, "record": True}
        for field, why in (reject.split(": ", 2)[1:] for reject in BAD_REJECTS)
    ]
    assert listed == expected
    assert column(tmp_path / "graphcache.lbug", HASHES) == ["a" * 32]


def test_a_build_of_nothing_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(TWO)
    succeed("build", "page.md", cwd=tmp_path)
    before = (tmp_path / "graphcache.lbug").read_bytes()
    (tmp_path / "page.md").write_text("")
    for command in ("build", "update"):
        ended = run(command, "page.md", "--rejects", "rejects.jsonl", cwd=tmp_path)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines() == [
            "Error: page.md: nothing of a Spack build cache could be read",
            "  page.md: the file is empty",
        ]
        (reject,) = (tmp_path / "rejects.jsonl").read_text().splitlines()
        assert json.loads(reject)["why"] == "the file is empty"
    assert (tmp_path / "graphcache.lbug").read_bytes() == before


def test_many_rejects_are_cut_unless_all_are_asked_for(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "good.md").write_text(TWO)
    (pages / "notes.txt").write_text("no page")
    for number in range(25):
        (pages / f"{number:02}.md").write_text("")
    rejected = [f"Rejected: pages/{number:02}.md: the file is empty" for number in range(25)]
    ended = run("build", "pages", cwd=tmp_path)
    assert ended.code == 3
    assert ended.out == (
        "graphcache.lbug: 2 records of 1 file, 25 rejects, 1 other files skipped\n"
    )
    more = "… and 5 more rejects; --verbose lists all"
    assert ended.err.splitlines() == [*rejected[:20], more]
    ended = run("build", "pages", "--verbose", cwd=tmp_path)
    assert ended.err.splitlines() == [*rejected, "Skipped: pages/notes.txt: not Spack's"]


# Query --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["table", "csv", "json", "jsonl"])
def test_golden_answer(format_: str, example_store: Path) -> None:
    asked = ("query", "redundant-builds", "--release", "develop", "--format", format_)
    printed = succeed(*asked, cwd=example_store.parent)
    assert_golden(f"redundant-builds.{format_}.txt", printed)


def test_golden_query_list(tmp_path: Path) -> None:
    printed = succeed("query", "--format", "table", cwd=tmp_path)
    assert_golden("query-list.txt", printed)
    listed = list(csv.DictReader(io.StringIO(succeed("query", cwd=tmp_path))))
    assert listed == [{"query": n, "answers": q.question} for n, q in QUERIES.items()]


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


def test_a_query_ends_at_its_time_limit(example_store: Path) -> None:
    heavy = "MATCH (a:Spec), (b:Spec), (c:Spec), (d:Spec) WHERE a.name + b.name = c.hash + d.hash "
    asked = ("query", "-c", heavy + "RETURN count(*)", "--timeout", "0.2")
    ended = run(*asked, cwd=example_store.parent)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == ("Error: it took longer than 0.2 seconds: narrow it, or raise --timeout\n")


MINE = """\
// Title: Mine
// Question: How many specs has a package?
// Parameter: package (text): the package
// Parameter: least (integer, default 1): at least so many
// Column: specs (integer): how many
MATCH (s:Spec {name: $package}) WITH count(*) AS specs WHERE specs >= $least RETURN specs
"""


def test_a_library_of_ones_own(example_store: Path, tmp_path: Path) -> None:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/mine.cypher").write_text(MINE)
    env = {"GRAPHCACHE_LIBRARY": "queries", "GRAPHCACHE_STORE": str(example_store)}
    by_option = ("query", "--library", "queries", "--store", example_store)
    assert succeed(*by_option, "mine", "--package", "rocblas", cwd=tmp_path) == "specs\n4\n"
    by_environment = ("query", "mine", "--package", "rocblas", "--least", "5")
    assert succeed(*by_environment, cwd=tmp_path, env=env) == "specs\n"
    listed = succeed("query", cwd=tmp_path, env=env)
    assert "\nmine,How many specs has a package?\n" in listed
    help_text = succeed("query", "mine", "--help", cwd=tmp_path, env=env)
    assert "--least INTEGER " in help_text
    assert "Example:" not in help_text


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


def test_verify_finds_a_change(example_store: Path, examples: Tables, tmp_path: Path) -> None:
    printed = succeed("verify", cwd=example_store.parent)
    assert printed == f"graphcache.lbug: whole, digest {examples.digest()}\n"
    harmed = shutil.copy(example_store, tmp_path / "harmed.lbug")
    with ladybug.Database(str(harmed)) as database, ladybug.Connection(database) as connection:
        connection.execute("MATCH (s:Spec {name: 'rocblas'}) SET s.version = '0'")
        connection.execute("CHECKPOINT")
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


def test_an_export_goes_to_standard_output(example_store: Path, tmp_path: Path) -> None:
    to_pipe = ("export", "json", "-", "--store", example_store)
    printed = json.loads(succeed(*to_pipe, cwd=tmp_path))
    assert len(printed["nodes"]) == 257
    assert not os.listdir(tmp_path)


def test_an_export_of_what_is_near(example_store: Path, tmp_path: Path) -> None:
    near = ("export", "json", "out", "--around", "rocblas", "--hops", "1")
    printed = succeed(*near, "--store", example_store, cwd=tmp_path)
    assert printed == "out: 5 nodes, 4 edges\n"
    nodes = json.loads((tmp_path / "out").read_text())["nodes"]
    assert {node["name"] for node in nodes} == {"rocblas"}
