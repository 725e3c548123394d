"""What advisories touch as an OpenVEX document, to be filled in and given back by --ignore.

Source: OpenVEX 0.2.0, https://github.com/openvex/spec.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from graphcache.analysis.advising.findings import Finding, Findings
from graphcache.spack.purl import Purl
from graphcache.version import __version__

_CONTEXT = "https://openvex.dev/ns/v0.2.0"


def to_openvex(findings: Findings, time: str) -> dict[str, Any]:
    """One statement per finding: affected, or under investigation where it is not decided.

    Args:
        findings: what advisories touch.
        time: since when it is so, in ISO 8601: when the graph was loaded.

    >>> from graphcache.analysis.advising.findings import Findings
    >>> to_openvex(Findings([]), "2026-11-26T00:00:00Z")["statements"]
    []
    """
    statements = [_statement(finding) for finding in findings.found]
    text = json.dumps([time, statements], sort_keys=True, ensure_ascii=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {
        "@context": _CONTEXT,
        "@id": f"https://openvex.dev/docs/public/vex-{digest}",
        "author": "graphcache",
        "timestamp": time,
        "version": 1,
        "tooling": f"graphcache {__version__}",
        "statements": statements,
    }


def _statement(finding: Finding) -> dict[str, Any]:
    said = finding.advisory
    vulnerability: dict[str, Any] = {"name": said.id}
    if said.summary:
        vulnerability["description"] = said.summary
    if said.aliases:
        vulnerability["aliases"] = said.aliases
    statement: dict[str, Any] = {
        "vulnerability": vulnerability,
        "products": [_product(spec) for spec in finding.specs],
        "status": "affected" if finding.state == "affected" else "under_investigation",
    }
    if finding.state == "affected":
        fixed = ", ".join(finding.fixed)
        statement["action_statement"] = (
            f"Use {finding.package} {fixed} of the same cache, and build anew what needs it."
            if fixed
            else f"Build a version of {finding.package} that has the fix, and what needs it."
        )
    else:
        statement["status_notes"] = finding.because(())
    return statement


def _product(spec: dict[str, Any]) -> dict[str, Any]:
    parts = ("name", "version", "namespace", "hash")
    purl = str(Purl(*(spec[part] or "" for part in parts)))
    return {"@id": purl, "identifiers": {"purl": purl}}
