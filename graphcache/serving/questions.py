"""The questions that have a page: what each takes, how it is answered, and its command."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphcache.kinds import Kind
from graphcache.serving import answering
from graphcache.serving.asked import Asked, Given
from graphcache.serving.forms import as_operand


@dataclass(frozen=True, slots=True)
class Input:
    """Something that a question takes."""

    name: str
    """In the address."""
    doc: str
    option: str = ""
    """On the command line; empty for what stands alone there."""
    suggested: Kind | None = None
    """The kind of which names are offered."""
    needed: bool = False
    many: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A question that has a page of its own."""

    name: str
    """Of its command, and in the address."""
    title: str
    asks: str
    """What it answers, as a question."""
    inputs: tuple[Input, ...]
    answer: Callable[[Asked, Mapping[str, Any]], answering.Told]
    on_start: str = ""
    """What the start page asks for at once: the name of an input."""
    at_once: bool = field(default=False)
    """Whether it is answered without any input."""

    def values(self, given: Given) -> dict[str, Any]:
        """What was given, by input; a list of an input of which there may be many."""
        found: dict[str, Any] = {}
        for one in self.inputs:
            texts = [text.strip() for text in given.get(one.name, []) if text.strip()]
            if one.many:
                found[one.name] = texts
            else:
                found[one.name] = texts[-1] if texts else one.default or None
        return found

    def is_complete(self, given: Given) -> bool:
        """Whether it can be answered: nothing that is needed is missing."""
        values = self.values(given)
        asked = any(values[one.name] not in (None, [], one.default) for one in self.inputs)
        return all(values[one.name] for one in self.inputs if one.needed) and (
            asked or self.at_once
        )

    def command(self, values: Mapping[str, Any]) -> list[str]:
        """The words of the command that answers it."""
        words = ["graphcache", self.name]
        for one in self.inputs:
            value = values[one.name]
            if value in (None, [], one.default):
                continue
            for text in value if one.many else [value]:
                if one.choices == ("yes",):
                    words.append(one.option)
                elif one.option:
                    words += [one.option, text]
                else:
                    words.append(as_operand(text))
        return words

    def shell(self, values: Mapping[str, Any]) -> str:
        """The same as one line to paste."""
        return shlex.join(self.command(values))


_SPEC = Input(
    "spec",
    "a spec as Spack takes it",
    suggested="package",
    needed=True,
    placeholder="hdf5@1.14: +mpi",
)
_STACK = Input("stack", "only in this stack", "--stack", "stack")
_RELEASE = Input("release", "only in this release", "--release", "release")
DEPTYPES = ("all", "link,run", "build")
"""Types of dependencies that a form offers to follow."""
_TYPES = Input(
    "deptype",
    "by dependencies of these types",
    "--deptype",
    default="all",
    choices=DEPTYPES,
)


_QUESTIONS = (
    Question(
        "usable",
        "Which binaries run here?",
        "Which binaries are as a spec asks, and run on this machine or another?",
        (
            _SPEC,
            Input(
                "target",
                "the machine's CPU, such as zen4; this one's if empty",
                "--target",
                "target",
            ),
            Input(
                "libc", "its C library, such as glibc@2.35; this one's if empty", "--libc", "libc"
            ),
            Input("os", "its operating system, where no library is known", "--os", "os"),
            _STACK,
            _RELEASE,
            Input(
                "all",
                "also those that Spack does not take, with why not",
                "--all",
                choices=("yes",),
            ),
        ),
        answering.ask_usable,
        on_start="spec",
    ),
    Question(
        "find",
        "Which specs are there?",
        "Which specs are as Spack's words ask?",
        (_SPEC, _STACK, _RELEASE),
        answering.ask_find,
        on_start="spec",
    ),
    Question(
        "why",
        "Why is it there?",
        "Which roots need a spec, and by which path?",
        (_SPEC,),
        answering.ask_why,
        on_start="spec",
    ),
    Question(
        "impact",
        "What does a change touch?",
        "How many specs need it, itself or through others, by stack and release?",
        (_SPEC, _STACK, _RELEASE, _TYPES),
        answering.ask_impact,
        on_start="spec",
    ),
    Question(
        "rebuilds",
        "Why was it built again?",
        "What differs in specs that look alike, and were built several times?",
        (
            Input("package", "only rebuilds of what is as this asks", "--package", "package"),
            Input("stack", "only rebuilds in this stack", "--stack", "stack"),
            Input(
                "what_if",
                "what would remain if these were held throughout",
                "--what-if",
                "package",
                many=True,
            ),
        ),
        answering.ask_rebuilds,
        on_start="package",
        at_once=True,
    ),
    Question(
        "diff",
        "What changed?",
        "What was added, removed, rebuilt and changed between two releases or stacks, or in what "
        "do two specs differ?",
        (
            Input(
                "from", "a release, a stack, or a spec as /HASH", needed=True, suggested="release"
            ),
            Input("to", "another one of its kind", needed=True, suggested="release"),
            Input("release", "with two stacks: only in this release", "--release", "release"),
        ),
        answering.ask_diff,
        on_start="from",
    ),
    Question(
        "check",
        "Is anything wrong?",
        "What is wrong in the cache?",
        (),
        answering.ask_check,
        at_once=True,
    ),
    Question(
        "prune-plan",
        "What could go?",
        "Which specs does nothing that is kept need?",
        (
            Input("keep_release", "keep this release", "--keep-release", "release", many=True),
            Input("keep_stack", "keep this stack", "--keep-stack", "stack", many=True),
            _TYPES,
        ),
        answering.ask_prune_plan,
        on_start="keep_release",
    ),
)
QUESTIONS: dict[str, Question] = {question.name: question for question in _QUESTIONS}
"""By name, in the order in which the start page has them."""


def suggested(question: Question) -> Sequence[Kind]:
    """The kinds of which its form offers names."""
    return sorted({one.suggested for one in question.inputs if one.suggested})
