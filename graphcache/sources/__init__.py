"""Sources: one module per format. Which one reads a file is found out from its content.

A source is a module with the two functions of `Source`. Its content is front matter, or a JSON
document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from graphcache.records import FileReport, Labels, Page, SpecList
from graphcache.sources import index, legacy, lockfile, pages, specfile
from graphcache.sources.documents import (
    Document,
    is_html,
    may_be_document,
    parse_document,
    replace_lone_surrogates,
)
from graphcache.sources.frontmatter import FrontMatter, front_matter, has_front_matter
from graphcache.sources.inputs import InputFile
from graphcache.sources.names import Unreadable

_Content_contra = TypeVar("_Content_contra", contravariant=True)


class Source(Protocol[_Content_contra]):
    """A format: whether some content is in it, and what such content says."""

    def can_read(self, content: _Content_contra, /) -> bool:
        """Whether the content is in this format, be it damaged."""

    def read(
        self, content: _Content_contra, file: InputFile, labels: Labels, report: FileReport, /
    ) -> Iterator[Page | SpecList]:
        """What the content says; what can't be read goes into the file's report.

        Raises:
            Unreadable: nothing of it can be used.
        """


PAGES: tuple[Source[FrontMatter], ...] = (legacy, pages)
DOCUMENTS: tuple[Source[Document], ...] = (index, lockfile, specfile)

_NOT_OURS = (
    "not a page, index, lock file or spec file of Spack, "
    "nor an archive (.tar, .tar.gz, .zip) of them"
)
_SPACK_KEYS = (b'"database"', b'"concrete_specs"', b'"spec"')
_HEAD = 4096


def read_file(
    file: InputFile, labels: Labels, *, all_rejects: bool = False
) -> tuple[list[Page | SpecList], FileReport]:
    """What one file says, and what reading it came to; of an unreadable file nothing is kept.

    A file that the user named is rejected if it is not Spack's, one found in a folder is skipped:
    folders hold other things too. `all_rejects` is whether the report has those beyond its bound.
    """
    report = FileReport(file.name, keeps_all=all_rejects)
    try:
        return _read(file, labels, report), report
    except Unreadable as problem:
        report.close()
        report = FileReport(file.name)
        report.reject(str(problem), line=problem.line)
        return [], report


def _read(file: InputFile, labels: Labels, report: FileReport) -> list[Page | SpecList]:
    said: Iterable[Page | SpecList] | None = None
    if not file.data:
        raise Unreadable("the file is empty")
    if has_front_matter(file.data):
        said = _read_page(file, labels, report)
    elif may_be_document(file.data[:_HEAD]):
        said = _read_document(file, labels, report)
    if said is None:
        return _pass_over(file, report)
    found = list(said)
    report.is_read = True
    return found


def _read_page(
    file: InputFile, labels: Labels, report: FileReport
) -> Iterator[Page | SpecList] | None:
    page = front_matter(file.data)
    source = next((source for source in PAGES if source.can_read(page)), None)
    if source is None:
        return None
    for problem in page.problems:
        report.reject(str(problem), line=problem.line)
    return source.read(page, file, labels, report)


def _read_document(
    file: InputFile, labels: Labels, report: FileReport
) -> Iterable[Page | SpecList] | None:
    plain = index.read_plain(file, labels, report)
    if plain is not None:
        return plain
    try:
        document = parse_document(file.data)
    except Unreadable:
        if not file.asked_for and not any(key in file.data[:_HEAD] for key in _SPACK_KEYS):
            return None  # JSON of something else
        data, half = replace_lone_surrogates(file.data)
        if not half:
            raise
        document = parse_document(data)
        file = replace(file, data=data)
        report.warn(f"{file.name}: {half} is half of a character: it is read as \\uffff")
    source = next((source for source in DOCUMENTS if source.can_read(document)), None)
    return source.read(document, file, labels, report) if source else None


def _pass_over(file: InputFile, report: FileReport) -> list[Page | SpecList]:
    if file.asked_for:
        what = "a web page: " if is_html(file.data[:_HEAD]) else ""
        report.reject(what + _NOT_OURS)
    else:
        report.skipped = "not Spack's"
    return []
