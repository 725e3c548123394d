"""A bill of material as SPDX 2.3, in JSON.

Source: https://spdx.github.io/spdx-spec/v2.3/; what Spack alone knows stands in comments, as lines
`spack:NAME=VALUE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter
from spdx_tools.spdx.model.actor import Actor, ActorType
from spdx_tools.spdx.model.document import CreationInfo, Document
from spdx_tools.spdx.model.package import (
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    PackagePurpose,
)
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion

from graphcache.analysis.bills import Bill, BillPart
from graphcache.tables.collector import paused_collector
from graphcache.version import __version__
from graphcache.views.cyclonedx import shown

_DOCUMENT = "SPDXRef-DOCUMENT"
_NO_ID = re.compile("[^A-Za-z0-9.-]+")
_TYPES = {
    "build": RelationshipType.BUILD_DEPENDENCY_OF,
    "link": RelationshipType.DEPENDENCY_OF,
    "run": RelationshipType.RUNTIME_DEPENDENCY_OF,
    "test": RelationshipType.TEST_DEPENDENCY_OF,
}


@paused_collector()
def to_spdx(bill: Bill, created: datetime) -> str:
    """The document: the same text for the same bill and time.

    Args:
        bill: what it says.
        created: when the graph was loaded, which is when the data were put together.
    """
    info = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=_DOCUMENT,
        name=" ".join(part for part in (bill.name, bill.release) if part),
        document_namespace=f"https://spdx.org/spdxdocs/graphcache-{bill.digest}",
        creators=[Actor(ActorType.TOOL, f"graphcache-{__version__}")],
        created=created.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        creator_comment="\n".join(bill.notes),
    )
    document = Document(
        info,
        packages=[_package(part) for part in bill.parts],
        relationships=list(_relationships(bill)),
    )
    # Not by the library's writer, which copies all that it was given before.
    told = cast(Any, DocumentConverter)().convert(document)
    return msgspec.json.format(msgspec.json.encode(told), indent=1).decode() + "\n"


def _id(part: BillPart) -> str:
    return f"SPDXRef-{_NO_ID.sub('-', part.name)}-{part.hash}"


def _package(part: BillPart) -> Package:
    told = {"hash": part.hash, **({"external": True} if part.external else {}), **part.properties}
    return Package(
        spdx_id=_id(part),
        name=part.name,
        download_location=SpdxNoAssertion(),
        version=part.version or None,
        supplier=SpdxNoAssertion(),
        files_analyzed=False,
        license_concluded=SpdxNoAssertion(),
        license_declared=SpdxNoAssertion(),
        copyright_text=SpdxNoAssertion(),
        comment="\n".join(f"spack:{name}={shown(value)}" for name, value in told.items()),
        primary_package_purpose=PackagePurpose.LIBRARY,
        external_references=[
            ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", str(part.purl))
        ],
    )


def _relationships(bill: Bill) -> Iterator[Relationship]:
    ids = {part.hash: _id(part) for part in bill.parts}
    for root in bill.roots:
        yield Relationship(_DOCUMENT, RelationshipType.DESCRIBES, ids[root])
    for part in bill.parts:
        for hash_, types in part.needs.items():
            for type_ in types or ["link"]:
                yield Relationship(ids[hash_], _TYPES[type_], ids[part.hash])
