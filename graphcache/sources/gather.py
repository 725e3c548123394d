"""From paths to tables: read, build and update, with a report of all that was not read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from os import PathLike, fspath

from graphcache.errors import InputError, UsageError
from graphcache.records import Claim, HeldFile, Labels, Reject, Report, one_line
from graphcache.remote.locations import shown
from graphcache.sources.addresses import Remote
from graphcache.sources.beside import Beside
from graphcache.sources.environments import environment_at, is_lock
from graphcache.sources.inputs import InputFile, input_files
from graphcache.sources.names import Unreadable, check_name
from graphcache.sources.reading import OnFacts, Reading, Waiting
from graphcache.tables import Tables
from graphcache.tables.collector import paused_collector
from graphcache.tables.disagreements import members, warn_of_disagreements
from graphcache.tables.facts import Facts
from graphcache.tables.join import join
from graphcache.words import counted

Source = tuple[str, Labels]
"""Where to read, and the labels of what is read there."""

_NO_LABELS = Labels()


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
    return join(reading.take_facts(), reading.report), reading.report


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
    on_facts: OnFacts | None = None,
) -> Reading:
    """Read all the sources, but for files that are held already and would change nothing.

    `held` are the files that a graph was made from, `known` the claims of lock files in it. Where
    `on_facts` is given, it takes what was read, a release at a time, and nothing of it is kept.

    Raises:
        InputError: there was no page to read at all.
        UsageError: the release or the stack can't be a name.
    """
    for labels in {labels for _, labels in sources}:
        check_labels(labels)
    reading = Reading(Report(on_reject=on_reject), on_facts=on_facts)
    held = list(held)
    unchanged = _Unchanged(held)
    waiting, beside = Waiting(reading), Beside()
    with paused_collector():
        for number, (file, labels) in enumerate(_files(sources, waiting.between, remote), start=1):
            waiting.note_between()
            if not beside.puts_aside(file, labels):
                _read_if_new(file, labels, waiting, unchanged)
            if on_file is not None:
                on_file(number)
        waiting.note_between()
        again = [source for source in sources if source[0] != "-"]
        for file, labels in beside.described(lambda: _files(again, Report(), remote)):
            _read_if_new(file, labels, waiting, unchanged)
        for spec in beside.held:
            waiting.add_list(spec)
        for digest, (file, labels) in unchanged.to_read_after_all():
            waiting.add_file(file, digest, labels)
        waiting.to_columns()
        if reading.unnamed:
            reading.name_environments(held, known)
        reading.close()
        warn_of_disagreements(
            members(Facts.concat(reading.pages)),
            members(Facts.concat(reading.lists)),
            reading.claimed.keys() - reading.incomplete,
            reading.report,
        )
        reading.report.unchanged = unchanged.count
        reading.unchanged = unchanged.whole_claims()
    if not reading.report.files and not reading.report.unchanged:
        raise InputError(nothing_read(sources, reading.report), reading.report)
    return reading


def _files(
    sources: list[Source], report: Report, remote: Remote | None
) -> Iterator[tuple[InputFile, Labels]]:
    for path, labels in sources:
        for file in input_files([path], report, remote):
            yield file, labels


def check_labels(labels: Labels) -> None:
    """Raise a UsageError if the release or the stack can't be a name."""
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
    put_under = _digest_of_labels(labels, in_mirror, tuple(sorted(file.described)), place)
    return hashlib.blake2b(file.data, digest_size=16, key=put_under).hexdigest()


@lru_cache(maxsize=8)
def _digest_of_labels(
    labels: Labels, in_mirror: tuple[object, ...], described: tuple[str, ...], place: str | None
) -> bytes:
    """A digest of what is said beside the content, which nearly all files of a folder share."""
    told = repr((labels, in_mirror, list(described), place))
    return hashlib.blake2b(told.encode()).digest()


def _read_if_new(file: InputFile, labels: Labels, waiting: Waiting, unchanged: _Unchanged) -> None:
    digest = content_digest(file, labels)
    if not unchanged.holds(digest, file, labels):
        waiting.add_file(file, digest, labels)


def nothing_read(sources: list[Source], report: Report) -> str:
    """The message that nothing could be read, with the first reasons."""
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
