"""From what a person writes to what it names: the error where that is nothing, or several."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.checking import check_names, lines_of, no_spec
from graphcache.analysis.matching.fitting import all_of, misspelt, together, why_none
from graphcache.analysis.matching.matcher import READS, Matcher
from graphcache.analysis.matching.spec_columns import Truth
from graphcache.answers import Selection, reads
from graphcache.errors import UsageError, no_such
from graphcache.spack.spec_parser import parse_spec, parse_specs, with_quotes
from graphcache.spack.specs import AbstractSpec
from graphcache.tables import Tables
from graphcache.words import counted


def require(name: str, names: Iterable[str], what: str, place: str = "the graph") -> None:
    """Raise a UsageError if the name is not among the names, and say which there are."""
    names = sorted(names)
    if name not in names:
        raise no_such(what, name, names, place)


@reads(READS)
def the_spec(tables: Tables, text: str) -> str:
    """The hash of the one spec that a text means.

    The text is `/HASH` or HASH, which may be cut short, or a spec as people type it at Spack:
    `zlib/HASH`, `zlib@1.2:1.4 +pic/HASH`, `hdf5+mpi ^openmpi@5`.

    Raises:
        UsageError: there is no such spec, and the message names what is near; or there are
            several, and it lists them; or the text is no spec.

    >>> import graphcache
    >>> tables, _ = graphcache.read("tests/data/spack/radiuss.v6.spack.lock.gz")
    >>> the_spec(tables, "zlib-ng@2:/bu5e")[:7]
    'bu5ehkv'
    >>> the_spec(tables, "hdf5/bu5e")
    Traceback (most recent call last):
    graphcache.errors.UsageError: hdf5/bu5e: no such spec in the graph. The hash is of:
      zlib-ng@2.3.2/bu5ehkv
    """
    matcher = Matcher(tables)
    spec = parse_spec(text)
    if _is_unknown_name(matcher, spec):
        spec = AbstractSpec(hash=spec.name)
    check_names(matcher, spec)
    parts = matcher.parts(spec)
    fits = all_of(parts, matcher.specs.num_rows)
    if not spec.hash and not fits.may.any():
        why = [why_none(tables, parts), *misspelt(tables, parts)]
        raise UsageError(f"{text}: {'. '.join(why)}")
    return one_spec(matcher.specs, fits, spec.hash, text)


def one_spec(specs: pa.Table, fits: Truth, prefix: str, text: str) -> str:
    """The hash of the one spec that fits.

    Args:
        specs: the graph's.
        fits: of each whether it is as the text asks.
        prefix: the beginning of a hash that the text has; empty if it has none.
        text: what the error quotes.

    Raises:
        UsageError: none does, or several do.
    """
    found = specs.filter(pa.array(fits.may))
    undecided = bool(fits.unknown.any())
    if found.num_rows == 1 and not undecided:
        return str(found["hash"][0].as_py())
    if found.num_rows:
        several = f"{text}: expected one spec, found {counted(found.num_rows, 'spec')}"
        reason = "; of some, no source tells all that is asked" if undecided else ""
        raise UsageError(f"{several}{reason}:{lines_of(found)}")
    raise no_spec(text, prefix, specs)


def wanted_specs(matcher: Matcher, words: str | Iterable[str]) -> list[AbstractSpec]:
    """The specs that words mean, joined as Spack joins them; their names are in the graph.

    A word that is no package, but begins the hash of one spec, stands for that one.

    Raises:
        UsageError: they are no specs, or the graph has nothing of a name or hash.
    """
    specs = joined_specs(words)
    for at, spec in enumerate(specs):
        if _is_unknown_name(matcher, spec):
            specs[at] = _of_hash(matcher, spec.name)
        check_names(matcher, specs[at])
        if specs[at].hash and not matcher.match(specs[at]).may.any():
            raise no_spec(str(specs[at]), specs[at].hash, matcher.specs)
    return specs


def meant(tables: Tables, words: str | Iterable[str]) -> tuple[Rows, list[str]]:
    """The rows of all specs that words mean, and what there is to say of others; reads `READS`.

    A hash means one spec.

    Raises:
        UsageError: as `find` does; or a hash is of no spec, or of several.
    """
    matcher = Matcher(tables)
    specs = tables.nodes["Spec"]
    asked = []
    for spec in wanted_specs(matcher, words):
        parts = matcher.parts(spec)
        if spec.hash:
            one_spec(specs, all_of(parts, specs.num_rows), spec.hash, str(spec))
        asked.append(parts)
    fits, notes = together(tables, asked)
    return np.flatnonzero(fits.sure), notes


def _is_unknown_name(matcher: Matcher, spec: AbstractSpec) -> bool:
    """Whether a spec is a name alone that is no package; `@:` is no name but any spec."""
    is_name = bool(spec.name) and spec == AbstractSpec(name=spec.name)
    return is_name and not matcher.has_package(spec.name)


def _of_hash(matcher: Matcher, text: str) -> AbstractSpec:
    """The spec of a hash that begins so, which is written like a package."""
    spec = AbstractSpec(hash=text)
    of_hash = matcher.specs.filter(pa.array(matcher.match(spec).sure))
    if of_hash.num_rows == 1:
        return spec
    error = no_such("package or hash", text, matcher.packages)
    if of_hash.num_rows:
        said = f"{error}" if str(error).endswith("?") else f"{error}."
        raise UsageError(f"{said} Hashes that begin so are of:{lines_of(of_hash)}")
    raise error


def joined_specs(words: str | Iterable[str]) -> list[AbstractSpec]:
    """The specs that words mean, joined as Spack joins them.

    Raises:
        UsageError: they are no specs, or none at all.

    >>> [str(spec) for spec in joined_specs(["hdf5", "+mpi", "zlib"])]
    ['hdf5+mpi', 'zlib']
    """
    text = words if isinstance(words, str) else " ".join(map(with_quotes, words))
    specs = parse_specs(text)
    if not specs:
        raise UsageError("an empty text: expected a spec, such as hdf5@1.14: +mpi")
    return specs


def selection_for(
    words: str | Iterable[str], packages: Iterable[str], wanted: Selection = READS
) -> Selection:
    """What of a selection is read for these words: dependencies only if they are asked for.

    They also tell what a name is that is none of the packages of the graph.

    Raises:
        UsageError: the words are no specs.
    """
    specs, known = joined_specs(words), {"", *packages}
    asked = any(s.dependencies or any(v.propagated for v in s.variants) for s in specs)
    if asked or any(s.name not in known for s in specs):
        return wanted
    return {name: columns for name, columns in wanted.items() if name != "DEPENDS_ON"}
