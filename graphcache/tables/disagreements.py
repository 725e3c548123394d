"""Pages and indexes that disagree on what is in a stack."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Report
from graphcache.tables.columns import SEPARATOR, anti_join, joined_texts, semi_join
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
    stacks: list[str] = []
    packages: list[str] = []
    for claim in claims:
        if claim.kind != "file":
            named = packages if claim.kind == "page" else stacks
            named.append(f"{claim.name}{SEPARATOR}{claim.release or ''}")
    by_page, by_list = _members(pages), _members(lists)
    ours = semi_join(by_page, by_page["stack"], pa.array(stacks, pa.string()))
    _warn(ours, by_list, "by their pages and not by the index", report)
    ours = semi_join(by_list, by_list["package"], pa.array(packages, pa.string()))
    _warn(ours, by_page, "by the index and not by their pages", report)


def _members(facts: Facts) -> pa.Table:
    """Hash, stack and release, and package and release, of each that is in a stack."""
    rows = facts.in_stack["row"]
    release = pc.fill_null(facts.in_stack["release"], "")
    spec_hash, package = (facts.specs[name].take(rows) for name in ("hash", "name"))
    return pa.table(
        {
            "hash": spec_hash,
            "stack": joined_texts(facts.in_stack["stack"], release),
            "package": joined_texts(package, release),
        }
    )


def _warn(ours: pa.Table, others: pa.Table, said: str, report: Report) -> None:
    known = joined_texts(others["hash"], others["stack"])
    alone = anti_join(ours, joined_texts(ours["hash"], ours["stack"]), known)
    found = alone.group_by("stack", use_threads=False).aggregate(
        [("hash", "count_distinct"), ("hash", "min")]
    )
    for row in found.sort_by("stack").to_pylist():
        stack, _, release = row["stack"].partition(SEPARATOR)
        place = f"stack {stack} of {release or 'no release'}"
        count = row["hash_count_distinct"]
        report.warn(f"{place}: specs in it {said}: {count:,}, such as {row['hash_min']}")
