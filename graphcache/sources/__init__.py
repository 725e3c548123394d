"""Sources: one module a format. Which one reads a file is found out from its content.

A source has `can_read(page)` and `read(page, file, release, report)`, which gives the pages that
the file holds and puts what it can't read into the report.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphcache.records import Page, Reject, Report
from graphcache.sources import legacy, pages
from graphcache.sources.frontmatter import Unreadable, front_matter, has_front_matter
from graphcache.sources.inputs import InputFile

SOURCES = (legacy, pages)

_NOT_A_PAGE = "not a Spack build-cache page, nor an archive (.tar, .tar.gz, .zip) of pages"


def read_file(file: InputFile, release: str | None, report: Report) -> Iterator[Page]:
    """What one file says; a file that holds nothing of Spack's is skipped or rejected.

    A file that the user named is rejected if it is no page, one found in a folder is skipped:
    folders hold other things too.
    """
    if not file.data:
        report.rejects.append(Reject(file.name, None, "", "the file is empty"))
        return
    if not has_front_matter(file.data):
        _pass_over(file, report)
        return
    records, rejects = report.records, len(report.rejects)
    try:
        page = front_matter(file.data)
        source = next((source for source in SOURCES if source.can_read(page)), None)
        if source is None:
            _pass_over(file, report)
            return
        for problem in page.problems:
            report.rejects.append(Reject(file.name, problem.line, "", str(problem)))
        yield from source.read(page, file.name, release, report)
    except Unreadable as problem:
        # Nothing of the file is kept, so nothing of it may be counted as read.
        del report.rejects[rejects:]
        report.records = records
        report.rejects.append(Reject(file.name, problem.line, "", str(problem)))
        return
    report.files += 1


def _pass_over(file: InputFile, report: Report) -> None:
    if file.asked_for:
        report.rejects.append(Reject(file.name, None, "", _NOT_A_PAGE))
    else:
        report.skipped.append(f"{file.name}: not a page")
