"""Compiler texts, as pages and specs write them."""

from __future__ import annotations

from typing import Any

from graphcache.spack.versions import version_key

LANGUAGES = frozenset({"c", "cxx", "fortran"})
"""The virtuals that a compiler provides, since compilers are dependencies (spec form 5)."""


def normal_compiler(text: str) -> str | None:
    """A compiler as NAME@VERSION; None where the page says there is none.

    Older Spack wrote `gcc@13.2.0`, newer `gcc@=13.2.0`: the same compiler. Since Spack 1.0 a
    compiler is a dependency, and pages say `none`.

    >>> normal_compiler("gcc@=13.2.0")
    'gcc@13.2.0'
    >>> normal_compiler("none") is None
    True
    """
    return None if text == "none" else text.replace("@=", "@", 1)


def split_compiler(spec: str) -> tuple[str, str | None]:
    """The name and the version of a compiler in normal form.

    >>> split_compiler("gcc@13.2.0")
    ('gcc', '13.2.0')
    >>> split_compiler("gcc")
    ('gcc', None)
    """
    name, at, version = spec.partition("@")
    return name, version if at else None


def compiler_key(spec: str) -> tuple[Any, ...]:
    """A key that sorts compilers in normal form by name, and then as Spack sorts versions.

    >>> sorted(["gcc@13.2.0", "gcc@9.4.0", "clang@15"], key=compiler_key)
    ['clang@15', 'gcc@9.4.0', 'gcc@13.2.0']
    """
    name, version = split_compiler(spec)
    return name, version_key(version)
