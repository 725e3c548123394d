"""Questions to the tables of a lake, in SQL: each answers as the query or verb of its name does."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graphcache.answers import Answer
from graphcache.errors import no_such
from graphcache.lake import MEMORY
from graphcache.lake.duck import DuckDB, duckdb
from graphcache.lake.lake import Lake
from graphcache.schema import all_types
from graphcache.tables.columns import arrow_schema


@dataclass(frozen=True)
class Question:
    """A named query, in SQL; `?` stands for its parameters, all of them releases, in order."""

    columns: tuple[str, ...]
    text: str
    """With `{in_release}` where a query is of one release alone, if one is given."""
    of_release: str = ""
    """What then stands there."""


QUESTIONS = {
    "redundant-builds": Question(
        ("package", "specs", "configurations", "redundant", "most"),
        """
SELECT package, CAST(sum(builds) AS BIGINT), count(*), CAST(sum(builds) - count(*) AS BIGINT) AS r,
  max(builds)
FROM (
  SELECT [name] AS package, [configuration], count(*) AS builds FROM [Spec]
  WHERE [version] IS NOT NULL {in_release} GROUP BY [name], [configuration]
) q GROUP BY package HAVING sum(builds) > count(*) ORDER BY r DESC, package""",
        "AND [hash] IN (SELECT [from] FROM [IN_RELEASE] WHERE [to] = ?)",
    ),
    "stack-overlap": Question(
        ("stack", "other", "shared", "packages"),
        """
SELECT x.[to] AS stack, y.[to] AS other, count(*) AS shared, count(DISTINCT s.[name])
FROM [IN_STACK] x JOIN [IN_STACK] y ON y.[from] = x.[from] AND x.[to] < y.[to]
JOIN [Spec] s ON s.[hash] = x.[from] {in_release}
GROUP BY x.[to], y.[to] ORDER BY shared DESC, stack, other""",
        "WHERE array_contains(x.[releases], ?) AND array_contains(y.[releases], ?)",
    ),
    "releases-diff": Question(
        ("package", "added", "removed", "rebuilt", "kept"),
        """
SELECT * FROM (
  SELECT package,
    CAST(sum(CASE WHEN olds = 0 THEN news ELSE 0 END) AS BIGINT) AS added,
    CAST(sum(CASE WHEN news = 0 THEN olds ELSE 0 END) AS BIGINT) AS removed,
    CAST(sum(CASE WHEN olds > 0 THEN news - boths ELSE 0 END) AS BIGINT) AS rebuilt,
    CAST(sum(boths) AS BIGINT) AS kept
  FROM (
    SELECT package, [configuration], sum(in_old) AS olds, sum(in_new) AS news,
      sum(in_old * in_new) AS boths
    FROM (
      SELECT s.[name] AS package, s.[configuration], s.[hash],
        max(CASE WHEN r.[to] = ? THEN 1 ELSE 0 END) AS in_old,
        max(CASE WHEN r.[to] = ? THEN 1 ELSE 0 END) AS in_new
      FROM [IN_RELEASE] r JOIN [Spec] s ON s.[hash] = r.[from] WHERE r.[to] IN (?, ?)
      GROUP BY s.[name], s.[configuration], s.[hash]
    ) specs GROUP BY package, [configuration]
  ) configurations GROUP BY package
) packages WHERE added > 0 OR removed > 0 OR rebuilt > 0 ORDER BY package""",
    ),
    "lifetimes": Question(
        ("releases", "specs", "packages"),
        """
SELECT releases, count(*), count(DISTINCT package) FROM (
  SELECT s.[hash], s.[name] AS package, count(*) AS releases
  FROM [IN_RELEASE] r JOIN [Spec] s ON s.[hash] = r.[from] GROUP BY s.[hash], s.[name]
) specs GROUP BY releases ORDER BY releases""",
    ),
}
"""Named queries that are asked of a lake too, by name."""


@contextmanager
def opened(lake: str | os.PathLike[str], memory: str = MEMORY) -> Iterator[tuple[Lake, DuckDB]]:
    """A lake whose tables can be asked by the names of their types.

    Raises:
        LakeError: there is no lake, it has no tables, or they are older than its facts.
    """
    found = Lake.open(lake)
    joined = found.tables()
    with duckdb(found.place, memory) as engine:
        for type_ in all_types():
            engine.view(type_.name, arrow_schema(type_), joined.tables[type_.name])
        yield found, engine


def ask(
    lake: str | os.PathLike[str],
    name: str,
    releases: Iterable[str] = (),
    limit: int | None = None,
    memory: str = MEMORY,
) -> Answer:
    """What the named query answers that is called so, of a store of the same content.

    Args:
        lake: where it is.
        name: one of `QUESTIONS`.
        releases: of `releases-diff` the earlier and the later one; of others one or none.
        limit: how many rows at most.
        memory: what may be taken of it.

    Raises:
        LakeError: there is no lake, it has no tables, or they are older than its facts.
        UsageError: the lake has no such release.
    """
    question, values = QUESTIONS[name], list(releases)
    with opened(lake, memory) as (found, engine):
        for release in values:
            require_release(found, engine, release)
        text = question.text.replace("{in_release}", question.of_release if values else "")
        # A parameter that is named twice stands there twice.
        times = text.count("?") // max(len(values), 1)
        if limit is not None:
            text += f" LIMIT {limit + 1:d}"
        rows = engine.rows(text, values * times)
    more = limit is not None and len(rows) > limit
    return Answer(list(question.columns), rows[:limit], more)


def require_release(lake: Lake, engine: DuckDB, release: str) -> None:
    """Raise a UsageError if the tables have no release of that name."""
    known = [row[0] for row in engine.rows("SELECT [name] FROM [Release] ORDER BY [name]")]
    if release not in known:
        raise no_such("release", release, known, lake.place.shown)
