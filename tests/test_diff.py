"""What differs between two sets of specs, held against plain loops, on real and on made ones."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations, product
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import oracle
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables, UsageError, read
from graphcache.analysis.changes import CHANGES, SUMMARY, Diff, diff
from graphcache.analysis.sides import kind_of, side

DATA = Path(__file__).parent / "data/spack"
SITE = Path(__file__).parents[1] / "examples/site"
PARTS = ("version", "compiler", "variants", "target", "os", "platform")

Spec = dict[str, Any]


# The same by plain loops --------------------------------------------------------------------------


def specs_of(tables: Tables) -> dict[str, Spec]:
    """By hash each spec that counts, with the text of each part."""
    found = {}
    for spec in tables.nodes["Spec"].to_pylist():
        if spec["version"] and not spec["external"] and spec["in_buildcache"] is not False:
            variants = spec["variants"]
            texts = {part: spec[part] or "" for part in ("version", "os", "platform")}
            texts["variants"] = f"{len(variants)}:" + "\x1f".join(variants)
            found[spec["hash"]] = {**spec, **texts, "target": "", "compiler": ""}
    for edge, part in ("FOR_TARGET", "target"), ("BUILT_WITH", "compiler"):
        for row in tables.edges[edge].to_pylist():
            if row["from"] in found:
                found[row["from"]][part] = f"{found[row['from']][part]} {row['to']}".strip()
    return found


def distance(old: Spec, new: Spec) -> set[str]:
    return {part for part in PARTS if old[part] != new[part]}


def version_key(version: str) -> list[Any]:
    """Of versions that have numbers and text at the same places."""
    return [int(p) if p.isdigit() else p for p in re.split(r"([0-9]+)", version)]


def in_order(specs: list[Spec], parts: tuple[str, ...]) -> list[Spec]:
    specs = sorted(specs, key=lambda spec: spec["hash"])
    for part in reversed(parts):
        if part == "version":
            specs.sort(key=lambda spec: version_key(spec["version"]), reverse=True)
        else:
            specs.sort(key=itemgetter(part))
    return specs


def naive_pairs(old: dict[str, Spec], new: dict[str, Spec]) -> set[tuple[str, str]]:
    """For each set of parts each old spec with the first new one that differs in these at most."""
    olds, news = ([s for h, s in a.items() if h not in b] for a, b in ((old, new), (new, old)))
    pairs = set()
    for size in range(len(PARTS) + 1):
        for parts in combinations(PARTS, size):
            for a in in_order(olds, parts):
                for b in in_order(news, parts):
                    if a["name"] == b["name"] and distance(a, b) <= set(parts):
                        pairs.add((a["hash"], b["hash"]))
                        olds.remove(a)
                        news.remove(b)
                        break
    return pairs


def assert_is_naive(old: Tables, new: Tables) -> Diff:
    """Hold every row and count of an answer against the loops; what the answer is."""
    found, a, b = diff(old, new), specs_of(old), specs_of(new)
    pairs = naive_pairs(a, b)
    rows = {(row[3], row[5]) for row in found.specs.rows}
    assert len(rows) == len(found.specs.rows)
    assert {row for row in rows if None not in row} == pairs
    assert {key for key, other in rows if not other} == a.keys() - b.keys() - {p for p, _ in pairs}
    assert {key for other, key in rows if not other} == b.keys() - a.keys() - {p for _, p in pairs}
    for change, package, old_version, old_hash, new_version, new_hash, differs in found.specs.rows:
        mine, other = a.get(old_hash), b.get(new_hash)
        assert {spec["name"] for spec in (mine, other) if spec} == {package}
        assert (old_version, new_version) == tuple(s and s["version"] for s in (mine, other))
        if mine and other:
            assert {line.partition(":")[0] for line in differs} == distance(mine, other)
            same = mine["configuration"] == other["configuration"]
            assert change == ("rebuilt" if same else "changed")
        else:
            assert (change, differs) == ("removed" if mine else "added", [])
    assert_counts(found, a, b)
    return found


def assert_counts(found: Diff, old: dict[str, Spec], new: dict[str, Spec]) -> None:
    """Count the rows again."""
    sides = {"old": old, "new": new, "kept": {key: old[key] for key in old.keys() & new}}
    packages = {name: [s["name"] for s in specs.values()] for name, specs in sides.items()}
    for change, package, *_, differs in found.specs.rows:
        names = [change, *(f"changed {line.partition(':')[0]}" for line in differs)]
        if change == "added" and package not in packages["old"]:
            names.append("added package")
        if change == "removed" and package not in packages["new"]:
            names.append("removed package")
        for name in names:
            packages.setdefault(name, []).append(package)
    expected = [(n, len(packages.get(n, [])), len({*packages.get(n, [])})) for n in SUMMARY]
    assert found.summary.rows == expected
    touched = sorted({row[1] for row in found.specs.rows})
    columns = found.packages.columns[1:]
    assert found.packages.rows == [
        (package, *(packages.get(name, []).count(package) for name in columns))
        for package in touched
    ]


RADIUSS, TOOLS = DATA / "radiuss.v6.spack.lock.gz", DATA / "developer-tools.v6.spack.lock.gz"
MY_ENV = SITE / "my-env/spack.lock.gz"


def of_site(release: str, stack: str, file: str = "spack.lock.gz") -> Path:
    return SITE / release / stack / file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        (RADIUSS, TOOLS, (9, 25, 79, 217)),
        # What the site's maker counted in the lock files.
        (of_site("2026-09", "tools"), of_site("2026-10", "tools"), (4, 107, 0, 0)),
        (of_site("2026-09", "io"), of_site("2026-10", "io"), (5, 121, 0, 0)),
        (of_site("2026-09", "solvers"), of_site("2026-10", "solvers"), (5, 77, 1, 0)),
        (of_site("2026-10", "solvers"), of_site("develop", "solvers"), (11, 117, 149, 1)),
        # Six specs of io in develop were not pushed.
        (of_site("develop", "io"), of_site("develop", "io", "index.json.gz"), (0, 0, 0, 6)),
        (MY_ENV, of_site("develop", "io"), (7, 13, 114, 1)),
    ],
)
def test_environments(old: Path, new: Path, counts: tuple[int, ...]) -> None:
    found = assert_is_naive(read(old)[0], read(new)[0])
    said = dict(row[:2] for row in found.summary.rows)
    assert tuple(said[change] for change in CHANGES) == counts


@pytest.mark.slow
def test_real_stacks_and_releases(examples: Tables) -> None:
    total: Counter[str] = Counter()
    for kind in ("stack", "release"):
        names = examples.nodes[kind.capitalize()]["name"].to_pylist()
        for old, new in combinations(names, 2):
            found = assert_is_naive(side(examples, kind, old), side(examples, kind, new))
            total.update({row[0]: row[1] for row in found.summary.rows})
    assert all(total[change] for change in CHANGES)


# Any two sides ------------------------------------------------------------------------------------

RECORDS = st.fixed_dictionaries(
    {
        "versions": st.sampled_from([["1.9"], ["1.10"], ["1.10.1"], ["2.0"]]),
        "compiler": st.sampled_from(["gcc@=13.2.0", "clang@=18.1", "none@=0"]),
        "os": st.sampled_from(["ubuntu22.04", "ubuntu24.04"]),
        "target": st.sampled_from(["x86_64_v3", "zen4"]),
        "variants": st.sampled_from([["+shared"], ["~shared"], ["+shared", "+pic"]]),
    }
)


@st.composite
def two_sides(draw: st.DrawFn) -> tuple[Tables, Tables]:
    """Two releases of a few packages, some specs in both, with few values of each part."""
    pages = []
    for package in "abc"[: draw(st.integers(1, 3))]:
        records = [
            oracle.record(f"{package}{'234567abcdef'[digit]}" * 16, **values)
            for digit, values in enumerate(draw(st.lists(RECORDS, max_size=12)))
        ]
        where = [draw(st.sampled_from(["old", "new", "both"])) for _ in records]
        for release in ("old", "new"):
            of_release = [r for r, w in zip(records, where, strict=True) if w in (release, "both")]
            pages.append(oracle.page_text(package, release, of_release))
    with TemporaryDirectory() as folder:
        for number, page in enumerate(pages):
            Path(folder, f"{number}.md").write_text(page)
        tables, report = read(folder)
    assert not report.rejects
    members = tables.edges["IN_RELEASE"]["to"].unique().to_pylist()
    old, new = (side(tables, "release", r) if r in members else Tables.empty()
                for r in ("old", "new"))  # fmt: skip
    return old, new


@pytest.mark.slow
@tries(80)
@given(two_sides())
def test_any_two_sides_are_those_of_plain_loops(sides: tuple[Tables, Tables]) -> None:
    assert_is_naive(*sides)


@pytest.mark.slow
@tries(30)
@given(two_sides())
def test_the_way_back_mirrors_the_way(sides: tuple[Tables, Tables]) -> None:
    old, new = sides
    swapped = {"added": "removed", "removed": "added"}
    there, back = diff(old, new), diff(new, old)
    assert {(swapped.get(c, c), p, nv, nh, ov, oh) for c, p, ov, oh, nv, nh, _ in back.specs.rows
            } == {row[:6] for row in there.specs.rows}  # fmt: skip
    assert bool(there) == bool(back)


@pytest.mark.slow
@tries(30)
@given(two_sides())
def test_nothing_differs_from_itself(sides: tuple[Tables, Tables]) -> None:
    for tables in sides:
        found = diff(tables, tables)
        assert (bool(found), found.specs.rows, found.packages.rows) == (False, [], [])
        counts = {row[0]: row[1] for row in found.summary.rows if row[1]}
        assert counts in ({}, dict.fromkeys(("old", "new", "kept"), len(specs_of(tables))))


@pytest.mark.slow
@tries(30)
@given(two_sides())
def test_no_two_specs_would_rather_be_a_pair(sides: tuple[Tables, Tables]) -> None:
    old, new = map(specs_of, sides)
    found = {(row[3], row[5]): len(row[6]) for row in diff(*sides).specs.rows}
    of_old = [(old[a], n if b else 7) for (a, b), n in found.items() if a]
    of_new = [(new[b], n if a else 7) for (a, b), n in found.items() if b]
    for (a, with_a), (b, with_b) in product(of_old, of_new):
        if a["name"] == b["name"]:
            assert len(distance(a, b)) >= min(with_a, with_b)


ARCH = {"platform": "linux", "platform_os": "debian12", "target": "x86_64"}


@pytest.mark.slow
def test_what_one_side_does_not_tell_is_not_known(tmp_path: Path) -> None:
    for number, compiler in enumerate(["none", "gcc@=13.2.0"]):
        record = oracle.record("ab"[number] * 32, compiler=compiler)
        (tmp_path / f"{number}.md").write_text(oracle.page_text("zlib", records=[record]))
    old, new = (read(tmp_path / f"{number}.md")[0] for number in range(2))
    for sides, said in (((old, new), "not known -> gcc@13.2.0"), ((new, old), "gcc@13.2.0 -> not")):
        found = diff(*sides)
        (row,) = found.specs.rows
        assert row[6][0].startswith(f"compiler: {said}")
        assert found.summary.notes == [
            "Of 1 changed spec no source tells the compiler of one side: it may be the same on "
            "both."
        ]
    assert diff(new, new).summary.notes == []


def test_what_is_not_in_the_cache_does_not_count(tmp_path: Path) -> None:
    cache = {
        key * 32: {
            "spec": {"name": key, "version": "1", "hash": key * 32, "arch": ARCH, **values},
            "in_buildcache": key != "c",
        }
        for key, values in {"a": {}, "b": {"external": {"path": "/usr"}}, "c": {}}.items()
    }
    index = {"database": {"version": "8", "installs": cache}}
    (tmp_path / "index.json").write_text(json.dumps(index))
    tables, _ = read(tmp_path / "index.json")
    assert tables.node_counts()["Spec"] == 3
    assert [row[1] for row in diff(Tables.empty(), tables).specs.rows] == ["a"]


# Which is meant -----------------------------------------------------------------------------------


@pytest.fixture
def named(tmp_path: Path) -> Tables:
    """A graph in which `both` is a release and a stack."""
    for number, (release, stack) in enumerate([("v1", "e4s"), ("both", "both"), ("v2", "hep")]):
        record = oracle.record(f"{number + 2}" * 32, stacks=[stack])
        (tmp_path / f"{release}.md").write_text(oracle.page_text("zlib", release, [record]))
    return read(tmp_path)[0]


def test_a_name_is_that_of_a_release_or_of_a_stack(named: Tables) -> None:
    assert kind_of(["v1", "v2"], named) == "release"
    assert kind_of(["hep", "e4s"], named) == "stack"
    assert kind_of(["v1", "v1"], named) == "release"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["v1", "both"], r"^both: both a release and a stack .* kind='release' or kind='stack'$"),
        (["v1", "hep"], r"^expected two of a kind: v1 is a release, hep is a stack$"),
        (["e4s", "v12"], r"^v12: no such release, stack or hash in the graph. Did you"),
        (["", "v1"], r"which has both, e4s, hep, v1, v2$"),
    ],
)
def test_a_name_that_is_none(names: list[str], said: str, named: Tables) -> None:
    with pytest.raises(UsageError, match=said):
        kind_of(names, named)


def test_a_stack_in_one_release(named: Tables) -> None:
    assert [*specs_of(side(named, "stack", "hep", "v2"))] == ["4" * 32]
    assert side(named, "stack", "hep", "v1").node_counts()["Spec"] == 0
    with pytest.raises(UsageError, match=r"^heep: no such stack in the graph. Did you mean hep"):
        side(named, "stack", "heep", "v1")
    with pytest.raises(UsageError, match=r"^v7: no such release in the graph. Did you mean v"):
        side(named, "stack", "hep", "v7")


def test_many_names_are_not_all_listed(tmp_path: Path) -> None:
    for number in range(30):
        page = oracle.page_text("a", f"v{number}.0", [oracle.record(stacks=[])])
        (tmp_path / f"{number}.md").write_text(page)
    tables = read(tmp_path)[0]
    with pytest.raises(UsageError, match=r"v26\.0, and 10 more$"):
        kind_of(["zzz", "v1.0"], tables)
