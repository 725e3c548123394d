"""Compiler flags as Spack writes them in a spec: `cflags=-O3`, `ldflags='-Wl,-z,now -g'`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_PLAIN = re.compile(r"[a-zA-Z0-9,/_.\-\[\]]+")


def flag_texts(flags: Mapping[str, str]) -> list[str]:
    """The flags by name as texts that Spack reads back; their order, which counts, stays.

    >>> flag_texts({"cflags": "-O2 -g", "ldflags": "-s"})
    ["cflags='-O2 -g'", 'ldflags=-s']
    """
    return [f"{name}={quoted(value)}" for name, value in flags.items()]


def quoted(value: str) -> str:
    r"""A value in quotes where Spack puts it in some (`quote_if_needed` of its spec parser).

    >>> print(quoted("-O3"), quoted("-O2 -g"), quoted("-DX='a b'"))
    -O3 '-O2 -g' "-DX='a b'"
    """
    if _PLAIN.fullmatch(value):
        return value
    return json.dumps(value) if "'" in value else f"'{value}'"
