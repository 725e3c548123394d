"""The answers to the questions that have a page: those of the commands, each with its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphcache.analysis import diff, find, impact, prune_plan, rebuilds, side, usable, why
from graphcache.analysis.changes import CHANGES
from graphcache.analysis.differing.spec_diff import diff_specs
from graphcache.analysis.machines.asked import machine_asked
from graphcache.analysis.matching.choosing import check_length
from graphcache.analysis.matching.names import selection_for
from graphcache.analysis.pictures.package import package_picture
from graphcache.analysis.reasons import by_package
from graphcache.analysis.sides import kind_of
from graphcache.answers import Answer
from graphcache.health import check
from graphcache.serving.asked import Asked
from graphcache.views.pictures import asked as pictures
from graphcache.views.pictures.answer import ROWS
from graphcache.views.pictures.answer import answer as of_answer
from graphcache.views.pictures.drawing import Picture
from graphcache.views.pictures.matrix import Matrix, matrix_of
from graphcache.views.pictures.package import how_they_differ
from graphcache.views.spec_diff import rows_of
from graphcache.words import counted


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and the picture of it."""

    answer: Answer
    picture: Picture


def _told(found: Answer, title: str, said: str, matrix: Matrix | None = None) -> Told:
    return Told(found, of_answer(found, title, said, tidy=True, matrix=matrix))


def _told_of_specs(
    asked: Asked, found: Answer, title: str, said: str, rows: Sequence[tuple[Any, ...]]
) -> Told:
    """The same, with the matrix of some of the specs if they are of one package, as in `view`."""
    at = {name: number for number, name in enumerate(found.columns)}
    names = {row[at["name"]] for row in rows}
    if len(names) != 1 or not 1 < len(rows) <= ROWS:
        return _told(found, title, said)
    hashes = {row[at["hash"]] for row in rows}
    tables = asked.part(package_picture.reads)
    package = package_picture(tables, names.pop(), only=hashes)
    differ = how_they_differ(package)
    return _told(found, title, f"{said} {differ}", matrix_of(package))


def _specs_part(asked: Asked, text: str, wanted: Any) -> Any:
    check_length(text)
    packages = asked.part({"Package": ()}).nodes["Package"]["name"].to_pylist()
    return asked.part(selection_for(text, packages, wanted))


def ask_find(asked: Asked, values: Mapping[str, Any]) -> Told:
    """The specs that are as a text asks."""
    text = values["spec"]
    part = _specs_part(asked, text, find.reads)
    found = find(part, text, values["stack"], values["release"])
    packages = len({row[found.columns.index("name")] for row in found.rows})
    said = f"{counted(len(found.rows), 'spec is', 'specs are')} as {text} asks"
    said += f", of {counted(packages, 'package')}." if packages > 1 else "."
    return _told_of_specs(asked, found, f"Specs that are {text}", said, found.rows)


def ask_usable(asked: Asked, values: Mapping[str, Any]) -> Told:
    """The binaries that are as a text asks, and run on a machine."""
    text = values["spec"]
    check_length(text)
    machine = machine_asked(values["target"], values["libc"], values["os"])
    found = usable(
        asked.part(usable.reads),
        text,
        machine.target,
        machine.os,
        libc=machine.libc,
        every=bool(values["all"]),
        stack=values["stack"],
        release=values["release"],
    )
    runs = found.rows
    if values["all"]:
        at = found.columns.index("why_not")
        runs = [row for row in found.rows if not row[at]]
    where = ", ".join(map(str, filter(None, (machine.target, machine.libc, machine.os))))
    said = f"{counted(len(runs), 'binary runs', 'binaries run')} on {where}."
    if machine.said:
        found = replace(found, notes=[f"Asked {machine.said}.", *found.notes])
    return _told_of_specs(asked, found, f"Binaries of {text} that run", said, runs)


def ask_why(asked: Asked, values: Mapping[str, Any]) -> Told:
    """The roots that need what a text means; of one spec the paths from them."""
    text = values["spec"]
    check_length(text)
    found = why(asked.part(why.reads), text)
    if len({row[0] for row in found.rows}) == 1:
        return Told(found, pictures.of_why(asked.part, f"/{found.rows[0][0]}"))
    shown = by_package(found)
    roots = len({row[3] for row in found.rows})
    specs = len({row[0] for row in found.rows})
    said = (
        f"{counted(roots, 'root needs', 'roots need')} {counted(specs, 'spec')} of {text}."
        if roots
        else f"No root needs {text}."
    )
    told = _told(shown, f"Why {text} is there", said)
    return Told(found, told.picture)


