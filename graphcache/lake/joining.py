"""Joining the facts of a lake to its tables, by the engine that fits."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from graphcache.errors import UsageError
from graphcache.lake import ENGINES, MEMORY, EngineName, bytes_of
from graphcache.lake.addresses import place_at
from graphcache.lake.duck import DuckDB, duckdb, is_installed
from graphcache.lake.engines import (
    claimed,
    run_steps,
    view_all,
    view_facts,
    warn_of_contradictions,
    warn_of_disagreements,
    write_named,
    write_specs,
)
from graphcache.lake.facts import members_said, read_facts, read_kind
from graphcache.lake.increments import find_touched, join_touched
from graphcache.lake.lake import Lake
from graphcache.lake.listing import Files, Joined, Listing
from graphcache.lake.sessions import Where
from graphcache.lake.spark import join_on_spark
from graphcache.lake.tables import digest, write_tables, write_warnings
from graphcache.records import Report, short
from graphcache.stores.base import Load
from graphcache.tables.disagreements import warn_of_disagreements as warn_in_memory
from graphcache.tables.join import join

_PER_SPEC, _PER_DEPENDENCY = 1_000, 250
"""Bytes that the join in memory takes for each fact, as measured: 2.7 GB of 3,000,000 records."""


@dataclass(frozen=True, slots=True)
class Joining:
    """What a `join` came to."""

    joined: Joined
    report: Report
    why: str
    """Which engine it was, and why."""
    touched: int | None = None
    """How many specs were joined anew; None for all, 0 where nothing was to be done."""


def join_lake(
    lake: str | os.PathLike[str],
    engine: EngineName = "auto",
    memory: str = MEMORY,
    *,
    master: str | None = None,
    everything: bool = False,
) -> Joining:
    """Make the tables of a lake of its facts: of what is new, where the engine can, or of all.

    Args:
        lake: where it is.
        engine: `pyarrow` joins in memory, as `graphcache.build_store` does; `duckdb` in so much of
            it as is said; `spark` on a cluster; `auto` chooses by the size, and Spark only where a
            master is given.
        memory: what DuckDB, or Java in this process, may take, such as `4GB`.
        master: where Spark runs, such as `local[4]` or `spark://host:7077`; None for what
            `spark-submit` or Spark's own settings say.
        everything: whether all is joined, also what has not changed.

    Raises:
        LakeError: there is no such lake, a file of it is lost or damaged, or it can't be written;
            the tables are as they were.
        UsageError: there is no such engine, it has no master, or `memory` is no size.
    """
    check_engine(engine, master)
    allowed = bytes_of(memory)
    Lake.open(lake)  # or an error, before a folder is made
    with place_at(lake).lock():
        opened = Lake.open(lake)
        joined = opened.listing.joined
        if joined is not None and not everything and not any(opened.not_joined()):
            return Joining(joined, Report(), "nothing is new: the tables are as they were", 0)
        chosen, why = choose(opened.listing, engine, allowed, master)
        work = _Work(opened, opened.new_id(), memory, master, everything=everything)
        with opened.writing():
            files = work.by(chosen)
            joined = _commit(work, chosen, files)
        return Joining(joined, work.report, why, work.touched)


def _commit(work: _Work, engine: EngineName, files: Files) -> Joined:
    lake, old = work.lake, work.lake.listing
    joined = Joined(
        work.id,
        Load.now(),
        engine,
        [(*p.key, p.add) for p in old.partitions],
        files,
        digest(lake.place, files),
        write_warnings(lake.place, work.id, work.report),
    )
    lake.commit(Listing(adds=old.adds, partitions=old.partitions, joined=joined))
    return joined


def check_engine(engine: EngineName, master: str | None) -> None:
    """Raise a UsageError if there is no such engine, or none that has a master."""
    if engine not in ENGINES:
        raise UsageError(f"there is no engine {engine!r}: expected one of {', '.join(ENGINES)}")
    if master is not None and engine not in ("auto", "spark"):
        raise UsageError(
            f"master {short(master)}: {engine} has none; expected the engine spark, or auto"
        )


def choose(
    listing: Listing, engine: EngineName, memory: int, master: str | None = None
) -> tuple[EngineName, str]:
    """The engine that joins, and why it is that one."""
    if engine != "auto":
        return engine, f"{engine}, as asked for"
    if master is not None:
        return "spark", f"spark: it is to run on {master}"
    rows = {k: sum(f.rows for f in listing.facts(k)) for k in ("spec", "depends_on")}
    needed = rows["spec"] * _PER_SPEC + rows["depends_on"] * _PER_DEPENDENCY
    size = f"the join in memory takes about {needed / 1e9:,.1f} GB"
    if needed <= memory:
        return "pyarrow", f"pyarrow: {size}, and {memory / 1e9:,.1f} GB are allowed"
    if is_installed():
        return "duckdb", f"duckdb: {size}, and {memory / 1e9:,.1f} GB are allowed"
    raise UsageError(
        f"{size}, and {memory / 1e9:,.1f} GB are allowed: python -m pip install 'graphcache[lake]' "
        f"brings DuckDB, which needs no more; or allow more by --memory"
    )


@dataclass
class _Work:
    """One join: of which lake, under which name, and what it warns of."""

    lake: Lake
    id: str
    memory: str
    master: str | None
    everything: bool
    report: Report = field(default_factory=Report)
    touched: int | None = None

    def by(self, engine: EngineName) -> Files:
        """By the engine of that name."""
        if engine == "pyarrow":
            return self.in_memory()
        if engine == "duckdb":
            with duckdb(self.lake.place, self.memory) as connection:
                return self.by_sql(connection)
        where = Where(self.master, bytes_of(self.memory))
        return join_on_spark(self.lake, self.id, where, self.report)

    def in_memory(self) -> Files:
        """By the join of `build`, which is what the others are held against."""
        self._warn_of_disagreements()
        facts = read_facts(self.lake.place, self.lake.listing.partitions)
        tables = join(facts, self.report)
        return write_tables(self.lake.place, self.id, tables)

    def _warn_of_disagreements(self) -> None:
        claims = claimed(self.lake)
        if not claims:
            return
        said = read_kind(self.lake.place, "said", self.lake.listing.facts("said"))
        warn_in_memory(*members_said(said), claims, self.report)

    def by_sql(self, engine: DuckDB) -> Files:
        """By an engine: what is touched, or all."""
        joined = self.lake.listing.joined
        if joined is not None and not self.everything:
            self.touched = find_touched(engine, self.lake, joined)
            if self.touched is not None:
                return join_touched(engine, self.lake, joined, self.id, self.report)
        view_facts(engine, self.lake)
        view_all(engine, self.lake)
        run_steps(engine)
        files = write_specs(engine, self.id)
        warn_of_disagreements(engine, self.lake, self.report)
        warn_of_contradictions(engine, self.report)
        return files | write_named(engine, self.lake, self.id, files)
