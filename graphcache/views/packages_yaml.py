"""What packages are held to, as a packages.yaml of Spack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from graphcache.views.answers import printable
from graphcache.words import counted

_HEAD = """\
# A pin is a promise only as far as constraints allow it: concretize with these to see.
# What all: requires, Spack does not ask of a package that has a require: of its own.
"""
_NOT_SAID = {
    "recipe": "use one package.py, as of one commit of the repository, for all stacks",
    "external": "have all stacks configure it alike (`externals:`, `buildable:`)",
    "flags": "take its flags out of what the stacks ask for",
}
"""What to do about a pin of a kind that `require:` can't say."""


def packages_yaml(pins: Iterable[Mapping[str, Any]]) -> str:
    r"""The rows of `unify` as a packages.yaml, a comment before each that says what it saves.

    What `require:` can't say is a comment alone.

    >>> pin = {"package": "zlib-ng", "kind": "version", "held_to": "2.3.3", "saves": 13}
    >>> print(packages_yaml([{**pin, "instead_of": ["2.2.4"], "require": "@=2.3.3"}]), end="")
    # A pin is a promise only as far as constraints allow it: concretize with these to see.
    # What all: requires, Spack does not ask of a package that has a require: of its own.
    packages:
      # version 2.3.3 instead of 2.2.4: 13 builds less
      zlib-ng:
        require:
        - '@=2.3.3'
    """
    comments: dict[str, list[str]] = {}
    required: dict[str, list[str]] = {}
    for pin in pins:
        line = (
            f"{pin['kind']} {pin['held_to']} instead of {' '.join(pin['instead_of'])}: "
            f"{counted(pin['saves'], 'build')} less"
        )
        # Of several virtuals of one provider each has a requirement, and the first the comment.
        names = pin["package"].split(",")
        if pin["require"] is None:
            line = f"{pin['package']}: {line}; {_NOT_SAID[pin['kind']]}"
        else:
            for name in names:
                required.setdefault(name, []).append(pin["require"])
        comments.setdefault(names[0], []).append(line)
    text = "".join(_part(name, comments.pop(name, []), said) for name, said in required.items())
    rest = "".join(_part(name, lines, []) for name, lines in comments.items())
    return f"{_HEAD}packages:{'' if required else ' {}'}\n{text}{rest}"


def _part(name: str, comments: list[str], required: list[str]) -> str:
    said = [f"# {printable(' '.join(line.split()))}" for line in comments]
    if required:
        dumped = yaml.safe_dump({name: {"require": required}}, allow_unicode=True, width=1_000)
        said += dumped.splitlines()
    return "".join(f"  {line}\n" for line in said)
