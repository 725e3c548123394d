"""What the pages show, asked of a store: every statement with a time limit and a row limit.

A text in a statement is always graphcache's own; what comes from a visitor is a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphcache.analysis.matching.choosing import check_length
from graphcache.analysis.matching.names import joined_specs, the_spec
from graphcache.errors import QueryError, UsageError, close_names, no_such
from graphcache.schema import NodeType, node_type
from graphcache.spack.compilers import compiler_key
from graphcache.spack.versions import version_key
from graphcache.stores import Store
from graphcache.stores.statements import match_keys
from graphcache.views.pictures.asked import ReadTables

SECONDS = 10.0
"""A statement may take so long."""
MOST = 200
"""Rows of a list."""
_KEYS = 1_000_000
"""Rows that a list is cut from: more than any package or stack has specs."""

_CLOSE = 8

_PLAIN = re.compile(r"/?\w[\w.-]*")
"""A name, a hash, or a part of one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The first rows of a list, and how many it has."""

    rows: list[Any]
    total: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found; each list has at most `MOST` rows."""

    packages: Listing
    specs: Listing
    """Rows of hash, package and version."""
    stacks: Listing
    close: list[str]
    """Packages with a similar name, where no package has the text in its name."""


@dataclass(frozen=True, slots=True)
class SpecPage:
    """A spec with all that is tied to it."""

    properties: dict[str, Any]
    target: str | None
    compilers: list[tuple[Any, ...]]
    stacks: list[tuple[Any, ...]]
    releases: list[tuple[Any, ...]]
    dependencies: Listing
    dependents: Listing
    twins: Listing
    """Other specs of the same configuration."""
    spliced_from: list[tuple[Any, ...]]
    """Of a spliced spec the one that was built: hash, name and version."""


@dataclass(frozen=True, slots=True)
class StackPage:
    """A stack: its packages, and how many of its specs each target, compiler and release has."""

    packages: list[tuple[Any, ...]]
    """Each with the number of its specs, by name."""
    counts: dict[str, dict[str, int]]


def _rows(
    store: Store, cypher: str, limit: int = _KEYS, /, **parameters: Any
) -> list[tuple[Any, ...]]:
    return store.query(cypher, parameters, limit=limit, timeout=SECONDS).rows


def _count(store: Store, cypher: str, **parameters: Any) -> int:
    return int(_rows(store, cypher, 1, **parameters)[0][0])


def names(store: Store, type_: NodeType) -> list[str]:
    """The keys of all nodes of a type, sorted."""
    return [
        str(row[0])
        for row in _rows(store, f"MATCH (n:{type_.name}) RETURN n.{type_.key} AS key ORDER BY key")
    ]


def stacks(store: Store) -> list[tuple[Any, ...]]:
    """All stacks, each with its number of specs, by name."""
    return _rows(
        store, "MATCH (s:Spec)-[:IN_STACK]->(k:Stack) RETURN k.name AS name, count(*) ORDER BY name"
    )


# Search -------------------------------------------------------------------------------------------

_NAMED = """
MATCH (n:{label}) WHERE toLower(n.name) CONTAINS $text
RETURN n.name AS name ORDER BY CASE WHEN toLower(n.name) STARTS WITH $text THEN 0 ELSE 1 END, name
"""
_HASHED = """
MATCH (s:Spec) WHERE s.hash STARTS WITH $text
RETURN s.hash AS hash, s.name, s.version ORDER BY hash
"""


def search(store: Store, text: str, most: int = _KEYS) -> Found:
    """Packages and stacks with the text in their names, and specs whose hash begins with it.

    At most so many of each are looked for.
    """
    lower = text.lower()
    packages = _cut(_rows(store, _NAMED.format(label="Package"), most, text=lower))
    hashed = hash_in(text)
    return Found(
        packages,
        _cut(_rows(store, _HASHED, most, text=hashed) if hashed else []),
        _cut(_rows(store, _NAMED.format(label="Stack"), most, text=lower)),
        [] if packages.total else close_to(store, text, node_type("Package")),
    )


