"""What Spack's own files say: the spec object in all its forms, and lists of them.

What the forms differ in is optional; keys that graphcache has no use for are passed over. A
property of a Spec that `SpecNode` has under the same name is taken over from it. `docs/formats.md`
says which file holds which form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from graphcache.records.claims import Claim, Environment, SourceKind
from graphcache.records.types import MAX_TEXT, DependencyType, Name, SpecHash, Text

if TYPE_CHECKING:
    import pyarrow as pa

FLAGS = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
"""The parameters that are no variants but flags of compilers, sorted."""
_FLAGS = frozenset(FLAGS)
_Value = bool | int | float | Text | list[bool | int | float | Text] | None
Parameters = dict[Name, _Value]
"""The variants and compiler flags of a spec, by name."""
Form = Annotated[int, Meta(ge=1, le=1_000)]
"""The number of a form of the spec object."""


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


class External(Struct, gc=False):
    """Where a spec lies that Spack did not build; what only its recipe asks for is not read."""

    path: Annotated[str, Meta(max_length=MAX_TEXT)] | None = None
    module: list[Text] | Text | bool | None = None
    """A text in form 1, and false where there is none."""


class Annotations(Struct, gc=False):
    """What form 5 and later keep of a spec that an older form described first."""

    original_specfile_version: Form | None = None
    compiler: CompilerObject | Name | None = None
    """Spack 1 writes a text, `gcc@=10.5.0`; `None` where there is none."""


class SpecNode(Struct, gc=False):
    """One concrete spec."""

    name: Name
    version: Name
    arch: Arch
    hash: SpecHash | None = None
    build_hash: SpecHash | None = None
    full_hash: SpecHash | None = None
    namespace: Name | None = None
    parameters: Parameters = {}
    compiler: CompilerObject | None = None
    dependencies: list[NamedDependency] | dict[Name, Dependency] = []
    external: External | None = None
    package_hash: Name | None = None
    build_spec: NamedDependency | None = None
    """Of a spliced spec the one that was built, named as a dependency is."""
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
    form: int | None = None
    """The form of the spec objects that the kind and version of the file stand for."""
    needs: pa.Table | None = None
    """What entries need whose nodes do not say it: their position, the hash of what each needs, and
    types and virtuals, sorted and joined; all of them are entries of this list."""
    environment: Environment | None = None
    """Of a lock file without a given name; its stack stands for a name until it has one."""
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
    if isinstance(named, CompilerObject):
        return f"{named.name}@{named.version}"
    return None if named == "None" else named


def form_of(node: SpecNode, form: int | None) -> int | None:
    """The form in which a spec was concretized, which later ones note; else that of its file."""
    noted = node.annotations.original_specfile_version if node.annotations else None
    return noted or form


def modules_of(external: External) -> list[str]:
    """The modules of an external spec, in whatever form they stand."""
    module = external.module
    return module if isinstance(module, list) else [module] if isinstance(module, str) else []


def is_external(node: SpecNode) -> bool:
    """Whether it was not built by Spack: as there, a path or a module says so."""
    return node.external is not None and bool(node.external.path or modules_of(node.external))


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


def flags_of(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The compiler flags by name, in the order of names; those that are empty are left out.

    >>> flags_of({"ldflags": [], "cflags": ["-O2", "-g"], "shared": True})
    {'cflags': '-O2 -g'}
    """
    given = ((name, parameters[name]) for name in FLAGS if parameters.get(name))
    return {
        name: " ".join(map(_text, value)) if isinstance(value, list) else _text(value)
        for name, value in given
    }


def _variant(key: str, value: Any) -> str:
    if value is True:
        return f"+{key}"
    if value is False:
        return f"~{key}"
    values: Iterable[Any] = value if isinstance(value, list) else [value]
    return f"{key}={','.join(map(_text, values))}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "none" if value is None else str(value)
