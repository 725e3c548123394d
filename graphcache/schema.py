"""The graph, declared once: every node and edge type with its properties.

Arrow schemas, the columns of facts, the embedded store's tables, Neo4j's constraints, the headers
of the exports and `docs/schema.md` are all derived from `NODE_TYPES` and `EDGE_TYPES`. To add a
property of a Spec, add it here, and under the same name to the record that tells it:
`records/specs.py` for Spack's own files, `records/pages.py` for pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

PropertyType = Literal["text", "integer", "boolean", "list of text"]

__all__ = [
    "EDGE_TYPES",
    "NODE_TYPES",
    "EdgeType",
    "NodeType",
    "Property",
    "edge_type",
    "node_type",
]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a node or edge type."""

    name: str
    type: PropertyType
    doc: str
    computed: bool = False
    """Made of other properties when facts are joined; no source says it."""
    on_pages: bool = True
    """Whether pages tell it."""
    agreed: bool = False
    """Whether all that sources say of one spec must be the same; else there is a warning."""
    of_binary: tuple[str, ...] = ()
    """Of a property of the binary: the kinds of sources that tell it of what the cache holds."""

    def is_told_by(self, kind: str) -> bool:
        """Whether a kind of source tells it: of what it does not, it takes nothing back.

        >>> Property("namespace", "text", "", on_pages=False).is_told_by("page")
        False
        """
        return kind in self.of_binary if self.of_binary else kind != "page" or self.on_pages


@dataclass(frozen=True, slots=True)
class NodeType:
    """A node type. The first property is its key: unique, never null, always text."""

    name: str
    doc: str
    properties: tuple[Property, ...]

    @property
    def key(self) -> str:
        """The name of the key property.

        >>> node_type("Spec").key
        'hash'
        """
        return self.properties[0].name


@dataclass(frozen=True, slots=True)
class EdgeType:
    """An edge type. Between two nodes there is at most one edge of a type."""

    name: str
    start: str
    end: str
    doc: str
    properties: tuple[Property, ...] = ()


NODE_TYPES: tuple[NodeType, ...] = (
    NodeType(
        "Package",
        "A package as Spack's repositories name it.",
        (Property("name", "text", "the package's name"),),
    ),
    NodeType(
        "Spec",
        "A concretized spec: one build of one package, known by its hash.",
        (
            Property("hash", "text", "Spack's DAG hash, 32 characters of a-z2-7"),
            Property("name", "text", "the package's name", agreed=True),
            Property("version", "text", "the version", agreed=True),
            Property("label", "text", "VERSION/HASH7, a short caption", computed=True),
            Property("platform", "text", "linux, darwin, windows, …", agreed=True),
            Property("os", "text", "operating system and its version: ubuntu22.04", agreed=True),
            Property("variants", "list of text", "+x, ~x and k=v, sorted", agreed=True),
            Property(
                "configuration",
                "text",
                "digest of name, version, platform, os, target, compiler and variants: "
                "specs that share it are the same build made again",
                computed=True,
            ),
            Property(
                "namespace",
                "text",
                "the package repository, where known",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "external",
                "boolean",
                "whether it was not built by Spack, where known",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "external_path",
                "text",
                "where an external lies: for whoever asks whether another machine has it there too",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "external_modules",
                "list of text",
                "the modules that an external comes with, in their order: for the same question",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "flags",
                "list of text",
                "compiler flags as Spack takes them, `cflags='-O2 -g'`, sorted: for whoever asks "
                "with what a binary was hardened, or why it was built again",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "package_hash",
                "text",
                "hash of the recipe and its patches: for whoever asks whether a binary is of "
                "today's recipe, or why it was built again",
                on_pages=False,
                agreed=True,
            ),
            Property(
                "original_specfile_version",
                "integer",
                "form of the spec, 1 to 6, when it was concretized: for whoever counts on its "
                "compiler being a dependency, which it is from 5 on",
                on_pages=False,
            ),
            Property(
                "size",
                "integer",
                "bytes of the tarball, where known",
                agreed=True,
                of_binary=("page", "mirror", "file"),
            ),
            Property("tarball", "text", "URL of the tarball, where known", of_binary=("page",)),
            Property(
                "in_buildcache",
                "boolean",
                "whether the cache holds a binary; null where no source says",
            ),
            Property(
                "derived",
                "boolean",
                "true where the source gives no hash and graphcache derived one from the spec text",
            ),
            Property(
                "dependencies_known",
                "boolean",
                "whether one of Spack's own files described it, with all that it needs; false "
                "where it is known from pages alone, or only as what another spec needs",
            ),
        ),
    ),
    NodeType(
        "Stack",
        "A CI environment whose specs are built together.",
        (Property("name", "text", "the stack's name"),),
    ),
    NodeType(
        "Compiler",
        "A compiler at a version.",
        (
            Property("spec", "text", "NAME@VERSION"),
            Property("name", "text", "the compiler's name"),
            Property("version", "text", "the compiler's version"),
        ),
    ),
    NodeType(
        "Target",
        "A CPU microarchitecture.",
        (
            Property("name", "text", "the name that archspec and Spack use"),
            Property("family", "text", "the root of its lattice: x86_64, aarch64, …"),
            Property("vendor", "text", "the vendor, `generic` for a family or level"),
            Property("generation", "integer", "generation of the family, where archspec has one"),
        ),
    ),
    NodeType(
        "Release",
        "A release of the build cache: develop, develop-YYYY-MM-DD, vX.Y.Z.",
        (
            Property("name", "text", "the release's name"),
            Property("date", "text", "YYYY-MM-DD, where the name has one"),
        ),
    ),
)
"""Every type of node, in the order in which all is written."""

