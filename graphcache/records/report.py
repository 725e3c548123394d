"""What was not read, and what is strange: a report of each file, and the whole that they join.

A damaged file has a reject for each of its records, and a small file can hold many millions. So
there is a bound to how many are kept, of one file and of all; all are counted, and whoever asks for
all (`Report.on_reject`) gets them one by one: those beyond the bound lie on disk for so long.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, field
from typing import IO, Any

from graphcache.words import counted

MAX_OF_A_FILE = 1_000
"""Rejects of one file that its report keeps; it counts them all."""
MAX_REPORTED = 100_000
"""Rejects that the report of the whole keeps; it counts them all."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A file or a record that was not read: where, and why."""

    file: str
    line: int | None
    field: str
    why: str
    record: bool = False
    """True for one record, false for a file or a part of it."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return one_line(": ".join(part for part in (place, self.field, self.why) if part))


@dataclass(slots=True)
class FileReport:
    """What reading one file came to. It joins the whole when the file is done."""

    file: str
    is_read: bool = False
    """Whether it holds records, be they rejected."""
    records: int = 0
    keeps_all: bool = False
    """Whether all rejects are asked for, and not the first alone."""
    rejected: int = 0
    """How many rejects there were."""
    rejected_records: int = 0
    """How many of them are of one record each."""
    warnings: Counter[str] = field(default_factory=Counter)
    skipped: str = ""
    """Why the file was passed over, if it was."""
    _first: list[Reject] = field(default_factory=list)
    _others: IO[str] | None = None

    def reject(
        self, why: str, *, line: int | None = None, field: str = "", record: bool = False
    ) -> None:
        """Note that the file, a part of it or one record was not read."""
        self.rejected += 1
        self.rejected_records += record
        self._keep(Reject(self.file, line, one_line(field), why, record))

    def _keep(self, reject: Reject) -> None:
        if len(self._first) < MAX_OF_A_FILE:
            self._first.append(reject)
        elif self.keeps_all:
            if self._others is None:
                import tempfile

                self._others = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115
            self._others.write(json.dumps(astuple(reject)) + "\n")

    def rejects(self) -> Iterator[Reject]:
        """The rejects in their order: all if they were asked for, else the first."""
        yield from self._first
        if self._others is not None:
            self._others.seek(0)
            yield from (Reject(*json.loads(line)) for line in self._others)

    @property
    def is_spilled(self) -> bool:
        """Whether some rejects lie on disk, in a file that is open."""
        return self._others is not None

    def close(self) -> None:
        """Give up what lies on disk."""
        if self._others is not None:
            self._others.close()

    def warn(self, text: str) -> None:
        """Note a warning."""
        self.warnings[text] += 1

    def part(self) -> FileReport:
        """A report of a part of the file; `take` makes it a part of this one."""
        return FileReport(self.file, keeps_all=self.keeps_all)

    def take(self, part: FileReport) -> None:
        """Take over what reading a part of the file came to."""
        self.records += part.records
        self.rejected += part.rejected
        self.rejected_records += part.rejected_records
        for reject in part.rejects():
            self._keep(reject)
        self.warnings += part.warnings
        part.close()


@dataclass(slots=True)
class Report:
    """What reading came to. `records == kept + rejected records` always holds.

    >>> Report(files=1, records=3, skipped=["LICENSE: no record"])
    <Report of 3 records in 1 file, 3 kept, 1 skipped>
    """

    files: int = 0
    """Files that hold records, archives counted by their members."""
    unchanged: int = 0
    """Files the store had already, byte for byte; they were not parsed again."""
    records: int = 0
    removed: int = 0
    """Specs of which sources said before an update that they are somewhere, and no longer do."""
    rejects: list[Reject] = field(default_factory=list)
    """The first files and records that were not read: at most 1,000 of a file, 100,000 in all."""
    rejected: int = 0
    """How many files and records were not read."""
    rejected_records: int = 0
    """How many of these are records."""
    warnings: Counter[str] = field(default_factory=Counter)
    """Each warning with the number of times it was given."""
    skipped: list[str] = field(default_factory=list)
    """Files and folders passed over, with the reason: no Spack records in them."""
    on_reject: Callable[[Reject], None] | None = field(default=None, repr=False, compare=False)
    """Called with each reject, also with those that are not kept."""

    def __repr__(self) -> str:
        records = counted(self.records, "record")
        files = counted(self.files, "file")
        others = [
            counted(self.rejected, "reject"),
            counted(len(self.warnings), "warning"),
            f"{self.unchanged:,} unchanged",
            f"{len(self.skipped):,} skipped",
        ]
        said = [text for text in others if not text.startswith("0 ")]
        return f"<Report of {', '.join([f'{records} in {files}', f'{self.kept:,} kept', *said])}>"

    @property
    def kept(self) -> int:
        """Records that went into the graph."""
        return self.records - self.rejected_records

    def add(self, one: FileReport) -> None:
        """Take over what reading one file came to."""
        self.files += one.is_read
        self.records += one.records
        self.rejected += one.rejected
        self.rejected_records += one.rejected_records
        for reject in one.rejects():
            self._keep(reject)
        for text, count in one.warnings.items():
            self.warnings[one_line(text)] += count
        if one.skipped:
            self.skip(one.file, one.skipped)
        one.close()

    def take(self, rejects: list[Reject], warnings: Counter[str], skipped: list[str]) -> None:
        """Take over what was noted of no file that was read."""
        self.rejected += len(rejects)
        for reject in rejects:
            self._keep(reject)
        self.warnings += warnings
        self.skipped += skipped

    def take_over(self, part: Report, rejects: Iterable[Reject]) -> None:
        """Take over what reading some of the files came to, elsewhere, with all its rejects."""
        self.files += part.files
        self.records += part.records
        self.rejected += part.rejected
        self.rejected_records += part.rejected_records
        for reject in rejects:
            self._keep(reject)
        self.warnings += part.warnings
        self.skipped += part.skipped

    def reject(self, file: str, why: str) -> None:
        """Note that a file was not read."""
        self.rejected += 1
        self._keep(Reject(file, None, "", why))

    def _keep(self, reject: Reject) -> None:
        if len(self.rejects) < MAX_REPORTED:
            self.rejects.append(reject)
        if self.on_reject is not None:
            self.on_reject(reject)

    def skip(self, place: str, why: str) -> None:
        """Note that a file or folder was passed over: there are no Spack records in it."""
        self.skipped.append(f"{place}: {why}")

    def warn(self, text: str) -> None:
        """Note a warning; the same text is listed once, with its count."""
        self.warnings[one_line(text)] += 1


def one_line(text: str) -> str:
    r"""The text as a message may hold it: control characters and what UTF-8 can't write escaped.

    >>> print(one_line("two\nlines"))
    two\nlines
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: Any) -> str:
    """The value as JSON, cut to a length that fits a message.

    >>> short("x" * 100)
    '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" (100 characters)'
    """
    if isinstance(value, str) and len(value) > 60:
        return f'{short(value[:60])[:-1]}…" ({len(value)} characters)'
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except RecursionError:
        return "a value nested too deep"
    text = one_line(text)
    return text if len(text) <= 400 else text[:60] + "…"
