"""A store of which a part is not as it was: each is refused in words, before LadybugDB opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from campaigns.changes import cut, flip
from campaigns.inputs import ROOT
from campaigns.trials import Campaign, told_in_words
from graphcache import StoreError, build_store, open_store

EACH = 1
_PAGE = 4096


class Damage(Campaign[bytes]):
    """A store's file after a change."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._place = folder / "store.lbug"
        build_store(self._place, ROOT / "examples/pages")
        self._whole = self._place.read_bytes()
        with open_store(self._place) as store:
            self._digest = store.tables().digest()

    def draw(self, dice: Random) -> bytes:
        change = dice.choice((flip, flip, flip, _page, _copied_page, cut, _end, _flip_seal))
        return change(self._whole, dice)

    def files(self, trial: bytes) -> dict[str, bytes]:
        return {"store.lbug": trial}

    def hold(self, trial: bytes) -> None:
        self._place.write_bytes(trial)
        try:
            with open_store(self._place) as store:
                digest = store.tables().digest()
        except StoreError as error:
            told_in_words(error)
            self.seen["refused"] += 1
        else:
            assert digest == self._digest, "a damaged store answers, and wrongly"
            self.seen["not changed" if trial == self._whole else "answered rightly"] += 1


def _page(content: bytes, dice: Random) -> bytes:
    at = _PAGE * dice.randrange(len(content) // _PAGE)
    new = dice.choice((bytes(_PAGE), dice.randbytes(_PAGE)))
    return content[:at] + new + content[at + _PAGE :]


def _copied_page(content: bytes, dice: Random) -> bytes:
    at, other = (_PAGE * dice.randrange(len(content) // _PAGE) for _ in range(2))
    return content[:at] + content[other : other + _PAGE] + content[at + _PAGE :]


def _end(content: bytes, dice: Random) -> bytes:
    return content + dice.choice((b"\n", b"\0", dice.randbytes(100), content[-200:]))


def _flip_seal(content: bytes, dice: Random) -> bytes:
    at = len(content) - dice.randint(1, 130)
    return content[:at] + flip(content[at : at + 1], dice) + content[at + 1 :]


@contextmanager
def campaign(folder: Path) -> Iterator[Damage]:
    """The campaign, with a store of the example pages."""
    yield Damage(folder)
