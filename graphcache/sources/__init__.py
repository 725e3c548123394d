"""Sources: one module a format. Which one reads a file is found out from its content.

A source has `can_read(content)` and `read(content, …, report)`, which gives what the file says and
puts what it can't read into the report. The content is front matter, or a JSON document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphcache.records import Labels, Page, Reject, Report, SpecList
from graphcache.sources import index, legacy, lockfile, pages, specfile
from graphcache.sources.documents import is_html, may_be_document, parse_document
from graphcache.sources.frontmatter import front_matter, has_front_matter
from graphcache.sources.inputs import InputFile
from graphcache.sources.names import Unreadable

PAGES: tuple[Any, ...] = (legacy, pages)
DOCUMENTS: tuple[Any, ...] = (index, lockfile, specfile)

_NOT_OURS = (
    "not a page, index, lock file or spec file of Spack, "
    "nor an archive (.tar, .tar.gz, .zip) of them"
)
_SPACK_KEYS = (b'"database"', b'"concrete_specs"', b'"spec"')
_HEAD = 4096


def read_file(file: InputFile, labels: Labels, report: Report) -> Iterator[Page | SpecList]:
    """What one file says; a file that holds nothing of Spack's is skipped or rejected.

    A file that the user named is rejected if it is not Spack's, one found in a folder is skipped:
    folders hold other things too.
    """
    if not file.data:
        report.rejects.append(Reject(file.name, None, "", "the file is empty"))
        return
    records, rejects = report.records, len(report.rejects)
    try:
        if has_front_matter(file.data):
            said: Iterator[Page | SpecList] | None = _read_page(file, labels, report)
        elif may_be_document(file.data[:_HEAD]):
            said = _read_document(file, labels, report)
        else:
            said = None
        if said is None:
            _pass_over(file, report)
            return
        yield from said
    except Unreadable as problem:
        # Nothing of the file is kept, so nothing of it may be counted as read.
        del report.rejects[rejects:]
        report.records = records
        report.rejects.append(Reject(file.name, problem.line, "", str(problem)))
        return
    report.files += 1


def _read_page(file: InputFile, labels: Labels, report: Report) -> Iterator[Page | SpecList] | None:
    page = front_matter(file.data)
    source = next((source for source in PAGES if source.can_read(page)), None)
    if source is None:
        return None
    for problem in page.problems:
        report.rejects.append(Reject(file.name, problem.line, "", str(problem)))
    said: Iterator[Page | SpecList] = source.read(page, file.name, labels.release, report)
    return said


def _read_document(
    file: InputFile, labels: Labels, report: Report
) -> Iterator[Page | SpecList] | None:
    try:
        document = parse_document(file.data)
    except Unreadable:
        if not file.asked_for and not any(key in file.data[:_HEAD] for key in _SPACK_KEYS):
            return None  # JSON of something else
        raise
    source = next((source for source in DOCUMENTS if source.can_read(document)), None)
    return source.read(document, file, labels, report) if source else None


def _pass_over(file: InputFile, report: Report) -> None:
    if file.asked_for:
        what = "a web page: " if is_html(file.data[:_HEAD]) else ""
        report.rejects.append(Reject(file.name, None, "", what + _NOT_OURS))
    else:
        report.skipped.append(f"{file.name}: not Spack's")
