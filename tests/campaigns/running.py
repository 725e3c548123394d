"""Running a campaign: in a process of its own, which may crash, hang or run out of memory.

The process says on its standard output at which trial it is, so that whatever ends it has a trial
to be blamed on; the next process goes on behind that one.
"""

from __future__ import annotations

import json
import queue
import resource
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from typing import IO, Any

from campaigns.trials import Campaign, broken_by, smallest

KINDS = ("inputs", "archives", "downloads", "damage", "kills", "disk", "serve", "outputs", "neo4j")
TESTS = Path(__file__).parents[1]
_SECONDS = 600
"""After so many without a word a trial hangs: one takes milliseconds, some of a server seconds."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that a trial broke."""

    trial: int
    why: str
    place: Path
    """The folder with what shows it."""


@dataclass(slots=True)
class Result:
    """What a campaign came to."""

    cases: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)
    peak: int = 0
    """The most memory that a process of it took, in bytes."""


def run(kind: str, seed: str, count: int, keep: Path, first: int = 0) -> Result:
    """Run so many cases, and keep under `keep` what breaks a promise."""
    result = Result()
    each: int = import_module(f"campaigns.{kind}").EACH
    last = first + -(-count // each)
    while first < last:
        first = _run_until_it_ends(kind, seed, range(first, last), keep, result)
    result.cases = each * (-(-count // each))
    return result


def _run_until_it_ends(kind: str, seed: str, trials: range, keep: Path, result: Result) -> int:
    """Run trials in one process; the number of the trial to go on with."""
    arguments = (kind, seed, trials.start, trials.stop, keep)
    command = [sys.executable, str(TESTS / "campaign.py"), "--worker", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True).start()
        at, why = -1, ""
        while True:
            try:
                line = lines.get(timeout=_SECONDS)
            except queue.Empty:
                process.kill()
                why = f"hangs: nothing came of it in {_SECONDS} s"
                break
            if line is None:
                break
            at = _note(json.loads(line), at, keep, result)
    if process.returncode == 0:
        return trials.stop
    if at < 0:
        raise RuntimeError(f"{kind}: not begun: see above")
    place = keep / f"{kind}-{seed}-{at}"
    result.broken.append(Broken(at, why or f"the process ended by {process.returncode}", place))
    return at + 1


def _pass_on(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _note(said: dict[str, Any], at: int, keep: Path, result: Result) -> int:
    """Note what a process says; the trial that it is at."""
    if "broken" in said:
        result.broken.append(Broken(at, said["broken"], keep / said["place"]))
    if "seen" in said:
        result.seen.update(said["seen"])
        result.peak = max(result.peak, said["peak"])
    return int(said.get("at", at))


def work(kind: str, seed: str, first: int, last: int, keep: Path) -> None:
    """The process: try one trial after the other, and say what comes of each."""
    module = import_module(f"campaigns.{kind}")
    with tempfile.TemporaryDirectory() as folder, module.campaign(Path(folder)) as campaign:
        for number in range(first, last):
            _say(at=number)
            _try(campaign, f"{kind}-{seed}-{number}", keep)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        _say(seen=campaign.seen, peak=peak)


def _try(campaign: Campaign[Any], name: str, keep: Path) -> None:
    trial = campaign.draw(Random(name))  # noqa: S311 - the same each time
    if why := broken_by(campaign, trial):
        _keep(campaign, smallest(campaign, trial, why), keep / name)
        _say(broken=why, place=name)


def show(kind: str, seed: str, number: int, keep: Path) -> None:
    """Write down a trial without trying it."""
    name = f"{kind}-{seed}-{number}"
    module = import_module(f"campaigns.{kind}")
    with tempfile.TemporaryDirectory() as folder, module.campaign(Path(folder)) as campaign:
        _keep(campaign, campaign.draw(Random(name)), keep / name)  # noqa: S311


def _keep(campaign: Campaign[Any], trial: Any, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, content in campaign.files(trial).items():
        (place / name).write_bytes(content)


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)
