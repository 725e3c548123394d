"""From what a person writes to what it names: the error where that is nothing, or several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphcache.answers import reads
from graphcache.errors import UsageError, no_such
from graphcache.spack.versions import fitting, parse_constraint, version_key
from graphcache.tables import Tables
from graphcache.words import counted

_MANY = 10
"""Specs that an error lists at most."""
_SHORT = 7
"""Characters of a hash that are shown."""
_LONGEST = 32
"""Characters of a whole hash."""
_ALIKE = 3
"""Characters at the beginning that hashes which are near each other share at least."""


def require(name: str, names: Iterable[str], what: str, place: str = "the graph") -> None:
    """Raise a UsageError if the name is not among the names, and say which there are."""
    names = sorted(names)
    if name not in names:
        raise no_such(what, name, names, place)


@reads({"Spec": ("name", "version")})
def the_spec(tables: Tables, text: str) -> str:
    """The hash of the one spec that a text with a hash means.

    The text is `/HASH` or HASH, which may be cut short, and may have a package with its versions
    before the slash: `zlib/HASH`, `zlib@1.2:1.4/HASH`.

    Raises:
        UsageError: there is no such spec, and the message names what is near; or there are
            several, and it lists them.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> the_spec(tables, "zlib-ng@2:/bu5e")[:7]
    'bu5ehkv'
    >>> the_spec(tables, "hdf5/bu5e")
    Traceback (most recent call last):
    graphcache.errors.UsageError: hdf5/bu5e: no such spec in the graph. The hash is of:
      zlib-ng@2.3.2/bu5ehkv
    """
    constraint, slash, prefix = text.strip().rpartition("/")
    if not prefix:
        named = f"{text}: nothing after the slash" if slash else "an empty hash"
        raise UsageError(f"{named}: expected a hash, or its beginning")
    specs = tables.nodes["Spec"]
    fits = _fitting(specs, constraint)
    begins: NDArray[np.bool_] = pc.starts_with(specs["hash"], prefix).to_numpy()
    found = specs.filter(pa.array(begins & fits))
    if found.num_rows == 1:
        return str(found["hash"][0].as_py())
    if found.num_rows:
        several = f"{text}: expected one spec, found {counted(found.num_rows, 'spec')}:"
        raise UsageError(several + spec_lines(found))
    raise _no_spec(text, prefix, specs.filter(pa.array(begins)), specs)


def spec_lines(specs: pa.Table) -> str:
    """Lines that name the specs of a table, each as `name@version/hash7`, behind a line's end.

    >>> print(spec_lines(pa.table({"hash": ["bu5ehkv2"], "name": ["zlib"], "version": ["1.3"]})))
    <BLANKLINE>
      zlib@1.3/bu5ehkv
    """
    chosen = specs.select(["hash", "name", "version"]).slice(0, _MANY).to_pylist()
    shorts = [spec["hash"][:_SHORT] for spec in chosen]
    length = _SHORT if len(set(shorts)) == len(shorts) else None
    lines = [
        (spec["name"] or "")
        + (f"@{spec['version']}" if spec["version"] is not None else "")
        + f"/{spec['hash'][:length]}"
        for spec in sorted(chosen, key=_in_order)
    ]
    if specs.num_rows > _MANY:
        lines.append(f"… and {specs.num_rows - _MANY:,} more")
    return "".join(f"\n  {line}" for line in lines)


def _in_order(spec: dict[str, str]) -> tuple[Any, ...]:
    return spec["name"] or "", version_key(spec["version"]), spec["hash"]


def _fitting(specs: pa.Table, constraint: str) -> NDArray[np.bool_]:
    """Of each spec, whether it is of the package and the versions."""
    if not constraint:
        return np.ones(specs.num_rows, bool)
    name, at, versions = (part.strip() for part in constraint.partition("@"))
    names = specs["name"]
    fits = pc.equal(names, name)
    if not pc.any(fits).as_py():
        raise no_such("package", name, sorted(pc.drop_null(pc.unique(names)).to_pylist()))
    if at:
        there = pc.drop_null(pc.unique(specs["version"].filter(fits))).to_pylist()
        chosen = pa.array(fitting(there, parse_constraint(versions)), pa.string())
        fits = pc.and_(fits, pc.is_in(specs["version"], chosen))
    found: NDArray[np.bool_] = pc.fill_null(fits, False).to_numpy()
    return found


def _no_spec(text: str, prefix: str, of_hash: pa.Table, specs: pa.Table) -> UsageError:
    """The error that no spec is meant: those that have the hash, or one that is like it."""
    none = f"{text}: no such spec in the graph"
    if of_hash.num_rows:
        return UsageError(f"{none}. The hash is of:{spec_lines(of_hash)}")
    for length in range(min(len(prefix) - 1, _LONGEST), _ALIKE - 1, -1):
        near = specs.filter(pc.starts_with(specs["hash"], prefix[:length]))
        if near.num_rows:
            return UsageError(
                f"{none}. Hashes that begin with {prefix[:length]}:{spec_lines(near)}"
            )
    return UsageError(f"{none}, whose {counted(specs.num_rows, 'spec')} have other hashes")
