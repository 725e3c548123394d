"""What the graph of some pages must be: a second way to the same answer, slow and plain.

Nothing of graphcache's readers is used here, only json, yaml, archspec and loops, so that a mistake
there does not show up here as well. A graph is a dict of nodes and a dict of edges; null is a key
that is not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from archspec.cpu import TARGETS

from graphcache import Tables

Record = dict[str, Any]
Properties = dict[str, Any]
PageKey = tuple[str | None, str]


@dataclass
class Page:
    """A page's package, release and records; `needed` is what its spec texts only mention."""

    package: str
    release: str | None
    records: list[Record]
    derived: bool = False
    needed: list[tuple[Record, str]] = field(default_factory=list)
    """A record that is mentioned, and the hash of the record that needs it."""

    @property
    def key(self) -> PageKey:
        """What a page at a later date replaces."""
        return self.release, self.package


@dataclass
class Graph:
    """Nodes by `(type, key)` and edges by `(type, from, to)`, each with its properties."""

    nodes: dict[tuple[str, str], Properties] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], Properties] = field(default_factory=dict)


# Pages as text ------------------------------------------------------------------------------------


def record(spec_hash: str = "a" * 32, **values: Any) -> Record:
    """A record in order, with other values where given."""
    usual = {
        "hash": spec_hash,
        "versions": ["1.2"],
        "compiler": "gcc@=13.2.0",
        "os": "ubuntu24.04",
        "platform": "linux",
        "target": "x86_64_v3",
        "stacks": ["e4s", "root"],
        "variants": ["+shared", "build_system=cmake"],
        "size": "-",
    }
    return usual | values


def meta(records: Sequence[Record]) -> dict[str, Any]:
    """What `meta` of a page with these records says."""
    stacks = [stack for one in records for stack in one["stacks"]]
    plural = {"compilers": "compiler", "oss": "os", "platforms": "platform", "targets": "target"}
    return {
        **{many: sorted({r[one] for r in records}) for many, one in plural.items()},
        "versions": sorted({version for r in records for version in r["versions"]}),
        "stacks": sorted(set(stacks)),
        "num_specs": len(records),
        "num_specs_by_stack": {stack: stacks.count(stack) for stack in sorted(set(stacks))},
    }


def page_text(
    package: str = "zlib", release: str = "develop", records: Sequence[Record] = (), **keys: str
) -> str:
    """A page as cache.spack.io writes it; `keys` are other texts for its top-level keys."""
    entries = {
        "title": json.dumps(package),
        "layout": "cache",
        "categories": f"[package, {release}]",
        "meta": json.dumps(meta(records)),
        "spec_details": json.dumps(list(records)),
    }
    lines = [f"{key}: {value}" for key, value in (entries | keys).items()]
    return "\n".join(["---", *lines, "---", ""])


# Texts as pages -----------------------------------------------------------------------------------


def read_pages(*folders: Path) -> list[Page]:
    """The pages of the `.md` files below the folders."""
    files = (sorted(folder.rglob("*.md")) for folder in folders)
    return [parse(file.read_text()) for file in chain.from_iterable(files)]


def parse(text: str) -> Page:
    """A page of any of the forms; the base loader leaves all as text."""
    page = yaml.load(text.split("---")[1], yaml.CBaseLoader)  # noqa: S506
    if "spec_details" in page:
        return Page(page["title"], page["categories"][1], page["spec_details"])
    if "spec_names" in page:
        return _legacy(page["title"], page["spec_names"])
    return _legacy(page["title"], [next(iter(entry)) for entry in page["spec_files"]])


def _legacy(package: str, texts: list[str]) -> Page:
    page = Page(package, None, [], derived=True)
    for text in texts:
        spec, *others = (_spec_record(part.strip()) for part in text.split("^"))
        spec["hash"] = text
        page.records.append(spec)
        page.needed += [(other, text) for other in others]
    return page


def _spec_record(text: str) -> Record:
    """A spec text as a record. The text stands for the hash: what graphcache derives is its own."""
    words = re.findall(r"^[\w-]+|@[\w.]+|%[\w.@-]+|[+~][\w-]+|\w+=\S+", text)
    settings = dict(word.split("=") for word in words if "=" in word)
    platform, os, target = settings.pop("arch").split("-")
    return {
        "hash": text,
        "name": words[0],
        "versions": [words[1][1:]],
        "compiler": next(word[1:] for word in words if word[0] == "%"),
        "platform": platform,
        "os": os,
        "target": target,
        "stacks": [],
        "variants": [word for word in words if word[0] in "+~"]
        + [f"{key}={value}" for key, value in settings.items()],
    }


# Pages as a graph ---------------------------------------------------------------------------------


def after_updates(updates: Iterable[Sequence[Page]]) -> list[Page]:
    """The pages that are held after each of the updates was brought in, one after the other."""
    held: dict[PageKey, list[Page]] = {}
    for pages in updates:
        for key in {page.key for page in pages}:
            held[key] = [page for page in pages if page.key == key]
    return list(chain.from_iterable(held.values()))


def specs(pages: Iterable[Page]) -> list[dict[str, Any]]:
    """Every spec of the pages, once, by hash.

    `stacks` is a dict from stack to the sorted releases, `releases` one from release to whether its
    `root` lists the spec. Where pages disagree, the smallest value is taken; null is None.
    """
    found: dict[str, dict[str, Any]] = {}
    for page in pages:
        for one in page.records:
            spec = _merge(found, page, one, page.package)
            spec["in_buildcache"] = True
            for stack in one["stacks"]:
                if stack != "root":
                    _insert(spec["stacks"].setdefault(stack, []), page.release)
            if page.release:
                in_root = "root" in one["stacks"] or spec["releases"].get(page.release, False)
                spec["releases"][page.release] = in_root
        for one, needed_by in page.needed:
            _insert(_merge(found, page, one, one["name"])["needed_by"], needed_by)
    return [found[spec_hash] for spec_hash in sorted(found)]


