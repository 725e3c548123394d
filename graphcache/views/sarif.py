"""What advisories touch as SARIF, the form in which code hosts take what scanners found.

Source: SARIF 2.1.0, https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from graphcache.analysis.advising.findings import Finding, Findings
from graphcache.analysis.advising.places import Place
from graphcache.spack.purl import Purl
from graphcache.version import __version__
from graphcache.words import counted

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"affected": "error", "not decided": "warning"}


def to_sarif(findings: Findings) -> dict[str, Any]:
    """One run with a rule per advisory, and a result per finding, stack and release.

    A spec lies in no file of a repository. A result's place is STACK/NAME@VERSION, so that a code
    host can group results and tell whether one is new; the specs themselves are logical locations.

    >>> from graphcache.analysis.advising.findings import Findings
    >>> to_sarif(Findings([]))["runs"][0]["results"]
    []
    """
    rules = {finding.advisory.id: _rule(finding) for finding in findings.found}
    places = {name: at for at, name in enumerate(rules)}
    driver = {
        "name": "graphcache",
        "version": __version__,
        "rules": list(rules.values()),
    }
    results = [
        _result(finding, place, places[finding.advisory.id])
        for finding in findings.found
        for place in finding.places
    ]
    notes = [{"level": "note", "message": {"text": note}} for note in findings.notes]
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": results,
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(finding: Finding) -> dict[str, Any]:
    said = finding.advisory
    rule: dict[str, Any] = {
        "id": said.id,
        "shortDescription": {"text": said.summary or said.id},
        "properties": {"aliases": said.aliases, "tags": ["security"]},
    }
    if said.url.startswith(("https://", "http://")):
        rule["helpUri"] = said.url
    return rule


def _result(finding: Finding, place: Place, rule: int) -> dict[str, Any]:
    version = next(iter(place.versions or finding.versions), "")
    where = quote(place.stack or place.release or "cache", safe="")
    file = quote(f"{finding.package}@{version}" if version else finding.package, safe="@")
    specs = [
        {
            "name": spec["name"] or "",
            "fullyQualifiedName": str(
                Purl(*(spec[part] or "" for part in ("name", "version", "namespace", "hash")))
            ),
            "kind": "package",
        }
        for spec in finding.specs_in(place)
    ]
    stack, release = place.stack or "", place.release or ""
    told = (finding.advisory.id, finding.package, finding.state, stack, release)
    return {
        "ruleId": finding.advisory.id,
        "ruleIndex": rule,
        "level": _LEVELS[finding.state],
        "message": {"text": _message(finding, place)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": f"{where}/{file}"}},
                "logicalLocations": specs,
            }
        ],
        "partialFingerprints": {"graphcache/v1": "|".join(told)},
        "properties": {"match": finding.match, "release": release, "roots": place.roots},
    }


def _message(finding: Finding, place: Place) -> str:
    versions = ", ".join(place.versions or finding.versions) or "a version that is not known"
    what = f"{finding.package} {versions}"
    verdict = "is affected" if finding.state == "affected" else "may be affected: not decided"
    where = " in ".join(
        [f"stack {place.stack}"] * (place.stack is not None)
        + [f"release {place.release}"] * (place.release is not None)
    )
    told = [f"{what} {verdict} ({finding.because(place.versions)})"]
    if place.direct is not None and place.transitive is not None:
        others = counted(place.direct + place.transitive, "other spec has", "other specs have")
        told.append(f"{others} it in them{f' in {where}' if where else ''}")
    if finding.fixed:
        told.append(f"the cache holds {', '.join(finding.fixed)}, which is not meant")
    return "; ".join(told) + "."
