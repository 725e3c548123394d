"""A join of what has changed alone: what a new release touches, in the place of what it was.

A spec is touched that a new or a replaced partition says anything of. So is, of other releases, one
that needs such a spec as a compiler and now knows another name or version of it, one that was
spliced from one of these, and one whose patches such a partition may tell in full.
"""

from __future__ import annotations

import pyarrow as pa

from graphcache.lake import sql
from graphcache.lake.duck import DuckDB
from graphcache.lake.engines import (
    run_steps,
    view_facts,
    warn_of_contradictions,
    warn_of_disagreements,
    write_named,
)
from graphcache.lake.facts import KINDS
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Files, Joined, files_of
from graphcache.lake.tables import read_warnings
from graphcache.records import Report
from graphcache.schema import EdgeType, NodeType, all_types
from graphcache.tables.columns import arrow_schema
from graphcache.tables.join import spec_of_warning

_REPLACED = pa.schema([("hash", pa.string()), ("patched", pa.string())])
_LARGEST = 0.5
"""What part of all specs may be touched; of more, all are joined."""
_PATCHED = "contains([variants], 'patches=')"

_STEPS = {
    "changed": "SELECT [hash] FROM new_specs UNION SELECT [hash] FROM replaced",
    "patched_packages": f"""
SELECT [name] FROM new_specs WHERE {_PATCHED}
UNION SELECT [patched] AS [name] FROM replaced WHERE [patched] IS NOT NULL""",
    "known_better": f"""
SELECT [hash] FROM changed
UNION SELECT [hash] FROM all_spec_facts
WHERE {_PATCHED} AND [name] IN (SELECT [name] FROM patched_packages)""",
    # What is called otherwise as a compiler than before; mostly nothing is.
    "called_now": """
SELECT [hash], min([version]) AS [version],
  coalesce(min([name]) FILTER (WHERE [version] IS NOT NULL), min([name])) AS [name]
FROM all_spec_facts WHERE [hash] IN (SELECT [hash] FROM changed) GROUP BY [hash]""",
    "renamed": """
SELECT c.[hash] FROM changed c LEFT JOIN called_now n ON n.[hash] = c.[hash]
LEFT JOIN [old_Spec] o ON o.[hash] = c.[hash]
WHERE n.[name] IS DISTINCT FROM o.[name] OR n.[version] IS DISTINCT FROM o.[version]""",
    "compiled_anew": f"""
SELECT [hash] FROM known_better
UNION SELECT [from] AS [hash] FROM all_depends_on_facts
WHERE [to] IN (SELECT [hash] FROM renamed) AND ({sql.COMPILES})""",
    "touched": """
SELECT [hash] FROM compiled_anew
UNION SELECT [hash] FROM all_spec_facts
WHERE [spliced_from] IN (SELECT [hash] FROM compiled_anew)""",
    # What is to be known besides, to join them.
    "with_builds": """
SELECT [hash] FROM touched
UNION SELECT [spliced_from] AS [hash] FROM all_spec_facts
WHERE [spliced_from] IS NOT NULL AND [hash] IN (SELECT [hash] FROM touched)""",
    "with_compilers": f"""
SELECT [hash] FROM with_builds
UNION SELECT [to] AS [hash] FROM all_depends_on_facts
WHERE [from] IN (SELECT [hash] FROM with_builds) AND ({sql.COMPILES})""",
}
_FACTS = {
    "spec_facts": "SELECT * FROM all_spec_facts "
    "WHERE [hash] IN (SELECT [hash] FROM with_compilers)",
    "depends_on_facts": "SELECT * FROM all_depends_on_facts "
    "WHERE [from] IN (SELECT [hash] FROM with_builds)",
    "said": "SELECT * FROM all_said WHERE [hash] IN (SELECT [hash] FROM touched)",
}


def find_touched(engine: DuckDB, lake: Lake, joined: Joined) -> int | None:
    """How many specs are touched by what is not joined yet; None if it is better to join all."""
    new, gone = lake.not_joined()
    files = files_of(new, "spec")
    specs = sum(file.rows for file in joined.tables["Spec"])
    # Much that is new is told without a look at all facts.
    if sum(f.rows for f in files) > _LARGEST * sum(f.rows for f in lake.listing.facts("spec")):
        return None
    view_facts(engine, lake)
    engine.view("new_specs", KINDS["spec"], files)
    engine.view("replaced", _REPLACED, gone)
    for type_ in all_types():
        engine.view(f"old_{type_.name}", arrow_schema(type_), joined.tables[type_.name])
    for name, text in _STEPS.items():
        engine.make(name, text)
    ((touched,),) = engine.rows("SELECT count(*) FROM touched")
    return int(touched) if touched <= _LARGEST * specs else None


def join_touched(engine: DuckDB, lake: Lake, joined: Joined, id_: str, report: Report) -> Files:
    """The tables, with what `find_touched` has found joined anew."""
    for name, text in _FACTS.items():
        engine.make(name, text)
    run_steps(engine)
    files = {}
    for type_ in all_types():
        if type_.name in sql.TABLES:
            files[type_.name] = engine.sorted_files(type_, id_, _old_and_new(type_))
    warn_of_disagreements(engine, lake, report)
    _warn_of_touched(engine, lake, joined, report)
    return files | write_named(engine, lake, id_, files)


def _old_and_new(type_: NodeType | EdgeType) -> str:
    key = "from" if isinstance(type_, EdgeType) else "hash"
    columns = ", ".join(f"[{name}]" for name in arrow_schema(type_).names)
    is_touched = f"[{key}] IN (SELECT [hash] FROM touched)"
    return (
        f"SELECT {columns} FROM ("
        f"SELECT {columns} FROM [old_{type_.name}] WHERE NOT ({is_touched}) "
        f"UNION ALL SELECT {columns} FROM ({sql.TABLES[type_.name]}) n WHERE {is_touched}"
        f") o"
    )


def _warn_of_touched(engine: DuckDB, lake: Lake, joined: Joined, report: Report) -> None:
    """Warn of what is touched by what was found now, of all else by what was found before."""
    found, before = Report(), read_warnings(lake.place, joined.warnings)
    warn_of_contradictions(engine, found)
    of_spec = {text: spec_of_warning(text) for text in {*found.warnings, *before}}
    names = sorted({name for name in of_spec.values() if name is not None})
    engine.hold("warned", pa.table({"hash": pa.array(names, pa.string())}))
    rows = engine.rows("SELECT w.[hash] FROM warned w JOIN touched t ON t.[hash] = w.[hash]")
    touched = {row[0] for row in rows}
    for text, name in of_spec.items():
        # What is not touched may be joined too, as what a touched one was spliced from.
        if name is not None and text in (found.warnings if name in touched else before):
            report.warn(text)
