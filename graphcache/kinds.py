"""The kinds of names that a question takes: of a package, a stack, a release, a hash and so on.

What a person wrote is held against the graph before a statement is asked of it, since a statement
answers a name that the graph does not have with nothing, as if that were so. The same names are
what a shell completes and a form suggests. All is asked of a store by statements of graphcache's
own, with what a person wrote as a parameter and a bound on what comes back.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from graphcache.errors import UsageError, no_such, none_of, not_known
from graphcache.schema import NODE_TYPES, quote
from graphcache.spack.targets import known_targets
from graphcache.spack.versions import fitting, parse_constraint, version_key
from graphcache.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphcache.stores.base import Store

Kind = Literal["package", "stack", "release", "compiler", "os", "libc", "virtual", "target", "hash"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class _Place(NamedTuple):
    """Where in the graph the names of a kind are; a label in braces is one of the declaration."""

    pattern: str
    has: str
    """The condition that something that fits the pattern has a name."""
    each: str
    """Makes `name` of what fits the pattern."""


_PLACES: dict[Kind, _Place] = {
    "package": _Place("(n:{Package})", "n.name = {name}", "WITH n.name AS name"),
    "stack": _Place("(n:{Stack})", "n.name = {name}", "WITH n.name AS name"),
    "release": _Place("(n:{Release})", "n.name = {name}", "WITH n.name AS name"),
    "compiler": _Place("(n:{Compiler})", "n.spec = {name}", "WITH n.spec AS name"),
    "os": _Place("(n:{Spec})", "n.os = {name}", "WITH n.os AS name"),
    "libc": _Place(
        "(:{Spec})-[d:DEPENDS_ON]->(n:{Spec})",
        "'libc' IN d.virtuals AND n.name + '@' + n.version = {name}",
        "UNWIND d.virtuals AS virtual WITH n, virtual WHERE virtual = 'libc' "
        "WITH n.name + '@' + n.version AS name",
    ),
    "virtual": _Place(
        "(:{Spec})-[d:DEPENDS_ON]->(:{Spec})",
        "{name} IN d.virtuals",
        "UNWIND d.virtuals AS name WITH name",
    ),
    "hash": _Place("(n:{Spec})", "n.hash = {name}", "WITH n.hash AS name"),
}
"""Of each kind but the targets, which are those of archspec."""

_CALLED: dict[Kind, str] = {
    "os": "operating system",
    "libc": "C library",
    "virtual": "virtual package",
}
"""What an error calls a kind, where it is not by its own name."""

_LOOKED_AT = 10_000
"""Names among which one that is close is looked for, and specs that a part of a hash may be of."""
LISTED = 10
"""Specs that an error lists."""
_SHORT = 7
"""Characters of a hash that an error shows."""
ALIKE = 3
"""Characters at their beginning that hashes which are near each other have in common at least."""

VIRTUALS_TOLD = 4
"""The form of specs from which on it is told what a dependency provides."""

_NAME = re.compile(r"[\w-]+")
"""The name of a package at the beginning of a spec."""

Spec = tuple[str, str | None, str | None]
"""Hash, package and version."""


def names(
    store: Store, kind: Kind, beginning: str = "", *, most: int, timeout: float | None = None
) -> list[str]:
    """The names of a kind that begin so, sorted, and at most so many.

    The targets are those that archspec knows, whatever the store holds: a machine may be any.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         names(store, "package", "py-", most=2)
    ['py-ml-dtypes', 'py-pdm-backend']
    """
    if kind == "target":
        return [name for name in known_targets() if name.startswith(beginning)][:most]
    place = _PLACES[kind]
    found = store.query(
        f"MATCH {_pattern(store, kind)} {place.each} WHERE name STARTS WITH $beginning "
        "RETURN DISTINCT name ORDER BY name",
        {"beginning": beginning},
        limit=most,
        timeout=timeout,
    )
    return [str(name) for (name,) in found.rows]


def look_up(store: Store, kind: Kind, text: str, *, timeout: float | None = None) -> str:
    """The name that a text is; of a hash, which may be cut short, the whole hash.

    A hash is written as Spack takes it: `/HASH` or HASH, and before the slash there may be a
    package and its versions: `zlib/HASH`, `zlib@1.2:1.4/HASH`.

    Raises:
        UsageError: the graph has no such name; the message says which are close. Or a part of a
            hash is that of several specs, which it lists.
    """
    has = _PLACES[kind].has.format(name=f"${kind}")  # an error names the parameter
    statement = f"MATCH {_pattern(store, kind)} WHERE {has} RETURN ${kind} LIMIT 1"
    if store.query(statement, {kind: text}, timeout=timeout).rows:
        return text
    if kind == "hash":
        return _hash(store, text, timeout)
    there = names(store, kind, most=_LOOKED_AT, timeout=timeout)
    name = _NAME.match(text)
    if kind == "package" and name and name[0] in there:
        raise UsageError(
            f"{text}: expected the name of a package, such as {name[0]}, found a spec: "
            f"graphcache find {shlex.quote(text)} lists those that are as it says"
        )
    if kind == "virtual" and not there and not _tells_virtuals(store, timeout):
        raise not_known(
            f"{text}: of no dependency it is told what it provides, as specs of before form 4 and "
            "pages do not tell it; load an index or lock file of Spack 0.20 or later,"
        )
    raise no_such(_CALLED.get(kind, kind), text, there)


def _tells_virtuals(store: Store, timeout: float | None) -> bool:
    """Whether some spec is of a form that says what its dependencies provide."""
    told = f"n.original_specfile_version >= {VIRTUALS_TOLD}"
    statement = f"MATCH {_pattern(store, 'hash')} WHERE {told} RETURN n.hash LIMIT 1"
    return bool(store.query(statement, timeout=timeout).rows)


def look_up_version(
    store: Store, package: str, version: str, *, timeout: float | None = None
) -> str:
    """A version that some spec of the package has.

    Raises:
        UsageError: none has it; the message says which versions there are.
    """
    statement = (
        f"MATCH {_pattern(store, 'hash')} WHERE n.name = $package AND n.version IS NOT NULL "
        "RETURN DISTINCT n.version"
    )
    answer = store.query(statement, {"package": package}, limit=_LOOKED_AT, timeout=timeout)
    there = sorted((str(found) for (found,) in answer.rows), key=version_key)
    if version not in there:
        raise none_of("version", f"{package}@{version}", reversed(there))
    return version


def hash_in(text: str) -> str:
    """What of a text is the hash, or its beginning.

    >>> hash_in("zlib@1.2/bu5e"), hash_in("/bu5e"), hash_in("bu5e ")
    ('bu5e', 'bu5e', 'bu5e')
    """
    return text.strip().rpartition("/")[2]


def _pattern(store: Store, kind: Kind) -> str:
    """The pattern of a kind, with the labels by which the store knows its own nodes."""
    labels = {type_.name: quote(store.label(type_.name)) for type_ in NODE_TYPES}
    return _PLACES[kind].pattern.format(**labels)


def _hash(store: Store, text: str, timeout: float | None) -> str:
    package, at, versions = text.strip().rpartition("/")[0].partition("@")
    package, prefix = package.strip(), hash_in(text)
    if not prefix:
        raise UsageError(f"{text or 'an empty hash'}: expected a hash, or its beginning")
    if package:
        look_up(store, "package", package, timeout=timeout)
    begins = _begin_so(store, prefix, timeout)
    found = [spec for spec in begins if package in ("", spec[1])]
    if at:
        there = {version for _, _, version in found if version is not None}
        fit = set(fitting(there, parse_constraint(versions)))
        found = [spec for spec in found if spec[2] in fit]
    if len(found) == 1:
        return found[0][0]
    if found:
        several = f"{text}: expected one spec, found {counted(len(found), 'spec')}:"
        raise UsageError(several + _lines(found))
    none = f"{text}: no such spec in the graph"
    if begins:
        raise UsageError(f"{none}. The hash is of:{_lines(begins)}")
    raise UsageError(none + _near(store, prefix, timeout))


def _begin_so(store: Store, prefix: str, timeout: float | None) -> list[Spec]:
    """The specs whose hashes begin so."""
    statement = (
        f"MATCH {_pattern(store, 'hash')} WHERE n.hash STARTS WITH $prefix "
        "RETURN n.hash AS hash, n.name AS package, n.version AS version ORDER BY hash"
    )
    answer = store.query(statement, {"prefix": prefix}, limit=_LOOKED_AT, timeout=timeout)
    return [(hash_, package, version) for hash_, package, version in answer.rows]


def _near(store: Store, prefix: str, timeout: float | None) -> str:
    """The specs whose hashes are like one that no spec has; nothing where none are."""
    begins = _begin_so(store, prefix[:ALIKE], timeout) if len(prefix) > ALIKE else []
    for length in range(len(prefix) - 1, ALIKE - 1, -1):
        near = [spec for spec in begins if spec[0].startswith(prefix[:length])]
        if near:
            return f". Hashes that begin with {prefix[:length]}:{_lines(near)}"
    return ""


def spec_lines(specs: Iterable[Spec], more: int = 0) -> str:
    """Lines that name specs, each as `name@version/hash7`, behind a line's end.

    Args:
        specs: what is listed.
        more: how many further specs are not.

    >>> print(spec_lines([("bu5ehkv2", "zlib", "1.3")], more=2))
    <BLANKLINE>
      zlib@1.3/bu5ehkv
      … and 2 more
    """
    shown = list(specs)
    length = _SHORT if len({hash_[:_SHORT] for hash_, _, _ in shown}) == len(shown) else None
    lines = [
        f"{package or ''}{f'@{version}' if version is not None else ''}/{hash_[:length]}"
        for hash_, package, version in shown
    ]
    if more:
        lines.append(f"… and {more:,} more")
    return "".join(f"\n  {line}" for line in lines)


def _lines(specs: list[Spec]) -> str:
    return spec_lines(specs[:LISTED], max(len(specs) - LISTED, 0))
