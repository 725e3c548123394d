"""Pages and indexes that disagree on what is in a stack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Report
from graphcache.tables.columns import SEPARATOR, anti_join, joined_texts, semi_join
from graphcache.tables.facts import Facts

BY_PAGES = "by their pages and not by the index"
BY_LISTS = "by the index and not by their pages"


@dataclass
class Differences:
    """What pages and other files say differently of stacks, of some specs; these can be added up.

    >>> Differences().texts()
    []
    """

    pages: int = 0
    """How often a page says of one of these specs that it is in a stack, ..."""
    lists: int = 0
    """... and how often another file does."""
    found: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    """By what is said and the stack and release, how many specs it is said of, and the first."""

    @classmethod
    def of(cls, pages: pa.Table, lists: pa.Table, claims: Iterable[Claim]) -> Differences:
        """Those of what `members` gives of pages and of other files.

        `claims` is what the files claim: only stacks and packages that are claimed are compared,
        since that another file does not hold a spec means nothing.
        """
        stacks: list[str] = []
        packages: list[str] = []
        for claim in claims:
            if claim.kind != "file":
                named = packages if claim.kind == "page" else stacks
                named.append(f"{claim.name}{SEPARATOR}{claim.release or ''}")
        differences = cls(pages.num_rows, lists.num_rows)
        ours = semi_join(pages, pages["stack"], pa.array(stacks, pa.string()))
        differences._find(ours, lists, BY_PAGES)
        ours = semi_join(lists, lists["package"], pa.array(packages, pa.string()))
        differences._find(ours, pages, BY_LISTS)
        return differences

    def _find(self, ours: pa.Table, others: pa.Table, said: str) -> None:
        known = joined_texts(others["hash"], others["stack"])
        alone = anti_join(ours, joined_texts(ours["hash"], ours["stack"]), known)
        found = alone.group_by("stack", use_threads=False).aggregate(
            [("hash", "count_distinct"), ("hash", "min")]
        )
        for row in found.sort_by("stack").to_pylist():
            self.found[said, row["stack"]] = row["hash_count_distinct"], row["hash_min"]

    def add(self, other: Differences) -> None:
        """Take over those of other specs."""
        self.pages += other.pages
        self.lists += other.lists
        for key, (count, such_as) in other.found.items():
            known, first = self.found.get(key, (0, such_as))
            self.found[key] = known + count, min(first, such_as)

    def texts(self) -> list[str]:
        """What to warn of; nothing where there are no pages, or nothing else."""
        if not (self.pages and self.lists):
            return []
        texts = []
        for (said, place), (count, such_as) in self.found.items():
            stack, _, release = place.partition(SEPARATOR)
            texts.append(disagreement(stack, release, said, count, such_as))
        return texts


def warn_of_disagreements(
    pages: pa.Table, lists: pa.Table, claims: Iterable[Claim], report: Report
) -> None:
    """Warn where a page and the index of a stack, both given, differ on the stack's specs.

    `pages` and `lists` are what `members` gives of them, `claims` what the files claim.
    """
    if pages.num_rows and lists.num_rows:
        for text in Differences.of(pages, lists, claims).texts():
            report.warn(text)


def members(facts: Facts) -> pa.Table:
    """Hash, stack and release, and package and release, of each that is in a stack."""
    rows = facts.in_stack["row"]
    spec_hash, package = (facts.specs[name].take(rows) for name in ("hash", "name"))
    return members_of(spec_hash, package, facts.in_stack["stack"], facts.in_stack["release"])


def members_of(spec_hash: Any, package: Any, stack: Any, release: Any) -> pa.Table:
    """What `members` gives, of columns with one row for each that is in a stack."""
    release = pc.fill_null(release, "")
    return pa.table(
        {
            "hash": spec_hash,
            "stack": joined_texts(stack, release),
            "package": joined_texts(package, release),
        }
    )


def disagreement(stack: str, release: str, said: str, count: int, such_as: str) -> str:
    """The warning that some specs are in a stack as one kind of source alone says."""
    place = f"stack {stack} of {release or 'no release'}"
    return f"{place}: specs in it {said}: {count:,}, such as {such_as}"
