"""Files of every format after a few changes: pages, indexes, lock files, spec files.

Of each file alone: it is read or refused in words; each of its records is kept or rejected; a
record that the changes left alone is kept as it was. Of all of a trial together: they come to the
same graph in any order and twice over, and do no harm to a file that is in order.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import old_forms

from campaigns.changes import changed
from campaigns.trials import Campaign, report_in_words, shorter
from graphcache import read
from graphcache.records import FileReport, Labels, Page
from graphcache.sources import read_file
from graphcache.sources.inputs import InputFile

EACH = 100
_MEMORY = 3 * 2**30
ROOT = Path(__file__).parents[2]


def shortened(text: str, records: int = 4) -> str:
    """A page with at most so many of its records, so that damage falls between them as well."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.startswith("spec_details: "):
            found = json.loads(line.removeprefix("spec_details: "))
            lines[number] = f"spec_details: {json.dumps(found[:records])}"
    return "\n".join(lines)


FILES = [
    file
    for folder in ("examples/pages", "tests/data/legacy")
    for file in sorted((ROOT / folder).iterdir())
]
"""Pages as they are published, and older ones."""
PAGES = [shortened(file.read_text()).encode() for file in FILES]
DOCUMENTS = [file.read_bytes() for file in sorted(old_forms.FOLDER.iterdir())]
GOOD = ROOT / "examples/pages/rocblas.develop-2025-03-23.md"


class Inputs(Campaign[list[bytes]]):
    """Files that were changed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._good = set(read(GOOD)[0].nodes["Spec"]["hash"].to_pylist())

    def draw(self, dice: Random) -> list[bytes]:
        return [changed(dice.choice(dice.choice((PAGES, DOCUMENTS))), dice) for _ in range(EACH)]

    def smaller(self, trial: list[bytes]) -> Iterator[list[bytes]]:
        if len(trial) > 1:
            half = len(trial) // 2
            yield from (trial[:half], trial[half:])
            yield from (trial[:at] + trial[at + 1 :] for at in range(len(trial)))
        else:
            yield from ([content] for file in trial for content in shorter(file))

    def files(self, trial: list[bytes]) -> dict[str, bytes]:
        return {f"{number}": content for number, content in enumerate(trial)}

    def hold(self, trial: list[bytes]) -> None:
        for content in trial:
            self._hold_alone(content)
        paths = [self._folder / f"{number:03}" for number in range(len(trial))]
        for path, content in zip(paths, trial, strict=True):
            path.write_bytes(content)
        try:
            tables, report = read(*paths, GOOD)
            report_in_words(report)
            assert self._good <= set(tables.nodes["Spec"]["hash"].to_pylist()), "a good file lost"
            again = read(GOOD, *reversed(paths), *paths)[0]
            assert again.digest() == tables.digest(), (
                "the order of files or reading them twice counts"
            )
        finally:
            for path in paths:
                path.unlink()

    def _hold_alone(self, content: bytes) -> None:
        said, report = read_file(InputFile("file", content, asked_for=True), Labels())
        self.seen[
            "refused" if not report.is_read else "damaged" if report.rejected else "read"
        ] += 1
        self._hold_report(report)
        pages = [one for one in said if isinstance(one, Page)]
        if pages:
            # Of a page without hashes, what its specs need is named too, and is no record of it.
            kept = sum(len(one.records) for one in pages if one.in_buildcache)
            assert report.records == kept + report.rejected_records, "a record is lost in silence"
            self._hold_untouched(content, pages[0])

    @staticmethod
    def _hold_report(report: FileReport) -> None:
        for reject in report.rejects():
            text = str(reject)
            assert text.isprintable(), f"what is not printable in a reject: {text!r}"
            assert reject.why, "a reject without a reason"

    def _hold_untouched(self, content: bytes, page: Page) -> None:
        """Each record that any JSON decoder finds as it was, once, is kept."""
        lines = [line for line in content.split(b"\n") if line.startswith(b"spec_details: ")]
        if len(lines) != 1 or content.count(b"spec_details") != 1:
            return
        try:
            found = json.loads(lines[0].removeprefix(b"spec_details: "), object_pairs_hook=_once)
        except (ValueError, RecursionError):
            return
        hashes = [one.get("hash") for one in found if isinstance(one, dict)] if found else []
        untouched = [
            one
            for one in found or ()
            if json.dumps(one) in _UNTOUCHED and hashes.count(one["hash"]) == 1
        ]
        kept = {record.hash: record for record in page.records}
        for one in untouched:
            assert one["hash"] in kept, f"a record that was not touched is lost: {one['hash']}"
            assert kept[one["hash"]].variants == one["variants"], "a record was changed"
        self.seen["records untouched"] += len(untouched)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one in which a key stands twice is touched."""
    value = dict(pairs)
    return value if len(value) == len(pairs) else {"key": "twice", **value}


_UNTOUCHED = {
    json.dumps(one)
    for page in PAGES
    for line in page.split(b"\n")
    if line.startswith(b"spec_details: ")
    for one in json.loads(line.removeprefix(b"spec_details: "))
}


@contextmanager
def campaign(folder: Path) -> Iterator[Inputs]:
    """The campaign, in a process that may take so much memory and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    yield Inputs(folder)
