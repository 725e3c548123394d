"""Facts to files as they are read: a batch at a time, so that memory is bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from graphcache.lake.facts import (
    FILE_FACTS,
    SKIPPED,
    WARNINGS,
    reject_table,
    tables_of,
    write_facts,
)
from graphcache.lake.listing import Files
from graphcache.lake.places import Place, read_part
from graphcache.records import Reject, Report
from graphcache.sources.environments import is_unnamed
from graphcache.sources.reading import Reading
from graphcache.tables.facts import Facts
from graphcache.tables.said import claim_text, claims_of, with_names

_BATCH = 64 * 2**20
"""Bytes of facts in memory before they are written."""
_REJECTS = 10_000

OfRelease = dict[str | None, Files]


@dataclass
class FactsWriter:
    """Takes what `gather` reads, and writes it; `id` begins the name of each file."""

    place: Place
    id: str
    files: OfRelease = field(default_factory=dict)
    """By release, the files that were written."""
    notes: Files = field(default_factory=dict)
    """Files of rejects; `write_notes` adds those of warnings and of what was skipped."""
    unnamed: set[str] = field(default_factory=set)
    """The paths of files in which an environment has no name yet."""
    _waiting: dict[str | None, list[Facts]] = field(default_factory=lambda: defaultdict(list))
    _bytes: int = 0
    _rejects: list[Reject] = field(default_factory=list)
    _written: int = 0

    def take(self, release: str | None, facts: Facts) -> None:
        """Take facts of a release; many are written together."""
        self._waiting[release].append(facts)
        self._bytes += sum(t.nbytes for t in (facts.specs, facts.said, facts.depends_on))
        if self._bytes >= _BATCH:
            self.flush()

    def take_reject(self, reject: Reject) -> None:
        """Take a reject."""
        self._rejects.append(reject)
        if len(self._rejects) >= _REJECTS:
            self.flush_rejects()

    def flush(self) -> None:
        """Write what waits."""
        for release, facts in self._waiting.items():
            self._write(release, tables_of(Facts.concat(facts)))
        self._waiting.clear()
        self._bytes = 0

    def _write(self, release: str | None, tables: dict[str, pa.Table]) -> None:
        files: Files = {}
        write_facts(self.place, self._name(), release, tables, files)
        of_release = self.files.setdefault(release, {})
        for kind, written in files.items():
            of_release.setdefault(kind, []).extend(written)
        claims = claims_of(tables["said"]) if "said" in files else []
        if any(map(is_unnamed, claims)):
            self.unnamed.update(file.path for file in files["said"])

    def _name(self) -> str:
        self._written += 1
        return f"{self.id}-{self._written:05d}"

    def name_environments(self, names: dict[str, str]) -> None:
        """Write again what has environments without a name, which have one now."""
        for release, files in self.files.items():
            said = [file for file in files.get("said", ()) if file.path in self.unnamed]
            for file in said:
                files["said"].remove(file)
                table = with_names(read_part(self.place, file), names)
                write_facts(self.place, self._name(), release, {"said": table}, files)
        self.unnamed.clear()

    def write_claims(self, reading: Reading) -> None:
        """Write which files were read, and what they claim."""
        for release, table in claims_by_release(reading).items():
            self._write(release, {"file": table})

    def write_notes(self, report: Report) -> None:
        """Write what was noted: under its release, where only one was read."""
        self.flush_rejects()
        warnings = pa.table(
            [list(report.warnings), list(report.warnings.values())], schema=WARNINGS
        )
        skipped = pa.table([report.skipped], schema=SKIPPED)
        self._write_notes({"warning": warnings, "skipped": skipped})

    def take_over(self, written: Iterable[OfRelease], unnamed: set[str]) -> None:
        """Take over files that others have written."""
        for of_release in written:
            for release, files in of_release.items():
                mine = self.files.setdefault(release, {})
                for kind, more in files.items():
                    mine.setdefault(kind, []).extend(more)
        self.unnamed |= unnamed

    def flush_rejects(self) -> None:
        """Write the rejects that wait."""
        if self._rejects:
            self._write_notes({"reject": reject_table(self._rejects)})
            self._rejects = []

    def _write_notes(self, tables: dict[str, pa.Table]) -> None:
        release = next(iter(self.files)) if len(self.files) == 1 else None
        write_facts(self.place, self._name(), release, tables, self.notes)


def claims_by_release(reading: Reading) -> dict[str | None, pa.Table]:
    """Of each release the files with what they claim, in the order in which they were met."""
    rows: dict[str | None, list[tuple[object, ...]]] = defaultdict(list)
    for held in reading.files:
        text = claim_text(held.claim)
        rows[held.claim.release].append((held.file, text, held.digest, held.place, True))
    told = {held.claim for held in reading.files}
    for claim, (file, _) in reading.claimed.items():
        if claim not in told:
            complete = claim not in reading.incomplete
            rows[claim.release].append((file, claim_text(claim), None, None, complete))
    return {
        release: pa.table(list(map(list, zip(*found, strict=True))), schema=FILE_FACTS)
        for release, found in rows.items()
    }