EDGE_TYPES: tuple[EdgeType, ...] = (
    EdgeType("OF_PACKAGE", "Spec", "Package", "The spec is a build of the package."),
    EdgeType(
        "BUILT_WITH",
        "Spec",
        "Compiler",
        "The compiler that built the spec, where a source says.",
        (
            Property(
                "languages",
                "list of text",
                "c, cxx, fortran: what it compiled, where known",
                computed=True,
                on_pages=False,
            ),
        ),
    ),
    EdgeType("FOR_TARGET", "Spec", "Target", "The microarchitecture the spec is built for."),
    EdgeType(
        "IN_STACK",
        "Spec",
        "Stack",
        "The stack holds the spec.",
        (
            Property("releases", "list of text", "the releases in which it does, sorted"),
            Property(
                "root",
                "boolean",
                "whether the environment names it as a root, where known",
                on_pages=False,
            ),
        ),
    ),
    EdgeType(
        "IN_RELEASE",
        "Spec",
        "Release",
        "The release holds the spec.",
        (
            Property(
                "root",
                "boolean",
                "whether the release's union index (`root` on the pages) lists it, where known",
            ),
        ),
    ),
    EdgeType(
        "DEPENDS_ON",
        "Spec",
        "Spec",
        "The first spec needs the second.",
        (
            Property(
                "types", "list of text", "build, link, run, test, where known", on_pages=False
            ),
            Property(
                "virtuals",
                "list of text",
                "what it provides: mpi, c, …, where known",
                on_pages=False,
            ),
        ),
    ),
    EdgeType(
        "SPLICED_FROM",
        "Spec",
        "Spec",
        "The first spec is installed from the binary of the second, into which other dependencies "
        "were spliced: for whoever asks whether a cache holds what a spliced spec needs.",
    ),
    EdgeType(
        "EXTENDS",
        "Target",
        "Target",
        "The first target runs what is built for the second (from archspec).",
    ),
)
"""Every type of edge, in the order in which all is written."""


def node_type(name: str) -> NodeType:
    """The node type of that name; KeyError if there is none."""
    return _NODES[name]


def edge_type(name: str) -> EdgeType:
    """The edge type of that name; KeyError if there is none."""
    return _EDGES[name]


def all_types() -> Iterator[NodeType | EdgeType]:
    """Every node type, then every edge type, in the order in which they are declared."""
    yield from NODE_TYPES
    yield from EDGE_TYPES


def quote(name: str) -> str:
    """A label, type or property name as Cypher quotes it.

    >>> quote("name")
    '`name`'
    """
    return "`" + name.replace("`", "``") + "`"


_NODES = {t.name: t for t in NODE_TYPES}
_EDGES = {t.name: t for t in EDGE_TYPES}
