"""Pages of 2021 and 2022: spec texts without hashes.

`spec_files` is a list of `{"spec text": file}`, or a list of files beside `spec_names`, a list of
spec texts. All that can be had is what the texts say, so each spec gets a derived hash. A text
names its dependencies after `^`, but not which of them needs which: the spec gets an edge to each.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphcache.records import MAX_TEXT, FileReport, Labels, Page, PageRecord, short
from graphcache.sources.frontmatter import FrontMatter, Item, decode_items
from graphcache.sources.inputs import InputFile
from graphcache.sources.meta import check_meta
from graphcache.sources.names import CONTROL, check_name
from graphcache.sources.pages import read_title
from graphcache.spack.spectext import SpecText, parse_spec

KEYS = frozenset({"title", "layout", "category", "categories", "meta", "spec_files", "spec_names"})
_NEEDED = ("version", "platform", "os", "target")


def can_read(page: FrontMatter) -> bool:
    """Whether the front matter is that of a page of 2021 or 2022."""
    return "spec_files" in page.entries or "spec_names" in page.entries


def read(page: FrontMatter, file: InputFile, labels: Labels, report: FileReport) -> Iterator[Page]:
    """A page for the package, and one for each package that its specs depend on.

    Raises:
        Unreadable: nothing of the page can be used.
    """
    for key in sorted(page.entries.keys() - KEYS):
        report.warn(f"unknown key {short(key)} of a page: not read")
    package = read_title(page.entries)
    own = Page(package, labels.release, file.name, [], derived=True, complete=not page.problems)
    needed: dict[str, Page] = {}
    seen: set[str] = set()
    field = "spec_names" if "spec_names" in page.entries else "spec_files"
    for number, item in enumerate(decode_items(page.entries[field])):
        report.records += 1
        try:
            _add(own, needed, seen, _specs(item, package))
        except ValueError as error:
            place = f"{field}[{number}]"
            report.reject(str(error), line=item.line, field=place, record=True)
            own.complete = False
    if own.complete and "meta" in page.entries:
        check_meta(page.entries["meta"], own.records, report)
    yield own
    yield from needed.values()


def _specs(item: Item, package: str) -> list[SpecText]:
    """The spec and its dependencies; ValueError if the text does not say enough of each."""
    text = item.value
    if isinstance(text, dict) and len(text) == 1:
        text = next(iter(text))
    if item.problem or not isinstance(text, str):
        raise ValueError(item.problem or f"expected a spec text, found {short(item.value)}")
    if len(text) > MAX_TEXT:
        raise ValueError(f"expected at most {MAX_TEXT:,} characters, found {short(text)}")
    if CONTROL.search(text):
        raise ValueError(f"expected text without control characters, found {short(text)}")
    specs = parse_spec(text)
    for spec in specs:
        check_name(spec.name, "name", item.line)
        for field in _NEEDED:
            if getattr(spec, field) is None:
                raise ValueError(f"expected the {field} of {spec.name}, found {short(text)}")
        for field in ("compiler", *_NEEDED):
            check_name(getattr(spec, field) or "none", field, item.line)
    if specs[0].name != package:
        raise ValueError(f"expected a spec of {package}, found {short(specs[0].name)}")
    return specs


def _add(own: Page, needed: dict[str, Page], seen: set[str], specs: list[SpecText]) -> None:
    hashes = [spec.derived_hash() for spec in specs[1:]]
    own_hash = specs[0].derived_hash(tuple(hashes))
    if own_hash in seen:
        raise ValueError("the same spec stands twice in this page: the first is kept")
    seen.add(own_hash)
    own.records.append(_record(specs[0], own_hash))
    own.dependencies.extend((own_hash, needed_hash) for needed_hash in dict.fromkeys(hashes))
    for spec, spec_hash in zip(specs[1:], hashes, strict=True):
        page = needed.setdefault(
            spec.name,
            Page(spec.name, None, own.file, [], derived=True, in_buildcache=None, complete=False),
        )
        page.records.append(_record(spec, spec_hash))


def _record(spec: SpecText, spec_hash: str) -> PageRecord:
    return PageRecord(
        hash=spec_hash,
        versions=[str(spec.version)],
        compiler=spec.compiler or "none",
        os=str(spec.os),
        platform=str(spec.platform),
        target=str(spec.target),
        stacks=[],
        variants=list(spec.variants),
    )
