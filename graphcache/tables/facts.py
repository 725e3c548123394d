"""What sources say, as columns: one row per statement, before what is said twice is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import (
    DependencyParameters,
    Parameters,
    SpecList,
    SpecNode,
    compiler_of,
    dependencies_of,
    flags_of,
    form_of,
    is_external,
    modules_of,
    target_of,
    variants_of,
)
from graphcache.schema import Property, edge_type, node_type
from graphcache.spack.compilers import normal_compiler
from graphcache.spack.flags import flag_texts
from graphcache.spack.variants import normal_variants
from graphcache.tables.columns import FACT_TYPES, SEPARATOR, flat, map_unique, said_columns
from graphcache.tables.said import SAID, in_release, in_stack, said_by_lists

# Of a Spec what sources say, and the edges of which each spec has few: as texts, joined where
# there may be several.
SPEC_FACTS = pa.schema(
    [
        *said_columns(node_type("Spec")),
        ("target", pa.string()),
        ("compilers", pa.string()),
        ("spliced_from", pa.string()),
    ]
)
DEPENDS_ON_FACTS = pa.schema(
    [("from", pa.string()), ("to", pa.string()), *said_columns(edge_type("DEPENDS_ON"))]
)


@dataclass(frozen=True)
class Facts:
    """What sources say, one row per statement; the same may be said many times.

    `specs` has one row per record. `said` names a row of `specs`, and who says that it is where;
    `depends_on` has pairs of hashes.
    """

    specs: pa.Table
    said: pa.Table
    depends_on: pa.Table

    @property
    def in_stack(self) -> pa.Table:
        """Who is in which stack: a row of `specs`, stack, release and whether it is a root."""
        return in_stack(self.said)

    @property
    def in_release(self) -> pa.Table:
        """Who is in which release: a row of `specs`, release and whether the union lists it."""
        return in_release(self.said)

    @classmethod
    def concat(cls, parts: Iterable[Facts]) -> Facts:
        """All that the parts say."""
        specs, said, depends_on = [], [], []
        rows = 0
        for part in parts:
            specs.append(part.specs)
            said.append(part.said.set_column(0, "row", pc.add(part.said["row"], rows)))
            depends_on.append(part.depends_on)
            rows += part.specs.num_rows
        return cls(
            pa.concat_tables([SPEC_FACTS.empty_table(), *specs]),
            pa.concat_tables([SAID.empty_table(), *said]),
            pa.concat_tables([DEPENDS_ON_FACTS.empty_table(), *depends_on]),
        )


def spec_list_facts(lists: list[SpecList]) -> Facts:
    """What Spack's own files say, as columns."""
    entries = list(chain.from_iterable(list_.entries for list_ in lists))
    nodes = [entry.node for entry in entries]
    depends_on, named, known = _list_dependencies(lists)
    specs = {
        "hash": pa.array([entry.hash for entry in entries], pa.string()),
        "platform": pa.array([node.arch.platform for node in nodes], pa.string()),
        "os": pa.array([node.arch.platform_os for node in nodes], pa.string()),
        "target": pa.array([target_of(node.arch) for node in nodes], pa.string()),
        "compilers": map_unique(
            pa.array([compiler_of(node) for node in nodes], pa.string()),
            normal_compiler,
            pa.string(),
        ),
        "spliced_from": pa.array(
            [node.build_spec and node.build_spec.hash for node in nodes], pa.string()
        ),
        "variants": pa.array(
            _by_parameters(
                nodes, lambda given: SEPARATOR.join(normal_variants(variants_of(given)))
            ),
            pa.string(),
        ),
        "external": pa.array([is_external(node) for node in nodes], pa.bool_()),
        **_external_columns(nodes),
        "flags": pa.array(
            _by_parameters(nodes, lambda given: SEPARATOR.join(flag_texts(flags_of(given)))),
            pa.string(),
        ),
        "original_specfile_version": pa.array(
            [form_of(entry.node, list_.form) for list_ in lists for entry in list_.entries],
            pa.int64(),
        ),
        "size": pa.array([entry.size for entry in entries], pa.int64()),
        "in_buildcache": pa.array([entry.in_buildcache for entry in entries], pa.bool_()),
        "derived": pa.array([False] * len(entries), pa.bool_()),
        "dependencies_known": pa.array(known, pa.bool_()),
    }
    described = _spec_facts(nodes, specs)
    mentioned: dict[str, list[Any]] = {
        "hash": [spec_hash for spec_hash, _ in named],
        "name": [name for _, name in named],
        "dependencies_known": [False] * len(named),
    }
    return Facts(
        pa.concat_tables([described, _python_table(mentioned, SPEC_FACTS)]),
        said_by_lists(lists),
        depends_on,
    )


