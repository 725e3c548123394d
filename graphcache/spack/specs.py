"""Abstract specs: what a spec must be like, as people type it at Spack.

`hdf5@1.14:+mpi %gcc@12 ^zlib-ng` is one. `spec_parser.parse_specs` makes them of text; here is what
they hold, how two demands on one dependency become one, and how Spack writes them.

Source: Spack's spec syntax, https://spack.readthedocs.io/en/latest/spec_syntax.html; for what that
leaves open, the answers of Spack 1.2.0.dev0 to many thousand texts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from graphcache.errors import UsageError
from graphcache.spack.flags import quoted
from graphcache.spack.versions import Constraint

TYPES = ("build", "link", "run", "test")
"""The types of dependencies, in the order in which Spack writes them."""
FLAGS = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
"""The compiler flags that a spec may name."""
COMPILERS = {
    "clang": "llvm",
    "oneapi": "intel-oneapi-compilers",
    "rocmcc": "llvm-amdgpu",
    "intel": "intel-oneapi-compilers-classic",
    "arm": "acfl",
}
"""Compilers whose names before Spack 1.0 are not those of their packages; `%clang` is `%llvm`."""

_OLD_NAMES = {package: name for name, package in COMPILERS.items()}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Variant:
    """What a variant must be: `+x`, `~x`, `k=v`, `k=a,b`, `k:=a,b`, `k=*`."""

    name: str
    values: bool | tuple[str, ...]
    """True or False, or the values that it must have among others; any if there are none."""
    exact: bool = False
    """Whether it must have no other value: `k:=a,b`."""
    propagated: bool = False
    """Whether all dependencies that have the variant must be like this: `++x`, `k==v`."""

    def __str__(self) -> str:
        if isinstance(self.values, bool):
            return ("+" if self.values else "~") * (1 + self.propagated) + self.name
        sign = (":" if self.exact else "") + ("==" if self.propagated else "=")
        shown = [v[:7] for v in self.values] if self._are_hashes else self.values
        return f"{self.name}{sign}{quoted(','.join(shown) or '*' * (not self.values))}"

    @property
    def _are_hashes(self) -> bool:
        return self.name == "patches" and self.exact

    def with_other(self, other: Variant) -> Variant:
        """Both demands in one.

        Raises:
            UsageError: they contradict each other.
        """
        values = _all_values(self, other)
        if values is None:
            raise UsageError(f"{self} and {other} contradict each other")
        exact = self.exact or other.exact
        return Variant(self.name, values, exact, self.propagated and other.propagated)


def _all_values(one: Variant, other: Variant) -> bool | tuple[str, ...] | None:
    """The values of both; None where no variant can have them."""
    first, second = one.values, other.values
    if isinstance(first, bool) or isinstance(second, bool):
        if () in (first, second):  # any value will do
            return first if isinstance(first, bool) else second
        return first if first == second else None
    union = tuple(sorted({*first, *second}))
    if one.exact and union != first:
        return None
    return None if other.exact and union != second else union


@dataclass(frozen=True, slots=True)
class Flag:
    """One compiler flag: `-O3` of `cflags="-O3 -g"`."""

    kind: str
    text: str
    propagated: bool = False


@dataclass(frozen=True, slots=True)
class Dependency:
    """A demand on what a spec needs: `^openmpi@4:`, `%c,cxx=gcc`, `^[virtuals=mpi] openmpi`."""

    spec: AbstractSpec
    direct: bool
    """Whether the spec itself must need it (`%`), or something that it is linked to may (`^`)."""
    virtuals: tuple[str, ...] = ()
    """What it must provide."""
    types: tuple[str, ...] = ()
    when: AbstractSpec | None = None
    """Of what specs this is asked; None is all."""
    preferred: bool = False
    """Whether it is written `%%`."""

    def __str__(self) -> str:
        name = self.spec.name
        shown = replace(self.spec, name=_OLD_NAMES.get(name, name) if self.direct else name)
        text = shown.alone
        types = f"deptypes={','.join(self.types)}" if self.types else ""
        when = f"when='{self.when}'" if self.when is not None else ""
        attributes = " ".join(filter(None, (when, types)))
        virtuals = ",".join(self.virtuals) + "=" if self.virtuals else ""
        sign = ("%%" if self.preferred else "%") if self.direct else "^"
        in_brackets = f"[{attributes}] " if attributes else ""
        return f"{sign}{in_brackets}{_star(self, text)}{virtuals}{text}"

    def with_other(self, other: Dependency) -> Dependency:
        """Both demands on one dependency in one.

        Raises:
            UsageError: they contradict each other.
        """
        virtuals = tuple(sorted({*self.virtuals, *other.virtuals}))
        return replace(self, spec=_united(self.spec, other.spec), virtuals=virtuals)


def _star(edge: Dependency, text: str) -> str:
    """What stands for a name where a reader could take the rest for something else."""
    spec = edge.spec
    if spec.name:
        return ""
    if edge.virtuals:
        return "*"
    if text.startswith("@"):
        return ""
    if spec.flags or not any(isinstance(v.values, bool) for v in spec.variants):
        return "*"
    return "*" if spec.platform or spec.os or spec.target else ""


@dataclass(frozen=True, slots=True)
class AbstractSpec:
    """What a spec must be like; what is empty or None may be anything.

    >>> from graphcache.spack.spec_parser import parse_specs
    >>> spec, = parse_specs("zlib @1.2: -shared  %gcc@12 build_type=Release")
    >>> spec.name, str(spec.versions), [str(d) for d in spec.dependencies]
    ('zlib', '1.2:', ['%gcc@12 build_type=Release'])
    """

    name: str = ""
    namespace: str | None = None
    versions: Constraint | None = None
    variants: tuple[Variant, ...] = ()
    """In the order of their names."""
    flags: tuple[Flag, ...] = ()
    platform: str | None = None
    os: str | None = None
    target: str | None = None
    hash: str = ""
    """The beginning of a hash."""
    dependencies: tuple[Dependency, ...] = ()

    @property
    def alone(self) -> str:
        """The spec as Spack writes it, without its dependencies."""
        arch = {"platform": self.platform, "os": self.os, "target": self.target}
        parts = [
            self.name,
            f"@{self.versions}" if self.versions is not None else "",
            self._flags(),
            *(str(v) for v in self.variants if isinstance(v.values, bool)),
            *(f" {v}" for v in self.variants if not isinstance(v.values, bool)),
            f" namespace={self.namespace}" if self.namespace and not self.name else "",
            *(f" {key}={value}" for key, value in arch.items() if value),
            f"/{self.hash}" if self.hash else "",
        ]
        return "".join(parts).strip()

    def _flags(self) -> str:
        parts = []
        for kind in sorted({flag.kind for flag in self.flags}):
            for propagated, sign in ((False, "="), (True, "==")):
                of_kind = [f for f in self.flags if f.kind == kind and f.propagated is propagated]
                if of_kind:
                    parts.append(f" {kind}{sign}{quoted(' '.join(f.text for f in of_kind))}")
        return "".join(parts) + (" " if parts else "")

    def demands(self) -> list[AbstractSpec]:
        """Specs with one demand each, but on the name and the dependencies, that say the same.

        Platform, system and target are one demand.
        """
        arch = AbstractSpec(platform=self.platform, os=self.os, target=self.target)
        found = [
            AbstractSpec(hash=self.hash),
            AbstractSpec(namespace=self.namespace),
            AbstractSpec(versions=self.versions),
            *(AbstractSpec(variants=(variant,)) for variant in self.variants),
            *(AbstractSpec(flags=(flag,)) for flag in self.flags),
            arch,
        ]
        return [one for one in found if one != AbstractSpec()]

    def __str__(self) -> str:
        parts = [self.alone]
        for edge in sorted(self.dependencies, key=_place):
            parts += [str(edge), *map(str, sorted(edge.spec.dependencies, key=_place))]
        return " ".join(filter(None, parts))


def _place(edge: Dependency) -> tuple[bool, str, int]:
    """Where Spack writes a dependency: what is direct first, by name; `build` weighs most."""
    weight = sum(2 ** ("link", "run", "build", "test").index(type_) for type_ in edge.types)
    return not edge.direct, edge.spec.name, weight


def with_dependency(edges: tuple[Dependency, ...], new: Dependency) -> tuple[Dependency, ...]:
    """The dependencies with one more, which joins one of the same package, types and condition.

    Raises:
        UsageError: it contradicts one that is there.
    """
    alike = [edge for edge in edges if edge.spec.name == new.spec.name and new.spec.name]
    same = [edge for edge in alike if edge.types == new.types and edge.when == new.when]
    if same:
        return tuple(edge.with_other(new) if edge is same[0] else edge for edge in edges)
    for edge in edges:
        if edge.spec.name == new.spec.name and edge.when == new.when and not _apart(edge, new):
            raise UsageError(f"{edge} and {new} have types in common: write them as one")
    # Of a second build of a package, Spack forgets that it is only preferred.
    return (*edges, replace(new, preferred=new.preferred and not alike))


def _apart(one: Dependency, other: Dependency) -> bool:
    """Whether a spec may need two builds of a package for these types."""
    linked = {"link", "run"}
    first, second = set(one.types), set(other.types)
    return not first & second and not (first & linked and second & linked)


def _united(one: AbstractSpec, other: AbstractSpec) -> AbstractSpec:
    """Both demands on a spec in one."""
    hashes = sorted((one.hash, other.hash), key=len)
    if not hashes[1].startswith(hashes[0]):
        raise UsageError(f"/{one.hash} and /{other.hash} are not of one spec")
    variants = {variant.name: variant for variant in one.variants}
    for variant in other.variants:
        known = variants.get(variant.name)
        variants[variant.name] = known.with_other(variant) if known else variant
    known_flags = {(flag.kind, flag.text) for flag in one.flags}
    dependencies = one.dependencies
    for edge in other.dependencies:
        dependencies = with_dependency(dependencies, edge)
    return replace(
        one,
        namespace=_either("namespaces", one.namespace, other.namespace),
        versions=_common(one.versions, other.versions),
        variants=tuple(variants[name] for name in sorted(variants)),
        flags=one.flags
        + tuple(flag for flag in other.flags if (flag.kind, flag.text) not in known_flags),
        platform=_either("platforms", one.platform, other.platform),
        os=_either("operating systems", one.os, other.os),
        target=_either("targets", one.target, other.target),
        hash=hashes[1],
        dependencies=dependencies,
    )


def _common(one: Constraint | None, other: Constraint | None) -> Constraint | None:
    if one is None or other is None:
        return one or other
    common = one.intersection(other)
    if common is None:
        raise UsageError(f"@{one} and @{other} have no version in common")
    return common


def _either(what: str, one: _T | None, other: _T | None) -> _T | None:
    if one is None or other is None or one == other:
        return one if other is None else other
    raise UsageError(f"{one} and {other}: two {what} for one spec")
