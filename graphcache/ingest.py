"""From paths to tables: read, build and update, with a report of all that was not read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from os import PathLike, fspath

from graphcache.collector import paused_collector
from graphcache.errors import InputError, UsageError
from graphcache.facts import Facts, page_facts
from graphcache.joining import join
from graphcache.records import Page, PageKey, Report, one_line
from graphcache.sources import read_file
from graphcache.sources.frontmatter import Unreadable
from graphcache.sources.inputs import InputFile, input_files
from graphcache.sources.pages import check_name
from graphcache.tables import Tables

_BATCH = 50_000
"""Records held as Python objects at a time; those before are columns already."""


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that a graph was made from, by the digest of its content."""

    digest: str
    file: str
    key: PageKey


@dataclass
class Reading:
    """What reading came to, before it is joined."""

    report: Report = field(default_factory=Report)
    parts: list[Facts] = field(default_factory=list)
    files: list[HeldFile] = field(default_factory=list)
    """The files that were read without a reject."""
    claimed: dict[PageKey, tuple[str, int]] = field(default_factory=dict)
    """The first file that claimed a page, and a fingerprint of its records."""
    incomplete: set[PageKey] = field(default_factory=set)
    """Pages of which a part was rejected."""
    kept_pages: set[PageKey] = field(default_factory=set)
    """Pages of which every file that a graph holds was given again, unchanged."""

    @property
    def facts(self) -> Facts:
        """All that was read."""
        return Facts.concat(self.parts)


def read(
    *paths: str | PathLike[str],
    release: str | None = None,
    on_file: Callable[[int], None] | None = None,
) -> tuple[Tables, Report]:
    """Read files, folders, archives (.tar, .tar.gz, .zip), or `-` for standard input.

    Args:
        *paths: where to read; folders are walked.
        release: the release to put all records under, whatever the pages say.
        on_file: called with the number of files looked at, after each.

    Returns:
        The graph, and a report of all that was not read.

    Raises:
        InputError: there was no page to read at all.
        UsageError: the release can't be a name.

    >>> tables, report = read("examples/pages")
    >>> report.kept, len(report.rejects), tables.node_counts()["Spec"]
    (216, 0, 216)
    """
    reading = gather([fspath(path) for path in paths], release=release, on_file=on_file)
    return join(reading.facts, reading.report), reading.report


def gather(
    paths: list[str],
    *,
    release: str | None = None,
    held: Iterable[HeldFile] = (),
    on_file: Callable[[int], None] | None = None,
) -> Reading:
    """Read all the paths, but for files that are held already and would change nothing.

    Raises:
        InputError: there was no page to read at all.
        UsageError: the release can't be a name.
    """
    if release is not None:
        try:
            check_name(release, "release", 0)
        except Unreadable as problem:
            raise UsageError(str(problem)) from None
    reading = Reading()
    unchanged = _Unchanged(held)
    pages: list[Page] = []
    waiting = 0
    with paused_collector():
        for number, file in enumerate(input_files(paths, reading.report), start=1):
            digest = content_digest(file.data, release)
            if not unchanged.holds(digest, file):
                read_pages = _read_one(file, digest, release, reading)
                pages += read_pages
                waiting += sum(len(page.records) for page in read_pages)
            if waiting >= _BATCH:
                reading.parts.append(page_facts(pages, reading.report))
                pages, waiting = [], 0
            if on_file is not None:
                on_file(number)
        for digest, file in unchanged.to_read_after_all():
            pages += _read_one(file, digest, release, reading)
        reading.report.unchanged = unchanged.count
        reading.kept_pages = unchanged.whole_pages()
        reading.parts.append(page_facts(pages, reading.report))
    if not reading.report.files and not reading.report.unchanged:
        raise InputError(_nothing_read(paths, reading.report), reading.report)
    return reading


def content_digest(data: bytes, release: str | None) -> str:
    """By what a file is known again: its content, and the release it was put under by `--as`."""
    put_under = hashlib.blake2b((release or "").encode()).digest()
    return hashlib.blake2b(data, digest_size=16, key=put_under).hexdigest()


def _read_one(file: InputFile, digest: str, release: str | None, reading: Reading) -> list[Page]:
    """The pages of one file, with what they claim noted."""
    rejects = len(reading.report.rejects)
    pages = list(read_file(file, release, reading.report))
    for page in pages:
        if page.in_buildcache is None:
            continue  # specs that the file only mentions: it claims nothing of them
        key = (page.release, page.package)
        _note_claim(page, key, reading)
        if not page.complete:
            reading.incomplete.add(key)
        elif len(reading.report.rejects) == rejects:
            reading.files.append(HeldFile(digest, file.name, key))
    return pages


def _note_claim(page: Page, key: PageKey, reading: Reading) -> None:
    records = hash(frozenset((record.hash, *record.stacks) for record in page.records))
    first, first_records = reading.claimed.setdefault(key, (page.file, records))
    if records != first_records:
        where = f"in release {page.release}" if page.release else "without a release"
        reading.report.warn(
            f"{page.file}: {page.package} {where} stands in {first} too, with other records: "
            f"the two are joined"
        )


def _nothing_read(paths: list[str], report: Report) -> str:
    found = [f"  {reject}" for reject in report.rejects[:5]]
    if len(report.rejects) > len(found):
        found.append(f"  … and {len(report.rejects) - len(found)} more")
    skipped = len(report.skipped)
    if skipped:
        found.append(f"  {skipped} other files or folders are no Spack pages: {report.skipped[0]}")
    if not found:
        found.append("  there are no files")
    where = one_line(" ".join(paths))
    return "\n".join([f"{where}: no Spack build-cache page could be read", *found])


class _Unchanged:
    """The files that a graph was made from already, when an update meets them again.

    A file is passed over only if every file that its page was made from is given again: else it
    replaces the others, and must be read.
    """

    def __init__(self, held: Iterable[HeldFile]) -> None:
        self._key_of: dict[str, PageKey] = {}
        self._digests: dict[PageKey, set[str]] = defaultdict(set)
        for file in held:
            self._key_of[file.digest] = file.key
            self._digests[file.key].add(file.digest)
        self._seen: dict[str, InputFile | None] = {}
        self.count = 0

    def holds(self, digest: str, file: InputFile) -> bool:
        """Whether the file need not be read now."""
        key = self._key_of.get(digest)
        if key is None:
            return False
        alone = len(self._digests[key]) == 1
        self._seen[digest] = None if alone else file
        self.count += 1
        return True

    def whole_pages(self) -> set[PageKey]:
        """Pages of which every file was given again."""
        return {key for key, digests in self._digests.items() if digests <= self._seen.keys()}

    def to_read_after_all(self) -> list[tuple[str, InputFile]]:
        """Files of pages of which not every file was given again."""
        wanted = [
            (digest, file)
            for digest, file in self._seen.items()
            if file is not None and not self._digests[self._key_of[digest]] <= self._seen.keys()
        ]
        self.count -= len(wanted)
        return wanted
