"""Two releases or two stacks of a graph, by name, as graphs of their own."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.analysis.changes import Diff, diff
from graphcache.analysis.memberships import specs_in
from graphcache.answers import reads
from graphcache.errors import UsageError, no_such, what_to_do
from graphcache.tables import Tables
from graphcache.tables.columns import semi_join

KINDS = {"release": "Release", "stack": "Stack"}


@reads({"Release": (), "Stack": (), "Spec": ()})
def kind_of(names: Collection[str], tables: Tables) -> str:
    """Whether the names are all those of a `release`, of a `stack`, or of a `spec`.

    A spec is what `names.the_spec` reads: a hash, or its beginning, with a package and a slash
    before it, a slash, or nothing. What is exactly the name of a release or stack is none; nor is,
    without a slash, what stands beside such a name.

    Raises:
        UsageError: a name is none of them, or both a release and a stack, or they are not all of a
            kind.

    >>> from graphcache import read
    >>> tables, _ = read("examples/pages")
    >>> kind_of(["e4s", "hep"], tables), kind_of(["/6zzrwog", "rocblas/m5jut4q"], tables)
    ('stack', 'spec')
    """
    known = {kind: _names(tables, kind) for kind in KINDS}
    all_known = {*chain(*known.values())}
    kinds = {}
    for name in names:
        found = [kind for kind, of_kind in known.items() if name in of_kind]
        if len(found) > 1:
            raise what_to_do(
                UsageError,
                f"{name}: both a release and a stack are called so: say which is meant by ",
                python="kind='release' or kind='stack'",
                at_shell="--as release or --as stack",
            )
        may_be_hash = "/" in name or all_known.isdisjoint(names)
        if not found and not (may_be_hash and _is_hash(name, tables)):
            raise no_such(f"{', '.join(known)} or hash", name, sorted(all_known))
        kinds[name] = found[0] if found else "spec"
    different = set(kinds.values())
    if len(different) > 1:
        said = ", ".join(f"{name} is a {kind}" for name, kind in kinds.items())
        raise UsageError(f"expected two of a kind: {said}")
    return different.pop()


def _is_hash(name: str, tables: Tables) -> bool:
    """Whether a name has a slash with letters and digits behind it, or begins as a hash does."""
    before, slash, hash_ = name.rpartition("/")
    if slash:
        return hash_.isalnum() and "/" not in before
    return bool(name) and bool(pc.any(pc.starts_with(tables.nodes["Spec"]["hash"], name)).as_py())


@reads({"Spec": (), "Release": (), "IN_RELEASE": (), "IN_STACK": ("releases",)})
def side(tables: Tables, kind: str, name: str, release: str | None = None) -> Tables:
    """The graph of the specs in a release or stack alone; of a stack in one release, if given.

    It is empty where a stack that there is holds no spec in that release.

    Raises:
        UsageError: there is no such release or stack.

    >>> from graphcache import read
    >>> tables, _ = read("examples/pages")
    >>> side(tables, "stack", "hep").node_counts()["Spec"]
    3
    """
    rows = specs_in(tables, kind, name, release)
    return _only(tables, tables.nodes["Spec"]["hash"].take(pa.array(rows)))


@reads({**kind_of.reads, **side.reads, **diff.reads})
def diff_by_name(
    tables: Tables, names: tuple[str, str], kind: str | None = None, release: str | None = None
) -> Diff:
    """What changed from one release or stack to another; of stacks in one release, if given.

    Raises:
        UsageError: there is no such release or stack; or two specs are named, or a release with
            two releases.

    >>> from graphcache import read
    >>> diff_by_name(read("examples/pages")[0], ("e4s", "hep")).summary.rows[0]
    ('old', 27, 3)
    """
    kind = kind or kind_of(names, tables)
    if kind not in KINDS:
        expected = " or ".join(f"{name}s" for name in KINDS)
        raise UsageError(f"{' and '.join(names)}: expected two {expected}, found {kind}s")
    if release is not None and kind != "stack":
        asked = " and ".join(names)
        raise UsageError(f"{asked}: a release goes with two stacks, and these are {kind}s")
    sides = [side(tables, kind, name, release) for name in names]
    found = diff(*sides)
    empty = [
        f"Stack {name} holds nothing in release {release}."
        for name, one in zip(names, sides, strict=True)
        if not one.nodes["Spec"].num_rows
    ]
    found.summary.notes[:0] = empty
    return found


def _names(tables: Tables, kind: str) -> list[str]:
    names: list[str] = tables.nodes[KINDS[kind]]["name"].to_pylist()
    return names


def _only(tables: Tables, hashes: Any) -> Tables:
    """The graph without other specs, and without the edges of others."""

    def kept(table: Any, column: str) -> Any:
        return semi_join(table, table[column], hashes)

    nodes = {**tables.nodes, "Spec": kept(tables.nodes["Spec"], "hash")}
    edges = {name: kept(tables.edges[name], "from") for name in ("FOR_TARGET", "BUILT_WITH")}
    return Tables(nodes, {**tables.edges, **edges})
