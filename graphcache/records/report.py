"""What was not read, and what is strange: a report of each file, and the whole that they join."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from graphcache.words import counted


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
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: str = ""
    """Why the file was passed over, if it was."""

    def reject(
        self, why: str, *, line: int | None = None, field: str = "", record: bool = False
    ) -> None:
        """Note that the file, a part of it or one record was not read."""
        self.rejects.append(Reject(self.file, line, one_line(field), why, record))

    def warn(self, text: str) -> None:
        """Note a warning."""
        self.warnings.append(text)

    def take(self, part: FileReport) -> None:
        """Take over what reading a part of the file came to."""
        self.records += part.records
        self.rejects += part.rejects
        self.warnings += part.warnings


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
    warnings: Counter[str] = field(default_factory=Counter)
    """Each warning with the number of times it was given."""
    skipped: list[str] = field(default_factory=list)
    """Files and folders passed over, with the reason: no Spack records in them."""

    def __repr__(self) -> str:
        records = counted(self.records, "record")
        files = counted(self.files, "file")
        others = [
            counted(len(self.rejects), "reject"),
            counted(len(self.warnings), "warning"),
            f"{self.unchanged:,} unchanged",
            f"{len(self.skipped):,} skipped",
        ]
        said = [text for text in others if not text.startswith("0 ")]
        return f"<Report of {', '.join([f'{records} in {files}', f'{self.kept:,} kept', *said])}>"

    @property
    def kept(self) -> int:
        """Records that went into the graph."""
        return self.records - sum(reject.record for reject in self.rejects)

    def add(self, one: FileReport | Report) -> None:
        """Take over what reading one file came to, or what was noted between files."""
        self.records += one.records
        self.rejects += one.rejects
        if isinstance(one, Report):
            self.files += one.files
            self.warnings += one.warnings
            self.skipped += one.skipped
            return
        self.files += one.is_read
        for text in one.warnings:
            self.warn(text)
        if one.skipped:
            self.skip(one.file, one.skipped)

    def since(self, before: Report) -> Report | None:
        """What was noted since there was a copy; None if nothing was."""
        if self._noted == before._noted:
            return None
        return Report(
            rejects=self.rejects[len(before.rejects) :],
            warnings=self.warnings - before.warnings,
            skipped=self.skipped[len(before.skipped) :],
        )

    @property
    def _noted(self) -> int:
        return len(self.rejects) + len(self.skipped) + self.warnings.total()

    def reject(self, file: str, why: str) -> None:
        """Note that a file was not read."""
        self.rejects.append(Reject(file, None, "", why))

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
