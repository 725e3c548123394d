"""A new property of each type, followed from a file to every sink; `test_declaration` runs this.

It runs in a process of its own, in which `graphcache` is a copy with the properties `new_text`,
`new_integer`, `new_boolean` and `new_list_of_text` of a Spec. Arguments are the index and the page
to read, a folder to write to, and maybe the URI of a server. It prints as JSON what each sink has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet

from graphcache import Report, Tables, build_store, open_store, push_store, read, update_store
from graphcache.analysis import sbom
from graphcache.exports import export
from graphcache.lake import EngineName
from graphcache.lake.adding import add
from graphcache.lake.exporting import export_neo4j
from graphcache.lake.joining import join_lake
from graphcache.lake.lake import Lake
from graphcache.lake.tables import read_tables
from graphcache.tables.facts import Facts
from graphcache.tables.update import update
from graphcache.views.schema import schema_as_text

NEW = ("new_text", "new_integer", "new_boolean", "new_list_of_text")


def of_specs(tables: Tables) -> list[dict[str, Any]]:
    """The new properties of each spec."""
    return list(tables.nodes["Spec"].select(["name", *NEW]).to_pylist())


def exported(tables: Tables, folder: Path) -> Iterator[tuple[str, Any]]:
    """What each export has of them."""
    for form in ("graphml", "json", "cypher"):
        path = folder / f"graph.{form}"
        export(tables, form, path)
        yield form, [name in path.read_text() for name in NEW]
    for form in ("csv", "parquet"):
        export(tables, form, folder / form)
    headers = (folder / "csv/Spec.csv").read_text().split("\n")[0]
    yield "csv", [name in headers for name in NEW]
    rows = pyarrow.parquet.read_table(folder / "parquet/Spec.parquet", columns=["name", *NEW])
    yield "parquet", rows.to_pylist()


def in_a_lake(index: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """What a lake has of them, by engine, and what it writes for Neo4j."""
    lake = folder / "lake"
    add(lake, index, release="develop")
    engines: tuple[EngineName, ...] = ("pyarrow", "duckdb")
    for engine in engines:
        join_lake(lake, engine, everything=True)
        opened = Lake.open(lake)
        yield f"lake, {engine}", of_specs(read_tables(opened.place, opened.tables().tables))
    export_neo4j(lake, folder / "neo4j")
    header = (folder / "neo4j/Spec-header.csv").read_text()
    yield "lake for neo4j", [name in header for name in NEW]


def main(index: str, page: str, folder: Path, *uri: str) -> dict[str, Any]:
    """What every sink has."""
    tables, _ = read(index, release="develop")
    found: dict[str, Any] = {"tables": of_specs(tables)}
    again, _ = update(tables, None, Facts.concat([]), set(), Report())
    found["facts and back"] = again.digest() == tables.digest()
    graph = tables.to_networkx()
    found["networkx"] = [
        {name: graph.nodes[node].get(name) for name in ("name", *NEW)}
        for node in sorted(graph.nodes)
        if node[0] == "Spec"
    ]
    found["networkx and back"] = Tables.from_networkx(graph).digest() == tables.digest()
    found |= exported(tables, folder)
    store = folder / "store.lbug"
    build_store(store, index, release="develop")
    columns = ", ".join(f"s.{name} AS {name}" for name in ("name", *NEW))
    statement = f"MATCH (s:Spec) RETURN {columns} ORDER BY s.hash"
    with open_store(store) as opened:
        found["store"] = opened.query(statement).to_dicts()
    found |= in_a_lake(index, folder)
    found["bill of material"] = [
        {"name": part.name, **{name: part.properties.get(name) for name in NEW}}
        for spec in ("zlib", "hdf5")
        for part in sbom(tables, spec).parts
    ]
    found["described"] = [f"{name}: " in schema_as_text() for name in NEW]
    for location in uri:
        with open_store(location) as server:
            push_store(store, server)
            found["server"] = server.query(statement).to_dicts()
            found["server's tables"] = server.tables().digest() == tables.digest()
    update_store(store, page)
    with open_store(store) as opened:
        found["updated by a page"] = of_specs(opened.tables())
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])))
