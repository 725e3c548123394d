"""`impact` and `why` of a lake: what can be in the answer is found by repeated joins.

The part of the tables that is reached is then asked as any other graph is. In it are also some
specs that are not reached, so that all is there by which names are known: of each package one, of
each stack one that tells its roots, and so on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

import pyarrow as pa

from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.matching.checking import other_hashes
from graphcache.analysis.matching.names import joined_specs
from graphcache.analysis.reasons import why as find_why
from graphcache.analysis.touching import impact as find_impact
from graphcache.answers import Answer, notes_on_dependencies
from graphcache.errors import LakeError, UsageError
from graphcache.lake import MEMORY, bytes_of, sql
from graphcache.lake.asking import opened
from graphcache.lake.duck import DuckDB
from graphcache.schema import EdgeType, NodeType
from graphcache.tables import Tables
from graphcache.tables.columns import conform

_ROUNDS = 10_000
"""Steps from one spec to another at most; a chain of 3 to 30 is usual."""
_PER_SPEC = 3_000
"""Bytes that a spec that is reached takes in memory, with what it needs and is in."""

_WITNESSES = """
SELECT min([hash]) AS [hash] FROM [Spec] GROUP BY [name]
UNION ALL SELECT min([hash]) FROM [Spec] WHERE [version] IS NOT NULL GROUP BY [name]
UNION ALL SELECT min([hash]) FROM [Spec] GROUP BY [os]
UNION ALL SELECT min([hash]) FROM [Spec] GROUP BY [platform]
UNION ALL SELECT min([hash]) FROM [Spec] GROUP BY [namespace]
UNION ALL SELECT min([hash]) FROM [Spec] WHERE [dependencies_known]
UNION ALL SELECT min([from]) FROM [FOR_TARGET] GROUP BY [to]
UNION ALL SELECT min([from]) FROM [BUILT_WITH] GROUP BY [to]
UNION ALL SELECT min([from]) FROM [IN_STACK] WHERE [root] IS NOT NULL GROUP BY [to]
UNION ALL SELECT min(k.[from]) FROM [IN_STACK] k JOIN [Spec] s ON s.[hash] = k.[from]
  WHERE s.[dependencies_known] GROUP BY k.[to]
UNION ALL SELECT min([from]) FROM [DEPENDS_ON] GROUP BY [virtuals]
UNION ALL SELECT max([to]) FROM [DEPENDS_ON] GROUP BY [virtuals]"""
_NEEDS = "SELECT [from], [to] FROM [DEPENDS_ON] UNION ALL SELECT [from], [to] FROM [SPLICED_FROM]"


def impact(
    lake: str | os.PathLike[str],
    specs: str | Iterable[str],
    stack: str | None = None,
    release: str | None = None,
    deptype: str | Iterable[str] = "all",
    *,
    memory: str = MEMORY,
) -> Answer:
    """What `graphcache.analysis.impact` answers of a store of the same content.

    Raises:
        LakeError: there is no lake, its tables are older than its facts, or `memory` is too little.
        UsageError: as `graphcache.analysis.impact`.
    """
    words = [specs] if isinstance(specs, str) else list(specs)
    return _asked(
        lake, words, lambda part: find_impact(part, specs, stack, release, deptype), memory
    )


def why(lake: str | os.PathLike[str], specs: str | Iterable[str], memory: str = MEMORY) -> Answer:
    """What `graphcache.analysis.why` answers of a store of the same content.

    Raises:
        LakeError: there is no lake, its tables are older than its facts, or `memory` is too little.
        NotKnownError, UsageError: as `graphcache.analysis.why`.
    """
    words = [specs] if isinstance(specs, str) else list(specs)
    return _asked(lake, words, lambda part: find_why(part, specs), memory)


def _asked(
    lake: str | os.PathLike[str], words: list[str], find: Callable[[Tables], Answer], memory: str
) -> Answer:
    allowed = bytes_of(memory)
    with opened(lake, memory) as (_, engine):
        ((unknown, all_specs),) = engine.rows(
            "SELECT count(*) FILTER (WHERE NOT coalesce([dependencies_known], FALSE)), count(*) "
            "FROM [Spec]"
        )
        ((edges,),) = engine.rows("SELECT count(*) FROM [DEPENDS_ON]")
        notes = notes_on_dependencies(unknown, all_specs, edges=bool(edges))
        _require_hashes(engine, words, all_specs)
        part = _part(engine, words, allowed)
    answer = find(part)
    # What the part can't know is said of the whole.
    of_part = Dependencies(part).notes()
    return replace(answer, notes=[*notes, *answer.notes[len(of_part) :]])


def _require_hashes(engine: DuckDB, words: list[str], all_specs: int) -> None:
    """Raise a UsageError where a hash is of no spec: of how many there are, a part can't tell."""
    for spec in joined_specs(words):
        text = "SELECT 1 FROM [Spec] WHERE starts_with([hash], ?) LIMIT 1"
        if spec.hash and not engine.rows(text, [spec.hash]):
            raise UsageError(f"{spec}: no such spec in the graph, {other_hashes(all_specs)}")


