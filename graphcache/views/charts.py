"""What a plot shows, made of answers: labels, numbers, and what was left out.

A chart is drawn as bars in a terminal (`bars.py`) or as a picture (`plots.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from graphcache.answers import Answer
from graphcache.errors import UsageError
from graphcache.views.answers import printable
from graphcache.words import counted

_LONGEST = 60
"""Characters of a label; longer names are cut in the middle."""

NO_COMPILER = "(compiler not known)"


@dataclass(frozen=True)
class Chart:
    """Bars, each of one or several parts."""

    title: str
    unit: str
    """What is counted."""
    labels: list[str]
    parts: dict[str, list[int]]
    """By name of the part, its length in each bar."""
    note: str = ""
    """What is not shown, and what else there is to say."""
    over_time: bool = False
    """Whether the bars follow each other in time; the last part of each is then what is gone."""

    @property
    def bars(self) -> Chart:
        """The chart as bars."""
        return self

    @property
    def description(self) -> str:
        """All of it in words, for who can't see it."""
        rows = zip(self.labels, *self.parts.values(), strict=True)
        said = [f"{label}: {_listed(self.parts, numbers)}" for label, *numbers in rows]
        return ". ".join(text for text in (self.note, "; ".join(said)) if text)


@dataclass(frozen=True)
class HeatMap:
    """Numbers in rows and columns."""

    title: str
    unit: str
    rows: list[str]
    columns: list[str]
    values: list[list[int]]
    """Row by row."""
    note: str = ""

    @property
    def bars(self) -> Chart:
        """A bar for each number above 0."""
        found = [
            (f"{row}  {column}", value)
            for row, values in zip(self.rows, self.values, strict=True)
            for column, value in zip(self.columns, values, strict=True)
            if value
        ]
        labels, numbers = [label for label, _ in found], [value for _, value in found]
        return Chart(self.title, self.unit, labels, {self.unit: numbers}, self.note)

    @property
    def description(self) -> str:
        """All of it in words, for who can't see it."""
        return self.bars.description


@dataclass(frozen=True)
class Overlap:
    """Sets, and how many are in exactly which of them."""

    title: str
    unit: str
    sets: dict[str, int]
    """The size of each set, the largest first."""
    combinations: list[tuple[list[str], int]]
    note: str = ""

    @property
    def bars(self) -> Chart:
        """A bar for each combination of sets."""
        labels = [" & ".join(names) for names, _ in self.combinations]
        counts = [count for _, count in self.combinations]
        return Chart(self.title, self.unit, labels, {self.unit: counts}, self.note)

    @property
    def description(self) -> str:
        """All of it in words, for who can't see it."""
        return self.bars.description


Drawing = Chart | HeatMap | Overlap


def compilers_chart(answer: Answer, top: int, release: str | None) -> Chart:
    """Specs by compiler, of the answer of the named query `compilers-by-target`."""
    counts: Counter[str] = Counter()
    for _, compiler, specs, _ in answer.rows:
        counts[compiler or NO_COMPILER] += specs
    shown = _by_size(counts)[:top]
    return Chart(
        _title("With which compilers are the specs built?", release),
        "specs",
        _labels(shown),
        {"specs": [counts[name] for name in shown]},
        _cut(top, len(counts), "compilers"),
    )


def redundant_chart(answer: Answer, top: int, release: str | None) -> Chart:
    """Builds that repeat another, of the answer of the named query `redundant-builds`."""
    shown = answer.rows[:top]
    redundant = sum(row[3] for row in answer.rows)
    return Chart(
        _title("Which packages are built again and again?", release),
        "specs",
        _labels(row[0] for row in shown),
        {"redundant": [row[3] for row in shown], "first builds": [row[2] for row in shown]},
        _sentences(f"{redundant:,} redundant in all", _cut(top, len(answer.rows), "packages")),
    )


