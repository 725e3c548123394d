"""Variant texts: `+x`, `~x`, `k=v`, `k:=v`, `k=a,b,c`.

One setting has many notations, which depend on the version of Spack that wrote it and on whether it
was propagated to dependencies, but not on the build: all have one normal form.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_IN_ORDER = frozenset({"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"})
"""Compiler flags, which some texts write as variants: their order counts."""
PATCHES = "patches="
"""How the variant begins that lists what was patched."""
_SHOWN = 7
"""Characters that Spack shows of a patch's sha256."""


@lru_cache(maxsize=2**16)  # the same few thousand stand in all specs
def normal_variant(text: str) -> str:
    """One variant in normal form, as a concretized spec has it.

    `:=` (an exact list), `==` and `:==` (propagated) become `=`, `++` and `~~` (propagated) become
    `+` and `~`, and so does the `-` of older Spack. Several values have no order. Only the first
    `=` counts: a value may hold `:=` itself.

    >>> normal_variant("amdgpu_target:=gfx90a"), normal_variant("languages:==c++,c")
    ('amdgpu_target=gfx90a', 'languages=c,c++')
    >>> normal_variant("++shared"), normal_variant("-shared")
    ('+shared', '~shared')
    >>> normal_variant('cflags="-DX:=1"')
    'cflags="-DX:=1"'
    """
    if text.startswith(("+", "~", "-")):
        return ("+" if text.startswith("+") else "~") + text.lstrip("+~-")
    key, equals, value = text.partition("=")
    if not equals:
        return text
    key, value = key.rstrip(":"), value.removeprefix("=")
    if key in _IN_ORDER:
        return f"{key}={value}"
    return f"{key}={','.join(sorted(set(_unquoted(value).split(','))))}"


def normal_variants(texts: Iterable[str]) -> list[str]:
    """A spec's variants in normal form: each once, sorted.

    >>> normal_variants(["~asan", "build_type=Release", "+tensile", "~asan"])
    ['+tensile', 'build_type=Release', '~asan']
    """
    return sorted({normal_variant(text) for text in texts})


def shown_variant(text: str) -> str:
    """A variant in normal form as Spack shows it, by which two sources can be compared.

    Of each patch the first characters of its sha256: pages have no more, indexes have all.

    >>> shown_variant("patches=" + "b61e2f05" * 8), shown_variant("+shared")
    ('patches=b61e2f0', '+shared')
    """
    if not text.startswith(PATCHES):
        return text
    values = text.removeprefix(PATCHES).split(",")
    return PATCHES + ",".join(sorted({value[:_SHOWN] for value in values}))


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
