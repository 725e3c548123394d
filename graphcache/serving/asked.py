"""What a page has at hand: the request, the open store, the parts and pictures that are kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from graphcache.answers import Answer, Selection
from graphcache.errors import UsageError
from graphcache.serving import links
from graphcache.serving.holding import HeldStore
from graphcache.serving.kept import Kept
from graphcache.stores.base import Store
from graphcache.tables import Tables
from graphcache.views.pictures.drawing import Links, Picture, fragment

Given = dict[str, list[str]]
"""The values of a query string, by name."""


class SiteLinks(Links):
    """Where names lead to on this site."""

    def spec(self, hash_: str) -> str | None:
        """The page of a spec."""
        return links.spec_address(hash_)

    def package(self, name: str) -> str | None:
        """The page of a package."""
        return links.package_address(name)

    def stack(self, name: str) -> str | None:
        """The page of a stack."""
        return links.stack_address(name)

    def column(self, column: str, value: Any) -> str | None:
        """The page of a value in a column of an answer."""
        return links.address_in_column(column, value)


@dataclass(frozen=True, slots=True)
class Asked:
    """The store that a request reads."""

    store: Store
    parts: Kept[Tables]
    pictures: Kept[Markup]
    answers: Kept[Answer]

    def part(self, wanted: Selection) -> Tables:
        """A part of the graph; of a file it is kept."""
        key = tuple(sorted((name, tuple(columns)) for name, columns in wanted.items()))
        return self.parts.of(self.store, key, lambda: self.store.part(wanted))

    def drawn(self, key: Hashable, picture: Callable[[], Picture]) -> Markup:
        """A picture as a part of a page; of a file it is kept."""
        return self.pictures.of(self.store, key, lambda: fragment(picture(), SiteLinks()))


@contextmanager
def asking(request: Request) -> Iterator[Asked]:
    """The store as it is now, which stays open until the block ends."""
    held: HeldStore = request.app.state.store
    with held.reading() as store:
        state = request.app.state
        yield Asked(store, state.parts, state.pictures, state.answers)


def given(request: Request, *own: str) -> Given:
    """The query string without some names of the page's own."""
    names = dict.fromkeys(name for name in request.query_params if name not in own)
    return {name: request.query_params.getlist(name) for name in names}


def number(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 of the query string.

    Raises:
        UsageError: it is none, or too large.
    """
    text = request.query_params.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and text.isascii() and len(text) < 10 and 1 <= int(text) <= most):
        raise UsageError(f"{name}: expected a whole number from 1 to {most:,}, found {text[:40]!r}")
    return int(text)


def form(request: Request, known: Sequence[str]) -> str:
    """The format that is asked for, the first one if none is.

    Raises:
        UsageError: it is not known.
    """
    wanted = request.query_params.get("format", known[0])
    if wanted not in known:
        expected = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(f"format: expected {expected}, found {wanted[:40]!r}")
    return wanted