def _part(engine: DuckDB, words: list[str], allowed: int) -> Tables:
    """The specs that are asked for, all that needs them, and what the words are held against."""
    specs = joined_specs(words)
    names = pa.array({spec.name for spec in specs if spec.name}, pa.string())
    hashes = {spec.hash or spec.name for spec in specs if spec.hash or spec.name}
    engine.hold("asked", pa.table({"name": names}))
    engine.hold("begins", pa.table({"hash": pa.array(hashes, pa.string())}))
    named = "[name] IN (SELECT [name] FROM asked)"
    if not all(spec.name or spec.hash for spec in specs):
        named = "TRUE"
    engine.make(
        "seeds",
        f"SELECT DISTINCT s.[hash] FROM [Spec] s LEFT JOIN begins b "
        f"ON starts_with(s.[hash], b.[hash]) WHERE {named} OR b.[hash] IS NOT NULL",
    )
    reach(engine, "upward", ("to", "from"))
    asks_below = any(s.dependencies or any(v.propagated for v in s.variants) for s in specs)
    reach(engine, "downward", ("from", "to"), None if asks_below else 1)
    engine.make(
        "chosen",
        f"SELECT DISTINCT [hash] FROM (SELECT [hash] FROM upward UNION ALL "
        f"SELECT [hash] FROM downward UNION ALL {_WITNESSES}) c WHERE [hash] IS NOT NULL",
    )
    ((count,),) = engine.rows("SELECT count(*) FROM chosen")
    if count * _PER_SPEC > allowed:
        raise LakeError(
            f"the answer stands on {count:,} specs, and these take about "
            f"{count * _PER_SPEC / 1e9:,.1f} GB of memory: allow so much by --memory, or ask of "
            f"fewer specs"
        )
    return Tables.of(lambda type_: _rows_of(engine, type_))


def reach(engine: DuckDB, name: str, direction: tuple[str, str], rounds: int | None = None) -> None:
    """Make a table of the seeds, and of all that is reached from them, a step in each round.

    Raises:
        LakeError: some are further away than `_ROUNDS`.
    """
    start, end = direction
    engine.make(name, "SELECT [hash] FROM seeds")
    engine.make("front", "SELECT [hash] FROM seeds")
    for _ in range(_ROUNDS if rounds is None else rounds):
        engine.make(
            "next_front",
            f"SELECT DISTINCT n.[{end}] AS [hash] FROM ({_NEEDS}) n "
            f"JOIN front f ON f.[hash] = n.[{start}] "
            f"LEFT JOIN {name} r ON r.[hash] = n.[{end}] WHERE r.[hash] IS NULL",
        )
        engine.make("front", "SELECT [hash] FROM next_front")
        if not engine.rows("SELECT 1 FROM front LIMIT 1"):
            return
        engine.insert(name, "SELECT [hash] FROM front")
    if rounds is None:
        raise LakeError(f"some specs are more than {_ROUNDS:,} dependencies away: not followed")


def _rows_of(engine: DuckDB, type_: NodeType | EdgeType) -> pa.Table:
    """The rows of a table of which all that is named is chosen; what has no specs is whole."""
    chosen = "IN (SELECT [hash] FROM chosen)"
    conditions = [f"[hash] {chosen}"] if type_.name == "Spec" else []
    if isinstance(type_, EdgeType):
        ends = (("from", type_.start), ("to", type_.end))
        conditions = [f"[{column}] {chosen}" for column, kind in ends if kind == "Spec"]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = engine.table(f"SELECT * FROM [{type_.name}] {where} {sql.order_by(type_)}")
    return conform(found, type_).combine_chunks()
