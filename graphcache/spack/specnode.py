"""The spec object of Spack's own files: what its forms have in common.

`docs/formats.md` says which file holds which form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphcache.records import Arch, NamedDependency, SpecNode

LANGUAGES = ("c", "cxx", "fortran")
"""The virtuals that a compiler provides, since compilers are dependencies (spec form 5)."""
_FLAGS = frozenset({"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"})


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
        NamedDependency(name=name, hash=one.hash, build_hash=one.build_hash, parameters=one.kind)
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
