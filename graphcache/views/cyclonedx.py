"""A bill of material as CycloneDX 1.6, in JSON.

Source: https://cyclonedx.org/docs/1.6/json/. What Spack alone knows stands in properties `spack:…`,
also which dependencies are of which type, since CycloneDX has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.schema.schema import SchemaVersion1Dot6
from packageurl import PackageURL

from graphcache.analysis.bills import Bill, BillPart
from graphcache.spack.deptypes import DEPTYPES
from graphcache.spack.purl import Purl
from graphcache.tables.collector import paused_collector
from graphcache.version import __version__

_SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"


@paused_collector()
def to_cyclonedx(bill: Bill, created: datetime) -> str:
    """The document: the same text for the same bill and time.

    Args:
        bill: what it says.
        created: when the graph was loaded, which is when the data were put together.

    >>> import json
    >>> text = to_cyclonedx(Bill("none", None, [], []), datetime.fromisoformat("2026-11-26T00:00Z"))
    >>> json.loads(text)["metadata"]["component"]["name"]
    'none'
    """
    alone = bill.roots[0] if len(bill.roots) == 1 else None
    whole = _component(bill.by_hash[alone]) if alone else _collection(bill)
    metadata = BomMetaData(
        tools=ToolRepository(
            components=[
                Component(name="graphcache", version=__version__, type=ComponentType.APPLICATION)
            ]
        ),
        component=whole,
        timestamp=created,
        properties=[Property(name="spack:not_known", value=note) for note in bill.notes],
    )
    bom = Bom(
        metadata=metadata,
        serial_number=UUID(bytes=bytes.fromhex(bill.digest)[:16], version=5),
    )
    document: dict[str, Any] = {"$schema": _SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6"}
    # One by one: the library, given all, compares the parts with one another, and looks
    # each dependency up among all of them.
    document |= _encoded(bom)
    parts = (part for part in bill.parts if part.hash != alone)
    document["components"] = [_encoded(_component(part)) for part in parts]
    document["dependencies"] = _dependencies(bill, whole.bom_ref.value)
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _encoded(one: Bom | Component) -> dict[str, Any]:
    """What the library writes of it."""
    found: dict[str, Any] = msgspec.json.decode(cast(Any, one).as_json(view_=SchemaVersion1Dot6))
    return found


def _collection(bill: Bill) -> Component:
    """What the bill is of, where that is no single spec."""
    return Component(
        name=bill.name,
        version=bill.release,
        type=ComponentType.APPLICATION,
        bom_ref=f"roots-{bill.digest[:32]}",
    )


def _component(part: BillPart) -> Component:
    return Component(
        name=part.name,
        version=part.version or None,
        group=part.namespace or None,
        type=ComponentType.LIBRARY,
        bom_ref=part.hash,
        scope=ComponentScope.REQUIRED if part.is_used else ComponentScope.EXCLUDED,
        purl=_purl(part.purl),
        properties=list(_properties(part)),
    )


def _purl(purl: Purl) -> PackageURL | None:
    """A package URL for the library; None for a name that none can have, such as //."""
    try:
        version, namespace = purl.version or None, purl.namespace or None
        found = PackageURL("spack", namespace, purl.name, version, {"sha": purl.hash})
        found.to_string()
        return found
    except (TypeError, ValueError):
        return None


def _properties(part: BillPart) -> Iterator[Property]:
    yield Property(name="spack:hash", value=part.hash)
    if part.external:
        yield Property(name="spack:external", value="true")
    for name, value in part.properties.items():
        yield Property(name=f"spack:{name}", value=shown(value))
    for type_ in DEPTYPES:
        hashes = [hash_ for hash_, types in part.needs.items() if type_ in types]
        if hashes:
            yield Property(name=f"spack:{type_}", value=" ".join(hashes))


def shown(value: Any) -> str:
    """The value of a property as a text.

    >>> shown(True), shown(["+mpi", "~shared"]), shown(5)
    ('true', '+mpi ~shared', '5')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(value) if isinstance(value, list) else str(value)


def _dependencies(bill: Bill, whole: str | None) -> list[dict[str, Any]]:
    """What each part needs; first, of what the bill is, where that is no spec."""
    found: list[dict[str, Any]] = []
    if len(bill.roots) != 1:
        found.append({"ref": whole, "dependsOn": bill.roots})
    found += [{"ref": part.hash, "dependsOn": list(part.needs)} for part in bill.parts]
    return found
