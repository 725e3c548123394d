"""The specs of one package that a question is asked of, as a person names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphcache.analysis.matching.matcher import READS
from graphcache.analysis.matching.names import joined_specs, meant, selection_for
from graphcache.errors import UsageError
from graphcache.schema import node_type

if TYPE_CHECKING:
    from graphcache.stores.base import Store

LONGEST_SPEC = 1_000
"""Characters of a spec: each dependency in it is a walk through the graph."""


class Chosen(NamedTuple):
    """A package, and which of its specs are meant."""

    package: str
    hashes: list[str] | None
    """None where all of them are, as the name alone was given."""
    notes: list[str]
    """What there is to say of those that are not among them."""


def specs_of_package(store: Store, text: str) -> Chosen:
    """The specs of one package that a text means: its name, or a spec as Spack takes it.

    Nothing but names is read where the text is a name.

    Raises:
        UsageError: the text is no spec, too long, or of any package; or the graph has nothing of a
            name or hash in it.

    >>> import graphcache as gc
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     report = gc.build_store(f"{folder}/graphcache.lbug", "examples/pages")
    ...     with gc.open_store(f"{folder}/graphcache.lbug") as store:
    ...         chosen = specs_of_package(store, "rocblas@6.1:")
    >>> chosen.package, len(chosen.hashes)
    ('rocblas', 4)
    """
    packages = store.table(node_type("Package"), ())["name"].to_pylist()
    if text in packages:
        return Chosen(text, None, [])
    check_length(text)
    specs = joined_specs(text)
    if len(specs) > 1:
        raise UsageError(f"{text}: expected one spec, found {len(specs)}")
    part = store.part(selection_for(text, packages, READS))
    rows, notes = meant(part, text)
    found = part.nodes["Spec"].select(["hash", "name"]).take(rows)
    # A hash says of which package it is, and so does a word that begins one.
    names = set(found["name"].to_pylist()) if len(rows) == 1 else {specs[0].name}
    if names == {""}:
        raise UsageError(
            f"{text}: expected a package, or a spec of one such as hdf5@1.14: +mpi, "
            "found a spec that may be of any"
        )
    return Chosen(names.pop(), found["hash"].to_pylist(), notes)


def check_length(text: str) -> None:
    """Refuse a spec that takes too long to look for.

    Raises:
        UsageError: it has more than `LONGEST_SPEC` characters.
    """
    if len(text) > LONGEST_SPEC:
        raise UsageError(
            f"expected a spec of at most {LONGEST_SPEC:,} characters, found {len(text):,}"
        )
