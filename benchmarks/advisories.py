"""Write a zip of made advisories in OSV's form, of any number, about packages that may be there.

    python benchmarks/advisories.py OUT.zip --count 50000 --seed 1

The same arguments give the same bytes. As in what OSV publishes, most are of npm, PyPI, Maven and
Go; the names of PyPI and of upstream are those of `benchmarks/snapshot.py`, so that a store of its
pages holds many of them. One in fifty has no range, one of commits or a broken one, or was
withdrawn.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from snapshot import Dice, package_names

_PACKAGES = 3_000
_ECOSYSTEMS = ["npm"] * 8 + ["PyPI"] * 4 + ["Maven"] * 3 + ["Go"] * 3 + ["OSS-Fuzz"] * 2
_DAY = "2026-01-01T00:00:00Z"
_DETAILS = "What it is, how it is met, and what to do about it. " * 20


def advisories(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """That many advisories."""
    dice = Dice(seed)
    names = list(islice(package_names(Dice(1)), _PACKAGES))
    advisory: dict[str, Any]
    for number in range(count):
        ecosystem = dice.pick(_ECOSYSTEMS)
        name = dice.pick(names)
        if ecosystem == "PyPI":
            name = name.removeprefix("py-")
        elif ecosystem == "Go":
            name = f"example.org/{name}"
        affected = {"package": {"ecosystem": ecosystem, "name": name}, **_versions(dice)}
        advisory = {"id": f"MADE-{number:06}", "modified": _DAY, "aliases": [f"CVE-2026-{number}"]}
        advisory |= {"summary": f"{name} can be led astray", "details": _DETAILS}
        advisory |= {"affected": [affected]}
        yield advisory | ({"withdrawn": _DAY} if dice.below(200) == 0 else {})


def _versions(dice: Dice) -> dict[str, Any]:
    """What is said of versions, mostly one range with an end."""
    kind = dice.below(200)
    if kind == 0:
        return {}
    if kind == 1:
        commits = [{"introduced": "0"}, {"fixed": "f" * 40}]
        repo = "https://example.org/a/b"
        return {"ranges": [{"type": "GIT", "repo": repo, "events": commits}]}
    first = f"{dice.below(5)}.{dice.below(30)}"
    end = f"{dice.below(9)}.{dice.below(300) / 10}"
    events = [{"introduced": first if kind > 100 else "0"}, {"fixed": end}]
    return {"ranges": [{"type": "ECOSYSTEM", "events": events[1:] if kind == 2 else events}]}


def write_zip(out: Path, *, count: int, seed: int = 1) -> None:
    """Write them to a zip."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for advisory in advisories(count, seed):
            info = zipfile.ZipInfo(f"{advisory['id']}.json")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, json.dumps(advisory))


def _main() -> None:
    parser = argparse.ArgumentParser(description="Write a zip of made advisories.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    write_zip(**vars(parser.parse_args()))


if __name__ == "__main__":
    _main()
