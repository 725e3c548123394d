"""From paths to tables: read, build and update, with a report of all that was not read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from os import PathLike, fspath

from graphcache.errors import InputError, UsageError
from graphcache.records import (
    Claim,
    Environment,
    HeldFile,
    Labels,
    Page,
    Reject,
    Report,
    SpecList,
    one_line,
)
from graphcache.remote.locations import shown
from graphcache.sources import read_file
from graphcache.sources.addresses import Remote
from graphcache.sources.beside import Beside
from graphcache.sources.environments import environment_at, is_lock, name_environments
from graphcache.sources.inputs import InputFile, input_files
from graphcache.sources.mirror import Mirror
from graphcache.sources.names import Unreadable, check_name
from graphcache.tables import Tables
from graphcache.tables.collector import paused_collector
from graphcache.tables.disagreements import warn_of_disagreements
from graphcache.tables.facts import Facts, page_facts, spec_list_facts
from graphcache.tables.join import join
from graphcache.tables.said import with_names
from graphcache.words import counted

Source = tuple[str, Labels]
"""Where to read, and the labels of what is read there."""

_NO_LABELS = Labels()
_BATCH = 50_000
"""Records held as Python objects at a time; those before are columns already."""


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

    @property
    def facts(self) -> Facts:
        """All that was read."""
        return Facts.concat([*self.pages, *self.lists])

    def name_environments(self, held: list[HeldFile], known: Iterable[Claim]) -> None:
        """Give the environments their names, where a graph has the held files and known claims."""
        names, warnings = name_environments(self.unnamed, held, known)

        def named(claim: Claim) -> Claim:
            return claim._replace(name=names.get(claim.name, claim.name))

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


def read(
    *paths: str | PathLike[str],
    release: str | None = None,
    stack: str | None = None,
    on_file: Callable[[int], None] | None = None,
) -> tuple[Tables, Report]:
    """Read files, folders, archives (.tar, .tar.gz, .zip), or `-` for standard input.

    Args:
        *paths: where to read; folders are walked. An address (`https://…`) is a mirror or a file.
        release: the release to put all records under, whatever the pages say.
        stack: the stack to put the specs of indexes, lock files and spec files under.
        on_file: called with the number of files looked at, after each.

    Returns:
        The graph, and a report of all that was not read.

    Raises:
        InputError: there was no page to read at all.
        UsageError: the release or the stack can't be a name.

    >>> tables, report = read("examples/pages")
    >>> report.kept, report.rejected, tables.node_counts()["Spec"]
    (216, 0, 216)
    """
    reading = gather(labelled(paths, Labels(release, stack)), on_file=on_file)
    return join(reading.facts, reading.report), reading.report


def labelled(paths: Iterable[str | PathLike[str]], labels: Labels = _NO_LABELS) -> list[Source]:
    """The paths, each with the same labels."""
    return [(fspath(path), labels) for path in paths]


def gather(
    sources: list[Source],
    *,
    held: Iterable[HeldFile] = (),
    known: Iterable[Claim] = (),
    remote: Remote | None = None,
    on_file: Callable[[int], None] | None = None,
    on_reject: Callable[[Reject], None] | None = None,
) -> Reading:
    """Read all the sources, but for files that are held already and would change nothing.

    `held` are the files that a graph was made from, `known` the claims of lock files in it.

    Raises:
        InputError: there was no page to read at all.
        UsageError: the release or the stack can't be a name.
    """
    for labels in {labels for _, labels in sources}:
        _check_labels(labels)
    reading = Reading(Report(on_reject=on_reject))
    held = list(held)
    unchanged = _Unchanged(held)
    waiting, beside = _Waiting(reading), Beside()
    with paused_collector():
        for number, (file, labels) in enumerate(_files(sources, reading.report, remote), start=1):
            if not beside.puts_aside(file, labels):
                _read_if_new(file, labels, reading, waiting, unchanged)
            if on_file is not None:
                on_file(number)
        again = [source for source in sources if source[0] != "-"]
        for file, labels in beside.described(lambda: _files(again, Report(), remote)):
            _read_if_new(file, labels, reading, waiting, unchanged)
        for spec in beside.held:
            waiting.add(spec)
        for digest, (file, labels) in unchanged.to_read_after_all():
            _read_one(file, digest, labels, reading, waiting)
        waiting.to_columns()
        if reading.unnamed:
            reading.name_environments(held, known)
        reading.close()
        warn_of_disagreements(
            Facts.concat(reading.pages),
            Facts.concat(reading.lists),
            reading.claimed.keys() - reading.incomplete,
            reading.report,
        )
        reading.report.unchanged = unchanged.count
        reading.unchanged = unchanged.whole_claims()
    if not reading.report.files and not reading.report.unchanged:
        raise InputError(_nothing_read(sources, reading.report), reading.report)
    return reading


def _files(
    sources: list[Source], report: Report, remote: Remote | None
) -> Iterator[tuple[InputFile, Labels]]:
    for path, labels in sources:
        for file in input_files([path], report, remote):
            yield file, labels


def _check_labels(labels: Labels) -> None:
    for name, value in (("release", labels.release), ("stack", labels.stack)):
        if value is not None:
            try:
                check_name(value, name, 0)
            except Unreadable as problem:
                raise UsageError(str(problem)) from None


def content_digest(file: InputFile, labels: Labels) -> str:
    """By what a file is known again: its content, and what else is said by how it is read.

    That is the labels that it was put under; the manifests of a mirror, which its index is held
    against; the spec files in which specs of a page are described; and where a lock file lies that
    nobody gave a name.
    """
    in_mirror = (file.binary_size, file.mirror is not None, *sorted(file.binaries or ()))
    place = environment_at(file.name).place if is_lock(file.data) and not labels.stack else None
    told = repr((labels, in_mirror, sorted(file.described), place))
    put_under = hashlib.blake2b(told.encode()).digest()
    return hashlib.blake2b(file.data, digest_size=16, key=put_under).hexdigest()


class _Waiting:
    """Records as Python objects, which become columns before they take too much memory."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._pages: list[Page] = []
        self._lists: list[SpecList] = []
        self._records = 0

    def add(self, said: Page | SpecList) -> None:
        if isinstance(said, Page):
            self._pages.append(said)
            self._records += len(said.records)
        else:
            self._lists.append(said)
            self._records += len(said.entries)
        if self._records >= _BATCH:
            self.to_columns()

    def to_columns(self) -> None:
        self._reading.pages.append(page_facts(self._pages, self._reading.report))
        self._reading.lists.append(spec_list_facts(self._lists))
        self._pages, self._lists, self._records = [], [], 0


