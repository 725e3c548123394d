"""Pages of 2021 and 2022: spec texts without hashes.

`spec_files` is a list of `{"spec text": file}`, or a list of files beside `spec_names`, a list of
spec texts. All that can be had is what the texts say, so each spec gets a derived hash. A text
names its dependencies after `^`, but not which of them needs which: the spec gets an edge to each.
"""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import dirname, join, normpath

from graphcache.records import MAX_TEXT, FileReport, Labels, Page, PageRecord, short
from graphcache.sources.frontmatter import (
    Entry,
    FrontMatter,
    Item,
    decode_items,
    front_matter,
    has_front_matter,
)
from graphcache.sources.inputs import InputFile
from graphcache.sources.keys import RepeatedKeys
from graphcache.sources.meta import check_meta
from graphcache.sources.names import Unreadable, character_problem, check_name
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
    names = _file_names(page.entries)
    for number, item in enumerate(decode_items(page.entries[field])):
        if _path_beside(file.name, names.get(number, "")) in file.described:
            continue  # the spec file says it, and more
        report.records += 1
        try:
            _add(own, needed, seen, _specs(item, package))
        except ValueError as error:
            place = f"{field}[{number}]"
            report.reject(str(error), line=item.line, field=place, record=True)
            own.complete = False
    if own.complete and "meta" in page.entries and not file.described:
        check_meta(page.entries["meta"], own.records, report)
    yield own
    yield from needed.values()


def named_files(file: InputFile) -> dict[str, str]:
    r"""By path, the package of each spec file that a page names; none, if it is another page.

    >>> text = b'---\ntitle: zlib\nspec_files:\n - "zlib@1.3": spec-0.json\n---\n'
    >>> named_files(InputFile("_cache/zlib/index.md", text, False))
    {'_cache/zlib/spec-0.json': 'zlib'}
    """
    if not has_front_matter(file.data) or b"spec_files" not in file.data:
        return {}
    try:
        page = front_matter(file.data)
        package = read_title(page.entries) if can_read(page) else ""
        names = _file_names(page.entries)
    except Unreadable:
        return {}  # which is said where the page is read
    return {_path_beside(file.name, name): package for name in names.values()}


def _file_names(entries: dict[str, Entry]) -> dict[int, str]:
    """By number of a spec, the name of its file."""
    if "spec_files" not in entries:
        return {}
    try:
        values = [item.value for item in decode_items(entries["spec_files"])]
    except Unreadable:
        return {}
    if "spec_names" not in entries:
        values = [next(iter(v.values()), None) if isinstance(v, dict) else None for v in values]
    return {number: name for number, name in enumerate(values) if isinstance(name, str)}


def _path_beside(page: str, name: str) -> str:
    return normpath(join(dirname(page), name))


def _specs(item: Item, package: str) -> list[SpecText]:
    """The spec and its dependencies; ValueError if the text does not say enough of each."""
    text = item.value
    if isinstance(text, dict) and len(text) == 1 and not isinstance(text, RepeatedKeys):
        text = next(iter(text))
    if item.problem or not isinstance(text, str):
        raise ValueError(item.problem or f"expected a spec text, found {short(item.value)}")
    if len(text) > MAX_TEXT:
        raise ValueError(f"expected at most {MAX_TEXT:,} characters, found {short(text)}")
    if problem := character_problem(text):
        raise ValueError(problem)
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
