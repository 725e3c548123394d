"""Trials of which some break a promise or end the process: to try campaigns themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from campaigns.trials import Campaign, shorter

EACH = 1
_BREAKS, _ENDS = b"b", b"e"


class Breaking(Campaign[bytes]):
    """Texts, of which one that has a `b` breaks a promise; a text of an `e` ends the process."""

    def draw(self, dice: Random) -> bytes:
        return dice.choice((b"a" * 40, b"a" * 40 + _BREAKS + b"a" * 40, _ENDS))

    def smaller(self, trial: bytes) -> Iterator[bytes]:
        return shorter(trial)

    def files(self, trial: bytes) -> dict[str, bytes]:
        return {"text": trial}

    def hold(self, trial: bytes) -> None:
        if trial == _ENDS:
            os._exit(9)
        self.seen["held"] += 1
        assert _BREAKS not in trial, "there is a b"


@contextmanager
def campaign(_: Path) -> Iterator[Breaking]:
    """The campaign."""
    yield Breaking()
