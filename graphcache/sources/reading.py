"""What reading came to, file by file in the order in which they were met, and as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from graphcache.records import (
    Claim,
    Environment,
    FileReport,
    HeldFile,
    Labels,
    Page,
    Reject,
    Report,
    SpecList,
)
from graphcache.sources import read_file
from graphcache.sources.environments import name_environments
from graphcache.sources.frontmatter import has_front_matter
from graphcache.sources.inputs import InputFile
from graphcache.sources.mirror import Mirror
from graphcache.sources.plain_pages import PlainPage, plain_page, read_plain_pages
from graphcache.tables.facts import Facts, spec_list_facts
from graphcache.tables.page_columns import PageColumns, columns_of, page_facts, record_text
from graphcache.tables.said import with_names

OnFacts = Callable[[str | None, Facts], None]
"""Takes what was read of one release."""

_NO_LABELS = Labels()
_BATCH = 50_000
"""Records held as Python objects at a time; those before are columns already."""
_PAGE_BYTES = 4 * 2**20
"""Bytes of pages that become columns at once. Where one of them is in doubt, all are read anew."""


@dataclass
class Reading:
    """What reading came to, before it is joined."""

    report: Report = field(default_factory=Report)
    pages: list[Facts] = field(default_factory=list)
    """What pages say."""
    lists: list[Facts] = field(default_factory=list)
    """What indexes, lock files and spec files say."""
    files: list[HeldFile] = field(default_factory=list)
    """The files that were read without a reject."""
    claimed: dict[Claim, tuple[str, int]] = field(default_factory=dict)
    """The first file that made a claim, and a fingerprint of its records."""
    incomplete: set[Claim] = field(default_factory=set)
    """Claims of which a part was rejected."""
    unchanged: set[Claim] = field(default_factory=set)
    """Claims of which every file that a graph holds was given again, unchanged."""

    unnamed: dict[Claim, Environment] = field(default_factory=dict)
    """Environments that have no name yet."""
    mirrors: dict[Claim, Mirror] = field(default_factory=dict)
    """The mirrors of claims: whether one was read whole is known at its end."""
    names: dict[str, str] = field(default_factory=dict)
    """The names of environments, by what stood for them until all was read."""
    on_facts: OnFacts | None = None
    """Takes what was read, which is then not kept in `pages` and `lists`."""

    @property
    def facts(self) -> Facts:
        """All that was read."""
        return Facts.concat([*self.pages, *self.lists])

    def take_facts(self) -> Facts:
        """All that was read, which is no longer kept here: it takes as much memory as the graph."""
        facts = self.facts
        self.pages, self.lists = [], []
        return facts

    def take_pages(self, said: PageColumns) -> None:
        """Make facts of pages."""
        if self.on_facts is None:
            self.pages.append(page_facts(said, self.report))
            return
        for release, part in said.by_release():
            self.on_facts(release, page_facts(part, self.report))

    def take_lists(self, said: list[SpecList]) -> None:
        """Make facts of indexes, lock files and spec files."""
        if self.on_facts is None:
            self.lists.append(spec_list_facts(said))
            return
        of_release: dict[str | None, list[SpecList]] = {}
        for one in said:
            of_release.setdefault(one.release, []).append(one)
        for release, lists in of_release.items():
            self.on_facts(release, spec_list_facts(lists))

    def name_environments(self, held: list[HeldFile], known: Iterable[Claim]) -> None:
        """Give the environments their names, where a graph has the held files and known claims."""
        names, warnings = name_environments(self.unnamed, held, known)

        def named(claim: Claim) -> Claim:
            return claim._replace(name=names.get(claim.name, claim.name))

        self.names = names
        for warning in warnings:
            self.report.warn(warning)
        self.lists = [replace(f, said=with_names(f.said, names)) for f in self.lists]
        self.claimed = {named(claim): first for claim, first in self.claimed.items()}
        self.incomplete = set(map(named, self.incomplete))
        self.files = [replace(file, claim=named(file.claim)) for file in self.files]

    def close(self) -> None:
        """Note what was not read whole: none of its files is held, so that all are read again."""
        self.incomplete |= {claim for claim, mirror in self.mirrors.items() if not mirror.whole}
        self.files = [file for file in self.files if file.claim not in self.incomplete]

    def claim(self, claim: Claim, file: str, records: int, name: str) -> None:
        """Note who made a claim first; two that make the same one are held to be alike.

        `records` is equal for equal records, `name` what the claim is called in a message.
        """
        first, first_records = self.claimed.setdefault(claim, (file, records))
        if records != first_records:
            where = f"in release {claim.release}" if claim.release else "without a release"
            self.report.warn(
                f"{file}: {name} {where} stands in {first} too, with other records: "
                f"the two are joined"
            )


@dataclass(slots=True)
class _Met:
    """One file: what it says and what reading it came to, if it was read; else the page as it is.

    What is noted of no file that is read, such as a folder that can't be opened, has no report.
    """

    digest: str = ""
    file: InputFile | None = None
    labels: Labels = _NO_LABELS
    plain: PlainPage | None = None
    said: list[Page | SpecList] = field(default_factory=list)
    report: FileReport | None = None
    all_rejects: bool = False
    """Whether all are asked for, and not the first of the file alone."""
    rejects: list[Reject] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)
    fingerprint: int | None = None
    """Of the records of a page that were read as columns."""

    def read(self, file: InputFile) -> None:
        """Read the file by itself."""
        self.plain = None
        self.said, self.report = read_file(file, self.labels, all_rejects=self.all_rejects)


class Waiting:
    """Files in the order in which they were met, which become columns when there are enough."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._met: list[_Met] = []
        self._rejects: list[Reject] = []
        self.between = Report(on_reject=self._rejects.append)
        """For what is noted of no file that is read."""
        self._bytes = self._records = 0

    def add_file(self, file: InputFile, digest: str, labels: Labels) -> None:
        """Read a file; one that may be read together with others is kept until then."""
        all_rejects = self._reading.report.on_reject is not None
        met = _Met(digest, file, labels, plain_page(file.data), all_rejects=all_rejects)
        if met.plain is None:
            met.read(file)
            met.file = replace(file, data=b"")
        self._bytes += len(file.data) if has_front_matter(file.data) else 0
        self._add(met)

    def add_list(self, said: SpecList) -> None:
        """Take over specs that no file alone says."""
        self._add(_Met(said=[said]))

    def note_between(self) -> None:
        """Put what was noted between files since the last time at its place among them."""
        noted = self.between
        if self._rejects or noted.warnings or noted.skipped:
            self._add(
                _Met(rejects=[*self._rejects], warnings=noted.warnings, skipped=noted.skipped)
            )
            self._rejects.clear()
            noted.warnings, noted.skipped = Counter(), []

    def _add(self, met: _Met) -> None:
        self._met.append(met)
        self._records += sum(
            len(one.records if isinstance(one, Page) else one.entries) for one in met.said
        )
        # Rejects that a report does not keep lie in a file that is open: one at a time.
        is_spilled = met.report is not None and met.report.is_spilled
        if is_spilled or self._bytes >= _PAGE_BYTES or self._records >= _BATCH:
            self.to_columns()

    def to_columns(self) -> None:
        """Note what waits, and make columns of it."""
        self._read_plain([met for met in self._met if met.plain is not None])
        for met in self._met:
            if met.report is None and met.file is not None:  # in doubt, so it is read by itself
                met.read(met.file)
            self._note(met)
        said = [one for met in self._met if met.fingerprint is None for one in met.said]
        pages = [one for one in said if isinstance(one, Page)]
        if pages:
            self._reading.take_pages(columns_of(pages))
        lists = [one for one in said if isinstance(one, SpecList)]
        if lists:
            self._reading.take_lists(lists)
        self._met, self._bytes, self._records = [], 0, 0

    def _read_plain(self, waiting: list[_Met]) -> None:
        """Read pages together; where any is not in order throughout, none of them."""
        files = [(met, met.plain, met.file) for met in waiting if met.plain and met.file]
        heads = [
            Page(plain.package, met.labels.release or plain.release, file.name, [])
            for met, plain, file in files
        ]
        columns = read_plain_pages([plain for _, plain, _ in files], heads) if files else None
        if columns is None:
            return
        self._reading.take_pages(columns)
        for (met, _, file), page, fingerprint, records in zip(
            files, heads, columns.fingerprints(), columns.counts(), strict=True
        ):
            met.said, met.fingerprint = [page], fingerprint
            met.report = FileReport(file.name, is_read=True, records=records)

    def _note(self, met: _Met) -> None:
        """Note what a file came to, and what it claims."""
        report = self._reading.report
        report.take(met.rejects, met.warnings, met.skipped)
        if met.report is not None:
            report.add(met.report)
        if met.file is None:
            return
        for one in met.said:
            claim = one.claim(met.digest)
            if claim is not None:
                self._note_claim(claim, one, met, met.file)

    def _note_claim(self, claim: Claim, one: Page | SpecList, met: _Met, file: InputFile) -> None:
        reading = self._reading
        environment = one.environment if isinstance(one, SpecList) else None
        name = environment.names[0] if environment else claim.name
        fingerprint = _fingerprint(one) if met.fingerprint is None else met.fingerprint
        reading.claim(claim, one.file, fingerprint, name)
        if environment is not None:
            reading.unnamed[claim] = environment
        if file.mirror:
            reading.mirrors[claim] = file.mirror
        if not one.complete:
            reading.incomplete.add(claim)
        elif met.report and not met.report.rejected:
            place = environment.place if environment else None
            reading.files.append(HeldFile(met.digest, file.name, claim, place))


def _fingerprint(said: Page | SpecList) -> int:
    """What is equal for equal records, of a page or lock file.

    Not of indexes and the spec files of a mirror, of which many may make up one stack.
    """
    if isinstance(said, Page):
        return hash(frozenset(record_text(record) for record in said.records))
    if said.kind == "lock":
        return hash(frozenset((entry.hash, entry.root) for entry in said.entries))
    return 0
