"""A mirror behind HTTP whose server misbehaves: what comes of it is right, or it is said.

And nothing of it stays: asked again, by the same cache and of a server that behaves, it is right.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from web_server import Answer, Request, Web, content, cut_off, serving, status, without_length

from campaigns.changes import changed
from campaigns.inputs import ROOT
from campaigns.trials import Campaign, report_in_words, told_in_words
from graphcache import InputError, Tables
from graphcache.remote.cache import Cache
from graphcache.sources.addresses import Remote
from graphcache.sources.documents import MAX_DOCUMENT
from graphcache.sources.gather import gather, labelled
from graphcache.tables.join import join

EACH = 1
MIRRORS = ROOT / "tests/data/spack/mirrors"
_PLACES = ("v3", "v2")
_UNGUARDED = "/v2/"
"""A mirror of this form has no checksums, so that other content is other content."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What a server does to a mirror: at each path something at first, then what it should."""

    mirror: str
    answers: dict[str, list[tuple[str, bytes]]]


class Downloads(Campaign[Harm]):
    """Mirrors over HTTP."""

    def __init__(self, folder: Path, web: Web) -> None:
        super().__init__()
        self._web, self._cache = web, folder / "cache"
        self._asked: dict[str, list[str]] = {}
        self._right: dict[str, str] = {}
        for mirror in _PLACES:
            web.asked.clear()
            tables = self._read(mirror)
            assert tables is not None
            self._right[mirror] = tables.digest()
            self._asked[mirror] = list(dict.fromkeys(web.paths))
            shutil.rmtree(self._cache)

    def draw(self, dice: Random) -> Harm:
        mirror = dice.choice(_PLACES)
        paths = dice.sample(self._asked[mirror], dice.randint(1, len(self._asked[mirror])))
        return Harm(mirror, {path: self._harms(path, dice) for path in paths})

    def _harms(self, path: str, dice: Random) -> list[tuple[str, bytes]]:
        data = self._web.content(path) or b""
        kinds = list(_HARMS) if not path.startswith(_UNGUARDED) else _OF_UNGUARDED
        return [
            (dice.choice(kinds), dice.choice((changed(data, dice), data[: len(data) // 2], b"")))
            for _ in range(dice.randint(1, 5))
        ]

    def hold(self, trial: Harm) -> None:
        self._web.answers = {
            path: [*(_answer(kind, data, self._web.content(path) or b"") for kind, data in harms)]
            for path, harms in trial.answers.items()
        }
        try:
            tables = self._read(trial.mirror)
            assert tables is None or tables.digest() == self._right[trial.mirror], "another graph"
            self._web.answers = {}
            again = self._read(trial.mirror)
            assert again is not None, "refused, though the server behaves again"
            assert again.digest() == self._right[trial.mirror], "what was harmed has stayed"
        finally:
            shutil.rmtree(self._cache, ignore_errors=True)

    def _read(self, mirror: str) -> Tables | None:
        """The graph; None where a part of it was not read, which is said."""
        remote = Remote(MAX_DOCUMENT, Cache(self._cache, timeout=30, tries=3, back_off=0))
        try:
            reading = gather(labelled([f"{self._web.url}/{mirror}"]), remote=remote)
        except InputError as error:
            told_in_words(error)
            self.seen["refused"] += 1
            return None
        report_in_words(reading.report)
        tables = join(reading.facts, reading.report)
        self.seen["read with rejects" if reading.report.rejected else "read"] += 1
        return None if reading.report.rejected else tables


def _redirect(where: str) -> Callable[[bytes, bytes], Answer]:
    return lambda _, __: status(302, Location=where)


def _too_long(data: bytes, right: bytes) -> Answer:
    """More than the length that is said."""

    def answer(request: Request) -> None:
        request.start(200, {"Content-Length": str(len(right) // 2)})
        request.wfile.write(right + data)

    return answer


_HARMS: dict[str, Callable[[bytes, bytes], Answer]] = {
    "error": lambda data, _: status(500 + len(data) % 10),
    "gone": lambda _, __: status(404),
    "forbidden": lambda _, __: status(403),
    "no answer": lambda _, __: status(204),
    "not changed": lambda _, __: status(304),
    "cut off": lambda data, right: cut_off(right, min(len(data), len(right) - 1)),
    "not packed": lambda _, right: content(right, Content_Encoding="gzip"),
    "too long": _too_long,
    "in a circle": _redirect("/v3/../v3/manifests"),
    "to a file": _redirect("file:///etc/hostname"),
    "to nowhere": _redirect("http://127.0.0.1:1/"),
    "changed": lambda data, _: content(data),
    "without its length": lambda data, _: without_length(data),
}
_OF_UNGUARDED = ("error", "gone", "forbidden", "cut off", "not packed", "to a file", "to nowhere")


def _answer(kind: str, data: bytes, right: bytes) -> Answer:
    return _HARMS[kind](data, right)


@contextmanager
def campaign(folder: Path) -> Iterator[Downloads]:
    """The campaign, with a server of its own on this machine."""
    with serving(MIRRORS) as web:
        yield Downloads(folder, web)
