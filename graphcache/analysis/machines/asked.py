"""Which machine a question of binaries means: what a person tells, and of this one the rest."""

from __future__ import annotations

from typing import NamedTuple

from graphcache.analysis.machines.machine import this_libc, this_os, this_target
from graphcache.spack.libc import Libc, parse_libc


class MachineAsked(NamedTuple):
    """What machine is meant, and what there is to say of what was found out of this one."""

    target: str
    libc: Libc | None
    os: str | None
    said: str


def machine_asked(target: str | None, libc: str | None, os_: str | None) -> MachineAsked:
    """The machine that a person tells, with what is not told taken from this one.

    Raises:
        UsageError: the library is none, or nothing is known of this machine.

    >>> asked = machine_asked("zen4", "glibc@2.35", None)
    >>> asked.target, str(asked.libc), asked.os, asked.said
    ('zen4', 'glibc@2.35', None, '')
    """
    here: list[str] = []
    note = ""
    library = None if libc is None else parse_libc(libc)
    if libc is None and os_ is None:
        library = this_libc()
        if library:
            here.append(str(library))
        else:
            note = "; no C library of this machine is known (--libc tells one)"
    if target is None:
        target = this_target()
        here.insert(0, target)
        if os_ is None and libc is None:
            os_ = this_os()
            here.append(os_)
    if not here and not note:
        return MachineAsked(target, library, os_, "")
    known = [target, *([str(library)] if library else []), *([os_] if os_ else [])]
    if known != here and here:
        note += f"; of this machine: {', '.join(here)}"
    return MachineAsked(target, library, os_, f"for {', '.join(known)}{note}")
