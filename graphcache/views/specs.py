"""Specs as lines: as `spack find -lv` lists them, and commands to paste into a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from graphcache.answers import Answer
from graphcache.spack.flags import quoted
from graphcache.views.answers import printable
from graphcache.views.terminal import wrapped

_SHORT = 7
"""Characters of a hash, or of a patch's, that are shown."""
_WIDTH = 78
"""Characters of a line above a group, where a screen has as many."""

_SWITCH = re.compile("[+~][^+~]*")
"""A variant that is on or off, among others that Spack writes without a space between them."""

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
    answer: Answer,
    whole: bool = False,
    needs: Mapping[str, Needed] | None = None,
    marks: Mapping[str, str] | None = None,
    width: int | None = None,
) -> Iterator[str]:
    """Lines that list specs below their platform, system, target and compilers.

    A spec that is wider than a screen goes on below its name; no word of it is broken.

    Args:
        answer: what `find` gave.
        whole: whether hashes are shown whole.
        needs: by hash what is shown below a spec.
        marks: by hash what stands before it; nothing stands before any if there are none.
        width: of the screen; None where there is none to fit.
    """
    specs = sorted(answer.to_dicts(), key=_head)  # which leaves the order within a group
    for number, (head, group) in enumerate(groupby(specs, key=_head)):
        if number:
            yield ""
        *above, last = _lines("-- ", head, width and width - 1)  # a space is behind it
        yield from above
        yield f"{last} ".ljust(min(_WIDTH, width or _WIDTH), "-")
        for spec in group:
            for depth, one in [(0, spec), *(needs or {}).get(spec["hash"], ())]:
                mark = f"{marks[one['hash']]} " if marks else ""
                yield from _spec_lines(one, whole, width, depth, mark)
                if one.get("why_not"):
                    yield from _lines("    not here: ", "; ".join(one["why_not"]), width)


def _head(spec: Mapping[str, Any]) -> str:
    arch = "-".join(spec[part] or "unknown" for part in ("platform", "os", "target"))
    return f"{arch} / {', '.join(spec['compilers']) or 'no compiler known'}"


def _spec_lines(
    spec: Mapping[str, Any], whole: bool, width: int | None, depth: int, mark: str
) -> list[str]:
    hash_ = spec["hash"] if whole else spec["hash"][:_SHORT]
    text = spec_text(spec)
    if spec.get("mpi"):
        text += f" ^{spec['mpi']}"
    return _lines(f"{mark}{hash_} {'    ' * depth}", text, width)


def _lines(before: str, text: str, width: int | None) -> list[str]:
    """The text behind what stands before its first line, in lines that a screen has room for."""
    before, text = printable(before), printable(text)
    if width is None:
        return [before + text]
    words = [part for word in text.split(" ") for part in _parts(word, width - len(before))]
    first, *others = wrapped(words, width - len(before))
    return [before + first, *(" " * len(before) + line for line in others)]


def _parts(word: str, width: int) -> list[str]:
    """The word, or the lines of switches that one of them is which is too wide.

    >>> _parts("+atomics~cuda~debug", 14)
    ['+atomics~cuda', '~debug']
    """
    if len(word) <= width or word[0] not in "+~":
        return [word]
    return [line.replace(" ", "") for line in wrapped(_SWITCH.findall(word), width)]


def install_lines(answer: Answer) -> Iterator[str]:
    """A command for each spec that Spack installs it by, from a binary and nothing else.

    >>> print(*install_lines(Answer(["name", "hash"], [("zlib", "bu5ehkv2")])))
    spack install --cache-only zlib/bu5ehkv2
    """
    for spec in answer.to_dicts():
        yield printable(f"spack install --cache-only {spec['name']}/{spec['hash']}")
