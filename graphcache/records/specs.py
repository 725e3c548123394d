"""What Spack's own files say: the spec object in all its forms, and lists of them.

What the forms differ in is optional; keys that graphcache has no use for are passed over. A
property of a Spec that `SpecNode` has under the same name is taken over from it. `docs/formats.md`
says which file holds which form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from graphcache.records.claims import Claim, SourceKind
from graphcache.records.types import DependencyType, Name, SpecHash, Text

LANGUAGES = ("c", "cxx", "fortran")
"""The virtuals that a compiler provides, since compilers are dependencies (spec form 5)."""
_FLAGS = frozenset({"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"})
_Value = bool | int | float | Text | list[bool | int | float | Text] | None


class TargetObject(Struct, gc=False):
    """A target written out; its features and parents are known from its name."""

    name: Name


class Arch(Struct, gc=False):
    """Where a spec runs."""

    target: Name | TargetObject
    platform: Name | None = None
    platform_os: Name | None = None


class CompilerObject(Struct, gc=False):
    """The compiler of forms 1 to 4."""

    name: Name
    version: Name


class DependencyParameters(Struct, gc=False, frozen=True):
    """What form 4 and later say of a dependency. Many are alike, so they can be keys of a dict."""

    deptypes: tuple[DependencyType, ...] = ()
    virtuals: tuple[Name, ...] = ()


class Dependency(Struct, gc=False, kw_only=True):
    """An entry of `dependencies` before form 2, where they are an object by name."""

    hash: SpecHash | None = None
    build_hash: SpecHash | None = None
    full_hash: SpecHash | None = None
    type: tuple[DependencyType, ...] = ()
    parameters: DependencyParameters | None = None

    @property
    def kind(self) -> DependencyParameters:
        """How it is needed and what for, in whatever form that is said."""
        return self.parameters or DependencyParameters(self.type)


class NamedDependency(Dependency, gc=False, kw_only=True):
    """An entry of `dependencies`, where they are a list."""

    name: Name


class Annotations(Struct, gc=False):
    """What form 5 keeps of a spec that an older form described first."""

    compiler: CompilerObject | None = None


class SpecNode(Struct, gc=False):
    """One concrete spec."""

    name: Name
    version: Name
    arch: Arch
    hash: SpecHash | None = None
    build_hash: SpecHash | None = None
    full_hash: SpecHash | None = None
    namespace: Name | None = None
    parameters: dict[Name, _Value] = {}
    compiler: CompilerObject | None = None
    dependencies: list[NamedDependency] | dict[Name, Dependency] = []
    external: dict[str, Any] | None = None
    annotations: Annotations | None = None


@dataclass(slots=True)
class SpecEntry:
    """One spec of a list: its hash, its object, and what the list says of it beside."""

    hash: str
    node: SpecNode
    in_buildcache: bool | None = None
    """None where the list is not of a build cache."""
    root: bool | None = None
    """Whether somebody asked for it by name; None where the list does not say."""
    size: int | None = None
    only_needed: bool = False
    """Whether it stands there because another one needs it: that puts it in no stack or release."""


@dataclass(slots=True)
class SpecList:
    """What one of Spack's own files says: an index, a lock file, a spec file."""

    file: str
    entries: list[SpecEntry]
    stack: str | None = None
    release: str | None = None
    kind: SourceKind = "file"
    """What kind of source it is of; a file is one that speaks for no stack."""
    complete: bool = True
    """False where a part was rejected: that a spec is absent then means nothing."""

    def claim(self, digest: str) -> Claim:
        """What the list replaces when it is read again; `digest` is that of its file."""
        if self.stack is not None and self.kind != "file":
            return Claim(self.kind, self.release, self.stack)
        return Claim("file", self.release, digest)


def target_of(arch: Arch) -> str:
    """The target's name."""
    return arch.target if isinstance(arch.target, str) else arch.target.name


def compiler_of(node: SpecNode) -> str | None:
    """The compiler that the spec names itself; in form 5 it is among the dependencies instead."""
    named = node.compiler or (node.annotations.compiler if node.annotations else None)
    return f"{named.name}@{named.version}" if named else None


def dependencies_of(node: SpecNode) -> list[NamedDependency]:
    """The dependencies, in whatever form they stand."""
    if isinstance(node.dependencies, list):
        return node.dependencies
    return [
        NamedDependency(
            name=name,
            hash=one.hash,
            build_hash=one.build_hash,
            full_hash=one.full_hash,
            parameters=one.kind,
        )
        for name, one in node.dependencies.items()
    ]


def variants_of(parameters: Mapping[str, Any]) -> list[str]:
    """The variants as pages write them; compiler flags are parameters but not variants.

    >>> variants_of({"shared": True, "mpi": False, "arch": ["80", "90"], "cflags": ["-O3"]})
    ['+shared', '~mpi', 'arch=80,90']
    """
    return [_variant(key, value) for key, value in parameters.items() if key not in _FLAGS]


def _variant(key: str, value: Any) -> str:
    if value is True:
        return f"+{key}"
    if value is False:
        return f"~{key}"
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return f"{key}={','.join(map(_text, values))}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "none" if value is None else str(value)
