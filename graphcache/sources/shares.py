"""Reading in shares: each reads some of what there is, and one puts together what they came to.

So many processes, on many machines, read what `gather` reads in one, with the same result: what
hangs on several files is found when the shares are put together. That is which claims are made
twice, how environments without a name are called, and the old pages that name spec files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from graphcache.records import Claim, Environment, HeldFile, Labels, Reject, Report
from graphcache.sources.addresses import Remote
from graphcache.sources.beside import Beside
from graphcache.sources.documents import MAX_DOCUMENT
from graphcache.sources.gather import content_digest
from graphcache.sources.inputs import InputFile, Item, open_item
from graphcache.sources.legacy import named_files
from graphcache.sources.reading import OnFacts, Reading, Waiting
from graphcache.tables.collector import paused_collector


@dataclass
class Share:
    """What reading some items came to, but for its facts and its rejects."""

    report: Report
    claims: list[tuple[Claim, str, int, str]] = field(default_factory=list)
    """Who makes which claim, as `Reading.claim` takes it, in the order of the files."""
    files: list[HeldFile] = field(default_factory=list)
    incomplete: set[Claim] = field(default_factory=set)
    unnamed: dict[Claim, Environment] = field(default_factory=dict)
    documents: dict[str, Item] = field(default_factory=dict)
    """The paths of what may be a spec file, and where each is."""
    put_aside: list[Item] = field(default_factory=list)
    """Where pages are that name spec files."""


class _Noting(Reading):
    """Notes who makes which claim, for whoever knows the claims of the other shares too."""

    def __init__(self, report: Report, on_facts: OnFacts) -> None:
        super().__init__(report, on_facts=on_facts)
        self.claims: list[tuple[Claim, str, int, str]] = []

    def claim(self, claim: Claim, file: str, records: int, name: str) -> None:
        """Note a claim."""
        self.claims.append((claim, file, records, name))


def read_share(items: Iterable[Item], labels: Labels, report: Report, on_facts: OnFacts) -> Share:
    """Read some items; `on_facts` and `report.on_reject` take what is read and what is not."""
    reading = _Noting(report, on_facts)
    waiting, beside = Waiting(reading), Beside()
    share, remote = Share(report, reading.claims), Remote(MAX_DOCUMENT)
    with paused_collector():
        for item in items:
            for file in open_item(item, waiting.between, remote):
                waiting.note_between()
                if not beside.puts_aside(file, labels):
                    waiting.add_file(file, content_digest(file, labels), labels)
            waiting.note_between()
            share.documents.update(dict.fromkeys(beside.documents, item))
            share.put_aside += [item] if beside.pages else []
            beside = Beside()
        waiting.to_columns()
        reading.close()
    share.files, share.incomplete = reading.files, reading.incomplete
    share.unnamed = reading.unnamed
    return share


def put_together(
    shares: Sequence[Share], rejects: Iterable[Iterator[Reject]], labels: Labels, reading: Reading
) -> None:
    """Put into a reading what all shares came to, `rejects` those of each, in their order.

    The pages that were put aside are read here.
    """
    for share, of_share in zip(shares, rejects, strict=True):
        reading.report.take_over(share.report, of_share)
        for claim in share.claims:
            reading.claim(*claim)
        reading.files += share.files
        reading.incomplete |= share.incomplete
        reading.unnamed |= share.unnamed
    _read_put_aside(shares, labels, reading)
    if reading.unnamed:
        reading.name_environments([], [])
    reading.close()


def _read_put_aside(shares: Sequence[Share], labels: Labels, reading: Reading) -> None:
    waiting, beside = Waiting(reading), Beside()
    documents = {path: item for share in shares for path, item in share.documents.items()}
    for file in _files(item for share in shares for item in share.put_aside):
        beside.puts_aside(file, labels)
    beside.documents |= documents.keys()
    named = {path for file, _ in beside.pages for path in named_files(file)}
    items = dict.fromkeys(item for path, item in documents.items() if path in named)
    for file, _ in beside.described(lambda: ((one, labels) for one in _files(items))):
        waiting.add_file(file, content_digest(file, labels), labels)
    for spec in beside.held:
        waiting.add_list(spec)
    waiting.to_columns()


def _files(items: Iterable[Item]) -> Iterator[InputFile]:
    """The files of items; what is to be said of them was said when they were first opened."""
    for item in items:
        yield from open_item(item, Report())
