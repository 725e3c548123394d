"""What a question gives, and what of a graph it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

from graphcache.errors import UsageError, not_known
from graphcache.words import counted

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

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
    "pages don't tell them: load the index, lock files or spec files of the same cache"
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
        raise not_known(
            f"the answer stands on dependencies, and of none of {counted(specs, 'spec')} they are "
            f"known; {LOAD_DEPENDENCIES},"
        )
    if not unknown:
        return []
    return [
        f"The dependencies of {unknown:,} of {counted(specs, 'spec')} are not known, and what "
        f"these need is not in the answer."
    ]


_SHOWN_ROWS = 20
"""Rows of an answer that a notebook shows."""
_LONGEST = 200
"""Characters of a value that a notebook shows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gave: the names of the columns, and one row per result.

    Its length is that of its rows, and it is iterated by row. In a notebook it shows as a table.

    >>> answer = Answer(["package", "specs"], [("zlib", 3), ("hdf5", 1)])
    >>> answer
    <Answer of 2 rows: package, specs>
    >>> len(answer), [package for package, specs in answer]
    (2, ['zlib', 'hdf5'])
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    more: bool = False
    """True where the limit cut rows off."""
    notes: list[str] = field(default_factory=list)
    """What the answer can't know, a sentence each."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        more = ", and there are more" if self.more else ""
        return f"<Answer of {counted(len(self.rows), 'row')}{more}: {', '.join(self.columns)}>"

    def to_dicts(self) -> list[dict[str, Any]]:
        """One dict per row, by column.

        >>> Answer(["package", "specs"], [("zlib", 3)]).to_dicts()
        [{'package': 'zlib', 'specs': 3}]
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def to_arrow(self) -> pa.Table:
        """The answer as a table of Arrow, whose columns have the types of their values.

        Raises:
            UsageError: a column has values of several types, or two columns have one name.

        >>> Answer(["package", "stacks"], [("zlib", ["e4s"])]).to_arrow().schema.types
        [DataType(string), ListType(list<item: string>)]
        """
        import pyarrow as pa

        if len(set(self.columns)) < len(self.columns):
            twice = next(name for name in self.columns if self.columns.count(name) > 1)
            raise UsageError(f"two columns are named {twice!r}: name them apart by AS")
        values = zip(*self.rows, strict=True) if self.rows else [()] * len(self.columns)
        columns = {}
        for name, column in zip(self.columns, values, strict=True):
            try:
                columns[name] = pa.array(column)
            except (pa.ArrowException, OverflowError) as error:
                types = ", ".join(sorted({type(value).__name__ for value in column}))
                raise UsageError(
                    f"column {name}: expected values that a table can hold as one type, found "
                    f"{types} ({error}): take rows or to_dicts"
                ) from error
        return pa.table(columns)

    def to_pandas(self) -> pandas.DataFrame:
        """The answer for pandas, where a column of integers may have a value that is not known.

        Raises:
            UsageError: as `to_arrow` does; or pandas is not installed.

        >>> Answer(["package", "size"], [("zlib", 3), ("hdf5", None)]).to_pandas()["size"].sum()
        np.int64(3)
        """
        pandas = _installed("pandas")
        types = {"int64": pandas.Int64Dtype(), "bool": pandas.BooleanDtype()}
        return self.to_arrow().to_pandas(types_mapper=lambda type_: types.get(str(type_)))

    def to_polars(self) -> polars.DataFrame:
        """The answer for Polars.

        Raises:
            UsageError: as `to_arrow` does; or Polars is not installed.

        >>> Answer(["package", "size"], [("zlib", 3), ("hdf5", None)]).to_polars()["size"].sum()
        3
        """
        frame: polars.DataFrame = _installed("polars").DataFrame(self.to_arrow())
        return frame

    def _repr_html_(self) -> str:
        """The first rows as a table of HTML, for a notebook; nothing of the data is markup."""
        head = "".join(f"<th>{_html(name)}</th>" for name in self.columns)
        body = "".join(
            f"<tr>{''.join(f'<td>{_html(value)}</td>' for value in row)}</tr>"
            for row in self.rows[:_SHOWN_ROWS]
        )
        shown = counted(len(self.rows), "row")
        if len(self.rows) > _SHOWN_ROWS:
            shown = f"{_SHOWN_ROWS} of {shown}"
        said = [f"{shown}, and there are more" if self.more else shown, *self.notes]
        below = "".join(f"<p>{_html(text)}</p>" for text in said)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{below}"


def _html(value: Any) -> str:
    """A value as text that is safe in a page, and not longer than a person reads."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value[:_SHOWN_ROWS])) + (" …" * (len(value) > _SHOWN_ROWS))
    text = str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _installed(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            f"{name} is not installed: pip install 'graphcache[{name}]', or take to_arrow"
        ) from error
