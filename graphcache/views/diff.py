"""What differs between two sets of specs: as tables, rows, JSON, and Markdown."""

from __future__ import annotations

from typing import IO, Literal

from graphcache.analysis.changes import CHANGES, Diff
from graphcache.answers import Answer
from graphcache.views.answers import Format, render, size, to_json
from graphcache.views.markdown import Block, code, details_blocks, table
from graphcache.words import counted

DiffFormat = Format | Literal["markdown"]

Names = tuple[str, str]
_TITLES = {
    "changed": "another version, compiler, variants, target or os",
    "rebuilt": "same configuration, other hash",
    "added": "only on the new side",
    "removed": "only on the old side",
}


def render_diff(
    found: Diff,
    names: Names,
    format_: DiffFormat,
    out: IO[str],
    *,
    details: bool = False,
    every: bool = False,
) -> None:
    """Write the summary; with `details`, also the packages, and the specs one by one.

    CSV and JSON lines have one kind of row: of the summary, or with `details` of the specs. JSON is
    one object: `old`, `new`, `summary`, and with `details` `packages` and `specs`.

    Args:
        found: what differs.
        names: what the old and the new side are called.
        format_: how to write it.
        out: where to.
        details: whether to write more than the summary.
        every: whether to write all rows of these on a terminal, and not as many as it has lines.
    """
    if format_ == "markdown":
        out.write(diff_as_markdown(found, names, details=details))
    elif format_ == "json":
        _write_json(found, names, out, details=details)
    elif format_ == "table":
        from graphcache.views.terminal import Screen

        screen = Screen(*size(out)) if details and not every and out.isatty() else None
        for number, answer in enumerate(_answers(found, _told(found), details=details).values()):
            out.write("\n" if number else "")
            render(answer.columns, answer.rows, format_, out, screen if number else None)
    else:
        answer = found.specs if details else found.summary
        render(answer.columns, answer.rows, format_, out)


def _answers(found: Diff, summary: Answer, *, details: bool) -> dict[str, Answer]:
    more = {"packages": found.packages, "specs": found.specs} if details else {}
    return {"summary": summary, **more}


def _write_json(found: Diff, names: Names, out: IO[str], *, details: bool) -> None:
    out.write(f'{{"old": {to_json(names[0])},\n"new": {to_json(names[1])}')
    for name, answer in _answers(found, found.summary, details=details).items():
        out.write(f',\n"{name}": ')
        render(answer.columns, answer.rows, "json", out)
    out.write("}\n")


def diff_as_markdown(found: Diff, names: Names, *, details: bool = False) -> str:
    """Markdown that a merge request takes as a comment, of at most `markdown.MAX_SIZE` characters.

    First a sentence and the summary. With `details` follow blocks that open on a click: the
    packages, then the specs of each kind of change. Where they are too long, each is cut, and says
    how many rows are left out. All text of the data stands in code, so that none of it is markup.
    """
    counts = {name: specs for name, specs, _ in found.summary.rows}
    said = ", ".join(f"{counts[change]:,} {change}" for change in CHANGES if counts[change])
    head = [
        f"### {code(names[0])} → {code(names[1])}",
        "",
        f"{f'**{said}**' if found else 'No difference'}; {counted(counts['kept'], 'spec')} kept.",
        "",
        *(line for note in found.summary.notes for line in (note, "")),
        *table(found.summary.columns, [[_text(v) for v in row] for row in _told(found).rows]),
    ]
    blocks: list[Block] = []
    if details and found:
        rows = [[code(row[0]), *map(_text, row[1:])] for row in found.packages.rows]
        blocks.append((counted(len(rows), "package"), found.packages.columns, rows))
        blocks += [_block(found, change) for change in CHANGES if counts[change]]
    return details_blocks("\n".join(head) + "\n", blocks)


def _told(found: Diff) -> Answer:
    """The summary for people: of what is a part of another row, only what is not 0."""
    summary = found.summary
    return Answer(summary.columns, [row for row in summary.rows if row[1] or " " not in row[0]])


def _block(found: Diff, change: str) -> Block:
    rows = [
        [code(package), _spec(*old), _spec(*new), "<br>".join(map(code, differs))]
        for kind, package, *ends, differs in found.specs.rows
        for old, new in [(ends[:2], ends[2:])]
        if kind == change
    ]
    wanted = {"added": [0, 2], "removed": [0, 1], "rebuilt": [0, 1, 2]}.get(change, [0, 1, 2, 3])
    columns = ["package", "old", "new", "differs"]
    title = f"{len(rows):,} {change}: {_TITLES[change]}"
    return title, [columns[i] for i in wanted], [[row[i] for i in wanted] for row in rows]


def _spec(version: str | None, spec_hash: str | None) -> str:
    return code(f"{version}/{spec_hash[:7]}") if spec_hash else ""


def _text(value: int | str) -> str:
    """A number, or a word of ours."""
    return f"{value:,}" if isinstance(value, int) else value