def hash_in(text: str) -> str:
    """The hash in what Spack prints or takes: HASH, /HASH, PACKAGE/HASH, or a part of a hash.

    >>> hash_in("hdf5/RIU3BSV"), hash_in("hdf5")
    ('riu3bsv', 'hdf5')
    """
    return text.lower().rpartition("/")[2].strip()


def is_spec(text: str, found: Found) -> bool:
    """Whether a text is to be read as a spec: more than a name or a hash, and in no name.

    >>> nothing = Found(Listing([], 0), Listing([], 0), Listing([], 0), [])
    >>> [is_spec(text, nothing) for text in ("hdf5", "/abc", "hdf5/abc", "hdf5 +mpi")]
    [False, False, True, True]
    """
    return not (_PLAIN.fullmatch(text) or found.packages.total or found.stacks.total)


def one_hash(part: ReadTables, text: str) -> str | None:
    """The hash of the spec that a text with a hash means, such as `hdf5@1.14/abc`; None if none.

    Raises:
        UsageError: the text is too long, or no spec.
    """
    check_length(text)
    specs = joined_specs(text)
    if len(specs) != 1 or not specs[0].hash:
        return None
    try:
        return the_spec(part(the_spec.reads), text)
    except UsageError:
        return None  # `find` says what is near


def close_to(store: Store, text: str, type_: NodeType) -> list[str]:
    """Names of nodes of a type that are like the text, the likest first."""
    return close_names(text.lower(), names(store, type_), _CLOSE)


def _cut(rows: list[tuple[Any, ...]]) -> Listing:
    return Listing(rows[:MOST], len(rows))


def has(store: Store, type_: NodeType, key: str) -> bool:
    """Whether the store has a node of that type with that key."""
    cypher = f"MATCH (n:{type_.name} {{{type_.key}: $key}}) RETURN n.{type_.key}"
    return bool(_rows(store, cypher, 1, key=key))


# A package ----------------------------------------------------------------------------------------

_ORDERS = {"version": version_key, "compiler": compiler_key}
"""How names are sorted, where not as text."""


