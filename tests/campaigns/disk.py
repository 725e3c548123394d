"""A disk that is full at any size: the store is as it was and it is said, or the new one is there.

A limit to the size of a file stands in for the disk; where this user may mount one, a small file
system does in some of the trials.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from small_disks import OWN_MOUNTS, can_mount

from campaigns import forks
from campaigns.inputs import ROOT
from campaigns.kills import succeed
from campaigns.trials import Campaign

EACH = 1
_SITE = ROOT / "examples/site/2026-10"
_IN_A_SMALL_DISK = """
mount -t tmpfs -o size=$1 tmpfs "$2" && cp "$3" "$2/store.lbug" || exit 99
"$4" build "$5" --store "$2/store.lbug"; code=$?
cp "$2/store.lbug" "$3.after"; ls -A "$2" > "$3.names"; exit $code
"""


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes there are, of a file or a disk."""

    size: int
    of_disk: bool


class Disk(Campaign[Room]):
    """Builds with little room."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder, self._old, new = folder / "small", folder / "old.lbug", folder / "new.lbug"
        self._folder.mkdir()
        succeed("build", ROOT / "examples/pages", "--store", self._old)
        succeed("build", _SITE, "--store", new)
        self._before = self._old.read_bytes()
        self._most = 2 * new.stat().st_size + len(self._before)

    def draw(self, dice: Random) -> Room:
        of_disk = dice.random() < 0.2 and can_mount()
        least = len(self._before) + 100_000 if of_disk else 0
        return Room(dice.randint(least, self._most), of_disk)

    def hold(self, trial: Room) -> None:
        ended, after, names = self._on_disk(trial) if trial.of_disk else self._with_limit(trial)
        assert "Traceback" not in ended.said, ended.said
        assert names == ["store.lbug"], f"left behind: {names}"
        if ended.code == 0:
            self.seen["new"] += 1
            assert after != self._before, "it is said to be built, and is not"
        else:
            assert ended.code == 1, f"ended by {ended.code}: {ended.said}"
            assert "can't be written" in ended.said, ended.said
            assert after == self._before, "the old store is not as it was"
            self.seen["refused"] += 1

    def _with_limit(self, trial: Room) -> tuple[forks.Ended, bytes, list[str]]:
        store = self._folder / "store.lbug"
        store.write_bytes(self._before)

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (trial.size, trial.size))

        ended = forks.run("build", _SITE, "--store", store, before=limit)
        return ended, store.read_bytes(), os.listdir(self._folder)

    def _on_disk(self, trial: Room) -> tuple[forks.Ended, bytes, list[str]]:
        places = map(
            str,
            (
                trial.size,
                self._folder,
                self._old,
                Path(sys.executable).with_name("graphcache"),
                _SITE,
            ),
        )
        command = [*OWN_MOUNTS, "sh", "-c", _IN_A_SMALL_DISK, "sh", *places]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
        )
        after, names = (self._old.with_name(f"old.lbug.{what}") for what in ("after", "names"))
        ended = forks.Ended(done.returncode, done.stdout)
        return ended, after.read_bytes(), names.read_text().split()


@contextmanager
def campaign(folder: Path) -> Iterator[Disk]:
    """The campaign, with a store that is there before."""
    yield Disk(folder)