def targets_map(answer: Answer, top: int, release: str | None) -> HeatMap:
    """Specs by stack and target, of the answer of the named query `stack-targets`.

    The largest stacks are shown; they stand below each other by the target that they have most
    specs for, then by size.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for stack, _, target, specs, _ in answer.rows:
        counts[stack, target] += specs
    stacks, targets = _sums(counts, 0), _sums(counts, 1)
    rows = _by_size(stacks)[:top]
    columns = [name for name in _by_size(targets) if any((row, name) in counts for row in rows)]

    def place(row: str) -> tuple[int, int]:
        most = max(columns, key=lambda column: counts[row, column])
        return columns.index(most), -stacks[row]

    rows.sort(key=place)
    return HeatMap(
        _title("For which targets is each stack built?", release),
        "specs",
        _labels(rows),
        _labels(columns),
        [[counts[row, column] for column in columns] for row in rows],
        _cut(top, len(stacks), "stacks"),
    )


def _sums(counts: Counter[tuple[str, str]], end: int) -> Counter[str]:
    sums: Counter[str] = Counter()
    for ends, number in counts.items():
        sums[ends[end]] += number
    return sums


def _by_size(sizes: Counter[str]) -> list[str]:
    return sorted(sizes, key=lambda name: (-sizes[name], name))


def overlap_of(answer: Answer, top: int, release: str | None) -> Overlap:
    """How stacks overlap, of the answer of `stack_combinations`: the largest combinations.

    Raises:
        UsageError: there are not two stacks.
    """
    sizes: Counter[str] = Counter()
    for stacks, count in answer.rows:
        sizes.update(dict.fromkeys(stacks, count))
    if len(sizes) < 2:
        raise UsageError(f"nothing to plot: expected two stacks or more, found {len(sizes)}")
    shown = answer.rows[:top]
    seen = {stack for stacks, _ in shown for stack in stacks}
    # An UpSet plot of a single set is none.
    names = [name for name in _by_size(sizes) if name in seen or len(seen) < 2]
    label = dict(zip(names, _labels(names), strict=True))
    unit = answer.columns[1]
    hidden = len(sizes) - len(names)
    return Overlap(
        _title(f"Which {unit} do stacks share?", release),
        unit,
        {label[name]: sizes[name] for name in names},
        [([label[name] for name in names if name in stacks], count) for stacks, count in shown],
        _sentences(
            _cut(top, len(answer.rows), "combinations"),
            f"{counted(hidden, 'stack is', 'stacks are')} in none of them" if hidden else "",
        ),
    )


def churn_chart(steps: Answer, life: Answer, top: int) -> Chart:
    """What releases kept and brought, of the answers of `churn` and `half_life`; the latest."""
    shown = [dict(zip(steps.columns, row, strict=True)) for row in steps.rows[-top:]]
    cut = (
        f"The latest {len(shown)} of {len(steps.rows)} steps"
        if len(shown) < len(steps.rows)
        else ""
    )
    return Chart(
        "What did each release keep of the one before it, and bring?",
        "specs",
        _labels(step["new"] for step in shown),
        {part: [step[part] for step in shown] for part in ("kept", "rebuilt", "added", "removed")},
        _sentences(cut, _life(*life.rows[0][-2:])),
        over_time=True,
    )


def _life(releases: float | None, days: float | None) -> str:
    if releases is None:
        return "No spec is gone yet"
    if not releases:
        return "No release kept a spec of the one before it"
    in_days = "" if days is None else f", {counted(round(days), 'day')}"
    return f"Half of the specs are gone after {releases:.1f} releases{in_days}"


def _title(text: str, release: str | None) -> str:
    return f"{text} Release {_label(release)}" if release is not None else text


def _cut(top: int, found: int, what: str) -> str:
    return f"The {top:,} largest of {found:,} {what}" if found > top else ""


def _sentences(*texts: str) -> str:
    return ". ".join(text for text in texts if text)


def _listed(parts: Iterable[str], numbers: Iterable[int]) -> str:
    # A part has the name of what it counts, in the plural: specs; or of what was done: kept.
    said = zip(parts, numbers, strict=True)
    return ", ".join(counted(number, name.removesuffix("s"), name) for name, number in said)


def _labels(names: Iterable[str]) -> list[str]:
    """The names as they are shown; each once, also where two are cut to the same text."""
    found: dict[str, None] = {}
    for name in names:
        label, number = _label(name), 1
        while label in found:
            number += 1
            label = f"{_label(name)} ({number})"
        found[label] = None
    return list(found)


def _label(name: str) -> str:
    text = printable(name).replace("\n", "\\n")
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[: half - 1]}…{text[-half:]}"
