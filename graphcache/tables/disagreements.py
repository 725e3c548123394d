"""Pages and indexes that disagree on what is in a stack."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Report
from graphcache.tables.columns import SEPARATOR
from graphcache.tables.facts import Facts


def warn_of_disagreements(
    pages: Facts, lists: Facts, claims: Iterable[Claim], report: Report
) -> None:
    """Warn where a page and the index of a stack, both given, differ on the stack's specs.

    `claims` are what the files claim: only stacks and packages that are claimed are compared,
    since that another file does not hold a spec means nothing.
    """
    if not (pages.in_stack.num_rows and lists.in_stack.num_rows):
        return
    claimed: dict[str, list[str]] = {"stack": [], "package": [], "file": []}
    for kind, release, name in claims:
        claimed[kind].append(f"{name}{SEPARATOR}{release or ''}")
    by_page, by_list = _members(pages), _members(lists)
    ours = by_page.filter(pc.is_in(by_page["stack"], pa.array(claimed["stack"], pa.string())))
    _warn(ours, by_list, "by their pages and not by the index", report)
    ours = by_list.filter(pc.is_in(by_list["package"], pa.array(claimed["package"], pa.string())))
    _warn(ours, by_page, "by the index and not by their pages", report)


def _members(facts: Facts) -> pa.Table:
    """Hash, stack and release, and package and release, of each that is in a stack."""
    rows = facts.in_stack["row"]
    release = pc.fill_null(facts.in_stack["release"], "")
    spec_hash, package = (facts.specs[name].take(rows) for name in ("hash", "name"))
    return pa.table(
        {
            "hash": spec_hash,
            "stack": _pairs(facts.in_stack["stack"], release),
            "package": _pairs(package, release),
        }
    )


def _pairs(*columns: Any) -> Any:
    return pc.binary_join_element_wise(*columns, SEPARATOR)


def _warn(ours: pa.Table, others: pa.Table, said: str, report: Report) -> None:
    known = _pairs(others["hash"], others["stack"]).combine_chunks()
    alone = ours.filter(pc.invert(pc.is_in(_pairs(ours["hash"], ours["stack"]), known)))
    found = alone.group_by("stack", use_threads=False).aggregate(
        [("hash", "count_distinct"), ("hash", "min")]
    )
    for row in found.sort_by("stack").to_pylist():
        stack, _, release = row["stack"].partition(SEPARATOR)
        place = f"stack {stack} of {release or 'no release'}"
        count = row["hash_count_distinct"]
        report.warn(f"{place}: specs in it {said}: {count:,}, such as {row['hash_min']}")
