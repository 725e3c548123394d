"""What a campaign is made of: trials, each drawn from dice, and what must hold of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Generic, TypeVar

from graphcache import GraphcacheError, Report

Trial = TypeVar("Trial")

_MOST_TRIES = 300


class Campaign(Generic[Trial]):
    """One kind of harm. A kind overrides what is drawn, what must hold, and how to show it."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        """How often each outcome came: that a campaign reaches what it is about shows here."""

    def draw(self, dice: Random) -> Trial:
        """A trial; the same dice give the same one."""
        raise NotImplementedError

    def hold(self, trial: Trial) -> None:
        """Try it; whatever is raised is a promise that is broken."""
        raise NotImplementedError

    def smaller(self, trial: Trial) -> Iterator[Trial]:
        """Trials that are simpler than this one, the simplest first; none where there are none."""
        yield from ()

    def files(self, trial: Trial) -> dict[str, bytes]:
        """What shows the trial to who wants to try it alone, by file name."""
        return {"trial.txt": repr(trial).encode(errors="backslashreplace")}


def smallest(campaign: Campaign[Trial], trial: Trial, why: str) -> Trial:
    """The simplest trial on this one's way that still breaks the same promise."""
    tries = 0
    simpler = True
    while simpler:
        simpler = False
        for one in campaign.smaller(trial):
            tries += 1
            if tries > _MOST_TRIES:
                return trial
            if broken_by(campaign, one) == why:
                trial, simpler = one, True
                break
    return trial


def broken_by(campaign: Campaign[Trial], trial: Trial) -> str:
    """The promise that a trial breaks; empty if it breaks none."""
    try:
        campaign.hold(trial)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def shorter(content: bytes) -> Iterator[bytes]:
    """The content without a part of it, large parts first."""
    length = len(content) // 2
    while length:
        for start in range(0, len(content), length):
            yield content[:start] + content[start + length :]
        length //= 2


def told_in_words(error: GraphcacheError) -> None:
    """An error is text that a terminal may show."""
    lines = str(error).split("\n")
    assert all(lines), f"an empty line in an error: {error!r}"
    assert all(line.isprintable() for line in lines), (
        f"what is not printable in an error: {error!r}"
    )


def report_in_words(report: Report) -> None:
    """All that a report says is text that a terminal may show."""
    told = [*map(str, report.rejects), *report.warnings, *report.skipped]
    assert all(text and text.isprintable() for text in told), "what is not printable in a report"
    assert all(reject.why for reject in report.rejects), "a reject without a reason"
    assert all((reject.line or 1) > 0 for reject in report.rejects), "a line before the first"
