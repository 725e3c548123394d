"""What `view` and `serve` draw of a graph, by what is asked: the one place that both take it from.

    picture = of_package(store.part, "hdf5")

Each function takes `part`, which gives the part of a graph that a selection names, as `Store.part`
does; a server that keeps parts gives its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.pictures.package import package_picture
from graphcache.analysis.pictures.paths import why_picture
from graphcache.analysis.pictures.spec import spec_picture
from graphcache.analysis.pictures.stack import stack_picture
from graphcache.analysis.pictures.store import store_picture
from graphcache.analysis.pictures.two import two_picture
from graphcache.answers import Selection
from graphcache.errors import no_such
from graphcache.tables import Tables
from graphcache.views.pictures.drawing import Picture
from graphcache.views.pictures.package import package
from graphcache.views.pictures.spec import spec
from graphcache.views.pictures.stack import stack
from graphcache.views.pictures.store import store
from graphcache.views.pictures.two import two
from graphcache.views.pictures.why import why

__all__ = ["of_package", "of_spec", "of_stack", "of_store", "of_two", "of_why"]

ReadTables = Callable[[Selection], Tables]
"""Gives the tables of the part of a graph that a selection names."""

_MORE_THAN_A_NAME = re.compile(r"[@+~%^=/]")
"""What a spec has in it that the name of a package or stack has not."""


def of_name(part: ReadTables, text: str) -> Picture:
    """What a text names: a package before a stack of that name, else the one spec that it means.

    Raises:
        UsageError: there is nothing of that name, and the message names what is near.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> [of_name(lambda _: tables, text).title for text in ("hdf5", "io", "hhaw2z5")]
    ['hdf5', 'Stack io', 'hdf5@1.14.6/hhaw2z5']
    """
    nodes = part({"Package": (), "Stack": ()}).nodes
    names = {name: nodes[name]["name"].to_pylist() for name in ("Package", "Stack")}
    if text in names["Package"]:
        return of_package(part, text)
    if text in names["Stack"]:
        return of_stack(part, text)
    specs = part({"Spec": ()}).nodes["Spec"]
    if _MORE_THAN_A_NAME.search(text) or _begins_a_hash(specs, text):
        return of_spec(part, text)
    raise no_such("package, stack or hash", text, [*names["Package"], *names["Stack"]])


def _begins_a_hash(specs: pa.Table, text: str) -> bool:
    return bool(text) and bool(pc.any(pc.starts_with(specs["hash"], text)).as_py())


def of_package(part: ReadTables, name: str, chosen: dict[str, str] | None = None) -> Picture:
    """Its specs, and in what they differ.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_package(lambda _: tables, "hdf5").under
    '2 specs of 2 configurations'
    """
    return package(package_picture(part(package_picture.reads), name, chosen))


def of_spec(part: ReadTables, text: str) -> Picture:
    """What a spec needs, and what needs it.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_spec(lambda _: tables, "hdf5/hhaw2z5").title
    'hdf5@1.14.6/hhaw2z5'
    """
    return spec(spec_picture(part(spec_picture.reads), text))


def of_hash(part: ReadTables, hash_: str) -> Picture:
    """The same of a spec that is known by its whole hash, which may be any text.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_hash(lambda _: tables, "hhaw2z5hxmbnbk74czhiliym6s2d6mu3").title
    'hdf5@1.14.6/hhaw2z5'
    """
    return spec(spec_picture(part(spec_picture.reads), hash_, is_hash=True))


def of_why(part: ReadTables, text: str) -> Picture:
    """The paths from the roots to a spec.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_why(lambda _: tables, "hdf5/hhaw2z5").title
    'Why hdf5@1.14.6/hhaw2z5 is there'
    """
    return why(why_picture(part(why_picture.reads), text))


def of_two(part: ReadTables, left: str, right: str) -> Picture:
    """In what two specs differ.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09", "examples/site/2026-10")
    >>> of_two(lambda _: tables, "hdf5/hhaw2z5", "hdf5/kylug4g").title
    'Two of hdf5@1.14.6'
    """
    return two(two_picture(part(two_picture.reads), left, right))


def of_stack(part: ReadTables, name: str, release: str | None = None) -> Picture:
    """The packages of a stack, and what its roots bring.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_stack(lambda _: tables, "io").under
    '173 specs of 173 packages'
    """
    return stack(stack_picture(part(stack_picture.reads), name, release))


def of_store(part: ReadTables, address: str = "") -> Picture:
    """All stacks, and what they share; `address` is what names of packages are put behind.

    >>> import graphcache
    >>> tables, _ = graphcache.read("examples/site/2026-09")
    >>> of_store(lambda _: tables).under
    '312 specs of 273 packages in 3 stacks'
    """
    return store(store_picture(part(store_picture.reads)), address)
