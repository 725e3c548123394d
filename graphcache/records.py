"""What sources hand on: typed records, and a report of all that was not read.

A source checks everything here, once; nothing behind it checks again.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

MAX_NAME = 1_000
"""Characters of a name. Neo4j indexes at most 8 kB of a key, and a character takes up to 4."""
MAX_TEXT = 100_000
"""Characters of any other text: a variant that lists patches may be long."""

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
SpecHash = Annotated[str, Meta(pattern=r"\A[a-z2-7]{32}\Z")]
DependencyType = Literal["build", "link", "run", "test"]

Claim = tuple[Literal["package", "stack", "file"], str | None, str]
"""What a file says all of: a package or a stack in a release (None where it names none).

A file that claims neither claims itself, by its digest."""


class PageRecord(Struct, forbid_unknown_fields=True, gc=False):
    """One entry of a page's `spec_details`, with the names that the page uses."""

    hash: SpecHash
    versions: Annotated[list[Name], Meta(min_length=1, max_length=1)]
    compiler: Name
    os: Name
    platform: Name
    target: Name
    stacks: list[Name]
    variants: list[Text]
    size: Text | None = None
    tarball: Text | None = None


_Value = bool | int | float | Text | list[bool | int | float | Text] | None


# The spec object of Spack's own files, in all its forms: what they differ in is optional. Keys that
# graphcache has no use for are passed over.


class TargetObject(Struct, gc=False):
    """A target written out; its features and parents are known from its name."""

    name: Name


class Arch(Struct, gc=False):
    """Where a spec runs."""

    target: Name | TargetObject
    platform: Name | None = None
    platform_os: Name | None = None


class CompilerObject(Struct, gc=False):
    """The compiler of forms 1 to 4."""

    name: Name
    version: Name


class DependencyParameters(Struct, gc=False, frozen=True):
    """What form 4 and later say of a dependency. Many are alike, so they can be keys of a dict."""

    deptypes: tuple[DependencyType, ...] = ()
    virtuals: tuple[Name, ...] = ()


class Dependency(Struct, gc=False, kw_only=True):
    """An entry of `dependencies` before form 2, where they are an object by name."""

    hash: SpecHash | None = None
    build_hash: SpecHash | None = None
    type: tuple[DependencyType, ...] = ()
    parameters: DependencyParameters | None = None

    @property
    def kind(self) -> DependencyParameters:
        """How it is needed and what for, in whatever form that is said."""
        return self.parameters or DependencyParameters(self.type)


class NamedDependency(Dependency, gc=False, kw_only=True):
    """An entry of `dependencies`, where they are a list."""

    name: Name


class Annotations(Struct, gc=False):
    """What form 5 keeps of a spec that an older form described first."""

    compiler: CompilerObject | None = None


class SpecNode(Struct, gc=False):
    """One concrete spec."""

    name: Name
    version: Name
    arch: Arch
    hash: SpecHash | None = None
    namespace: Name | None = None
    parameters: dict[Name, _Value] = {}
    compiler: CompilerObject | None = None
    dependencies: list[NamedDependency] | dict[Name, Dependency] = []
    external: dict[str, Any] | None = None
    annotations: Annotations | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What the user says of all that is read: its release and its stack, where they matter."""

    release: str | None = None
    stack: str | None = None


@dataclass(slots=True)
class Page:
    """What one file says of one package in one release."""

    package: str
    release: str | None
    file: str
    records: list[PageRecord]
    derived: bool = False
    """The hashes were derived from spec texts, since the source has none."""
    in_buildcache: bool | None = True
    dependencies: list[tuple[str, str]] = field(default_factory=list)
    """Pairs of hashes: the first needs the second."""
    complete: bool = True
    """False where a part was rejected: that a spec is absent then means nothing."""

    @property
    def claim(self) -> Claim:
        """What the page replaces when it is read again at a later date."""
        return "package", self.release, self.package


@dataclass(slots=True)
class SpecEntry:
    """One spec of a list: its hash, its object, and what the list says of it beside."""

    hash: str
    node: SpecNode
    in_buildcache: bool | None = None
    """None where the list is not of a build cache."""
    root: bool | None = None
    """Whether somebody asked for it by name; None where the list does not say."""
    size: int | None = None
    only_needed: bool = False
    """Whether it stands there because another one needs it: that puts it in no stack or release."""


@dataclass(slots=True)
class SpecList:
    """What one of Spack's own files says: an index, a lock file, a spec file."""

    file: str
    entries: list[SpecEntry]
    stack: str | None = None
    release: str | None = None
    hashes: dict[str, str] = field(default_factory=dict)
    """For keys by which only the file knows its specs: their hashes."""
    whole: bool = True
    """Whether it lists all of its stack."""
    complete: bool = True
    """False where a part was rejected: that a spec is absent then means nothing."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A file or a record that was not read: where, and why."""

    file: str
    line: int | None
    field: str
    why: str
    record: bool = False
    """True for one record, false for a file or a part of it."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return one_line(": ".join(part for part in (place, self.field, self.why) if part))


@dataclass(slots=True)
class Report:
    """What reading came to. `records == kept + rejected records` always holds."""

    files: int = 0
    """Files that hold records, archives counted by their members."""
    unchanged: int = 0
    """Files the store had already, byte for byte; they were not parsed again."""
    records: int = 0
    rejects: list[Reject] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    """Each warning with the number of times it was given."""
    skipped: list[str] = field(default_factory=list)
    """Files and folders passed over, with the reason: no Spack records in them."""

    @property
    def kept(self) -> int:
        """Records that went into the graph."""
        return self.records - sum(reject.record for reject in self.rejects)

    def warn(self, text: str) -> None:
        """Note a warning; the same text is listed once, with its count."""
        self.warnings[one_line(text)] += 1


def one_line(text: str) -> str:
    r"""The text as a message may hold it: control characters and what UTF-8 can't write escaped.

    >>> print(one_line("two\nlines"))
    two\nlines
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(value: Any) -> str:
    """The value as JSON, cut to a length that fits a message.

    >>> short("x" * 100)
    '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" (100 characters)'
    """
    if isinstance(value, str) and len(value) > 60:
        return f'{short(value[:60])[:-1]}…" ({len(value)} characters)'
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except RecursionError:
        return "a value nested too deep"
    text = one_line(text)
    return text if len(text) <= 400 else text[:60] + "…"