def _external_columns(nodes: list[SpecNode]) -> dict[str, pa.Array]:
    """Where external specs lie; null of the others."""
    externals = [node.external if is_external(node) else None for node in nodes]
    modules = [e and SEPARATOR.join(modules_of(e)) for e in externals]
    return {
        "external_path": pa.array(
            [(e.path or None) if e else None for e in externals], pa.string()
        ),
        "external_modules": pa.array(modules, pa.string()),
    }


def _by_parameters(nodes: list[SpecNode], text: Callable[[Parameters], str]) -> list[str]:
    """Of each node a text made of its parameters; many have the same ones, as one object."""
    made: dict[int, str] = {}
    texts = []
    for node in nodes:
        key = id(node.parameters)
        if key not in made:
            made[key] = text(node.parameters)
        texts.append(made[key])
    return texts


def _spec_facts(nodes: list[SpecNode], columns: dict[str, Any]) -> pa.Table:
    """Facts of specs: the columns, and what the nodes say under the name of a property."""
    said = {
        p.name: pa.array(_values_of(p, nodes), FACT_TYPES[p.type])
        for p in node_type("Spec").properties
        if not p.computed and p.name not in columns and p.name in SpecNode.__struct_fields__
    }
    return facts_table(columns | said, SPEC_FACTS)


def _values_of(property_: Property, nodes: list[SpecNode]) -> list[Any]:
    values = list(map(attrgetter(property_.name), nodes))
    if property_.type != "list of text":
        return values
    return [None if texts is None else SEPARATOR.join(sorted(set(texts))) for texts in values]


def _python_table(columns: dict[str, list[Any]], schema: pa.Schema) -> pa.Table:
    types = {field.name: field.type for field in schema}
    return facts_table({n: pa.array(values, types[n]) for n, values in columns.items()}, schema)


def _list_dependencies(
    lists: list[SpecList],
) -> tuple[pa.Table, set[tuple[str, str]], list[bool]]:
    """Who needs whom; hash and package of what a list needs and does not describe; who is whole.

    An entry is not, of whose dependencies one has no hash. An index has a million dependencies:
    they are walked once, by steps that are quick.
    """
    starts: list[str] = []
    ends: list[str] = []
    kinds: list[int] = []
    number_of: dict[DependencyParameters, int] = {}
    only_named: set[tuple[str, str]] = set()
    known: list[bool] = []
    for list_ in lists:
        described = {entry.hash for entry in list_.entries}
        for entry in list_.entries:
            known.append(True)
            built = entry.node.build_spec
            if built is not None and built.hash is not None and built.hash not in described:
                only_named.add((built.hash, built.name))
            for needed in dependencies_of(entry.node):
                if needed.hash is None:
                    known[-1] = False
                    continue
                if needed.hash not in described:
                    only_named.add((needed.hash, needed.name))
                starts.append(entry.hash)
                ends.append(needed.hash)
                kind = needed.parameters or needed.kind
                kinds.append(number_of.setdefault(kind, len(number_of)))
    types = [SEPARATOR.join(sorted(set(kind.deptypes))) for kind in number_of]
    virtuals = [SEPARATOR.join(sorted(set(kind.virtuals))) for kind in number_of]
    columns = {
        "from": pa.array(starts, pa.string()),
        "to": pa.array(ends, pa.string()),
        "types": pa.array(types, pa.string()).take(pa.array(kinds, pa.int32())),
        "virtuals": pa.array(virtuals, pa.string()).take(pa.array(kinds, pa.int32())),
    }
    tables = [facts_table(columns, DEPENDS_ON_FACTS), *map(_needs, lists)]
    return pa.concat_tables(tables), only_named, known


def _needs(list_: SpecList) -> pa.Table:
    """What the specs of a list need that is no part of them."""
    if list_.needs is None:
        return DEPENDS_ON_FACTS.empty_table()
    hashes = pa.array([entry.hash for entry in list_.entries], pa.string())
    columns = {name: list_.needs[name] for name in ("to", "types", "virtuals")}
    return facts_table({"from": hashes.take(flat(list_.needs["row"])), **columns}, DEPENDS_ON_FACTS)


def facts_table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A table of that schema; a column that is not given is null."""
    rows = len(next(iter(columns.values())))
    return pa.table(
        [
            columns[f.name].cast(f.type) if f.name in columns else pa.nulls(rows, f.type)
            for f in schema
        ],
        schema=schema,
    )
