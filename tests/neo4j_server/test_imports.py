"""What the exports for Neo4j make of a database, and that a push goes on from there."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import neo4j
import networkx as nx
import pytest
from command_line import run, succeed
from graphs import put_store, small_graph, small_tables
from lakes import SETS, tables_of

from graphcache import NotKnownError, Tables, open_store
from graphcache.exports import export
from graphcache.lake import tables as lake_tables
from graphcache.lake.adding import add
from graphcache.lake.exporting import export_neo4j
from graphcache.lake.joining import join_lake
from graphcache.queries import NamedQuery, load_library
from graphcache.stores import Store
from neo4j_server.fixtures import Server, clear, driver_of
from neo4j_server.pushing import assert_on, login, opened, own_graph, plain_graph, put
from neo4j_server.server import Neo4jServer, ServerError


def test_imports_can_be_asked_and_a_push_goes_on_from_them(
    neo4j_own: Neo4jServer, tmp_path: Path, examples: Tables, example_store: Path
) -> None:
    """A lake in parts, where nothing can be written then; and a file with each type of property.

    Each import takes a stop and a start, so those are also what sets and takes back a setting.
    """
    lake = lake_of(tmp_path / "lake")
    neo4j_own.stop()
    import_lake(neo4j_own, tmp_path / "lake", tmp_path / "parts")
    with neo4j_own.configured({"server.databases.default_to_read_only": "true"}):
        nodes, edges = plain_graph(lake)
        assert own_graph(neo4j_own) == (without_empty_lists(nodes), without_empty_lists(edges))
        assert_is_said_to_take_no_writes(neo4j_own, example_store)
        neo4j_own.stop()
        tables = Tables.from_networkx(mixed(examples))
        import_csv(neo4j_own, tables, tmp_path / "csv")
    put_store(tmp_path / "graphcache.lbug", tables)
    with opened(neo4j_own) as imported, open_store(tmp_path / "graphcache.lbug") as embedded:
        there, expected = answers(imported), answers(embedded)
    # An import makes no property of an empty list: what stands on such a list alone is not known.
    assert {name for name, rows in there.items() if isinstance(rows, str)} == {"providers"}
    assert there == {**expected, "providers": there["providers"]}
    assert any(isinstance(rows, list) and rows for rows in expected.values())
    put(neo4j_own, tables)
    assert_on(neo4j_own, tables)
    with opened(neo4j_own) as pushed:
        assert rows_of(load_library()["providers"], pushed) == expected["providers"] == []
    assert put(neo4j_own, tables).unchanged
    put(neo4j_own, examples, prune=True)
    assert_on(neo4j_own, examples)


def mixed(examples: Tables) -> Any:
    """Real pages, and every type of property."""
    return nx.compose(examples.to_networkx(), small_graph())


def lake_of(folder: Path) -> Tables:
    """A lake of pages and of Spack's own files, and what it holds."""
    add(folder, *SETS["pages"], *SETS["locks"])
    with patch.object(lake_tables, "_PART", 40_000):  # or so little would be one part of each type
        join_lake(folder)
    return tables_of(folder)


def import_lake(server: Neo4jServer, lake: Path, folder: Path) -> None:
    """Export a lake in parts, and put them in the place of the database of a stopped server."""
    counts = tables_of(lake).node_counts(), tables_of(lake).edge_counts()
    assert export_neo4j(lake, folder) == Counter(counts[0] | counts[1])
    assert len(list(folder.glob("Spec-0*.csv.gz"))) > 2
    said = server.import_full(folder, import_arguments(folder))
    assert f"{sum(counts[0].values())} nodes" in said


def without_empty_lists(part: Mapping[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Nodes or edges as an import makes them: of an empty list no property."""
    return {key: {n: value for n, value in row.items() if value != []} for key, row in part.items()}


def assert_is_said_to_take_no_writes(server: Neo4jServer, store: Path) -> None:
    """By a push; questions are answered, also of what an import alone has put there."""
    pushed = run("push", "--full", "--store", store, cwd=store.parent, env=login(server))
    assert (pushed.code, pushed.out) == (1, "")
    assert pushed.err.startswith(f"Error: {server.uri}: the database is read-only: name ")
    verified = run("verify", server.uri, "--store", store, cwd=store.parent, env=login(server))
    assert (verified.code, verified.err) == (1, "")
    assert "Package: only on the server: acl\n" in verified.out
    asked = ("query", "biggest-packages", "--store", server.uri, "--format", "csv")
    assert "py-pdm-backend" in succeed(*asked, cwd=store.parent, env=login(server))


def answers(store: Store) -> dict[str, list[Any] | str]:
    """Of every named query that needs no parameter, its rows, or what it says is not known."""
    return {
        name: rows_of(query, store)
        for name, query in load_library().items()
        if not any(parameter.required for parameter in query.parameters)
    }


def rows_of(query: NamedQuery, store: Store) -> list[Any] | str:
    try:
        return query.run(store).rows
    except NotKnownError as unknown:
        return str(unknown)


def import_csv(server: Neo4jServer, tables: Tables, folder: Path) -> None:
    """Export, and put the export in the place of the database of a server that is stopped."""
    with pytest.raises(ServerError, match=r"missing\.csv"):
        server.import_full(folder.parent, ["--nodes=Imported=missing.csv"])
    export(tables, "csv", folder)
    said = server.import_full(folder, import_arguments(folder))
    assert f"{sum(tables.node_counts().values())} nodes" in said


def import_arguments(folder: Path) -> list[str]:
    """What `import.txt` gives to the import."""
    command = (folder / "import.txt").read_text().replace("\\\n", " ")
    words = shlex.split(command, comments=True)
    assert words[:5] == ["neo4j-admin", "database", "import", "full", "neo4j"]
    return [word for word in words[5:] if word != "$@"]


def test_the_script_makes_what_a_push_makes(neo4j_526: Server, tmp_path: Path) -> None:
    tables = small_tables()
    script = tmp_path / "graph.cypher"
    export(tables, "cypher", script)
    clear(neo4j_526)
    for _ in range(2):
        run_script(neo4j_526, script.read_text())
        assert own_graph(neo4j_526) == plain_graph(tables)
    assert not put(neo4j_526, tables).unchanged
    assert_on(neo4j_526, tables)


def run_script(server: Server, script: str) -> None:
    """Do as cypher-shell does: it ends statements at a semicolon, and has commands of one line."""
    lines = [line for line in script.splitlines(keepends=True) if not line.startswith("//")]
    with driver_of(server) as driver, driver.session(database="neo4j") as session:
        parameters: dict[str, Any] = {}
        statement = ""
        for line in lines:
            if line.startswith(":param "):
                [record] = session.run(neo4j.Query(f"RETURN {line[len(':param ') :]} AS given"))
                parameters.update(record["given"])
                continue
            statement += line
            if line.endswith(";\n"):
                session.run(neo4j.Query(statement.rstrip(";\n")), parameters).consume()
                statement = ""
        assert not statement
