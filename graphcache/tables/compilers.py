"""Compilers of specs: those that records name, and those that are dependencies, with languages."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.spack.compilers import LANGUAGES, split_compiler
from graphcache.tables.columns import (
    SEPARATOR,
    joined_texts,
    look_up,
    map_unique,
    split_texts,
    united,
)


def compiler_columns(specs: pa.Array) -> dict[str, Any]:
    """The properties of compilers, by their texts."""
    parts = [split_compiler(spec) for spec in specs.to_pylist()]
    names, versions = [name for name, _ in parts], [version for _, version in parts]
    return {
        "spec": specs,
        "name": pa.array(names, pa.string()),
        "version": pa.array(versions, pa.string()),
    }


def languages_of(depends_on: pa.Table, specs: pa.Table) -> pa.Table:
    """For spec and compiler, where it is a dependency, the languages that it compiled.

    Since Spack 1.0 a spec's compilers are those of its build dependencies that provide the
    virtuals `c`, `cxx` or `fortran`.
    """
    depends_on = _compiled_by(depends_on, specs)
    compiles = map_unique(
        depends_on["virtuals"], lambda virtuals: bool(_only_languages(virtuals)), pa.bool_()
    )
    builds = map_unique(
        depends_on["types"], lambda types: "build" in split_texts(types), pa.bool_()
    )
    edges = depends_on.filter(pc.and_(compiles, builds))
    known = (look_up(edges["to"], specs["hash"], specs[name]) for name in ("name", "version"))
    compilers = pc.binary_join_element_wise(*known, "@")
    rows = pa.table({"spec": edges["from"], "compiler": compilers, "virtuals": edges["virtuals"]})
    pairs = (
        rows.filter(pc.is_valid(compilers))
        .group_by(["spec", "compiler"], use_threads=False)
        .aggregate([("virtuals", "list")])
        .combine_chunks()
    )
    virtuals = united(pairs["virtuals_list"].combine_chunks())
    languages = map_unique(virtuals, _only_languages, pa.list_(pa.string()))
    return pa.table(
        [pairs["spec"], pairs["compiler"], languages], ["spec", "compiler", "languages"]
    )


def _only_languages(virtuals: str) -> list[str]:
    return [virtual for virtual in split_texts(virtuals) if virtual in LANGUAGES]


def _compiled_by(depends_on: pa.Table, specs: pa.Table) -> pa.Table:
    """Who needs whom to be built; a spliced spec, whose own needs are other ones, as its build."""
    spliced = pa.table({"spliced": specs["hash"], "from": specs["spliced_from"]})
    spliced = spliced.filter(pc.is_valid(spliced["from"]))
    if not spliced.num_rows:
        return depends_on
    needs = spliced.join(depends_on, "from", join_type="inner", use_threads=False)
    needs = needs.drop_columns("from").rename_columns({"spliced": "from"})
    return pa.concat_tables([depends_on, needs.select(depends_on.column_names)])


def needed_compilers(depends_on: pa.Table, specs: pa.Table) -> pa.Array:
    """Of each spec its compilers, joined, where they are among its dependencies."""
    return _joined_compilers(languages_of(depends_on, specs), specs)


def _joined_compilers(languages: pa.Table, specs: pa.Table) -> pa.Array:
    named = languages.sort_by([("spec", "ascending"), ("compiler", "ascending")])
    of_spec = named.group_by("spec", use_threads=False).aggregate([("compiler", "list")])
    joined = pc.binary_join(of_spec["compiler_list"].combine_chunks(), SEPARATOR)
    return look_up(specs["hash"], of_spec["spec"], joined)


def fill_compilers(specs: pa.Table, languages: pa.Table) -> pa.Table:
    """The specs, with the compilers that are dependencies where no other is known."""
    compilers = pc.coalesce(specs["compilers"], _joined_compilers(languages, specs))
    return specs.set_column(specs.column_names.index("compilers"), "compilers", compilers)


def built_with(specs: Any, compilers: Any, languages: pa.Table) -> dict[str, Any]:
    """The compilers of specs, with the languages where they are known."""
    known = joined_texts(languages["spec"], languages["compiler"])
    found = look_up(joined_texts(specs, compilers), known, languages["languages"])
    return {"from": specs, "to": compilers, "languages": found}