def _read_if_new(
    file: InputFile,
    labels: Labels,
    reading: Reading,
    waiting: _Waiting,
    unchanged: _Unchanged,
) -> None:
    digest = content_digest(file, labels)
    if not unchanged.holds(digest, file, labels):
        _read_one(file, digest, labels, reading, waiting)


def _read_one(
    file: InputFile, digest: str, labels: Labels, reading: Reading, waiting: _Waiting
) -> None:
    """Read one file, and note what it claims."""
    said, report = read_file(file, labels, all_rejects=reading.report.on_reject is not None)
    reading.report.add(report)
    for one in said:
        waiting.add(one)
        claim = one.claim(digest)
        if claim is None:
            continue
        _note_claim(claim, one, reading)
        environment = one.environment if isinstance(one, SpecList) else None
        if environment is not None:
            reading.unnamed[claim] = environment
        if file.mirror:
            reading.mirrors[claim] = file.mirror
        if not one.complete:
            reading.incomplete.add(claim)
        elif not report.rejected:
            place = environment.place if environment else None
            reading.files.append(HeldFile(digest, file.name, claim, place))


def _note_claim(claim: Claim, said: Page | SpecList, reading: Reading) -> None:
    """Note who made a claim first; two that make the same one are held to be alike.

    But for indexes and the spec files of a mirror: many may make up one stack.
    """
    records, name = 0, claim.name
    if isinstance(said, Page):
        records = hash(frozenset((record.hash, *record.stacks) for record in said.records))
    elif said.kind == "lock":
        records = hash(frozenset((entry.hash, entry.root) for entry in said.entries))
        name = said.environment.names[0] if said.environment else name
    first, first_records = reading.claimed.setdefault(claim, (said.file, records))
    if records != first_records:
        where = f"in release {claim.release}" if claim.release else "without a release"
        reading.report.warn(
            f"{said.file}: {name} {where} stands in {first} too, with other records: "
            f"the two are joined"
        )


def _nothing_read(sources: list[Source], report: Report) -> str:
    found = [f"  {reject}" for reject in report.rejects[:5]]
    if report.rejected > len(found):
        found.append(f"  … and {report.rejected - len(found)} more")
    if report.skipped:
        others = counted(
            len(report.skipped), "other file or folder is", "other files or folders are"
        )
        found.append(f"  {others} not Spack's: {report.skipped[0]}")
    if not found:
        found.append("  there are no files")
    where = one_line(" ".join(shown(path) for path, _ in sources))
    return "\n".join([f"{where}: nothing of a Spack build cache could be read", *found])


class _Unchanged:
    """The files that a graph was made from already, when an update meets them again.

    A file is passed over only if every file of the same claim is given again: else it replaces the
    others, and must be read.
    """

    def __init__(self, held: Iterable[HeldFile]) -> None:
        self._claim_of: dict[str, Claim] = {}
        self._digests: dict[Claim, set[str]] = defaultdict(set)
        for file in held:
            self._claim_of[file.digest] = file.claim
            self._digests[file.claim].add(file.digest)
        self._seen: dict[str, tuple[InputFile, Labels] | None] = {}
        self.count = 0

    def holds(self, digest: str, file: InputFile, labels: Labels) -> bool:
        """Whether the file need not be read now."""
        claim = self._claim_of.get(digest)
        if claim is None:
            return False
        alone = len(self._digests[claim]) == 1
        self._seen[digest] = None if alone else (file, labels)
        self.count += 1
        return True

    def whole_claims(self) -> set[Claim]:
        """Claims of which every file was given again."""
        return {claim for claim, digests in self._digests.items() if digests <= self._seen.keys()}

    def to_read_after_all(self) -> list[tuple[str, tuple[InputFile, Labels]]]:
        """Files of claims of which not every file was given again."""
        wanted = [
            (digest, seen)
            for digest, seen in self._seen.items()
            if seen is not None and not self._digests[self._claim_of[digest]] <= self._seen.keys()
        ]
        self.count -= len(wanted)
        return wanted