def ask_impact(asked: Asked, values: Mapping[str, Any]) -> Told:
    """How much a change to what a text means touches."""
    text = values["spec"]
    check_length(text)
    found = impact(
        asked.part(impact.reads), text, values["stack"], values["release"], values["deptype"]
    )
    most = max(found.to_dicts(), key=lambda row: row["specs"], default=None)
    said = f"Nothing is {text}, or depends on it."
    if most:
        where = f" of stack {most['stack']}" if most["stack"] else ""
        said = (
            f"A change of {text} touches up to {counted(most['specs'], 'spec')} of "
            f"{counted(most['packages'], 'package')}{where}"
            f"{' in ' + most['release'] if most['release'] else ''}."
        )
    return _told(found, f"What a change of {text} touches", said)


def ask_rebuilds(asked: Asked, values: Mapping[str, Any]) -> Told:
    """The causes of rebuilds."""
    found = rebuilds(
        asked.part(rebuilds.reads), values["package"], values["stack"], values["what_if"]
    )
    what = values["package"] or "what"
    said = (
        f"Nothing of {what} was built again." if values["package"] else "Nothing was built again."
    )
    if found.rows:
        first = found.to_dicts()[0]
        of = f" of {values['package']}" if values["package"] else ""
        said = (
            f"{counted(len(found.rows), 'cause')} of builds{of} that were made again; the first is "
            f"{first[found.columns[0]]}, in {counted(found.rows[0][2], 'build')}."
        )
    return _told(found, "Why was the same built again?", said)


def ask_diff(asked: Asked, values: Mapping[str, Any]) -> Told:
    """What changed between two releases or stacks, or in what two specs differ."""
    names = values["from"], values["to"]
    kind = kind_of(names, asked.part(kind_of.reads))
    if kind == "spec":
        return _diff_of_specs(asked, *names)
    tables = asked.part({**side.reads, **diff.reads})
    release = values["release"] if kind == "stack" else None
    found = diff(*(side(tables, kind, name, release) for name in names))
    counts = {change: specs for change, specs, _ in found.summary.rows}
    said = ", ".join(f"{counts[change]:,} {change}" for change in ("kept", *CHANGES))
    answer = replace(_most_first(found.packages), notes=found.summary.notes)
    title = f"What changed from {names[0]} to {names[1]}"
    sides = f"{counts['old']:,} and {counted(counts['new'], 'spec')}: {said}."
    told = _told(answer, title, sides)
    return Told(replace(found.specs, notes=found.summary.notes), told.picture)


def _most_first(packages: Answer) -> Answer:
    """The packages by how many of their specs differ, in a column of its own."""
    at = [packages.columns.index(change) for change in CHANGES]
    rows = [(row[0], sum(row[n] for n in at), *row[1:]) for row in packages.rows]
    columns = [packages.columns[0], "differ", *packages.columns[1:]]
    return Answer(columns, sorted(rows, key=lambda row: (-row[1], row[0])))


def _diff_of_specs(asked: Asked, left: str, right: str) -> Told:
    found = diff_specs(asked.part(diff_specs.reads), left, right)
    return Told(rows_of(found), pictures.of_two(asked.part, left, right))


def ask_check(asked: Asked, values: Mapping[str, Any]) -> Told:
    """What is wrong in the cache."""
    findings = check(asked.store)
    rows: list[tuple[Any, ...]] = [
        (
            one.name,
            len(one.answer.rows) if one.answer is not None else None,
            one.note or one.question,
            one.shown_by,
        )
        for one in findings
    ]
    wrong = [one.name for one in findings if one.is_wrong]
    unknown = sum(one.answer is None for one in findings)
    said = (
        f"Something is wrong: {', '.join(wrong)}." if wrong else "Nothing that is known is wrong."
    )
    if unknown:
        said += f" {counted(unknown, 'thing is', 'things are')} not known."
    found = Answer(["problem", "found", "question", "shown_by"], rows)
    return _told(found, "Is anything wrong in the cache?", said)


def ask_prune_plan(asked: Asked, values: Mapping[str, Any]) -> Told:
    """The specs that nothing kept needs."""
    found = prune_plan(
        asked.part(prune_plan.reads),
        values["keep_release"],
        values["keep_stack"],
        values["deptype"],
    )
    said = f"{counted(len(found.rows), 'spec')} could go. Nothing is deleted."
    return _told(found, "What could go?", said)
