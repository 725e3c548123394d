"""What the tests of lakes share: files of every form, and made ones that contradict each other."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import oracle
from hypothesis import strategies as st

from graphcache.lake.adding import add
from graphcache.lake.describing import describe
from graphcache.lake.facts import read_kind
from graphcache.lake.lake import Lake
from graphcache.lake.tables import read_tables, read_warnings
from graphcache.records import Labels, Reject
from graphcache.sources.gather import gather
from graphcache.tables import Tables
from graphcache.tables.compare import differences
from graphcache.tables.join import join

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
SETS: dict[str, list[Path]] = {
    "pages": [ROOT / "examples/pages"],
    "old pages": [DATA / "legacy"],
    "locks": [
        DATA / "spack/radiuss.v6.spack.lock.gz",
        DATA / "spack/developer-tools.v6.spack.lock.gz",
    ],
    "indexes": [ROOT / "examples/site"],
    "mirrors": [DATA / "spack/mirrors"],
    "old forms": [DATA / "spack/old"],
    "damaged": [Path(__file__).parent / "golden/rejects/pages"],
    "all": [ROOT / "examples", DATA / "spack", DATA / "legacy"],
}
"""Real and made files of every form."""

Json = dict[str, Any]
_HASHES = [letter * 32 for letter in "abcdef"]
_OF_ALL = ("spec ", "stack ")
"""How warnings begin that are said of all files together, and not of one."""
_RELEASES = ["develop", "v1.0", "odd/näme = %41"]


def tables_of(lake: Path) -> Tables:
    """The tables of a lake."""
    opened = Lake.open(lake)
    return read_tables(opened.place, opened.tables().tables)


def assert_same(found: Tables, expected: Tables) -> None:
    """That two graphs are one, or where they differ."""
    told = {name: one for name, one in differences(expected, found).items() if one}
    assert not told
    assert found.digest() == expected.digest()


def warnings_of(lake: Path) -> Counter[str]:
    """All that was warned of: when files were read, and when they were joined."""
    opened = Lake.open(lake)
    rows = read_kind(opened.place, "warning", opened.listing.notes("warning")).to_pylist()
    read = Counter({row["warning"]: row["count"] for row in rows})
    return read + Counter(read_warnings(opened.place, opened.tables().warnings))


def rejects_of(lake: Path) -> list[Reject]:
    """All that was not read."""
    opened = Lake.open(lake)
    rows = read_kind(opened.place, "reject", opened.listing.notes("reject")).to_pylist()
    assert describe(lake).facts["reject"] == len(rows)
    return [Reject(**row) for row in rows]


_variants = st.sampled_from(["+x", "~x", "k=v", "patches=abcdef0", "patches=" + "abcdef01" * 8])


@st.composite
def pages(draw: st.DrawFn, release: str) -> str:
    """A page that may contradict all others."""
    package = draw(st.sampled_from(["zlib", "gcc"]))
    records = []
    for spec_hash in draw(st.lists(st.sampled_from(_HASHES), min_size=1, unique=True)):
        record = oracle.record(spec_hash)
        record["versions"] = [draw(st.sampled_from(["1", "2"]))]
        record["compiler"] = draw(st.sampled_from(["none", "gcc@1"]))
        record["variants"] = draw(st.lists(_variants, unique=True))
        record["stacks"] = draw(st.lists(st.sampled_from(["e4s", "hep", "root"]), unique=True))
        records.append(record)
    return oracle.page_text(package, release, records)


_NEEDS = [
    {"deptypes": ["build"], "virtuals": ["c"]},
    {"deptypes": ["build", "link"], "virtuals": ["c", "cxx"]},
    {"deptypes": ["link"], "virtuals": []},
    {"deptypes": ["link", "run"], "virtuals": ["fortran", "mpi"]},
]


@st.composite
def indexes(draw: st.DrawFn) -> str:
    """An index whose specs may need what it does not describe, and contradict all others."""
    installs = {}
    for spec_hash in draw(st.lists(st.sampled_from(_HASHES), min_size=1, unique=True)):
        needed = draw(st.lists(st.sampled_from(_HASHES), max_size=3, unique=True))
        node: Json = {
            "name": draw(st.sampled_from(["zlib", "gcc"])),
            "version": draw(st.sampled_from(["1", "2"])),
            "arch": {
                "platform": "linux",
                "platform_os": draw(st.sampled_from(["debian12", "sles15"])),
                "target": draw(st.sampled_from(["zen4", "x86_64_v3"])),
            },
            "namespace": draw(st.sampled_from(["builtin", "site"])),
            "parameters": {"x": draw(st.booleans())},
            "dependencies": [
                {
                    "name": draw(st.sampled_from(["zlib", "gcc"])),
                    "hash": one,
                    "parameters": draw(st.sampled_from(_NEEDS)),
                }
                for one in needed
            ],
            "hash": spec_hash,
        }
        if draw(st.booleans()):
            node["parameters"]["patches"] = ["abcdef01" * 8]
        if draw(st.integers(0, 3)) == 0:
            node["build_spec"] = {"name": "zlib", "hash": draw(st.sampled_from(_HASHES))}
        installs[spec_hash] = {"spec": node, "in_buildcache": draw(st.booleans())}
    return json.dumps({"database": {"version": "8", "installs": installs}})


@st.composite
def histories(draw: st.DrawFn) -> list[Load]:
    """What is added, one after the other; some of it again."""
    loads = []
    for _ in range(draw(st.integers(1, 4))):
        release = draw(st.sampled_from(_RELEASES))
        texts = draw(st.lists(pages(release) | indexes(), min_size=1, max_size=3))
        loads.append(Load(release, draw(st.sampled_from([None, "e4s"])), texts))
    return loads


class Load(NamedTuple):
    """What is added at once."""

    release: str
    stack: str | None
    texts: list[str]


class History:
    """A lake to which loads are added, and what it should hold."""

    def __init__(self, folder: Path) -> None:
        self.lake = folder / "lake"
        self._folder = folder
        self._now: dict[tuple[str, str | None], Path] = {}
        self._loads = 0

    def add(self, load: Load) -> None:
        """Add the files of a load."""
        self._loads += 1
        files = self._folder / f"{self._loads}"
        files.mkdir()
        for number, text in enumerate(load.texts):
            (files / f"{number}").write_text(text)
        add(self.lake, files, release=load.release, stack=load.stack)
        self._now[load.release, load.stack] = files

    def expected(self) -> tuple[Tables, Counter[str]]:
        """The graph of the last files of each release, by `build`, and what joining warns of."""
        sources = [(str(path), Labels(*labels)) for labels, path in self._now.items()]
        reading = gather(sources)
        tables = join(reading.take_facts(), reading.report)
        said = reading.report.warnings
        return tables, Counter({t: n for t, n in said.items() if t.startswith(_OF_ALL)})


def join_warnings(lake: Path) -> Counter[str]:
    """What joining warned of."""
    opened = Lake.open(lake)
    return Counter(read_warnings(opened.place, opened.tables().warnings))
