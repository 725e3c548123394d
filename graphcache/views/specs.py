"""Specs as lines: as `spack find -lv` lists them, and commands to paste into a shell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from graphcache.answers import Answer
from graphcache.spack.flags import quoted
from graphcache.views.answers import printable

_SHORT = 7
"""Characters of a hash, or of a patch's, that are shown."""
_WIDTH = 78
"""Characters of a line above a group."""

Needed = Sequence[tuple[int, Mapping[str, Any]]]
"""What a spec needs: how deep it lies, and its hash, name, version and variants."""


def spec_text(spec: Mapping[str, Any]) -> str:
    """A spec as Spack shows it: `zlib@1.3.1 +optimize~shared build_system=generic`.

    >>> spec_text({"name": "zlib", "version": "1.3", "variants": ["+pic", "api=v2", "~shared"]})
    'zlib@1.3 +pic~shared api=v2'
    """
    variants = spec["variants"] or []
    switches = sorted((v for v in variants if v[0] in "+~"), key=lambda text: text[1:])
    settings = [_setting(*v.split("=", 1)) for v in variants if v[0] not in "+~" and "=" in v]
    version = "" if spec["version"] is None else f"@{spec['version']}"
    return " ".join(filter(None, [f"{spec['name']}{version}", "".join(switches), *settings]))


def _setting(key: str, value: str) -> str:
    if key == "patches":
        value = ",".join(patch[:_SHORT] for patch in value.split(","))
    return f"{key}={quoted(value)}"


def listing(
    answer: Answer, whole: bool = False, needs: Mapping[str, Needed] | None = None
) -> Iterator[str]:
    """Lines that list specs below their platform, system, target and compilers.

    Args:
        answer: what `find` gave.
        whole: whether hashes are shown whole.
        needs: by hash what is shown below a spec.
    """
    specs = sorted(answer.to_dicts(), key=_head)  # which leaves the order within a group
    for number, (head, group) in enumerate(groupby(specs, key=_head)):
        if number:
            yield ""
        yield printable(f"-- {head} ".ljust(_WIDTH, "-"))
        for spec in group:
            yield _line(spec, whole)
            for depth, needed in (needs or {}).get(spec["hash"], ()):
                yield _line(needed, whole, depth)


def _head(spec: Mapping[str, Any]) -> str:
    arch = "-".join(spec[part] or "unknown" for part in ("platform", "os", "target"))
    return f"{arch} / {', '.join(spec['compilers']) or 'no compiler known'}"


def _line(spec: Mapping[str, Any], whole: bool, depth: int = 0) -> str:
    hash_ = spec["hash"] if whole else spec["hash"][:_SHORT]
    return printable(f"{hash_} {'    ' * depth}{spec_text(spec)}")


def install_lines(answer: Answer) -> Iterator[str]:
    """A command for each spec that Spack installs it by, from a binary and nothing else.

    >>> print(*install_lines(Answer(["name", "hash"], [("zlib", "bu5ehkv2")])))
    spack install --cache-only zlib/bu5ehkv2
    """
    for spec in answer.to_dicts():
        yield printable(f"spack install --cache-only {spec['name']}/{spec['hash']}")