def _merge(found: dict[str, dict[str, Any]], page: Page, one: Record, name: str) -> dict[str, Any]:
    size, compiler = one.get("size", "-"), one["compiler"].replace("@=", "@")
    said = {
        "hash": one["hash"],
        "name": name,
        "version": one["versions"][0],
        "platform": one["platform"],
        "os": one["os"],
        "target": one["target"],
        "compiler": None if compiler == "none" else compiler,
        "variants": sorted({_variant(text) for text in one["variants"]}),
        "size": None if size == "-" else int(size),
        "tarball": one.get("tarball"),
        "derived": page.derived,
    }
    empty: dict[str, Any] = {"in_buildcache": None, "stacks": {}, "releases": {}, "needed_by": []}
    spec = found.setdefault(one["hash"], said | empty)
    for key, value in said.items():
        if spec[key] is None or (value is not None and value < spec[key]):
            spec[key] = value
    return spec


def _variant(text: str) -> str:
    key, equals, value = text.partition("=")
    return key.rstrip(":") + equals + ",".join(sorted(value.split(",")))


def _insert(values: list[str], value: str | None) -> None:
    if value is not None and value not in values:
        values.append(value)
        values.sort()


def graph(pages: Iterable[Page]) -> Graph:
    """The graph of the pages. A spec's `configuration` is the smallest hash that shares it."""
    found, made = specs(pages), Graph()
    seen = ("name", "version", "platform", "os", "target", "compiler", "variants")
    first: dict[str, str] = {}
    for spec in found:
        configuration = first.setdefault(repr([spec[key] for key in seen]), spec["hash"])
        _add_spec(made, spec, configuration)
        _add_neighbours(made, spec)
    return made


def _add_spec(made: Graph, spec: dict[str, Any], configuration: str) -> None:
    same = ("hash", "name", "version", "platform", "os", "variants", "size", "tarball")
    properties = {key: spec[key] for key in (*same, "in_buildcache", "derived")}
    properties["dependencies_known"] = False
    properties["label"] = f"{spec['version']}/{spec['hash'][:7]}"
    properties["configuration"] = configuration
    made.nodes["Spec", spec["hash"]] = _known(properties)


def _add_neighbours(made: Graph, spec: dict[str, Any]) -> None:
    spec_hash = spec["hash"]
    made.nodes["Package", spec["name"]] = {"name": spec["name"]}
    made.edges["OF_PACKAGE", spec_hash, spec["name"]] = {}
    made.edges["FOR_TARGET", spec_hash, spec["target"]] = {}
    _add_target(made, spec["target"])
    if spec["compiler"]:
        name, at, version = spec["compiler"].partition("@")
        properties = {"spec": spec["compiler"], "name": name, "version": version if at else None}
        made.nodes["Compiler", spec["compiler"]] = _known(properties)
        made.edges["BUILT_WITH", spec_hash, spec["compiler"]] = {}
    for stack, releases in spec["stacks"].items():
        made.nodes["Stack", stack] = {"name": stack}
        made.edges["IN_STACK", spec_hash, stack] = {"releases": releases}
    for release, root in spec["releases"].items():
        date = re.search(r"\d{4}-\d\d-\d\d$", release)
        properties = {"name": release, "date": date and date.group()}
        made.nodes["Release", release] = _known(properties)
        made.edges["IN_RELEASE", spec_hash, release] = {"root": root}
    for needed_by in spec["needed_by"]:
        made.edges["DEPENDS_ON", needed_by, spec_hash] = {}


def _add_target(made: Graph, name: str) -> None:
    target = TARGETS.get(name)
    properties: Properties = {"name": name}
    if target is not None:
        properties |= {"family": target.family.name, "vendor": target.vendor}
        properties |= {"generation": target.generation or None}
        for parent in target.parents:
            made.edges["EXTENDS", name, parent.name] = {}
            _add_target(made, parent.name)
    made.nodes["Target", name] = _known(properties)


def _known(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if value is not None}


# Tables as a graph --------------------------------------------------------------------------------


def graph_of(tables: Tables) -> Graph:
    """The tables as a graph of the form of `graph`."""
    found = Graph()
    for type_, table in tables.nodes.items():
        for row in table.to_pylist():
            found.nodes[type_, row[table.column_names[0]]] = _known(row)
    for type_, table in tables.edges.items():
        for row in table.to_pylist():
            ends = row.pop("from"), row.pop("to")
            found.edges[(type_, *ends)] = _known(row)
    first: dict[str, str] = {}
    for (type_, key), properties in found.nodes.items():
        if type_ == "Spec":
            configuration = properties["configuration"]
            properties["configuration"] = first.setdefault(configuration, key)
    return found


def renamed(found: Graph, names: dict[str, str]) -> Graph:
    """The graph with other hashes."""

    def new(key: str) -> str:
        return names.get(key, key)

    made = Graph()
    first: dict[str, str] = {}
    specs_of = {new(key): node for (type_, key), node in found.nodes.items() if type_ == "Spec"}
    for key in sorted(specs_of):
        first.setdefault(specs_of[key]["configuration"], key)
    for (type_, key), properties in found.nodes.items():
        made.nodes[type_, new(key)] = dict(properties)
        if type_ == "Spec":
            changed = {"hash": new(key), "label": f"{properties['version']}/{new(key)[:7]}"}
            changed["configuration"] = first[properties["configuration"]]
            made.nodes[type_, new(key)] |= changed
    for (type_, start, end), properties in found.edges.items():
        made.edges[type_, new(start), new(end)] = properties
    return made
