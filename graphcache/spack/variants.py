"""Variant texts: `+x`, `~x`, `k=v`, `k:=v`, `k=a,b,c`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=2**16)  # the same few thousand stand in all specs
def normal_variant(text: str) -> str:
    """One variant in normal form: `:=` (an exact list) and `==` (propagated) become `=`.

    Which one is written depends on the version of Spack, not on the build. A boolean that older
    Spack wrote `-x` is `~x`. Only the first `=` counts: a value may hold `:=` itself.

    >>> normal_variant("amdgpu_target:=gfx90a")
    'amdgpu_target=gfx90a'
    >>> normal_variant('cflags="-DX:=1"')
    'cflags="-DX:=1"'
    >>> normal_variant("-shared")
    '~shared'
    """
    if text.startswith("-"):
        return "~" + text[1:]
    key, equals, value = text.partition("=")
    return f"{key.rstrip(':')}={value.removeprefix('=')}" if equals else text


def normal_variants(texts: Iterable[str]) -> list[str]:
    """A spec's variants in normal form: each once, sorted.

    >>> normal_variants(["~asan", "build_type=Release", "+tensile", "~asan"])
    ['+tensile', 'build_type=Release', '~asan']
    """
    return sorted({normal_variant(text) for text in texts})
