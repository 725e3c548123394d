"""From what a person writes to what is held: `zlib-ng@2.3.3,openssl`, `mpi=openmpi`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.matching.checking import check_names
from graphcache.analysis.matching.matcher import Matcher
from graphcache.analysis.pins.candidates import newest
from graphcache.analysis.pins.graphs import AT, BuildGraph
from graphcache.analysis.pins.holding import Pin
from graphcache.errors import UsageError, no_such, none_of
from graphcache.spack.spec_parser import parse_spec
from graphcache.spack.specs import AbstractSpec
from graphcache.spack.versions import words_key
from graphcache.words import counted

_NAME = re.compile(r"[\w.-]+")
_OF_ANOTHER = re.compile(r",(?=\s*[\w-])")
_PROVIDER = re.compile(r"([\w-]+)=([\w-]+)")
_OF_A_CHOICE = (
    *("version", "namespace", "variants", "flags"),
    *("patches", "package_hash", "unknown"),
)
"""What a package's name alone holds: all that is not of the machine or of what is below."""


def pins_asked_for(
    matcher: Matcher, graph: BuildGraph, words: Iterable[str]
) -> list[tuple[list[Pin], str]]:
    """The pins that words ask for, and a sentence on each word.

    A spec holds what it tells of a package: versions, variants, flags, the namespace. A name alone
    holds all of it, to what most of its builds are; of such, to the newest. `mpi=openmpi` holds
    what provides a virtual.

    Args:
        matcher: the graph's.
        graph: its builds, a row each.
        words: specs, or several with a comma between them.

    Raises:
        UsageError: a word is no spec, or asks for what nothing of the graph is as, or for what a
            package can't be held to.
    """
    found: dict[str, tuple[list[Pin], str]] = {}
    for text in (text for word in words for text in _split(matcher, word)):
        pins, sentence = _choice(matcher, graph, text)
        held = pins[0].value if pins[0].kind == "provider" else pins[0].package
        if held in found:
            raise UsageError(f"{text}: {held} is held to another choice already: name one of them")
        found[held] = pins, sentence
    return list(found.values())


def _split(matcher: Matcher, word: str) -> list[str]:
    """The specs in a word: a comma may also stand between versions, or values of a variant."""
    parts: list[str] = []
    for part in _OF_ANOTHER.split(word):
        name = _NAME.match(part.strip())
        known = name and {name[0], name[0].rpartition(".")[2]} & {
            *matcher.packages,
            *matcher.provided,
        }
        if parts and not known and ("@" in parts[-1] or "=" in parts[-1]):
            parts[-1] += f",{part}"
        else:
            parts.append(part.strip())
    return parts


def _choice(matcher: Matcher, graph: BuildGraph, text: str) -> tuple[list[Pin], str]:
    provider = _PROVIDER.fullmatch(text)
    if provider and provider[1] in matcher.provided:
        virtual, package = provider.groups()
        if package not in matcher.packages:
            raise no_such("package", package, matcher.packages)
        return [Pin("provider", package, virtual)], f"{virtual} is held to {package}."
    spec = parse_spec(text)
    if not spec.name:
        raise UsageError(f"{text}: expected the name of a package, as in zlib-ng@2.3.3")
    if spec.dependencies or spec.platform or spec.os or spec.target:
        raise UsageError(
            f"{text}: expected what a package is of itself (version, variants, flags, namespace), "
            "found what it needs, or where it runs"
        )
    check_names(matcher, spec)
    rows = np.flatnonzero(matcher.match(spec).sure)
    if not len(rows):
        code = graph.codes["name"].code(spec.name)
        of_package = np.flatnonzero(graph.column("name") == code)
        there = {_told(graph, row, ("version", "variants")) for row in of_package.tolist()}
        raise none_of("spec", text, sorted(there, key=words_key))
    held = _held(spec)
    if held is not None:
        pins = [Pin("spec", spec.name, text, tuple(rows.tolist()), held)]
        return pins, f"{spec.name} is held to {text}."
    most = _most(graph, rows)
    told = _told(graph, int(most[0]), ("version", "variants", "flags"))
    held = frozenset(_OF_A_CHOICE)
    # What its recipe says it needs, too, which is no setting of its own.
    pins = [Pin("spec", spec.name, text, tuple(most.tolist()), held), Pin("recipe", spec.name)]
    alike = counted(len(most), f"of {len(rows):,} is", f"of {len(rows):,} are")
    return pins, f"{spec.name} is held to {told}, as {alike}."


def _held(spec: AbstractSpec) -> frozenset[str] | None:
    """The fields that a spec tells; None where it tells none, or a hash, which is all."""
    told = {f"variant {variant.name}" for variant in spec.variants}
    told |= {"version"} if spec.versions is not None else set()
    told |= {"flags"} if spec.flags else set()
    told |= {"namespace"} if spec.namespace is not None else set()
    return frozenset(told) if told and not spec.hash else None


def _most(graph: BuildGraph, rows: Rows) -> Rows:
    """Of some builds those that agree with most others; of such, the newest."""
    fields = [AT[name] for name in _OF_A_CHOICE]
    keys = [tuple(key) for key in graph.own[rows][:, fields].tolist()]
    counts = Counter(keys)
    version = _OF_A_CHOICE.index("version")
    values = graph.codes["version"].values
    best = max(counts, key=lambda key: (counts[key], newest(values[key[version]] or "")))
    return rows[[key == best for key in keys]]


def _told(graph: BuildGraph, row: int, fields: Iterable[str]) -> str:
    """A build in words, as `name@version+variant`."""
    parts = []
    for name in fields:
        value = graph.value(name, row)
        texts = [f"@{value}"] if name == "version" else list(value or ())
        parts += texts
    return " ".join(["".join([graph.value("name", row), *parts[:1]]), *parts[1:]])
