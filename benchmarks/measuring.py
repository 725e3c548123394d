"""Run commands as processes of their own, and note what each one costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Case:
    """A command to be measured; `prepare` is run before it, and not measured."""

    name: str
    command: Sequence[object]
    prepare: Callable[[], object] = int
    good: tuple[int, ...] = (0,)
    """The exit codes with which it ends well."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took, its children and its imports among it."""

    cpu: float
    """Seconds, of the user and the system, of all threads."""
    wall: float
    """Seconds."""
    memory: float
    """Most megabytes held at a time."""


def measure(case: Case) -> Cost:
    """Run the case once. Its standard output is dropped; it must succeed."""
    case.prepare()
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in case.command], stdout=subprocess.DEVNULL)
    # The memory counted is at least that of this process, from which the child springs: keep it
    # small, and do what takes memory in children too.
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in case.good:
        raise SystemExit(f"{case.name}: ended with exit code {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * _MAXRSS_UNIT / 1e6)


def measure_all(cases: Sequence[Case], runs: int) -> dict[str, Cost]:
    """Each case so many times, in turns; of each the least CPU, wall time and memory by name.

    The machine's other work can only add to what a process takes, so the least says most; in
    turns, since that work comes and goes.
    """
    costs: dict[str, list[Cost]] = {case.name: [] for case in cases}
    for run in range(1, runs + 1):
        for case in cases:
            print(f"run {run} of {runs}: {case.name}", file=sys.stderr, flush=True)
            costs[case.name].append(measure(case))
    return {name: _least(taken) for name, taken in costs.items()}


def _least(taken: list[Cost]) -> Cost:
    return Cost(min(c.cpu for c in taken), min(c.wall for c in taken), min(c.memory for c in taken))


_EVERY = 0.2
"""Seconds between two looks at the processes of a session."""


def measure_session(case: Case) -> Cost:
    """Run a case that starts processes which nobody waits for; of all of them together, on Linux.

    CPU is what each had taken when it was last seen, memory the most that all held at a time.
    """
    case.prepare()
    start = time.perf_counter()
    command = [str(part) for part in case.command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    cpu: dict[int, float] = {}
    most = 0.0
    while process.poll() is None:
        memory = 0.0
        for pid, seconds, held in _in_session(process.pid):
            cpu[pid] = seconds
            memory += held
        most = max(most, memory)
        time.sleep(_EVERY)
    wall = time.perf_counter() - start
    if process.returncode not in case.good:
        raise SystemExit(f"{case.name}: ended with exit code {process.returncode}")
    return Cost(sum(cpu.values()), wall, most)


def _in_session(session: int) -> Iterator[tuple[int, float, float]]:
    """The processes of a session: id, CPU seconds, megabytes held."""
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # Behind the name, which is in brackets and may be anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                ticks = int(fields[11]) + int(fields[12])
                yield int(folder.name), ticks / tick, int(fields[21]) * page / 1e6
