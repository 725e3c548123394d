"""What a site has looked at already: statements in OpenVEX that an advisory is of no matter.

Source: OpenVEX 0.2.0, https://github.com/openvex/spec.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike, fspath

from msgspec import Struct, field

from graphcache.errors import InputError
from graphcache.records import Report, one_line
from graphcache.remote.locations import shown
from graphcache.sources.addresses import Remote
from graphcache.sources.documents import MAX_DOCUMENT, decode, document_text
from graphcache.sources.inputs import InputFile, input_files
from graphcache.sources.names import Unreadable
from graphcache.spack.purl import Purl, parse_purl

_STATUSES = {
    "not_affected": True,
    "fixed": True,
    "affected": False,
    "under_investigation": False,
}
"""Each status that OpenVEX has, with whether a scanner passes over what has it."""


class _Vulnerability(Struct):
    name: str = ""
    id: str = field(default="", name="@id")
    aliases: list[str] = []


class _Product(Struct):
    id: str = field(default="", name="@id")
    identifiers: dict[str, str] = {}
    subcomponents: list[_Product] = []


class _Statement(Struct):
    vulnerability: _Vulnerability | str
    status: str
    products: list[_Product | str] = []


class _Document(Struct):
    statements: list[_Statement]
    context: str = field(default="", name="@context")


@dataclass(frozen=True, slots=True)
class Exemption:
    """What a statement says: whether an advisory is passed over for some specs."""

    names: frozenset[str]
    """Of the advisory."""
    products: tuple[Purl, ...]
    is_ignored: bool
    """False where it says that it does matter, which takes back what was said before."""


def read_openvex(
    paths: Iterable[str | PathLike[str]], remote: Remote | None = None
) -> tuple[list[Exemption], list[str]]:
    """The statements of OpenVEX documents, in their order, and what there is to say of some.

    A statement counts for the specs that its package URLs name (`pkg:spack/…`), as products or as
    subcomponents of one. One that names none counts for nothing, which is said.

    Raises:
        InputError: a document is none, or can't be read.
    """
    found: list[Exemption] = []
    notes: list[str] = []
    report = Report()
    given = [fspath(path) for path in paths]
    for file in input_files(given, report, remote or Remote(MAX_DOCUMENT, mirrors=False)):
        for number, statement in enumerate(_statements(file), start=1):
            purls = tuple(_purls(statement.products))
            if not purls:
                notes.append(
                    f"{file.name}: statement {number} names no package URL of Spack's "
                    "(pkg:spack/NAMESPACE/NAME@VERSION): it counts for nothing."
                )
            found.append(Exemption(_names(statement), purls, _STATUSES[statement.status]))
    if report.rejects:
        raise InputError(str(report.rejects[0]))
    if given and not found:
        where = one_line(" ".join(map(shown, given)))
        raise InputError(f"{where}: expected OpenVEX documents with statements, found none")
    return found, notes


def _statements(file: InputFile) -> list[_Statement]:
    try:
        document: _Document = decode(document_text(file.data), _Document, "")
    except Unreadable as problem:
        raise InputError(f"{file.name}: expected an OpenVEX document: {problem}") from None
    if "openvex" not in document.context:
        raise InputError(
            f"{file.name}: expected an OpenVEX document, whose @context is "
            f"https://openvex.dev/ns/v0.2.0, found {document.context[:80]!r}"
        )
    for statement in document.statements:
        if statement.status not in _STATUSES:
            raise InputError(
                f"{file.name}: expected a status of {', '.join(_STATUSES)}, "
                f"found {statement.status[:80]!r}"
            )
    return document.statements


def _names(statement: _Statement) -> frozenset[str]:
    said = statement.vulnerability
    if isinstance(said, str):
        return frozenset([said])
    identity = said.id.rpartition("/")[2]
    return frozenset(name for name in (said.name, identity, *said.aliases) if name)


def _purls(products: Iterable[_Product | str]) -> Iterable[Purl]:
    for product in products:
        whole = _Product(product) if isinstance(product, str) else product
        below = list(_purls(whole.subcomponents))
        texts = (whole.id, *whole.identifiers.values())
        own = (purl for purl in map(parse_purl, texts) if purl is not None)
        yield from below or dict.fromkeys(own)