def sorted_choices(choices: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Values with their counts, as a person sorts them.

    >>> sorted_choices({"version": {"1.10": 1, "1.9": 2}})
    {'version': {'1.9': 2, '1.10': 1}}
    """
    return {
        name: {value: counts[value] for value in sorted(counts, key=_ORDERS.get(name))}
        for name, counts in choices.items()
    }


# A spec -------------------------------------------------------------------------------------------

_SPEC = "MATCH (s:Spec {hash: $hash})"
_TIED = {
    "target": f"{_SPEC}-[:FOR_TARGET]->(t:Target) RETURN t.name",
    "compilers": f"{_SPEC}-[x:BUILT_WITH]->(c:Compiler) "
    "RETURN c.spec AS name, x.languages ORDER BY name",
    "stacks": f"{_SPEC}-[x:IN_STACK]->(k:Stack) "
    "RETURN k.name AS name, x.releases, x.root ORDER BY name",
    "releases": f"{_SPEC}-[x:IN_RELEASE]->(r:Release) RETURN r.name AS name, x.root ORDER BY name",
    "spliced_from": f"{_SPEC}-[:SPLICED_FROM]->(o:Spec) "
    "RETURN o.hash AS hash, o.name, o.version ORDER BY hash",
    "dependencies": f"{_SPEC}-[x:DEPENDS_ON]->(o:Spec) "
    "RETURN o.hash AS hash, o.name AS name, o.version, x.types, x.virtuals ORDER BY name, hash",
}
_DEPENDENTS = (
    f"{_SPEC}<-[x:DEPENDS_ON]-(o:Spec) "
    "RETURN o.hash AS hash, o.name AS name, o.version, x.types, x.virtuals ORDER BY name, hash"
)
_COUNT_DEPENDENTS = f"{_SPEC}<-[:DEPENDS_ON]-(:Spec) RETURN count(*)"
_TWINS = """
MATCH (s:Spec {configuration: $configuration}) WHERE s.hash <> $hash
RETURN s.hash AS hash ORDER BY hash
"""


def spec_page(store: Store, hash_: str) -> SpecPage | None:
    """All about a spec; None if there is none of that hash."""
    type_ = node_type("Spec")
    columns = list(store.columns(type_))
    found = _rows(store, match_keys(type_, columns), 1, keys=[hash_])
    if not found:
        return None
    properties = dict(zip(columns, found[0], strict=True))
    tied = {name: _rows(store, cypher, hash=hash_) for name, cypher in _TIED.items()}
    # Of dependents there may be thousands, so they are counted and not all fetched.
    dependents = _rows(store, _DEPENDENTS, MOST, hash=hash_)
    count = _count(store, _COUNT_DEPENDENTS, hash=hash_)
    twins = _rows(store, _TWINS, hash=hash_, configuration=properties["configuration"] or "")
    return SpecPage(
        properties,
        tied["target"][0][0] if tied["target"] else None,
        sorted(tied["compilers"], key=lambda row: compiler_key(row[0])),
        tied["stacks"],
        tied["releases"],
        _cut(tied["dependencies"]),
        Listing(dependents, count),
        _cut(twins),
        tied["spliced_from"],
    )


# A stack ------------------------------------------------------------------------------------------

_IN_STACK = "MATCH (s:Spec)-[x:IN_STACK]->(:Stack {name: $stack})"
_OF_RELEASE = "WITH s, x, $release AS wanted WHERE wanted IN x.releases"
_STACK_PACKAGES = "RETURN s.name AS name, count(*) ORDER BY name"
_STACK_COUNTS = {
    "target": "MATCH (s)-[:FOR_TARGET]->(t:Target) RETURN t.name AS name, count(*) ORDER BY name",
    "compiler": "MATCH (s)-[:BUILT_WITH]->(c:Compiler) "
    "RETURN c.spec AS name, count(*) ORDER BY name",
}
_STACK_RELEASES = f"{_IN_STACK} UNWIND x.releases AS name RETURN name, count(*) ORDER BY name"


def stack_page(store: Store, stack: str, release: str | None) -> StackPage | None:
    """What a stack holds; None if there is no such stack.

    `release` narrows all but the counts by release; all of them count if it is None.

    Raises:
        UsageError: the stack is not in that release.
    """
    if not has(store, node_type("Stack"), stack):
        return None
    releases = dict(_rows(store, _STACK_RELEASES, stack=stack))
    if release is not None and release not in releases:
        raise no_such("release", release, releases, f"stack {stack}")
    narrowed = _IN_STACK if release is None else f"{_IN_STACK} {_OF_RELEASE}"
    given = {"stack": stack} | ({} if release is None else {"release": release})
    packages = _rows(store, f"{narrowed} {_STACK_PACKAGES}", **given)
    counts: dict[str, dict[str, int]] = {
        name: _sorted_by(_ORDERS.get(name), _rows(store, f"{narrowed} {cypher}", **given))
        for name, cypher in _STACK_COUNTS.items()
    }
    counts["release"] = releases
    return StackPage(packages, counts)


def _sorted_by(key: Callable[[str], Any] | None, rows: list[tuple[Any, ...]]) -> dict[str, int]:
    """Pairs of a name and a count, by name."""
    counts = dict(rows)
    return {name: counts[name] for name in sorted(counts, key=key)}


def spec_of_prefix(store: Store, prefix: str) -> list[str]:
    """The hashes that begin with the text; two at most, which is enough to see that it is not one.

    Raises:
        QueryError: the text is empty.
    """
    if not prefix:
        raise QueryError("expected a hash or the beginning of one, found nothing")
    return [row[0] for row in _rows(store, _HASHED, 2, text=prefix)]
