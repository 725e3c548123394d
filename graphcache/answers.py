"""What a question gives, and what of a graph it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from graphcache.errors import NotKnownError
from graphcache.words import counted

Selection = Mapping[str, Collection[str]]
"""Types of nodes and edges, and of each the properties that are read."""

_P = ParamSpec("_P")
_R_co = TypeVar("_R_co", covariant=True)


class Verb(Protocol[_P, _R_co]):
    """A function of graphs that says what it reads of them."""

    reads: Selection

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R_co:
        """Answer the question."""
        ...


def reads(selection: Selection) -> Callable[[Callable[_P, _R_co]], Verb[_P, _R_co]]:
    """Say what a function reads of a graph: `Store.part` gives just this.

    The function stays as it is, and has `reads` besides.

    >>> @reads({"Spec": ("name",)})
    ... def count_specs(tables):
    ...     return tables.nodes["Spec"].num_rows
    >>> count_specs.reads
    {'Spec': ('name',)}
    """

    def decorate(function: Callable[_P, _R_co]) -> Verb[_P, _R_co]:
        verb = cast("Verb[_P, _R_co]", function)
        verb.reads = selection
        return verb

    return decorate


LOAD_DEPENDENCIES = (
    "pages don't tell them: load the index, lock files or spec files of the same cache, by "
    "'graphcache update PATH...'"
)


def notes_on_dependencies(unknown: int, specs: int, *, edges: bool) -> list[str]:
    """What an answer that stands on dependencies can't know.

    Args:
        unknown: the specs of the graph whose dependencies no source tells, or not all of them.
        specs: all its specs.
        edges: whether there are dependencies, as spec texts of old pages tell some.

    Raises:
        NotKnownError: none are known, so that the answer would be wrong.

    >>> notes_on_dependencies(2, 7, edges=True)
    ['The dependencies of 2 of 7 specs are not known, and what these need is not in the answer.']
    """
    if specs and unknown == specs and not edges:
        raise NotKnownError(
            f"the answer stands on dependencies, and of none of {counted(specs, 'spec')} they are "
            f"known; {LOAD_DEPENDENCIES}"
        )
    if not unknown:
        return []
    return [
        f"The dependencies of {unknown:,} of {counted(specs, 'spec')} are not known, and what "
        f"these need is not in the answer."
    ]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave: the names of the columns, and one row per result."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """True where the limit cut rows off."""
    notes: list[str] = field(default_factory=list)
    """What the answer can't know, a sentence each."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dict per row, by column.

        >>> Answer(["package", "specs"], [("zlib", 3)]).to_dicts()
        [{'package': 'zlib', 'specs': 3}]
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]
