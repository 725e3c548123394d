"""Pages of 2021 and 2022 whose spec files are there too: a build counts once, by its own hash.

Such a page gives a spec as a text without a hash, and names the spec file that lies beside it.
Where that is read too, it says all that the text says, and the hash. As files come in any order,
the pages are read after all else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from posixpath import normpath

from graphcache.records import Labels, SpecList
from graphcache.sources import read_file
from graphcache.sources.documents import may_be_document
from graphcache.sources.inputs import InputFile
from graphcache.sources.legacy import named_files

Files = Iterator[tuple[InputFile, Labels]]
_HEAD = 64


@dataclass
class Beside:
    """Pages that name spec files, put aside until all other files were seen."""

    pages: list[tuple[InputFile, Labels]] = field(default_factory=list)
    held: list[SpecList] = field(default_factory=list)
    """The specs that the pages name by their files: held by the cache, as the pages say."""
    documents: set[str] = field(default_factory=set)
    """The paths of what may be a spec file."""

    def puts_aside(self, file: InputFile, labels: Labels) -> bool:
        """Whether the file is such a page; of another one it is noted if it may be a spec file."""
        if may_be_document(file.data[:_HEAD]):
            self.documents.add(normpath(file.name))
        elif named_files(file):
            self.pages.append((file, labels))
            return True
        return False

    def described(self, files: Callable[[], Files]) -> Files:
        """The pages, each with the paths of the spec files that were read and are as it says.

        `files` opens once more all that was read.
        """
        of = {
            path: package
            for file, _ in self.pages
            for path, package in named_files(file).items()
            if path in self.documents
        }
        found = set()
        for file, labels in files() if of else ():
            path = normpath(file.name)
            spec = _held_spec(file, labels, of[path]) if path in of else None
            if spec is not None:
                self.held.append(spec)
                found.add(path)
        for file, labels in self.pages:
            yield replace(file, described=frozenset(found & named_files(file).keys())), labels


def _held_spec(file: InputFile, labels: Labels, package: str) -> SpecList | None:
    """The spec that a spec file describes, if it is one of the package."""
    for said in read_file(file, labels)[0]:
        if isinstance(said, SpecList) and said.kind in ("file", "mirror") and said.entries:
            first = said.entries[0]
            if not first.only_needed and first.node.name == package:
                return replace(said, entries=[replace(first, in_buildcache=True)])
    return None
