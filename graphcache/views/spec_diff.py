"""In what two specs differ: as a sentence and a tree, rows, JSON, and Markdown."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from typing import IO, Any, Literal

from graphcache.analysis.differing.following import COMMON
from graphcache.analysis.differing.spec_diff import Difference, SpecDiff
from graphcache.analysis.differing.spec_pairs import Change, Value
from graphcache.answers import Answer
from graphcache.views.answers import render, to_json
from graphcache.views.diff import DiffFormat
from graphcache.views.markdown import code, details_blocks
from graphcache.words import counted

COLUMNS = ["path", "package", "what", "left", "right", "follows", "left_hash", "right_hash"]

_LABELS = {"package_hash": "recipe"}
"""What people read; of others it is the name, with spaces."""
_FOLLOWING = (*COMMON, "package_hash")
"""What the tree does not show where it follows from something that it shows."""
_IN_SENTENCE = 6
"""Packages, or settings, that the sentence names at most."""
_VARIANTS = 3
"""Variants that it counts, where fewer are named."""
_IN_LINE = 8
"""Packages that a line of the tree names at most."""
_SPECS = 30
"""Specs that the tree shows at most, where not all are asked for."""
_CHANGES = 20
"""Changes of one spec that it shows at most."""
_LONG = re.compile(r"(?<![0-9A-Za-z])[0-9a-z]{32,}=*(?![0-9A-Za-z])")
"""A hash; 7 characters of it are enough to know it by."""


def render_spec_diff(found: SpecDiff, format_: DiffFormat, out: IO[str], *, whole: bool) -> None:
    """Write in what two specs differ.

    A table is a sentence and a tree, which shows at most `_SPECS` specs unless the `whole` is asked
    for. CSV and JSON lines have a row for each change; JSON is one object, with the tree nested.
    """
    if format_ == "json":
        out.write(to_json(_object(found)) + "\n")
    elif format_ == "markdown":
        out.write(_markdown(found))
    elif format_ == "table":
        _print_tree(found, out, whole=whole)
    else:
        answer = rows_of(found)
        render(answer.columns, answer.rows, format_, out)


def rows_of(found: SpecDiff) -> Answer:
    """A row for each change, those of the nearest specs first, with the packages on the way."""
    rows: list[tuple[Any, ...]] = []
    for path, difference in found.walk():
        ends = difference.left.hash, difference.right.hash
        package = difference.right.package
        for change in difference.changes:
            values = change.what, change.left, change.right, change.follows
            rows.append(("/".join(path), package, *values, *ends))
        if difference.unexplained:
            rows.append(("/".join(path), package, difference.unexplained, None, None, None, *ends))
    return Answer(COLUMNS, rows)


def _object(found: SpecDiff) -> dict[str, Any]:
    return {
        "left": asdict(found.left),
        "right": asdict(found.right),
        "differ": bool(found),
        "summary": sentence(found),
        "left_out": found.left_out,
        "tree": asdict(found.tree) if found.tree else None,
    }


def _markdown(found: SpecDiff) -> str:
    """For a merge request: both specs, and a row for each change in a block that opens on a click.

    All text of the data stands in code, so that none of it is markup.
    """
    rows = [
        [
            code(path),
            code(what),
            code(value_text(left)),
            code(value_text(right)),
            code(follows or ""),
        ]
        for path, _, what, left, right, follows, *_ in rows_of(found).rows
    ]
    said = f"**{counted(len(rows), 'difference')}**" if rows else "No difference"
    head = f"### {code(str(found.left))} → {code(str(found.right))}\n\n{said}\n"
    columns = ["path", "what", "left", "right", "follows"]
    return details_blocks(head, [("What differs", columns, rows)] if rows else [])


# The sentence -------------------------------------------------------------------------------------


def sentence(found: SpecDiff) -> str:
    """The answer in one sentence.

    >>> from graphcache.analysis.differing.spec_diff import SpecName
    >>> zlib = SpecName("abcdefgh", "zlib", "1.3.1")
    >>> sentence(SpecDiff(zlib, zlib, None))
    'zlib@1.3.1/abcdefg is the same spec on both sides: nothing differs.'
    """
    if found.tree is None:
        return f"{found.left} is the same spec on both sides: nothing differs."
    top = found.tree
    below = [one for one in found.lowest() if one is not top]
    both = f"{found.left} and {found.right}"
    if top.unexplained:
        return (
            f"{both} differ in their hash, and in nothing else that is known ({top.unexplained})."
        )
    own = len(top.own)
    settings = f"{counted(own, 'setting')} of their own ({_some(_whats(top))})" if own else ""
    said = [f"{one} ({_some(whats)})" for one, whats in _by_package(below).items()]
    joint = f"{settings} and below them" if own else "no setting of their own, but below them"
    told = f"{both} differ in {joint} in {_some(said)}" if said else f"{both} differ in {settings}"
    not_known = _dependencies_not_known(top)
    return f"{told}; {not_known}." if not_known else f"{told}."


def _by_package(lowest: Iterable[Difference]) -> dict[str, list[str]]:
    """What differs in each package, each said once; of a virtual, which packages provide it."""
    found: dict[str, dict[str, None]] = {}
    for one in lowest:
        name, whats = one.right.package, _whats(one)
        if not _one_package(one):
            name, whats = _title_kind(one), [f"{one.left.package} → {name}"]
        found.setdefault(name, {}).update(dict.fromkeys(whats))
    return {name: list(whats) for name, whats in found.items()}


def _whats(one: Difference) -> list[str]:
    """What two specs differ in of their own; many variants as a number."""
    if one.unexplained:
        return [one.unexplained]
    whats = [label(change.what) for change in one.own]
    variants = [what for what in whats if what.startswith("variant ")]
    if len(variants) < _VARIANTS:
        return whats
    return [what for what in whats if what not in variants] + [f"{len(variants):,} variants"]


def _some(texts: Sequence[str], most: int = _IN_SENTENCE) -> str:
    """The first texts, and how many more there are."""
    more = len(texts) - most
    if more > 0:
        return f"{', '.join(texts[:most])} and {more:,} more"
    return " and ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def label(what: str) -> str:
    """What people call a thing that differs; names of variants and packages are as they are."""
    return _LABELS.get(what, what if " " in what else what.replace("_", " "))


def _dependencies_not_known(difference: Difference) -> str | None:
    side = difference.unknown.get("dependencies")
    if side is None:
        return None
    return "dependencies not known" + ("" if side == "both" else f" of the {side} one")


# The tree -----------------------------------------------------------------------------------------


def _print_tree(found: SpecDiff, out: IO[str], *, whole: bool) -> None:
    from rich.console import Console
    from rich.text import Text

    said: list[Any] = [_line(sentence(found))]
    if found.tree is not None:
        tree, shown = _rich_tree(found.tree, whole=whole)
        said += [Text(), tree, *map(_line, _notes(found, shown))]
    # In a pipe there is no width to fit: lines are as long as they need be.
    width = None if out.isatty() else 10_000
    colors: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    console = Console(file=out, width=width, highlight=False, color_system=colors)
    # Lines are broken between words, and a word is never.
    any_width = console.options.update(width=10_000)
    words = (console.measure(one, options=any_width).minimum for one in said)
    console.width = max(console.width, *words)
    with console.capture() as printed:  # else rich ends the process where a pipe is broken
        console.print(*said, sep="\n")
    out.write(printed.get())


def _rich_tree(top: Difference, *, whole: bool) -> tuple[Any, set[int]]:
    """The specs that lead to a difference, with what differs in them; and the `id` of each."""
    from rich.tree import Tree

    leading = _leading(top)
    root = Tree(_line(_title(top), "bold"))
    queue = [(top, root)]
    for difference, branch in queue:  # which grows meanwhile
        for text, style in _changes(difference, whole=whole):
            branch.add(_line(text, style))
        elsewhere = list(difference.told)
        for below in difference.below:
            if id(below) not in leading:
                elsewhere.append(below.right.package)
            elif whole or len(queue) < _SPECS:
                queue.append((below, branch.add(_line(_title(below), "bold"))))
        if elsewhere:
            names = _some(sorted(elsewhere), len(elsewhere) if whole else _IN_LINE)
            branch.add(_line(f"differ too, in nothing new: {names}", "dim"))
    return root, {id(difference) for difference, _ in queue}


def _leading(top: Difference) -> set[int]:
    """The `id` of each difference that has one of its own, or one below it."""
    found: set[int] = set()
    for _, one in reversed(list(SpecDiff(top.left, top.right, top).walk())):
        if one.own or one.unexplained or any(id(below) in found for below in one.below):
            found.add(id(one))
    return found


def _title(one: Difference) -> str:
    """Two specs; where they are of two packages, what both are there for."""
    kind = "" if _one_package(one) else f"{_title_kind(one)}: "
    return f"{kind}{one.left} → {one.right}"


def _title_kind(one: Difference) -> str:
    return one.changes[0].what.removeprefix("provider of ")


def _one_package(difference: Difference) -> bool:
    return difference.left.package == difference.right.package


def _changes(difference: Difference, *, whole: bool) -> Iterator[tuple[str, str]]:
    """A line for each change, with its style; those first that follow from no other."""
    changes = [c for c in difference.changes if c.follows is None or c.what not in _FOLLOWING]
    changes = sorted(changes, key=lambda change: change.follows is not None)
    if not _one_package(difference):
        changes = changes[1:]
    most = len(changes) if whole else _CHANGES
    for change in changes[:most]:
        values = f"{value_text(change.left)} → {value_text(change.right)}"
        yield f"{change_kind(change)}: {values}{_with(change)}", ""
    if len(changes) > most:
        yield f"… and {len(changes) - most:,} more (--all)", "dim"
    if difference.unexplained:
        yield difference.unexplained, ""
    elif not_known := _dependencies_not_known(difference):
        yield not_known, ""


def _notes(found: SpecDiff, shown: set[int]) -> Iterator[str]:
    """What the tree does not show."""
    every = [difference for _, difference in found.walk()]
    more = sum(1 for one in found.lowest() if id(one) not in shown)
    if more:
        yield f"… and {counted(more, 'more spec differs', 'more specs differ')} (--all)"
    common = Counter(
        f"{label(change.what)} ({value_text(change.left)} → {value_text(change.right)})"
        for change in chain.from_iterable(one.changes for one in every)
        if change.what in COMMON and change.follows
    )
    for what, specs in common.items():
        differ = counted(specs, "spec below that differs", "specs below that differ")
        yield f"Not listed: {differ} in the same {what}."
    if found.left_out:
        yield f"Not compared: {counted(found.left_out, 'pair')} of specs, too many or too far down."


def change_kind(change: Change) -> str:
    """What differs, without what the values say anyhow.

    >>> change_kind(Change("variant szip", "~szip", "+szip"))
    'variant'
    """
    kind, _, name = change.what.partition(" ")
    if kind == "variant":
        return kind
    return f"with or without {name}" if kind == "dependency" else label(change.what)


def _with(change: Change) -> str:
    """What the change follows, behind it."""
    if change.follows is None:
        return ""
    return f" (with {_some([label(what) for what in change.follows.split(', ')], 2)})"


def value_text(value: Value) -> str:
    """A value as a person reads it.

    >>> value_text(None), value_text(["-O2", "-g"]), value_text(True)
    ('none', '-O2 -g', 'yes')
    """
    if value is None or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(value) if isinstance(value, list) else str(value)


def shortened(text: str) -> str:
    """The text with 7 characters of each whole hash in it.

    >>> shortened("zlib@1.3.1/bu5ehkvq3x4z6p7r2s5t8w9y1a4c6e8g")
    'zlib@1.3.1/bu5ehkv'
    """
    return _LONG.sub(lambda found: found.group()[:7], text)


def _line(text: str, style: str = "") -> Any:
    """One line, in which no data is a command to the terminal, and no name is broken."""
    from rich.text import Text

    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in shortened(text))
    return Text(shown, style)
